"""The wheels for the browser: pure, complete, and the same at each build."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from importlib.metadata import PathDistribution, distribution, version
from pathlib import Path

import pytest

import nbtutor
from nbtutor.serve.errors import CannotStart
from nbtutor.serve.site import wheels
from nbtutor.serve.site.wheels import build_wheels, needed, write_wheel


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build_wheels(tmp_path_factory.mktemp("wheels"), "3.13")


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_everything_that_a_lesson_imports_is_there(built: list[Path]) -> None:
    found = {path.name.split("-")[0]: path.name.split("-")[1] for path in built}
    assert built[0].name == f"nbtutor_neural-{nbtutor.__version__}-py3-none-any.whl"
    for name in ("anywidget", "ipywidgets", "psygnal", "ipython", "traitlets", "comm"):
        assert found[name] == version(name)
    # Pyodide brings the one; the others are for a server.
    assert {"numpy", "matplotlib", "voila", "ipykernel", "jupyterlab", "psutil"}.isdisjoint(found)


def test_nothing_is_compiled(built: list[Path]) -> None:
    for wheel in built:
        assert wheel.name.endswith("-py3-none-any.whl")
        assert [name for name in names(wheel) if name.endswith((".so", ".pyd", ".pyc"))] == []


def test_nbtutors_own_wheel_is_what_a_kernel_needs(built: list[Path]) -> None:
    inside = names(built[0])
    assert {
        "nbtutor/__init__.py",
        "nbtutor/serve/site/kernel.py",
        "nbtutor/static/nbtutor.js",
        "nbtutor/static/nbtutor.css",
    } <= set(inside)
    assert [name for name in inside if "frontend" in name or name.endswith(".ipynb")] == []
    assert "nbtutor/static/site.js" not in inside


def test_the_record_is_true(built: list[Path]) -> None:
    for wheel in built:
        with zipfile.ZipFile(wheel) as archive:
            (record,) = [name for name in archive.namelist() if name.endswith(".dist-info/RECORD")]
            rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
            assert {row[0] for row in rows} == set(archive.namelist())
            for name, _, size in rows:
                assert size in ("", str(len(archive.read(name))))


def test_two_builds_are_the_same(built: list[Path], tmp_path: Path) -> None:
    again = build_wheels(tmp_path, "3.13")
    assert [path.name for path in again] == [path.name for path in built]
    for first, second in zip(built, again, strict=True):
        digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)}
        assert len(digests) == 1, first.name


def installed(folder: Path, *files: str, metadata: str = "") -> PathDistribution:
    """A distribution as an installer leaves it."""
    information = folder / "pack-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Name: pack\nVersion: 1.0\n{metadata}", "utf-8")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n", "utf-8")
    listed = ["pack-1.0.dist-info/METADATA", "../../bin/pack", *files]
    (information / "RECORD").write_text("\n".join(f"{name},," for name in listed), "utf-8")
    return PathDistribution(information)


def test_scripts_of_this_machine_stay_here(tmp_path: Path) -> None:
    found = installed(tmp_path, "pack/__init__.py", "pack/__pycache__/__init__.cpython-311.pyc")
    wheel = write_wheel(found, tmp_path)
    assert [name for name in names(wheel) if "dist-info" not in name] == ["pack/__init__.py"]


def test_a_compiled_package_is_refused(tmp_path: Path) -> None:
    found = installed(tmp_path, "pack/__init__.py", "pack/core.cpython-313-x86_64-linux-gnu.so")
    with pytest.raises(CannotStart, match=r"pack has a compiled part, pack/core\."):
        write_wheel(found, tmp_path)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = installed(tmp_path, metadata="Requires-Dist: not-to-be-found\n")
    monkeypatch.setattr(wheels, "DISTRIBUTION", "pack")
    monkeypatch.setattr(
        wheels, "distribution", lambda name: found if name == "pack" else distribution(name)
    )
    with pytest.raises(CannotStart, match="not-to-be-found, which is not installed here"):
        needed("3.13")


def test_requirements_are_those_of_the_browser(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [
        "Requires-Dist: gone; sys_platform != 'emscripten'",
        "Requires-Dist: old; python_version < '3.13'",
        "Requires-Dist: more; extra == 'more'",
        "Requires-Dist: comm",
    ]
    found = installed(tmp_path, metadata="\n".join(lines) + "\n")
    monkeypatch.setattr(wheels, "DISTRIBUTION", "pack")
    monkeypatch.setattr(
        wheels, "distribution", lambda name: found if name == "pack" else distribution(name)
    )
    assert [each.metadata["Name"] for each in needed("3.13")] == ["pack", "comm"]
