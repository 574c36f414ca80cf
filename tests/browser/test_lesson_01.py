"""Lesson 01, played from top to bottom as a new learner would."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lesson import LessonPage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

LESSON = "01-activation.ipynb"
OpenLesson = Callable[..., LessonPage]


def slider(lesson: LessonPage, name: str) -> Locator:
    """The slider of this name that is in sight."""
    named = lesson.page.get_by_role("slider", name=name, exact=True)
    return named.locator("visible=true")


def press(handle: Locator, key: str, times: int) -> None:
    handle.focus()
    for _ in range(times):
        handle.press(key)


def test_it_is_played_from_top_to_bottom(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    # Predict.
    question = lesson.predict("ReLU")
    # One neuron: there is nothing to play.
    expect(lesson.stage.get_by_role("button")).to_have_count(0)
    formulas = lesson.page.locator(".nbt-formulas")
    expect(formulas).to_contain_text("= 1.0 \u00d7")
    expect(lesson.check("separate").get_by_role("status")).to_contain_text("both clouds")
    expect(lesson.check("saturate").get_by_role("status")).to_contain_text("far from 0")
    # By keyboard: each press is answered in the formula and in the picture.
    press(slider(lesson, "Weight w\u2081"), "ArrowLeft", 20)
    expect(formulas).to_contain_text("= (\u22121.0) \u00d7")
    expect(lesson.stage).to_contain_text(re.compile(r"(9[5-9]|100)% of the points"))
    expect(lesson.check("separate")).to_have_attribute("data-outcome", "right")
    press(slider(lesson, "Bias b"), "End", 1)
    expect(formulas).to_contain_text("+ 10.0 =")
    expect(lesson.check("saturate")).to_have_attribute("data-outcome", "right")
    # A point is chosen in the plane, by keyboard too.
    plane = lesson.charts().nth(1).get_by_role("img")
    before = formulas.inner_text()
    plane.focus()
    plane.press("Home")
    plane.press("Enter")
    expect(formulas).not_to_have_text(before)
    # Softmax.
    lesson.choose("Softmax")
    expect(formulas).to_contain_text("= 1.000")
    expect(lesson.check("confident").get_by_role("status")).to_contain_text("try a lower")
    press(slider(lesson, "Temperature T"), "ArrowLeft", 7)
    expect(lesson.charts().nth(0)).to_contain_text("T = 0.45")
    expect(lesson.check("confident")).to_have_attribute("data-outcome", "right")
    # The race answers the question.
    lesson.choose("Race")
    lesson.play_to_the_end()
    expect(question.get_by_role("status")).to_contain_text("sigmoid ended highest")
    # Dead units.
    lesson.choose("Dead units")
    lesson.play_to_the_end()
    expect(lesson.check("kill").get_by_role("status")).to_contain_text("Raise the learning rate")
    press(slider(lesson, "Learning rate"), "ArrowRight", 3)
    expect(lesson.stage).to_have_attribute("data-epoch", "0")
    lesson.play_to_the_end()
    expect(lesson.check("kill")).to_have_attribute("data-outcome", "right")
    look = lesson.page.get_by_role("combobox", name="Look at", exact=True)
    look.select_option("ReLU, then a tenth")
    expect(lesson.check("wake").get_by_role("status")).to_contain_text("0 times any rate is 0")
    look.select_option("ReLU, then leaky")
    expect(lesson.check("wake")).to_have_attribute("data-outcome", "right")
    expect(lesson.part("exercises")).to_contain_text("5 of 5 done")
    program = lesson.part("program")
    program.get_by_role("button", name="PyTorch").click()
    expect(program.locator("pre")).to_contain_text("import torch")


def test_fast_dragging_ends_where_the_hand_ends(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    handle = slider(lesson, "Weight w\u2082")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    mouse = lesson.page.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    for step in range(60):
        mouse.move(x + (step % 20) * (4 if step % 2 else -3), y)
    mouse.move(x + 500, y)
    mouse.up()
    expect(lesson.page.locator(".nbt-formulas")).to_contain_text("+ 5.0 \u00d7")
    expect(handle).to_have_attribute("aria-valuetext", "5.0")
    expect(lesson.stage.locator(".nbt-error")).to_have_text("")


def test_axe_finds_nothing(open_lesson: OpenLesson) -> None:
    lesson = open_lesson(LESSON)
    assert lesson.violations() == []
    lesson.choose("Dead units")
    lesson.play_to_the_end()
    lesson.check_looks()
