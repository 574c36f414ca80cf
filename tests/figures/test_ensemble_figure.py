"""The figure of an ensemble, read back from the artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from nbtutor.experiments import ensemble


def test_the_bars_add_up_and_the_curve_falls_to_the_ensemble() -> None:
    result = ensemble(hidden=(3,), members=4, n_train=30, epochs=30, n_test=100)
    plane, bars, counts = result.figure().axes
    np.testing.assert_allclose(plane.images[0].get_array(), result.fields.mean(axis=0))
    mean, diversity, error = (p for p in bars.patches if isinstance(p, Rectangle))
    assert mean.get_height() == pytest.approx(result.mean_error)
    assert diversity.get_y() == pytest.approx(error.get_height())
    assert diversity.get_y() + diversity.get_height() == pytest.approx(mean.get_height())
    curve = np.asarray(counts.lines[0].get_ydata())
    np.testing.assert_allclose(curve, result.error_by_count)
