"""What the README promises: its commands are the ones in use, its Python runs, its links lead."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_two_commands_start_and_test(readme: str) -> None:
    start, test = blocks(readme, "sh")
    assert start.strip().endswith(".venv/bin/nbtutor")
    assert test.strip().endswith(".venv/bin/python -m pytest")
    assert start.count("\n") == test.count("\n") == 1


def test_ci_takes_its_command_from_the_readme(readme: str, root: Path) -> None:
    """The pattern that .ci/run looks for finds the README's test command, and only that."""
    pattern = re.search(r"grep -m 1 '(.*)' README\.md", (root / ".ci/run").read_text("utf-8"))
    assert pattern is not None
    found = re.findall(f"{pattern[1]}$", readme, flags=re.MULTILINE)
    assert found == [blocks(readme, "sh")[1].strip()]
    assert found[0].count(" && ") == 2


def test_the_examples_run(readme: str, tmp_path: Path) -> None:
    examples = blocks(readme, "python")
    assert len(examples) == 4
    for example in examples:
        result = subprocess.run(
            [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        # The engine's history has a column for each network of the fleet: NumPy prints brackets.
        assert 0 < float(result.stdout.strip("[]\n")) < 1


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_to_files(name: str, root: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (root / name).read_text("utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (root / link).exists()] == []
