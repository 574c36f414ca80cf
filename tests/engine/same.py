"""Whether two runs are the same to the last bit."""

from __future__ import annotations

import numpy as np

from nbtutor.engine import Trainer
from nbtutor.engine.checkpoints import Checkpoint


def assert_same_points(first: Checkpoint, second: Checkpoint) -> None:
    """Compare all that the next update depends on."""
    ours, theirs = ({**vars(point), "best": None} for point in (first, second))
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], name)
    assert (first.best is None) == (second.best is None)
    if first.best is not None and second.best is not None:
        for name in ("loss", "epoch", "parameters"):
            pair = getattr(first.best, name), getattr(second.best, name)
            np.testing.assert_array_equal(*pair, f"best {name}")


def assert_same_runs(first: Trainer, second: Trainer, *, kept: bool = True) -> None:
    """Compare state, history, events, divergences and (if `kept`) the states kept."""
    assert_same_points(first.checkpoint(), second.checkpoint())
    ours, theirs = (run.history.to_arrays() for run in (first, second))
    assert list(ours) == list(theirs)
    for name, column in ours.items():
        np.testing.assert_array_equal(column, theirs[name], name)
    assert first.history.events == second.history.events
    assert first.divergences == second.divergences
    assert first.config == second.config
    assert first.network.settings == second.network.settings
    if kept:
        assert first.kept == second.kept
        assert first.keep_points.stride == second.keep_points.stride
        for epoch in first.kept:
            assert_same_points(first.keep_points[epoch], second.keep_points[epoch])
