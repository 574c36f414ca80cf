"""A Pyodide with a NumPy, from npm, and a site that is built with it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbtutor.frontend.build_hook import find_node
from nbtutor.serve.course import find_notebooks
from nbtutor.serve.site.build import build_site

HERE = Path(__file__).parent
RUNTIME = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """The folder with the packages that `package-lock.json` names."""
    folder = HERE / "node_modules"
    node = find_node()
    cache = Path(HERE.parents[1], "nbtutor", "frontend", ".cache")
    cache.mkdir(exist_ok=True)
    # Another worker may be at it.
    with (cache / "site-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (HERE / "package-lock.json").read_text("utf-8")
        mark = folder / ".installed"
        if not mark.is_file() or mark.read_text("utf-8") != wanted:
            result = subprocess.run(
                [*node.npm, "ci", "--ignore-scripts"],
                cwd=HERE,
                env=node.environment(cache / "npm"),
                capture_output=True,
                text=True,
                check=False,
            )
            assert result.returncode == 0, result.stdout + result.stderr
            mark.write_text(wanted, "utf-8")
    return folder


@pytest.fixture(scope="session")
def pyodide(npm_packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Pyodide and a NumPy that was built for it."""
    folder = tmp_path_factory.mktemp("pyodide")
    for name in RUNTIME:
        shutil.copyfile(npm_packages / "pyodide" / name, folder / name)
    lock = json.loads((npm_packages / "pyodide" / "pyodide-lock.json").read_text("utf-8"))
    numpy = lock["packages"]["numpy"]
    wheel = npm_packages / "@bentopdf/pymupdf-wasm/assets" / numpy["file_name"]
    shutil.copyfile(wheel, folder / wheel.name)
    # The same version, built by somebody else.
    numpy["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")
    return folder


@pytest.fixture(scope="session")
def site(pyodide: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course as a static site that needs no other host."""
    folder = tmp_path_factory.mktemp("site") / "course"
    build_site(find_notebooks(), folder, str(pyodide), lambda _: None)
    return folder


RunInNode = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def run_in_node(pyodide: Path, tmp_path_factory: pytest.TempPathFactory) -> RunInNode:
    """Run a Python program under Pyodide in Node."""
    node = find_node()

    def run(
        program: str, wheels: list[Path], mounts: dict[str, Path]
    ) -> subprocess.CompletedProcess[str]:
        settings = tmp_path_factory.mktemp("node") / "settings.json"
        content = {
            "pyodide": str(pyodide),
            "wheels": [str(wheel) for wheel in wheels],
            "mounts": {inside: str(folder) for inside, folder in mounts.items()},
            "program": program,
        }
        settings.write_text(json.dumps(content), "utf-8")
        return subprocess.run(
            # Hypothesis recurses deeply.
            [str(node.folder / "node"), "--stack-size=6000", str(HERE / "run.mjs"), str(settings)],
            capture_output=True,
            text=True,
            check=False,
        )

    return run
