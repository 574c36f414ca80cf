"""What the page templates are told about the course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from logging import Logger
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.utils import url_path_join

from .course import TITLE, Lesson, list_lessons
from .errors import CannotStart

_TOKENS = Path(__file__).resolve().parents[1] / "static" / "tokens.css"


def add_course(
    page_config: dict[str, Any],
    *,
    base_url: str,
    settings: dict[str, Any],
    log: Logger,
    voila_configuration: Any,
    notebook_path: str,
) -> dict[str, Any]:
    """Add the course to a page's configuration, under the key ``nbtutor``.

    Voilà calls this for every page it makes (``VoilaConfiguration.page_config_hook``).
    """
    page_config["nbtutor"] = course_context(
        Path(settings["contents_manager"].root_dir), base_url, notebook_path
    )
    return page_config


def add_hosted_course(
    page_config: dict[str, Any],
    *,
    base_url: str,
    settings: dict[str, Any],
    notebook_path: str,
    start: str,
    **_: Any,
) -> dict[str, Any]:
    """Do the same where Voilà is an extension of a Jupyter server.

    There a lesson has other lessons beside it wherever it lies below the server's root; ``start``
    is the folder with those of the course.
    """
    root = Path(settings["contents_manager"].root_dir)
    inside = notebook_path.strip("/") or start
    place = inside if (root / inside).is_dir() else inside.rpartition("/")[0]
    page_config["nbtutor"] = hosted_context(root, base_url, place, inside)
    # With neither of these a page draws formulas by what Voilà brings; with either, by what another
    # host has. A server of its own leaves both out.
    page_config.update(fullMathjaxUrl=None, mathjaxConfig=None)
    return page_config


def hosted_context(
    root: Path, base_url: str, place: str, notebook_path: str = ""
) -> dict[str, Any]:
    """Return titles and addresses for a page where Voilà is an extension of a Jupyter server.

    Parameters
    ----------
    root
        The server's root folder.
    base_url
        The path that the server's addresses start with. By itself it leads to JupyterLab, so that
        the start page has another address.
    place
        The folder with the lessons, below the root.
    notebook_path
        The lesson that the page shows, below the root; empty on the start page.
    """
    name = notebook_path.removeprefix(f"{place}/")
    context = course_context(root / place, base_url, name, place=place)
    return {**context, "home": url_path_join(base_url, "voila/tree", quote(place))}


def course_context(
    folder: Path, base_url: str, notebook_path: str = "", *, place: str = ""
) -> dict[str, Any]:
    """Return titles and addresses for a page: the course, its lessons, where the reader is.

    Parameters
    ----------
    folder
        The folder with the lessons.
    base_url
        The path that the server's addresses start with.
    notebook_path
        The lesson that the page shows; empty on the start page.
    place
        Where the folder is below the server's root; empty if it is the root.
    """
    return describe(
        list_lessons(folder),
        home=base_url,
        address=lambda path: url_path_join(base_url, "voila/render", quote(place), quote(path)),
        here=notebook_path,
    )


def describe(
    lessons: Sequence[Lesson], *, home: str, address: Callable[[str], str], here: str = ""
) -> dict[str, Any]:
    """Return what every page of the course is told, whoever sends it.

    Parameters
    ----------
    lessons
        Of the course, in their order.
    home
        The address of the start page.
    address
        Returns the address of the page of a lesson's notebook.
    here
        The notebook that the page shows; empty on the start page.
    """
    listed = [
        {
            "number": lesson.number,
            "title": lesson.title,
            "summary": lesson.summary,
            "url": address(lesson.path),
            "current": lesson.path == here,
        }
        for lesson in lessons
    ]
    at = next((i for i, lesson in enumerate(listed) if lesson["current"]), None)
    return {
        "tokens": tokens(),
        "course": TITLE,
        "home": home,
        "lessons": listed,
        "lesson": None if at is None else listed[at],
        "previous": listed[at - 1] if at else None,
        "next": None if at is None or at + 1 == len(listed) else listed[at + 1],
    }


@lru_cache(maxsize=1)
def tokens() -> str:
    """Return the colours and sizes that pages share with the widgets, as CSS."""
    try:
        return _TOKENS.read_text(encoding="utf-8")
    except FileNotFoundError:
        msg = f"the front end is not built ({_TOKENS} is missing): install the package with pip"
        raise CannotStart(msg) from None
