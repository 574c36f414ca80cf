"""Builds the site: pages, packages, Pyodide, and JupyterLite for who wants to edit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from nbtutor import __version__
from nbtutor.serve.course import Lesson, list_lessons
from nbtutor.serve.errors import CannotStart

from .lite import build_lite, check_parts
from .pages import LESSONS, SERVED, STATIC, Kernel, write_pages
from .pyodide import copy_pyodide, find_pyodide
from .wheels import EDITORS_ONLY, build_wheels

WHEELS = "wheels"
MARK = "nbtutor-site.json"
"""Says that a folder holds a site of ours, which may be built anew."""

_BUNDLES = Path(__file__).resolve().parents[2] / "static"


@dataclass(frozen=True)
class Site:
    """What was built.

    Attributes
    ----------
    lessons : list of Lesson
    files : int
    size : int
        Bytes of all files.
    first_visit : int or None
        Bytes that a lesson's page fetches; None where Pyodide comes from elsewhere.
    missing : tuple of str
        Packages of Pyodide without which the notebooks cannot be run: then the site has none.
    """

    lessons: list[Lesson]
    files: int
    size: int
    first_visit: int | None
    missing: tuple[str, ...]


def build_site(folder: Path, site: Path, pyodide: str, say: Callable[[str], None]) -> Site:
    """Build the static site.

    Parameters
    ----------
    folder : Path
        The notebooks.
    site : Path
        Where it goes: a new or empty folder, or one with an earlier site.
    pyodide : str
        Address or folder of Pyodide.
    say : callable
        Is told what is being done.
    """
    if not list_lessons(folder):
        msg = f"{folder} holds no notebooks (.ipynb)"
        raise CannotStart(msg)
    if site.resolve().is_relative_to(folder.resolve()):
        msg = f"OUT {site}: it lies inside the folder of the notebooks; give another place"
        raise CannotStart(msg)
    runtime = find_pyodide(pyodide)
    if not runtime.missing:
        check_parts()
    _clear(site)
    copy_pyodide(runtime, site)
    say("Packing the Python packages")
    wheels = build_wheels(site / WHEELS, runtime.python)
    say("Writing the pages")
    _copy_shared(site)
    _copy_beside(folder, site / LESSONS)
    loaded = [wheel for wheel in wheels if wheel.name.split("-")[0] not in EDITORS_ONLY]
    fetched = [f"{runtime.address}{path.name}" for path in runtime.first]
    sizes = {address: (site / address).stat().st_size for address in fetched}
    sizes |= {f"{WHEELS}/{wheel.name}": wheel.stat().st_size for wheel in loaded}
    kernel = Kernel(
        pyodide=runtime.address,
        wheels=[f"{WHEELS}/{wheel.name}" for wheel in loaded],
        sizes=sizes,
        modules={"anywidget": f"{STATIC}/anywidget.js"},
    )
    notebooks = ""
    if not runtime.missing:
        say("Building JupyterLite")
        notebooks = build_lite(folder, wheels, runtime.address, site)
    lessons = write_pages(folder, site, kernel, notebooks)
    files = [path for path in site.rglob("*") if path.is_file()]
    return Site(
        lessons=lessons,
        files=len(files),
        size=sum(path.stat().st_size for path in files),
        first_visit=sum(sizes.values()) if runtime.files else None,
        missing=runtime.missing,
    )


def _clear(site: Path) -> None:
    """Make the folder, or empty it if what it holds was built by this."""
    if site.exists() and not site.is_dir():
        msg = f"OUT {site}: this is a file; give a folder"
        raise CannotStart(msg)
    if site.is_dir() and any(site.iterdir()):
        if not (site / MARK).is_file():
            msg = f"OUT {site}: the folder holds something else; give a new or an empty one"
            raise CannotStart(msg)
        shutil.rmtree(site)
    site.mkdir(parents=True, exist_ok=True)
    (site / MARK).write_text(json.dumps({"nbtutor": __version__}) + "\n", "utf-8")


def _copy_shared(site: Path) -> None:
    """Copy what all pages share."""
    target = site / STATIC
    target.mkdir()
    for name in ("site.js", "site.css", "kernel.js"):
        if not (_BUNDLES / name).is_file():
            msg = f"the front end is not built ({_BUNDLES / name} is missing): install with pip"
            raise CannotStart(msg)
        shutil.copyfile(_BUNDLES / name, target / name)
    for name in ("page.css", "page.js"):
        shutil.copyfile(SERVED / "static" / name, target / name)
    front_end = distribution("anywidget").locate_file("anywidget/nbextension/index.js")
    shutil.copyfile(str(front_end), target / "anywidget.js")


def _copy_beside(folder: Path, target: Path) -> None:
    """Copy what lies with the notebooks, such as their pictures."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        hidden = any(part.startswith((".", "__")) for part in inside.parts)
        if path.is_file() and path.suffix != ".ipynb" and not hidden:
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / inside)
