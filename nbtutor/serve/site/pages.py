"""The pages of the static site: the list of lessons, and each lesson with its text and pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from nbtutor.serve.course import Lesson, list_lessons
from nbtutor.serve.errors import CannotStart
from nbtutor.serve.pages import describe
from nbtutor.serve.settings import NOT_ON_PAGES

from .markdown import to_html

LESSONS = "lessons"
"""The folder of the lessons' pages."""

STATIC = "static"
"""The folder of what all pages share."""

_HERE = Path(__file__).resolve().parent

SERVED = _HERE.parent / "jupyter" / "voila" / "templates" / "nbtutor"
"""The templates of the pages that a server sends, which these are made from."""


@dataclass(frozen=True)
class Kernel:
    """What a lesson's page needs to start its kernel; addresses are from the top of the site.

    Attributes
    ----------
    pyodide : str
        The folder of Pyodide.
    wheels : list of str
    sizes : dict of str to int
        Bytes of files by address, as far as they are known.
    modules : dict of str to str
        Front ends of widgets by the name of their module.
    """

    pyodide: str
    wheels: list[str]
    sizes: dict[str, int]
    modules: dict[str, str]


def write_pages(folder: Path, site: Path, kernel: Kernel, notebooks: str) -> list[Lesson]:
    """Write the pages.

    Parameters
    ----------
    folder : Path
        The folder of the notebooks.
    site : Path
        The site's top folder.
    kernel : Kernel
    notebooks : str
        Address of the place to edit the notebooks, from the top of the site; empty for none.
    """
    lessons = list_lessons(folder)
    (site / LESSONS).mkdir(parents=True, exist_ok=True)
    templates = _templates("")
    course = _course(lessons, "", LESSONS + "/")
    page = templates.get_template("start.html.j2").render(
        page_config={"nbtutor": course}, nbtutor=course, notebooks=notebooks
    )
    (site / "index.html").write_text(page, "utf-8")
    template = _templates("../").get_template("lesson.html.j2")
    for lesson in lessons:
        cells, sources = _cells(folder / lesson.path)
        page = template.render(
            nbtutor=_course(lessons, "../", "", lesson.path),
            cells=cells,
            data=_as_script(_from_below(kernel) | {"cells": sources}),
        )
        (site / LESSONS / _page(lesson.path)).write_text(page, "utf-8")
    return lessons


def _templates(top: str) -> Environment:
    """Return the templates of a page from which the site's top is at this address."""
    templates = Environment(loader=FileSystemLoader([_HERE / "templates", SERVED]), autoescape=True)
    templates.globals["top"] = top
    # Voilà's pages carry these files inside; ours share them.
    templates.globals["include_css"] = lambda name: Markup(
        '<link rel="stylesheet" href="{}{}">'
    ).format(top, name)
    templates.globals["include_js"] = lambda name: Markup('<script src="{}{}"></script>').format(
        top, name
    )
    return templates


def _course(lessons: list[Lesson], top: str, folder: str, here: str = "") -> dict[str, Any]:
    """Return what the templates are told."""
    return describe(
        lessons, home=f"{top}index.html", address=lambda path: folder + _page(path), here=here
    )


def _page(notebook: str) -> str:
    return f"{Path(notebook).stem}.html"


def _cells(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return what the page shows of a notebook's cells, and the code that makes it live."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # whatever nbformat finds wrong
        msg = f"the notebook {path} cannot be read: {error}"
        raise CannotStart(msg) from error
    shown: list[dict[str, Any]] = []
    sources: list[dict[str, str]] = []
    for index, cell in enumerate(notebook.cells):
        if NOT_ON_PAGES in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            shown.append({"html": Markup(to_html(cell.source))})
        elif cell.cell_type == "code" and cell.source.strip():
            name = f"nbt-cell-{index}"
            shown.append({"id": name, "pictures": list(_pictures(cell.outputs))})
            sources.append({"id": name, "source": cell.source})
    return shown, sources


def _pictures(outputs: list[Any]) -> list[dict[str, str]]:
    """Return the saved pictures of a cell."""
    found = []
    for output in outputs:
        picture = output.get("data", {}).get("image/png")
        if picture is not None:
            words = output.get("metadata", {}).get("image/png", {}).get("alt")
            words = words or output["data"].get("text/plain", "")
            found.append({"data": "".join(picture.split()), "alt": words})
    return found


def _from_below(kernel: Kernel) -> dict[str, Any]:
    """Return the kernel's addresses as they are from a lesson's page."""

    def below(address: str) -> str:
        return address if "://" in address else f"../{address}"

    return {
        "pyodide": below(kernel.pyodide),
        "wheels": [below(wheel) for wheel in kernel.wheels],
        "sizes": {below(address): size for address, size in kernel.sizes.items()},
        "modules": {name: below(address) for name, address in kernel.modules.items()},
    }


def _as_script(data: dict[str, Any]) -> Markup:
    """Return data as the content of a script element, which nothing inside can close."""
    return Markup(json.dumps(data).replace("<", "\\u003c"))
