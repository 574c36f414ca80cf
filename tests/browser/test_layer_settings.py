"""Activation and dropout of single layers, on the network itself."""

from __future__ import annotations

import re
from contextlib import closing
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, expect

import nbtutor
from tests.browser.board import Board
from tests.browser.conftest import PLAYGROUND, OpenBoard
from tests.serve.axe import axe


def layer(board: Board, number: int) -> Locator:
    """The button over a hidden layer."""
    return board.view("network").get_by_role("button", name=re.compile(f"^Hidden {number}: "))


def open_layer(board: Board, number: int) -> Locator:
    layer(board, number).click()
    dialog = board.page.get_by_role("dialog", name=f"Hidden {number}")
    expect(dialog).to_be_visible()
    return dialog


def set_activation(board: Board, number: int, label: str) -> None:
    dialog = open_layer(board, number)
    dialog.get_by_role("combobox").select_option(label=label)
    expect(layer(board, number)).to_have_accessible_name(re.compile(f": {label},"))
    board.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def expect_loss(board: Board, same: nbtutor.Playground) -> None:
    loss = same.history.train_loss[-1]
    assert float(board.value("train-loss")) == pytest.approx(loss, rel=0.01, abs=0.001)


def test_activation_per_layer(board: Board) -> None:
    set_activation(board, 1, "Sigmoid")
    set_activation(board, 2, "Leaky ReLU")
    expect(board.control("Activation")).to_have_value("By layer")
    network = board.view("network").get_by_role("img")
    expect(network).to_have_accessible_name(re.compile(r"4, 2 units \(Sigmoid, Leaky ReLU\)"))
    board.play(until_epoch=5)
    board.pause()
    with closing(nbtutor.Playground(activation=("sigmoid", "leaky_relu"))) as same:
        board.catch_up(same)
        expect_loss(board, same)
    # A layer that is added has the last one's; the list at the left sets all.
    board.button("Add a layer").click()
    expect(layer(board, 3)).to_have_accessible_name("Hidden 3: Leaky ReLU, dropout 0 %")
    board.control("Activation").select_option(label="GELU")
    for number in (1, 2, 3):
        expect(layer(board, number)).to_have_accessible_name(f"Hidden {number}: GELU, dropout 0 %")
    expect(board.control("Activation").locator("option", has_text="By layer")).to_have_count(0)


def test_dropout_per_layer(board: Board) -> None:
    dialog = open_layer(board, 1)
    slider = dialog.get_by_role("slider")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    expect(dialog.locator("output")).to_have_text("20 %")
    expect(layer(board, 1)).to_have_accessible_name("Hidden 1: tanh, dropout 20 %")
    expect(layer(board, 2)).to_have_accessible_name("Hidden 2: tanh, dropout 0 %")
    board.page.keyboard.press("Escape")
    expect(layer(board, 1)).to_be_focused()
    expect(board.control("Dropout")).to_have_attribute("aria-valuetext", "by layer")
    board.play(until_epoch=5)
    board.pause()
    with closing(nbtutor.Playground(dropout=(0.2, 0.0))) as same:
        board.catch_up(same)
        expect_loss(board, same)
    # The slider at the left sets all of them.
    board.press("Dropout", "End")
    for number in (1, 2):
        expect(layer(board, number)).to_have_accessible_name(f"Hidden {number}: tanh, dropout 90 %")


def test_change_the_activation_without_starting_over(board: Board) -> None:
    board.play(until_epoch=5)
    board.record()
    set_activation(board, 2, "ReLU")
    mark = "Marked: activation of hidden 2: tanh → ReLU."
    expect(board.curves).to_have_accessible_name(re.compile(re.escape(mark)))
    board.wait_for_epoch(board.epoch + 3)
    epochs = [epoch for _, epoch in board.shown()]
    assert epochs == sorted(epochs), "the run went back"
    assert epochs[-1] > 5
    assert board.read()["plane"]["state"] == "playing"
    # And the whole network's.
    board.control("Activation").select_option(label="ELU")
    expect(layer(board, 1)).to_have_accessible_name(re.compile("ELU"))
    expect(board.curves).to_have_accessible_name(
        re.compile(re.escape("Marked: activation of hidden 2: ReLU → ELU."))
    )
    board.pause()
    board.check_no_bad_numbers()


def test_the_link_holds_every_layer(open_board: OpenBoard) -> None:
    link = "#nbt=1;hidden=3,3,3;activation=relu,elu,tanh;dropout=0.1,0.0,0.5"
    board = open_board(PLAYGROUND + link)
    for number, words in enumerate(
        ("ReLU, dropout 10 %", "ELU, dropout 0 %", "tanh, dropout 50 %")
    ):
        expect(layer(board, number + 1)).to_have_accessible_name(f"Hidden {number + 1}: {words}")


def test_the_panel_closes_and_is_alone(board: Board) -> None:
    first = open_layer(board, 1)
    expect(first.get_by_role("combobox", name="Activation of hidden 1")).to_be_focused()
    expect(layer(board, 1)).to_have_attribute("aria-expanded", "true")
    second = open_layer(board, 2)
    expect(layer(board, 1)).to_have_attribute("aria-expanded", "false")
    expect(second.get_by_role("slider", name="Dropout of hidden 2")).to_be_visible()
    board.page.keyboard.press("Escape")
    expect(second).to_be_hidden()
    expect(layer(board, 2)).to_be_focused()
    open_layer(board, 2)
    board.view("plane").click()
    expect(second).to_be_hidden()
    open_layer(board, 2)
    board.button("Remove a layer").click()
    expect(board.page.get_by_role("dialog")).to_have_count(0)
    expect(layer(board, 2)).to_have_count(0)


@pytest.mark.parametrize(
    ("rules", "button", "parts"),
    [
        ("hide=activation", "Hidden 1: dropout 0 %", (0, 1)),
        ("hide=dropout", "Hidden 1: tanh", (1, 0)),
        ("hide=activation,dropout", None, (0, 0)),
    ],
)
def test_what_is_hidden_is_not_on_the_network_either(
    open_board: OpenBoard, rules: str, button: str | None, parts: tuple[int, int]
) -> None:
    board = open_board(f"{PLAYGROUND}#nbt=1;{rules}")
    own = board.view("network").get_by_role("button", name=re.compile("^Hidden"))
    if button is None:
        expect(own).to_have_count(0)
        return
    expect(own.first).to_have_accessible_name(button)
    own.first.click()
    dialog = board.page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox")).to_have_count(parts[0])
    expect(dialog.get_by_role("slider")).to_have_count(parts[1])


def test_what_is_locked_cannot_be_used(open_board: OpenBoard) -> None:
    board = open_board(f"{PLAYGROUND}#nbt=1;lock=activation")
    dialog = open_layer(board, 1)
    expect(dialog.get_by_role("combobox")).to_be_disabled()
    expect(dialog.get_by_role("slider")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_an_open_panel_is_accessible_and_fits(
    open_board: OpenBoard, scheme: str, width: int
) -> None:
    board = open_board(
        f"{PLAYGROUND}#nbt=1;hidden=8,8,8,8,8,8;activation=relu,elu,gelu,tanh,silu,sigmoid;dropout=0.1",
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    )
    expect(layer(board, 6)).to_have_accessible_name("Hidden 6: Sigmoid, dropout 10 %")
    dialog = open_layer(board, 6)
    board.idle()
    box = dialog.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    if width == 1280:
        assert box["y"] + box["height"] <= 790
    wide = board.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    boxes = [layer(board, number).bounding_box() for number in range(1, 7)]
    for left, right in pairwise(boxes):
        assert left is not None
        assert right is not None
        assert left["x"] + left["width"] <= right["x"]
        assert min(left["width"], left["height"]) >= 24
    assert axe(board.page) == []
