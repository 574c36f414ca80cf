"""Play, Pause, Step, Epoch, Reset and Undo."""

from __future__ import annotations

import itertools
import re

import pytest
from playwright.sync_api import expect

from tests.browser.board import PICTURES, Board


def test_playing_moves_every_view_and_pausing_stops_all(board: Board) -> None:
    board.play(until_epoch=5)
    assert {view["state"] for view in board.read().values()} == {"playing"}
    board.wait_for_epoch(board.epoch + 5)
    board.pause()
    expect(board.sentence).to_have_text(re.compile("Paused"))
    before = board.read()
    assert {view["epoch"] for view in before.values()} == {before["plane"]["epoch"]}
    board.traffic.forget()
    board.idle(frames=40)
    assert board.read() == before
    # Not one message, so not one update either.
    assert [message.kind for message in board.traffic.sent] == []
    assert board.traffic.frames == []


def test_a_paused_page_asks_for_no_animation_frame(board: Board) -> None:
    board.play()
    board.pause()
    asked = board.page.evaluate("""async () => {
      const original = window.requestAnimationFrame.bind(window);
      const timer = window.setTimeout.bind(window);
      const calls = [];
      window.requestAnimationFrame = (f) => (calls.push("frame"), original(f));
      window.setTimeout = (f, ms, ...rest) => (calls.push(`timer ${ms}`), timer(f, ms, ...rest));
      for (let i = 0; i < 60; i += 1) await new Promise(original);
      window.requestAnimationFrame = original;
      window.setTimeout = timer;
      return calls;
    }""")
    assert asked == []


def test_playing_goes_one_epoch_a_picture(board: Board) -> None:
    board.button("Play").click()
    board.wait_for_epoch(1)
    board.record()
    board.wait_for_epoch(board.epoch + 20)
    board.pause()
    frames = [message.custom for message in board.traffic.frames if message.custom["epoch"]]
    played = [(frame["seq"], frame["epoch"]) for frame in frames if frame["state"] == "playing"]
    assert len(played) >= 20
    for (seq, epoch), (next_seq, next_epoch) in itertools.pairwise(played):
        assert next_seq == seq + 1
        assert next_epoch in (epoch, epoch + 1)  # a slow machine may need two portions
    # What is painted is what came, in order. One picture may be painted twice: when the state
    # changes between two of them, as at Pause.
    shown = board.shown()
    assert shown == sorted(shown)
    assert len(set(shown)) >= 20
    assert set(shown) <= {(frame["seq"], frame["epoch"]) for frame in frames}


def test_step_is_one_update_and_epoch_one_epoch(board: Board) -> None:
    board.button("Step").click()
    expect(board.page.locator("[data-value=updates] dd")).to_have_text("1")
    board.wait_for_state("paused")
    board.wait_for_exactly(0)
    board.button("Step").click()
    expect(board.page.locator("[data-value=updates] dd")).to_have_text("2")
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    # 250 points in batches of 10, in all: the two steps were the first of them.
    expect(board.page.locator("[data-value=updates] dd")).to_have_text("25")
    board.button("Epoch").click()
    board.wait_for_exactly(2)
    expect(board.page.locator("[data-value=updates] dd")).to_have_text("50")


def test_reset_gives_the_first_picture_again_and_undo_the_run(board: Board) -> None:
    first = {view: board.pixels(view) for view in PICTURES}
    loss = board.value("train-loss")
    board.play()
    board.pause()
    epoch, trained = board.epoch, {view: board.pixels(view) for view in PICTURES}
    assert trained["plane"] != first["plane"]

    board.button("Reset").click()
    board.wait_for_state("idle")
    board.wait_for_exactly(0)
    assert board.value("train-loss") == loss
    assert {view: board.pixels(view) for view in PICTURES} == first

    board.button("Undo").click()
    board.wait_for_state("paused")
    board.wait_for_exactly(epoch)
    expect(board.sentence).to_have_text(re.compile(f"earlier run is back, at epoch {epoch}"))
    assert {view: board.pixels(view) for view in PICTURES} == trained


def test_reset_while_playing_stops(board: Board) -> None:
    board.play(until_epoch=5)
    board.button("Reset").click()
    board.wait_for_state("idle")
    board.wait_for_exactly(0)
    expect(board.button("Play")).to_be_visible()
    expect(board.button("Undo")).to_be_enabled()


def test_the_space_key_plays_and_pauses(board: Board) -> None:
    board.button("Play").focus()
    board.page.keyboard.press("Space")
    board.wait_for_epoch(2)
    # The same button, so the focus stays where it is.
    expect(board.button("Pause")).to_be_focused()
    board.page.keyboard.press("Space")
    board.wait_for_state("paused")


@pytest.mark.parametrize("speed", ["One update a frame", "As fast as it can"])
def test_the_speed_is_how_much_a_picture_trains(board: Board, speed: str) -> None:
    board.control("Speed").select_option(speed)
    board.button("Play").click()
    board.page.wait_for_function(
        "() => document.querySelector('[data-value=updates] dd').textContent !== '0'"
    )
    board.wait_for_picture_after(board.seq + 10)
    board.pause()
    played = [m.custom for m in board.traffic.frames if m.custom["state"] == "playing"]
    steps = [b["updates"] - a["updates"] for a, b in itertools.pairwise(played)]
    if speed == "One update a frame":
        assert set(steps[1:]) == {1}
    else:
        assert max(steps) > 25
