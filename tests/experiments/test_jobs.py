"""Sweeps on several processes, and on backends that the user chooses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
from joblib.parallel import ThreadingBackend

from nbtutor.engine import ParameterError
from nbtutor.experiments import Cancelled, bias_variance_sweep, learning_curve
from nbtutor.experiments.jobs import each


def sweep(**how: Any) -> list[np.ndarray]:
    result = bias_variance_sweep(
        "hidden", [(), (2,), (3,)], replicas=6, n_train=20, epochs=3, n_test=50, **how
    )
    return [result.bias2, result.variance, result.noise, result.expected_error, result.errors]


def curve(**how: Any) -> list[np.ndarray]:
    result = learning_curve(
        hidden=(3,), sizes=[5, 10, 20], replicas=4, updates=20, n_validation=50, **how
    )
    return [result.train, result.validation]


SWEEPS = pytest.mark.parametrize("run", [sweep, curve])


class Counted(ThreadingBackend):
    """A backend such as a user may register; it counts what it was given."""

    submitted = 0

    def submit(self, func: Callable[[], Any], callback: Any = None) -> Any:
        """Take a part."""
        Counted.submitted += 1
        return super().submit(func, callback)


class Listed(Counted):
    """A backend that has all its results at the end, as Ray's has."""

    supports_return_generator = False


def same(left: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(left, right, strict=True))


@SWEEPS
def test_two_processes_find_the_same_numbers(run: Callable[..., list[np.ndarray]]) -> None:
    assert same(run(n_jobs=2), run())


@SWEEPS
@pytest.mark.parametrize("backend", [Counted, Listed])
def test_the_user_chooses_the_backend(
    run: Callable[..., list[np.ndarray]], backend: type[Counted]
) -> None:
    alone = run()
    joblib.register_parallel_backend("counted", backend)
    Counted.submitted = 0
    told: list[tuple[int, int]] = []
    with joblib.parallel_config("counted", n_jobs=2):
        found = run(progress=lambda done, total: told.append((done, total)))
    assert same(found, alone)
    assert Counted.submitted == 3
    assert told == [(1, 3), (2, 3), (3, 3)]


# joblib says that it dropped what was not asked for any more.
@pytest.mark.filterwarnings("ignore:2 tasks which:UserWarning")
def test_a_cancelled_sweep_goes_on_with_other_jobs() -> None:
    with pytest.raises(Cancelled) as stopped:
        curve(n_jobs=2, progress=lambda done, total: False)
    partial = stopped.value.partial
    told: list[int] = []
    resumed = curve(resume=partial, progress=lambda done, total: told.append(done))
    assert told == [2, 3]
    assert same(resumed, curve())


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "two", 10**6])
def test_a_wrong_number_of_jobs_is_told(n_jobs: Any) -> None:
    with pytest.raises((ParameterError, TypeError), match=r"n_jobs must be"):
        each(abs, [1], n_jobs)


def test_without_joblib_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(ParameterError, match=r"nbtutor-neural\[parallel\]"):
        each(abs, [1], 2)
    monkeypatch.delitem(sys.modules, "joblib")
    assert list(each(abs, [-1, 2])) == [1, 2]
    assert "joblib" not in sys.modules
