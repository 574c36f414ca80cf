"""The pages as a learner has them, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.serve.axe import axe
from tests.serve.server import Server, running_server, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

FIRST = "voila/render/00-first.ipynb"
SECOND = "voila/render/01-second.ipynb"
WARM = 2


@pytest.fixture(scope="module")
def server(notebooks: Path) -> Iterator[Server]:
    """A server whose kernels can be counted: every page of it is a browser's, and tells its end."""
    with running_server(notebooks) as running:
        wait_until(lambda: running.kernels == WARM)
        yield running


@pytest.fixture
def faults() -> list[str]:
    """What the browser complained of."""
    return []


@pytest.fixture
def context(browser: Browser, faults: list[str]) -> Iterator[BrowserContext]:
    """A fresh profile, in which nothing may leave the host and nothing may fail."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 800})
    fresh.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" else None,
    )
    fresh.on("weberror", lambda error: faults.append(str(error.error)))
    fresh.on(
        "request",
        lambda request: (
            faults.append(f"request to {request.url}")
            if urlsplit(request.url).hostname not in ("127.0.0.1", None, "")
            else None
        ),
    )
    yield fresh
    fresh.close()
    assert not faults


def _open(context: BrowserContext, server: Server, path: str = FIRST) -> Page:
    page = context.new_page()
    page.goto(server.url + path)
    _ready(page)
    return page


def _ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    page.get_by_role("slider").wait_for()


def _kernel(page: Page) -> str:
    kernel_id: str = page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    )
    return kernel_id


def _close(page: Page) -> None:
    """Close a tab as a person does: the page is told."""
    page.close(run_before_unload=True)


def test_a_lesson_shows_its_widget_and_no_more_progress(
    context: BrowserContext, server: Server
) -> None:
    page = _open(context, server)
    assert page.get_by_text("Rate", exact=True).is_visible()
    assert not page.locator("#nbt-progress").is_visible()
    assert not page.locator("#nbt-notice").is_visible()
    _close(page)


def test_a_tab_that_is_closed_leaves_no_kernel(context: BrowserContext, server: Server) -> None:
    # The lesson is the first page ever: no other one has set a cookie.
    page = _open(context, server)
    kernel_id = _kernel(page)
    assert server.has_kernel(kernel_id)
    _close(page)
    wait_until(lambda: not server.has_kernel(kernel_id))
    wait_until(lambda: server.kernels == WARM)


def test_a_tab_that_is_closed_while_it_loads_leaves_no_kernel(
    context: BrowserContext, server: Server
) -> None:
    page = context.new_page()
    page.goto(server.url + FIRST, wait_until="commit")
    page.wait_for_selector("#jupyter-config-data", state="attached")
    kernel_id = _kernel(page)
    _close(page)
    wait_until(lambda: not server.has_kernel(kernel_id))


def test_reloading_does_not_pile_up_kernels(context: BrowserContext, server: Server) -> None:
    page = _open(context, server)
    seen = {_kernel(page)}
    for _ in range(3):
        page.reload()
        _ready(page)
        seen.add(_kernel(page))
    assert len(seen) == 4
    wait_until(lambda: sum(map(server.has_kernel, seen)) == 1)
    wait_until(lambda: server.kernels == WARM + 1)
    _close(page)
    wait_until(lambda: server.kernels == WARM)


def test_going_on_and_back_gives_a_live_page(context: BrowserContext, server: Server) -> None:
    page = _open(context, server)
    left = _kernel(page)
    page.get_by_role("link", name="Next: Bias & variance <b>").first.click()
    page.wait_for_url(f"**/{SECOND}")
    _ready(page)
    wait_until(lambda: not server.has_kernel(left))
    page.go_back()
    page.wait_for_url(f"**/{FIRST}")
    _ready(page)
    assert server.has_kernel(_kernel(page))
    _close(page)


def test_a_page_says_when_its_kernel_has_ended(
    context: BrowserContext, server: Server, faults: list[str]
) -> None:
    page = _open(context, server)
    kernel_id = _kernel(page)
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    ended = server.request(
        f"/voila/api/shutdown/{kernel_id}", data={"_xsrf": cookies["_xsrf"]}, cookies=cookies
    )
    assert ended.status == 204
    with page.expect_response(re.compile(rf"/api/kernels/{kernel_id}$")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    alert = page.get_by_role("alert")
    alert.get_by_text("The kernel behind this page has ended").wait_for()
    alert.get_by_role("button", name="Reload the page").click()
    page.wait_for_function(
        "old => JSON.parse(document.getElementById('jupyter-config-data')?.textContent"
        " ?? '{}').kernelId !== old",
        arg=kernel_id,
    )
    _ready(page)
    assert not page.locator("#nbt-notice").is_visible()
    _close(page)
    # The answer that told it.
    assert set(faults) == {
        "Failed to load resource: the server responded with a status of 404 (Not Found)"
    }
    faults.clear()


def test_the_theme_is_switched_and_remembered(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="light")
    page.goto(server.url)
    button = page.get_by_role("button", name="Theme")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{ground} === 'rgb(15, 20, 25)'")
    for choice, colour in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(15, 20, 25)")):
        button.click()
        assert page.locator("html").get_attribute("data-theme") == choice
        assert page.evaluate(ground) == colour
    page.emulate_media(color_scheme="light")
    page.goto(server.url + FIRST)
    # Set by a script in the head, so before anything is painted.
    page.wait_for_selector(".nbt-bar")
    assert page.evaluate(ground) == "rgb(15, 20, 25)"
    _ready(page)
    assert page.evaluate("document.body.dataset.jpThemeLight") == "false"
    assert (
        page.evaluate("getComputedStyle(document.body).getPropertyValue('--jp-layout-color1')")
        == "rgb(15, 20, 25)"
    )
    _close(page)


def test_the_list_of_lessons_leads_to_each(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(server.url)
    menu = page.get_by_role("navigation", name="Lessons")
    assert not menu.is_visible()
    page.locator(".nbt-menu summary").click()
    assert menu.get_by_role("link").count() == 4
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    page.locator(".nbt-menu summary").click()
    menu.get_by_role("link", name="The first lesson").click()
    page.wait_for_url(f"**/{FIRST}")
    _ready(page)
    assert page.title().startswith("The first lesson · ")
    _close(page)


def test_a_kernel_that_dies_is_told(
    context: BrowserContext, server: Server, faults: list[str]
) -> None:
    page = _open(context, server)
    kernel_id = _kernel(page)
    (process,) = [c for c in server.children if any(kernel_id in part for part in c.cmdline())]
    process.kill()
    wait_until(lambda: not server.has_kernel(kernel_id))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("alert").get_by_text("The kernel behind this page has ended").wait_for()
    _close(page)
    faults.clear()


def test_a_kernel_that_dies_while_the_page_is_made_is_told(
    context: BrowserContext, server: Server, faults: list[str]
) -> None:
    page = context.new_page()
    page.goto(server.url + "voila/render/03-dying.ipynb", wait_until="commit")
    alert = page.get_by_role("alert")
    alert.get_by_text("The kernel behind this page has ended").wait_for()
    assert not page.locator("#nbt-progress").is_visible()
    assert page.get_by_role("heading", name="Dying").is_visible()
    _close(page)
    faults.clear()


def test_lines_of_text_have_a_readable_length(context: BrowserContext, server: Server) -> None:
    page = _open(context, server)
    lines: list[int] = page.evaluate(
        """() => {
          const text = document.querySelector("#nbt-content p").lastChild;
          const lines = new Map();
          const range = document.createRange();
          for (let i = 0; i < text.length; i += 1) {
            range.setStart(text, i);
            range.setEnd(text, i + 1);
            const top = Math.round(range.getBoundingClientRect().top);
            lines.set(top, (lines.get(top) ?? 0) + 1);
          }
          return [...lines.values()];
        }"""
    )
    whole = lines[1:-1]
    assert len(whole) > 3
    assert 62 <= sum(whole) / len(whole) <= 72
    _close(page)


@pytest.mark.parametrize("width", [320, 400, 1280, 1920])
def test_nothing_overflows_and_the_bar_is_slim(
    context: BrowserContext, server: Server, width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("", SECOND):
        page.goto(server.url + path)
        if path:
            _ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        bar = page.locator(".nbt-bar").bounding_box()
        assert bar is not None
        assert bar["height"] <= 48
        assert bar["width"] == width
    _close(page)


@pytest.fixture
def one_seat(notebooks: Path) -> Iterator[Server]:
    """A server for one learner."""
    with running_server(notebooks, "--seats", "1") as running:
        yield running


def test_who_finds_no_seat_waits_and_gets_the_next(
    context: BrowserContext, one_seat: Server, faults: list[str]
) -> None:
    first = _open(context, one_seat)
    second = context.new_page()
    second.goto(f"{one_seat.url}{SECOND}#nbt=1;seed=3")
    expect(second.get_by_role("heading", name="All seats are taken")).to_be_visible()
    expect(second.get_by_text("asks again every few seconds")).to_be_visible()
    assert "Error 503" in second.inner_text("body")
    assert axe(second) == []
    kept = [fault for fault in faults if "503" not in fault]
    assert kept == []
    _close(first)
    _ready(second)
    assert second.url.endswith("#nbt=1;seed=3")
    faults.clear()  # the browser tells of each answer with an error in its console
    _close(second)


@pytest.fixture
def behind(notebooks: Path) -> Iterator[Server]:
    """A server whose addresses start with a path, as behind a proxy."""
    with running_server(notebooks, "--base-url", "/course/one") as running:
        wait_until(lambda: running.kernels == WARM)
        yield running


def test_all_addresses_start_with_the_base_url(context: BrowserContext, behind: Server) -> None:
    assert behind.url.endswith("/course/one/")
    assert behind.request("/").status == 404
    asked: list[str] = []
    context.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page = context.new_page()
    page.goto(behind.url)
    page.get_by_role("main").get_by_role("link", name="Bias & variance").click()
    _ready(page)  # the second lesson is warm too
    page.get_by_role("slider").press("ArrowRight")
    expect(page.locator(".widget-readout")).to_have_text("4")
    page.get_by_role("link", name="Next").first.click()
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    assert [path for path in asked if not path.startswith("/course/one/")] == []
    _close(page)
    wait_until(lambda: behind.kernels == WARM)
