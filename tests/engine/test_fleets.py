"""A fleet of R networks is R networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig, make_dataset

Array = np.ndarray

COLUMNS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
# Matrix products may sum in another order in a stack than alone: this much float32 forgives.
CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def alone(fleet: Network, replica: int) -> Network:
    """A single network that starts with the weights of one replica."""
    start = Network(
        fleet.sizes, fleet.activation, fleet.output, fleet.replicas, fleet.seed, fleet.dtype.name
    )
    net = Network(fleet.sizes, fleet.activation, fleet.output, dtype=fleet.dtype.name)
    net.parameters.flat[:] = start.parameters.flat[replica]
    return net


def check_as_alone(
    fleet: Trainer, replica: int, config: TrainingConfig, train: Dataset, test: Dataset
) -> None:
    single = Trainer(alone(fleet.network, replica), train, test, config, seed=fleet.seed)
    single.run(epochs=fleet.epoch)
    np.testing.assert_allclose(
        fleet.network.parameters.flat[replica], single.network.parameters.flat[0], **CLOSE
    )
    for name in COLUMNS:
        ours = getattr(fleet.history.replica(replica), name)
        np.testing.assert_allclose(ours, getattr(single.history.replica(0), name), **CLOSE)


def data(seed: int = 0) -> tuple[Dataset, Dataset]:
    return make_dataset("moons", 93, noise=0.2, seed=seed).split(0.5)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_with_the_same_settings(output: str) -> None:
    train, test = data()
    config = TrainingConfig(0.1, momentum=0.9, dropout=0.2, l1=1e-3, l2=1e-2)
    net = Network((2, 8, 8, {"sigmoid": 1, "softmax": 2}[output]), output=output, replicas=4)
    fleet = Trainer(net, train, test, config, seed=3)
    fleet.run(epochs=5)
    for replica in range(4):
        check_as_alone(fleet, replica, config, train, test)
    assert len(np.unique(net.parameters.flat[:, 0])) == 4


VALUES = {
    "learning_rate": (0.01, 0.1, 0.5),
    "momentum": (0.0, 0.5, 0.95),
    "dropout": (0.0, 0.2, 0.6),
    "l1": (0.0, 0.001, 0.02),
    "l2": (0.0, 0.01, 0.2),
}


@pytest.mark.parametrize("name", VALUES)
def test_with_a_setting_for_each(name: str) -> None:
    train, test = data()
    common = {"learning_rate": 0.1, "momentum": 0.3}
    config = TrainingConfig(**{**common, name: VALUES[name]})  # type: ignore[arg-type]
    net = Network((2, 6, 6, 1), replicas=3)
    net.parameters.flat[:] = net.parameters.flat[:1].copy()
    fleet = Trainer(net, train, test, config)
    fleet.run(epochs=4)
    for replica, value in enumerate(VALUES[name]):
        own = TrainingConfig(**{**common, name: value})  # type: ignore[arg-type]
        single = Trainer(Network((2, 6, 6, 1)), train, test, own)
        single.run(epochs=4)
        np.testing.assert_allclose(
            net.parameters.flat[replica], single.network.parameters.flat[0], **CLOSE
        )
    # Only the setting tells them apart, and it does.
    last = fleet.history.train_loss[-1]
    assert len(np.unique(last)) == 3


def test_with_every_setting_for_each() -> None:
    train, test = data()
    config = TrainingConfig(**VALUES)  # type: ignore[arg-type]
    fleet = Trainer(Network((2, 6, 6, 1), "relu", replicas=3), train, test, config)
    fleet.run(epochs=4)
    for replica in range(3):
        single = {name: value[replica] for name, value in VALUES.items()}
        own = TrainingConfig(**single)  # type: ignore[arg-type]
        check_as_alone(fleet, replica, own, train, test)


def test_with_points_of_each() -> None:
    """Thirty networks on thirty draws: replica r sees draw r, in the common order."""
    parts = [data(seed) for seed in range(3)]
    stacked = [
        Dataset(np.stack([d.X for d in side]), np.stack([d.y for d in side]))
        for side in zip(*parts, strict=True)
    ]
    config = TrainingConfig(0.1, momentum=0.5, dropout=0.1)
    fleet = Trainer(Network((2, 6, 1), replicas=3), stacked[0], stacked[1], config)
    fleet.run(epochs=4)
    for replica, (train, test) in enumerate(parts):
        check_as_alone(fleet, replica, config, train, test)


def test_a_float64_fleet_is_its_singles_to_rounding() -> None:
    train, _ = data()
    config = TrainingConfig(0.1, momentum=0.9, dropout=0.2, l1=1e-3, l2=1e-2)
    net = Network((2, 8, 8, 1), replicas=3, dtype="float64")
    Trainer(net, train, config=config).run(epochs=5)
    for replica in range(3):
        single = alone(net, replica)
        Trainer(single, train, config=config).run(epochs=5)
        np.testing.assert_allclose(
            net.parameters.flat[replica], single.parameters.flat[0], rtol=1e-11, atol=1e-12
        )
