"""Activation functions: what a hidden unit does to its weighted sum.

Each is a function and its first two derivatives, in the registry `ACTIVATIONS`. All three write
into an array that the caller owns, their last argument: at the size of these networks the cost of
NumPy is the number of calls and of new arrays, not the arithmetic. The second derivative is not
needed for training, only where the curvature of the loss is looked at; it is written to be read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

# Constants as arrays without dimensions: a Python number is converted again at every call, which
# takes as long as the arithmetic. float32 holds these exactly, whatever the network's dtype.
_ZERO, HALF, _ONE = (np.array(value, np.float32) for value in (0, 0.5, 1))
_TEN, _MINUS_TEN = (np.array(value, np.float32) for value in (10, -10))

LEAKY_SLOPE = 0.01
"""Slope of the leaky ReLU for negative sums (Maas, Hannun and Ng, 2013)."""

GELU_LINEAR = math.sqrt(2 / math.pi)
GELU_CUBIC = 0.044715 * GELU_LINEAR
"""GELU's tanh is of ``GELU_LINEAR z + GELU_CUBIC z³`` (Hendrycks and Gimpel, 2016)."""


@dataclass(frozen=True)
class Activation:
    """An activation function and its derivatives.

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
    second : callable
        ``second(z, a, out)`` writes f''(z) into `out`; 0 at a kink.
    range : tuple of float
        The smallest and the largest value that f can take or approach.
    """

    name: str
    label: str
    output: Callable[[Array, Array], object]
    derivative: Callable[[Array, Array, Array], None]
    second: Callable[[Array, Array, Array], None]
    range: tuple[float, float]


def _linear(z: Array, out: Array) -> None:
    np.copyto(out, z)


def _linear_derivative(z: Array, a: Array, out: Array) -> None:
    out.fill(1)


def _second_of_straight_lines(z: Array, a: Array, out: Array) -> None:
    out.fill(0)


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


def _sigmoid_second(z: Array, a: Array, out: Array) -> None:
    out[...] = a * (1 - a) * (1 - 2 * a)


def _tanh_derivative(z: Array, a: Array, out: Array) -> None:
    np.multiply(a, a, out)
    np.subtract(_ONE, out, out)  # 1 - a²


def _tanh_second(z: Array, a: Array, out: Array) -> None:
    out[...] = -2 * a * (1 - a * a)


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


def _elu(z: Array, out: Array) -> None:
    """Write z above zero and exp(z) - 1 below it (Clevert et al., 2016, with alpha 1)."""
    np.minimum(z, _ZERO, out=out)  # exp cannot overflow then
    np.expm1(out, out)
    np.maximum(z, out, out=out)  # exp(z) - 1 is never below z, and 0 where z is above it


def _elu_derivative(z: Array, a: Array, out: Array) -> None:
    np.minimum(z, _ZERO, out=out)
    np.exp(out, out)


def _elu_second(z: Array, a: Array, out: Array) -> None:
    out[...] = np.where(z < 0, np.exp(np.minimum(z, 0)), 0)


def _gelu(z: Array, out: Array) -> None:
    """Write z / 2 (1 + tanh(u)), where u = sqrt(2 / pi) (z + 0.044715 z³).

    The approximation that Hendrycks and Gimpel (2016) give of z times the normal distribution
    function, for which NumPy has no function (it has no erf).
    """
    _gelu_tanh(_gelu_clipped(z), out)
    np.add(out, _ONE, out)
    np.multiply(out, HALF, out)
    np.multiply(out, z, out)


def _gelu_clipped(z: Array) -> Array:
    """Return z between -10 and 10: beyond, tanh(u) is ±1 to the last digit, but u may overflow."""
    x: Array = np.minimum(z, _TEN)
    np.maximum(x, _MINUS_TEN, out=x)
    return x


def _gelu_tanh(x: Array, out: Array) -> None:
    np.multiply(x, x, out)
    np.multiply(out, GELU_CUBIC, out)
    np.add(out, GELU_LINEAR, out)
    np.multiply(out, x, out)
    np.tanh(out, out)


def _gelu_derivative(z: Array, a: Array, out: Array) -> None:
    # With t = tanh(u): (1 + t) / 2 + x / 2 (1 - t²) u'. Both summands need t, and x as well, so
    # this takes two arrays more than `out`.
    x = _gelu_clipped(z)
    t = np.empty_like(x)
    _gelu_tanh(x, t)
    np.multiply(x, x, out)
    np.multiply(out, 3 * GELU_CUBIC, out)
    np.add(out, GELU_LINEAR, out)  # u'
    np.multiply(out, x, out)
    np.multiply(t, t, x)
    np.subtract(_ONE, x, x)
    np.multiply(out, x, out)
    np.add(out, t, out)
    np.add(out, _ONE, out)
    np.multiply(out, HALF, out)


def _gelu_second(z: Array, a: Array, out: Array) -> None:
    x = _gelu_clipped(z)
    t = np.empty_like(x)
    _gelu_tanh(x, t)
    slope = GELU_LINEAR + 3 * GELU_CUBIC * x * x  # u'
    bend = 6 * GELU_CUBIC * x  # u''
    out[...] = (1 - t * t) * (slope + x / 2 * (bend - 2 * t * slope * slope))


def _silu(z: Array, out: Array) -> None:
    """Write z times the sigmoid of z (Elfwing et al., 2018; Ramachandran et al., 2017: swish)."""
    sigmoid(z, out)
    np.multiply(out, z, out)


def _silu_derivative(z: Array, a: Array, out: Array) -> None:
    sigmoid(z, out)
    rest = np.subtract(_ONE, out)
    np.multiply(rest, a, rest)
    np.add(out, rest, out)  # s + z s (1 - s)


def _silu_second(z: Array, a: Array, out: Array) -> None:
    s = np.empty_like(z)
    sigmoid(z, s)
    out[...] = s * (1 - s) * (2 + z * (1 - 2 * s))


def _softplus(z: Array, out: Array) -> None:
    """Write log(1 + exp(z)) into `out` (Dugas et al., 2001).

    As log(1 + exp(-|z|)) + max(z, 0), which cannot overflow. NumPy's logaddexp is one call, but
    takes ten times as long for a picture's points.
    """
    np.absolute(z, out)
    np.negative(out, out)
    np.exp(out, out)
    np.log1p(out, out)
    np.add(out, np.maximum(z, _ZERO), out)


def _softplus_derivative(z: Array, a: Array, out: Array) -> None:
    np.negative(a, out)
    np.expm1(out, out)
    np.negative(out, out)  # 1 - exp(-a), which is the sigmoid of z


def _softplus_second(z: Array, a: Array, out: Array) -> None:
    s = -np.expm1(-a)
    out[...] = s * (1 - s)


_BOUNDLESS = (-np.inf, np.inf)

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("tanh", "tanh", np.tanh, _tanh_derivative, _tanh_second, (-1, 1)),
        Activation("relu", "ReLU", _relu, _relu_derivative, _second_of_straight_lines, (0, np.inf)),
        Activation(
            "leaky_relu",
            "Leaky ReLU",
            _leaky_relu,
            _leaky_relu_derivative,
            _second_of_straight_lines,
            _BOUNDLESS,
        ),
        Activation("elu", "ELU", _elu, _elu_derivative, _elu_second, (-1, np.inf)),
        Activation("gelu", "GELU", _gelu, _gelu_derivative, _gelu_second, (-0.17004075, np.inf)),
        Activation("silu", "SiLU", _silu, _silu_derivative, _silu_second, (-0.27846454, np.inf)),
        Activation(
            "softplus", "Softplus", _softplus, _softplus_derivative, _softplus_second, (0, np.inf)
        ),
        Activation("sigmoid", "Sigmoid", sigmoid, _sigmoid_derivative, _sigmoid_second, (0, 1)),
        Activation(
            "linear", "Linear", _linear, _linear_derivative, _second_of_straight_lines, _BOUNDLESS
        ),
    )
}
"""The activation functions by name."""
