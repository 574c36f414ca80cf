"""Activation functions: what a hidden unit does to its weighted sum.

Each is a pair, the function and its derivative, in the registry `ACTIVATIONS`. Both write into an
array that the caller owns, their last argument: at the size of these networks the cost of NumPy is
the number of calls and of new arrays, not the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

# Constants as arrays without dimensions: a Python number is converted again at every call, which
# takes as long as the arithmetic. float32 holds these exactly, whatever the network's dtype.
_ZERO, HALF, _ONE = (np.array(value, np.float32) for value in (0, 0.5, 1))

LEAKY_SLOPE = 0.01
"""Slope of the leaky ReLU for negative sums (Maas, Hannun and Ng, 2013)."""


@dataclass(frozen=True)
class Activation:
    """An activation function and its derivative.

    Attributes
    ----------
    name : str
        The name in the registry.
    label : str
        The name that a person reads.
    output : callable
        ``output(z, out)`` writes f(z) into `out`.
    derivative : callable
        ``derivative(z, a, out)`` writes f'(z) into `out`, where ``a = f(z)`` is at hand because
        several derivatives are cheaper from it.
    range : tuple of float
        The smallest and the largest value that f can take or approach.
    """

    name: str
    label: str
    output: Callable[[Array, Array], object]
    derivative: Callable[[Array, Array, Array], None]
    range: tuple[float, float]


def _linear(z: Array, out: Array) -> None:
    np.copyto(out, z)


def _linear_derivative(z: Array, a: Array, out: Array) -> None:
    out.fill(1)


def sigmoid(z: Array, out: Array) -> None:
    """Write 1 / (1 + exp(-z)) into `out`.

    As (1 + tanh(z / 2)) / 2, which is the same number and cannot overflow.
    """
    np.multiply(z, HALF, out)
    np.tanh(out, out)
    np.multiply(out, HALF, out)
    np.add(out, HALF, out)


def _sigmoid_derivative(z: Array, a: Array, out: Array) -> None:
    np.multiply(a, a, out)
    np.subtract(a, out, out)  # a (1 - a)


def _tanh_derivative(z: Array, a: Array, out: Array) -> None:
    np.multiply(a, a, out)
    np.subtract(_ONE, out, out)  # 1 - a²


def _relu(z: Array, out: Array) -> None:
    np.maximum(z, _ZERO, out=out)


def _relu_derivative(z: Array, a: Array, out: Array) -> None:
    np.greater(z, _ZERO, out)  # 0 at the kink itself, as PyTorch has it


def _leaky_relu(z: Array, out: Array) -> None:
    np.multiply(z, LEAKY_SLOPE, out)
    np.maximum(z, out, out=out)


def _leaky_relu_derivative(z: Array, a: Array, out: Array) -> None:
    np.greater(z, _ZERO, out)
    np.multiply(out, 1 - LEAKY_SLOPE, out)
    np.add(out, LEAKY_SLOPE, out)


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("tanh", "tanh", np.tanh, _tanh_derivative, (-1, 1)),
        Activation("relu", "ReLU", _relu, _relu_derivative, (0, np.inf)),
        Activation(
            "leaky_relu", "Leaky ReLU", _leaky_relu, _leaky_relu_derivative, (-np.inf, np.inf)
        ),
        Activation("sigmoid", "Sigmoid", sigmoid, _sigmoid_derivative, (0, 1)),
        Activation("linear", "Linear", _linear, _linear_derivative, (-np.inf, np.inf)),
    )
}
"""The activation functions by name."""
