"""Gradients against central finite differences of a loss written here, in float64."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nbtutor.engine import Network

Array = np.ndarray

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
OUTPUTS = {"sigmoid": (1, 2), "softmax-2": (2, 2), "softmax-3": (3, 3)}  # units, classes
HIDDEN: tuple[tuple[int, ...], ...] = ((), (3,), (4, 3), (3, 2, 4))
PENALTIES = ((0.0, 0.0), (0.07, 0.0), (0.0, 0.3), (0.05, 0.2))
STEP = 1e-6
KINK = 1e-4  # no weighted sum and no weight may be nearer to zero than this


def activate(name: str, z: Array) -> Array:
    formulas: dict[str, Callable[[Array], Array]] = {
        "tanh": lambda z: np.sinh(z) / np.cosh(z),
        "relu": lambda z: np.where(z > 0, z, 0.0),
        "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
        "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
        "gelu": lambda z: z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
        "silu": lambda z: z / (1 + np.exp(-z)),
        "softplus": lambda z: np.log(1 + np.exp(z)),
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "linear": lambda z: z,
    }
    return formulas[name](z)


def textbook_sums(net: Network, replica: int, names: list[str], X: Array) -> list[Array]:
    """Weighted sums of every layer, one replica, from weights and biases apart."""
    sums, a = [], X
    for layer, (weights, biases) in enumerate(zip(net.weights, net.biases, strict=True)):
        z = a @ weights[replica] + biases[replica]
        sums.append(z)
        if layer < len(names):
            a = activate(names[layer], z)
    return sums


def textbook_loss(
    net: Network, replica: int, names: list[str], X: Array, y: Array, l1: float, l2: float
) -> float:
    logits = textbook_sums(net, replica, names, X)[-1]
    if logits.shape[1] == 1:
        p = 1 / (1 + np.exp(-logits[:, 0]))
        likelihood = np.where(y == 1, p, 1 - p)
    else:
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        likelihood = p[np.arange(len(y)), y]
    weights = [w[replica] for w in net.weights]
    penalty = sum(l1 * np.abs(w).sum() + l2 / 2 * (w**2).sum() for w in weights)
    return float(-np.log(likelihood).mean() + penalty)


def check(net: Network, names: list[str], classes: int, l1: float, l2: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net.parameters.flat[:] = rng.uniform(0.1, 1, net.parameters.flat.shape)
    net.parameters.flat[:] *= rng.choice([-1, 1], net.parameters.flat.shape)
    X, y = rng.normal(size=(7, net.sizes[0])), rng.integers(0, classes, 7)
    for replica in range(net.replicas):
        sums = textbook_sums(net, replica, names, X)[:-1]
        assert all(np.abs(z).min() > KINK for z in sums), "this draw is at a kink: take another"

    loss, gradients = net.loss_and_gradients(X, y, l1=l1, l2=l2)
    assert loss.shape == (net.replicas,)
    for replica in range(net.replicas):
        expected = textbook_loss(net, replica, names, X, y, l1, l2)
        assert loss[replica] == pytest.approx(expected, rel=1e-12)
        pairs = zip(
            [*net.weights, *net.biases], [*gradients.weights, *gradients.biases], strict=True
        )
        for parameter, gradient in pairs:
            numeric = np.empty_like(parameter[replica])
            for place in np.ndindex(numeric.shape):
                here = (replica, *place)
                value = parameter[here]
                parameter[here] = value + STEP
                above = textbook_loss(net, replica, names, X, y, l1, l2)
                parameter[here] = value - STEP
                below = textbook_loss(net, replica, names, X, y, l1, l2)
                parameter[here] = value
                numeric[place] = (above - below) / (2 * STEP)
            scale = np.abs(gradients.flat[replica]).max()
            np.testing.assert_allclose(gradient[replica], numeric, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_of_every_activation_output_depth_and_penalty(
    activation: str, hidden: tuple[int, ...], output: str
) -> None:
    units, classes = OUTPUTS[output]
    for seed, (l1, l2) in enumerate(PENALTIES):
        net = Network((2, *hidden, units), activation, output.split("-")[0], dtype="float64")
        check(net, [activation] * len(hidden), classes, l1, l2, seed=seed)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("replicas", [2, 5])
def test_of_a_fleet(replicas: int, output: str) -> None:
    units, classes = OUTPUTS[output]
    net = Network(
        (3, 4, 3, units), "tanh", output.split("-")[0], replicas=replicas, dtype="float64"
    )
    check(net, ["tanh", "tanh"], classes, 0.02, 0.1, seed=1)


@pytest.mark.parametrize(
    "names",
    [["relu", "tanh"], ["sigmoid", "leaky_relu", "linear"], ["tanh", "relu", "sigmoid", "tanh"]],
    ids="-".join,
)
def test_of_an_activation_for_each_layer(names: list[str]) -> None:
    net = Network((2, *[3] * len(names), 1), names, replicas=2, dtype="float64")
    check(net, names, 2, 0.01, 0.05, seed=2)


def test_of_points_of_each_replica() -> None:
    """Each replica may have points of its own; its gradient is that of a network alone."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3, 9, 2)), rng.integers(0, 2, (3, 9))
    net = Network((2, 4, 1), replicas=3, dtype="float64")
    loss, gradients = net.loss_and_gradients(X, y)
    for replica in range(3):
        alone = Network((2, 4, 1), dtype="float64")
        alone.parameters.flat[:] = net.parameters.flat[replica]
        expected_loss, expected = alone.loss_and_gradients(X[replica], y[replica])
        np.testing.assert_allclose(loss[replica], expected_loss[0], rtol=1e-13)
        np.testing.assert_allclose(gradients.flat[replica], expected.flat[0], atol=1e-14)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_at_the_kink_the_slope_is_that_of_the_left(name: str) -> None:
    """As PyTorch has it; the torch tests do not pass through zero."""
    net = Network((1, 1, 1), name, dtype="float64")
    net.weights[0][:], net.weights[1][:] = 1.0, 1.0
    _, gradients = net.loss_and_gradients(np.zeros((1, 1)), np.array([1]))
    slope = {"relu": 0.0, "leaky_relu": 0.01}[name]
    assert gradients.biases[0].item() == pytest.approx(-0.5 * slope)


def test_the_penalty_leaves_biases_alone() -> None:
    net = Network((2, 3, 1), replicas=2, dtype="float64")
    for biases in net.biases:
        biases[:] = 5.0
    X, y = np.array([[1.0, -1.0]]), np.array([1])
    plain_loss, gradients = net.loss_and_gradients(X, y)
    plain = [g.copy() for g in gradients.biases]
    loss, gradients = net.loss_and_gradients(X, y, l1=0.5, l2=0.5)
    weights = np.concatenate([w.reshape(2, -1) for w in net.weights], axis=1)
    penalty = 0.5 * np.abs(weights).sum(axis=1) + 0.25 * (weights**2).sum(axis=1)
    np.testing.assert_allclose(loss - plain_loss, penalty, rtol=1e-12)
    for before, after in zip(plain, gradients.biases, strict=True):
        np.testing.assert_array_equal(before, after)
