"""Lesson 09, played from top to bottom as a new learner would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lesson import LessonPage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

LESSON = "09-batch-size.ipynb"
OpenLesson = Callable[..., LessonPage]


def see(lesson: LessonPage, number: int, words: str) -> None:
    """Wait until a chart says this; it is drawn where it is in view."""
    chart = lesson.charts().nth(number)
    chart.scroll_into_view_if_needed()
    expect(chart).to_contain_text(words)


def walk_to(chart: Locator, words: str, steps: int = 80) -> None:
    """Go to a point of a chart by keyboard, and choose it."""
    chart.scroll_into_view_if_needed()
    figure, readout = chart.get_by_role("img"), chart.locator(".nbt-readout")
    figure.focus()
    expect(readout).to_be_empty()
    figure.press("Home")
    for _ in range(steps):
        expect(readout).not_to_be_empty()
        said = readout.inner_text()
        if re.search(words, said):
            figure.press("Enter")
            # The choice is the next walk's to leave.
            figure.press("Escape")
            return
        figure.press("ArrowRight")
        expect(readout).not_to_have_text(said)
    raise AssertionError(words)


def test_it_is_played_from_top_to_bottom(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    question = lesson.predict("All at once")
    expect(question.get_by_role("status")).to_contain_text("Now run it, and see")
    calm = lesson.exercise("calm-enough")
    calm.get_by_role("button").click()
    expect(calm.get_by_role("status")).to_contain_text("press Play")
    # Observe the batch sizes: wrong with single points, right with four.
    lesson.play_to_the_end()
    expect(question.get_by_role("status")).to_contain_text("updates are few, however exact")
    spread = lesson.charts().nth(2)
    walk_to(spread, "measured: points in a batch 1,")
    see(lesson, 0, "you look at batches of 1")
    calm.get_by_role("button").click()
    expect(calm.get_by_role("status")).to_contain_text("larger batch")
    walk_to(spread, "measured: points in a batch 4,")
    see(lesson, 0, "you look at batches of 4")
    calm.get_by_role("button").click()
    expect(calm).to_have_attribute("data-outcome", "right")
    # The spike detective: before a spike is chosen, and after.
    lesson.run("Spike detective")
    culprit = lesson.exercise("culprit")
    culprit.get_by_role("button").click()
    expect(culprit.get_by_role("status")).to_contain_text("not chosen a spike")
    walk_to(lesson.charts().nth(0), "spike: ")
    see(lesson, 1, "Just before update")
    see(lesson, 2, "Mislabelled points carry")
    expect(lesson.stage).to_contain_text("mislabelled and carr")
    culprit.get_by_role("button").click()
    expect(culprit).to_have_attribute("data-outcome", "right")
    # The scaling rule.
    lesson.run("Scaling rule")
    rescue = lesson.exercise("rescue")
    walk_to(lesson.charts().nth(0), r"k: times as large a batch 2,")
    see(lesson, 1, "k = 2: batches of 8")
    rescue.get_by_role("button").click()
    expect(rescue.get_by_role("status")).to_contain_text("larger one")
    walk_to(lesson.charts().nth(0), r"k: times as large a batch 8,")
    see(lesson, 1, "k = 8: batches of 32")
    rescue.get_by_role("button").click()
    expect(rescue).to_have_attribute("data-outcome", "right")
    expect(lesson.part("exercises")).to_contain_text("3 of 4 done")


def test_a_control_is_dragged(open_lesson: OpenLesson) -> None:
    """What has played plays on with what was set, and nonsense is told."""
    lesson = open_lesson(LESSON)
    lesson.run("Parameters and samples")
    first = lesson.charts().nth(0)
    see(lesson, 0, "Width 8: 3.3 parameters a sample")
    samples = lesson.page.get_by_role("slider", name="Samples", exact=True)
    samples.focus()
    for _ in range(3):
        samples.press("ArrowRight")
    expect(first).to_contain_text("Width 8: 0.41 parameters a sample")
    bar = lesson.stage.get_by_role("progressbar")
    lesson.page.wait_for_function(
        "bar => bar.value === bar.max", arg=bar.element_handle(), timeout=60_000
    )
    wide = lesson.exercise("parameters-and-samples")
    wide.get_by_role("button").click()
    expect(wide.get_by_role("status")).to_contain_text("Fewer parameters than samples")
    walk_to(first, "training: parameters for each sample 1")
    wide.get_by_role("button").click()
    expect(wide).to_have_attribute("data-outcome", "right")
    expect(lesson.stage.locator(".nbt-error")).to_have_text("")


def test_axe_finds_nothing(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    lesson.run("Spike detective")
    walk_to(lesson.charts().nth(0), "spike: ")
    see(lesson, 2, "Mislabelled points carry")
    lesson.check_looks()
