"""What Binder makes of ``binder/``, without Docker: its Dockerfile, its pins, its scripts."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import nbtutor
from tests.packaging.pythons import find_python

# What Binder's image has, and we pin too.
BESIDES = ("notebook",)
# What Binder's image has beside our pins and runs in the same server. The first is the name there.
IN_IMAGE = {
    "notebook": "notebook",
    "jupyterhub-base": "jupyterhub",
    "jupyter-offlinenotebook": "jupyter-offlinenotebook",
    "jupyter-resource-usage": "jupyter-resource-usage",
}
# Ubuntu 24.04, which the image is made from, has glibc 2.39.
NEWEST_GLIBC = 39


@pytest.fixture(scope="module")
def python(root: Path) -> str:
    """Version of Python that Binder is asked for."""
    return (root / "binder/runtime.txt").read_text("utf-8").strip().removeprefix("python-")


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    """Version of each package in binder/requirements.txt."""
    lines = (root / "binder/requirements.txt").read_text("utf-8").splitlines()
    pinned = [line.partition("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in pinned}


@pytest.fixture(scope="module")
def in_image(python: str, pins: Mapping[str, str]) -> dict[str, str]:
    """Version of the packages that stay in Binder's image as they are."""
    name = f"buildpacks/conda/environment.py-{python}-linux-64.lock"
    lock = (importlib.resources.files("repo2docker") / name).read_text("utf-8")
    found = dict(re.findall(r"/([\w.-]+)-(\d[\w.]*)-[^-/]+\.conda", lock))
    assert IN_IMAGE.keys() <= found.keys()
    return {ours: found[theirs] for theirs, ours in IN_IMAGE.items() if ours not in pins}


@pytest.fixture(scope="module")
def chosen(
    root: Path, python: str, in_image: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Metadata of the wheels that Binder's pip takes, by the package's name.

    pip is told Binder's Python and platform, and to take what is pinned and nothing else: what
    each package asks for is looked at here.
    """
    folder = tmp_path_factory.mktemp("resolved")
    report = folder / "report.json"
    versions = [f"manylinux_2_{minor}" for minor in range(5, NEWEST_GLIBC + 1)]
    platforms = [f"{name}_x86_64" for name in (*versions, "manylinux1", "manylinux2010")]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps"),
            *("--only-binary=:all:", "--ignore-requires-python", "--python-version", python),
            *(f"--platform={name}" for name in [*platforms, "manylinux2014_x86_64"]),
            *("--target", str(folder / "target"), "--report", str(report)),
            *("--requirement", str(root / "binder/requirements.txt")),
            *(f"{name}=={version}" for name, version in in_image.items()),
        ],
        check=True,
    )
    wheels = json.loads(report.read_text("utf-8"))["install"]
    return {canonicalize_name(w["metadata"]["name"]): w["metadata"] for w in wheels}


def needed(
    asked: Iterable[str], chosen: Mapping[str, Mapping[str, Any]], python: str
) -> dict[str, set[Requirement]]:
    """Follow requirements to the end, as pip does; return them by the package's name."""
    environment: dict[str, str] = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    found: dict[str, set[Requirement]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(text, "") for text in asked]
    while waiting:
        text, extra = waiting.pop()
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate(environment | {"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found.setdefault(name, set()).add(requirement)
        for of in ["", *requirement.extras]:
            if (name, of) not in seen:
                seen.add((name, of))
                more = chosen.get(name, {}).get("requires_dist", [])
                waiting += [(each, of) for each in more]
    return found


def refused(requirements: Mapping[str, set[Requirement]], pins: Mapping[str, str]) -> list[str]:
    """Return the requirements that a pin does not meet."""
    return [
        f"{requirement} against {pins[name]}"
        for name, each in requirements.items()
        if name in pins
        for requirement in each
        if not requirement.specifier.contains(pins[name], prereleases=True)
    ]


@pytest.fixture(scope="module")
def ours() -> list[str]:
    """What the package asks for."""
    return importlib.metadata.requires("nbtutor-neural") or []


def test_every_line_pins_one_version(pins: dict[str, str]) -> None:
    wrong = {name: pin for name, pin in pins.items() if not re.fullmatch(r"\d+(\.\d+)*", pin)}
    assert wrong == {}


def test_each_dependency_is_pinned_to_a_version_it_allows(
    pins: dict[str, str], ours: list[str], python: str
) -> None:
    direct = needed(ours, {}, python)
    assert {"numpy", "voila", "ipykernel"} <= direct.keys() <= pins.keys()
    assert refused(direct, pins) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_pin_is_a_wheel_for_binders_python(
    chosen: dict[str, dict[str, Any]],
    pins: dict[str, str],
    in_image: dict[str, str],
    python: str,
) -> None:
    assert {name: wheel["version"] for name, wheel in chosen.items()} == {**pins, **in_image}
    asked = {name: SpecifierSet(w.get("requires_python", "")) for name, w in chosen.items()}
    # The image has the newest of its minor version.
    assert [name for name, allowed in asked.items() if f"{python}.99" not in allowed] == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_pins_go_together_and_are_all_there_is(
    chosen: dict[str, dict[str, Any]],
    pins: dict[str, str],
    ours: list[str],
    python: str,
) -> None:
    found = needed([*ours, *BESIDES], chosen, python)
    assert found.keys() - pins.keys() == set(), "not pinned, so Binder takes the newest"
    assert pins.keys() - found.keys() == set(), "pinned, and nothing asks for it"
    assert refused(found, pins) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_pins_suit_what_else_is_in_the_image(
    chosen: dict[str, dict[str, Any]],
    pins: dict[str, str],
    in_image: dict[str, str],
    python: str,
) -> None:
    assert "jupyterhub" in in_image
    assert refused(needed(in_image, chosen, python), pins) == []


def test_the_check_of_pins_itself() -> None:
    chosen = {
        "a": {"requires_dist": ["b>=2", "c; python_version < '3'", "d; extra == 'more'"]},
        "b": {"requires_dist": ["e[more]<1"]},
        "e": {"requires_dist": ["f; extra == 'more'"]},
    }
    found = needed(["A[more]"], chosen, "3.12")
    assert set(found) == {"a", "b", "d", "e", "f"}
    assert refused(found, {"b": "1.9", "e": "0.5"}) == ["b>=2 against 1.9"]


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> str:
    """What repo2docker would build."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "repo2docker", "--no-build", "--debug"),
            *("--user-id", "1000", "--user-name", "jovyan", str(root)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_image_is_made_in_the_right_order(dockerfile: str, python: str) -> None:
    assert f"python={python}" in dockerfile
    steps = [
        # The pins come before the repository: a change of a lesson leaves them in Docker's cache.
        r"^COPY .*src/binder/requirements\.txt",
        r'^RUN .*/pip install .*-r "binder/requirements\.txt"$',
        r"^COPY .* src/ \$\{REPO_DIR\}/$",
        # No build step of ours, and no server, is run by root.
        r"^USER \$\{NB_USER\}$",
        r"^RUN \./binder/postBuild$",
        r'^ENV R2D_ENTRYPOINT="\$\{REPO_DIR\}/binder/start"$',
    ]
    at = 0
    for step in steps:
        found = re.compile(step, re.MULTILINE).search(dockerfile, at)
        assert found, f"not there, or too early: {step}"
        at = found.end()
    assert "USER root" not in dockerfile[at:]


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_be_executed(name: str, root: Path) -> None:
    path = root / "binder" / name
    assert path.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
    assert os.access(path, os.X_OK)
    checked = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert checked.stderr == ""


def test_start_becomes_the_command(root: Path) -> None:
    """One process, not two: a signal to stop has to reach the server."""
    command = "import os, sys; print(os.getpid(), os.environ['OMP_NUM_THREADS'], *sys.argv[1:])"
    with subprocess.Popen(
        [root / "binder/start", sys.executable, "-c", command, "an argument", "*"],
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
    ) as process:
        told, _ = process.communicate(timeout=60)
    assert told == f"{process.pid} 1 an argument *\n"


def test_post_build_installs_the_package_and_its_settings(root: Path, tmp_path: Path) -> None:
    """With a pip that only says what it was asked; the soak test below has the real one."""
    environment, tree = tmp_path / "environment", tmp_path / "tree"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin/python"
    python.write_text(f'#!/bin/sh\n[ "$1" = -m ] && echo "$@" || echo {environment}\n')
    python.chmod(0o755)
    shutil.copytree(root / "binder", tree / "binder")
    made = [tree / "nbtutor/frontend/node_modules", tree / "nbtutor/frontend/.cache"]
    for folder in made:
        folder.mkdir(parents=True)
    done = subprocess.run(
        [tree / "binder/postBuild"],
        cwd=tree,
        env={"PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "-m pip install --no-cache-dir --no-deps .\n"
    settings = environment / "etc/jupyter/jupyter_server_config.py"
    assert settings.read_bytes() == (root / "binder/jupyter_server_config.py").read_bytes()
    assert not any(folder.exists() for folder in made)


def test_the_python_is_one_the_package_supports(python: str) -> None:
    assert SpecifierSet(importlib.metadata.metadata("nbtutor-neural")["Requires-Python"]).contains(
        python
    )


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_every_notebook_runs_in_binders_environment(
    root: Path, python: str, pins: dict[str, str], tmp_path: Path
) -> None:
    """The pins and postBuild, in a fresh environment that has nothing else."""
    interpreter = find_python(python)
    if interpreter is None:
        pytest.skip(f"this machine has no Python {python}")
    venv, tree = tmp_path / "venv", tmp_path / "tree"
    shutil.copytree(root, tree, ignore=shutil.ignore_patterns(".*", "node_modules", "__pycache__"))
    environment = {**os.environ, "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(interpreter, "-m", "venv", venv)
    run("pip", "install", "--quiet", "--requirement", "binder/requirements.txt")
    run(tree / "binder/postBuild")
    assert (venv / "etc/jupyter/jupyter_server_config.py").is_file()
    installed = json.loads(run("pip", "list", "--format=json", "--exclude=pip"))
    versions = {canonicalize_name(package["name"]): package["version"] for package in installed}
    assert versions == {**pins, "nbtutor-neural": nbtutor.__version__}
    lessons = sorted((tree / "notebooks").glob("*.ipynb"))
    assert lessons
    for lesson in lessons:
        run("jupyter", "execute", lesson)
