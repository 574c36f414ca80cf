"""Divergence: found at the exact update, and told; the last finite weights are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.random import NumberedStream

Array = np.ndarray

SIZES = (2, 6, 6, 1)


def unscaled(n: int = 50) -> Dataset:
    """Points far from 0, as of someone who forgot to scale."""
    data = make_dataset("circle", n, noise=0.1)
    return Dataset(1000 * data.X, data.y)


def look(
    net: Network,
    data: Dataset,
    rate: float,
    batch: int,
    momentum: float = 0.0,
    l2: float = 0.0,
) -> tuple[int, Array]:
    """The update that overflows and the weights before it: one by one, looking at each."""
    velocity = np.zeros_like(net.parameters.flat)
    rate_, momentum_ = net.dtype.type(rate), net.dtype.type(momentum)
    update = epoch = 0
    with np.errstate(all="ignore"):
        while update < 2000:
            order = NumberedStream(0, "batches").at(epoch).permutation(len(data))
            for start in range(0, len(data), batch):
                points = order[start : start + batch]
                before = net.parameters.flat.copy()
                gradient = net.loss_and_gradients(data.X[points], data.y[points], l2=l2)[1].flat
                velocity = momentum_ * velocity + gradient
                net.parameters.flat[:] -= rate_ * velocity
                update += 1
                loss, _ = net.loss_and_gradients(data.X, data.y)
                if not (np.isfinite(net.parameters.flat).all() and np.isfinite(loss).all()):
                    assert update > 1
                    return update, before[0]
            epoch += 1
    pytest.fail("nothing diverged: the test has no case")


CASES: list[dict[str, Any]] = [
    {"activation": "leaky_relu", "rate": 10.0, "batch": 10},
    {"activation": "leaky_relu", "rate": 0.5, "batch": 7, "momentum": 0.9},
    {"activation": "linear", "rate": 0.3, "batch": 1},
    {"activation": "linear", "rate": 1e6, "batch": 50},
    {"activation": "linear", "rate": 3.0, "batch": 10, "dtype": "float64"},
    {"activation": "relu", "rate": 100.0, "batch": 10, "hidden": (6,)},
    {"activation": "leaky_relu", "rate": 2.0, "batch": 20, "output": "softmax"},
    # A rate times L2 above 2 makes the weights themselves grow, a little at each update.
    {"activation": "tanh", "rate": 1.0, "batch": 8, "l2": 2.3},
    {"activation": "tanh", "rate": 1.0, "batch": 13, "l2": 3.5, "momentum": 0.2},
    {"activation": "sigmoid", "rate": 2.0, "batch": 50, "l2": 1.5, "output": "softmax"},
]


def ways(run: Trainer, way: str) -> None:
    """Run until all is over, in slices of one kind or another."""
    clock = iter(range(10**9))
    for _ in range(5000):
        if run.diverged:
            return
        match way:
            case "at once":
                run.run(updates=5000)
            case "epochs":
                run.run(epochs=1)
            case "updates":
                run.run(updates=1)
            case "sevens":
                run.run(updates=7)
            case "seconds":
                run.run(seconds=3, clock=lambda: next(clock))


@pytest.mark.parametrize("way", ["at once", "epochs", "updates", "sevens", "seconds"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: "-".join(map(str, c.values())))
def test_it_is_found_at_the_exact_update(case: dict[str, Any], way: str) -> None:
    data = unscaled()
    output = case.get("output", "sigmoid")
    sizes = (2, *case.get("hidden", (6, 6)), {"sigmoid": 1, "softmax": 2}[output])
    nets = [
        Network(sizes, case["activation"], output, dtype=case.get("dtype", "float32"))
        for _ in range(2)
    ]
    momentum, l2 = case.get("momentum", 0.0), case.get("l2", 0.0)
    update, weights = look(nets[0], data, case["rate"], case["batch"], momentum, l2)
    config = TrainingConfig(case["rate"], case["batch"], momentum=momentum, l2=l2)
    run = Trainer(nets[1], data, data, config)
    ways(run, way)
    assert run.diverged
    (divergence,) = run.divergences
    per_epoch = -(-50 // case["batch"])
    assert (divergence.replica, divergence.update) == (0, update)
    assert divergence.epoch == (update - 1) // per_epoch + 1
    assert run.updates == update - 1, "the update that failed did not happen"
    np.testing.assert_allclose(nets[1].parameters.flat[0], weights, rtol=1e-5)
    assert np.isfinite(nets[1].parameters.flat).all()
    assert np.isfinite(run.history.train_loss).all()
    assert len(run.history) == run.epoch + 1
    (event,) = run.history.events
    assert event.label == f"stopped: the weights overflowed at update {update:,}"
    assert event.update == update
    assert run.epoch < event.epoch <= run.epoch + 1


def test_a_run_that_is_over_does_nothing_more() -> None:
    run = Trainer(Network(SIZES, "leaky_relu"), unscaled(), config=TrainingConfig(10.0))
    run.run(epochs=20)
    assert run.diverged
    state = (run.updates, run.epoch, len(run.history), run.network.parameters.flat.tobytes())
    assert run.run(epochs=5) == 0
    assert run.run(seconds=1) == 0
    after = (run.updates, run.epoch, len(run.history), run.network.parameters.flat.tobytes())
    assert state == after
    assert len(run.divergences) == len(run.history.events) == 1


def test_predictions_are_still_numbers() -> None:
    run = Trainer(Network(SIZES, "leaky_relu"), unscaled(), config=TrainingConfig(10.0))
    run.run(epochs=20)
    probabilities = run.network.predict_proba(unscaled().X)
    assert np.isfinite(probabilities).all()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("way", ["epochs", "updates", "sevens"])
def test_the_others_of_the_fleet_go_on_as_if_alone(way: str, momentum: float) -> None:
    data = unscaled()
    rates = (1e-6, 30.0, 1e-5, 0.3, 1e-7)
    config = TrainingConfig(rates, momentum=momentum, l2=1e-4, dropout=0.1)
    fleet = Trainer(Network(SIZES, "linear", replicas=5), data, data, config)
    singles = []
    for replica, rate in enumerate(rates):
        net = Network(SIZES, "linear")
        net.parameters.flat[:] = fleet.network.parameters.flat[replica]
        own = TrainingConfig(rate, momentum=momentum, l2=1e-4, dropout=0.1)
        singles.append(Trainer(net, data, data, own))
    run(singles, way)
    run([fleet], way)
    diverged = sorted(d.replica for d in fleet.divergences)
    assert diverged == [1, 3]
    assert not fleet.diverged
    assert fleet.epoch == 6
    assert np.isfinite(fleet.history.train_loss).all()
    for replica, single in enumerate(singles):
        ours, theirs = fleet.network.parameters.flat[replica], single.network.parameters.flat[0]
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)
        if replica in diverged:
            (own_end,) = (d.update for d in fleet.divergences if d.replica == replica)
            assert own_end == single.divergences[0].update
        else:
            np.testing.assert_allclose(
                fleet.history.replica(replica).train_loss,
                single.history.replica(0).train_loss,
                rtol=1e-3,
            )


def run(trainers: Sequence[Trainer], way: str) -> None:
    for trainer in trainers:
        for _ in range({"epochs": 6, "updates": 30, "sevens": 5}[way]):
            match way:
                case "epochs":
                    trainer.run(epochs=1)
                case "updates":
                    trainer.run(updates=1)
                case "sevens":
                    trainer.run(updates=min(7, 30 - trainer.updates))


def test_a_rate_changed_in_time_saves_the_run() -> None:
    run = Trainer(Network(SIZES, "linear"), unscaled(), config=TrainingConfig(0.3, 10))
    update, _ = look(Network(SIZES, "linear"), unscaled(), 0.3, 10)
    run.run(updates=update - 1)
    assert not run.divergences
    run.change(learning_rate=0.0)
    run.run(epochs=3)
    assert not run.divergences
    assert np.isfinite(run.history.train_loss).all()


def test_a_change_lets_the_stopped_try_again() -> None:
    data = unscaled()
    run = Trainer(Network(SIZES, "leaky_relu", replicas=2), data, config=TrainingConfig(10.0))
    run.run(epochs=20)
    assert run.diverged
    stopped, last = run.updates, run.network.parameters.flat.copy()
    run.change(learning_rate=10.0)
    assert run.diverged, "nothing has changed"
    run.change(learning_rate=0.0)
    assert not run.diverged
    run.run(epochs=1)
    assert run.updates > stopped
    np.testing.assert_array_equal(run.network.parameters.flat, last)
    run.change(learning_rate=10.0)
    run.run(epochs=20)
    assert run.diverged
    assert sorted(divergence.replica for divergence in run.divergences) == [0, 0, 1, 1]
    assert np.isfinite(run.history.train_loss).all()


def test_a_loss_beyond_the_numbers_is_divergence_too() -> None:
    """Finite weights whose product is not: no entry of the history may be NaN."""
    data = unscaled()
    for way in ("epochs", "updates"):
        run = Trainer(Network((2, 3, 3, 1), "linear"), data, config=TrainingConfig(1e6, 50))
        ways(run, way)
        assert run.diverged
        assert np.isfinite(run.network.parameters.flat).all()
        assert np.isfinite(run.network.loss_and_gradients(data.X, data.y)[0]).all()
        assert np.isfinite(run.history.train_loss).all()


def test_nothing_is_printed(recwarn: pytest.WarningsRecorder) -> None:
    run = Trainer(Network(SIZES, "leaky_relu"), unscaled(), unscaled(), TrainingConfig(1e6))
    run.run(epochs=10)
    assert run.diverged
    assert not [str(warning.message) for warning in recwarn]


def test_a_start_beyond_the_numbers_is_told_at_the_first_update(
    recwarn: pytest.WarningsRecorder,
) -> None:
    data = make_dataset("plane", 30)
    far = Dataset(1e30 * data.X, data.y)
    net = Network((2, 3, 1), "relu", "linear")
    start = net.parameters.flat.copy()
    run = Trainer(net, far, far, TrainingConfig(0.1))
    assert not np.isfinite(run.history.train_loss).any()
    run.run(epochs=3)
    assert run.diverged
    assert (run.updates, run.divergences[0].update) == (0, 1)
    np.testing.assert_array_equal(net.parameters.flat, start)
    assert not [str(warning.message) for warning in recwarn]


def with_one_far_out(net: Network) -> Dataset:
    """Points of which number 30 lies at 1e20, with the label that the network does not give it."""
    data = make_dataset("circle", 50, noise=0.1)
    points, labels = data.X.copy(), data.y.copy()
    points[30] = 1e20
    labels[30] = 1 - net.predict(points[30:31])[0, 0]
    return Dataset(points, labels)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw"])
def test_squares_that_overflow_are_a_divergence(optimizer: str) -> None:
    """Gradients of 1e20 are numbers of float32, their squares are not: each step would be 0."""
    net = Network((2, 1), seed=3)
    data = with_one_far_out(net)
    config = TrainingConfig(1e-5, 1, optimizer=optimizer)
    run = Trainer(net, data, config=config)
    order = NumberedStream(0, "batches").at(0).permutation(50)
    bad = int(np.flatnonzero(order == 30)[0]) + 1
    run.run(updates=bad - 1)
    assert not run.diverged
    before = net.parameters.flat.copy()
    run.run(epochs=2)
    assert run.diverged
    assert run.updates == bad - 1
    assert [found.update for found in run.divergences] == [bad]
    assert [event.label for event in run.history.events] == [
        f"stopped: the squared gradients overflowed at update {bad}"
    ]
    np.testing.assert_array_equal(net.parameters.flat, before)
    # In float64 they are numbers, and the run goes on.
    run = Trainer(Network((2, 1), seed=3, dtype="float64"), data, config=config)
    run.run(epochs=2)
    assert not run.diverged


def test_squares_that_overflow_stop_one_replica_alone() -> None:
    net = Network((2, 1), seed=3, replicas=2)
    far, near = with_one_far_out(Network((2, 1), seed=3)), make_dataset("circle", 50, noise=0.1)
    net.parameters.flat[:] = net.parameters.flat[0]
    both = Dataset(np.stack([near.X, far.X]), np.stack([near.y, far.y]))
    config = TrainingConfig(1e-5, 5, optimizer="adam")
    run = Trainer(net, both, config=config)
    run.run(epochs=3)
    assert [found.replica for found in run.divergences] == [1]
    alone = Trainer(Network((2, 1), seed=3), near, config=config)
    alone.run(epochs=3)
    np.testing.assert_allclose(net.parameters.flat[0], alone.network.parameters.flat[0], rtol=1e-5)
