"""A tip on the plane that says what the network answers there, also while it learns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard

if TYPE_CHECKING:
    from playwright.sync_api import Locator

TOLD = re.compile(r"x (−?[\d.]+), y (−?[\d.]+)\s+probability of class 1: ([\d.]+)")


def tip(board: Board) -> Locator:
    return board.view("plane").locator(".nbt-probe-tip")


def numbers(text: str) -> tuple[float, ...]:
    told = TOLD.search(text)
    assert told is not None, text
    return tuple(float(part.replace("−", "-")) for part in told.groups())


def check(text: str, same: nbtutor.Playground) -> None:
    """The tip's probability is the network's there; coordinates are told to 0.01."""
    x, y, p = numbers(text)
    around = [(x + dx, y + dy) for dx in (-0.01, 0, 0.01) for dy in (-0.01, 0, 0.01)]
    values = same.network.predict_proba(np.array(around))[0, :, 1]
    # A byte has steps of 1/255, the tip two decimals, and the picture is bent between pixels.
    assert values.min() - 0.012 <= p <= values.max() + 0.012


def test_a_live_tooltip_says_what_the_network_answers(board: Board) -> None:
    for _ in range(60):
        board.button("Epoch").click()
    board.wait_for_epoch(60, "plane")
    same = nbtutor.Playground()
    same.train(60)
    canvas = board.view("plane").locator("canvas").last
    box = canvas.bounding_box()
    assert box is not None
    expect(tip(board)).to_be_hidden()
    for across, down in ((0.1, 0.15), (0.42, 0.5), (0.6, 0.35), (0.97, 0.97)):
        board.page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        expect(tip(board)).to_contain_text("probability")
        board.idle()
        text = tip(board).inner_text()
        x, y, _ = numbers(text)
        assert (x, y) == pytest.approx((12 * across - 6, 6 - 12 * down), abs=0.05)
        check(text, same)
        inside = tip(board).bounding_box()
        assert inside is not None
        assert inside["x"] >= box["x"] - 1
        assert inside["x"] + inside["width"] <= box["x"] + box["width"] + 1
    # It goes on telling while the network learns and the pointer rests.
    board.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    board.idle()
    before = tip(board).inner_text()
    board.button("Reset").press("Enter")
    board.wait_for_epoch(0, "plane")
    expect(tip(board)).not_to_have_text(re.compile(re.escape(before.splitlines()[-1])))
    board.page.mouse.move(5, 5)
    expect(tip(board)).to_be_hidden()
    same.close()


def test_the_live_tooltip_by_keyboard(board: Board) -> None:
    probe = board.page.get_by_role("application", name="Values on the plane")
    same = nbtutor.Playground()
    probe.focus()
    expect(tip(board)).to_contain_text("x 0.00, y 0.00")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowLeft"):
        probe.press(key)
    expect(tip(board)).to_contain_text("x 0.90, y 0.50")
    check(tip(board).inner_text(), same)
    # What is read aloud is the same.
    expect(board.view("plane").locator(".nbt-probe-spoken")).to_have_text(
        re.compile(r"^x 0\.90, y 0\.50: probability of class 1: [\d.]+\.$")
    )
    for _ in range(14):
        probe.press("ArrowDown")
    expect(tip(board)).to_contain_text("y −6.00")
    probe.press("Home")
    expect(tip(board)).to_contain_text("x 0.00, y 0.00")
    probe.press("Tab")
    expect(tip(board)).to_be_hidden()
    same.close()


@pytest.mark.parametrize(
    ("dataset", "words"), [("rings", r"class \d, ahead by [01]\.\d\d"), ("sine", r"value −?\d\.\d")]
)
def test_the_live_tooltip_of_other_problems(
    open_board: OpenBoard, dataset: str, words: str
) -> None:
    board = open_board(f"00-playground.ipynb#nbt=1;dataset={dataset}")
    board.page.get_by_role("application", name="Values on the plane").focus()
    expect(tip(board)).to_contain_text(re.compile(words))
