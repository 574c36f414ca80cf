"""The figure of transfer, read back from the artists."""

from __future__ import annotations

import numpy as np

from nbtutor.experiments import transfer


def test_the_figure_shows_both_errors_and_every_pair() -> None:
    result = transfer(
        "moons", "moons", 15, (4, 8), 3, 20, hidden=(3,), n_source=20, source_updates=20, n_test=50
    )
    errors, gains = result.figure().axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in errors.lines}
    np.testing.assert_allclose(lines["from scratch"], result.scratch.mean(axis=1))
    np.testing.assert_allclose(lines["pretrained, then tuned"], result.tuned.mean(axis=1))
    dots = [np.asarray(line.get_ydata()) for line in gains.lines if line.get_marker() == "."]
    np.testing.assert_allclose(dots, result.gain)
    assert "15°" in errors.get_title()
