"""The progress bar: it shows itself once, and what an experiment tells it."""

from __future__ import annotations

import ipywidgets
import pytest

import nbtutor
from nbtutor.engine import Network, ParameterError, make_dataset
from nbtutor.experiments import lr_sweep


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[ipywidgets.Widget]:
    shown: list[ipywidgets.Widget] = []
    monkeypatch.setattr("nbtutor.widgets.progress.display", shown.append)
    return shown


def words(bar: nbtutor.ProgressBar) -> tuple[int, int, str]:
    inner, label = bar.children
    return inner.value, inner.max, label.value


def test_it_shows_itself_once_and_counts(shown: list[ipywidgets.Widget]) -> None:
    bar = nbtutor.ProgressBar("Counting")
    assert shown == []
    bar(1, 4)
    assert words(bar) == (1, 4, "1 of 4")
    bar(4, 4)
    assert words(bar) == (4, 4, "done")
    assert shown == [bar]


def test_an_experiment_takes_it(shown: list[ipywidgets.Widget]) -> None:
    bar = nbtutor.ProgressBar()
    lr_sweep(Network((2, 1)), make_dataset("moons", 20), count=2, epochs=3, progress=bar)
    assert bar.done == bar.total > 0
    assert shown == [bar]


@pytest.mark.parametrize(("done", "total"), [(-1, 3), (4, 3), (0, 0), (1.0, 2)])
def test_what_is_no_count_is_refused(done: int, total: int) -> None:
    bar = nbtutor.ProgressBar()
    with pytest.raises(ParameterError):
        bar(done, total)
    assert bar.total == 0
