"""The page that asks for the token, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.serve.axe import axe
from tests.serve.server import Server, running_server, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

TOKEN = "swordfish-and-chips"
FIRST = "voila/render/00-first.ipynb"


@pytest.fixture(scope="module")
def server(notebooks: Path) -> Iterator[Server]:
    """A server that asks for a token."""
    with running_server(notebooks, "--token", TOKEN, "--prewarm", "1") as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    fresh = browser.new_context()
    yield fresh
    fresh.close()


def _ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    page.get_by_role("slider").press("ArrowRight")
    expect(page.locator(".widget-readout")).to_have_text("4")


def test_a_learner_logs_in_and_stays_in(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(f"{server.url}{FIRST}#nbt=1;seed=3")
    expect(page.get_by_role("heading", name="This course asks for a token")).to_be_visible()
    field = page.get_by_label("Token")
    expect(field).to_be_focused()
    field.fill("swordfish-and-fries")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("That is not the token.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(TOKEN)
    page.get_by_role("button", name="Open the course").click()
    _ready(page)
    # What the link held is still there, after a wrong token too.
    assert page.url == f"{server.url}{FIRST}#nbt=1;seed=3"
    page.get_by_role("link", name="Neural networks, live").click()
    expect(page.get_by_role("main").get_by_role("link")).to_have_count(4)
    page.close(run_before_unload=True)
    wait_until(lambda: server.kernels == 1)


def test_a_link_with_the_token_is_enough(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(f"{server.url}{FIRST}?token={TOKEN}#nbt=1;seed=3")
    _ready(page)
    assert page.url == f"{server.url}{FIRST}#nbt=1;seed=3"
    page.close(run_before_unload=True)
    wait_until(lambda: server.kernels == 1)


def test_a_page_says_when_its_cookie_is_gone(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(f"{server.url}{FIRST}?token={TOKEN}")
    _ready(page)
    context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The server asks for the token again.")
    alert.get_by_role("button", name="Reload the page").click()
    expect(page.get_by_label("Token")).to_be_visible()


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_page_is_for_everybody(
    browser: Browser, server: Server, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 800}
    context = browser.new_context(color_scheme=scheme, viewport=size)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{server.url}login")
    page.get_by_label("Token").fill("swordfish-and-fries")
    page.get_by_role("button", name="Open the course").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 25)"
    assert dark == (scheme == "dark")
    for control in (page.get_by_label("Token"), page.get_by_role("button", name="Open")):
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 44  # for a thumb
    assert axe(page) == []
    context.close()
