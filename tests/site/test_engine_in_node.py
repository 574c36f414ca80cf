"""The engine under Pyodide, in Node: the same figures as here, and its own tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbtutor.serve.site.wheels import write_wheel
from tests.site.conftest import RunInNode

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HERE = Path(__file__).parent

# Rounding differs by a last digit at each sum, and a run carries it on.
TOLERANCE = {"float32": 2e-4, "float64": 1e-9}

# Of the engine's tests, those of a file each that say most in the least time.
SAMPLE = ("test_by_hand.py", "test_runs.py", "test_fleets.py", "test_divergence.py")


@pytest.fixture(scope="module")
def own_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wheel(distribution("nbtutor-neural"), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def test_wheels(own_wheel: Path) -> list[Path]:
    """What the engine's tests need, made of what is installed here."""
    names = ("pytest", "iniconfig", "packaging", "pluggy", "pygments")
    return [own_wheel, *(write_wheel(distribution(name), own_wheel.parent) for name in names)]


def runs(printed: str) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {each["run"]: each for each in found}


def test_the_same_figures_as_here(run_in_node: RunInNode, own_wheel: Path) -> None:
    program = (HERE / "same_run.py").read_text("utf-8")
    here = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    there = run_in_node(f"{program}\n0", [own_wheel], {})
    assert there.returncode == 0, there.stdout[-2000:] + there.stderr[-2000:]
    ours, theirs = runs(here.stdout), runs(there.stdout)
    assert len(ours) == 8
    assert list(ours) == list(theirs)
    for name, run in ours.items():
        tolerance = TOLERANCE[name.split()[1]]
        for what in ("points", "loss", "weights"):
            np.testing.assert_allclose(
                theirs[name][what], run[what], rtol=tolerance, atol=tolerance, err_msg=name
            )


RUN_TESTS = """\
import os, sys
sys.dont_write_bytecode = True
os.chdir("/repository")
sys.path.insert(0, "/repository")
import pytest
int(pytest.main({arguments}))
"""

OPTIONS = ["-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--import-mode=importlib"]


def run_tests(run_in_node: RunInNode, wheels: list[Path], root: Path, *arguments: str) -> str:
    """Run tests under Pyodide, and return the last line that pytest prints."""
    program = RUN_TESTS.format(arguments=[*OPTIONS, "--rootdir=/repository", *arguments])
    result = run_in_node(program, wheels, {"/repository/tests": root / "tests"})
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return result.stdout.splitlines()[-1]


def test_a_sample_of_the_engines_tests(
    run_in_node: RunInNode, test_wheels: list[Path], root: Path
) -> None:
    # Those of `tests/conftest.py` need Hypothesis, which is compiled where we are.
    files = [f"tests/engine/{name}" for name in SAMPLE]
    told = run_tests(run_in_node, test_wheels, root, "--noconftest", *files)
    assert re.match(r"1\d\d passed", told), told


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_all_of_the_engines_tests(
    run_in_node: RunInNode, test_wheels: list[Path], root: Path, tmp_path: Path
) -> None:
    pure = ["--platform=any", "--implementation=py", "--abi=none", "--python-version=3.13"]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    # The newest Hypothesis that is Python alone.
    subprocess.run([*pip, *pure, "-d", str(tmp_path), "hypothesis", "sortedcontainers"], check=True)
    told = run_tests(
        run_in_node,
        [*test_wheels, *tmp_path.glob("*.whl")],
        root,
        *("-m", "not soak", "--hypothesis-seed=0", "tests/engine"),
        # A browser's Python starts no process.
        "--deselect=tests/engine/test_isolation.py::test_importing_the_engine_loads_only_the_engine",
    )
    print(f"\n{told}")
    # Those that compare with scikit-learn or PyTorch are skipped.
    assert int(told.split()[0]) > 2000
