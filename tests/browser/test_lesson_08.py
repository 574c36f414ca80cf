"""Lesson 08, played from top to bottom as a new learner would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lesson import LessonPage

if TYPE_CHECKING:
    pass

LESSON = "08-learning-rate.ipynb"
OpenLesson = Callable[..., LessonPage]


def test_it_is_played_from_top_to_bottom(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    # Predict: not without a choice, and once only.
    question = lesson.part("prediction")
    question.get_by_role("button", name="This is my answer").click()
    expect(question.get_by_role("alert")).to_have_text("Choose an answer first.")
    lesson.predict("largest rate")
    expect(question.get_by_role("status")).to_contain_text("Now run it, and see")
    expect(question.get_by_label(re.compile("smallest rate"))).to_be_disabled()
    # An exercise before there is a run.
    good = lesson.exercise("good-rate")
    good.get_by_role("button").click()
    expect(good.get_by_role("status")).to_contain_text("press Play")
    # Observe.
    lesson.play_to_the_end()
    expect(question.get_by_role("status")).to_contain_text("The lowest loss,")
    u = lesson.charts().nth(1)
    figure = u.get_by_role("img")
    expect(figure).to_have_attribute("aria-label", re.compile("The best rate is 0.5"))
    # An exercise wrong, by keyboard: the leftmost rate is too slow.
    figure.focus()
    figure.press("Home")
    figure.press("Enter")
    expect(lesson.charts().nth(0)).to_contain_text("you look at rate 0.0001")
    good.get_by_role("button").click()
    expect(good.get_by_role("status")).to_contain_text("further right")
    slow = lesson.exercise("too-slow")
    slow.get_by_role("button").click()
    expect(slow).to_have_attribute("data-outcome", "right")
    # And right: step along the U to the rate that the status names.
    for _ in range(60):
        figure.press("ArrowRight")
        if "learning rate 0.496" in u.inner_text():
            break
    figure.press("Enter")
    expect(lesson.charts().nth(0)).to_contain_text("you look at rate 0.5")
    good.get_by_role("button").click()
    expect(good).to_have_attribute("data-outcome", "right")
    exercises = lesson.part("exercises")
    expect(exercises).to_contain_text("2 of 3 done")
    # Drag: a new setting starts again, and says so by an empty chart.
    slider = lesson.page.get_by_role("slider", name="Momentum", exact=True)
    slider.focus()
    for _ in range(18):
        slider.press("ArrowRight")
    lesson.play_to_the_end()
    momentum = lesson.exercise("momentum-moves-the-best")
    momentum.get_by_role("button").click()
    expect(momentum.get_by_role("status")).to_be_visible()
    # Progress is the browser's own, and can be cleared.
    lesson.page.reload()
    lesson.wait()
    expect(lesson.exercise("good-rate")).to_contain_text("Done before")
    lesson.part("exercises").get_by_role("button", name="Clear my progress").click()
    expect(lesson.part("exercises")).to_contain_text("0 of 3 done")


def test_each_experiment_runs(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    for name in ("Range test", "Schedules", "Optimizers"):
        lesson.run(name)
        expect(lesson.stage.locator(".nbt-error")).to_have_text("")


def test_the_program_is_shown(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    program = lesson.part("program")
    program.get_by_role("button", name="PyTorch").click()
    expect(program.locator("pre")).to_contain_text("import torch")


def test_axe_finds_nothing(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    lesson.play_to_the_end()
    lesson.check_looks()
