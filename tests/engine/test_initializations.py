"""Initial weights: the moments that the papers give, PyTorch's, and the failures on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig
from nbtutor.engine.initializations import CONSTANT, INITIALIZATIONS, TOO_LARGE, TOO_SMALL
from nbtutor.engine.random import stream

Array = np.ndarray

SHAPES = [(2, 8), (8, 8), (30, 3), (1, 1)]
GOOD = ("xavier_uniform", "xavier_normal", "he_uniform", "he_normal")


def draws(name: str, inputs: int, units: int, entries: int = 200_000) -> Array:
    rng = np.random.default_rng(5)
    count = entries // (inputs * units)
    draw = INITIALIZATIONS[name].draw
    return np.stack([draw(rng, inputs, units) for _ in range(count)])


def expected_std(name: str, inputs: int, units: int) -> float:
    variance = {
        "xavier": 2 / (inputs + units),
        "he": 2 / inputs,
        "too_small": TOO_SMALL**2,
        "too_large": TOO_LARGE**2,
    }
    return float(np.sqrt(variance.get(name, variance.get(name.split("_")[0], 0.0))))


@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
@pytest.mark.parametrize("name", INITIALIZATIONS)
def test_moments(name: str, shape: tuple[int, int]) -> None:
    assert INITIALIZATIONS[name].name == name
    weights, std = draws(name, *shape), expected_std(name, *shape)
    assert weights.shape[1:] == shape
    assert weights.dtype == np.float64
    mean = CONSTANT if name == "constant" else 0
    assert abs(weights.mean() - mean) <= 5 * std / np.sqrt(weights.size)
    assert weights.std() == pytest.approx(std, rel=0.01)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", GOOD)
def test_the_shape_of_the_distribution(name: str, shape: tuple[int, int]) -> None:
    """A uniform distribution ends at sqrt(3) standard deviations and has kurtosis 1.8; normal 3."""
    weights = draws(name, *shape, entries=50_000) / expected_std(name, *shape)
    uniform = name.endswith("uniform")
    assert (weights**4).mean() == pytest.approx(1.8 if uniform else 3, rel=0.1)
    assert (np.abs(weights).max() < np.sqrt(3) + 1e-9) == uniform
    assert np.abs(weights).max() > 0.999 * np.sqrt(3)


@pytest.mark.parametrize("shape", SHAPES[:-1], ids=str)
@pytest.mark.parametrize("name", GOOD)
def test_as_in_torch(name: str, shape: tuple[int, int]) -> None:
    torch: Any = pytest.importorskip("torch")
    torch.manual_seed(0)
    inputs, units = shape
    family, kind = name.split("_")
    init = getattr(torch.nn.init, f"{'xavier' if family == 'xavier' else 'kaiming'}_{kind}_")
    options = {} if family == "xavier" else {"nonlinearity": "relu"}
    count = 200_000 // (inputs * units)
    theirs = [init(torch.empty(units, inputs), **options) for _ in range(count)]
    ours = draws(name, inputs, units)
    assert ours.std() == pytest.approx(torch.stack(theirs).std().item(), rel=0.02)
    if kind == "uniform":
        largest = torch.stack(theirs).abs().max().item()
        assert np.abs(ours).max() == pytest.approx(largest, rel=1e-3)


def test_the_default_is_what_networks_start_from() -> None:
    net = Network((3, 5, 4, 1), replicas=2, seed=9, dtype="float64")
    for replica in range(2):
        rng = stream(9, "weights", replica)
        for weights in net.weights:
            expected = INITIALIZATIONS["xavier_uniform"].draw(rng, *weights.shape[1:])
            np.testing.assert_array_equal(weights[replica], expected)


def start(name: str, hidden: tuple[int, ...], activation: str = "tanh") -> Network:
    net = Network((2, *hidden, 1), activation, dtype="float64")
    rng = np.random.default_rng(0)
    for weights in net.weights:
        weights[0] = INITIALIZATIONS[name].draw(rng, *weights.shape[1:])
    return net


def xor(seed: int) -> Dataset:
    X = np.random.default_rng(seed).normal(size=(80, 2))
    return Dataset(X, (X[:, 0] * X[:, 1] > 0).astype(int))


def train(net: Network) -> Array:
    """Train for 20 epochs; return the training loss."""
    trainer = Trainer(net, xor(2), config=TrainingConfig(0.1))
    trainer.run(epochs=20)
    losses: Array = trainer.history.train_loss
    return losses


def test_from_zeros_only_the_output_bias_learns() -> None:
    net = start("zeros", (6, 6))
    train(net)
    assert all((weights == 0).all() for weights in net.weights)
    assert all((biases == 0).all() for biases in net.biases[:-1])
    assert net.biases[-1] != 0


def test_from_a_constant_the_units_of_a_layer_stay_the_same() -> None:
    net = start("constant", (6, 6))
    train(net)
    for layer, weights in enumerate(net.weights[:-1]):
        assert np.abs(weights - CONSTANT).max() > 1e-3, "nothing was learnt"
        assert np.ptp(weights, axis=-1).max() < 1e-12
        assert np.ptp(net.biases[layer]) < 1e-12


def first_layer_gradient(name: str) -> float:
    data = xor(3)
    net = start(name, (8, 8, 8))
    _, gradients = net.loss_and_gradients(data.X, data.y)
    return float(np.linalg.norm(gradients.weights[0]))


def test_too_small_starves_the_lower_layers_and_leaves_the_loss_on_a_plateau() -> None:
    assert first_layer_gradient("too_small") < 1e-6 * first_layer_gradient("xavier_uniform")
    loss = train(start("too_small", (8, 8, 8)))
    share = xor(2).y.mean()
    guessing = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert loss[-1] == pytest.approx(guessing, abs=0.01)


def test_too_large_saturates() -> None:
    X = xor(3).X
    *hidden, _ = start("too_large", (8, 8, 8)).layer_outputs(X)
    for outputs in hidden:
        assert np.median(np.abs(outputs)) > 0.999
    relu = start("too_large", (8, 8, 8), "relu")
    assert np.abs(relu.logits(X)).max() > 1000
