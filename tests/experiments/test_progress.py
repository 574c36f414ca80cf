"""Counting, cancelling, and the way from a result to its figure."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from nbtutor.experiments import Cancelled, Result
from nbtutor.experiments.progress import Counter


def test_the_callback_hears_every_part() -> None:
    heard: list[tuple[int, int]] = []
    counter = Counter(3, lambda done, total: heard.append((done, total)))
    for _ in range(3):
        counter.advance()
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_false_cancels_and_hands_over_what_is_done() -> None:
    partial: list[int] = []
    counter = Counter(4, lambda done, total: done < 2, partial)
    partial.append(1)
    counter.advance()
    partial.append(2)
    with pytest.raises(Cancelled, match="after 2 of 4") as stopped:
        counter.advance()
    assert stopped.value.partial == [1, 2]


def test_nothing_is_cancelled_once_all_is_done() -> None:
    Counter(1, lambda done, total: False).advance()


def test_a_result_without_a_picture_says_so() -> None:
    @dataclass(frozen=True)
    class Nothing(Result):
        value: int

    with pytest.raises(TypeError, match="no figure of a Nothing"):
        Nothing(1).figure()


def test_experiments_load_without_matplotlib() -> None:
    code = "import sys, nbtutor.experiments; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {"matplotlib", "ipywidgets"}.isdisjoint(result.stdout.split())
