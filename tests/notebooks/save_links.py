"""Say in each notebook and in README.md where the lessons are live.

    python -m tests.notebooks.save_links

Binder opens a repository by its public address: ``Repository`` in pyproject.toml's
``[project.urls]``. Without one there is no link to Binder, and the text says what is left.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import nbformat

from nbtutor.serve.course import Lesson, list_lessons
from nbtutor.serve.settings import NOT_ON_PAGES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BINDER = "https://mybinder.org"
BADGE = f"{BINDER}/badge_logo.svg"
CELL = "live"
_BLOCK = re.compile(
    r"(<!-- Written by tests\.notebooks\.save_links\. -->\n).*?(<!-- End\. -->)", re.S
)


def save_links(root: Path) -> None:
    """Write the links of a source tree's lessons."""
    repository = find_repository(root)
    lessons = list_lessons(root / "notebooks")
    readme = root / "README.md"
    text, count = _BLOCK.subn(
        lambda block: f"{block[1]}{_table(repository, lessons)}{block[2]}",
        readme.read_text("utf-8"),
    )
    if count != 1:
        msg = f"{readme} has {count} places for the links, not 1: {_BLOCK.pattern}"
        raise ValueError(msg)
    readme.write_text(text, "utf-8")
    for lesson in lessons:
        path = root / "notebooks" / lesson.path
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.id != CELL]
        cell = nbformat.v4.new_markdown_cell(
            _line(repository, lesson), id=CELL, metadata={"tags": [NOT_ON_PAGES]}
        )
        notebook.cells.append(cell)
        nbformat.write(notebook, path)


def find_repository(root: Path) -> str:
    """Return the public address of a source tree, or nothing where it has none."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    address: str = project.get("urls", {}).get("Repository", "")
    parts = urlsplit(address)
    if address and not (parts.scheme == "https" and parts.netloc and parts.path.strip("/")):
        msg = (
            f"Repository = {address!r} in pyproject.toml is no public address of a repository: "
            "such as 'https://HOST/OWNER/NAME'"
        )
        raise ValueError(msg)
    return address


def binder_link(repository: str, place: str) -> str:
    """Return the link that has Binder open a place of its Jupyter server.

    Parameters
    ----------
    repository
        The public address of the repository.
    place
        A path of the server, such as ``lab/tree/notebooks``.
    """
    parts = urlsplit(repository)
    name = parts.path.strip("/").removesuffix(".git")
    source = f"gh/{name}" if parts.netloc == "github.com" else f"git/{quote(repository, safe='')}"
    return f"{BINDER}/v2/{source}/HEAD?urlpath={quote(place, safe='')}"


def _links(repository: str, lesson: Lesson) -> tuple[str, str]:
    """Return the links to a lesson as a page, and as a notebook."""
    path = f"notebooks/{lesson.path}"
    page = binder_link(repository, f"voila/render/{path}")
    return page, binder_link(repository, f"lab/tree/{path}")


def _table(repository: str, lessons: list[Lesson]) -> str:
    if not repository:
        return "There is no public link yet.\n"
    start = binder_link(repository, "voila/tree/notebooks")
    rows = [
        f"| {lesson.number} {lesson.title} | [page]({page}) | [notebook]({notebook}) |\n"
        for lesson in lessons
        for page, notebook in [_links(repository, lesson)]
    ]
    head = f"[![All lessons on Binder]({BADGE})]({start})\n\n| on Binder | | |\n|---|---|---|\n"
    return "".join([head, *rows])


def _line(repository: str, lesson: Lesson) -> str:
    here = (
        "The lesson is live where nbtutor is installed: the command `nbtutor` opens it as a page, "
        "`nbtutor lab` as a notebook."
    )
    if not repository:
        return here
    page, notebook = _links(repository, lesson)
    return (
        f"{here} With nothing installed, Binder has it as a [page]({page}) and as a "
        f"[notebook]({notebook})."
    )


if __name__ == "__main__":
    save_links(Path(__file__).resolve().parents[2])
