"""The sdist and the wheel, built and installed as on a machine that has Python and no Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import nbtutor
from tests.packaging.pythons import find_python

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass
class Built:
    tree: Path
    sources: frozenset[str]
    home: Path
    sdist: Path
    wheel: Path
    wheel_of_sdist: Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home folder, to see what a build leaves there."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run_without_node(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command with a PATH that has a shell and nothing else."""
    folder = tmp_path_factory.mktemp("path")
    shell = shutil.which("sh")
    assert shell is not None
    (folder / "sh").symlink_to(shell)
    # pip's own cache stays where it is: what it holds need not be fetched again.
    pip_cache = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True
    )
    environment = {
        **os.environ,
        "PATH": str(folder),
        "HOME": str(home),
        "PIP_CACHE_DIR": pip_cache.stdout.strip(),
    }
    environment.pop("PYTHONPATH", None)

    def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result

    return run


@pytest.fixture(scope="module")
def built(
    root: Path, home: Path, run_without_node: Run, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    """A clean copy of the tree, the sdist and wheel made of it, and the wheel made of the sdist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a clone: git cannot say which files belong to the source tree")
    names = listed.stdout.decode().split("\0")
    sources = frozenset(name for name in names if name and (root / name).is_file())
    tree = tmp_path_factory.mktemp("tree")
    for name in sources:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, tree / name)

    build = [sys.executable, "-m", "build", "--outdir"]
    folder = tmp_path_factory.mktemp("dist")
    # The sdist needs Node. The wheel of the tree then finds the bundle made.
    run_without_node(*build, folder, "--sdist", "--wheel", cwd=tree)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    source = folder / sdist.name.removesuffix(".tar.gz")
    run_without_node(*build, folder / "again", "--wheel", cwd=source)
    assert not (source / "nbtutor/frontend/node_modules").exists()
    (wheel_of_sdist,) = (folder / "again").glob("*.whl")
    return Built(tree, sources, home, sdist, wheel, wheel_of_sdist)


@pytest.fixture(scope="module")
def contents(built: Built) -> dict[str, bytes]:
    with zipfile.ZipFile(built.wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_the_bundle(contents: dict[str, bytes]) -> None:
    assert b"export" in contents["nbtutor/static/nbtutor.js"]
    assert b".nbt-board" in contents["nbtutor/static/nbtutor.css"]


def test_the_wheel_holds_the_notebooks(contents: dict[str, bytes], root: Path) -> None:
    expected = {f"nbtutor/notebooks/{path.name}" for path in (root / "notebooks").glob("*.ipynb")}
    assert "nbtutor/notebooks/00-playground.ipynb" in expected
    assert expected <= contents.keys()


def test_the_wheel_holds_the_whole_package(built: Built, contents: dict[str, bytes]) -> None:
    expected = {
        name
        for name in built.sources
        if name.startswith("nbtutor/") and not name.startswith("nbtutor/frontend/")
    }
    assert expected - contents.keys() == set()
    assert any(name.startswith("nbtutor/serve/") and name.endswith(".j2") for name in expected)


def test_the_wheel_holds_nothing_else(contents: dict[str, bytes]) -> None:
    assert {name.split("/")[0] for name in contents} == {
        "nbtutor",
        f"nbtutor_neural-{nbtutor.__version__}.dist-info",
    }
    assert [name for name in contents if "frontend" in name or "node_modules" in name] == []


def test_the_wheel_of_the_sdist_is_the_same(built: Built, contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(built.wheel_of_sdist) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents


def test_the_sdist_holds_the_sources(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tests = {name for name in names if name.startswith("tests/")}
    assert {"LICENSE", "README.md", "nbtutor/frontend/package-lock.json"} <= names
    assert "tests/conftest.py" in tests
    assert [name for name in names if "node_modules" in name or "/.cache/" in name] == []


def test_a_build_writes_only_into_ignored_folders(built: Built) -> None:
    allowed = (
        "nbtutor/static/",
        "nbtutor/frontend/.cache/",
        "nbtutor/frontend/__pycache__/",
        "nbtutor/frontend/node_modules/",
    )
    files = {
        path.relative_to(built.tree).as_posix() for path in built.tree.rglob("*") if path.is_file()
    }
    made = files - built.sources
    assert "nbtutor/static/nbtutor.js" in made
    assert [name for name in made if not name.startswith(allowed)] == []
    assert list(built.home.iterdir()) == []


def test_the_wheel_installs_and_runs(
    built: Built, root: Path, run_without_node: Run, tmp_path: Path
) -> None:
    """With Binder's versions, where the machine has Binder's Python; else with the newest."""
    wanted = (root / "binder/runtime.txt").read_text("utf-8").strip()
    python = find_python(wanted.removeprefix("python-"))
    pins = ["--constraint", root / "binder/requirements.txt"] if python else []
    run_without_node(python or sys.executable, "-m", "venv", "venv", cwd=tmp_path)
    scripts = tmp_path / "venv" / "bin"
    run_without_node(
        *(scripts / "python", "-m", "pip", "install", "-q", built.wheel, *pins), cwd=tmp_path
    )
    version = run_without_node(scripts / "nbtutor", "--version", cwd=tmp_path).stdout
    assert nbtutor.__version__ in version
    code = "import nbtutor, json; print(json.dumps([nbtutor.__file__, str(nbtutor.Playground)]))"
    answer = run_without_node(scripts / "python", "-c", code, cwd=tmp_path).stdout
    file, playground = json.loads(answer)
    assert Path(file).is_relative_to(tmp_path)
    assert "Playground" in playground
    lesson = Path(file).parent / "notebooks/00-playground.ipynb"
    run_without_node(scripts / "jupyter", "execute", lesson, cwd=tmp_path)
