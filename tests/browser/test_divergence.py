"""A learning rate that is too high: the page says so, keeps its picture, and recovers."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.board import Board


def test_it_is_explained_and_can_be_mended(board: Board) -> None:
    board.control("Activation").select_option(label="ReLU")
    for control, steps in (("Learning rate", 5), ("L2", 11)):
        board.press(control, *["ArrowRight"] * steps)
    assert (board.setting("Learning rate"), board.setting("L2")) == ("10", "10")
    board.button("Play").click()
    board.wait_for_state("error")
    expect(board.sentence).to_have_text(
        re.compile(r"Training stopped at update [\d,]+: .*last good state.*Reset")
    )
    board.check_no_bad_numbers()
    expect(board.button("Play")).to_be_visible()
    assert board.value("updates") != "0"
    # The last finite state stays on the screen: a field with data, not a blank.
    before, picture = board.read(), board.pixels()
    board.idle(frames=30)
    assert board.read() == before
    assert board.pixels() == picture
    # Play does not train a run that has stopped, and says why once more.
    board.button("Play").click()
    board.idle()
    board.wait_for_state("error")
    expect(board.sentence).to_have_text(re.compile("Training stopped at update"))

    board.press("Learning rate", *["ArrowLeft"] * 5)
    board.press("L2", *["ArrowLeft"] * 11)
    board.button("Reset").click()
    board.wait_for_state("idle")
    board.wait_for_exactly(0)
    board.play(until_epoch=5)
    board.pause()
    board.check_no_bad_numbers()
    assert board.pixels() != picture


def test_a_rate_dragged_up_in_mid_run(board: Board) -> None:
    board.choose_data("Exclusive or")
    board.control("Activation").select_option(label="Linear")
    board.press("L2", *["ArrowRight"] * 11)
    board.play(until_epoch=3)
    # A rate of 0.3 times a penalty of 10 is above 2: every weight overshoots zero and grows.
    board.press("Learning rate", "ArrowRight", "ArrowRight")
    board.wait_for_state("error")
    assert board.epoch >= 3
    expect(board.sentence).to_have_text(
        re.compile(r"stopped at update [\d,]{2,}: .*0.3 times L2 10")
    )
    board.check_no_bad_numbers()
    # One who goes on dragging can still read why: the new rate is not to blame.
    reason = board.sentence.inner_text()
    board.press("Learning rate", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    board.button("Play").click()
    board.idle()
    board.wait_for_state("error")
    expect(board.sentence).to_have_text(reason)
    board.button("Reset").click()
    board.wait_for_state("idle")
    board.play(until_epoch=3)
