"""How many processors a server takes itself to have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nbtutor.serve.processors import count_processors

COUNT = "from nbtutor.serve.processors import count_processors; print(count_processors())"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    return tmp_path / "cpu.max"


def test_a_container_with_a_share_of_the_machine_has_no_more_than_that(
    share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    share.write_text("150000 100000\n", encoding="utf-8")  # as of ``docker run --cpus 1.5``
    assert count_processors(share) == 2
    share.write_text("1000 100000\n", encoding="utf-8")
    assert count_processors(share) == 1
    share.write_text("9900000 100000\n", encoding="utf-8")
    assert count_processors(share) == 64, "no more than there are"


@pytest.mark.parametrize("text", ["max 100000\n", "", "100000", "100000 0\n", "many words here"])
def test_without_a_share_it_has_all_that_it_may_run_on(
    share: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert count_processors(share) == 3, "no such file"
    share.write_text(text, encoding="utf-8")
    assert count_processors(share) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds a process to processors")
def test_a_process_that_is_bound_to_one_processor_has_one() -> None:
    bound = f"import os; os.sched_setaffinity(0, {{{psutil.Process().cpu_affinity()[0]}}}); {COUNT}"
    told = subprocess.run([sys.executable, "-c", bound], capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"
