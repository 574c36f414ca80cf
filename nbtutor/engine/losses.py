"""Output units and the loss that belongs to them.

An output unit and its cross-entropy are one object, because together they are simpler than apart:
the gradient of the loss by the unit's weighted sum (the logit) is just "predicted minus true"
(Bishop, Pattern Recognition and Machine Learning, 2006, section 5.2), and the loss computed from
the logit cannot overflow, where the logarithm of a rounded probability would.

Shapes: logits, probabilities and targets are ``(replicas, n, units)``; a target without the
replica axis is shared by all replicas.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nbtutor.engine.activations import sigmoid

Array = np.ndarray


class Output(Protocol):
    """What the last layer does, and how its mistakes are counted."""

    def targets(self, y: Array, units: int) -> Array:
        """Turn class numbers, shape (..., n), into targets, shape (..., n, units)."""

    def probabilities(self, logits: Array, out: Array) -> None:
        """Write the predicted probabilities into `out`."""

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return the cross-entropy of every point in nats, shape (replicas, n)."""

    def classes(self, logits: Array) -> Array:
        """Return the most probable class of every point, shape (replicas, n)."""

    def delta(self, logits: Array, targets: Array, out: Array) -> None:
        """Write the gradient of the mean loss by the logits into `out`."""


class SigmoidOutput:
    """One unit that gives P(class 1), with binary cross-entropy."""

    def targets(self, y: Array, units: int) -> Array:
        """Turn class numbers, 0 or 1, into targets of shape (..., n, 1)."""
        return np.asarray(y)[..., None]

    def probabilities(self, logits: Array, out: Array) -> None:
        """Write 1 / (1 + exp(-z)) into `out`."""
        sigmoid(logits, out)

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return -t log p - (1 - t) log(1 - p), computed as softplus(z) - t z."""
        z = logits[..., 0]
        losses: Array = np.logaddexp(0, z) - targets[..., 0] * z
        return losses

    def classes(self, logits: Array) -> Array:
        """Return 1 where the probability is above one half, else 0."""
        classes: Array = (logits[..., 0] > 0).astype(np.int64)
        return classes

    def delta(self, logits: Array, targets: Array, out: Array) -> None:
        """Write (p - t) / n into `out`."""
        sigmoid(logits, out)
        np.subtract(out, targets, out=out)
        np.multiply(out, 1 / logits.shape[-2], out=out)


class SoftmaxOutput:
    """One unit a class, probabilities that sum to one, with cross-entropy."""

    def targets(self, y: Array, units: int) -> Array:
        """Turn class numbers into rows with a single one (one-hot), shape (..., n, units)."""
        targets: Array = np.eye(units)[np.asarray(y)]
        return targets

    def probabilities(self, logits: Array, out: Array) -> None:
        """Write exp(z_k) / sum_j exp(z_j) into `out`, shifted so that it cannot overflow."""
        np.subtract(logits, logits.max(axis=-1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, out.sum(axis=-1, keepdims=True), out=out)

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return -log p of the true class, computed as logsumexp(z) - z_true."""
        shifted = logits - logits.max(axis=-1, keepdims=True)
        losses: Array = np.log(np.exp(shifted).sum(axis=-1)) - (shifted * targets).sum(axis=-1)
        return losses

    def classes(self, logits: Array) -> Array:
        """Return the class with the largest logit."""
        classes: Array = logits.argmax(axis=-1)
        return classes

    def delta(self, logits: Array, targets: Array, out: Array) -> None:
        """Write (p - t) / n into `out`."""
        self.probabilities(logits, out)
        np.subtract(out, targets, out=out)
        np.multiply(out, 1 / logits.shape[-2], out=out)


OUTPUTS: dict[str, Output] = {"sigmoid": SigmoidOutput(), "softmax": SoftmaxOutput()}
"""The output units by name."""
