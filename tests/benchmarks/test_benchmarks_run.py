"""Every benchmark runs, at a size that proves nothing: no time is looked at.

What `live_browser` does in Chromium is left out, for it takes a minute at the least; only that the
report prints what it finds is tested.
"""

from __future__ import annotations

import itertools
import sys
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from nbtutor.engine import Network
from nbtutor.frontend.build_hook import FrontendError, find_node
from tests.benchmarks import engine_growth, engine_timing, report
from tests.benchmarks.engine_growth import Case, Cost
from tests.benchmarks.engine_timing import Comparison

ENGINE = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if not path.stem.startswith("test_") and "def measure(repeats" in path.read_text("utf-8")
)
# The constants by which benchmarks set their size; each has some of them.
SMALL = {
    "BATCHES": (10,),
    "EPOCHS": 2,
    "FLEETS": (1, 2),
    "FRAMES": 1,
    "POINTS": 40,
    "POINTS_IN_BATCH": (20, 30),
    "POINTS_IN_DATA": (20, 30),
    "RATES": (0.01, 0.1),
    "REPLICAS": 2,
    "TURN": 0.0,
    "UNITS": (2, 3),
    "UPDATES": 40,
}


def small(name: str, patch: pytest.MonkeyPatch) -> ModuleType:
    """Return a benchmark that is made small."""
    module = import_module(f"tests.benchmarks.{name}")
    for constant, value in SMALL.items():
        if hasattr(module, constant):
            patch.setattr(module, constant, value)
    return module


def test_benchmarks_are_found() -> None:
    assert {"engine_frame", "engine_growth", "engine_update", "playground_peer"} <= set(ENGINE)


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINE)
def test_a_benchmark_runs(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "playground_peer":
        try:
            find_node()
        except FrontendError as error:
            pytest.skip(str(error))
    module = small(name, monkeypatch)
    measure = module.measure
    monkeypatch.setattr(module, "measure", lambda: measure(repeats=1))

    module.main()

    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("|")][2:]
    assert rows
    assert all(" µs |" in row for row in rows)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the report figures that nobody has to wait for."""
    comparison = Comparison("this", "nbtutor", 2.0, "another", 5.0, at_least=2)
    for name in ENGINE:
        module = import_module(f"tests.benchmarks.{name}")
        found = [[Cost("4 units", 9.0, 900, 1)]] if module is engine_growth else [comparison]
        monkeypatch.setattr(module, "measure", lambda found=found: found)
        if name == "playground_peer":
            monkeypatch.setattr(module, "section", engine_timing.table)


def check_engine_part(printed: str) -> None:
    assert printed.count("| this | nbtutor: 2.0 µs | another: 5.0 µs | 2.5 |") == len(ENGINE) - 1
    assert "| 4 units | 9.0 µs |" in printed


@pytest.mark.slow
@pytest.mark.usefixtures("measured")
def test_the_report_of_the_engine_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tests.benchmarks.live_browser", None)  # may not be imported
    monkeypatch.setattr(report, "RESULTS", tmp_path / "RESULTS.md")

    report.main(["--engine"])

    printed = capsys.readouterr().out
    check_engine_part(printed)
    assert printed.count("\n## ") == len(ENGINE)
    assert not report.RESULTS.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("quick", [True, False])
def test_the_whole_report(
    quick: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    live_browser = import_module("tests.benchmarks.live_browser")
    plans = []

    def measure(plan: object) -> list[list[object]]:
        plans.append(plan)
        return [
            [live_browser.Figure(what, 57.5, None, "1/s", "at least 30", True)]
            for what in ("own", "beside")
        ]

    monkeypatch.setattr(live_browser, "measure", measure)
    lessons_browser = import_module("tests.benchmarks.lessons_browser")
    lesson = live_browser.Figure("a lesson", 1.2, None, "s", "at most 2", True)
    monkeypatch.setattr(lessons_browser, "measure", lambda plan: [lesson])
    class_load = import_module("tests.benchmarks.class_load")
    learners = live_browser.Figure("a class", 30.0, None, "1/s")
    monkeypatch.setattr(class_load, "measure", lambda plan: [learners])
    monkeypatch.setattr(report, "RESULTS", tmp_path / "RESULTS.md")

    report.main(["--quick"] if quick else [])

    printed = capsys.readouterr().out
    text = printed if quick else report.RESULTS.read_text("utf-8")
    check_engine_part(text)
    for what in ("own", "beside"):
        assert f"| {what} | 57.5 |  | 1/s | at least 30 (reached) |" in text
    assert "| a lesson | 1.2 |  | s | at most 2 (reached) |" in text
    assert "| a class | 30.0 |  | 1/s |  |" in text
    assert plans == [live_browser.QUICK if quick else live_browser.Plan()]
    assert report.RESULTS.exists() is not quick


def test_bars() -> None:
    low, high = Comparison("", "", 1, "", 5, at_least=5), Comparison("", "", 1, "", 5, at_most=4)
    free = Comparison("", "", 1, "", 5)
    assert (low.reached, high.reached, free.reached) == (True, False, True)
    assert low.row().endswith("| 5.0 | at least 5 (reached) |")
    assert high.row().endswith("| 5.0 | at most 4 (missed) |")
    assert free.row().endswith("| 5.0 |  |")


def test_turns_alternate() -> None:
    done: list[str] = []
    ways = {"a": lambda: done.append("a"), "b": lambda: done.append("b")}
    assert set(engine_timing.medians(ways, repeats=2)) == {"a", "b"}
    assert done == ["a", "b"] * 3  # one to warm up


def test_work_is_counted() -> None:
    # 3 points, layers 2-4-1. Sums and gradient: (2 + 1) x 4 + (4 + 1) x 1 = 17 each; the error
    # signal of the hidden layer: 4 x 1. For each of 5 replicas 3 x (17 + 17 + 4) = 114.
    network = Network((2, 4, 1), replicas=5)
    assert engine_growth.multiply_adds(network, 3) == 5 * 114


def test_a_cliff_is_named() -> None:
    costs = [Cost(name, us, 1000, 1) for name, us in (("a", 1.0), ("b", 2.0), ("c", 4.5))]
    printed = engine_growth.section([costs, [Cost("d", 20.0, 1000, 2)]])
    assert "Cliffs, to be explained: c." in printed
    assert "| c | 4.5 µs | 4.5 µs | 1,000 | 4.500 ns | 2.25 **cliff** |" in printed
    assert "| d | 20.0 µs | 10.0 µs | 1,000 | 20.000 ns |  |" in printed
    assert printed.count("**cliff**") == 1
    assert "No row is a cliff." in engine_growth.section([costs[:2]])


def test_cases_do_the_updates_they_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_growth, "TURN", 0.0)
    case: Case = engine_growth.one_epoch("", 30)
    assert (case.updates, case.replicas) == (3, 1)
    clock = itertools.count(step=1.0)
    monkeypatch.setattr(engine_growth, "TURN", 4.0)
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    done: list[int] = []
    run, times = engine_growth.filling_a_turn(lambda: done.append(1))
    done.clear()
    run()
    assert len(done) == times == 3
