"""What is wrong with a data set? Copies, broken rows, far values, suspect labels, imbalance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig
from nbtutor.engine.faults import KINDS
from nbtutor.engine.random import stream
from nbtutor.engine.validation import (
    ParameterError,
    check_integer,
    check_number,
    check_sizes,
    is_sequence,
)
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.situation import output_layer

Array = np.ndarray


SENTINELS = (-999.0, 999.0, -9999.0, 9999.0, -99999.0, 99999.0, -99.0, 99.0)
"""Numbers that many tables use for "missing"."""

_RECURS = 3  # a far value that comes so often, to the last digit, is a code too
_MAX_ROWS = 100_000
_TO_SIGMA = 1.4826  # makes the MAD the standard deviation of a normal distribution
_MEAN_TO_SIGMA = 1.2533  # the same for the mean absolute deviation


@dataclass(frozen=True)
class DataQuality(Result):
    """What was found.

    Attributes
    ----------
    flags : dict of str to ndarray of int
        Row numbers in rising order by kind: "duplicates", "corrupted", "wrong_labels",
        "out_of_range".
    pairs : ndarray of int of shape (n, 2)
        Rows that are copies of each other, the earlier one first.
    z_scores : ndarray of shape (rows, columns)
        Robust z-scores; NaN where there is no number.
    classes : ndarray of shape (K,)
        The labels that occur.
    counts : ndarray of int of shape (K,)
        Rows of each class.
    imbalance : float
        Rows of the largest class for one of the smallest.
    imbalanced : bool
        Whether that is beyond the limit.
    probabilities : ndarray of shape (rows, K)
        Out-of-sample P(class | row) from the cross-validation; NaN in rows that were left out.
    accuracy : float
        Share of those rows whose most probable class is their label. Suspect labels are worth as
        much as this: where the networks cannot learn the data they suspect the wrong ones. NaN
        where there were too few rows, or one class only.
    joint : ndarray of int of shape (K, K)
        The confident joint: rows by given label (down) and confident class (across).
    X, y : ndarray
        The data that were looked at.
    """

    flags: dict[str, Array]
    pairs: Array = field(repr=False)
    z_scores: Array = field(repr=False)
    classes: Array
    counts: Array
    imbalance: float
    imbalanced: bool
    probabilities: Array = field(repr=False)
    accuracy: float
    joint: Array
    X: Array = field(repr=False)
    y: Array = field(repr=False)


@dataclass(frozen=True)
class Score:
    """How well flags of one kind meet the truth.

    Attributes
    ----------
    planted, flagged, found : int
        Rows with the fault, rows flagged, and rows that are both.
    precision : float
        Share of the flagged rows that have the fault. Where nothing is flagged it is 0, or 1 if
        nothing was planted either.
    recall : float
        Share of the rows with the fault that are flagged; with none of them, as above.
    f1 : float
        Harmonic mean of the two.
    """

    planted: int
    flagged: int
    found: int
    precision: float
    recall: float
    f1: float


def data_quality(
    X: ArrayLike,
    y: ArrayLike,
    *,
    near: float = 1e-6,
    far: float = 3.5,
    sentinels: Sequence[float] = SENTINELS,
    imbalance: float = 3.0,
    folds: int = 5,
    repeats: int = 3,
    hidden: Sequence[int] = (16, 16),
    epochs: int = 150,
    seed: int = 0,
    progress: Progress | None = None,
) -> DataQuality:
    """Look for what is wrong with a data set.

    - **Corrupted**: NaN, infinity, or a code for "missing": one of `sentinels`, or any value that
      comes three times or more to the last digit, where it is out of range.
    - **Out of range**: a robust z-score beyond `far`. It is ``(x - median) / (1.4826 MAD)``, with
      MAD the median absolute deviation, which the far values themselves do not move; 3.5 is the
      limit of Iglewicz and Hoaglin (1993, "How to Detect and Handle Outliers").
    - **Duplicates**: rows within `near` of an earlier one in every column. Which of two equal rows
      is the copy cannot be known; the later one is flagged.
    - **Suspect labels**: see `confident_joint`. The probabilities are out of sample, by
      `cross_validate` on the rows that have none of the other faults.

    Parameters
    ----------
    X : array of shape (rows, columns)
        May hold NaN and infinity.
    y : array of int of shape (rows,)
        Labels.
    near : float, default 1e-6
        In standard deviations of a column. Far smaller than the distance of two points by chance.
    far : float, default 3.5
        In standard deviations.
    sentinels : sequence of float
    imbalance : float, default 3
        Largest class over smallest class beyond which the data are called imbalanced.
    folds, repeats, hidden, epochs
        See `cross_validate`.
    seed : int, default 0
    progress : callable, optional
        Hears of each epoch of the cross-validation.

    Returns
    -------
    DataQuality

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    X, y = _check_data(X, y)
    check_number("near", near, low=0)
    check_number("far", far, low=0, include_low=False)
    check_number("imbalance", imbalance, low=1)
    _check_learning(folds, repeats, hidden, epochs, seed)
    if not is_sequence(sentinels):
        raise ParameterError("sentinels", sentinels, "a sequence of numbers")

    finite = np.isfinite(X)
    codes = [check_number(f"sentinels[{k}]", value) for k, value in enumerate(sentinels)]
    is_code = finite & np.isin(X, codes)
    # Codes would widen the range that they are to be told from, so it is taken without them.
    center, width = _range(np.where(finite & ~is_code, X, np.nan))
    with np.errstate(invalid="ignore", over="ignore"):
        z = np.where(finite, (np.where(finite, X, 0) - center) / width, np.nan)
    outside = np.abs(np.nan_to_num(z)) > far
    coded = outside & (is_code | _recurring(np.where(outside, X, np.nan)))
    corrupted = (~finite | coded).any(axis=1)
    out_of_range = (outside & ~coded).any(axis=1) & ~corrupted

    pairs = near_pairs(z, near)
    duplicate = np.zeros(len(X), np.bool_)
    duplicate[pairs[:, 1]] = True

    classes, labels = np.unique(y, return_inverse=True)
    counts = np.bincount(labels)
    probabilities = np.full((len(X), len(classes)), np.nan)
    joint = np.zeros((len(classes), len(classes)), np.int64)
    suspect = np.zeros(len(X), np.bool_)
    accuracy = np.nan
    good = np.flatnonzero(~(corrupted | out_of_range | duplicate))
    if len(classes) > 1 and len(good) >= 2 * folds:
        probabilities[good] = cross_validate(
            X[good],
            labels[good],
            classes=len(classes),
            folds=folds,
            repeats=repeats,
            hidden=hidden,
            epochs=epochs,
            seed=seed,
            progress=progress,
        )
        joint, suspect[good] = confident_joint(labels[good], probabilities[good])
        accuracy = float((probabilities[good].argmax(axis=1) == labels[good]).mean())
    masks = dict(zip(KINDS, (duplicate, corrupted, suspect, out_of_range), strict=True))
    ratio = float(counts.max() / counts.min())
    return DataQuality(
        flags={kind: np.flatnonzero(mask) for kind, mask in masks.items()},
        pairs=pairs,
        z_scores=z,
        classes=classes,
        counts=counts,
        imbalance=ratio,
        imbalanced=ratio > imbalance,
        probabilities=probabilities,
        accuracy=accuracy,
        joint=joint,
        X=X,
        y=y,
    )


def score(
    flags: Mapping[str, ArrayLike],
    truth: Mapping[str, ArrayLike],
    originals: ArrayLike | None = None,
) -> dict[str, Score]:
    """Compare flags with the truth, kind by kind.

    Parameters
    ----------
    flags, truth : mapping of str to array of int
        Row numbers by kind; a kind that is left out has none.
    originals : array of int, optional
        The row that each of ``truth["duplicates"]`` is a copy of, in the same order. A pair is as
        well found by its original as by its copy: nothing in the data tells them apart.

    Returns
    -------
    dict of str to Score
        Of every kind in either.
    """
    result = {}
    for kind in sorted({*flags, *truth}):
        flagged = _rows(f"flags[{kind!r}]", flags.get(kind, ()))
        planted = _rows(f"truth[{kind!r}]", truth.get(kind, ()))
        if kind == "duplicates" and originals is not None:
            sources = _rows("originals", originals)
            if sources.shape != planted.shape:
                allowed = f"as many rows as there are duplicates, {len(planted)}"
                raise ParameterError("originals", f"{len(sources)} rows", allowed)
            copy_of = dict(zip(sources.tolist(), planted.tolist(), strict=True))
            flagged = np.array([copy_of.get(row, row) for row in flagged.tolist()], np.int64)
        result[kind] = _score(set(flagged.tolist()), set(planted.tolist()))
    return result


def confident_joint(labels: Array, probabilities: Array) -> tuple[Array, Array]:
    """Count labels against confident classes, and mark the labels that are suspect.

    A class is confident for a row if its probability is at least the class's threshold, the mean of
    that probability over the rows labelled with it; of several the most probable one counts. A
    label is suspect if a class is confident and is not the label (Northcutt, Jiang and Chuang,
    2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", section 3.1).

    Parameters
    ----------
    labels : ndarray of int of shape (rows,)
        From 0 to K - 1.
    probabilities : ndarray of shape (rows, K)
        Out of sample: from a model that was not trained on the row.

    Returns
    -------
    joint : ndarray of int of shape (K, K)
        Rows by label (down) and confident class (across); rows without one are not counted.
    suspect : ndarray of bool of shape (rows,)
    """
    count = probabilities.shape[1]
    # A class that no row is labelled with has no threshold, so nothing can be confident of it.
    thresholds = [
        probabilities[labels == k, k].mean() if (labels == k).any() else np.inf
        for k in range(count)
    ]
    confident = np.where(probabilities >= np.array(thresholds), probabilities, -np.inf)
    best = confident.argmax(axis=1)
    counted = np.isfinite(confident.max(axis=1))
    joint = np.zeros((count, count), np.int64)
    np.add.at(joint, (labels[counted], best[counted]), 1)
    return joint, counted & (best != labels)


def cross_validate(
    X: Array,
    labels: Array,
    *,
    classes: int,
    folds: int = 5,
    repeats: int = 3,
    hidden: Sequence[int] = (16, 16),
    epochs: int = 150,
    seed: int = 0,
    progress: Progress | None = None,
) -> Array:
    """Return P(class | row) from networks that were not trained on the row.

    K-fold cross-validation with the classes spread evenly over the folds. All networks are one
    fleet, a replica for each fold of each repeat. Inputs are scaled by the mean and standard
    deviation of all rows, which tells the networks next to nothing about a single one.

    Parameters
    ----------
    X : ndarray of shape (rows, columns)
        Finite.
    labels : ndarray of int of shape (rows,)
        From 0 to ``classes - 1``.
    classes : int
    folds : int, default 5
        From 2 to 50.
    repeats : int, default 3
        Cross-validations with folds and weights of their own, whose mean is returned.
    hidden : sequence of int, default (16, 16)
    epochs : int, default 150
        Not many more, or the networks learn wrong labels by heart.
    seed : int, default 0
    progress : callable, optional
        Hears of each epoch.

    Returns
    -------
    ndarray of shape (rows, classes)
    """
    sizes = _check_learning(folds, repeats, hidden, epochs, seed)
    deviation = X.std(axis=0)
    scaled = (X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1)

    fold_of = np.array([_deal(labels, folds, stream(seed, "folds", k)) for k in range(repeats)])
    held_out = [fold_of[k] == fold for k in range(repeats) for fold in range(folds)]
    # A fleet needs as many points in each replica: where a fold is a row smaller, one is left out.
    size = min(int((~held).sum()) for held in held_out)
    rows = np.array([np.flatnonzero(~held)[:size] for held in held_out])
    units, output = output_layer(classes)
    shape = (X.shape[1], *sizes, units)
    network = Network(shape, output=output, replicas=len(rows), seed=seed)
    config = TrainingConfig(learning_rate=0.1, batch_size=10, l2=1e-3)
    trainer = Trainer(network, Dataset(scaled[rows], labels[rows]), None, config, seed)
    counter = Counter(epochs, progress)
    for _ in range(epochs):
        trainer.run(epochs=1)
        counter.advance()
    everywhere = network.predict_proba(scaled)
    total = np.zeros((len(X), classes))
    for replica, held in enumerate(held_out):
        total[held] += everywhere[replica, held]
    return total / repeats


def near_pairs(X: Array, near: float) -> Array:
    """Return the pairs of rows that differ by at most `near` in every column.

    Parameters
    ----------
    X : ndarray of shape (rows, columns)
        Rows with NaN or infinity are in no pair.
    near : float

    Returns
    -------
    ndarray of int of shape (pairs, 2)
        The smaller row number first; in rising order.
    """
    finite = np.flatnonzero(np.isfinite(X).all(axis=1))
    order = finite[np.argsort(X[finite, 0], kind="stable")]
    values = X[order]
    found = [np.empty((0, 2), np.int64)]
    # In the order of the first column, a row's copies are the next ones: look further along only
    # while some row is still near in that column.
    for shift in range(1, len(order)):
        close = values[shift:, 0] - values[:-shift, 0] <= near
        if not close.any():
            break
        here = np.flatnonzero(close)
        here = here[(np.abs(values[here + shift] - values[here]) <= near).all(axis=1)]
        found.append(np.sort(np.column_stack([order[here], order[here + shift]]), axis=1))
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _range(X: Array) -> tuple[Array, Array]:
    """Median and robust standard deviation of each column without NaN, shape (columns,)."""
    center, width = np.zeros(X.shape[1]), np.ones(X.shape[1])
    for column, values in enumerate(X.T):
        numbers = values[~np.isnan(values)]
        if not len(numbers):
            continue
        center[column] = np.median(numbers)
        deviations = np.abs(numbers - center[column])
        # Where more than half of the values are the same, the MAD is 0: take the mean instead.
        candidates = (_TO_SIGMA * np.median(deviations), _MEAN_TO_SIGMA * deviations.mean())
        width[column] = next((float(c) for c in candidates if c > 0), 1.0)
    return center, width


def _recurring(X: Array) -> Array:
    """Whether each value comes often in its column, to the last digit; NaN does not."""
    result = np.zeros(X.shape, np.bool_)
    for column, values in enumerate(X.T):
        different, counts = np.unique(values[~np.isnan(values)], return_counts=True)
        result[:, column] = np.isin(values, different[counts >= _RECURS])
    return result


def _deal(labels: Array, folds: int, rng: np.random.Generator) -> Array:
    """Deal the rows out to the folds, class by class, so that each has its share of all."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), np.int64)
    fold[order] = np.arange(len(labels)) % folds
    return fold


def _score(flagged: set[int], planted: set[int]) -> Score:
    found = len(flagged & planted)
    if not flagged and not planted:
        return Score(0, 0, 0, 1.0, 1.0, 1.0)
    precision = found / len(flagged) if flagged else 0.0
    recall = found / len(planted) if planted else 0.0
    f1 = 2 * found / (len(flagged) + len(planted))
    return Score(len(planted), len(flagged), found, precision, recall, f1)


def _check_data(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    allowed = f"numbers of shape (rows, columns), with 1 to {_MAX_ROWS:,} rows"
    try:
        values, labels = np.asarray(X), np.asarray(y)
    except ValueError as error:  # rows of different lengths
        raise ParameterError("X", X, allowed) from error
    if values.dtype.kind not in "iuf" or values.ndim != 2 or not 1 <= len(values) <= _MAX_ROWS:
        raise ParameterError("X", f"{values.dtype} of shape {values.shape}", allowed)
    if not values.shape[1]:
        raise ParameterError("X", f"shape {values.shape}", allowed)
    if labels.dtype.kind not in "iu" or labels.shape != (len(values),):
        allowed = f"whole numbers of shape ({len(values)},), one label a row"
        raise ParameterError("y", f"{labels.dtype} of shape {labels.shape}", allowed)
    return values.astype(np.float64), labels


def _check_learning(
    folds: int, repeats: int, hidden: Sequence[int], epochs: int, seed: int
) -> tuple[int, ...]:
    check_integer("folds", folds, low=2, high=50)
    check_integer("repeats", repeats, low=1, high=20)
    check_integer("epochs", epochs, low=1, high=100_000)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    return check_sizes("hidden", hidden, max_layers=16, max_units=1024)


def _rows(name: str, value: ArrayLike) -> Array:
    rows = np.asarray(value)
    if rows.size == 0:
        return np.empty(0, np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ParameterError(name, value, "row numbers, in one dimension")
    return rows.astype(np.int64)
