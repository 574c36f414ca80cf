"""The pictures are those of the very run that Python makes from the same settings."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import Board

# The field's colour at points of the plane, as [red, green, blue].
_COLOURS = """(canvas, points) => {
  const context = canvas.getContext("2d");
  return points.map(([x, y]) => [...context.getImageData(
    Math.floor((x + 6) / 12 * canvas.width), Math.floor((6 - y) / 12 * canvas.height), 1, 1,
  ).data.slice(0, 3)]);
}"""


@pytest.mark.parametrize("how", ["by playing", "epoch by epoch"])
def test_it_is_the_run_that_python_makes(board: Board, how: str) -> None:
    if how == "by playing":
        board.play(until_epoch=40)
        board.pause()
    else:
        for epoch in range(1, 11):
            board.button("Epoch").click()
            board.wait_for_exactly(epoch)
    with closing(nbtutor.Playground("circle")) as same:
        board.catch_up(same)
        check_numbers(board, same)
        check_field(board, same)
        check_tip(board, same)


def test_it_is_so_after_changes_of_every_kind(board: Board) -> None:
    board.choose_data("Moons")
    board.wait_for_state("idle")
    board.press("Noise", "ArrowRight", "ArrowRight")
    board.press("Training share", "ArrowRight")
    board.press("Seed", "ArrowUp")
    board.press("Units in layer 2", "ArrowUp")
    for control in ("Batch size", "Dropout", "L1", "L2"):
        board.press(control, "ArrowRight")
    board.control("Activation").select_option(label="ReLU")
    network = board.view("network").get_by_role("img")
    expect(network).to_have_accessible_name(re.compile(r"of 4, 3 units \(ReLU\)"))
    for epoch in range(1, 6):
        board.button("Epoch").click()
        board.wait_for_exactly(epoch)
    board.press("Learning rate", "ArrowRight")
    expect(board.curves).to_have_accessible_name(re.compile("0.03 → 0.1"))
    for epoch in range(6, 9):
        board.button("Epoch").click()
        board.wait_for_exactly(epoch)
    settings: dict[str, Any] = {
        "noise": 0.1, "train_share": 0.55, "seed": 1, "hidden": (4, 3), "batch_size": 16,
        "dropout": 0.05, "l1": 1e-4, "l2": 1e-4, "activation": "relu",
    }  # fmt: skip
    with closing(nbtutor.Playground("moons", **settings)) as same:
        same.train(epochs=5)
        same.learning_rate = 0.1
        same.train(epochs=3)
        check_numbers(board, same)
        check_field(board, same)


def check_numbers(board: Board, same: nbtutor.Playground) -> None:
    history = same.history
    assert board.value("epoch").replace(",", "").lstrip("0") == str(int(history.epoch[-1]))
    for name in ("train_loss", "validation_loss"):
        assert board.value(name.replace("_", "-")) == loss_text(getattr(history, name)[-1])
    for name in ("train_accuracy", "validation_accuracy"):
        expected = f"{100 * getattr(history, name)[-1]:.1f} %"
        assert board.value(name.replace("_", "-")) == expected


def check_field(board: Board, same: nbtutor.Playground) -> None:
    """Blue where the network says class 0, orange where it says class 1, at many points."""
    # Off the grid lines of the picture's 100 pixels, and not too near the boundary's line.
    side = np.linspace(-5.73, 5.73, 24)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    around = np.array([(dx, dy) for dx in (-0.2, 0, 0.2) for dy in (-0.2, 0, 0.2)])
    near = probability(same, (points[:, None] + around).reshape(-1, 2)).reshape(-1, 9)
    sure = (np.abs(near - 0.5) > 0.05).all(axis=1) & ((near > 0.5) == (near[:, 4:5] > 0.5)).all(
        axis=1
    )
    assert sure.sum() > 200
    canvas = board.view("plane").locator("canvas").first
    colours = np.array(canvas.evaluate(_COLOURS, points[sure].tolist()))
    orange = colours[:, 0] > colours[:, 2]
    assert (orange == (near[sure, 4] > 0.5)).all()
    # Surer is stronger, for each class: the colours differ more from the neutral one.
    for side_of in (orange, ~orange):
        certainty = np.abs(near[sure, 4] - 0.5)[side_of]
        strength = np.ptp(colours, axis=1)[side_of]
        if len(certainty) > 20 and np.ptp(certainty) > 0.1:
            assert np.corrcoef(strength, certainty)[0, 1] > 0.9


def check_tip(board: Board, same: nbtutor.Playground) -> None:
    """The number under the pointer is the probability there."""
    marks = board.view("plane").locator("canvas").last
    size = marks.evaluate("c => c.clientWidth")
    readout = board.view("plane").locator(".nbt-readout")
    for share in (0.11, 0.37, 0.52, 0.83):
        marks.hover(position={"x": round(share * size), "y": round((1 - share) * size)})
        expect(readout).to_have_text(re.compile("p "))
        x, y, p = (number(part) for part in re.findall(r"[xyp] (\S+)", readout.inner_text()))
        # A pixel of the field is 0.12 wide, and the tip's numbers have two digits.
        around = np.array([(x + dx, y + dy) for dx in (-0.07, 0, 0.07) for dy in (-0.07, 0, 0.07)])
        values = probability(same, around)
        assert values.min() - 0.01 <= p <= values.max() + 0.01


def probability(same: nbtutor.Playground, points: np.ndarray) -> np.ndarray:
    values = np.asarray(same.network.predict_proba(points))
    return values.reshape(-1, values.shape[-1])[:, -1]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def loss_text(loss: float) -> str:
    """A loss as the status line shows it: three digits that count, at most four decimals."""
    size = abs(loss)
    if size >= 10_000 or size < 0.0005:
        mantissa, exponent = f"{loss:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    decimals = (
        0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.01 else 4
    )
    return f"{loss:.{decimals}f}"
