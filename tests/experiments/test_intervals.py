"""Student's t against SciPy, and how often the interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from nbtutor.experiments.intervals import t_interval, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 10, 31, 200])
@pytest.mark.parametrize("p", [0.5, 0.75, 0.975, 0.999])
def test_the_quantile(p: float, degrees: int) -> None:
    assert t_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=1e-9, abs=1e-9)


def test_the_interval() -> None:
    values = np.random.default_rng(0).normal(size=(7, 3))
    mean, half_width = t_interval(values)
    low, high = stats.t.interval(0.95, 6, values.mean(axis=0), stats.sem(values, axis=0))
    np.testing.assert_allclose(mean - half_width, low)
    np.testing.assert_allclose(mean + half_width, high)


def test_one_seed_tells_nothing_of_the_spread() -> None:
    mean, half_width = t_interval(np.array([0.5]))
    assert mean == 0.5
    assert half_width == np.inf
