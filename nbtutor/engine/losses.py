"""Output units and the loss that belongs to them.

An output unit and its cross-entropy are one object, because together they are simpler than apart:
the gradient of the loss by the unit's weighted sum (the logit) is just "predicted minus true"
(Bishop, Pattern Recognition and Machine Learning, 2006, section 5.2), and the loss computed from
the logit cannot overflow, where the logarithm of a rounded probability would.

Shapes: logits, probabilities and targets are ``(replicas, units, n)``. A fleet of one may come
without the replica axis, and targets without it are shared by all replicas.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nbtutor.engine.activations import HALF, sigmoid

Array = np.ndarray


class Output(Protocol):
    """What the last layer does, and how its mistakes are counted."""

    def targets(self, y: Array, units: int) -> Array:
        """Turn class numbers, shape (..., n), into targets, shape (..., units, n)."""

    def probabilities(self, logits: Array, out: Array) -> None:
        """Write the predicted probabilities into `out`."""

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return the cross-entropy of every point in nats, shape (..., n)."""

    def classes(self, logits: Array) -> Array:
        """Return the most probable class of every point, shape (..., n)."""

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write the gradient of the mean loss by the logits into `out`.

        `factor` is `delta_factor` of as many points, made an array once and not at each update.
        """

    def delta_factor(self, n: int) -> float:
        """Return what is the same for every point in the gradient of the mean over `n`."""


class SigmoidOutput:
    """One unit that gives p = P(class 1), with binary cross-entropy.

    A target is s = -1 for class 0 and s = 1 for class 1. That makes both formulas symmetric: with
    u = z / 2, the loss is log(2 cosh u) - s u, and its derivative by z is (tanh u - s) / 2. They
    are the usual -log p of the true class, and p - t with t = 0 or 1.
    """

    def targets(self, y: Array, units: int) -> Array:
        """Turn class numbers, 0 or 1, into -1 or 1, shape (..., 1, n)."""
        targets: Array = 2 * y[..., None, :] - 1
        return targets

    def probabilities(self, logits: Array, out: Array) -> None:
        """Write 1 / (1 + exp(-z)) into `out`."""
        sigmoid(logits, out)

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return log(2 cosh(z / 2)) - s z / 2."""
        u = logits[..., 0, :] / 2
        losses: Array = np.logaddexp(u, -u) - targets[..., 0, :] * u
        return losses

    def classes(self, logits: Array) -> Array:
        """Return 1 where the probability is above one half, else 0."""
        classes: Array = (logits[..., 0, :] > 0).astype(np.int64)
        return classes

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write (tanh(z / 2) - s) / 2n into `out`."""
        np.multiply(logits, HALF, out)
        np.tanh(out, out)
        np.subtract(out, targets, out)
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 1 / 2n."""
        return 0.5 / n


class SoftmaxOutput:
    """One unit a class, probabilities that sum to one, with cross-entropy.

    A target is a column with a single one (one-hot).
    """

    def targets(self, y: Array, units: int) -> Array:
        """Turn class numbers into columns with a single one, shape (..., units, n)."""
        targets: Array = (y[..., None, :] == np.arange(units)[:, None]).astype(np.float64)
        return targets

    def probabilities(self, logits: Array, out: Array) -> None:
        """Write exp(z_k) / sum_j exp(z_j) into `out`, shifted so that it cannot overflow."""
        np.subtract(logits, logits.max(axis=-2, keepdims=True), out)
        np.exp(out, out)
        np.divide(out, out.sum(axis=-2, keepdims=True), out)

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return -log p of the true class, computed as logsumexp(z) - z_true."""
        shifted = logits - logits.max(axis=-2, keepdims=True)
        losses: Array = np.log(np.exp(shifted).sum(axis=-2)) - (shifted * targets).sum(axis=-2)
        return losses

    def classes(self, logits: Array) -> Array:
        """Return the class with the largest logit."""
        classes: Array = logits.argmax(axis=-2)
        return classes

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write (p - t) / n into `out`."""
        self.probabilities(logits, out)
        np.subtract(out, targets, out)
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 1 / n."""
        return 1 / n


OUTPUTS: dict[str, Output] = {"sigmoid": SigmoidOutput(), "softmax": SoftmaxOutput()}
"""The output units by name."""
