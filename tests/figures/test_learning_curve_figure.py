"""The figure of a learning curve, read back from the artists."""

from __future__ import annotations

import numpy as np

from nbtutor.experiments import learning_curve


def test_the_figure_shows_both_means_the_floor_and_the_verdict() -> None:
    result = learning_curve(hidden=(), sizes=(10, 20, 40), replicas=4, updates=50)
    (axes,) = result.figure().axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
    np.testing.assert_allclose(lines["training"], result.train.mean(axis=1))
    np.testing.assert_allclose(lines["validation"], result.validation.mean(axis=1))
    assert set(lines["the floor (Bayes)"]) == {result.floor}
    assert result.verdict in axes.get_title()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "20", "40"]
