"""Where the browser's Python comes from: an address, or a folder that becomes part of the site."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from nbtutor.serve.errors import CannotStart

VERSION = "0.29.3"
"""The version that the tests run."""

PYTHON = "3.13"
"""The Python of that version."""

DEFAULT = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"

FOLDER = "pyodide"
"""Its place in a site that carries it."""

_LOCK = "pyodide-lock.json"
_RUNTIME = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", _LOCK)
_NEEDED = "numpy"

NOTEBOOKS_NEED = ("micropip", "sqlite3", "ssl", "jedi", "ipython")
"""What JupyterLite's kernel asks for at its start; a lesson's page does not."""

WELCOME = ("matplotlib",)
"""What is taken along where it is there: for `figure()` in a notebook."""


@dataclass(frozen=True)
class Pyodide:
    """A Pyodide that pages can load.

    Attributes
    ----------
    address : str
        Its folder, with a slash at the end: absolute, or from the top of the site.
    python : str
        The version of its Python, such as "3.13".
    files : tuple of Path
        What the site carries of it; empty where it comes from elsewhere.
    missing : tuple of str
        Packages that JupyterLite's notebooks would need and that are not there.
    """

    address: str
    python: str = PYTHON
    files: tuple[Path, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def first(self) -> tuple[Path, ...]:
        """Those of the files that a lesson's page fetches."""
        return tuple(
            path for path in self.files if path.name in _RUNTIME or path.name.startswith(_NEEDED)
        )


def find_pyodide(source: str) -> Pyodide:
    """Find a Pyodide, and check that what a lesson needs of it is there.

    Parameters
    ----------
    source : str
        The address of a Pyodide, or the path of a folder with one.
    """
    if re.match(r"https?://", source):
        return Pyodide(f"{source.rstrip('/')}/")
    folder = Path(source)
    if "://" in source or not folder.is_dir():
        msg = (
            f"--pyodide {source}: neither an address (https://…) nor a folder here. Give the "
            f"folder of an unpacked Pyodide, or leave the option out to use {DEFAULT}"
        )
        raise CannotStart(msg)
    for name in _RUNTIME:
        if not (folder / name).is_file():
            msg = (
                f"--pyodide {source}: the folder holds no {name}. It has to be an unpacked "
                f"Pyodide with its packages, such as the release archive of {VERSION}"
            )
            raise CannotStart(msg)
    lock = json.loads((folder / _LOCK).read_text("utf-8"))
    if _NEEDED not in lock["packages"]:
        msg = f"--pyodide {source}: its list of packages has no {_NEEDED}"
        raise CannotStart(msg)
    for name, checksum in _files(lock, _NEEDED):
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != checksum:
            what = (
                "is not the file that its list of packages says" if path.is_file() else "is missing"
            )
            msg = f"--pyodide {source}: {name} {what}. Take a folder with its packages"
            raise CannotStart(msg)
    taken = set(_RUNTIME)
    missing = []
    for package in (_NEEDED, *NOTEBOOKS_NEED, *WELCOME):
        names = {name for name, _ in _files(lock, package)}
        if names and all((folder / name).is_file() for name in names):
            taken |= names
        elif package in NOTEBOOKS_NEED:
            missing.append(package)
    return Pyodide(
        f"{FOLDER}/",
        python=".".join(lock["info"]["python"].split(".")[:2]),
        files=tuple(folder / name for name in sorted(taken)),
        missing=tuple(missing),
    )


def copy_pyodide(found: Pyodide, site: Path) -> None:
    """Copy what the site carries of it, and shorten its list of packages to that.

    What the list names, a notebook's `%pip install` would take from here, and not from the site's
    own wheels.
    """
    if not found.files:
        return
    target = site / FOLDER
    target.mkdir()
    for path in found.files:
        shutil.copyfile(path, target / path.name)
    names = {path.name for path in found.files}
    lock = json.loads((target / _LOCK).read_text("utf-8"))
    packages = lock["packages"].items()
    lock["packages"] = {name: each for name, each in packages if each["file_name"] in names}
    (target / _LOCK).write_text(json.dumps(lock), "utf-8")


def _files(lock: dict[str, Any], package: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a package and of all it depends on, each with its checksum."""
    # Those that a package depends on may be written otherwise than their own entries.
    found = lock["packages"].get(canonicalize_name(package))
    if found is not None:
        yield found["file_name"], found["sha256"]
        for each in found["depends"]:
            yield from _files(lock, each)
