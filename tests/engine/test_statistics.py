"""What is measured inside training, against the same worked out by hand from each update."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import (
    Augmentation,
    Dataset,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    make_dataset,
)
from nbtutor.engine.history import DETAILS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.random import NumberedStream
from nbtutor.engine.schedules import CosineDecay

Array = np.ndarray

OF_EPOCHS = ("running_loss", "gradient_norm", "update_ratio", "dead_units")
SETTINGS: dict[str, Any] = {"learning_rate": 0.1, "batch_size": 7, "momentum": 0.5, "l2": 0.05}


def trainer(detail: str, replicas: int = 2, n: int = 30, **settings: Any) -> Trainer:
    train, validation = make_dataset("moons", 2 * n, noise=0.2, seed=1).split(0.5)
    net = Network((2, 6, 5, 1), ("relu", "tanh"), replicas=replicas, dtype="float64", seed=3)
    config = TrainingConfig(**{**SETTINGS, **settings})
    return Trainer(net, train, validation, config, seed=9, detail=detail)


def blocks(net: Network, flat: Array) -> list[Array]:
    """The part of every layer, weights and biases, shape (replicas, ...)."""
    sizes = [(i + 1) * o for i, o in zip(net.sizes[:-1], net.sizes[1:], strict=True)]
    return np.split(flat, np.cumsum(sizes)[:-1], axis=1)


def norms(net: Network, flat: Array) -> Array:
    return np.stack([np.linalg.norm(block, axis=1) for block in blocks(net, flat)], axis=1)


def watch(run: Trainer, updates: int) -> tuple[Array, Array]:
    """Gradient and step of every update, from copies made around it: (updates, replicas, ...)."""
    gradients, ratios = [], []
    net = run.network
    for _ in range(updates):
        before = net.parameters.flat.copy()
        run.run(updates=1)
        gradients.append(norms(net, net.gradients.flat))
        ratios.append(norms(net, net.parameters.flat - before) / norms(net, before))
    return np.array(gradients), np.array(ratios)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_sizes_of_gradients_and_updates(optimizer: str) -> None:
    run = trainer("updates", optimizer=optimizer, learning_rate=0.02, l1=0.01)
    gradients, ratios = watch(run, 10)  # two epochs of five updates
    rows = run.history.updates
    np.testing.assert_allclose(rows["gradient_norm"], gradients, rtol=1e-10)
    np.testing.assert_allclose(rows["update_ratio"], ratios, rtol=1e-8)
    for name, each in (("gradient_norm", gradients), ("update_ratio", ratios)):
        column = getattr(run.history, name)
        assert np.isnan(column[0]).all(), "nothing was measured before the first epoch"
        mean_square = (each.reshape(2, 5, 2, 3) ** 2).mean(axis=1)
        np.testing.assert_allclose(column[1:], np.sqrt(mean_square), rtol=1e-8)


def test_the_gradient_is_the_objectives_before_it_is_clipped() -> None:
    run = trainer("updates", clip_norm=1e-3, l2=0.3, l1=0.02)
    net = run.network.copy()
    run.run(updates=1)
    points = NumberedStream(9, "batches").at(0).permutation(30)[:7]
    _, gradients = net.loss_and_gradients(run.train.X[points], run.train.y[points], l1=0.02, l2=0.3)
    expected = norms(net, gradients.flat)
    np.testing.assert_allclose(run.history.updates["gradient_norm"][0], expected, rtol=1e-12)
    step = np.linalg.norm(run.network.parameters.flat - net.parameters.flat, axis=1)
    np.testing.assert_allclose(step, 0.1 * 1e-3, rtol=1e-3)


def test_a_ratio_of_weights_that_are_all_zero() -> None:
    train = make_dataset("moons", 20)
    run = Trainer(
        Network((2, 1), initialization="zeros"),
        train,
        config=TrainingConfig(0.1, 20),
        detail="updates",
    )
    run.run(updates=2)
    ratios = run.history.updates["update_ratio"][:, 0, 0]
    assert np.isinf(ratios[0])
    assert np.isfinite(ratios[1])
    still = Trainer(
        Network((2, 1), initialization="zeros"), train, config=TrainingConfig(0.0), detail="epochs"
    )
    still.run(epochs=1)
    assert still.history.update_ratio[1].tolist() == [[0.0]]


def test_the_running_loss_is_that_of_the_batches_as_they_were_trained_on() -> None:
    settings: dict[str, Any] = {
        "dropout": ((0.3, 0.1), (0.0, 0.5)),
        "augmentation": Augmentation(0.2, 20.0, True),
        "label_smoothing": 0.2,
    }
    run = trainer("updates", **settings)
    data, n = run.train, 30
    expected, sizes = [], []
    for epoch in range(2):
        order = NumberedStream(9, "batches").at(epoch).permutation(n)
        X = settings["augmentation"](data.X, NumberedStream(9, "augmentation").at(epoch))[order]
        y = data.y[order] * 0.8 + 0.1
        rng = NumberedStream(9, "dropout").at(epoch)
        uniform = [rng.random((units, n)).T for units in (6, 5)]
        for start in range(0, n, 7):
            part = slice(start, min(start + 7, n))
            net = run.network
            loss = []
            for replica in range(2):
                a = X[part]
                for layer in range(2):
                    z = a @ net.weights[layer][replica] + net.biases[layer][replica]
                    share = settings["dropout"][replica][layer]
                    a = np.maximum(z, 0) if layer == 0 else np.tanh(z)
                    a = a * (uniform[layer][part] >= share) / (1 - share)
                z = (a @ net.weights[2][replica] + net.biases[2][replica])[:, 0]
                p, t = 1 / (1 + np.exp(-z)), y[part]
                loss.append(-(t * np.log(p) + (1 - t) * np.log(1 - p)).mean())
            expected.append(loss)
            sizes.append(len(X[part]))
            run.run(updates=1)
    np.testing.assert_allclose(run.history.updates["batch_loss"], expected, rtol=1e-12)
    weighted = np.array(expected) * np.array(sizes)[:, None]
    means = weighted.reshape(2, 5, 2).sum(axis=1) / n
    np.testing.assert_allclose(run.history.running_loss[1:], means, rtol=1e-12)
    assert np.isnan(run.history.running_loss[0]).all()
    assert not np.allclose(run.history.running_loss[1:], run.history.train_loss[1:], rtol=0.01)


def test_dead_units_are_those_of_the_network_at_each_epoch() -> None:
    run = trainer("epochs", learning_rate=1.0)
    run.network.biases[0][0, :3] = -50
    run = Trainer(run.network, run.train, config=run.config, detail="epochs")
    counts = [run.network.dead_units(run.train.X)]
    for _ in range(5):
        run.run(epochs=1)
        counts.append(run.network.dead_units(run.train.X))
    np.testing.assert_array_equal(run.history.dead_units, counts)
    assert (run.history.dead_units[:, 0, 0] >= 3).all()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_objective_is_the_loss_and_the_penalties(optimizer: str) -> None:
    l1, l2 = (0.01, 0.0), (0.2, 0.1)
    run = trainer("losses", optimizer=optimizer, learning_rate=0.02, l1=l1, l2=l2)
    for _ in range(3):
        weights = [w.reshape(2, -1) for w in run.network.weights]
        every = np.concatenate(weights, axis=1)
        penalty = np.array(l1) * np.abs(every).sum(axis=1)
        if optimizer == "sgd":  # AdamW's decay is no part of what is minimised
            penalty = penalty + np.array(l2) / 2 * (every**2).sum(axis=1)
        difference = run.history.train_objective[-1] - run.history.train_loss[-1]
        np.testing.assert_allclose(difference, penalty, rtol=1e-10, atol=1e-15)
        run.run(epochs=1)


def test_without_penalties_the_objective_is_the_loss() -> None:
    run = trainer("losses", l2=0.0, dropout=0.2)
    run.run(epochs=3)
    np.testing.assert_array_equal(run.history.train_objective, run.history.train_loss)


@pytest.mark.parametrize("replicas", [1, 2])
def test_measuring_changes_nothing(replicas: int) -> None:
    runs = [
        trainer(detail, replicas, dropout=0.2, schedule=CosineDecay(5), clip_norm=0.5)
        for detail in DETAILS
    ]
    for run in runs:
        run.run(epochs=4)
        run.run(updates=3)
    for run in runs[1:]:
        np.testing.assert_array_equal(run.network.parameters.flat, runs[0].network.parameters.flat)
        for name in ("train_loss", "validation_loss", "train_objective", "learning_rate"):
            ours, plain = getattr(run.history, name), getattr(runs[0].history, name)
            np.testing.assert_array_equal(ours, plain)


def test_shapes_and_numbers_of_rows() -> None:
    run = trainer("updates")
    run.run(epochs=3)
    run.run(updates=2)
    history = run.history
    shapes = {"running_loss": (2,), "gradient_norm": (2, 3), "update_ratio": (2, 3)}
    shapes |= {"dead_units": (2, 2), "train_objective": (2,), "learning_rate": (2,)}
    for name, shape in shapes.items():
        assert getattr(history, name).shape == (4, *shape)
    assert history.update.tolist() == [0, 5, 10, 15]
    rows = history.updates
    assert rows["update"].tolist() == list(range(1, 18))
    ends = [e + min(s + 7, 30) / 30 for e in range(4) for s in range(0, 30, 7)][:17]
    np.testing.assert_allclose(rows["epoch"], ends, rtol=1e-12)
    assert rows["batch_loss"].shape == (17, 2)
    one = history.replica(1)
    np.testing.assert_array_equal(one.gradient_norm, history.gradient_norm[:, 1])
    np.testing.assert_array_equal(one.updates["update_ratio"], rows["update_ratio"][:, 1])
    np.testing.assert_array_equal(one.dead_units, history.dead_units[:, 1])


@pytest.mark.parametrize("slices", [1, 3, 1000])
def test_any_slicing_measures_the_same(slices: int) -> None:
    whole, sliced = trainer("updates", dropout=0.2), trainer("updates", dropout=0.2)
    whole.run(updates=23)
    while sliced.updates < 23:
        sliced.run(updates=min(slices, 23 - sliced.updates))
    ours, theirs = whole.history.to_arrays(), sliced.history.to_arrays()
    for name, column in ours.items():
        np.testing.assert_array_equal(column, theirs[name], name)


@pytest.mark.parametrize("detail", ["losses", "epochs"])
def test_what_is_not_measured_says_how_to_have_it(detail: str) -> None:
    run = trainer(detail)
    run.run(epochs=1)
    missing = [*OF_EPOCHS, "updates"] if detail == "losses" else ["updates"]
    for name in missing:
        wanted = "updates" if name == "updates" else "epochs"
        with pytest.raises(ParameterError, match=f"detail='{wanted}' to have {name}") as caught:
            getattr(run.history, name)
        assert caught.value.name == "detail"
        with pytest.raises(ParameterError, match="detail="):
            getattr(run.history.replica(0), name)


def unscaled() -> Dataset:
    data = make_dataset("circle", 50, noise=0.1)
    return Dataset(1000 * data.X, data.y)


@pytest.mark.parametrize("way", ["at once", "one by one"])
def test_no_row_of_an_update_that_did_not_happen(way: str) -> None:
    """The last replica's overflow is taken back, so that update has no row, nor has any two."""
    config = TrainingConfig((0.5, 0.3), 10, momentum=0.5)
    net = Network((2, 6, 6, 1), "leaky_relu", replicas=2)
    run = Trainer(net, unscaled(), config=config, detail="updates")
    for _ in range(1 if way == "at once" else 200):
        run.run(updates=200 if way == "at once" else 1)
    assert run.diverged
    last = run.updates
    assert run.divergences[-1].update == last + 1
    rows = run.history.updates["update"]
    assert rows.tolist() == list(range(1, last + 1))
    assert len(run.history.events) == 2
    points = run.progress % 1 * 50
    np.testing.assert_allclose(run.checkpoint().statistics[:, 1], points)
    run.change(learning_rate=0.0)
    run.run(updates=7)
    assert run.history.updates["update"].tolist() == list(range(1, last + 8))
    assert (np.diff(run.history.updates["epoch"]) > 0).all()
    assert (np.diff(run.history.epoch) == 1).all()
