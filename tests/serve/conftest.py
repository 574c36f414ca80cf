"""A small course, a server for it, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.serve.server import Server, running_server, wait_until, write_lesson

if TYPE_CHECKING:
    pass

SLIDER = """\
import ipywidgets
name_that_is_only_in_the_source = 3
ipywidgets.IntSlider(value=name_that_is_only_in_the_source, description="Rate")
"""


LONG = "A network is a chain of small decisions, and each unit draws one line. " * 8


@pytest.fixture(scope="package")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three lessons, and beside it what must not be served."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    write_lesson(
        folder / "00-first.ipynb", "The *first* lesson", SLIDER, summary=f"A `slider`. {LONG}"
    )
    write_lesson(folder / "01-second.ipynb", "Bias & variance <b>", SLIDER)
    write_lesson(folder / "02-broken.ipynb", "Broken", "secret_of_the_author = 1\n1 / 0")
    write_lesson(folder / "03-dying.ipynb", "Dying", "import os", "os._exit(1)", SLIDER)
    write_lesson(folder / ".hidden.ipynb", "Hidden", "pass")
    (folder / "helper.py").write_text("SECRET = 'of the author'")
    write_lesson(folder.parent / "outside.ipynb", "SECRET outside", "pass")
    return folder


@pytest.fixture(scope="package")
def server(notebooks: Path) -> Iterator[Server]:
    """A server for the small course, with its two warm kernels there."""
    with running_server(notebooks) as running:
        wait_until(lambda: running.kernels == 2)
        yield running
