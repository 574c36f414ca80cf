"""The figures of bias and variance, read back from the artists."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from nbtutor.experiments import bias_variance, bias_variance_sweep


def test_the_figure_shows_the_maps_and_the_sums() -> None:
    result = bias_variance(hidden=(4,), n_train=30, replicas=5, epochs=30, n_test=100, side=9)
    figure = result.figure()
    spaghetti, mean, bars, *maps = figure.axes
    # A contour of every network, at most, and the true one.
    assert 2 <= len(spaghetti.collections) <= 6
    shown = [axes.images[0].get_array() for axes in (mean, *maps[:3])]
    expected = (result.mean_map, result.bias2_map, result.variance_map, result.noise_map)
    for array, values in zip(shown, expected, strict=True):
        np.testing.assert_allclose(array, values)
    heights = [p.get_height() for p in bars.patches if isinstance(p, Rectangle)]
    assert heights[:3] == pytest.approx([result.bias2, result.variance, result.noise])
    assert heights[3] == pytest.approx(sum(heights[:3]))


def test_for_regression_the_figure_shows_values_along_a_line() -> None:
    result = bias_variance("sine", (4,), 30, 5, 30, n_test=100, side=9)
    slices, mean, *_ = result.figure().axes
    drawn = [np.asarray(line.get_ydata()) for line in slices.lines]
    np.testing.assert_allclose(drawn[:5], result.fields[:, 4])
    np.testing.assert_allclose(drawn[5], np.sin(result.axis))
    np.testing.assert_allclose(mean.images[0].get_array(), result.mean_map)


def test_a_sweep_marks_the_bottom_of_the_u() -> None:
    sweep = bias_variance_sweep(
        "hidden", [(), (3,), (5, 5)], n_train=30, replicas=5, epochs=30, n_test=100, side=2
    )
    (axes,) = sweep.figure().axes
    (marker,) = [line for line in axes.lines if line.get_marker() == "v"]
    assert list(np.asarray(marker.get_ydata())) == [sweep.expected_error.min()]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["none", "3", "5-5"]


def test_numbers_on_the_axis_are_short() -> None:
    sweep = bias_variance_sweep(
        "l2", [0.0, 0.003], hidden=(2,), n_train=10, replicas=2, epochs=1, n_test=50, side=2
    )
    (axes,) = sweep.figure().axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "0.003"]
    assert axes.get_xlabel() == "L2"
