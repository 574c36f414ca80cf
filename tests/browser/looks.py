"""How a page may be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page

Scheme = Literal["light", "dark"]

WIDTHS = (1280, 400)
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

# Colours glide from one theme to the other: what is half-way there is no look.
_SETTLED = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const gliding = document.getAnimations()
    .filter(({effect}) => effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(gliding.map(({finished}) => finished));
}"""


def show_in(page: Page, scheme: Scheme) -> None:
    """Show a page in light or in dark, and wait until it is painted so."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(_SETTLED)


def each_look(page: Page) -> Iterator[int]:
    """Show a page on a laptop and on a telephone, in light and in dark; yield each width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            show_in(page, scheme)
            yield width
