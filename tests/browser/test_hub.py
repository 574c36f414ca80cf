"""Two learners of a JupyterHub, each at a lesson of a server of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.board import Board
from tests.browser.conftest import PLAYGROUND, Watch
from tests.browser.wire import Traffic
from tests.serve.hub import LEARNERS, memory_guarantee, running_hub
from tests.serve.server import Server, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


@pytest.fixture
def hub(root: Path, tmp_path: Path) -> Iterator[Server]:
    with running_hub(root, tmp_path) as running:
        yield running
        print(running.log.read_text("utf-8"))  # is shown if the test has failed
        # The hub ends its learners' servers, and they their kernels: nothing is left to clean up.
        children = running.children
        assert len(children) > len(LEARNERS)
        assert running.stop(seconds=60) == 0
        assert [child for child in children if child.is_running()] == []


def log_in(page: Page, hub: Server, learner: str) -> None:
    page.goto(hub.url)
    page.get_by_label("Username").fill(learner)
    page.get_by_label("Password").fill("any")
    page.get_by_role("button", name="Sign in").click()


def server_of(kernel: psutil.Process) -> psutil.Process:
    server = kernel.parent()
    assert server is not None
    return server


@pytest.mark.timeout(240)
def test_two_learners_at_a_lesson_each(
    hub: Server, root: Path, new_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    pages = {learner: new_context().new_page() for learner in LEARNERS}
    boards = {learner: Board(page, Traffic(page), hub) for learner, page in pages.items()}
    for learner, page in pages.items():
        log_in(page, hub, learner)
    for learner, page in pages.items():
        page.wait_for_url(f"**/user/{learner}/voila/render/notebooks/{PLAYGROUND}", timeout=100_000)
    for board in boards.values():
        board.wait_for_first_picture()

    # Both at once, over the websocket that goes through the hub's proxy.
    for board in boards.values():
        board.page.bring_to_front()
        board.play(until_epoch=3, view="plane")
        board.press("Learning rate", "ArrowRight")
    for board in boards.values():
        board.wait_for_epoch(board.epoch + 3, view="plane")
    # Each page finds its kernel when it looks after it, as it does now and then.
    for page in pages.values():
        page.bring_to_front()
        with page.expect_response(re.compile(r"/api/kernels/[^/]*$")) as looked:
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert looked.value.status == 200
        expect(page.locator("#nbt-notice")).to_be_hidden()
    kernels = [board.kernel for board in boards.values()]
    servers = [server_of(kernel) for kernel in kernels]
    assert len({server.pid for server in servers}) == len(LEARNERS)
    # Each shares common memory with what runs beside it, so the whole is more than its own part.
    guaranteed = memory_guarantee(root)
    for kernel, server in zip(kernels, servers, strict=True):
        assert sum(process.memory_full_info().uss for process in (kernel, server)) < guaranteed

    ada, bo = LEARNERS
    watch.allow("403")
    stranger = pages[ada].context.new_page()
    stranger.goto(f"{hub.url}user/{bo}/voila/render/notebooks/{PLAYGROUND}")
    expect(stranger.get_by_text("403")).to_be_visible()
    stranger.close()

    # A page that is left ends its kernel; the learner's server stays.
    for page in pages.values():
        page.close(run_before_unload=True)
    wait_until(lambda: not any(kernel.is_running() for kernel in kernels))
    assert all(server.is_running() for server in servers)
