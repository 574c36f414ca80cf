"""Six bugs to plant in a pipeline, each one that people make, and the check that is meant for it.

None is a switch in the engine: each wraps a pipeline and changes one thing, as the bug would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Network, Trainer
from nbtutor.engine.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from nbtutor.experiments.pipeline import Pipeline, Wrapped

Array = np.ndarray

_LEAKED = 0.2  # share of the training points
_CLIP = 1e-7  # Keras's epsilon, from where it clips what it takes for probabilities


class LabelsShifted(Wrapped):
    """The labels are one row off: a header was counted, or one file was sorted and one was not."""

    def data(self, seed: int) -> tuple[Dataset, Dataset]:
        """Return the inner pipeline's data with the training labels moved on by one row."""
        train, validation = super().data(seed)
        return Dataset(train.X, np.roll(train.y, 1)), validation


class NoShuffling(Wrapped):
    """The data come sorted by class, and nobody shuffles them: a batch has one class alone."""

    def trainer(
        self, network: Network, train: Dataset, validation: Dataset | None, seed: int
    ) -> Trainer:
        """Return a trainer that takes the points as they lie, sorted by class."""
        order = np.argsort(train.y, axis=-1, kind="stable")
        X = (
            train.X[order]
            if train.X.ndim == 2
            else np.take_along_axis(train.X, order[..., None], 1)
        )
        ordered = Dataset(X, np.take_along_axis(train.y, order, -1))
        trainer = super().trainer(network, ordered, validation, seed)
        trainer.config = replace(trainer.config, shuffle=False)
        return trainer


class NoSquash(Wrapped):
    """Sigmoid or softmax is missing: the loss takes the logits for probabilities.

    As Keras does with ``Dense(1)`` and ``from_logits=False``: what is not between 0 and 1 is
    clipped, and has no gradient.
    """

    def network(self, seed: int, replicas: int = 1, dtype: str = "float32") -> Network:
        """Return the inner pipeline's network with the output unit left out."""
        network = super().network(seed, replicas, dtype)
        raw = _RawSigmoid() if network.output == "sigmoid" else _RawSoftmax()
        network._output = raw
        return network


class _RawSigmoid(SigmoidCrossEntropy):
    def predictions(self, logits: Array, out: Array) -> None:
        np.copyto(out, logits)

    def losses(self, logits: Array, targets: Array) -> Array:
        p = np.clip(logits[..., 0, :], _CLIP, 1 - _CLIP)
        losses: Array = -np.log(np.where(targets[..., 0, :] > 0, p, 1 - p))
        return losses

    def classes(self, logits: Array) -> Array:
        classes: Array = (logits[..., 0, :] > 0.5).astype(np.int64)
        return classes

    def correct(self, logits: Array, targets: Array) -> Array:
        correct: Array = (logits[..., 0, :] > 0.5) == (targets[..., 0, :] > 0)
        return correct

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        p = np.clip(logits, _CLIP, 1 - _CLIP)
        slope = np.where(targets > 0, -1 / p, 1 / (1 - p))
        np.multiply(np.where(p == logits, slope, 0), factor, out)

    def delta_factor(self, n: int) -> float:
        return 1 / n


class _RawSoftmax(SoftmaxCrossEntropy):
    def predictions(self, logits: Array, out: Array) -> None:
        np.copyto(out, logits)

    def losses(self, logits: Array, targets: Array) -> Array:
        p = np.clip(logits, _CLIP, 1 - _CLIP)
        losses: Array = -(targets * np.log(p)).sum(axis=-2)
        return losses

    def delta(self, logits: Array, targets: Array, factor: Array, out: Array) -> None:
        p = np.clip(logits, _CLIP, 1 - _CLIP)
        np.multiply(np.where(p == logits, -targets / p, 0), factor, out)


class WrongGradient(Wrapped):
    """The gradient of the first layer has the wrong sign; the others are right.

    The layers above still learn, so the loss falls and nothing looks wrong.
    """

    def network(self, seed: int, replicas: int = 1, dtype: str = "float32") -> Network:
        """Return the inner pipeline's network with a wrong backward pass."""
        network = super().network(seed, replicas, dtype)
        right = network.backward

        def backward(*args: Any, **options: Any) -> None:
            right(*args, **options)
            first = network.gradients.layers[0]
            np.negative(first, out=first)

        vars(network)["backward"] = backward  # this network alone
        return network


class Unscaled(Wrapped):
    """The inputs come in units of their own, and nobody scales them."""

    def data(self, seed: int) -> tuple[Dataset, Dataset]:
        """Return the inner pipeline's data, one input in a unit 30 times smaller."""
        train, validation = (Dataset(part.X * (30, 1), part.y) for part in super().data(seed))
        return train, validation


class Leak(Wrapped):
    """Test points are among the training points: they were split after they were copied."""

    def data(self, seed: int) -> tuple[Dataset, Dataset]:
        """Return the inner pipeline's data, a fifth of the training rows from the validation."""
        train, validation = super().data(seed)
        count = min(round(_LEAKED * len(train)), len(validation))
        X, y = train.X.copy(), train.y.copy()
        X[:count], y[:count] = validation.X[:count], validation.y[:count]
        return Dataset(X, y), validation


@dataclass(frozen=True)
class Sabotage:
    """A bug that can be planted.

    Attributes
    ----------
    name : str
        The name in the registry.
    sentence : str
        What is wrong, for a person who has been told.
    caught_by : str
        The check that is meant for it.
    also : tuple of str
        Checks that may fail too, depending on the seed, because the bug truly breaks what they look
        at.
    plant : callable
        ``plant(pipeline)`` returns the pipeline with the bug.
    """

    name: str
    sentence: str
    caught_by: str
    also: tuple[str, ...]
    plant: Callable[[Pipeline], Pipeline]


SABOTAGES: dict[str, Sabotage] = {
    sabotage.name: sabotage
    for sabotage in (
        Sabotage(
            "labels_shifted",
            "The training labels are one row off.",
            "zero_input",
            (),
            LabelsShifted,
        ),
        Sabotage(
            "no_shuffling",
            "The points are sorted by class and not shuffled.",
            "batches",
            (),
            NoShuffling,
        ),
        Sabotage(
            "no_squash",
            "The loss takes the logits for probabilities.",
            "initial_loss",
            ("two_points", "zero_input"),
            NoSquash,
        ),
        Sabotage(
            "wrong_gradient",
            "The first layer's gradient has the wrong sign.",
            "gradient",
            ("two_points", "zero_input"),
            WrongGradient,
        ),
        Sabotage(
            "unscaled",
            "One input is in a unit 30 times smaller.",
            "scale",
            ("initial_loss", "two_points", "zero_input"),
            Unscaled,
        ),
        Sabotage(
            "leak",
            "A fifth of the training points are validation points.",
            "leak",
            (),
            Leak,
        ),
    )
}
"""The planted bugs by name."""
