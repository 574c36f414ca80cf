"""JupyterLite as a part of the site: the versions that are pinned build it, from what is here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from nbtutor.serve.errors import CannotStart
from nbtutor.serve.site import lite
from nbtutor.serve.site.pyodide import DEFAULT
from tests.serve.server import write_lesson

# Half a minute of pip: the site without it is tested in every run.
pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def out(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with JupyterLite, built by the command."""
    pins = re.findall(r'"(jupyterlite-\S+?)"', (root / "pyproject.toml").read_text("utf-8"))
    assert len(pins) == 2
    # Not into the tests' own environment: its JupyterLab would find the kernel's extension.
    parts = tmp_path_factory.mktemp("parts")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--target", str(parts), *pins],
        check=True,
    )
    folder = tmp_path_factory.mktemp("notebooks")
    write_lesson(folder / "01-one.ipynb", "One", "import nbtutor\nnbtutor.Playground()")
    site = tmp_path_factory.mktemp("site") / "course"
    path = os.pathsep.join([str(parts), str(root)])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "JUPYTER_PATH": str(parts / "share" / "jupyter"),
    }
    subprocess.run(
        [sys.executable, "-m", "nbtutor.serve.command", "site", site, "--notebooks", folder],
        env=environment,
        check=True,
    )
    return site


def test_its_kernel_finds_python_and_packages_and_asks_no_index(out: Path) -> None:
    settings = json.loads((out / "notebooks/jupyter-lite.json").read_text("utf-8"))
    data = settings["jupyter-config-data"]
    kernel = data["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["pyodideUrl"] == f"{DEFAULT}pyodide.mjs"
    assert kernel["disablePyPIFallback"] is True
    listed = json.loads((out / "notebooks/pypi/all.json").read_text("utf-8"))
    assert {"nbtutor-neural", "ipywidgets", "anywidget", "psygnal"} <= set(listed)
    assert {each["name"] for each in data["federated_extensions"]} == {
        "@jupyter-widgets/jupyterlab-manager",
        "@jupyterlite/pyodide-kernel-extension",
        "anywidget",
    }


def test_a_pyodide_of_the_site_is_found_from_a_folder_below() -> None:
    data = lite._page_settings("pyodide/")["jupyter-config-data"]
    (kernel,) = data["litePluginSettings"].values()
    assert kernel["pyodideUrl"] == "./../pyodide/pyodide.mjs"


def test_a_notebook_begins_with_what_it_needs(out: Path) -> None:
    notebook = json.loads((out / "notebooks/files/01-one.ipynb").read_text("utf-8"))
    first, *rest = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert "%pip install -q nbtutor-neural" in first
    assert rest[-1].startswith("import nbtutor")


def test_the_start_page_leads_there(out: Path) -> None:
    page = (out / "index.html").read_text("utf-8")
    (address,) = re.findall(r'<a href="([^"]+)">open the notebooks</a>', page)
    assert (out / address).is_file()


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({}, "needs the package jupyterlite-core, which is not installed here"),
        (
            {"jupyterlite-core": "0.8.6", "jupyterlite-pyodide-kernel": "0.7.2"},
            "jupyterlite-core 0.8.6 and jupyterlite-pyodide-kernel 0.7.2 do not belong together",
        ),
    ],
)
def test_parts_that_are_missing_or_do_not_fit_are_named(
    versions: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(lite, "version", version)
    with pytest.raises(CannotStart, match=words):
        lite.check_parts()
