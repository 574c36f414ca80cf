"""Activations and their derivatives: PyTorch, finite differences, and sums of any size."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbtutor.engine.activations import ACTIVATIONS

Array = np.ndarray

KINKED = ("relu", "leaky_relu", "elu")  # the last in its slope's slope
TOLERANCE = {"float32": 2e-6, "float64": 2e-14}
PARTS = ("output", "derivative", "second")
EXTREME = [0.0, -0.0, 1e-38, 1e-4, 15.0, 88.0, 89.0, 710.0, 1e4, 1e10, 1e20, 1e38, 3e38]


def values(name: str, part: str, z: Array) -> Array:
    """f, f' or f'' of z."""
    activation = ACTIVATIONS[name]
    a, out = np.empty_like(z), np.full_like(z, np.nan)
    activation.output(z, a)
    if part == "output":
        return a
    kept = a.copy(), z.copy()
    {"derivative": activation.derivative, "second": activation.second}[part](z, a, out)
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(z, kept[1])
    return out


def in_torch(name: str, part: str, z: Array) -> Array:
    torch: Any = pytest.importorskip("torch")
    functional = torch.nn.functional
    functions = {
        "tanh": torch.tanh,
        "relu": torch.relu,
        "leaky_relu": functional.leaky_relu,
        "elu": functional.elu,
        "gelu": lambda z: functional.gelu(z, approximate="tanh"),
        "silu": functional.silu,
        "softplus": lambda z: functional.softplus(z, threshold=1000.0),
        "sigmoid": torch.sigmoid,
        "linear": lambda z: z * 1,
    }
    x = torch.tensor(z, requires_grad=True)
    result = functions[name](x)
    for _ in range(PARTS.index(part)):
        if not result.requires_grad:  # a constant slope
            return np.zeros_like(z)
        (result,) = torch.autograd.grad(result.sum(), x, create_graph=True)
    array: Array = result.detach().numpy()
    return array


def test_the_registry_knows_them_by_their_names() -> None:
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())
    assert len({activation.label for activation in ACTIVATIONS.values()}) == len(ACTIVATIONS) == 9


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_as_in_torch(name: str, part: str, dtype: str) -> None:
    z = np.random.default_rng(0).normal(scale=4, size=(7, 300)).astype(dtype)
    ours = values(name, part, z)
    assert ours.dtype == dtype
    scale = np.maximum(np.abs(z), 1)  # 1 + tanh loses what is small beside 1, in PyTorch as well
    assert (np.abs(ours - in_torch(name, part, z)) / scale).max() < TOLERANCE[dtype]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_are_those_of_the_function(name: str) -> None:
    z = np.random.default_rng(1).normal(scale=3, size=(5, 200))
    if name in KINKED:
        z = z[np.abs(z) > 1e-3][None]
    step = 1e-5
    for part, lower in zip(PARTS[1:], PARTS, strict=False):
        numeric = (values(name, lower, z + step) - values(name, lower, z - step)) / (2 * step)
        np.testing.assert_allclose(values(name, part, z), numeric, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", KINKED)
def test_at_a_kink_the_second_derivative_is_zero(name: str) -> None:
    assert values(name, "second", np.zeros((1, 1))) == 0


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_sums_of_any_size(name: str, dtype: str) -> None:
    """Finite and without a warning, up to the largest float32; and what the limit says."""
    z = np.array([EXTREME, [-value for value in EXTREME]], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for part in PARTS:
            assert np.isfinite(values(name, part, z)).all(), part
    low, high = ACTIVATIONS[name].range
    a, slope = values(name, "output", z), values(name, "derivative", z)
    assert (a >= low).all()
    assert (a <= high).all()
    far = np.abs(z) >= 1e4
    if high == np.inf:
        np.testing.assert_array_equal(a[far & (z > 0)], z[far & (z > 0)])
        np.testing.assert_array_equal(slope[far & (z > 0)], 1)
    if np.isfinite(low):
        ends = {"gelu": 0, "silu": 0}.get(name, low)  # these two have their least in the middle
        np.testing.assert_array_equal(a[far & (z < 0)], ends)
        np.testing.assert_array_equal(slope[far & (z < 0)], 0)
    np.testing.assert_array_equal(values(name, "second", z)[far], 0)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(z=hnp.arrays(np.float32, (3, 4), elements=st.floats(-(2.0**126), 2.0**126, width=32)))
def test_float32_is_near_float64(name: str, z: Array) -> None:
    for part in PARTS:
        exact, rounded = values(name, part, z.astype(np.float64)), values(name, part, z)
        error = np.abs(rounded - exact) / np.maximum(np.abs(z), 1)
        assert error.max() < TOLERANCE["float32"], part


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_range_is_that_of_the_function(name: str) -> None:
    a = values(name, "output", np.linspace(-40, 40, 800_001)[None])
    for bound, reached in zip(ACTIVATIONS[name].range, (a.min(), a.max()), strict=True):
        if np.isfinite(bound):
            assert reached == pytest.approx(bound, abs=1e-7)
        else:
            assert abs(reached) > 0.3


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_is_no_number_stays_none(name: str) -> None:
    """A network that has diverged must show it, not hide it."""
    assert np.isnan(values(name, "output", np.full((1, 1), np.nan))).all()
