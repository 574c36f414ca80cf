"""Single updates of a run, against the run itself and against other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.experiments import (
    losses_around,
    replay_update,
    time_update,
    update_bytes,
    update_spread,
)

DATA = make_dataset("moons", 90, 0.2, seed=3, label_noise=0.1)
TRAIN, VALIDATION = DATA.split(0.7)


def trained(epochs: int = 4, keep: int = 10, **settings: Any) -> Trainer:
    config = TrainingConfig(**{"learning_rate": 0.1, "batch_size": 8, **settings})
    network = Network((2, 5, 1), seed=1)
    trainer = Trainer(network, TRAIN, VALIDATION, config, 5, keep=keep, detail="updates")
    trainer.run(epochs=epochs)
    return trainer


@pytest.mark.parametrize("update", [1, 2, 8, 9, 20, 32])
@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"optimizer": "adam"}])
def test_a_replay_is_what_happened(update: int, settings: dict[str, Any]) -> None:
    """Its batch's loss by scikit-learn, and its weights by a run that ends there."""
    trainer = trained(**settings)
    replay = replay_update(trainer, update)
    recorded = trainer.history.updates["batch_loss"][update - 1, 0]
    X, y = TRAIN.X[replay.points], TRAIN.y[replay.points]
    loss = log_loss(y, replay.network.predict_proba(X)[0], labels=[0, 1])
    assert loss == pytest.approx(recorded, rel=1e-4)
    assert replay.losses.mean() == pytest.approx(recorded, rel=1e-5)
    short = trained(epochs=0, **settings)
    short.run(updates=update - 1)
    np.testing.assert_array_equal(short.network.parameters.flat, replay.network.parameters.flat)
    for expected in (replay.loss_before, replay.loss_after):
        everything = log_loss(TRAIN.y, short.network.predict_proba(TRAIN.X)[0])
        assert everything == pytest.approx(expected, rel=1e-4)
        short.run(updates=1)


def test_every_point_is_in_one_batch_of_an_epoch() -> None:
    trainer = trained()
    for epoch in range(4):
        batches = [replay_update(trainer, 8 * epoch + k + 1).points for k in range(8)]
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(len(TRAIN)))


def test_a_replay_leaves_the_run_alone() -> None:
    trainer, other = trained(), trained()
    replay_update(trainer, 11)
    losses_around(trainer, 11, 4)
    for run in (trainer, other):
        run.run(epochs=1)
    np.testing.assert_array_equal(trainer.network.parameters.flat, other.network.parameters.flat)
    np.testing.assert_array_equal(trainer.history.train_loss, other.history.train_loss)


def test_a_thinned_keeper_replays_the_same() -> None:
    """Where few epochs are kept, it takes longer, and no more."""
    often, seldom = trained(epochs=8), trained(epochs=8, keep=2)
    assert len(seldom.kept) < len(often.kept)
    for update in (1, 30, 64):
        one, other = (replay_update(trainer, update) for trainer in (often, seldom))
        np.testing.assert_array_equal(one.points, other.points)
        np.testing.assert_array_equal(one.losses, other.losses)


@pytest.mark.parametrize(("update", "first", "last"), [(1, 0, 4), (17, 13, 20), (32, 28, 32)])
def test_the_losses_around_an_update(update: int, first: int, last: int) -> None:
    trainer = trained()
    updates, losses = losses_around(trainer, update, 3)
    assert updates.tolist() == list(range(first, last + 1))
    ends = dict(zip(updates.tolist(), losses.tolist(), strict=True))
    replay = replay_update(trainer, update)
    assert ends[update - 1] == replay.loss_before
    assert ends[update] == replay.loss_after
    # At the end of an epoch the history has measured it too.
    for epoch in range(5):
        if 8 * epoch in ends:
            measured = trainer.history.train_loss[epoch, 0]
            assert ends[8 * epoch] == pytest.approx(measured, rel=1e-6)


@pytest.mark.parametrize("update", [0, 33, 1.5, "two", True])
def test_an_update_that_never_was_is_refused(update: object) -> None:
    trainer = trained()
    with pytest.raises(ParameterError, match="update"):
        replay_update(trainer, update)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="update"):
        losses_around(trainer, update, 2)  # type: ignore[arg-type]


def test_runs_that_cannot_be_replayed_are_refused() -> None:
    with pytest.raises(ParameterError, match="keep"):
        replay_update(trained(keep=0), 1)
    with pytest.raises(ParameterError, match="Train first"):
        replay_update(trained(epochs=0), 1)
    with pytest.raises(ParameterError, match="replicas"):
        replay_update(Trainer(Network((2, 3, 1), replicas=2), TRAIN, keep=2), 1)
    changed = trained()
    changed.change(learning_rate=0.3)
    with pytest.raises(ParameterError, match="changed"):
        replay_update(changed, 1)
    with pytest.raises(ParameterError, match="reach"):
        losses_around(trained(), 1, -1)


def test_the_spread_of_chance_is_its_standard_deviation() -> None:
    losses = 3 + 0.5 * np.random.default_rng(0).standard_normal(100_000)
    assert update_spread(losses) == pytest.approx(0.5, rel=0.02)
    # A slow fall adds next to nothing, where a standard deviation would see nothing else.
    falling = losses + np.linspace(10, 0, len(losses))
    assert update_spread(falling) == pytest.approx(0.5, rel=0.02)
    assert falling.std() > 2.5
    assert update_spread([1, 2, 1, 2]) == pytest.approx(np.sqrt(0.5))
    assert np.isnan(update_spread([1.0]))
    assert np.isnan(update_spread([]))


@pytest.mark.parametrize("sizes", [(2, 1), (2, 8, 8, 1), (3, 4, 5, 6, 2)])
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_memory_is_that_of_the_arrays(
    sizes: tuple[int, ...], batch_size: int, dtype: str
) -> None:
    """Those that an update works on, but for the rows of ones that stand for the biases."""
    output = "sigmoid" if sizes[-1] == 1 else "softmax"
    network = Network(sizes, output=output, dtype=dtype)
    X = np.zeros((batch_size, sizes[0]))
    inputs = network.prepare_inputs(X)[-sizes[0] - 1 :]
    targets = network.prepare_targets(np.zeros(batch_size, int), batch_size)
    workspace = network.workspace(batch_size)
    network.forward(inputs, None, workspace)
    network.backward(inputs, targets, workspace)
    arrays = [
        *(network.parameters.flat, network.gradients.flat, workspace.logits),
        *(*workspace.sums.units, *workspace.inputs.units),
        *(*workspace.slopes.units, *workspace.deltas),
    ]
    held = sum(array.nbytes for array in arrays)
    item = network.dtype.itemsize
    held += item * batch_size * (sizes[0] + sizes[-1])  # the points and their targets
    assert update_bytes(network, batch_size) == held


def test_a_batch_that_cannot_be_is_refused() -> None:
    with pytest.raises(ParameterError, match="batch_size"):
        update_bytes(Network((2, 1)), 0)


def test_points_in_a_large_batch_take_less_time_each() -> None:
    network = Network((2, 8, 8, 1))
    data = make_dataset("moons", 512, 0.1)
    alone, together = (time_update(network, data, size, repeats=5) for size in (1, 256))
    assert together / 256 < alone / 4
