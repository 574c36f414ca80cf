"""Linters, type checks and the TypeScript tests: a change that breaks one fails like any test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nbtutor.frontend.build_hook import Frontend, find_node


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)],
    ids=" ".join,
)
def test_python(command: tuple[str, ...], root: Path) -> None:
    if command == ("mypy",) and sys.version_info < (3, 11):
        pytest.skip("types are checked against a newer NumPy than there is for Python 3.10")
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", ["check", "test"])
def test_typescript(script: str, root: Path) -> None:
    frontend, node = Frontend(root), find_node()
    frontend.install_packages(node)
    frontend.npm(node, "run", script)
