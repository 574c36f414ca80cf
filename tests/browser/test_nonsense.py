"""Hands that do not know what they do: the page stays alive and tells the truth."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.board import BASICS, SLIDERS, Board


def check_alive(board: Board) -> None:
    """The page still plays, pauses and shows one state everywhere."""
    if board.button("Play").is_visible():
        board.button("Play").click()
    board.wait_for_picture_after(board.seq + 2)
    board.pause()
    views = board.read()
    assert len({(view["seq"], view["epoch"]) for view in views.values()}) == 1
    board.check_no_bad_numbers()
    expect(board.complaint).to_be_empty()


# control, what is typed, and what it then is
TYPED = [
    ("Seed", "abc", "0"),
    ("Seed", "-5", "0"),
    ("Seed", "99999999999999999999", "999999"),
    ("Seed", "1.7", "17"),
    ("Units in layer 1", "0", "1"),
    ("Units in layer 1", "999", "64"),
    ("Units in layer 1", "", "64"),
]


def test_a_number_that_is_not_allowed(board: Board) -> None:
    for control, typed, kept in TYPED:
        board.show_control(control)
        box = board.control(control)
        box.focus()
        box.press("ControlOrMeta+a")
        box.press("Delete")
        box.press_sequentially(typed)
        box.press("Tab")
        board.idle()
        expect(box).to_have_value(kept)
        check_alive(board)


def test_dragging_everything_while_it_plays(board: Board) -> None:
    board.play(until_epoch=2)
    for slider in (*SLIDERS[2:], *SLIDERS[:2]):
        board.show_control(slider)
        box = board.control(slider).bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        board.page.mouse.move(x, y)
        board.page.mouse.down()
        for shift in (120, -150, 20):
            board.page.mouse.move(x + shift, y, steps=8)
        board.page.mouse.up()
    # What the kernel has and what the page shows is the same after all that.
    board.button("Reset").click()
    board.wait_for_state("idle")
    board.press("Momentum", "Home")
    board.show_page(BASICS)
    for slider in ("Learning rate", "L1", "L2"):
        board.control(slider).focus()
        board.control(slider).press("Home")
    board.press("Learning rate", *["ArrowRight"] * 7)
    assert board.setting("Learning rate") == "0.03"
    check_alive(board)


def test_buttons_pressed_twice(board: Board) -> None:
    for name in ("Step", "Epoch", "Reset", "Add a layer", "Remove a layer", "Spiral"):
        board.button(name).dblclick()
    board.idle()
    expect(board.view("network").get_by_role("img")).to_have_accessible_name(re.compile("of 4, 2"))
    board.wait_for_state("idle")
    check_alive(board)


def test_play_pressed_twenty_times(board: Board) -> None:
    button = board.page.locator(".nbt-play")
    for _ in range(20):
        button.click(no_wait_after=True)
    # Twenty is even: it is as it was. The last click's answer is the last picture.
    expect(board.button("Play")).to_be_visible()
    board.page.wait_for_function(
        "() => [...document.querySelectorAll('[data-view]')]"
        ".every((view) => ['paused', 'idle'].includes(view.dataset.state))"
    )
    seq = board.seq
    board.idle(frames=30)
    assert board.seq == seq
    check_alive(board)


def test_a_double_click_on_play_leaves_it_paused(board: Board) -> None:
    board.page.locator(".nbt-play").dblclick()
    expect(board.button("Play")).to_be_visible()
    board.idle(frames=20)
    assert board.read()["status"]["state"] in ("idle", "paused")


def test_everything_at_once(board: Board) -> None:
    # Many changes in one go, as from a script in the page: no order may break it.
    board.play(until_epoch=2)
    board.page.evaluate("""() => {
      const usable = ".nbt-board .jupyter-button:not(:disabled)";
      const buttons = [...document.querySelectorAll(usable)];
      for (let i = 0; i < 60; i += 1) buttons[(i * 7) % buttons.length].click();
    }""")
    # The kernel works all of it off in turn. What it does last tells that it is through: an epoch
    # of 25 updates and one more.
    board.show_page(BASICS)
    for name in ("Circle", "Reset", "Epoch", "Step"):
        board.button(name).click()
    expect(board.page.locator("[data-value=updates] dd")).to_have_text("26", timeout=90_000)
    board.wait_for_state("paused")
    check_alive(board)
