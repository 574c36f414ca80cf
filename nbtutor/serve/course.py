"""Where the lessons are, what they are called, and in which order they come."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import CannotStart

TITLE = "Neural networks, live"

PREWARM = 2
"""How many lessons have a kernel that waits, unless told otherwise.

The first lessons are what a newcomer opens; the others start cold.
"""

_PACKAGE = Path(__file__).resolve().parents[1]
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*\s*$")
_LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?P<text>\S(?:[^*`]*?\S)?)\1")


@dataclass(frozen=True)
class Lesson:
    """One notebook of the course.

    Attributes
    ----------
    path
        Its path below the notebooks' folder, with forward slashes.
    number
        The digits that its file name starts with, or an empty string.
    title
        Its first heading, as plain text; the file name where it has none.
    summary
        The first paragraph after that heading, as plain text; may be empty.
    """

    path: str
    number: str
    title: str
    summary: str


def find_notebooks() -> Path:
    """Return the folder of the course's notebooks.

    An installed wheel carries them inside the package. In an editable install they are the
    repository's own, beside the package.
    """
    inside = _PACKAGE / "notebooks"
    if inside.is_dir():
        return inside
    repository = _PACKAGE.parent
    if (repository / "pyproject.toml").is_file() and (repository / "notebooks").is_dir():
        return repository / "notebooks"
    msg = f"the course's notebooks are missing: expected them in {inside}"
    raise CannotStart(msg)


def list_lessons(folder: Path) -> list[Lesson]:
    """Return the lessons in a folder, in the order of their file names."""
    return [
        _read_lesson(path, path.stat().st_mtime_ns)
        for path in sorted(folder.glob("*.ipynb"), key=lambda path: path.name)
        if not path.name.startswith(".")
    ]


# Every page asks for the whole list. The time of change is part of the key, so that an edited
# lesson is read again.
@lru_cache(maxsize=256)
def _read_lesson(path: Path, _changed: int) -> Lesson:
    title, summary = _heading_and_paragraph(_markdown(path))
    number = re.match(r"\d+", path.stem)
    return Lesson(
        path=path.name,
        number=number.group() if number else "",
        title=title or _title_from_name(path.stem),
        summary=summary,
    )


def _markdown(path: Path) -> str:
    """Return the text of a notebook's Markdown cells; nothing if it cannot be read.

    One broken file must not take the whole list down: it is listed by its name, and says what is
    wrong with it when it is opened.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return "\n\n".join(
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _heading_and_paragraph(markdown: str) -> tuple[str, str]:
    lines = iter(markdown.splitlines())
    title = ""
    for line in lines:
        heading = _HEADING.match(line)
        if heading:
            title = _plain(heading["text"])
            break
    paragraph: list[str] = []
    for line in lines:
        if _HEADING.match(line) or (paragraph and not line.strip()):
            break
        if line.strip():
            paragraph.append(line.strip())
    return title, _plain(" ".join(paragraph))


def _plain(markdown: str) -> str:
    """Return a line of Markdown without its links' addresses and its marks of emphasis."""
    return _EMPHASIS.sub(lambda match: match["text"], _LINK.sub(lambda m: m["text"], markdown))


def _title_from_name(stem: str) -> str:
    words = re.sub(r"^\d+[-_ ]*", "", stem).replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else stem
