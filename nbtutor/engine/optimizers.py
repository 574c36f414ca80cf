"""From a gradient to a step.

Every optimizer works on all parameters at once, in place, and makes no array on the way: at the
size of these networks the cost is the number of NumPy calls. What it remembers is one array, so
that whoever saves, restores or resets it need not know which optimizer it is.

The formulas are PyTorch's. There the learning rate scales the step last, so that a change of rate
acts at once on what has been gathered before.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

Array = np.ndarray


class Optimizer(ABC):
    """What turns gradients into steps.

    Parameters
    ----------
    parameters : ndarray of shape (replicas, parameters)
        Gives the shape and dtype.

    Attributes
    ----------
    name : str
        The name in the registry `OPTIMIZERS`.
    label : str
        The name that a person reads.
    decoupled : bool
        Whether `step` itself makes the weights decay, apart from the gradient.
    slots : int
        Arrays that it remembers.
    time : int
        Updates done. Setting `time` and `state` to earlier values takes the optimizer back there.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    decoupled: ClassVar[bool] = False
    slots: ClassVar[int] = 1

    def __init__(self, parameters: Array) -> None:
        self.time = 0
        self._state: Array = np.zeros((self.slots, *parameters.shape), parameters.dtype)
        self._scratch: Array = np.empty_like(parameters)

    @property
    def state(self) -> Array:
        """What it remembers, shape (slots, replicas, parameters); may be written to."""
        return self._state

    @state.setter
    def state(self, value: Array) -> None:
        self._state[...] = value

    @abstractmethod
    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: Array,
        momentum: Array | None = None,
        decay: Array | None = None,
    ) -> None:
        """Change `parameters` in place.

        Parameters
        ----------
        parameters, gradient : ndarray of shape (replicas, parameters)
            The gradient is left as it is.
        learning_rate : ndarray of shape () or (replicas, 1)
        momentum : ndarray of shape () or (replicas, 1), optional
            Only SGD and Nesterov use it. None is no momentum at all, and costs nothing.
        decay : ndarray of shape (1, parameters) or (replicas, parameters), optional
            Strength of the decay of each parameter, 0 for a bias. Only a decoupled optimizer uses
            it; for the others the penalty is part of the gradient.
        """

    def finite(self) -> Array:
        """Whether all that is remembered of each replica is finite, shape (replicas,).

        In float32 the square of a gradient above 1.8e19 is not. Divided by the root of that, every
        later step is zero: the weights would stay as they are for good, and look sound.
        """
        finite: Array = np.isfinite(self._state).all(axis=(0, 2))
        return finite

    def reset(self, replica: int) -> None:
        """Forget what was gathered for a replica.

        Once nothing is remembered of any replica the optimizer is as new, and its time is 0. Else
        the time is that of the others, and Adam's bias corrections with it: they are next to none
        late in a run, and the first steps of the replica are then up to seven times too long.
        """
        self._state[:, replica] = 0
        if not self._state.any():
            self.time = 0


class SGD(Optimizer):
    """Gradient descent with momentum (Polyak, 1964).

    ``v <- momentum * v + g`` and ``w <- w - learning_rate * v``. The state is v, the velocity.
    """

    name = "sgd"
    label = "SGD"

    def __init__(self, parameters: Array) -> None:
        super().__init__(parameters)
        self._velocity: Array = self._state[0]

    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: Array,
        momentum: Array | None = None,
        decay: Array | None = None,
    ) -> None:
        """Change `parameters` in place; see `Optimizer.step`."""
        self.time += 1
        if momentum is None:
            np.multiply(gradient, learning_rate, self._scratch)
        else:
            np.multiply(self._velocity, momentum, self._velocity)
            np.add(self._velocity, gradient, self._velocity)
            np.multiply(self._velocity, learning_rate, self._scratch)
        np.subtract(parameters, self._scratch, parameters)


class Nesterov(Optimizer):
    """Gradient descent with Nesterov's momentum (Nesterov, 1983; Sutskever et al., 2013).

    ``v <- momentum * v + g`` and ``w <- w - learning_rate * (g + momentum * v)``. The gradient is
    to be that of the point which the velocity leads to; in this form w is that point. The state
    is v.
    """

    name = "nesterov"
    label = "Nesterov"

    def __init__(self, parameters: Array) -> None:
        super().__init__(parameters)
        self._velocity: Array = self._state[0]

    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: Array,
        momentum: Array | None = None,
        decay: Array | None = None,
    ) -> None:
        """Change `parameters` in place; see `Optimizer.step`."""
        self.time += 1
        if momentum is None:
            np.multiply(gradient, learning_rate, self._scratch)
        else:
            np.multiply(self._velocity, momentum, self._velocity)
            np.add(self._velocity, gradient, self._velocity)
            np.multiply(self._velocity, momentum, self._scratch)
            np.add(self._scratch, gradient, self._scratch)
            np.multiply(self._scratch, learning_rate, self._scratch)
        np.subtract(parameters, self._scratch, parameters)


class RMSprop(Optimizer):
    """Steps that are divided by the root of the mean square of recent gradients.

    ``s <- alpha * s + (1 - alpha) * g²`` and ``w <- w - learning_rate * g / (sqrt(s) + epsilon)``
    (Tieleman and Hinton, 2012), with alpha 0.99 and epsilon 1e-8. The state is s / (1 - alpha),
    which needs one call less; the factor is made good in the step.
    """

    name = "rmsprop"
    label = "RMSprop"

    ALPHA = 0.99
    EPSILON = 1e-8

    def __init__(self, parameters: Array) -> None:
        super().__init__(parameters)
        self._squares: Array = self._state[0]
        root = math.sqrt(1 - self.ALPHA)
        self._alpha, self._epsilon, self._scale = (
            np.array(value, parameters.dtype)
            for value in (self.ALPHA, self.EPSILON / root, 1 / root)
        )

    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: Array,
        momentum: Array | None = None,
        decay: Array | None = None,
    ) -> None:
        """Change `parameters` in place; see `Optimizer.step`."""
        self.time += 1
        squares, scratch = self._squares, self._scratch
        np.multiply(squares, self._alpha, squares)
        np.multiply(gradient, gradient, scratch)
        np.add(squares, scratch, squares)
        np.sqrt(squares, scratch)
        np.add(scratch, self._epsilon, scratch)
        np.divide(gradient, scratch, scratch)
        np.multiply(scratch, learning_rate * self._scale, scratch)
        np.subtract(parameters, scratch, parameters)


class Adam(Optimizer):
    """Momentum and RMSprop together, both corrected for their start at zero.

    ``m <- beta1 * m + (1 - beta1) * g``, ``s <- beta2 * s + (1 - beta2) * g²`` and
    ``w <- w - learning_rate * m' / (sqrt(s') + epsilon)``, where after t updates
    ``m' = m / (1 - beta1^t)`` and ``s' = s / (1 - beta2^t)`` (Kingma and Ba, 2015), with beta1 0.9,
    beta2 0.999 and epsilon 1e-8. The state is m / (1 - beta1) and s / (1 - beta2), which needs
    two calls less; the factors are made good in the step, together with the corrections.
    """

    name = "adam"
    label = "Adam"
    slots = 2

    BETA1 = 0.9
    BETA2 = 0.999
    EPSILON = 1e-8

    def __init__(self, parameters: Array) -> None:
        super().__init__(parameters)
        self._mean, self._squares = self._state
        self._beta1, self._beta2 = (
            np.array(value, parameters.dtype) for value in (self.BETA1, self.BETA2)
        )

    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: Array,
        momentum: Array | None = None,
        decay: Array | None = None,
    ) -> None:
        """Change `parameters` in place; see `Optimizer.step`."""
        self.time += 1
        mean, squares, scratch = self._mean, self._squares, self._scratch
        np.multiply(mean, self._beta1, mean)
        np.add(mean, gradient, mean)
        np.multiply(squares, self._beta2, squares)
        np.multiply(gradient, gradient, scratch)
        np.add(squares, scratch, squares)

        scale = (1 - self.BETA1) / (1 - self.BETA1**self.time)  # m' = scale * mean
        root = math.sqrt((1 - self.BETA2) / (1 - self.BETA2**self.time))
        np.sqrt(squares, scratch)  # sqrt(s') = root * scratch
        np.add(scratch, self.EPSILON / root, scratch)
        np.divide(mean, scratch, scratch)
        np.multiply(scratch, learning_rate * (scale / root), scratch)
        np.subtract(parameters, scratch, parameters)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    ``w <- w - learning_rate * decay * w`` before Adam's step. As part of the gradient the decay
    would be divided like the rest of it, and hardly hold back what has large gradients.
    """

    name = "adamw"
    label = "AdamW"
    decoupled = True

    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: Array,
        momentum: Array | None = None,
        decay: Array | None = None,
    ) -> None:
        """Change `parameters` in place; see `Optimizer.step`."""
        if decay is not None:
            np.multiply(parameters, decay, self._scratch)
            np.multiply(self._scratch, learning_rate, self._scratch)
            np.subtract(parameters, self._scratch, parameters)
        super().step(parameters, gradient, learning_rate)


def clip_gradient(gradient: Array, limit: float | Array) -> Array:
    """Shorten, in place, each replica's gradient that is longer than a limit.

    It is multiplied with ``limit / (norm + 1e-6)`` where that is below 1 (Pascanu, Mikolov and
    Bengio, 2013; the 1e-6 is PyTorch's).

    Parameters
    ----------
    gradient : ndarray of shape (replicas, parameters)
    limit : float or ndarray of shape (replicas,)
        The largest Euclidean norm, above 0.

    Returns
    -------
    ndarray of float64 of shape (replicas,)
        The norms before. A gradient with an entry that is not finite has such a norm too, and is
        not made good: its NaNs stay, and its infinities become NaN.
    """
    # The squares in float64: in float32 they overflow from 1e19 on.
    norms: Array = np.sqrt(np.einsum("rp,rp->r", gradient, gradient, dtype=np.float64))
    scale = np.minimum(limit / (norms + 1e-6), 1)
    np.multiply(gradient, scale.astype(gradient.dtype)[:, None], gradient)
    return norms


OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.name: optimizer for optimizer in (SGD, Nesterov, RMSprop, Adam, AdamW)
}
"""The optimizers by name."""
