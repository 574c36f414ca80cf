"""Lesson 14, played from top to bottom as a new learner would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lesson import LessonPage

if TYPE_CHECKING:
    pass

LESSON = "14-regularise.ipynb"
OpenLesson = Callable[..., LessonPage]


def test_it_is_played_from_top_to_bottom(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    page = lesson.page
    question = lesson.predict("Four times as many")
    expect(question.get_by_role("status")).to_contain_text("Now run it, and see")
    gap = lesson.exercise("halve-the-gap")
    gap.get_by_role("button").click()
    expect(gap.get_by_role("status")).to_contain_text("press Play")
    # Observe. An exercise wrong: there is no remedy yet.
    lesson.play_to_the_end()
    gap.get_by_role("button").click()
    expect(gap.get_by_role("status")).to_contain_text("No remedy yet")
    # Drag: the run takes L2 as it goes, and plays on.
    losses = lesson.charts().nth(1)
    slider = page.get_by_role("slider", name="L2", exact=True)
    slider.focus()
    for _ in range(6):
        slider.press("ArrowRight")
    expect(losses).to_contain_text("without remedies")
    expect(lesson.stage).to_have_attribute("data-epoch", re.compile(r"^[3-9]\d\d$"))
    lesson.wait_for_the_end()
    gap.get_by_role("button").click()
    expect(gap).to_have_attribute("data-outcome", "right")
    # A new input needs a new network: it starts again, and plays on.
    page.get_by_role("button", name="noise", exact=True).click()
    expect(lesson.stage).to_have_attribute("data-state", "playing")
    lesson.wait_for_the_end()
    expect(lesson.stage).to_have_attribute("data-epoch", "300")
    # Early stopping has a control of its own. It is too patient, and then not patient enough.
    lesson.choose("Early stopping")
    expect(slider).to_be_hidden()
    lesson.play_to_the_end()
    impatient = lesson.exercise("impatient")
    impatient.get_by_role("button").click()
    expect(impatient.get_by_role("status")).to_contain_text("lowest of all")
    patience = page.get_by_role("slider", name="Patience", exact=True)
    patience.focus()
    for _ in range(4):
        patience.press("ArrowLeft")
    expect(lesson.stage).to_have_attribute("data-state", "playing")
    lesson.wait_for_the_end()
    impatient.get_by_role("button").click()
    expect(impatient).to_have_attribute("data-outcome", "right")
    expect(lesson.part("exercises")).to_contain_text("2 of 4 done")
    # Progress is the browser's own, a reload starts with the settings that are shipped.
    page.reload()
    lesson.wait()
    expect(lesson.exercise("impatient")).to_contain_text("Done before")
    lesson.run("L1 or L2")
    expect(lesson.charts().nth(0)).to_contain_text("L1 0.01")


def test_the_ranking_answers_the_question(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    question = lesson.predict("smaller batch")
    lesson.run("Remedies ranked")
    expect(question.get_by_role("status")).to_contain_text("more data did the most")
    # A row is read by its name, and chosen by keyboard: the leftmost point is of the best remedy.
    ranking = lesson.charts().nth(0)
    figure = ranking.get_by_role("img")
    expect(figure).to_have_attribute("aria-label", re.compile("Best first: more data"))
    figure.focus()
    figure.press("Home")
    readout = ranking.locator(".nbt-readout")
    expect(readout).to_contain_text("more data 20/20")
    figure.press("Enter")
    expect(ranking).to_contain_text("more data: −")
    unreliable = lesson.exercise("unreliable")
    unreliable.get_by_role("button").click()
    expect(unreliable.get_by_role("status")).to_contain_text("raised the loss of 0 of 20")
    figure.press("End")
    expect(readout).to_contain_text("smaller batch")
    for _ in range(30):
        before = readout.inner_text()
        if "dropout" in before:
            break
        figure.press("ArrowLeft")
        expect(readout).not_to_have_text(before)
    figure.press("Enter")
    expect(ranking).to_contain_text("dropout: −")
    unreliable.get_by_role("button").click()
    expect(unreliable).to_have_attribute("data-outcome", "right")
    assert lesson.violations() == []


def test_fast_dragging_and_nonsense_leave_it_whole(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    lesson.stage.get_by_role("button", name="Play").click()
    for name in ("Points", "L1", "L2", "Dropout", "Jitter", "Batch size"):
        slider = lesson.page.get_by_role("slider", name=name, exact=True)
        slider.focus()
        slider.press("End")
        slider.press("Home")
    remove = lesson.page.get_by_role("button", name="Remove a layer")
    for _ in range(2):
        remove.click()
    expect(lesson.stage.locator(".nbt-error")).to_have_text("")
    # With ten points a tenth of them, one point, is left to train on.
    expect(lesson.charts().nth(0)).to_contain_text(re.compile("1 training point"))
    lesson.wait_for_the_end()
    expect(lesson.stage.locator(".nbt-error")).to_have_text("")


def test_axe_finds_nothing(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    lesson.play_to_the_end()
    lesson.check_looks()
