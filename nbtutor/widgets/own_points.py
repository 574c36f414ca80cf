"""Points of one's own: drawn on the plane, or brought as arrays, a table, a data frame or a file.

They are a setting of a run like any other, so they cannot be changed, are equal where their numbers
are, and travel in a link. All lie on a grid of 0.01 (values of 0.001), which the eye cannot see on
a plane of twelve units and which a link holds exactly.

Their order says who trains: as of every data set, the first part is for training and the rest for
validation. A point that is added goes to the end of the part that the training share lets grow, so
no other point changes sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine import Dataset, ParameterError
from nbtutor.engine.own_data import OwnData, from_arrays, from_csv, from_frame

Array = np.ndarray

GRID = 100
"""Steps of a coordinate in one unit of the plane."""

VALUE_GRID = 1000
"""Steps of a value in one unit."""

MIN_POINTS = 2  # one to train on, one to validate
MAX_POINTS = 5000
MAX_CLASSES = 5
"""As many classes as the views have colours and markers for."""

FARTHEST = 1000.0
"""The largest coordinate and value; the plane that is drawn reaches to 6."""

MAX_LINKED = 5000
"""Characters that the points may have in a link that is passed on."""

MAX_TEXT = 6 * MAX_POINTS + 2
"""Characters that they may have at all."""

_LINK_VERSION = "1"
_REACH = 9 * GRID  # a link holds coordinates from -9 to 9,
_SIDE = 2 * _REACH + 1
_VALUE_REACH = 10 * VALUE_GRID  # and values from -10 to 10
_VALUES = 2 * _VALUE_REACH + 1
_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8
)
_DIGITS = np.zeros(128, np.int64)
_DIGITS[_ALPHABET] = np.arange(64)


class OwnPoints:
    """Points with their classes or values, in the order in which they are dealt out.

    Parameters
    ----------
    X : array of shape (n, 2)
        On the plane; 2 to 5,000 points, rounded to 0.01.
    y : array of shape (n,)
        Class numbers from 0 to 4, whole; or values, float, rounded to 0.001.
    names : sequence of str, optional
        What the classes are called; only words, so equal points may have other ones.

    Raises
    ------
    ParameterError
        If there are too few or too many, or a number is not allowed.
    """

    def __init__(self, X: ArrayLike, y: ArrayLike, names: Sequence[str] = ()) -> None:
        points, answers = np.array(X, dtype=np.float64), np.array(y)
        _check(points, answers)
        self.X: Array = np.round(points * GRID) / GRID + 0.0  # no negative zero
        self.y: Array = answers.astype(np.int64)
        if answers.dtype.kind == "f":
            self.y = np.round(answers * VALUE_GRID) / VALUE_GRID + 0.0
        self.X.flags.writeable = self.y.flags.writeable = False
        self.names = tuple(names)

    @classmethod
    def of(cls, data: Dataset) -> OwnPoints:
        """Return the points of a data set of one network, as they stand on the plane."""
        return cls(data.X, data.y)

    def __len__(self) -> int:
        return len(self.y)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, OwnPoints)
            and self.task == other.task
            and np.array_equal(self.X, other.X)
            and np.array_equal(self.y, other.y)
        )

    def __hash__(self) -> int:
        return hash((self.X.tobytes(), self.y.tobytes()))

    def __deepcopy__(self, memo: object) -> OwnPoints:
        return self  # it never changes

    def __repr__(self) -> str:
        kind = f"{self.classes} classes" if self.classes else "values"
        return f"<{len(self)} points of one's own, {kind}>"

    @property
    def data(self) -> Dataset:
        """The points as a data set; its truth is not known."""
        return Dataset(self.X, self.y)

    @property
    def task(self) -> str:
        """What is asked of a network: "classification" or "regression"."""
        return "regression" if self.y.dtype.kind == "f" else "classification"

    @property
    def classes(self) -> int:
        """How many there are; 0 for regression."""
        return self.data.classes

    @property
    def outside(self) -> int:
        """How many lie beyond the plane that is drawn."""
        return int((np.abs(self.X) > 6).any(axis=1).sum())

    # What drawing does.

    def add(self, X: ArrayLike, y: ArrayLike, share: float) -> OwnPoints:
        """Return these and more points.

        Parameters
        ----------
        X, y : array of shape (k, 2) and (k,)
        share : float
            The training share, which decides what is for training and what for validation.
        """
        order = list(range(len(self)))
        for new in range(len(self), len(self) + len(np.asarray(y))):
            cut, next_cut = _cut(len(order), share), _cut(len(order) + 1, share)
            order.insert(cut if next_cut > cut else len(order), new)
        every = np.concatenate([self.X, X]), np.concatenate([self.y, y])
        if len(order) > MAX_POINTS:
            raise _wrong_count(len(order))
        return OwnPoints(every[0][order], every[1][order], self.names)

    def move(self, index: int, place: ArrayLike) -> OwnPoints:
        """Return these with one at another place."""
        X = self.X.copy()
        X[index] = place
        return OwnPoints(X, self.y, self.names)

    def remove(self, indices: Sequence[int]) -> OwnPoints:
        """Return these without some."""
        keep = np.delete(np.arange(len(self)), indices)
        return OwnPoints(self.X[keep], self.y[keep], self.names)

    def find(self, place: Sequence[int]) -> int | None:
        """Return which point has these numbers, in steps of the grid; None if none has."""
        match = (self.steps == np.asarray(place)).all(axis=1)
        return int(match.argmax()) if match.any() else None

    @property
    def steps(self) -> Array:
        """All numbers in steps of their grids, shape (n, 3), int64: x, y, class or value."""
        answers = self.y if self.classes else np.round(self.y * VALUE_GRID)
        table = np.column_stack([np.round(self.X * GRID), answers])
        return table.astype(np.int64)

    # How they travel.

    def to_dict(self) -> dict[str, Any]:
        """Return them for JSON: the points as rows of x, y, and class or value."""
        pairs = zip(self.X.tolist(), self.y.tolist(), strict=True)
        rows = [[*place, answer] for place, answer in pairs]
        return {"task": self.task, "names": list(self.names), "points": rows}

    def to_text(self, most: int = MAX_LINKED) -> str:
        """Return them as text for a link; empty if they are too many or lie too far out.

        A version, "c" for classes or "v" for values, and four or six characters a point: one whole
        number of x, y and class (or value), each a digit of its own base.
        """
        x, y, answer = self.steps.T
        values = self.task == "regression"
        if values:
            answer = answer + _VALUE_REACH
        base, width = (_VALUES, 6) if values else (MAX_CLASSES, 4)
        if len(self) * width > most or np.abs(self.steps[:, :2]).max() > _REACH:
            return ""
        if answer.min() < 0 or answer.max() >= base:
            return ""
        codes = ((x + _REACH) * _SIDE + (y + _REACH)) * base + answer
        digits = (codes[:, None] >> _shifts(width)) & 63
        return f"{_LINK_VERSION}{'v' if values else 'c'}{_ALPHABET[digits].tobytes().decode()}"

    @classmethod
    def from_text(cls, text: str) -> OwnPoints:
        """Read what `to_text` has written.

        Raises
        ------
        ValueError
            If it is no such text; says what it must be.
        """
        found = re.fullmatch(r"1(?:c((?:[\w-]{4})+)|v((?:[\w-]{6})+))", text, re.ASCII)
        if len(text) > MAX_TEXT or not found:
            raise ValueError("points as a link holds them")
        values = found[1] is None
        base, width = (_VALUES, 6) if values else (MAX_CLASSES, 4)
        letters = np.frombuffer((found[1] or found[2]).encode(), np.uint8)
        digits = _DIGITS[letters].reshape(-1, width)
        codes = (digits << _shifts(width)).sum(axis=1)
        place, answer = np.divmod(codes, base)
        if place.max() >= _SIDE**2:
            raise ValueError("points as a link holds them")
        X = (np.column_stack(np.divmod(place, _SIDE)) - _REACH) / GRID
        return cls(X, (answer - _VALUE_REACH) / VALUE_GRID if values else answer)


def as_points(value: Any) -> OwnPoints | None:
    """Return points of one's own from whatever holds them.

    Parameters
    ----------
    value : OwnPoints, Dataset, OwnData, (X, y), data frame, CSV text, pathlib.Path, dict or None
        A `Dataset` and what `OwnPoints.to_dict` gives stay where they are on the plane. Of an
        `OwnData` (see `nbtutor.engine.own_data`), arrays, a data frame and CSV the columns are
        scaled to mean 0 and a standard deviation of 2, the values to 0 and 1, and the rows shuffled
        by a fixed seed.

    Raises
    ------
    ParameterError
        If it is something else, or cannot be used.
    """
    if value is None or isinstance(value, OwnPoints):
        return value
    if isinstance(value, Dataset):
        if value.X.ndim != 2 or value.y.ndim != 1:
            allowed = "of a single network, with one label a point"
            raise ParameterError("data", f"a data set of shape {value.X.shape}", allowed)
        return OwnPoints.of(value)
    if isinstance(value, Mapping):
        return _from_dict(value)
    if isinstance(value, (str, bytes, Path)):
        value = from_csv(value)
    elif hasattr(value, "columns") and not isinstance(value, OwnData):
        value = from_frame(value)
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        value = from_arrays(*value)
    if not isinstance(value, OwnData):
        allowed = "(X, y), a Dataset, a data frame, CSV text or the pathlib.Path of a CSV file"
        raise ParameterError("data", value, allowed)
    return from_own_data(value)


def from_own_data(own: OwnData) -> OwnPoints:
    """Return the points of data that the engine has made ready.

    Raises
    ------
    ParameterError
        If it has not two columns, or too many classes or rows.
    """
    columns = len(own.columns)
    if columns != 2:
        found = f"{columns} and {own.target!r}"
        hint = "Leave two, which become x and y, and last what is to be predicted."
        raise ParameterError("the columns", found, "two and the one to be predicted", hint)
    classes = len(own.class_names)
    if classes > MAX_CLASSES:
        shown = f"{classes}: {', '.join(own.class_names[: MAX_CLASSES + 1])} ..."
        hint = "Leave rows out, or give classes one name."
        raise ParameterError(
            f"the number of classes in column {own.target!r}",
            shown,
            f"{MAX_CLASSES} or fewer",
            hint,
        )
    return OwnPoints(own.data.X, own.data.y, own.class_names)


def _from_dict(value: Mapping[str, Any]) -> OwnPoints:
    allowed = "an object with task, names and points, as to_json writes it"
    rows, names = value.get("points"), value.get("names", [])
    task = value.get("task")
    if task not in ("classification", "regression") or not isinstance(rows, list):
        raise ParameterError("data", value, allowed)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ParameterError("data", value, allowed)
    if len(rows) > MAX_POINTS:
        raise _wrong_count(len(rows))
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    except (TypeError, ValueError) as error:
        raise ParameterError("data", value, allowed) from error
    answers = table[:, 2]
    if task == "classification":
        if not np.isin(answers, np.arange(MAX_CLASSES)).all():
            raise _wrong_class(answers[~np.isin(answers, np.arange(MAX_CLASSES))][0])
        answers = answers.astype(np.int64)
    return OwnPoints(table[:, :2], answers, names)


def _check(X: Array, y: Array) -> None:
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != X.shape[:1]:
        found = f"X of shape {X.shape} and y of shape {y.shape}"
        raise ParameterError("data", found, "points with two coordinates, and a label for each")
    if not MIN_POINTS <= len(X) <= MAX_POINTS:
        raise _wrong_count(len(X))
    numbers = [("a coordinate", X)]
    if y.dtype.kind == "f":
        numbers.append(("a value", y))
    elif y.dtype.kind not in "iu":
        raise ParameterError("data", f"labels of type {y.dtype}", "of class numbers or values")
    elif y.min() < 0 or y.max() >= MAX_CLASSES:
        raise _wrong_class(int(y.min() if y.min() < 0 else y.max()))
    for name, array in numbers:
        bad = array[~(np.abs(array) <= FARTHEST)]
        if bad.size:
            raise ParameterError(
                name, float(bad[0]), f"a number from {-FARTHEST:g} to {FARTHEST:g}"
            )


def _wrong_count(count: int) -> ParameterError:
    hint = "One is trained on and one is held out." if count < MIN_POINTS else "Take a sample."
    allowed = f"from {MIN_POINTS} to {MAX_POINTS:,}"
    return ParameterError("the number of own points", count, allowed, hint)


def _wrong_class(label: float) -> ParameterError:
    allowed = f"a whole number from 0 to {MAX_CLASSES - 1}"
    return ParameterError("a class", label, allowed, f"There can be {MAX_CLASSES}.")


def _cut(n: int, share: float) -> int:
    """Return how many of n points are for training, as `Dataset.split` has it."""
    return min(max(round(share * n), 1), n - 1)


def _shifts(width: int) -> Array:
    """Return by how many bits each of `width` digits to the base 64 is to be moved."""
    return 6 * np.arange(width - 1, -1, -1)
