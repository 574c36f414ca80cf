"""Any allowed configuration trains, or says that it diverged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig, make_dataset

ACTIVATIONS = (
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "sigmoid",
    "linear",
)
NAMES = ("circle", "xor", "gaussians", "spiral", "moons")


@st.composite
def runs(draw: st.DrawFn, largest: int) -> Trainer:
    hidden = draw(st.lists(st.integers(1, largest), max_size=4))
    replicas = draw(st.integers(1, 4))
    output = draw(st.sampled_from(["sigmoid", "softmax"]))
    units = 1 if output == "sigmoid" else draw(st.integers(2, 4))
    activation: Any = draw(st.sampled_from(ACTIVATIONS))
    if draw(st.booleans()):
        activation = [draw(st.sampled_from(ACTIVATIONS)) for _ in hidden]
    net = Network(
        (2, *hidden, units),
        activation,
        output,
        replicas,
        draw(st.integers(0, 2**63 - 1)),
        draw(st.sampled_from(["float32", "float64"])),
    )
    data = make_dataset(
        draw(st.sampled_from(NAMES)),
        draw(st.integers(2, 60)),
        draw(st.floats(0, 0.5)),
        draw(st.integers(0, 2**63 - 1)),
    )
    if draw(st.booleans()):  # someone who forgot to scale
        data = Dataset(data.X * draw(st.sampled_from([1e-4, 100.0, 1e6])), data.y)
    if draw(st.booleans()):  # points for each replica
        data = Dataset(np.stack([data.X] * replicas), np.stack([data.y] * replicas))
    train, validation = data.split(draw(st.floats(0.2, 0.8)))

    def setting(values: st.SearchStrategy[float]) -> Any:
        each = st.lists(values, min_size=replicas, max_size=replicas).map(tuple)
        return draw(st.just(0.0) | values | each)

    below_one = st.floats(0, 1, exclude_max=True)
    config = TrainingConfig(
        setting(st.floats(0, 1) | st.floats(0, 1e6)),
        draw(st.integers(1, 70)),
        setting(below_one),
        setting(below_one),
        setting(st.floats(0, 0.1) | st.floats(0, 1e6)),
        setting(st.floats(0, 0.1) | st.floats(0, 1e6)),
    )
    seed = draw(st.integers(0, 2**63 - 1))
    return Trainer(net, train, draw(st.sampled_from([None, validation])), config, seed)


def check(run: Trainer, slices: int) -> None:
    start = run.network.parameters.flat.copy()
    while run.epoch < 2 and not run.diverged:
        run.run(epochs=2 - run.epoch, updates=slices)
    stopped = [divergence.replica for divergence in run.divergences]
    assert len(set(stopped)) == len(stopped)
    assert run.diverged == (len(stopped) == run.network.replicas)
    assert np.isfinite(run.network.parameters.flat).all()
    assert np.isfinite(run.history.train_loss).all()
    assert ((run.history.train_accuracy >= 0) & (run.history.train_accuracy <= 1)).all()
    assert len(run.history) == run.epoch + 1
    assert len(run.history.events) == len(stopped)
    for divergence in run.divergences:
        assert divergence.update <= run.updates + 1
    # Without a rate nothing moves, whatever the other settings.
    rates = np.broadcast_to(np.asarray(run.config.learning_rate), run.network.replicas)
    for replica, rate in enumerate(rates):
        if rate == 0:
            np.testing.assert_array_equal(run.network.parameters.flat[replica], start[replica])


@settings(max_examples=300)
@given(run=runs(largest=6), slices=st.integers(1, 50))
def test_two_epochs(run: Trainer, slices: int) -> None:
    check(run, slices)


@pytest.mark.soak
@settings(max_examples=2000)
@given(run=runs(largest=20), slices=st.integers(1, 200))
def test_two_epochs_of_very_many(run: Trainer, slices: int) -> None:
    check(run, slices)
