"""The Python packages that a lesson needs in the browser, as wheels made of what is installed here.

A browser takes pure Python only. Making the wheels from the installed files needs no index and no
network, and the site runs the very versions that this machine has.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nbtutor.serve.errors import CannotStart, MissingPackage

DISTRIBUTION = "nbtutor-neural"

FROM_PYODIDE = frozenset({"numpy"})
"""What is compiled, and comes with Pyodide."""

EDITORS_ONLY = frozenset(
    {"jedi", "parso", "prompt_toolkit", "wcwidth", "widgetsnbextension", "jupyterlab_widgets"}
)
"""What only an editor or a terminal needs: a lesson's page does not fetch it."""

ACCELERATED = frozenset({"psygnal", "wcwidth"})
"""Packages with compiled parts that only make them faster: they run without, from their sources."""

_PACKAGE = Path(__file__).resolve().parents[2]

_BROWSER = {
    "sys_platform": "emscripten",
    "platform_system": "Emscripten",
    "platform_machine": "wasm32",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "extra": "",
}

# Scripts for pages that are not ours, and what only a compiler or a test reads.
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", "labextension", "nbextension", "frontend", "tests"})
_OF_PAGES = frozenset({"site.js", "site.css", "kernel.js"})
_LEFT_OUT_SUFFIXES = (".pyc", ".pyi", ".map")
_COMPILED = (".so", ".pyd")
# What an installer writes beside the metadata; it is about this machine.
_ABOUT_THE_INSTALL = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})

# Times in the archive: the oldest that a zip file knows, so that two builds are the same.
_EPOCH = (1980, 1, 1, 0, 0, 0)

_WHEEL = "Wheel-Version: 1.0\nGenerator: nbtutor\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheels(folder: Path, python_version: str) -> list[Path]:
    """Write the wheels of nbtutor and of all it needs in a browser, but for what Pyodide brings.

    Parameters
    ----------
    folder
        Where they go.
    python_version
        Of the browser's Python, such as "3.13".

    Returns
    -------
    list of Path
        nbtutor's own wheel first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [write_wheel(found, folder) for found in needed(python_version)]


def needed(python_version: str) -> list[Distribution]:
    """Return the installed distributions that a lesson needs in the browser, nbtutor's first."""
    environment = {
        **_BROWSER,
        "python_version": python_version,
        "python_full_version": f"{python_version}.0",
    }
    found: dict[str, Distribution] = {}
    waiting = [DISTRIBUTION]
    while waiting:
        name = canonicalize_name(waiting.pop(0))
        if name in found or name in FROM_PYODIDE:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            raise MissingPackage(name, f"python -m pip install {name}") from None
        requirements = map(Requirement, found[name].requires or [])
        waiting += [
            each.name
            for each in requirements
            if each.marker is None or each.marker.evaluate(environment)
        ]
    return list(found.values())


def write_wheel(found: Distribution, folder: Path) -> Path:
    """Write an installed distribution as a wheel, and return its path."""
    name = canonicalize_name(found.metadata["Name"]).replace("-", "_")
    stem = f"{name}-{found.version}"
    information = f"{stem}.dist-info"
    contents = dict(_own_files() if canonicalize_name(name) == DISTRIBUTION else _files(found))
    contents[f"{information}/METADATA"] = (found.read_text("METADATA") or "").encode()
    contents[f"{information}/WHEEL"] = _WHEEL.encode()
    record = f"{information}/RECORD"
    contents[record] = _record(contents, record)
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for inside, data in sorted(contents.items()):
            entry = zipfile.ZipInfo(inside, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return path


def _own_files() -> Iterator[tuple[str, bytes]]:
    """Yield the files of this package, wherever it lies: an editable install lists none."""
    for path in _PACKAGE.rglob("*"):
        inside = PurePosixPath(path.relative_to(_PACKAGE.parent).as_posix())
        # The pages have the notebooks' text and their own scripts already.
        elsewhere = inside.parts[1] == "notebooks" or inside.name in _OF_PAGES
        if path.is_file() and _wanted(inside) and not elsewhere:
            yield str(inside), path.read_bytes()


def _files(found: Distribution) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an installed distribution that belong into a pure wheel."""
    name = canonicalize_name(found.metadata["Name"])
    for path in (PurePosixPath(each.as_posix()) for each in found.files or []):
        if path.suffix in _COMPILED and name not in ACCELERATED:
            msg = f"the package {name} has a compiled part, {path}: it cannot run in a browser"
            raise CannotStart(msg)
        about = path.parts[0].endswith(".dist-info") and path.name in _ABOUT_THE_INSTALL
        if _wanted(path) and not about:
            yield str(path), Path(str(found.locate_file(path))).read_bytes()


def _wanted(path: PurePosixPath) -> bool:
    # Scripts and data for this machine are listed by a way that leads out of the packages' folder.
    return (
        ".." not in path.parts
        and not path.is_absolute()
        and _LEFT_OUT_FOLDERS.isdisjoint(path.parts)
        and not path.name.endswith((*_LEFT_OUT_SUFFIXES, *_COMPILED))
    )


def _record(contents: dict[str, bytes], own_name: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in sorted(contents.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([own_name, "", ""])
    return text.getvalue().encode()
