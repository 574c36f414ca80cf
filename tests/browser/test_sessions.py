"""Reloading, several tabs, several views of one run, views that come and go."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.board import VIEWS, Board
from tests.browser.conftest import PLAYGROUND, OpenBoard
from tests.serve.server import wait_until


def test_reloading_in_mid_run_gives_a_new_run(board: Board) -> None:
    first = board.pixels()
    board.play(until_epoch=5)
    kernel = board.kernel
    board.page.reload()
    board.wait_for_first_picture()
    board.wait_for_exactly(0)
    board.wait_for_state("idle")
    assert board.pixels() == first
    board.play(until_epoch=3)
    assert board.kernel.pid != kernel.pid
    wait_until(lambda: not kernel.is_running(), seconds=20)


def test_two_tabs_are_two_runs(open_board: OpenBoard) -> None:
    one = open_board()
    other = open_board(context=one.page.context)
    one.page.bring_to_front()
    one.play(until_epoch=4)
    assert other.epoch == 0
    other.press("Noise", "ArrowRight")
    other.button("Epoch").click()
    other.wait_for_exactly(1)
    assert other.setting("Noise") == "5%"
    one.pause()
    assert one.setting("Noise") == "0%"
    assert one.epoch >= 4
    assert one.kernel.pid != other.kernel.pid
    kernel = other.kernel
    other.page.close()
    wait_until(lambda: not kernel.is_running(), seconds=20)
    # The tab that stays is not touched.
    one.play(until_epoch=one.epoch + 2)


def test_two_boards_of_one_run_share_one_clock(open_board: OpenBoard) -> None:
    board = open_board("01-twice.ipynb")
    expect(board.page.locator(".nbt-board")).to_have_count(2)
    views = board.page.locator("[data-view]:visible")
    expect(views).to_have_count(2 * len(VIEWS))
    board.button("Play").first.click()
    expect(board.button("Pause")).to_have_count(2)  # both buttons say it
    # Each board is as high as the window: scrolled half way, views of both are in sight.
    board.page.locator(".nbt-board").last.scroll_into_view_if_needed()
    board.page.evaluate("() => scrollBy(0, -innerHeight / 2)")
    board.page.wait_for_function("""() => {
      const shown = [...document.querySelectorAll("[data-view]")].filter(({dataset}) => {
        return dataset.epoch >= 20;
      });
      return shown.length >= 4 && new Set(shown.map((v) => v.closest(".nbt-board"))).size > 1;
    }""")
    board.button("Pause").last.click()
    expect(board.button("Play")).to_have_count(2)
    shown = set()
    for place in views.all():
        place.scroll_into_view_if_needed()
        expect(place).to_have_attribute("data-state", "paused")
        shown.add((place.get_attribute("data-seq"), place.get_attribute("data-epoch")))
    assert len(shown) == 1
    # One answer for each tick that counted: pictures are numbered without a gap, each once, and
    # the epochs are not twice as fast as the pictures.
    played = [f.custom for f in board.traffic.frames if f.custom["state"] == "playing"]
    numbers = [frame["seq"] for frame in played]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    # Where the line is slow, the page has more than one on its way at once, and says so.
    asked = [tick.custom for tick in board.traffic.ticks]
    window = max(tick["window"] for tick in asked)
    assert -1 <= len(asked) - len(numbers) <= 1 + window
    assert played[-1]["epoch"] - played[0]["epoch"] <= len(numbers)


def test_a_setting_moves_in_both_boards(open_board: OpenBoard) -> None:
    board = open_board("01-twice.ipynb")
    handles = board.control("Learning rate")
    expect(handles).to_have_count(2)
    handles.first.focus()
    handles.first.press("ArrowRight")
    for handle in handles.all():
        expect(handle).to_have_attribute("aria-valuetext", "0.1")


def test_a_view_is_closed_and_opened_again_in_mid_run(open_board: OpenBoard) -> None:
    board = open_board("02-apart.ipynb")
    board.play(until_epoch=3)
    board.button("Take away").click()
    expect(board.view("plane")).to_have_count(0)
    # The status line is still there to watch: the run goes on.
    board.wait_for_epoch(int(board.read()["status"]["epoch"]) + 5)
    board.button("Bring back").click()
    expect(board.view("plane")).to_have_attribute("data-epoch", re.compile(r"\d+"))
    board.wait_for_epoch(int(board.read()["status"]["epoch"]) + 5)
    board.button("Pause").click()
    board.wait_for_state("paused")
    board.idle()
    views = board.read()
    assert views["plane"]["seq"] == views["status"]["seq"]


def test_a_view_that_opens_while_paused_has_the_picture(open_board: OpenBoard) -> None:
    board = open_board("02-apart.ipynb")
    board.play(until_epoch=5)
    board.button("Pause").click()
    board.wait_for_state("paused")
    board.idle()
    epoch, before = board.epoch, board.colours()
    board.button("Take away").click()
    expect(board.view("plane")).to_have_count(0)
    board.button("Bring back").click()
    expect(board.view("plane")).to_have_attribute("data-epoch", str(epoch))
    board.idle()
    after = board.colours()
    assert len(after) == len(before)
    # A canvas that was drawn over and a new one differ by rounding.
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= 4


def test_going_to_another_lesson_and_back(open_board: OpenBoard) -> None:
    board = open_board()
    board.play(until_epoch=3)
    board.page.goto(f"{board.server.url}voila/render/02-apart.ipynb")
    board.wait_for_first_picture()
    board.page.go_back()
    board.page.wait_for_url(re.compile(PLAYGROUND))
    board.wait_for_first_picture()
    board.wait_for_exactly(0)
    board.play(until_epoch=3)
