"""Output units and the loss that belongs to them.

An output unit and its loss are one object, because together they are simpler than apart. With
cross-entropy the gradient by the unit's weighted sum (the logit) is just "predicted minus true"
(Bishop, Pattern Recognition and Machine Learning, 2006, section 5.2), and the loss computed from
the logit cannot overflow, where the logarithm of a rounded probability would. With squared error
the gradient has the unit's slope as a factor, which vanishes where the unit is saturated, even on
the wrong side: the reason to prefer cross-entropy for classes.

Shapes: logits, predictions and targets are ``(replicas, units, n)``. A fleet of one may come
without the replica axis, and targets without it are shared by all replicas.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from nbtutor.engine.activations import HALF, sigmoid

Array = np.ndarray


class Output(Protocol):
    """What the last layer does, and how its mistakes are counted."""

    def targets(self, truth: Array) -> Array:
        """Turn the truth into targets, shape (..., units, n).

        The truth is the probability of every class, shape (..., classes, n), for a class number a
        single one; for linear units it is the values themselves.
        """

    def smoothed(self, targets: Array, amount: Array) -> Array:
        """Return the targets with a share `amount` of their certainty spread over all classes."""

    def predictions(self, logits: Array, out: Array) -> None:
        """Write what the output units give into `out`: probabilities, or values."""

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return the loss of every point, shape (..., n)."""

    def classes(self, logits: Array) -> Array:
        """Return the most probable class of every point, shape (..., n)."""

    def correct(self, logits: Array, targets: Array) -> Array:
        """Return 1 for every point whose class is right, else 0, shape (..., n)."""

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write the gradient of the mean loss by the logits into `out`.

        `factor` is `delta_factor` of as many points, made an array once and not at each update.
        """

    def delta_factor(self, n: int) -> float:
        """Return what is the same for every point in the gradient of the mean over `n`."""

    def curvature(self, logits: Array, targets: Array, tangent: Array) -> Array:
        """Return the second derivative of each point's loss by its logits, times `tangent`.

        All three have the shape (..., units, n).
        """


class _Sigmoid:
    """One unit that gives p = P(class 1).

    A target is s = 2 P(class 1) - 1: -1 for class 0 and 1 for class 1. That makes the formulas
    symmetric, with u = z / 2: 2 p - 1 = tanh u, so p - P(class 1) = (tanh u - s) / 2.
    """

    def targets(self, truth: Array) -> Array:
        """Return 2 P(class 1) - 1, shape (..., 1, n)."""
        targets: Array = 2 * truth[..., 1:, :] - 1
        return targets

    def smoothed(self, targets: Array, amount: Array) -> Array:
        """Return targets that are nearer to 0, which is one half as a probability."""
        smoothed: Array = targets * (1 - amount)
        return smoothed

    def predictions(self, logits: Array, out: Array) -> None:
        """Write 1 / (1 + exp(-z)) into `out`."""
        sigmoid(logits, out)

    def classes(self, logits: Array) -> Array:
        """Return 1 where the probability is above one half, else 0."""
        classes: Array = (logits[..., 0, :] > 0).astype(np.int64)
        return classes

    def correct(self, logits: Array, targets: Array) -> Array:
        """Compare classes: a target reads like a logit, above zero for class 1."""
        correct: Array = (logits[..., 0, :] > 0) == (targets[..., 0, :] > 0)
        return correct


class SigmoidCrossEntropy(_Sigmoid):
    """A sigmoid unit with binary cross-entropy, in nats.

    The loss is log(2 cosh u) - s u and its derivative by z is (tanh u - s) / 2: the usual -log p
    of the true class, and p - t with t = 0 or 1.
    """

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return log(2 cosh(z / 2)) - s z / 2."""
        u = logits[..., 0, :] / 2
        losses: Array = np.logaddexp(u, -u) - targets[..., 0, :] * u
        return losses

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write (tanh(z / 2) - s) / 2n into `out`."""
        np.multiply(logits, HALF, out)
        np.tanh(out, out)
        np.subtract(out, targets, out)
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 1 / 2n."""
        return 0.5 / n

    def curvature(self, logits: Array, targets: Array, tangent: Array) -> Array:
        """Return p (1 - p) times the tangent."""
        p = _predicted(self, logits)
        product: Array = p * (1 - p) * tangent
        return product


class SigmoidSquaredError(_Sigmoid):
    """A sigmoid unit with squared error (p - t)², the Brier score (Brier, 1950) of class 1."""

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return ((tanh(z / 2) - s) / 2)²."""
        losses: Array = ((np.tanh(logits[..., 0, :] / 2) - targets[..., 0, :]) / 2) ** 2
        return losses

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write 2 (p - t) p (1 - p) / n into `out`, as (tanh u - s) (1 - tanh² u) / 4n."""
        tanh = np.tanh(logits * HALF)
        np.subtract(tanh, targets, out)
        np.multiply(out, 1 - tanh * tanh, out)
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 1 / 4n."""
        return 0.25 / n

    def curvature(self, logits: Array, targets: Array, tangent: Array) -> Array:
        """Return 2 s (s + (p - t) (1 - 2 p)) times the tangent, with s = p (1 - p)."""
        p = _predicted(self, logits)
        slope, error = p * (1 - p), p - (targets + 1) / 2
        product: Array = 2 * slope * (slope + error * (1 - 2 * p)) * tangent
        return product


class _Softmax:
    """One unit a class, probabilities that sum to one. A target is a column of probabilities."""

    def targets(self, truth: Array) -> Array:
        """Return the probabilities as they are."""
        return truth

    def smoothed(self, targets: Array, amount: Array) -> Array:
        """Return a mixture of the targets with equal probabilities (Szegedy et al., 2016)."""
        smoothed: Array = targets * (1 - amount) + amount / targets.shape[-2]
        return smoothed

    def predictions(self, logits: Array, out: Array) -> None:
        """Write exp(z_k) / sum_j exp(z_j) into `out`, shifted so that it cannot overflow."""
        np.subtract(logits, logits.max(axis=-2, keepdims=True), out)
        np.exp(out, out)
        np.divide(out, out.sum(axis=-2, keepdims=True), out)

    def classes(self, logits: Array) -> Array:
        """Return the class with the largest logit."""
        classes: Array = logits.argmax(axis=-2)
        return classes

    def correct(self, logits: Array, targets: Array) -> Array:
        """Compare the classes with the largest logit and the largest target."""
        correct: Array = logits.argmax(axis=-2) == targets.argmax(axis=-2)
        return correct


class SoftmaxCrossEntropy(_Softmax):
    """Softmax units with cross-entropy, in nats."""

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return -sum t log p, for a class number -log p of that class.

        Computed as logsumexp(z) - sum t z, where the targets sum to one.
        """
        shifted = logits - logits.max(axis=-2, keepdims=True)
        losses: Array = np.log(np.exp(shifted).sum(axis=-2)) - (shifted * targets).sum(axis=-2)
        return losses

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write (p - t) / n into `out`."""
        self.predictions(logits, out)
        np.subtract(out, targets, out)
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 1 / n."""
        return 1 / n

    def curvature(self, logits: Array, targets: Array, tangent: Array) -> Array:
        """Return J r for the tangent r, with the softmax's own derivative J = diag(p) - p p'."""
        return _softmax_change(_predicted(self, logits), tangent)


class SoftmaxSquaredError(_Softmax):
    """Softmax units with squared error, summed over classes: the Brier score (Brier, 1950)."""

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return sum_k (p_k - t_k)²."""
        probabilities = np.empty_like(logits)
        self.predictions(logits, probabilities)
        losses: Array = ((probabilities - targets) ** 2).sum(axis=-2)
        return losses

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write 2 p_k (e_k - sum_j p_j e_j) / n into `out`, with the errors e = p - t."""
        self.predictions(logits, out)
        np.copyto(out, _softmax_change(out, out - targets))
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 2 / n."""
        return 2 / n

    def curvature(self, logits: Array, targets: Array, tangent: Array) -> Array:
        """Return the derivative of 2 J e in the tangent's direction; J is that of the softmax.

        With q = J r, the change of p: J changes by diag(q) - q p' - p q', and e by q.
        """
        p = _predicted(self, logits)
        errors, change = p - targets, _softmax_change(p, tangent)
        product: Array = 2 * (
            change * errors
            - change * (p * errors).sum(axis=-2, keepdims=True)
            - p * (change * errors).sum(axis=-2, keepdims=True)
            + _softmax_change(p, change)
        )
        return product


class LinearSquaredError:
    """Linear units with squared error, summed over units: regression."""

    def targets(self, truth: Array) -> Array:
        """Return the values as they are."""
        return truth

    def smoothed(self, targets: Array, amount: Array) -> Array:
        """Return the targets as they are: values have no classes to spread over."""
        return targets

    def predictions(self, logits: Array, out: Array) -> None:
        """Write the weighted sums themselves into `out`."""
        np.copyto(out, logits)

    def losses(self, logits: Array, targets: Array) -> Array:
        """Return sum_k (z_k - t_k)²."""
        losses: Array = ((logits - targets) ** 2).sum(axis=-2)
        return losses

    def classes(self, logits: Array) -> Array:
        """Values have no classes.

        Raises
        ------
        ValueError
            Always.
        """
        msg = "A network with a linear output predicts values, not classes."
        raise ValueError(msg)

    def correct(self, logits: Array, targets: Array) -> Array:
        """Return NaN for every point: no value is simply right or wrong."""
        return np.full((*logits.shape[:-2], logits.shape[-1]), np.nan)

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        """Write 2 (z - t) / n into `out`."""
        np.subtract(logits, targets, out)
        np.multiply(out, factor, out)

    def delta_factor(self, n: int) -> float:
        """Return 2 / n."""
        return 2 / n

    def curvature(self, logits: Array, targets: Array, tangent: Array) -> Array:
        """Return twice the tangent."""
        return 2 * tangent


def _predicted(output: Output, logits: Array) -> Array:
    """Return the predictions in an array of their own."""
    predictions = np.empty_like(logits)
    output.predictions(logits, predictions)
    return predictions


def _softmax_change(p: Array, change: Array) -> Array:
    """Return how the probabilities change with the logits: (diag(p) - p p') times `change`."""
    product: Array = p * (change - (p * change).sum(axis=-2, keepdims=True))
    return product


LOSSES: dict[str, dict[str, Output]] = {
    "sigmoid": {"cross_entropy": SigmoidCrossEntropy(), "squared_error": SigmoidSquaredError()},
    "softmax": {"cross_entropy": SoftmaxCrossEntropy(), "squared_error": SoftmaxSquaredError()},
    "linear": {"squared_error": LinearSquaredError()},
}
"""For every output unit the losses that it can have, its usual one first."""
