"""The playground's page as a learner has it: things to press, things to read."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
from playwright.sync_api import expect

import nbtutor
from tests.browser.wire import Traffic
from tests.serve.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

VIEWS = ("status", "verdict", "replicas", "network", "plane", "curves")
PICTURES = ("network", "plane", "curves")

BASICS = "Basics"
PAGES = {
    "Data": ("Points", "Classes", "Label noise", "Seed", "Shift", "Jitter", "Rotation"),
    "Training": (
        *("Optimizer", "Momentum", "Loss", "First weights", "Clip gradient", "Smooth labels"),
    ),
    "Schedule": (
        *("Schedule", "Length", "Lowest rate"),
        *("Stop at epoch", "Stop at loss", "Patience"),
    ),
}
"""What stands on the pages of the left column after the first one."""

RARE = tuple(name for page in PAGES.values() for name in page)
"""What does not stand on the first page."""

SLIDERS = (
    *("Noise", "Training share", "Learning rate", "Batch size", "Dropout", "L1", "L2"),
    *("Momentum", "Label noise", "Points", "Shift", "Jitter", "Rotation", "Clip gradient"),
    *("Smooth labels", "Length", "Lowest rate", "Stop at epoch", "Stop at loss"),
    "Patience",
)
LISTS = ("Activation", "Speed", "Optimizer", "Loss", "First weights", "Schedule", "Replicas")

# Without the verdict's word: it may come up to a second after the frame that it is about.
_READ = """() => Object.fromEntries([...document.querySelectorAll("[data-view]")].map((view) => {
  const {verdict, ...said} = view.dataset;
  return [said.view, said];
}))"""

_PIXELS = """(canvas) => {
  const [width, height] = [canvas.width - 8, canvas.height - 8];
  return canvas.getContext("2d").getImageData(4, 4, width, height).data.join();
}"""

# After so many frames and idle moments of the page.
_IDLE = """async (frames) => {
  for (let i = 0; i < frames; i += 1) await new Promise(requestAnimationFrame);
  for (let i = 0; i < 3; i += 1) {
    // A machine with more work than cores may never be idle: then a second has to do.
    await new Promise((done) => requestIdleCallback(done, {timeout: 1000}));
  }
}"""

# Every epoch and picture number that a view has shown, from now on.
_RECORD = """() => {
  const plane = document.querySelector("[data-view=plane]");
  window.shown = [];
  new MutationObserver(() => window.shown.push([+plane.dataset.seq, +plane.dataset.epoch]))
    .observe(plane, {attributeFilter: ["data-seq"]});
}"""

NUMBERS = re.compile(r"\b(NaN|Infinity|undefined|null|None)\b")


def kernel_behind(page: Page, server: Server) -> psutil.Process:
    """Return the process of a page's kernel."""
    kernel_id = page.evaluate(
        "() => JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    )
    found = [p for p in server.children if any(kernel_id in part for part in p.cmdline())]
    assert len(found) == 1, found
    return found[0]


@dataclass
class Board:
    """A page with a playground."""

    page: Page
    traffic: Traffic
    server: Server

    def wait_for_first_picture(self) -> None:
        """Wait until every view has painted, and its controls are named."""
        for view in (self.view("plane").first, *self.page.locator("[data-view]").all()):
            expect(view).to_have_attribute("data-seq", re.compile(r"\d+"), timeout=30_000)

    # Things to press.

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def control(self, name: str) -> Locator:
        """A slider, a list or a number, by its accessible name."""
        role = "slider" if name in SLIDERS else None
        if role is None:
            role = "combobox" if name in LISTS else "spinbutton"
        return self.page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]

    def show_page(self, name: str) -> None:
        """Bring a page of the left column into sight."""
        pages = self.page.get_by_role("group", name="Settings")
        button = pages.get_by_role("button", name=name, exact=True)
        if button.is_visible():
            button.click()
            expect(button).to_have_attribute("aria-pressed", "true")

    def show_control(self, control: str) -> None:
        """Bring the page of a control into sight."""
        pages = [page for page, controls in PAGES.items() if control in controls]
        self.show_page(pages[0] if pages else BASICS)

    def press(self, control: str, *keys: str) -> None:
        """Focus a control and press keys."""
        self.show_control(control)
        handle = self.control(control)
        handle.focus()
        for key in keys:
            handle.press(key)

    def choose_data(self, name: str) -> None:
        self.show_page(BASICS)
        self.button(name).click()

    def play(self, until_epoch: int = 3, view: str = "") -> None:
        """Press Play and wait until all views, or one, show an epoch."""
        self.button("Play").click()
        self.wait_for_epoch(until_epoch, view)

    def pause(self) -> None:
        self.button("Pause").click()
        self.wait_for_state("paused")
        expect(self.button("Play")).to_be_visible()
        self.idle()

    def catch_up(self, same: nbtutor.Playground) -> None:
        """Train a run in Python as far as the page's: a pause may come in mid-epoch."""
        same._live.run.advance(updates=int(self.value("updates").replace(",", "")))

    # Things to read.

    def view(self, name: str) -> Locator:
        return self.page.locator(f"[data-view={name}]")

    def read(self) -> dict[str, dict[str, str]]:
        """What every view says of itself."""
        views: dict[str, dict[str, str]] = self.page.evaluate(_READ)
        return views

    @property
    def epoch(self) -> int:
        return int(self.read()["plane"]["epoch"])

    @property
    def seq(self) -> int:
        return int(self.read()["plane"]["seq"])

    def value(self, name: str) -> str:
        """A figure of the status line: epoch, updates, train-loss, validation-loss ..."""
        return self.page.locator(f"[data-value={name}] dd").first.inner_text()

    @property
    def sentence(self) -> Locator:
        return self.view("status").get_by_role("status")

    @property
    def complaint(self) -> Locator:
        return self.view("status").locator("[role=alert]")  # no role while it is not displayed

    @property
    def curves(self) -> Locator:
        return self.view("curves").get_by_role("img")

    def setting(self, control: str) -> str:
        """The value that a control shows, as text."""
        handle = self.control(control)
        if control in SLIDERS:
            return (
                handle.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]")
                .locator(".widget-readout")
                .inner_text()
            )
        return str(handle.input_value())

    def pixels(self, view: str = "plane") -> str:
        """A fingerprint of the picture in a view."""
        return hashlib.sha256(bytes(self.colours(view))).hexdigest()

    def colours(self, view: str = "plane") -> list[int]:
        """Every pixel of the picture in a view, but for its edge, which is smoothed."""
        canvas = self.view(view).locator("canvas").first
        return [int(part) for part in canvas.evaluate(_PIXELS).split(",")]

    def record(self) -> None:
        """Keep every picture number and epoch shown from now on, for `shown`."""
        self.page.evaluate(_RECORD)

    def shown(self) -> list[tuple[int, int]]:
        pairs: list[Any] = self.page.evaluate("() => window.shown")
        return [(seq, epoch) for seq, epoch in pairs]

    @property
    def kernel(self) -> psutil.Process:
        """The process behind the page."""
        return kernel_behind(self.page, self.server)

    # Waiting: always for a state.

    def wait_for_state(self, state: str) -> None:
        for view in self.page.locator("[data-view]").all():
            expect(view).to_have_attribute("data-state", state, timeout=15_000)

    def wait_for_epoch(self, least: int, view: str = "") -> None:
        """Wait until all views, or one of them, show this epoch or a later one."""
        self.page.wait_for_function(
            "([least, view]) => [...document.querySelectorAll(`[data-view${view && '=' + view}]`)]"
            ".every((view) => Number(view.dataset.epoch) >= least)",
            arg=[least, view],
        )

    def wait_for_exactly(self, epoch: int) -> None:
        for view in self.page.locator("[data-view]").all():
            expect(view).to_have_attribute("data-epoch", str(epoch))

    def wait_for_picture_after(self, seq: int) -> None:
        """Wait until all views show a later picture."""
        self.page.wait_for_function(
            "seq => [...document.querySelectorAll('[data-view]')]"
            ".every((view) => Number(view.dataset.seq) > seq)",
            arg=seq,
        )

    def idle(self, frames: int = 10) -> None:
        """Let the page have a number of frames and idle moments."""
        self.page.evaluate(_IDLE, frames)

    def check_no_bad_numbers(self) -> None:
        """No text of the board and no name in it holds a number that is none."""
        root = self.page.locator(".nbt-board").first
        found = NUMBERS.findall(root.inner_text())
        names = root.evaluate(
            "root => [...root.querySelectorAll('[aria-label],[aria-valuetext]')]"
            ".map((e) => `${e.ariaLabel} ${e.getAttribute('aria-valuetext') ?? ''}`)"
        )
        found += [name for name in names if NUMBERS.search(name)]
        assert found == []
