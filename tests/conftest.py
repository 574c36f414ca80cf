"""Fixtures for all tests. A folder of tests may add its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# A shared machine may be slow at any moment, so no test fails for its time. In CI the examples are
# the same at every run: a red run can then be repeated.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


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
