"""All problems that the playground offers, its inputs, and a new draw of the first weights."""

from __future__ import annotations

import re
from contextlib import closing

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from nbtutor.engine.datasets import FAMILIES
from nbtutor.engine.surfaces import SURFACES
from tests.browser.board import Board

INPUTS = ("x", "y", "x²", "y²", "xy", "sin x", "sin y", "noise")


def legend(board: Board) -> list[str]:
    return board.view("plane").locator(".nbt-legend li").all_inner_texts()


def expect_network(board: Board, words: str) -> None:
    """Wait for the network's words, which are brought up to date every two seconds."""
    network = board.view("network").get_by_role("img")
    expect(network).to_have_accessible_name(re.compile(words))


def colour(text: str) -> np.ndarray:
    return np.array([float(part) for part in re.findall(r"[\d.]+", text)[:3]])


def test_classes(board: Board) -> None:
    for family in FAMILIES.values():
        if family.name != "circle":
            board.choose_data(family.label)
            board.wait_for_exactly(0)
            expect(board.sentence).to_have_text(re.compile("New data set|Press Play"))
        expected = [f"Class {k}" for k in range(family.classes)]
        expect(board.view("plane").locator(".nbt-legend li")).to_have_text(
            [*expected, "Training", "Validation"]
        )
        board.play(until_epoch=3)
        board.pause()
        board.check_no_bad_numbers()
        with closing(nbtutor.Playground(family.name)) as same:
            board.catch_up(same)
            loss = same.history.train_loss[-1]
            accuracy = same.history.validation_accuracy[-1]
        assert float(board.value("train-loss")) == pytest.approx(loss, rel=0.01, abs=0.001)
        assert board.value("validation-accuracy") == f"{100 * accuracy:.1f} %"


@pytest.mark.parametrize("surface", SURFACES.values(), ids=list(SURFACES))
def test_regression(board: Board, surface: nbtutor.engine.surfaces.Surface) -> None:
    board.choose_data(surface.label)
    scale = board.view("plane").locator(".nbt-value-scale")
    expect(scale).to_be_visible()
    board.play(until_epoch=30)
    board.pause()
    board.check_no_bad_numbers()
    # A value is not right or wrong: there is no accuracy.
    assert board.value("train-accuracy") == board.value("validation-accuracy") == "–"
    with closing(nbtutor.Playground(surface.name)) as same:
        board.catch_up(same)
        loss = same.history.validation_loss[-1]
        corners = same.network.predict([[-5.5, -5.5], [5.5, 5.5]])[0, :, 0]
    assert float(board.value("validation-loss")) == pytest.approx(loss, rel=0.01, abs=0.001)
    expect(board.view("plane").get_by_role("img")).to_have_accessible_name(
        re.compile("squared error")
    )
    # The value under the pointer is what the network says there.
    canvas = board.view("plane").locator("canvas").last
    box = canvas.bounding_box()
    assert box is not None
    for place, value in zip((0.5 / 12, 11.5 / 12), corners, strict=True):
        board.page.mouse.move(
            box["x"] + place * box["width"], box["y"] + (1 - place) * box["height"]
        )
        readout = board.view("plane").locator(".nbt-readout")
        expect(readout).to_have_text(re.compile("value"))
        shown = float(readout.inner_text().split()[-1].replace("−", "-"))
        assert shown == pytest.approx(np.clip(value, -1, 1), abs=0.06)


def test_three_classes_have_a_colour_a_marker_and_a_picture_each(board: Board) -> None:
    board.choose_data("Clouds")
    board.play(until_epoch=40)
    board.pause()
    icons = board.view("plane").locator(".nbt-legend path")
    shapes = {icons.nth(k).get_attribute("d") for k in range(3)}
    assert len(shapes) == 3
    # At the middle of each cloud the field has the class's colour, nearer than any other's.
    with closing(nbtutor.Playground("blobs")) as same:
        run = same._live.run
        centres = [run.train.X[run.train.y == k].mean(axis=0) for k in range(3)]
    colours = [colour(icons.nth(k).evaluate("e => getComputedStyle(e).fill")) for k in range(3)]
    field = board.view("plane").locator("canvas").first
    for own, (x, y) in enumerate(centres):
        pixel = field.evaluate(
            "(canvas, [x, y]) => [...canvas.getContext('2d').getImageData("
            "Math.round((x + 6) / 12 * canvas.width), Math.round((6 - y) / 12 * canvas.height),"
            "1, 1).data].join()",
            [float(x), float(y)],
        )
        distances = [np.linalg.norm(colour(pixel) - other) for other in colours]
        assert int(np.argmin(distances)) == own
    expect_network(board, "3 outputs")


def test_the_number_of_classes(board: Board) -> None:
    board.choose_data("Rings")
    expect(board.view("plane").locator(".nbt-legend li")).to_have_count(5)
    board.press("Classes", "ArrowUp")
    expect(board.view("plane").locator(".nbt-legend li")).to_have_count(6)
    board.play(until_epoch=2)
    board.pause()
    expect_network(board, "4 outputs")


def test_inputs_are_switched_one_by_one(board: Board) -> None:
    group = board.page.get_by_role("group", name="Inputs")
    for name in INPUTS:
        chosen = "true" if name in ("x", "y") else "false"
        expect(group.get_by_role("button", name=name, exact=True)).to_have_attribute(
            "aria-pressed", chosen
        )
    group.get_by_role("button", name="x²", exact=True).click()
    network = board.view("network").get_by_role("img")
    expect(network).to_have_accessible_name(re.compile(r"inputs x, y, x²;"))
    expect(board.sentence).to_have_text("New inputs, so the run starts again. Press Play.")
    for name in ("x", "y"):
        group.get_by_role("button", name=name, exact=True).click()
    expect(network).to_have_accessible_name(re.compile(r"inputs x²;"))
    # A network needs an input: the last one stays on.
    group.get_by_role("button", name="x²", exact=True).click()
    expect(group.get_by_role("button", name="x²", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(network).to_have_accessible_name(re.compile(r"inputs x²;"))
    board.play(until_epoch=2)


def test_with_squares_a_circle_needs_no_hidden_layer(board: Board) -> None:
    for _ in range(2):
        board.button("Remove a layer").click()
    for name in ("x²", "y²"):
        board.button(name).click()
    expect(board.view("network").get_by_role("img")).to_have_accessible_name(
        re.compile("inputs x, y, x², y²; no hidden layer")
    )
    board.play(until_epoch=60)
    board.pause()
    assert float(board.value("validation-accuracy").rstrip(" %")) > 97


def test_new_weights_leave_the_data(board: Board) -> None:
    marks = board.view("plane").locator("canvas").last
    points = marks.evaluate("canvas => canvas.toDataURL()")
    first = board.pixels()
    seq = board.seq
    board.button("New weights").click()
    board.wait_for_picture_after(seq)
    expect(board.sentence).to_have_text(re.compile("New draw of the initial weights"))
    second = board.pixels()
    assert second != first
    assert marks.evaluate("canvas => canvas.toDataURL()") == points
    # Reset goes back to these weights, and not to the first ones.
    board.play()
    board.pause()
    board.button("Reset").click()
    board.wait_for_state("idle")
    board.wait_for_exactly(0)
    assert board.pixels() == second


def test_constant_weights_never_break_their_symmetry(board: Board) -> None:
    """Constant first weights: all units of a layer stay the same, whatever is trained."""

    board.show_control("First weights")
    board.control("First weights").select_option(label="All the same")
    expect(board.sentence).to_have_text(re.compile("New initial weights"))
    board.play(until_epoch=5)
    board.pause()
    with closing(nbtutor.Playground(initialization="constant")) as same:
        board.catch_up(same)
        weights = same.network.weights[0][0]
        np.testing.assert_allclose(weights, weights[:, :1] * np.ones((1, 4)), rtol=1e-4)
        loss = same.history.train_loss[-1]
    assert float(board.value("train-loss")) == pytest.approx(loss, rel=0.01, abs=0.001)
