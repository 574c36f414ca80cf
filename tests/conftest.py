"""Fixtures for all tests. A folder of tests may add its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A shared machine may be slow at any moment, so no test fails for its time. In CI the examples are
# the same at every run: a red run can then be repeated.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


# Two browsers at once, with their servers and kernels, are much for two cores. So one worker begins
# with one half of the browser tests, while another does all that needs none; then they share what
# is left.
BEGIN_WITH = "test_lesson"


def _place(nodeid: str) -> int:
    """Where a test stands in the order: first, in the middle, or last."""
    path = nodeid.split("::", 1)[0]
    if "browser" not in path:
        return 1
    return 0 if Path(path).name < BEGIN_WITH else 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keep a file whole, and the first half of the browser tests together."""
    from xdist.scheduler import LoadScopeScheduling

    class BrowsersApart(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if _place(nodeid) == 0 else nodeid.split("::", 1)[0]

    config.option.loadscopereorder = False  # the order of the tests is that of their collection
    return BrowsersApart(config, log)


# What is not on every machine: an oracle of gigabytes, one that no requirement brings, and a
# program that only the system's packages bring.
MAY_BE_MISSING = ("torch", "pandas", "no nginx")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, a test that is skipped for any other reason has not been run: that is a failure."""
    if not os.environ.get("CI") or hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    for report in reporter.stats.get("skipped", []):
        reason = str(report.longrepr)
        if not any(name in reason for name in MAY_BE_MISSING):
            reporter.write_line(f"not run: {report.nodeid}: {reason}", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


FullDisk = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def full_disk() -> FullDisk:
    """Let no file grow beyond a number of bytes for a while, as on a disk that is full."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limit(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.fixture(scope="session")
def root() -> Path:
    """Top of the source tree."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium that browser tests drive: $NBTUTOR_CHROMIUM, or one on the PATH."""
    named = os.environ.get("NBTUTOR_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = (
            f"no Chromium: install one so that {CHROMIUM_NAMES[0]!r} is on the PATH, "
            "or set NBTUTOR_CHROMIUM to its path"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium that finds no other host.

    It ends with the module: while Playwright runs, nothing else can run an event loop.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()
