"""Activation functions: what a hidden unit does to its weighted sum.

Each is a pair, the function and its derivative, in the registry `ACTIVATIONS`. Both write into an
array that the caller owns: at the size of these networks the cost of NumPy is the number of calls
and of new arrays, not the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

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
    output: Callable[[Array, Array], None]
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
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    np.multiply(out, 0.5, out=out)
    np.add(out, 0.5, out=out)


def _sigmoid_derivative(z: Array, a: Array, out: Array) -> None:
    np.multiply(a, a, out=out)
    np.subtract(a, out, out=out)  # a (1 - a)


def _tanh(z: Array, out: Array) -> None:
    np.tanh(z, out=out)


def _tanh_derivative(z: Array, a: Array, out: Array) -> None:
    np.multiply(a, a, out=out)
    np.subtract(1, out, out=out)  # 1 - a²


def _relu(z: Array, out: Array) -> None:
    np.maximum(z, 0, out=out)


def _relu_derivative(z: Array, a: Array, out: Array) -> None:
    np.greater(z, 0, out=out)  # 0 at the kink itself, as PyTorch has it


def _leaky_relu(z: Array, out: Array) -> None:
    np.multiply(z, LEAKY_SLOPE, out=out)
    np.maximum(z, out, out=out)


def _leaky_relu_derivative(z: Array, a: Array, out: Array) -> None:
    np.greater(z, 0, out=out)
    np.multiply(out, 1 - LEAKY_SLOPE, out=out)
    np.add(out, LEAKY_SLOPE, out=out)


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("tanh", "tanh", _tanh, _tanh_derivative, (-1, 1)),
        Activation("relu", "ReLU", _relu, _relu_derivative, (0, np.inf)),
        Activation(
            "leaky_relu", "Leaky ReLU", _leaky_relu, _leaky_relu_derivative, (-np.inf, np.inf)
        ),
        Activation("sigmoid", "Sigmoid", sigmoid, _sigmoid_derivative, (0, 1)),
        Activation("linear", "Linear", _linear, _linear_derivative, (-np.inf, np.inf)),
    )
}
"""The activation functions by name."""
