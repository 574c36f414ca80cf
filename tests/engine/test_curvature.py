"""Hessian products against finite differences of exact gradients, PyTorch and NumPy's eigvalsh."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import Hessian, Network, ParameterError, largest_eigenvalue
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.parameters import Parameters

Array = np.ndarray

OUTPUTS = {"sigmoid": 1, "softmax": 3}


def problem(output: str, n: int = 11, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 2)), rng.integers(0, {"sigmoid": 2, "softmax": 3}[output], n)


def network(
    hidden: Sequence[int], activation: str | Sequence[str], output: str, **options: Any
) -> Network:
    net = Network((2, *hidden, OUTPUTS[output]), activation, output, dtype="float64", **options)
    rng = np.random.default_rng(1)
    net.parameters.flat[:] = rng.normal(size=net.parameters.flat.shape)
    return net


def by_differences(net: Network, X: Array, y: Array, l2: float, step: float = 1e-6) -> Array:
    """Central differences of the engine's exact gradient, one column for each parameter."""
    columns = []
    flat = net.parameters.flat
    for place in range(flat.shape[1]):
        value = flat[0, place]
        sides = []
        for moved in (value + step, value - step):
            flat[0, place] = moved
            sides.append(net.loss_and_gradients(X, y, l2=l2)[1].flat[0].copy())
        flat[0, place] = value
        columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
@pytest.mark.parametrize("hidden", [(), (3, 4)], ids=str)
def test_of_squared_error_against_differences_of_gradients(
    hidden: tuple[int, ...], output: str
) -> None:
    units = {"sigmoid": 1, "softmax": 3, "linear": 2}[output]
    net = Network((2, *hidden, units), output=output, loss="squared_error", dtype="float64")
    rng = np.random.default_rng(2)
    net.parameters.flat[:] = rng.normal(size=net.parameters.flat.shape)
    X, y = rng.normal(size=(11, 2)), rng.normal(size=(11, 2))
    if output != "linear":
        y = rng.dirichlet(np.ones(max(units, 2)), 11)  # soft labels, so that every term counts
    expected = by_differences(net, X, y, 0.1)
    ours = Hessian(net, X, y, l2=0.1).matrix()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-8 * np.abs(expected).max())


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", [(), (4,), (3, 4)], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_against_differences_of_gradients(
    activation: str, hidden: tuple[int, ...], output: str
) -> None:
    net = network(hidden, activation, output)
    X, y = problem(output)
    for l2 in (0.0, 0.3):
        ours = Hessian(net, X, y, l2=l2)
        expected = by_differences(net, X, y, l2)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(ours.matrix(), expected, rtol=0, atol=2e-8 * scale)
        largest = np.linalg.eigvalsh((expected + expected.T) / 2)[-1]
        found = largest_eigenvalue(ours.product, ours.size)
        assert found.converged
        assert found.value == pytest.approx(largest, rel=1e-6)


@pytest.mark.parametrize("output", OUTPUTS)
def test_of_an_activation_for_each_layer_and_of_any_replica(output: str) -> None:
    net = network((3, 3, 2), ["gelu", "relu", "tanh"], output, replicas=3)
    X, y = problem(output)
    for replica in range(3):
        alone = network((3, 3, 2), ["gelu", "relu", "tanh"], output)
        alone.parameters.flat[0] = net.parameters.flat[replica]
        expected = by_differences(alone, X, y, 0.0)
        ours = Hessian(net, X, y, replica=replica).matrix()
        np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-8 * np.abs(expected).max())


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "silu", "elu"])
def test_against_pytorch(activation: str, output: str) -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torch.nn.functional")
    f = getattr(torch, activation, None) or getattr(functional, activation)
    net = network((4, 3), activation, output)
    X, y = problem(output)
    shapes = [layer.shape[1:] for layer in net.parameters.layers]

    def objective(flat: Any) -> Any:
        a, start, penalty = torch.tensor(X), 0, 0.0
        for layer, (rows, units) in enumerate(shapes):
            block = flat[start : start + rows * units].reshape(rows, units)
            start += rows * units
            z = a @ block[:-1] + block[-1]
            penalty = penalty + 0.05 / 2 * (block[:-1] ** 2).sum()
            a = f(z) if layer < 2 else z
        if output == "sigmoid":
            loss = functional.binary_cross_entropy_with_logits(a[:, 0], torch.tensor(y * 1.0))
        else:
            loss = functional.cross_entropy(a, torch.tensor(y))
        return loss + penalty

    flat = torch.tensor(net.parameters.flat[0])
    expected = torch.autograd.functional.hessian(objective, flat).numpy()
    ours = Hessian(net, X, y, l2=0.05)
    assert ours.loss == pytest.approx(objective(flat).item(), rel=1e-12)
    np.testing.assert_allclose(ours.matrix(), expected, rtol=0, atol=1e-12)
    found = largest_eigenvalue(ours.product, ours.size)
    assert found.value == pytest.approx(np.linalg.eigvalsh(expected)[-1], rel=1e-6)


def test_l2_adds_to_the_diagonal_of_the_weights_alone() -> None:
    net = network((3,), "tanh", "sigmoid")
    X, y = problem("sigmoid")
    added = Hessian(net, X, y, l2=0.7).matrix() - Hessian(net, X, y).matrix()
    is_weight = Parameters(net.sizes, 1, np.float64)
    for weights in is_weight.weights:
        weights.fill(1)
    np.testing.assert_allclose(added, 0.7 * np.diag(is_weight.flat[0]), atol=1e-15)


def test_a_float32_network_is_copied_and_left_alone() -> None:
    net = Network((2, 4, 1), seed=3)
    X, y = problem("sigmoid")
    before = net.parameters.flat.copy()
    hessian = Hessian(net, X, y)
    expected = hessian.matrix()
    assert expected.dtype == np.float64
    np.testing.assert_allclose(expected, expected.T, atol=1e-15)
    np.testing.assert_array_equal(net.parameters.flat, before)
    net.parameters.flat += 1
    np.testing.assert_array_equal(hessian.matrix(), expected)


def test_loss_and_gradient_are_the_networks() -> None:
    net = network((4,), "tanh", "softmax")
    X, y = problem("softmax")
    hessian = Hessian(net, X, y, l2=0.2)
    loss, gradients = net.loss_and_gradients(X, y, l2=0.2)
    assert hessian.loss == loss[0]
    np.testing.assert_array_equal(hessian.gradient, gradients.flat[0])


def with_eigenvalues(*values: float) -> tuple[Array, Callable[[Array], Array]]:
    size = len(values)
    q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(size, size)))
    matrix = q @ np.diag(values) @ q.T
    return matrix, lambda vector: matrix @ vector


@pytest.mark.parametrize(
    "values",
    [
        (3.0, 1.0, 0.5, 0.0),
        (3.0, -9.0, 1.0, 0.2),  # the largest in magnitude is negative
        (3.0, -3.0, 1.0, 0.2),  # a tie: without the shift the vector never settles
        (-1.0, -2.0, -5.0),  # concave
        (2.0, 2.0, 2.0),
        (-2.0, -2.0),
        (0.0, 0.0),
        (4.0,),
        (1e-9, 0.0, -1e-10),
    ],
    ids=str,
)
def test_the_largest_is_the_algebraic_one(values: tuple[float, ...]) -> None:
    matrix, product = with_eigenvalues(*values)
    found = largest_eigenvalue(product, len(values))
    assert found.converged
    assert found.value == pytest.approx(max(values), rel=1e-7, abs=1e-15)
    assert np.linalg.norm(found.vector) == pytest.approx(1)
    residual = np.linalg.norm(matrix @ found.vector - found.value * found.vector)
    assert found.residual == pytest.approx(residual, abs=1e-15)
    assert found.estimates[-1] == found.value


def test_what_has_not_converged_says_so() -> None:
    _, product = with_eigenvalues(1.0, 0.999, 0.998)
    found = largest_eigenvalue(product, 3, max_iterations=5)
    assert not found.converged
    assert found.residual > 1e-7


@settings(max_examples=30)
@given(
    hidden=st.lists(st.integers(1, 4), max_size=3),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    output=st.sampled_from(sorted(OUTPUTS)),
    l2=st.floats(0, 2),
    seed=st.integers(0, 1000),
)
def test_any_hessian_is_symmetric_and_linear(
    hidden: list[int], activation: str, output: str, l2: float, seed: int
) -> None:
    X, y = problem(output, seed=seed)
    hessian = Hessian(network(hidden, activation, output), X, y, l2=l2)
    u, v = np.random.default_rng(seed).normal(size=(2, hessian.size))
    scale = float(np.linalg.norm(hessian.product(v)) * np.linalg.norm(u)) + 1e-9
    assert u @ hessian.product(v) == pytest.approx(v @ hessian.product(u), abs=1e-12 * scale)
    both = hessian.product(2 * u - v)
    np.testing.assert_allclose(
        both, 2 * hessian.product(u) - hessian.product(v), atol=1e-11 * np.abs(both).max()
    )


def test_nonsense_is_refused() -> None:
    net = Network((2, 3, 1))
    X, y = problem("sigmoid")
    with pytest.raises(ParameterError, match=r"^l2"):
        Hessian(net, X, y, l2=-1)
    with pytest.raises(ParameterError, match=r"^replica"):
        Hessian(net, X, y, replica=1)
    with pytest.raises(ParameterError, match=r"^X"):
        Hessian(net, X[:, :1], y)
    with pytest.raises(ParameterError, match=r"^vector"):
        Hessian(net, X, y).product(np.ones(3))
    with pytest.raises(ParameterError, match=r"^tolerance"):
        largest_eigenvalue(lambda v: v, 3, tolerance=0)
    with pytest.raises(ParameterError, match=r"^max_iterations"):
        largest_eigenvalue(lambda v: v, 3, max_iterations=0)
