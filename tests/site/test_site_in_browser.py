"""The static site in a Chromium that finds no other host: a lesson comes to life and trains."""

from __future__ import annotations

import functools
import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.serve.axe import axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

# Python has to be fetched and started, on a machine that may have other work.
LIVE = 180_000

# How many colours a picture has: few where nothing is drawn.
COLOURS = """(canvas) => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add(data.slice(i, i + 3).join());
  return seen.size;
}"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A page that is left stops fetching: no fault of the server's."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site behind a plain file server, below a path as on a shared host."""
    handler = functools.partial(_Quiet, directory=str(site.parent))
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{site.name}/"
    server.shutdown()
    thread.join()
    server.server_close()


OpenPage = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Open a page of the site. At the end nothing may have gone wrong, or to another host."""
    wrongs: list[str] = []
    allowed: list[str] = []
    pages: list[Page] = []

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrongs.append(f"console: {message.text}")

    def request(sent: Request) -> None:
        parts = urlsplit(sent.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            wrongs.append(f"a request left the host: {sent.url}")

    def open_(path: str = "", width: int = 1280, scheme: str = "light", without: str = "") -> Page:
        viewport = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
        context.on("console", console)
        context.on("weberror", lambda error: wrongs.append(f"page error: {error.error}"))
        # Those of the page's worker too.
        context.on("request", request)
        page = context.new_page()
        pages.append(page)
        if without:
            allowed.extend(("Failed to load resource", "[nbtutor]"))
            page.context.route(without, lambda route: route.abort())
        page.goto(address + path)
        return page

    yield open_
    for page in pages:
        page.context.close()
    assert [wrong for wrong in wrongs if not any(each in wrong for each in allowed)] == []


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_start_page(open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page(scheme=scheme, width=width)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".nbt-index").get_by_role("link", name=re.compile("The playground")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The playground")
    # There is something to see before there is a kernel.
    expect(page.locator(".nbt-still")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_playground_trains(open_page: OpenPage) -> None:
    begin = time.perf_counter()
    page = open_page("lessons/00-playground.html")
    expect(page.locator("html")).to_have_attribute("data-ready", "true", timeout=LIVE)
    plane = page.locator("[data-view=plane]")
    expect(plane).to_have_attribute("data-seq", re.compile(r"\d+"), timeout=LIVE)
    live = time.perf_counter() - begin
    expect(page.locator("#nbt-progress")).to_be_hidden()
    expect(page.locator(".nbt-still")).to_have_count(0)

    page.get_by_role("button", name="Play", exact=True).click()
    expect(plane).to_have_attribute("data-epoch", re.compile(r"[3-9]|\d\d"), timeout=LIVE)
    first, start = int(plane.get_attribute("data-seq") or 0), time.perf_counter()
    expect(plane).to_have_attribute("data-epoch", re.compile(r"[6-9]\d|\d{3}"), timeout=LIVE)
    frames, took = int(plane.get_attribute("data-seq") or 0) - first, time.perf_counter() - start
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(plane).to_have_attribute("data-state", "paused")
    assert plane.locator("canvas").first.evaluate(COLOURS) > 50
    print(f"\nlive after {live:.1f} s; {frames / took:.1f} frames a second")

    # A setting goes to the kernel and comes back.
    page.get_by_role("slider", name="Noise", exact=True).press("ArrowRight")
    expect(page.locator("[data-view=status]")).to_contain_text("New noise", timeout=LIVE)
    assert axe(page) == []


@pytest.mark.soak
@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("lesson", [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))])
def test_every_lesson_comes_to_life(open_page: OpenPage, lesson: str, width: int) -> None:
    page = open_page(f"lessons/{lesson}.html", width=width)
    expect(page.locator("html")).to_have_attribute("data-ready", "true", timeout=LIVE)
    expect(page.locator(".nbt-still")).to_have_count(0)
    expect(page.locator("[role=alert]:visible")).to_have_count(0)
    cells = page.locator("[id^=nbt-cell-]")
    assert cells.count() >= 1
    for cell in cells.all():
        # Each shows a widget that has drawn something.
        expect(cell.locator(".lm-Widget").first).to_be_visible()
    if lesson != "01-activation":  # that one begins with a neuron that is set by hand
        page.get_by_role("button", name="Play", exact=True).first.click()
        expect(page.get_by_role("button", name="Pause", exact=True).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


def test_what_cannot_be_fetched_is_said(open_page: OpenPage) -> None:
    page = open_page("lessons/00-playground.html", without="**/wheels/psygnal*")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("could not be made live", timeout=LIVE)
    expect(notice).to_contain_text("What is here can be read.")
    expect(notice.get_by_role("button", name="Try once more")).to_be_visible()
    expect(page.locator(".nbt-still")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_hidden()
    assert axe(page) == []
