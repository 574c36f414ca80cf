"""How a page may be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTHS = (1280, 400)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

_PAINTED = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


def each_look(page: Page) -> Iterator[int]:
    """Show a page on a laptop and on a telephone, in light and in dark; yield each width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(_PAINTED)
            yield width
