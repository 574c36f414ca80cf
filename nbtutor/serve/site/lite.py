"""JupyterLite: the notebooks to edit and run in the browser, as a part of the site."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jupyter_core.paths
import nbformat

from nbtutor.serve.course import TITLE
from nbtutor.serve.errors import INSTALL_SITE, CannotStart, MissingPackage

from .wheels import DISTRIBUTION

FOLDER = "notebooks"
"""Its place in the site."""

_KERNEL = "@jupyterlite/pyodide-kernel-extension"
# Of JupyterLab's extensions, those that lessons need; whatever else is installed here is not.
_EXTENSIONS = (_KERNEL, "@jupyter-widgets/jupyterlab-manager", "anywidget")
_PARTS = ("jupyterlite-core", "jupyterlite-pyodide-kernel")
# Its kernel brings a stand-in for this package.
_BROUGHT_BY_KERNEL = ("widgetsnbextension",)


def check_parts() -> None:
    """Check that JupyterLite is installed, and that its two parts belong together."""
    try:
        found = {part: version(part) for part in _PARTS}
    except PackageNotFoundError as error:
        raise MissingPackage(str(error.name)) from None
    if len({each.split(".")[1] for each in found.values()}) > 1:
        told = " and ".join(f"{part} {each}" for part, each in found.items())
        msg = f"{told} do not belong together, their versions must begin alike: {INSTALL_SITE}"
        raise CannotStart(msg)


def build_lite(folder: Path, wheels: list[Path], pyodide: str, site: Path) -> str:
    """Build JupyterLite into the site.

    Parameters
    ----------
    folder : Path
        The notebooks.
    wheels : list of Path
        The packages that its kernel may install; it asks no index.
    pyodide : str
        The folder of Pyodide: an address, or a path from the top of the site.
    site : Path

    Returns
    -------
    str
        The address of the notebooks, from the top of the site.
    """
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch)
        shutil.copytree(folder, source / "files", ignore=shutil.ignore_patterns(".*", "__*"))
        for notebook in (source / "files").rglob("*.ipynb"):
            _install_first(notebook)
        (source / "pypi").mkdir()
        for wheel in wheels:
            if not wheel.name.startswith(_BROUGHT_BY_KERNEL):
                shutil.copyfile(wheel, source / "pypi" / wheel.name)
        _write(source / "jupyter-lite.json", _page_settings(pyodide))
        _write(source / "jupyter_lite_config.json", _build_settings(site / FOLDER))
        result = subprocess.run(
            [sys.executable, "-m", "jupyterlite_core", "build"],
            cwd=source,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode != 0:
        end = "\n".join((result.stdout + result.stderr).strip().splitlines()[-15:])
        msg = f"JupyterLite could not be built. It says:\n{end}"
        raise CannotStart(msg)
    return f"{FOLDER}/lab/index.html"


def _page_settings(pyodide: str) -> dict[str, Any]:
    # An address that begins with a dot and a slash is from the folder of this file; whatever else
    # has no host is taken below JupyterLite's own, and "../" does not lead out of it.
    runtime = pyodide if "://" in pyodide else f"./../{pyodide}"
    kernel = {"pyodideUrl": f"{runtime}pyodide.mjs", "disablePyPIFallback": True}
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": TITLE,
            "litePluginSettings": {f"{_KERNEL}:kernel": kernel},
        },
    }


def _build_settings(output: Path) -> dict[str, Any]:
    return {
        "LiteBuildConfig": {
            "apps": ["lab"],
            "output_dir": str(output.resolve()),
            "federated_extensions": [str(_extension(name)) for name in _EXTENSIONS],
            "ignore_sys_prefix": ["federated_extensions"],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
        }
    }


def _extension(name: str) -> Path:
    """Return the folder of an installed extension of JupyterLab."""
    for place in jupyter_core.paths.jupyter_path("labextensions"):
        if (Path(place) / name / "package.json").is_file():
            return Path(place) / name
    msg = f"JupyterLab's extension {name} is not installed here"
    raise CannotStart(msg)


def _install_first(path: Path) -> None:
    """Begin a notebook with a cell that installs the course, as it is done in JupyterLite."""
    notebook = nbformat.read(path, as_version=4)
    source = f"# This browser has no packages yet.\n%pip install -q {DISTRIBUTION}"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, path)


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(json.dumps(settings, indent=2), "utf-8")
