"""Inverted dropout: what is dropped, what is kept, and that prediction knows nothing of it."""

from __future__ import annotations

import numpy as np
import pytest

from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.random import NumberedStream

Array = np.ndarray

RATES = (0.1, 0.5, 0.8)


def masks(rates: tuple[float, ...], n: int = 4000, epoch: int = 0, seed: int = 0) -> list[Array]:
    train = make_dataset("circle", n)
    run = Trainer(Network((2, 6, 9, 1)), train, seed=seed)
    run.epoch = epoch
    run.run(updates=1)  # makes the plan of that epoch
    return run._plan.masks(0, n, [np.array(rates).reshape(-1, 1, 1)] * 2)


def test_the_share_that_is_dropped() -> None:
    for mask, units in zip(masks(RATES), (6, 9), strict=True):
        assert mask.shape == (3, units, 4000)
        for own, rate in zip(mask, RATES, strict=True):
            deviation = np.sqrt(rate * (1 - rate) / own.size)
            assert np.mean(own == 0) == pytest.approx(rate, abs=5 * deviation)
            np.testing.assert_allclose(own[own != 0], 1 / (1 - rate))
            # So the mean is kept.
            assert own.mean() == pytest.approx(1, abs=5 * deviation / (1 - rate))


def test_units_and_points_are_dropped_apart_from_each_other() -> None:
    mask = masks((0.5,))[0][0].T > 0  # points first
    across_units = np.corrcoef(mask.T)
    across_points = np.corrcoef(mask[:-1, 0], mask[1:, 0])
    for correlation in (across_units[np.triu_indices(6, 1)], across_points[0, 1:]):
        assert np.abs(correlation).max() < 5 / np.sqrt(len(mask))


def test_each_layer_epoch_and_seed_draws_anew() -> None:
    first, second = masks((0.5,))
    assert not np.array_equal(first, second[:, :6])
    assert not np.array_equal(first, masks((0.5,), epoch=1)[0])
    assert not np.array_equal(first, masks((0.5,), seed=1)[0])
    np.testing.assert_array_equal(first, masks((0.5,))[0])


def test_dropout_draws_from_a_stream_of_its_own() -> None:
    """Not from the one that shuffles the points, which would tie the masks to their order."""
    rng = NumberedStream(3, "dropout").at(2)
    for mask, units in zip(masks((0.5,), n=200, epoch=2, seed=3), (6, 9), strict=True):
        np.testing.assert_array_equal(mask[0] > 0, rng.random((units, 200), np.float32) >= 0.5)


def test_every_update_draws_anew() -> None:
    train = make_dataset("circle", 40)
    run = Trainer(Network((2, 50, 1)), train, config=TrainingConfig(0.0, 10, dropout=0.5))
    seen = []
    for _ in range(4):
        run.run(updates=1)
        outputs = run.network.workspace(10).inputs.units[0]
        seen.append(outputs != 0)
    assert len({mask.tobytes() for mask in seen}) == 4


def test_the_expected_output_of_a_linear_net_is_kept() -> None:
    """Mean of the logits over many masks is the logit without dropout, where all is linear."""
    n = 20_000
    net = Network((2, 5, 4, 1), "linear", replicas=2, dtype="float64")
    X = np.tile([[0.7, -1.3]], (n, 1))
    train = make_dataset("circle", n)
    plan = Trainer(net, train)._plan
    inputs = net.prepare_inputs(X)
    plain = net.forward(inputs).logits[:, 0, 0].copy()
    dropped = net.forward(inputs, plan.masks(0, n, [np.array([[[0.3]]])] * 2)).logits[:, 0]
    error = dropped.std(axis=1) / np.sqrt(n)
    assert (error > 0).all()
    assert (np.abs(dropped.mean(axis=1) - plain) < 5 * error).all()


def test_the_output_and_the_inputs_are_never_dropped() -> None:
    """Without hidden layers dropout has nothing to drop."""
    train = make_dataset("moons", 50, noise=0.2)
    nets = [Network((2, 1)), Network((2, 1))]
    for net, rate in zip(nets, (0.0, 0.9), strict=True):
        Trainer(net, train, config=TrainingConfig(0.1, dropout=rate)).run(epochs=3)
    first, second = (net.parameters.flat for net in nets)
    np.testing.assert_array_equal(first, second)


def test_prediction_and_history_drop_nothing() -> None:
    train = make_dataset("moons", 50, noise=0.2)
    net = Network((2, 30, 1))
    run = Trainer(net, train, config=TrainingConfig(learning_rate=0.0, dropout=0.9))
    before = net.predict_proba(train.X)
    run.run(epochs=3)
    np.testing.assert_array_equal(net.predict_proba(train.X), before)
    assert len(np.unique(run.history.train_loss)) == 1
    assert not net.gradients.flat.all(), "no unit was dropped: the test has no case"


def test_no_dropout_is_dropout_of_nothing() -> None:
    """The branch with masks and the one without agree to the last bit at a rate of 0."""
    train = make_dataset("moons", 50, noise=0.2)
    nets = [Network((2, 8, 8, 1), "relu", replicas=2) for _ in range(2)]
    configs = [TrainingConfig(0.1, dropout=d, momentum=0.5) for d in ((0.0,), (0.0, 0.5))]
    for net, config in zip(nets, configs, strict=True):
        Trainer(net, train, config=config).run(epochs=3)
    without, mixed = (net.parameters.flat for net in nets)
    np.testing.assert_array_equal(without[0], mixed[0])
    assert not np.array_equal(without[1], mixed[1])


def test_dropout_shifts_no_batch() -> None:
    """Dropout draws from a stream of its own: with a rate for one replica the other is as alone."""
    train = make_dataset("moons", 50, noise=0.2)
    runs = [Trainer(Network((2, 8, 1)), train, config=TrainingConfig(dropout=d)) for d in (0, 0.5)]
    for run in runs:
        run.run(updates=7)
    np.testing.assert_array_equal(runs[0]._plan.inputs, runs[1]._plan.inputs)
