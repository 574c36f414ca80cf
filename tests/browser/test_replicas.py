"""Thirty replicas beside the run: their boundaries in the plane, bias and variance as bars."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from nbtutor.experiments import bias_variance
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard
from tests.serve.axe import axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PARTS = ("bias2", "variance", "noise")

# How many points of the layer over the field are painted, and a print of it.
_LAYER = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0, print = 0;
  for (let at = 3; at < data.length; at += 4) {
    painted += data[at] > 0;
    print = (print * 31 + data[at]) % 1000003;
  }
  return [painted / (data.length / 4), print];
}"""


def switch(board: Board, choice: str) -> None:
    board.control("Replicas").select_option(label=choice)
    board.page.wait_for_function(
        "on => ('replicas' in document.querySelector('[data-view=replicas]').dataset) === on",
        arg=choice != "Off",
    )


def wait_until_they_are_there(board: Board, epoch: int) -> None:
    view = board.view("replicas")
    expect(view).to_have_attribute("data-replicas", str(epoch), timeout=30_000)
    expect(view).to_have_attribute("data-behind", "false", timeout=30_000)


def layer(board: Board) -> Locator:
    return board.view("plane").locator("canvas.nbt-replica-sheet")


def painted(board: Board) -> tuple[float, int]:
    share, print_ = layer(board).evaluate(_LAYER)
    return share, print_


def shown(board: Board) -> dict[str, float]:
    """The numbers under the bar."""
    entries = board.view("replicas").locator(".nbt-spread-entry")
    return {
        str(entry.get_attribute("data-part")): float(entry.locator("b").inner_text())
        for entry in entries.all()
    }


def check_numbers(board: Board, epochs: int) -> None:
    """The page says what the experiment finds with the same settings, and its bars say it too."""
    result = bias_variance(
        "moons", (4, 2), 250, 30, epochs, noise=0.5, learning_rate=0.03, batch_size=10
    )
    numbers = shown(board)
    for part in PARTS:
        assert numbers[part] == pytest.approx(getattr(result, part), abs=0.001)
    assert numbers["sum"] == pytest.approx(result.expected_error, abs=0.00051)
    assert sum(numbers[part] for part in PARTS) == pytest.approx(numbers["sum"])
    bar = board.view("replicas").get_by_role("img")
    whole = bar.evaluate("e => e.clientWidth")
    for part in PARTS:
        width = bar.locator(f".nbt-spread-{part}").evaluate("e => e.getBoundingClientRect().width")
        # All of it is what knowing nothing gives: 1/4 for two classes as likely as each other.
        assert width / whole == pytest.approx(getattr(result, part) / 0.25, abs=0.01)
    name = re.compile(f"Expected squared error {numbers['sum']:.3f}: bias squared")
    expect(bar).to_have_attribute("aria-label", name)


def test_thirty_replicas_boundaries_and_the_bias_variance_bars_live_beside_the_run(
    board: Board,
) -> None:
    board.choose_data("Moons")
    board.press("Noise", "End")
    expect(board.view("replicas")).to_contain_text("Train more networks")
    assert painted(board) == (0, 0)
    switch(board, "30")
    wait_until_they_are_there(board, 0)
    board.play(until_epoch=5)
    before = painted(board)
    board.wait_for_epoch(board.epoch + 10)
    assert painted(board) != before, "their boundaries move while the run plays"
    board.wait_for_epoch(60)
    board.pause()
    wait_until_they_are_there(board, board.epoch)
    check_numbers(board, board.epoch)
    expect(board.view("replicas")).to_contain_text(f"30 at epoch {board.epoch:,}")
    expect(board.view("plane").get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("boundaries of 30 replicas, the dashed one that of their mean")
    )
    assert 0.02 < painted(board)[0] < 0.6
    board.check_no_bad_numbers()


def test_switched_on_in_mid_run_they_catch_up_and_say_where_they_are(board: Board) -> None:
    board.choose_data("Moons")
    board.press("Noise", "End")
    board.control("Speed").select_option(label="As fast as it can")
    board.play(until_epoch=1000)
    board.pause()
    seq, epoch = board.seq, board.epoch + 1
    board.button("Epoch").click()  # to the end of the one that the pause cut short
    board.wait_for_picture_after(seq)
    board.wait_for_exactly(epoch)
    board.page.evaluate(
        """() => {
          const view = document.querySelector("[data-view=replicas]");
          window.said = new Set();
          new MutationObserver(() => window.said.add(view.textContent))
            .observe(view, {subtree: true, characterData: true, attributes: true});
        }"""
    )
    switch(board, "30")
    wait_until_they_are_there(board, epoch)
    said = "".join(board.page.evaluate("() => [...window.said]"))
    assert re.search(rf"They catch up: epoch [\d,]+ of {epoch:,}\.", said)
    assert board.epoch == epoch
    check_numbers(board, epoch)


def test_they_go_with_the_run(board: Board) -> None:
    switch(board, "10")
    board.button("Epoch").click()
    wait_until_they_are_there(board, 1)
    first = shown(board)
    board.button("Epoch").click()
    wait_until_they_are_there(board, 2)
    board.button("Reset").click()
    wait_until_they_are_there(board, 0)
    board.button("Epoch").click()
    wait_until_they_are_there(board, 1)
    assert shown(board) == first
    board.choose_data("Sine")  # values have no boundary, but a deviation
    wait_until_they_are_there(board, 0)
    expect(board.view("plane")).to_contain_text("Replicas differ")
    assert painted(board)[0] > 0.5
    board.button("Undo").click()
    wait_until_they_are_there(board, 1)
    assert shown(board) == first
    board.choose_data("Clouds")
    wait_until_they_are_there(board, 0)
    expect(board.view("plane")).to_contain_text("Their mean")
    assert painted(board)[0] > 0.01
    switch(board, "Off")
    assert painted(board) == (0, 0)
    expect(board.view("plane")).not_to_contain_text("Their mean")
    expect(board.button("Their mean")).to_be_hidden()


def test_the_plane_shows_their_mean_or_the_run(board: Board) -> None:
    switch(board, "30")
    wait_until_they_are_there(board, 0)
    own = board.pixels()
    button = board.button("Their mean")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    board.idle()
    assert board.pixels() != own
    board.view("plane").locator("canvas").last.hover()
    expect(board.view("plane").locator(".nbt-readout")).to_have_text(re.compile(r"mean p 0\.\d\d"))
    button.click()
    board.idle()
    assert board.pixels() == own


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_it_fits(open_board: OpenBoard, scheme: str, width: int) -> None:
    board = open_board(color_scheme=scheme, viewport={"width": width, "height": 800})
    for _ in range(4):
        board.button("Add a layer").click()
    view = board.view("replicas")
    for choice in ("Off", "30"):
        switch(board, choice)
        view.scroll_into_view_if_needed()
        board.idle()
        box = view.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert board.page.evaluate("() => document.documentElement.scrollWidth") <= width
        if width == 1280:
            bottom = board.page.locator(".nbt-columns").bounding_box()
            assert bottom is not None
            assert bottom["y"] + bottom["height"] <= 790
            assert box["y"] + box["height"] <= bottom["y"] + bottom["height"]
            network = board.view("network").get_by_role("img").bounding_box()
            assert network is not None
            assert network["height"] >= 100
        assert axe(board.page) == []
