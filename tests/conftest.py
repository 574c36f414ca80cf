"""Fixtures for all tests. A folder of tests may add its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Where two workers share the tests: a file stays whole, and one browser at a time is enough.

    Two browsers, their servers and kernels would want more than two cores, and time out.
    """
    from xdist.scheduler import LoadScopeScheduling

    class OneBrowser(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "browser" if "browser" in file else file

    # The longest group has to begin first: the order is that of the collected tests.
    config.option.loadscope_reorder = False
    return OneBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser tests first, in their order."""
    items.sort(key=lambda item: "browser" not in item.nodeid.split("::", 1)[0])


# What is not on every machine: an oracle of gigabytes, and one that no requirement brings.
MAY_BE_MISSING = ("torch", "pandas")


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
