"""Lesson 10, played from top to bottom as a new learner would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lesson import LessonPage

if TYPE_CHECKING:
    pass

LESSON = "10-bias-variance.ipynb"
OpenLesson = Callable[..., LessonPage]


def test_it_is_played_from_top_to_bottom(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    page = lesson.page
    question = lesson.predict("falls all the way")
    expect(question.get_by_role("status")).to_contain_text("Now run it, and see")
    # Observe: thirty networks, and the bars.
    most = lesson.exercise("variance-largest")
    most.get_by_role("button").click()
    expect(most.get_by_role("status")).to_contain_text("press Play")
    lesson.play_to_the_end()
    figures = lesson.charts().get_by_role("img")
    expect(figures.nth(0)).to_have_attribute("aria-label", re.compile("30 boundaries"))
    expect(figures.nth(1)).to_have_attribute("aria-label", re.compile(r"Noise 0\.064 \+ bias²"))
    # An exercise wrong, and then right: with less noise and fewer points variance is the largest.
    most.get_by_role("button").click()
    expect(most.get_by_role("status")).to_contain_text("Noise is still the largest")
    # Drag: the networks take it where they are, and train on by themselves.
    noise = page.get_by_role("slider", name="Noise", exact=True)
    noise.focus()
    for _ in range(2):
        noise.press("ArrowLeft")
    expect(lesson.stage).to_have_attribute("data-epoch", re.compile(r"2\d\d"))
    points = page.get_by_role("slider", name="Points", exact=True)
    points.focus()
    for _ in range(2):
        points.press("ArrowLeft")
    lesson.wait_for_the_end()
    expect(lesson.stage.get_by_role("status")).to_contain_text("A setting changed at epoch")
    most.get_by_role("button").click()
    expect(most).to_have_attribute("data-outcome", "right")
    # Other networks start anew, and play on.
    ended = lesson.stage.get_attribute("data-epoch")
    assert ended is not None
    for _ in range(2):
        page.get_by_role("button", name="Remove a layer").click()
    expect(lesson.stage).not_to_have_attribute("data-epoch", ended)
    lesson.wait_for_the_end()
    bias = lesson.exercise("bias-largest")
    bias.get_by_role("button").click()
    expect(bias).to_have_attribute("data-outcome", "right")
    expect(lesson.part("exercises")).to_contain_text("2 of 4 done")


def test_the_sweep_draws_the_u(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    question = lesson.predict("falls at first")
    lesson.run("Sizes")
    expect(question.get_by_role("status")).to_contain_text("It fell and then rose")
    u = lesson.charts().nth(0).get_by_role("img")
    expect(u).to_have_attribute("aria-label", re.compile("The lowest error, 0.09"))
    # Look at the simplest networks, by keyboard.
    u.focus()
    u.press("Home")
    u.press("Enter")
    expect(lesson.charts().nth(1)).to_contain_text("You look at no hidden units")


def test_the_other_experiments_run(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    for name in ("More points", "Points or weights"):
        lesson.run(name)
        expect(lesson.stage.locator(".nbt-error")).to_have_text("")
    program = lesson.part("program")
    program.get_by_role("button", name="scikit-learn").click()
    expect(program.locator("pre")).to_contain_text("MLPClassifier")


def test_axe_finds_nothing(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    lesson.play_to_the_end()
    lesson.check_looks()
