"""The verdict under the network, the layers' statistics, and parameters against samples."""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import BASICS, Board
from tests.browser.conftest import OpenBoard
from tests.serve.axe import axe
from tests.serve.server import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator


@contextmanager
def twin(board: Board, **settings: Any) -> Iterator[nbtutor.Playground]:
    """The same run in Python, trained as far as the page's."""
    made = nbtutor.Playground(**settings)
    board.catch_up(made)
    yield made
    made.close()


def sentence(board: Board) -> Locator:
    return board.view("verdict").locator(".nbt-verdict")


def check_verdict(board: Board, kind: str, **settings: Any) -> None:
    """The page says what Python says of the same run."""
    with twin(board, **settings) as same:
        verdict = same.verdict
    assert verdict.verdict == kind
    expect(sentence(board)).to_have_text(verdict.sentence)
    expect(board.view("verdict")).to_have_attribute("data-verdict", kind)
    board.check_no_bad_numbers()


def open_layers(board: Board) -> None:
    button = board.button("Layers")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(rows(board).first).to_be_visible()


def rows(board: Board) -> Locator:
    return board.view("verdict").locator("tbody tr")


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


def check_layers(board: Board, **settings: Any) -> list[str]:
    """The table says what Python finds; return the words in it."""
    with twin(board, **settings) as same:
        layers = same._live.run.judge(layers=True).layers
    expect(rows(board)).to_have_count(len(layers))
    words = [layer.sign for layer in layers]
    expect(rows(board).locator("td:last-child")).to_have_text(words)
    # The table is filled once a second: its words may be right before its numbers are.
    shown = rows(board).locator("td:first-of-type")
    wait_until(
        lambda: (
            [number(text) for text in shown.all_inner_texts()]
            == pytest.approx([layer.gradient for layer in layers], rel=0.06)
        ),
        tell=shown.all_inner_texts,
    )
    for row, layer in zip(rows(board).all(), layers, strict=True):
        gradient, ratio, dead, saturated, _ = row.locator("td").all_inner_texts()
        assert number(gradient) == pytest.approx(layer.gradient, rel=0.06)
        assert number(ratio) == pytest.approx(layer.update_ratio, rel=0.06)
        if layer.dead is None or layer.saturated is None:
            assert dead == saturated == "–"
        else:
            assert dead == f"{layer.dead} of {layer.units}"
            assert saturated == f"{math.floor(100 * layer.saturated + 0.5)} %"
    board.check_no_bad_numbers()
    return words


def test_before_training(board: Board) -> None:
    expect(sentence(board)).to_have_text("Not trained yet.")
    expect(board.view("verdict").locator(".nbt-size")).to_have_text(
        "25 parameters, 250 training points"
    )
    bar = board.view("verdict").locator(".nbt-size-bar > span")
    share = bar.evaluate("e => e.offsetWidth / e.parentElement.clientWidth")
    assert share == pytest.approx(25 / 275, abs=0.02)
    board.button("Add a layer").click()  # four units more: 3 * 4, and 5 for the output, not 3
    expect(board.view("verdict").locator(".nbt-size")).to_have_text(
        "39 parameters, 250 training points"
    )
    board.press("Training share", "Home")
    expect(board.view("verdict").locator(".nbt-size")).to_have_text(
        "39 parameters, 50 training points"
    )


def test_a_linear_network_underfits_a_circle(board: Board) -> None:
    for _ in range(2):
        board.button("Remove a layer").click()
    board.play(until_epoch=20)
    board.pause()
    check_verdict(board, "underfit", hidden=())


def test_a_network_that_is_too_large_overfits_few_points(board: Board) -> None:
    board.choose_data("Moons")
    board.press("Noise", "End")
    board.press("Training share", "Home")
    for _ in range(2):
        board.button("Add a layer").click()
    board.press("Learning rate", "ArrowRight")
    board.play(until_epoch=250)
    board.pause()
    check_verdict(
        board,
        "overfit",
        dataset="moons",
        noise=0.5,
        train_share=0.1,
        hidden=(4, 2, 4, 4),
        learning_rate=0.1,
    )


def test_a_good_fit(board: Board) -> None:
    board.choose_data("Two clouds")
    board.play(until_epoch=30)
    # It is there while it plays, too, and gone with the run.
    expect(sentence(board)).to_have_text(re.compile(r"^A good fit: training loss is 0\.\d\d ± "))
    board.pause()
    check_verdict(board, "good", dataset="gaussians")
    board.button("Reset").click()
    expect(sentence(board)).to_have_text("Not trained yet.")


def test_unknown_where_labels_are_a_toss_of_a_coin(board: Board) -> None:
    board.press("Label noise", "End")
    board.play(until_epoch=5)
    board.pause()
    check_verdict(board, "unknown", label_noise=0.5)


def test_the_text_does_not_flicker(board: Board) -> None:
    board.play(until_epoch=2)
    changes, seconds = board.page.evaluate(
        """async () => {
          const sentence = document.querySelector(".nbt-verdict");
          const shown = new Set([sentence.textContent]);
          const start = performance.now();
          while (performance.now() - start < 3000) {
            await new Promise(requestAnimationFrame);
            shown.add(sentence.textContent);
          }
          return [shown.size - 1, (performance.now() - start) / 1000];
        }"""
    )
    assert 1 <= changes <= seconds + 1
    # The status line alone speaks.
    assert board.view("verdict").locator("[aria-live], [role=status], [role=alert]").count() == 0


def test_large_sigmoid_weights_make_the_gradient_vanish(board: Board) -> None:
    for _ in range(4):
        board.button("Add a layer").click()
    board.show_page(BASICS)
    board.control("Activation").select_option(label="Sigmoid")
    board.show_control("First weights")
    board.control("First weights").select_option(label="Too large")
    expect(board.sentence).to_have_text(re.compile("New initial weights"))
    board.play(until_epoch=3)
    board.pause()
    open_layers(board)
    words = check_layers(
        board, activation="sigmoid", initialization="too_large", hidden=(4, 2, 4, 4, 4, 4)
    )
    assert "vanishing" in words


def test_dead_relus(board: Board) -> None:
    board.show_page(BASICS)
    board.control("Activation").select_option(label="ReLU")
    board.press("Learning rate", *["ArrowRight"] * 4)
    assert board.setting("Learning rate") == "3"
    open_layers(board)
    board.play(until_epoch=10)
    board.pause()
    words = check_layers(board, activation="relu", learning_rate=3.0)
    assert "dead units" in words


def test_layers_are_measured_only_while_they_are_open(board: Board) -> None:
    board.play(until_epoch=3)
    board.pause()
    assert rows(board).count() == 0
    network = board.view("network").bounding_box()
    open_layers(board)
    assert check_layers(board) == ["", "", ""]
    # Another number of layers, another number of rows.
    board.button("Remove a layer").click()
    expect(rows(board)).to_have_count(2)
    board.button("Undo").click()
    expect(rows(board)).to_have_count(3)
    board.button("Layers").click()
    expect(board.view("verdict").locator("table")).to_be_hidden()
    assert board.view("network").bounding_box() == network


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_it_fits(open_board: OpenBoard, scheme: str, width: int) -> None:
    board = open_board(color_scheme=scheme, viewport={"width": width, "height": 800})
    for _ in range(4):
        board.button("Add a layer").click()
    board.play(until_epoch=3, view="network")
    board.button("Pause").click()
    verdict = board.view("verdict")
    verdict.scroll_into_view_if_needed()
    expect(sentence(board)).to_have_text(re.compile(r"± "))
    for opened in (False, True):
        if opened:
            open_layers(board)
        box = verdict.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        if width == 1280:
            assert box["y"] + box["height"] <= 800
        wide = board.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width
        over = verdict.evaluate(
            "e => [e, ...e.querySelectorAll('.nbt-verdict, .nbt-verdict-foot, .nbt-layer-panel')]"
            ".filter((part) => part.scrollWidth > part.clientWidth + 1).map((p) => p.className)"
        )
        assert over == []
        board.idle()
        assert axe(board.page) == []
    if width == 1280:
        network = board.view("network").get_by_role("img").bounding_box()
        assert network is not None
        assert network["height"] >= 100, "the network is still there beside the open panel"
