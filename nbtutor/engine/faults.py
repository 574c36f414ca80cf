"""Faults planted in good data, with the truth about them on record.

Real data arrives with rows entered twice, values missing, labels mixed up and units confused. Here
such faults are put in on purpose, so that whoever looks for them, a learner or a method, can be
told afterwards how many were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.datasets import Dataset
from nbtutor.engine.random import stream
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_number,
    check_type,
)

Array = np.ndarray

MISSING_CODE = -999.0
"""What stands for a missing value in many tables, and looks like a number."""

KINDS = ("duplicates", "corrupted", "wrong_labels", "out_of_range")
"""The kinds of faults; no row has more than one."""

MISTAKES = ("random", "next_class")
"""How labels may be wrong."""


@dataclass(frozen=True)
class FaultyDataset:
    """Data with faults, and where they are.

    Row numbers point into `data` and are in rising order, except for `originals`.

    Attributes
    ----------
    data : Dataset
        The faulty data. Some of X may be NaN.
    clean : Dataset
        The same rows without a fault, in the same order; a copy has the values of its original.
    duplicates : ndarray of int, shape (duplicates,)
        Rows that are copies of another.
    originals : ndarray of int, shape (duplicates,)
        The row that each of them is a copy of. It has no fault itself, and no two copies share it.
    missing : ndarray of int
        Rows in which a value is NaN.
    coded : ndarray of int
        Rows in which a value is -999, a code for "missing".
    wrong_labels : ndarray of int
    out_of_range : ndarray of int
        Rows in which a value lies far outside the range of all good ones.
    """

    data: Dataset
    clean: Dataset
    duplicates: Array
    originals: Array
    missing: Array
    coded: Array
    wrong_labels: Array
    out_of_range: Array

    def __len__(self) -> int:
        return len(self.data)

    @property
    def corrupted(self) -> Array:
        """Rows in which a value is missing, as NaN or as a code."""
        return np.union1d(self.missing, self.coded)

    @property
    def faults(self) -> dict[str, Array]:
        """The row numbers by kind, in the order of `KINDS`."""
        return {kind: getattr(self, kind) for kind in KINDS}

    @property
    def rows(self) -> Array:
        """Every row that has a fault."""
        return np.unique(np.concatenate(list(self.faults.values())))

    def without(self, rows: ArrayLike) -> FaultyDataset:
        """Leave rows out; the faults of those that stay are still on record.

        Once a copy's original is gone, the copy is a duplicate no longer.

        Parameters
        ----------
        rows : array of int
            Row numbers of `data`, in any order. At least one row has to stay.

        Raises
        ------
        ParameterError
            If one is no row number, or nothing would be left.
        """
        keep = np.full(len(self), True)
        keep[_check_rows(rows, len(self))] = False
        if not keep.any():
            raise ParameterError("rows", f"all {len(self)} rows", "fewer rows than there are")
        number = np.cumsum(keep) - 1  # of a row that stays, among those that stay

        def left(kind: Array) -> Array:
            rows: Array = number[kind[keep[kind]]]
            return rows

        pairs = keep[self.duplicates] & keep[self.originals]
        return FaultyDataset(
            Dataset(self.data.X[keep], self.data.y[keep], self.data.generator),
            Dataset(self.clean.X[keep], self.clean.y[keep], self.clean.generator),
            number[self.duplicates[pairs]],
            number[self.originals[pairs]],
            missing=left(self.missing),
            coded=left(self.coded),
            wrong_labels=left(self.wrong_labels),
            out_of_range=left(self.out_of_range),
        )

    def repaired(self, rows: ArrayLike) -> FaultyDataset:
        """Put the true values back into rows, as one who asks where the data came from would.

        Copies are no matter of values: leave them out with `without`.

        Parameters
        ----------
        rows : array of int
            Row numbers of `data`, in any order.

        Raises
        ------
        ParameterError
            If one is no row number.
        """
        chosen = _check_rows(rows, len(self))
        X, y = self.data.X.copy(), self.data.y.copy()
        X[chosen], y[chosen] = self.clean.X[chosen], self.clean.y[chosen]
        return FaultyDataset(
            Dataset(X, y, self.data.generator),
            self.clean,
            self.duplicates,
            self.originals,
            missing=np.setdiff1d(self.missing, chosen),
            coded=np.setdiff1d(self.coded, chosen),
            wrong_labels=np.setdiff1d(self.wrong_labels, chosen),
            out_of_range=np.setdiff1d(self.out_of_range, chosen),
        )


def plant_faults(
    data: Dataset,
    *,
    duplicates: float = 0.0,
    corrupted: float = 0.0,
    wrong_labels: float = 0.0,
    out_of_range: float = 0.0,
    mistake: str = "random",
    seed: int = 0,
) -> FaultyDataset:
    """Plant faults in a copy of good data.

    Parameters
    ----------
    data : Dataset
        With X of shape (n, columns), all finite, and one class number or value a row.
    duplicates : float, default 0
        Copies to add, as a share of n. They stand anywhere among the rows.
    corrupted : float, default 0
        The share of the n rows in which one value is missing: in every other such row it is NaN,
        in the rest -999.
    wrong_labels : float, default 0
        The share of rows with a wrong label. For regression, the value is moved by half the range
        of all values, round at its end.
    out_of_range : float, default 0
        The share of rows in which one value is 2 to 10 times as large as the largest of its column,
        of either sign: a slipped decimal point, or a wrong unit.
    mistake : {"random", "next_class"}, default "random"
        "random" draws evenly from the other classes; "next_class" takes every wrong class for the
        one with the next number, as somebody does who confuses the two. Regression has no such
        choice.
    seed : int, default 0

    Returns
    -------
    FaultyDataset
        The shares are rounded to whole rows. No row has two faults, and no original of a copy has
        one.

    Raises
    ------
    ParameterError
        If an argument is not allowed, or there are not enough rows for all faults.
    """
    X, y = _check_data(data)
    n = len(y)
    shares = {
        "duplicates": duplicates,
        "corrupted": corrupted,
        "wrong_labels": wrong_labels,
        "out_of_range": out_of_range,
    }
    counts = {
        kind: round(check_number(kind, share, low=0, high=1) * n) for kind, share in shares.items()
    }
    check_choice("mistake", mistake, MISTAKES)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    if sum(counts.values()) > n:
        together = f"{sum(shares.values()):g}"
        hint = "Each row has one fault at most, and the original of a copy has none."
        raise ParameterError(" + ".join(KINDS), together, "at most 1", hint)

    rng = stream(seed, "faults")
    chosen = np.split(rng.permutation(n)[: sum(counts.values())], np.cumsum(list(counts.values())))
    original, corrupt, mislabelled, outside = chosen[:4]
    missing, coded = corrupt[::2], corrupt[1::2]

    faulty_X, faulty_y = X.copy(), y.copy()
    for rows, value in ((missing, np.nan), (coded, MISSING_CODE)):
        faulty_X[rows, rng.integers(X.shape[1], size=len(rows))] = value
    columns = rng.integers(X.shape[1], size=len(outside))
    largest = np.abs(X).max(axis=0)
    largest[largest == 0] = 1
    signs = rng.choice([-1, 1], len(outside))
    faulty_X[outside, columns] = signs * rng.uniform(2, 10, len(outside)) * largest[columns]
    faulty_y[mislabelled] = _mistaken(data, mislabelled, mistake, rng)

    # Row i of the result is row source[i] of the data; those from n on are the copies.
    order = rng.permutation(n + len(original))
    source = np.concatenate([np.arange(n), original])[order]
    place = np.argsort(order)  # where each row has come to
    copies = place[n:]
    rising = np.argsort(copies)
    return FaultyDataset(
        Dataset(faulty_X[source], faulty_y[source], data.generator),
        Dataset(X[source], y[source], data.generator),
        copies[rising],
        place[original][rising],
        missing=np.sort(place[missing]),
        coded=np.sort(place[coded]),
        wrong_labels=np.sort(place[mislabelled]),
        out_of_range=np.sort(place[outside]),
    )


def _mistaken(data: Dataset, rows: Array, mistake: str, rng: np.random.Generator) -> Array:
    """Return a wrong label for each of the rows."""
    y = data.y[rows]
    if data.task == "regression":
        low, high = data.y.min(), data.y.max()
        if len(rows) and low == high:
            allowed = "0 here, as all values are the same"
            raise ParameterError("wrong_labels", f"{len(rows)} rows", allowed)
        half = (high - low) / 2
        moved: Array = np.where(y - low < half, y + half, y - half)
        return moved
    shift = 1 if mistake == "next_class" else rng.integers(1, data.classes, len(rows))
    other: Array = (y + shift) % data.classes
    return other


def _check_data(data: Any) -> tuple[Array, Array]:
    check_type("data", data, Dataset)
    X, y = np.asarray(data.X), np.asarray(data.y)
    allowed = "a data set with X of shape (n, columns) and y of shape (n,), both finite numbers"
    if X.ndim != 2 or y.shape != X.shape[:1] or X.size == 0:
        raise ParameterError("data", f"X of shape {X.shape} and y of {y.shape}", allowed)
    if X.dtype.kind not in "iuf" or y.dtype.kind not in "iuf":
        raise ParameterError("data", f"X of {X.dtype} and y of {y.dtype}", allowed)
    if not (np.isfinite(X).all() and np.isfinite(y).all()):
        raise ParameterError("data", "NaN or infinity among the values", allowed)
    return X.astype(np.float64), y


def _check_rows(rows: ArrayLike, n: int) -> Array:
    allowed = f"row numbers from 0 to {n - 1}, in an array of one dimension"
    try:
        numbers = np.asarray(rows)
    except ValueError as error:  # rows of different lengths
        raise ParameterError("rows", rows, allowed) from error
    if numbers.ndim == 1 and numbers.size == 0:
        return np.empty(0, np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise ParameterError(
            "rows", rows, allowed, "np.flatnonzero turns True and False into them."
        )
    if numbers.min() < 0 or numbers.max() >= n:
        raise ParameterError("rows", f"from {numbers.min()} to {numbers.max()}", allowed)
    return numbers
