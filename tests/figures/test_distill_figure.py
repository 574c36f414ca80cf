"""The figure of distillation, read back from the artists."""

from __future__ import annotations

import numpy as np

from nbtutor.experiments import distill


def test_the_figure_shows_the_students_by_temperature() -> None:
    result = distill(
        "moons", (3,), (1, 3), 2, 20, 3, 40, teacher_hidden=(3,), unlabelled=0, n_test=50
    )
    wrong, loss, gain = result.figure().axes
    for axes, score in ((wrong, "wrong"), (loss, "loss")):
        lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in axes.lines}
        assert set(lines["student of the labels"]) == {getattr(result.hard, score).mean()}
        assert set(lines["the ensemble, the teacher"]) == {getattr(result.teacher, score).mean()}
        curves = [np.asarray(line.get_ydata()) for line in axes.lines if line.get_marker() == "o"]
        np.testing.assert_allclose(curves[0], getattr(result.soft, score).mean(axis=1))
    (curve,) = [line for line in gain.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.asarray(curve.get_ydata()), result.gain[0])
