"""What may lie in the repository: no address of a registry, no path of one machine, no output."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

# Written so that this file does not match itself.
FORBIDDEN = re.compile(
    rb"(registry\.npmjs|files\.pythonhosted|pypi\.python|(?:deb|security)\.debian)\.org"
    rb"|//(?:test\.)?pypi\.org"
    rb"|(?<![\w.])/(?:work|root|home/\w+)/\w"
    rb"|/tmp/\w+"
)
PICTURES = {"image/png", "image/svg+xml", "text/plain"}
LARGEST_PICTURE = 150_000


@pytest.fixture(scope="module")
def tracked(root: Path) -> list[Path]:
    result = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    if result.returncode != 0:
        pytest.skip("not a clone: git knows no files here")
    paths = [root / name for name in result.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_registry_address_and_no_machine_path(tracked: list[Path], root: Path) -> None:
    found = [
        f"{path.relative_to(root)}: {match[0].decode(errors='replace')}"
        for path in tracked
        for match in FORBIDDEN.finditer(path.read_bytes())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        (b"https://registry" + b".npmjs.org/esbuild", True),
        (b"--index-url https://py" + b"pi.org/simple", True),
        (b"open('/" + b"work/x')", True),
        (b"cd /" + b"home/jo/nbtutor", True),
        (b"cp a /" + b"tmp/a", True),
        (b"nbtutor/frontend/src, homework/one, https://jupyter.org", False),
    ],
)
def test_the_check_itself(text: bytes, forbidden: bool) -> None:
    assert bool(FORBIDDEN.search(text)) == forbidden


def test_no_build_output(tracked: list[Path], root: Path) -> None:
    names = [path.relative_to(root).as_posix() for path in tracked]
    made = re.compile(r"node_modules/|^nbtutor/static/|^dist/|\.(?:whl|pyc)$")
    assert [name for name in names if made.search(name)] == []


def test_the_lock_files_name_no_download_address(tracked: list[Path]) -> None:
    locks = [path for path in tracked if path.name == "package-lock.json"]
    assert locks
    for path in locks:
        lock = json.loads(path.read_text("utf-8"))
        packages = {name: entry for name, entry in lock["packages"].items() if name}
        assert packages
        assert [name for name, entry in packages.items() if "resolved" in entry] == []
        # Without the address, the checksum is what says that it is the same package.
        assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def wrong_outputs(notebook: dict[str, Any]) -> list[str]:
    """What a committed notebook must not carry: anything but a small static picture."""
    wrong = ["saved widget state"] if "widgets" in notebook["metadata"] else []
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if not data or not data.keys() <= PICTURES or data.keys() <= {"text/plain"}:
                wrong.append(f"cell {number}: {output['output_type']} {sorted(data)}")
            elif len(json.dumps(data)) > LARGEST_PICTURE:
                wrong.append(f"cell {number}: a picture of {len(json.dumps(data))} bytes")
    return wrong


def test_notebooks_carry_no_output_but_a_small_picture(root: Path) -> None:
    notebooks = sorted((root / "notebooks").rglob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        assert wrong_outputs(json.loads(path.read_text("utf-8"))) == [], path


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"image/png": "iVBORw0KGgo="}, False),
        ({"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}, False),
        ({"image/png": "A" * LARGEST_PICTURE}, True),
        ({"text/plain": "42"}, True),
        ({"application/vnd.jupyter.widget-view+json": {}}, True),
    ],
)
def test_the_check_of_outputs_itself(data: dict[str, Any], wrong: bool) -> None:
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    notebook = {"metadata": {}, "cells": [{"cell_type": "code", "outputs": [output]}]}
    assert bool(wrong_outputs(notebook)) == wrong
