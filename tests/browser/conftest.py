"""A server for all tests of this folder; a browser, a fresh page and a watch over it for each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.board import Board
from tests.browser.lesson import LessonPage
from tests.browser.wire import FORGERY, Traffic
from tests.serve.server import Server, running_server, with_settings, write_lesson

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

# A test waits for a state, and a busy machine may need its time to come to it.
expect.set_options(timeout=20_000)

PLAYGROUND = "00-playground.ipynb"

TWICE = """\
import nbtutor
playground = nbtutor.Playground()
display(playground)
display(playground)
"""

# A teacher's own arrangement: views and controls apart, and a picture that is taken away and back.
APART = """\
import ipywidgets, nbtutor
playground = nbtutor.Playground(hidden=(3,), seed=7)
views, buttons = playground.views, playground.transport
place = ipywidgets.VBox([views.plane])
button = ipywidgets.Button(description="Take away")
def swap(_):
    gone = not place.children
    place.children = [views.plane] if gone else []
    button.description = "Take away" if gone else "Bring back"
button.on_click(swap)
ipywidgets.VBox([buttons.play, button, views.status, place])
"""

# Two that know nothing of each other, both in sight.
TWO = """\
import ipywidgets, nbtutor
one, other = nbtutor.Playground(seed=1), nbtutor.Playground(seed=2)
ipywidgets.HBox([ipywidgets.VBox([each.views.status, each.controls.seed, each.views.plane])
    for each in (one, other)])
"""

# What a teacher sets up.
TAUGHT = """\
import nbtutor
playground = nbtutor.Playground("moons", hide=["seed", "step"], lock=["dataset", "l1", "epoch"])
playground
"""

# The network's diagram for looking only.
CLOSED = """\
import nbtutor
playground = nbtutor.Playground(lock=["hidden", "weights"])
playground
"""
HIDDEN = CLOSED.replace("lock", "hide")

# More kernels kept warm, and sooner: each test takes one.
WARM = with_settings(
    "pools = config.VoilaKernelManager.kernel_pools_config",
    "pools['00-playground.ipynb']['pool_size'] = 2",
    "config.VoilaKernelManager.fill_delay = 1.0",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def guide(root: Path) -> str:
    """Return what teachers are told about pages of their own."""
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    return text.split("## Make your own lesson page")[1].split("\n## ")[0]


@pytest.fixture(scope="session")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the playground and more pages with playgrounds."""
    folder = tmp_path_factory.mktemp("lessons")
    for lesson in (root / "notebooks").glob("*.ipynb"):
        shutil.copy(lesson, folder)
    write_lesson(folder / "01-twice.ipynb", "Twice", TWICE)
    write_lesson(folder / "02-apart.ipynb", "Apart", APART)
    write_lesson(folder / "03-two.ipynb", "Two", TWO)
    write_lesson(folder / "04-taught.ipynb", "Taught", TAUGHT)
    write_lesson(folder / "05-closed.ipynb", "Closed", CLOSED)
    write_lesson(folder / "06-hidden.ipynb", "Hidden", HIDDEN)
    composed = re.findall(r"^```python\n(.*?)^```$", guide(root), flags=re.DOTALL | re.MULTILINE)
    write_lesson(folder / "07-composed.ipynb", "Composed", composed[1])
    with running_server(folder, "--prewarm", "1", program=WARM) as running:
        yield running


class Watch:
    """Everything that went wrong in the pages of a test."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, pattern: str) -> None:
        """Expect a message: the test provokes it."""
        self._allowed.append(re.compile(pattern))

    def follow(self, context: BrowserContext) -> None:
        """Watch all pages of a context, those that open later too."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.wrongs.append(f"page error: {error.error}"))
        context.on("request", self._request)
        context.on("page", lambda page: page.on("websocket", lambda s: self._address(s.url)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrongs.append(f"console: {message.text} ({message.location.get('url')})")

    def _request(self, request: Request) -> None:
        self._address(request.url)

    def _address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            self.wrongs.append(f"a request left the host: {url}")

    def unexpected(self) -> list[str]:
        return [w for w in self.wrongs if not any(p.search(w) for p in self._allowed)]


@pytest.fixture(autouse=True)
def watch() -> Iterator[Watch]:
    """Fail a test for a console error, a page error, or a request that leaves the host."""
    watching = Watch()
    yield watching
    assert watching.unexpected() == []


@pytest.fixture
def new_context(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Make browser contexts, which are watched and closed."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        options = {"viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        watch.follow(context)
        context.add_init_script(FORGERY)
        made.append(context)
        return context

    yield make
    for context in made:
        # As a person closes them: the page tells the server that its kernel may end.
        for page in context.pages:
            page.close()
        context.close()


OpenBoard = Callable[..., Board]


@pytest.fixture
def open_board(server: Server, new_context: Callable[..., BrowserContext]) -> OpenBoard:
    """Open a lesson in a page of its own and wait for its first picture."""

    def open_(
        lesson: str = PLAYGROUND, context: BrowserContext | None = None, **options: Any
    ) -> Board:
        page: Page = (context or new_context(**options)).new_page()
        traffic = Traffic(page)
        page.goto(f"{server.url}voila/render/{lesson}")
        board = Board(page, traffic, server)
        board.wait_for_first_picture()
        return board

    return open_


@pytest.fixture
def board(open_board: OpenBoard) -> Board:
    """The playground's page, with its first picture."""
    return open_board()


@pytest.fixture
def open_lesson(
    server: Server, new_context: Callable[..., BrowserContext]
) -> Callable[..., LessonPage]:
    """Open a lesson with a tutor, and wait until all of it is there."""

    def open_(lesson: str, context: BrowserContext | None = None) -> LessonPage:
        page: Page = (context or new_context()).new_page()
        page.goto(f"{server.url}voila/render/{lesson}")
        opened = LessonPage(page)
        opened.wait()
        return opened

    return open_
