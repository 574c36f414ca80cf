"""Slow motion in the page: stages that have names, and the numbers of a point in the formulas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from nbtutor.widgets.numbers import factor, number
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard

if TYPE_CHECKING:
    from playwright.sync_api import Locator

NAMES = ["pick", *["forward"] * 3, "loss", *["backward"] * 3, "update"]
LABELS = ["Pick", "Forward", "Loss", "Backward", "Update"]


def panel(board: Board) -> Locator:
    return board.page.get_by_role("region", name="Slow motion")


def start(board: Board) -> None:
    board.control("Speed").select_option("Slow motion")
    expect(panel(board)).to_be_visible()
    wait_for(board, 1)


def wait_for(board: Board, number_of_stage: int) -> None:
    expect(board.view("slow")).to_have_attribute("data-number", str(number_of_stage))


def go_on(board: Board, to: int) -> None:
    board.button("Next stage").click()
    wait_for(board, to)


def lines(board: Board) -> list[str]:
    return panel(board).locator(".nbt-slow-formulas p").all_inner_texts()


def test_slow_motion_names_its_stages_with_the_numbers_of_the_sample(board: Board) -> None:
    start(board)
    twin = nbtutor.Playground()
    trace = twin.trace()
    expect(board.view("verdict")).to_be_hidden()
    point = int(trace.indices[0])
    x, y = twin._live.run.train.X[point]
    assert lines(board)[0] == f"inputs: x = {number(x)}, y = {number(y)}"
    names = ["pick"]
    for stage in range(2, 10):
        label = LABELS[["pick", "forward", "loss", "backward", "update"].index(names[-1])]
        expect(panel(board).locator("[aria-current=step]")).to_have_text(label)
        expect(panel(board)).to_contain_text(f"stage {stage - 1} of 9")
        assert board.value("updates") == "0", "nothing is trained before the last stage"
        go_on(board, stage)
        names.append(board.view("slow").get_attribute("data-stage") or "")
        if names[-1] == "loss":
            mean = number(trace.losses[0].mean())
            assert lines(board)[0].endswith(f" = {number(trace.losses[0, 0])}")
            assert lines(board)[1].endswith(f"/ 10 = {mean}")
    assert names == NAMES
    assert board.value("updates") == "1"
    twin.close()

    # What it has done is what Step would have done: the same losses, and the same picture.
    for _ in range(24):
        board.button("Step").click()
    board.wait_for_epoch(1, "plane")  # the verdict waits behind the panel
    board.idle()
    slowly = board.value("train-loss"), board.pixels("plane")
    board.button("Leave").click()
    expect(panel(board)).to_be_hidden()
    expect(board.view("verdict")).to_be_visible()
    board.button("Reset").click()
    board.wait_for_exactly(0)
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    board.idle()
    assert (board.value("train-loss"), board.pixels("plane")) == slowly


def test_formula_with_the_numbers_plugged_in(board: Board) -> None:
    """Each formula has the network's own numbers, for the unit and the point that are chosen."""
    start(board)
    twin = nbtutor.Playground()
    trace = twin.trace()
    weights, biases = [w[0] for w in twin.network.weights], [b[0] for b in twin.network.biases]
    go_on(board, 2)
    board.page.get_by_role("combobox", name="Unit").select_option("hidden 1, unit 3")
    box = board.page.get_by_role("spinbutton", name="Point")
    box.fill("4")
    box.press("Enter")
    x = twin._live.run.train.X[trace.indices[3]]
    w, b = weights[0][:, 2], biases[0][2]
    z = float(x @ w + b)
    # Not the number alone, which may be another one's of the point before.
    expect(panel(board).locator(".nbt-slow-formulas")).to_contain_text(f"tanh({number(z)})")
    products = [f"{factor(w[i])} × {factor(x[i])}" for i in range(2)]
    assert lines(board) == [
        f"z = Σ w x + b = {' + '.join(products)} + {factor(b)} = {number(z)}",
        f"a = tanh(z) = tanh({number(z)}) = {number(np.tanh(z))}",
    ]
    for stage in range(3, 10):
        go_on(board, stage)
    # The step of the weight that changes most, of the unit that was looked at.
    board.page.get_by_role("combobox", name="Unit").select_option("the output")
    expect(panel(board)).to_contain_text("Of the output")
    step = next(line for line in lines(board) if "rate × gradient" in line)
    told = re.search(r"= (−?[\d.]+) − 0.03 × \(?(−?[\d.e−]+)\)? = (−?[\d.]+)$", step)
    assert told is not None, step
    old, gradient, new = (float(part.replace("−", "-")) for part in told.groups())
    changes = trace.after.layers[-1][0, :, 0] - trace.before.layers[-1][0, :, 0]
    row = int(np.abs(changes).argmax())
    assert gradient == pytest.approx(float(trace.gradient.layers[-1][0, row, 0]), rel=0.01)
    assert old == pytest.approx(float(trace.before.layers[-1][0, row, 0]), abs=1e-3)
    assert new == pytest.approx(old - 0.03 * gradient, abs=2e-4)
    twin.close()


def test_slow_motion_goes_by_keys_and_by_itself(board: Board) -> None:
    start(board)
    following = board.button("Next stage")
    following.focus()
    following.press("Space")
    wait_for(board, 2)
    following.press("ArrowRight")
    wait_for(board, 3)
    following.press("ArrowLeft")
    wait_for(board, 2)
    board.button("Back").press("Enter")
    wait_for(board, 1)
    board.button("Play").click()
    wait_for(board, 3)
    board.button("Pause").click()
    expect(board.button("Play")).to_be_visible()
    board.idle()
    at = board.view("slow").get_attribute("data-serial") or ""
    board.page.wait_for_timeout(2_000)  # longer than a stage stands: nothing may come
    assert board.view("slow").get_attribute("data-serial") == at


def test_slow_motion_marks_the_diagram_and_the_plane(board: Board) -> None:
    before = board.colours("network"), board.page.evaluate(SHEETS)
    start(board)
    board.idle()
    assert board.page.evaluate(SHEETS) != before[1], "the batch is marked in the plane"
    first = board.pixels("network")
    go_on(board, 2)
    board.idle()
    assert board.pixels("network") != first
    board.button("Leave").click()
    expect(panel(board)).to_be_hidden()
    # The picture without the marks comes with an answer of the kernel.
    board.page.wait_for_function(f"before => ({SHEETS})() === before", arg=before[1])
    board.idle()
    assert board.colours("network") == before[0]


SHEETS = """() => [...document.querySelectorAll("[data-view=plane] canvas")]
  .map((sheet) => sheet.toDataURL()).join()"""


@pytest.mark.parametrize("hidden", ["4,2", "8,8,8,8,8,8"])
def test_slow_motion_fits_the_window(open_board: OpenBoard, hidden: str) -> None:
    board = open_board(f"00-playground.ipynb#nbt=1;hidden={hidden};optimizer=adamw;speed=stages")
    expect(panel(board)).to_be_visible()
    last = 9 if hidden == "4,2" else 17
    for stage in range(2, last + 1):
        expect(board.view("slow")).to_have_attribute("data-number", str(stage - 1))
        go_on(board, stage)
        bottom = board.page.evaluate(
            "() => document.querySelector('.nbt-board').getBoundingClientRect().bottom"
        )
        assert bottom <= 790


def test_slow_motion_on_a_telephone(open_board: OpenBoard) -> None:
    board = open_board(viewport={"width": 400, "height": 800})
    start(board)
    expect(panel(board)).to_be_in_viewport()
    go_on(board, 2)
    wide = board.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 400
    for control in panel(board).locator("button, select, input").all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
