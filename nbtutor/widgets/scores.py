"""How right a network is, in more detail than one number: by class, or the share explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine import Dataset, Network

Array = np.ndarray


@dataclass(frozen=True)
class Score:
    """What some points say of a network, as its weights are now.

    Attributes
    ----------
    confusion : ndarray of shape (classes, classes), int64, or None
        How many points of each true class (rows) are taken for each class (columns). None for
        regression.
    r2 : float
        For regression the coefficient of determination: 1 minus the squared error over that of
        predicting the mean of the same points. NaN for classes, and where all values are equal.
    """

    confusion: Array | None = None
    r2: float = float("nan")


@dataclass(frozen=True)
class Scores:
    """The scores on the training and on the validation points."""

    train: Score
    validation: Score


def measure_scores(network: Network, train: Dataset, validation: Dataset) -> Scores:
    """Return the scores of a network's first replica."""
    return Scores(measure_score(network, train), measure_score(network, validation))


def measure_score(network: Network, data: Dataset) -> Score:
    """Return the score of a network's first replica on some points."""
    with np.errstate(all="ignore"):  # of huge weights; what is no number counts as class 0
        predicted = network.predict(data.X)[0]
    if network.output == "linear":
        return Score(r2=share_explained(predicted[:, 0], data.y))
    # Of points of one's own, these may lack a class that the network knows.
    return Score(confusion_matrix(predicted, data.y, max(network.sizes[-1], 2)))


def confusion_matrix(predicted: Array, true: Array, classes: int) -> Array:
    """Count the points of each true class (rows) that are taken for each class (columns).

    Parameters
    ----------
    predicted, true : ndarray of int of shape (n,)
    classes : int

    Returns
    -------
    ndarray of shape (classes, classes), int64
    """
    cells = np.bincount(true * classes + predicted, minlength=classes**2)
    return cells.reshape(classes, classes)


def class_accuracies(confusion: Array) -> Array:
    """Return the share of each class that is taken for itself (its recall); NaN for no points.

    Parameters
    ----------
    confusion : ndarray of shape (classes, classes)
    """
    with np.errstate(invalid="ignore"):
        shares: Array = confusion.diagonal() / confusion.sum(axis=1)
    return shares


def share_explained(predicted: Array, true: Array) -> float:
    """Return R², the share of the values' variance that predictions explain; NaN if there is none.

    Parameters
    ----------
    predicted, true : ndarray of shape (n,)
    """
    spread = float(((true - true.mean()) ** 2).sum())
    if spread == 0:
        return float("nan")
    return 1 - float(((true - predicted) ** 2).sum()) / spread
