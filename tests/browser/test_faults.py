"""What breaks under an open page: kernel, server, line. And what a hostile text may do: nothing."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import expect

from nbtutor.widgets.live import MAX_WINDOW
from tests.browser.board import Board, kernel_behind
from tests.browser.conftest import PLAYGROUND, Watch
from tests.browser.lesson import LessonPage
from tests.browser.looks import each_look
from tests.browser.test_draw import open_table
from tests.browser.wire import Traffic
from tests.serve.axe import axe
from tests.serve.line import Line, line_to
from tests.serve.server import Server, running_server, write_lesson

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

# Longer than a link that is passed on may be.
MANY_POINTS = "x,y,kind\n" + "\n".join(
    f"{k * 37 % 101},{k * k % 97},{'ab'[k * k % 97 > 48]}" for k in range(2_000)
)


@pytest.fixture(autouse=True)
def _expected(watch: Watch) -> None:
    """A browser tells of each connection that fails."""
    watch.allow(r"Failed to load resource|WebSocket|Cannot send|Connection lost|ERR_")


def notice(board: Board) -> Locator:
    return board.page.locator("#nbt-notice")


def violations(page: Page) -> list[str]:
    """What axe has to say in each look; the window is as before then."""
    before = page.viewport_size
    assert before is not None
    found = [told for _ in each_look(page) for told in axe(page)]
    page.set_viewport_size(before)
    return found


def start_again(board: Board) -> None:
    """Press the one button of the message, and wait for the new page."""
    before = board.page.evaluate("() => performance.timeOrigin")
    notice(board).get_by_role("button", name="Start again with these settings").click()
    board.page.wait_for_function("t => performance.timeOrigin !== t", arg=before)
    board.wait_for_first_picture()
    expect(board.sentence).to_have_text("The settings of the link are here. Press Play.")
    expect(notice(board)).to_be_hidden()


def test_a_killed_kernel_costs_no_setting_and_no_point(board: Board, tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(MANY_POINTS)
    dialog = open_table(board)
    dialog.get_by_label("Or a file").set_input_files(tmp_path / "points.csv")
    expect(dialog.get_by_label("Table")).to_have_value(MANY_POINTS)
    board.button("Use these points").click()
    expect(board.sentence).to_have_text(re.compile("2,000 points, 2 classes"))
    board.press("Learning rate", "ArrowRight")
    board.press("Seed", "ArrowUp", "ArrowUp")
    board.show_page("Basics")
    board.button("Add a layer").click()
    board.wait_for_state("idle")
    board.idle()
    loss = board.value("train-loss"), board.value("validation-loss")
    board.play(until_epoch=2)
    kernel = board.kernel
    kernel.kill()
    # The board waits, so the page asks after its kernel at once, and not only now and then.
    expect(notice(board)).to_contain_text("The kernel behind this page has ended", timeout=20_000)
    assert board.epoch >= 2  # what was seen is still to be seen
    assert violations(board.page) == []
    start_again(board)
    board.wait_for_exactly(0)
    assert board.kernel.pid != kernel.pid
    assert board.setting("Learning rate") == "0.1"
    board.show_control("Seed")
    assert board.setting("Seed") == "2"
    assert (board.value("train-loss"), board.value("validation-loss")) == loss
    board.play(until_epoch=1)


def test_a_killed_kernel_costs_no_place_in_a_lesson(
    open_lesson: Callable[..., LessonPage], server: Server
) -> None:
    lesson = open_lesson("01-activation.ipynb")
    lesson.choose("Dead units")
    rate = lesson.page.get_by_role("slider", name="Learning rate").locator("visible=true")
    rate.press("End")
    lesson.page.get_by_role("button", name="Moons").click()
    place = re.compile(r"experiment=\w+;dataset=moons;dial\.rate=\d")
    expect(lesson.stage).to_have_attribute("data-recovery", place)
    recovery = lesson.stage.get_attribute("data-recovery")
    value = rate.get_attribute("aria-valuenow")
    kernel_behind(lesson.page, server).kill()
    told = lesson.page.locator("#nbt-notice")
    expect(told).to_contain_text("The kernel behind this page has ended", timeout=40_000)
    before = lesson.page.evaluate("() => performance.timeOrigin")
    told.get_by_role("button", name="Start again with these settings").click()
    lesson.page.wait_for_function("t => performance.timeOrigin !== t", arg=before)
    expect(lesson.stage).to_have_attribute("data-recovery", recovery or "none", timeout=40_000)
    expect(rate).to_have_attribute("aria-valuenow", value or "none")
    lesson.play_to_the_end()


def test_a_server_that_is_started_anew(
    new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    write_lesson(tmp_path / PLAYGROUND, "Playground", "import nbtutor\nnbtutor.Playground()")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    page = new_context().new_page()
    with running_server(tmp_path, "--port", port) as server:
        board = Board(page, Traffic(page), server)
        page.goto(f"{server.url}voila/render/{PLAYGROUND}")
        board.wait_for_first_picture()
        board.choose_data("Moons")
        board.press("Noise", "ArrowRight")
        board.play(until_epoch=2)
    expect(notice(board)).to_contain_text("The server does not answer", timeout=20_000)
    # To reload now would lose the page.
    expect(notice(board).get_by_role("button")).to_have_count(0)
    assert board.epoch >= 2
    with running_server(tmp_path, "--port", port) as server:
        board.server = server
        expect(notice(board)).to_contain_text("The kernel behind this page has ended")
        start_again(board)
        assert board.setting("Noise") == "5%"
        board.play(until_epoch=1)
        page.close()


@pytest.fixture(scope="module")
def line(server: Server) -> Iterator[Line]:
    """A line to the server of all tests."""
    with line_to(urlsplit(server.url).port or 0) as laid:
        yield laid


@pytest.fixture
def far_board(
    line: Line, server: Server, new_context: Callable[..., BrowserContext]
) -> Iterator[Board]:
    """A playground at the other end of the line, which plays."""
    page = new_context().new_page()
    board = Board(page, Traffic(page), server)
    page.goto(f"http://127.0.0.1:{line.port}/voila/render/{PLAYGROUND}")
    board.wait_for_first_picture()
    board.play(until_epoch=2)
    yield board
    line.delay, line.rate = 0.0, 0.0
    line.mend()


def test_a_line_that_is_cut_for_ten_seconds(far_board: Board, line: Line) -> None:
    board, kernel = far_board, far_board.kernel
    line.cut()
    board.wait_for_state("busy")
    expect(notice(board)).to_contain_text("The server does not answer", timeout=15_000)
    board.wait_for_state("error")  # nobody has answered for ten seconds
    epoch = board.epoch
    # What is asked for meanwhile is not lost.
    board.press("Learning rate", "ArrowRight")
    line.mend()
    board.wait_for_epoch(epoch + 3)
    expect(notice(board)).to_be_hidden()
    expect(board.sentence).to_have_text("Training.")
    expect(board.curves).to_have_accessible_name(re.compile("learning rate 0.03 → 0.1"))
    assert board.kernel.pid == kernel.pid


# Milliseconds there and back, and bytes a second; a page has been loaded by then.
LINES = {"30 ms": (0.015, 0), "300 ms": (0.15, 0), "50 KB a second": (0.0, 50_000)}


def test_a_slow_line(far_board: Board, line: Line) -> None:
    board, traffic = far_board, far_board.traffic
    for number, (name, (line.delay, line.rate)) in enumerate(LINES.items()):
        board.wait_for_picture_after(board.seq + 4)  # the first may have been on their way
        first, start = board.seq, time.perf_counter()
        board.wait_for_picture_after(first + 6)
        pictures = (board.seq - first) / (time.perf_counter() - start)
        start = time.perf_counter()
        board.press("Learning rate", "ArrowRight")
        while len(_marks(traffic)) <= number:
            board.wait_for_picture_after(board.seq)
        answered = time.perf_counter() - start
        size = max(frame.size for frame in traffic.frames[-6:])
        print(
            f"{name}: {pictures:.1f} pictures a second of {size / 1000:.0f} KB at most, "
            f"a slider's mark after {1000 * answered:.0f} ms"
        )
        # Nothing piles up: each frame answers a tick, but for a few that are on their way.
        played = [frame for frame in traffic.frames if frame.custom["state"] == "playing"]
        numbers = [frame.custom["seq"] for frame in played]
        assert numbers == sorted(set(numbers))
        assert len(traffic.ticks) - len(numbers) <= MAX_WINDOW + 1
    line.delay, line.rate = 0.0, 0.0
    board.pause()
    assert board.setting("Learning rate") == "1"


def _marks(traffic: Traffic) -> set[str]:
    """Changes that frames have told of."""
    return {label for frame in traffic.frames for _, label in frame.custom["events"]}


def _heap(board: Board) -> float:
    """Megabytes that the page's scripts hold, after what they do not hold is gone."""
    session = board.page.context.new_cdp_session(board.page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 1e6


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


@pytest.mark.parametrize(
    ("frames", "megabytes"),
    [(200, 6), pytest.param(10_000, 12, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
def test_a_page_that_is_left_open(board: Board, frames: int, megabytes: float) -> None:
    board.page.set_default_timeout(800_000)
    board.play()
    board.wait_for_picture_after(board.seq + 100)  # what is made once is there
    kernel = board.kernel
    page_before, kernel_before, first = _heap(board), _resident(kernel), board.seq
    board.traffic.forget()
    board.wait_for_picture_after(first + frames)
    page_after, kernel_after = _heap(board), _resident(kernel)
    print(
        f"left open: {board.seq - first} frames, page {page_before:.1f} to {page_after:.1f} MB, "
        f"kernel {kernel_before:.1f} to {kernel_after:.1f} MB"
    )
    board.traffic.forget()
    assert page_after < page_before + megabytes
    assert kernel_after < kernel_before + megabytes


def test_axe_finds_nothing_on_pages_without_a_lesson(
    new_context: Callable[..., BrowserContext], server: Server
) -> None:
    page = new_context().new_page()
    for address in ("", "no-such-page", "voila/render/no-such.ipynb"):
        page.goto(server.url + address)
        assert violations(page) == []


IMAGE = "<img src=x onerror=window.hacked=1>"
SCRIPT = "</script><script>window.hacked=1</script>"


def test_no_text_of_a_learner_is_run(board: Board) -> None:
    dialog = open_table(board)
    rows = [f"{k % 7},{k % 5},{(IMAGE, SCRIPT)[k % 2]}" for k in range(20)]
    dialog.get_by_label("Table").fill("\n".join([f"{IMAGE},{SCRIPT},=1+1", *rows]))
    board.button("Use these points").click()
    expect(board.sentence).to_have_text(re.compile("20 points, 2 classes"))
    legend = board.view("plane").locator(".nbt-legend li")
    expect(legend).to_have_text([SCRIPT, IMAGE, "Training", "Validation"])
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    # One more table, whose error repeats its words.
    board.button("CSV…").click()
    dialog.get_by_label("Table").fill(f"a,b,c\n1,{IMAGE},0\n2,3,1\n3,4,0\n4,5,1")
    board.button("Use these points").click()
    expect(dialog.get_by_role("alert")).to_contain_text("<img")
    board.button("Cancel").click()
    board.idle()
    assert board.page.evaluate("() => window.hacked") is None
    assert board.page.locator("img[src=x]").count() == 0
