"""Timing two ways of doing the same thing, fairly: in turn, in one process, on one thread."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """Two ways and what each took, in microseconds; the ratio is second to first."""

    what: str
    first: str
    first_us: float
    second: str
    second_us: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float:
        return self.second_us / self.first_us

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    @property
    def reached(self) -> bool:
        low = self.at_least is None or self.ratio >= self.at_least
        return low and (self.at_most is None or self.ratio <= self.at_most)

    def row(self) -> str:
        verdict = "" if not self.bar else " (reached)" if self.reached else " (missed)"
        return (
            f"| {self.what} | {self.first}: {self.first_us:,.1f} µs "
            f"| {self.second}: {self.second_us:,.1f} µs | {self.ratio:.1f} | {self.bar}{verdict} |"
        )


def table(comparisons: list[Comparison]) -> str:
    """Return the comparisons as a Markdown table."""
    head = "| what | first | second | second / first | bar |\n|---|---|---|---|---|"
    return "\n".join([head, *(comparison.row() for comparison in comparisons)])


def machine() -> str:
    """Return what the figures were measured on, in a line."""
    names = [name for name in ("sklearn", "torch") if find_spec(name)]
    versions = ", ".join(f"{name} {import_module(name).__version__}" for name in names)
    return (
        f"Python {platform.python_version()}, NumPy {np.__version__}, {versions}; "
        f"{os.cpu_count()} cores, one thread used"
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold NumPy's BLAS and PyTorch to one thread."""
    if find_spec("torch"):
        import_module("torch").set_num_threads(1)
    with import_module("threadpoolctl").threadpool_limits(1):
        yield


def medians(ways: Mapping[str, Callable[[], object]], repeats: int = 25) -> dict[str, float]:
    """Return the median time of each, in microseconds.

    The ways take turns, so that a busy moment of the machine falls on all of them; the first turn
    warms up and is not counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for turn in range(repeats + 1):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                if turn:
                    taken[name].append(time.perf_counter() - start)
            gc.collect()
    finally:
        if collecting:
            gc.enable()
    return {name: 1e6 * statistics.median(times) for name, times in taken.items()}
