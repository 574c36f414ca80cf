"""Initial weights: how they are drawn, and what happens when they are drawn badly.

A layer keeps the size of its signal if the variance of its weights fits the number of units that
it joins; that is the whole idea of Glorot and Bengio (2010) and of He et al. (2015). Four of the
draws here are wrong on purpose, for a learner to see training fail. Biases start at zero in all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray

CONSTANT = 0.5
"""The weight of every connection in `constant`."""
TOO_SMALL = 0.001
"""Standard deviation of the weights in `too_small`."""
TOO_LARGE = 10.0
"""Standard deviation of the weights in `too_large`."""


@dataclass(frozen=True)
class Initialization:
    """A way to draw a layer's initial weights.

    Attributes
    ----------
    name : str
        The name in the registry.
    label : str
        The name that a person reads.
    draw : callable
        ``draw(rng, inputs, units)`` returns weights of shape (inputs, units) in float64, drawn
        from the generator `rng`; both counts are 1 or more.
    """

    name: str
    label: str
    draw: Callable[[np.random.Generator, int, int], Array]


def _xavier_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return weights uniform in ±sqrt(6 / (inputs + units)) (Glorot and Bengio, 2010, eq. 16)."""
    limit = np.sqrt(6 / (inputs + units))
    return rng.uniform(-limit, limit, (inputs, units))


def _xavier_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return normal weights with the same variance, 2 / (inputs + units) (ibid., eq. 12)."""
    return rng.normal(0, np.sqrt(2 / (inputs + units)), (inputs, units))


def _he_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return weights uniform in ±sqrt(6 / inputs), with He's variance."""
    limit = np.sqrt(6 / inputs)
    return rng.uniform(-limit, limit, (inputs, units))


def _he_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return normal weights with the variance 2 / inputs (He et al., 2015, eq. 10).

    Twice that of a linear unit, because ReLU passes on one half of its inputs.
    """
    return rng.normal(0, np.sqrt(2 / inputs), (inputs, units))


def _zeros(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return zeros.

    No error signal passes a weight of zero, so the layers below the output have no gradient. Where
    f(0) = 0 the hidden units give the output layer nothing either: only its bias ever learns.
    """
    return np.zeros((inputs, units))


def _constant(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return `CONSTANT` for every weight.

    The units of a layer get the same gradient and stay the same for ever: the symmetry is never
    broken, and a layer is worth one unit.
    """
    return np.full((inputs, units), CONSTANT)


def _too_small(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return normal weights with the standard deviation `TOO_SMALL`.

    The signal, and the gradient on its way back, shrink a hundredfold at each layer of some tens
    of units, and more at narrower ones: the loss of a deep network lies on a plateau, at that of
    guessing, for a long time.
    """
    return rng.normal(0, TOO_SMALL, (inputs, units))


def _too_large(rng: np.random.Generator, inputs: int, units: int) -> Array:
    """Return normal weights with the standard deviation `TOO_LARGE`.

    Tanh and sigmoid units saturate, so their slope and the gradient below them are next to
    nothing; with ReLU the signal grows at each layer until the loss starts huge or overflows.
    """
    return rng.normal(0, TOO_LARGE, (inputs, units))


INITIALIZATIONS: dict[str, Initialization] = {
    initialization.name: initialization
    for initialization in (
        Initialization("xavier_uniform", "Xavier, uniform", _xavier_uniform),
        Initialization("xavier_normal", "Xavier, normal", _xavier_normal),
        Initialization("he_uniform", "He, uniform", _he_uniform),
        Initialization("he_normal", "He, normal", _he_normal),
        Initialization("zeros", "All zero", _zeros),
        Initialization("constant", "All the same", _constant),
        Initialization("too_small", "Too small", _too_small),
        Initialization("too_large", "Too large", _too_large),
    )
}
"""The ways to draw initial weights by name."""
