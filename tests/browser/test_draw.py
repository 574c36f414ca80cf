"""Own data: drawn, dragged and deleted with the mouse, a finger and keys; pasted and uploaded."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from nbtutor.widgets.own_points import OwnPoints
from tests.browser.board import Board

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

TABLE = "length,width,kind\n" + "\n".join(
    f"{k % 7 + 0.5},{k * k % 11},{('ash', 'beech', 'elm', 'fir', 'oak')[k % 5]}" for k in range(40)
)


def open_tools(board: Board) -> Locator:
    board.button("Draw").click()
    pad = board.view("plane").locator(".nbt-pad")
    expect(pad).to_be_visible()
    board.idle()
    return pad


def place(pad: Locator, x: float, y: float) -> tuple[float, float]:
    """Return where a point of the plane is in the window."""
    box = pad.bounding_box()
    assert box is not None
    return box["x"] + (x + 6) / 12 * box["width"], box["y"] + (6 - y) / 12 * box["height"]


def spray(board: Board, pad: Locator, *places: tuple[float, float]) -> None:
    """Press the mouse at the first place and drag it over the others."""
    mouse = board.page.mouse
    mouse.move(*place(pad, *places[0]))
    mouse.down()
    for other in places[1:]:
        mouse.move(*place(pad, *other), steps=8)
    mouse.up()


def points_of(board: Board) -> OwnPoints:
    """Return the points as the link has them, which is another way than the picture."""
    board.idle()
    link = board.page.evaluate(
        """async () => {
          Object.defineProperty(navigator, "clipboard", {configurable: true,
            value: {writeText: async (text) => { window.copied = text; }}});
          document.querySelector("button.nbt-copy").click();
          await new Promise((done) => setTimeout(done, 50));
          return window.copied;
        }"""
    )
    found = re.search(r"data=([^;]+)", link)
    assert found, link
    return OwnPoints.from_text(found[1])


def words(board: Board) -> Locator:
    return board.view("plane").get_by_role("img")


def expect_points(board: Board, training: int, validation: int) -> None:
    """Wait until the plane tells of so many points."""
    text = rf"{training:} training and {validation} validation points"
    expect(words(board)).to_have_accessible_name(re.compile(text))


def expect_chosen(board: Board, label: str) -> None:
    expect(board.button(label)).to_have_attribute("aria-pressed", "true")


def expect_the_same_losses(board: Board, points: OwnPoints) -> None:
    """Pause, and compare the losses with those of a run in Python."""
    board.pause()
    with closing(nbtutor.Playground(data=points)) as same:
        board.catch_up(same)
        loss, held_out = same.history.train_loss[-1], same.history.validation_loss[-1]
    assert float(board.value("train-loss")) == pytest.approx(loss, rel=0.01, abs=0.001)
    assert float(board.value("validation-loss")) == pytest.approx(held_out, rel=0.01, abs=0.001)


def test_own_data_is_drawn_with_the_mouse(board: Board) -> None:
    pad = open_tools(board)
    board.button("Start empty").click()
    board.button("Class 0, circle").click()
    spray(board, pad, (-4, 3), (-1, 3))
    board.button("Class 1, square").click()
    spray(board, pad, (1, -3), (4, -3))
    expect_chosen(board, "Own points")
    expect(board.sentence).to_have_text(re.compile(r"points of your own"))
    points = points_of(board)
    assert points.X[0].tolist() == pytest.approx([-4, 3], abs=0.03)
    left, right = points.X[points.y == 0], points.X[points.y == 1]
    assert len(left) > 4
    assert len(right) > 4
    assert (left[:, 0] < 0).all() and (left[:, 1] > 0).all()
    assert (right[:, 0] > 0).all() and (right[:, 1] < 0).all()
    train, validation = points.data.split(0.5)
    expect_points(board, len(train), len(validation))
    board.play(until_epoch=3)
    expect_the_same_losses(board, points)


def test_own_data_is_drawn_while_it_trains(board: Board) -> None:
    board.play(until_epoch=5)
    pad = open_tools(board)
    spray(board, pad, (-5, -5), (-3, -5))
    expect_chosen(board, "Own points")
    board.wait_for_epoch(board.epoch + 20)
    board.pause()
    assert len(points_of(board)) > 501
    expect(board.curves).to_have_accessible_name(re.compile(r"points 500 → 5"))
    board.button("Undo").click()
    expect_chosen(board, "Circle")
    expect_points(board, 250, 250)


def test_own_data_is_dragged_with_the_mouse(board: Board) -> None:
    pad = open_tools(board)
    board.page.mouse.click(*place(pad, -5, -5))
    expect(board.sentence).to_have_text(re.compile("501 points"))
    board.button("Move").click()
    spray(board, pad, (-5, -5), (-5, 0), (5, 5))
    board.wait_for_picture_after(0)
    expect(board.sentence).to_have_text(re.compile("501 points"))
    board.idle(60)
    points = points_of(board)
    assert len(points) == 501
    nearest = np.hypot(*(points.X - (5, 5)).T).min()
    assert nearest < 0.05
    assert np.hypot(*(points.X - (-5, -5)).T).min() > 0.5
    # The whole drag is one step.
    board.button("Undo").click()
    board.idle(30)
    assert np.hypot(*(points_of(board).X - (-5, -5)).T).min() < 0.05


def test_own_data_is_deleted_with_the_mouse(board: Board) -> None:
    pad = open_tools(board)
    before = nbtutor.engine.make_dataset("circle", n=500).X
    board.button("Erase").click()
    spray(board, pad, (-1, 0), (1, 0))
    expect(board.sentence).to_have_text(re.compile(r"4\d\d points of your own"))
    board.idle(60)
    expect(board.complaint).to_be_empty()  # no point was deleted twice
    points = points_of(board)
    box = pad.bounding_box()
    assert box is not None
    reach = 10 / box["width"] * 12
    across = np.clip(before[:, 0], -1, 1)
    distance = np.hypot(before[:, 0] - across, before[:, 1])
    gone = 500 - len(points)
    # Between what is surely under the eraser, and what may be.
    assert (distance < reach - 0.2).sum() <= gone <= (distance < reach + 0.05).sum()
    assert gone > 10


def test_own_data_is_drawn_dragged_and_deleted_with_a_finger(
    open_board: Callable[..., Board],
) -> None:
    board = open_board(viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    pad = open_tools(board)
    pad.scroll_into_view_if_needed()
    touch = board.page.context.new_cdp_session(board.page)

    def swipe(*places: tuple[float, float]) -> None:
        scroll = board.page.evaluate("scrollY")
        for kind, (x, y) in zip(
            ["touchStart", *["touchMove"] * (len(places) - 1)], places, strict=True
        ):
            px, py = place(pad, x, y)
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": px, "y": py}]}
            )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        board.idle(30)
        assert board.page.evaluate("scrollY") == scroll  # the finger draws, and does not scroll

    board.button("Start empty").click()
    swipe((-5, 5), (-4, 5), (-3, 5), (-2, 5))
    board.button("Class 1, square").click()
    swipe((5, 3))
    expect(board.sentence).to_have_text(re.compile("points of your own"))
    drawn = points_of(board)
    assert np.hypot(*(drawn.X - (5, 3)).T).min() < 0.05
    board.button("Move").click()
    swipe((5, 3), (4, 2), (2, 1))
    moved = points_of(board)
    assert len(moved) == len(drawn)
    assert np.hypot(*(moved.X - (2, 1)).T).min() < 0.05
    board.button("Erase").click()
    swipe((-5, 5))
    assert 0 < len(points_of(board)) < len(drawn)


def test_own_data_is_drawn_with_the_keyboard(board: Board) -> None:
    pad = open_tools(board)
    pad.focus()
    for key in ("2", "ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowUp", "Enter"):
        pad.press(key)
    hint = board.view("plane").locator(".nbt-tools-hint")
    expect(hint).to_have_text("Class 1 put at x 0.50, y 0.30.")
    expect(board.sentence).to_have_text(re.compile("501 points"))
    points = points_of(board)
    assert points.find([50, 30, 1]) is not None
    pad.focus()
    pad.press("Delete")
    expect(hint).to_have_text("Deleted at x 0.50, y 0.30.")
    expect_points(board, 250, 250)
    assert points_of(board).find([50, 30, 1]) is None
    pad.focus()
    pad.press("Escape")
    expect(pad).to_be_hidden()
    expect(board.button("Draw")).to_be_focused()


def open_table(board: Board) -> Locator:
    open_tools(board)
    board.button("CSV…").click()
    dialog = board.page.get_by_role("dialog", name="Points from a table")
    expect(dialog).to_be_visible()
    return dialog


def test_own_data_is_pasted_as_csv_with_five_classes(board: Board) -> None:
    dialog = open_table(board)
    dialog.get_by_label("Table").fill(TABLE)
    board.button("Use these points").click()
    expect(dialog).to_be_hidden()
    expect(board.sentence).to_have_text(re.compile("40 points, 5 classes; both columns are scaled"))
    expect_chosen(board, "Own points")
    board.button("Draw").click()
    legend = board.view("plane").locator(".nbt-legend li")
    expect(legend).to_have_text(["ash", "beech", "elm", "fir", "oak", "Training", "Validation"])
    board.play(until_epoch=3)
    points = OwnPoints.from_text(points_of(board).to_text())
    expect_the_same_losses(board, points)
    with closing(nbtutor.Playground(data=TABLE)) as same:
        assert same.data == points
    board.button("Draw").click()
    board.button("Back to generated").click()
    expect_chosen(board, "Circle")
    expect_points(board, 250, 250)


def test_own_data_is_uploaded_as_csv(board: Board, tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("\n".join(f"{k},{k % 4},{k / 7:.3f}" for k in range(30)))
    dialog = open_table(board)
    dialog.get_by_label("Or a file").set_input_files(path)
    expect(dialog.get_by_label("Table")).to_have_value(path.read_text())
    board.button("Use these points").click()
    expect(board.sentence).to_have_text(re.compile("30 points, values of 'column 3'"))
    expect(board.view("plane").get_by_role("img")).to_have_accessible_name(
        re.compile("squared error")
    )


def test_a_table_that_cannot_be_used_is_told_with_its_row_and_column(board: Board) -> None:
    dialog = open_table(board)
    alert = dialog.get_by_role("alert")
    board.button("Use these points").click()
    expect(alert).to_have_text("Paste a table, or choose a file.")
    dialog.get_by_label("Table").fill(TABLE.replace("1.5,1,", "1.5,one,"))
    board.button("Use these points").click()
    expect(alert).to_have_text(
        re.compile("Nothing was changed. Row 3, column 'width' must be a number, not 'one'.")
    )
    board.button("Cancel").click()
    expect(dialog).to_be_hidden()
    expect_chosen(board, "Circle")
