"""Binder's pins fit what the package asks for."""

from __future__ import annotations

import importlib.metadata
import os
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture
def pins(root: Path) -> dict[str, str]:
    """Version of each package in binder/requirements.txt."""
    lines = (root / "binder/requirements.txt").read_text("utf-8").splitlines()
    pinned = [line.partition("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in pinned}


def test_every_line_pins_one_version(pins: dict[str, str]) -> None:
    wrong = {name: pin for name, pin in pins.items() if not re.fullmatch(r"\d+(\.\d+)*", pin)}
    assert wrong == {}


def test_each_dependency_is_pinned_to_a_version_it_allows(pins: dict[str, str]) -> None:
    requirements = [
        requirement
        for requirement in map(Requirement, importlib.metadata.requires("nbtutor-neural") or [])
        if "extra" not in str(requirement.marker)
    ]
    names = {canonicalize_name(requirement.name) for requirement in requirements}
    assert {"numpy", "voila", "ipykernel"} <= names <= pins.keys()
    for requirement in requirements:
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), f"{requirement} against {pin}"


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_scripts_can_be_executed(name: str, root: Path) -> None:
    path = root / "binder" / name
    assert path.read_text("utf-8").startswith("#!")
    assert os.access(path, os.X_OK)


def test_the_python_is_one_the_package_supports(root: Path) -> None:
    version = (root / "binder/runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert tuple(map(int, version.split("."))) >= (3, 10)
