"""Data of one's own: from arrays, a CSV text or file, or a data frame.

Whatever the source, the columns become standardised numbers on about the plane that the toy data
lies in, class names become class numbers, and both can be turned back. What cannot be used is
refused with the row, the column, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.cells import (
    Cells,
    Table,
    check_size,
    has_decimal_comma,
    is_missing,
    is_number,
    read_csv,
    read_frame,
    to_number,
)
from nbtutor.engine.datasets import Dataset
from nbtutor.engine.random import stream
from nbtutor.engine.scaling import Scaling, standardise
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    is_sequence,
)

Array = np.ndarray

MAX_CLASSES = 20
LARGEST = 1e100
"""The largest number that is read: its square is still a float."""

TASKS = ("classification", "regression")
_FEW_VALUES = 10  # whole numbers with no more values than this are taken for class numbers
_MANY_SHOWN = 3  # further faults of the same kind are only counted
_SPREAD = 2.0  # standard deviations of 2 put most points on the plane from -6 to 6


@dataclass(frozen=True)
class OwnData:
    """Data of one's own, made ready for a network.

    Attributes
    ----------
    data : Dataset
        Scaled columns in random order, X of shape (n, columns); y has class numbers, or scaled
        values for regression. Its truth is not known, so it gives no posterior.
    scaling : Scaling
        Of the columns of X.
    target_scaling : Scaling or None
        Of y, for regression.
    columns : tuple of str
        The names of the columns of X.
    target : str
        The name of what y holds.
    class_names : tuple of str
        The name of every class, by its number; empty for regression.
    rows : ndarray of int, shape (n,)
        Which row of the source each point was, from 0, not counting a header.
    """

    data: Dataset
    scaling: Scaling
    target_scaling: Scaling | None
    columns: tuple[str, ...]
    target: str
    class_names: tuple[str, ...]
    rows: Array

    @property
    def original_X(self) -> Array:
        """The columns in their own units, shape (n, columns), in the order of `data`."""
        return self.scaling.unscale(self.data.X)

    @property
    def original_y(self) -> Array:
        """Class names (text), or values in their own units, shape (n,), in the order of `data`."""
        if self.target_scaling is not None:
            return self.target_scaling.unscale(self.data.y)
        names: Array = np.array(self.class_names)[self.data.y]
        return names


def from_arrays(
    X: ArrayLike,
    y: ArrayLike,
    *,
    columns: Sequence[str] | None = None,
    target: str = "y",
    task: str | None = None,
    seed: int = 0,
) -> OwnData:
    """Make data ready that is in arrays.

    Parameters
    ----------
    X : array of shape (n, columns)
        Numbers: 4 to 100,000 rows, 1 to 50 columns.
    y : array of shape (n,)
        Class numbers or names, or values.
    columns : sequence of str, optional
        Names for the columns; "x" and "y" if there are two, else "x1", "x2" and so on.
    target : str, default "y"
        A name for what `y` holds.
    task : {"classification", "regression"}, optional
        If it is not given, text, True and False, and up to 10 different whole numbers are classes,
        and all else are values.
    seed : int, default 0
        Of the order into which the rows are shuffled.

    Returns
    -------
    OwnData

    Raises
    ------
    ParameterError
        If there is something that cannot be used; rows are counted from 0, as NumPy does.
    """
    cells, labels = _array("X", X, 2), _array("y", y, 1)
    if len(labels) != len(cells):
        raise ParameterError("y", f"{len(labels)} labels", f"one label a row, {len(cells)} here")
    check_size(cells.shape[0], cells.shape[1])
    names = _names(columns, cells.shape[1])
    table = Table(dict(zip(names, cells.T, strict=True)), first_row=0)
    return _prepare(table, Table({target: labels}, first_row=0), task, seed)


def from_csv(
    source: str | bytes | Path,
    *,
    target: str | int | None = None,
    columns: Sequence[str | int] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    task: str | None = None,
    seed: int = 0,
) -> OwnData:
    r"""Make data ready that is in a CSV text or file.

    Parameters
    ----------
    source : str, bytes or pathlib.Path
        The text itself, its bytes in UTF-8, or the path of a file with at most 20 million bytes.
        A `str` is never taken for a path, so that pasted text opens no file.
    target : str or int, optional
        The column to predict: its name, or its number from 1. The last if it is not given.
    columns : sequence of str or int, optional
        The columns to predict from; all others if it is not given.
    header : bool, optional
        Whether the first row holds names. If it is not given, it does when none of its cells is a
        number.
    delimiter : {",", ";", "\t", "|"}, optional
        What stands between two cells. If it is not given, that which cuts the first rows into equal
        numbers of cells, as many as can be.
    task, seed
        See `from_arrays`.

    Returns
    -------
    OwnData

    Raises
    ------
    ParameterError
        If there is something that cannot be used; rows are counted from 1, as spreadsheets do.
    """
    return _choose(read_csv(source, header, delimiter), target, columns, task, seed)


def from_frame(
    frame: Any,
    *,
    target: str | int | None = None,
    columns: Sequence[str | int] | None = None,
    task: str | None = None,
    seed: int = 0,
) -> OwnData:
    """Make data ready that is in a data frame of pandas, or of what looks like one.

    Parameters
    ----------
    frame : object
        With ``frame.columns``, the names, and ``frame[name]``, an array or what NumPy can turn
        into one.
    target, columns
        See `from_csv`; numbers count the frame's columns from 1.
    task, seed
        See `from_arrays`.

    Returns
    -------
    OwnData

    Raises
    ------
    ParameterError
        If there is something that cannot be used; rows are counted from 0, by place.
    """
    return _choose(read_frame(frame), target, columns, task, seed)


def _array(name: str, value: ArrayLike, dimensions: int) -> Array:
    shape = "(n, columns)" if dimensions == 2 else "(n,)"
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        hint = "Some rows are longer than others."
        raise ParameterError(name, value, f"an array of shape {shape}", hint) from error
    if array.ndim != dimensions:
        raise ParameterError(name, f"shape {array.shape}", f"an array of shape {shape}")
    return array


def _names(columns: Sequence[str] | None, count: int) -> list[str]:
    if columns is None:
        return ["x", "y"] if count == 2 else [f"x{i + 1}" for i in range(count)]
    allowed = f"{count} different names, one for each column of X"
    if not is_sequence(columns) or not all(isinstance(name, str) for name in columns):
        raise ParameterError("columns", columns, allowed)
    if len(columns) != count or len(set(columns)) != count:
        raise ParameterError("columns", columns, allowed)
    return list(columns)


def _choose(
    table: Table,
    target: str | int | None,
    columns: Sequence[str | int] | None,
    task: str | None,
    seed: int,
) -> OwnData:
    """Take the columns that were asked for."""
    names = list(table.columns)
    if len(names) < 2:
        hint = "Is the delimiter right? A cell of text that holds it needs quotation marks."
        raise ParameterError("source", f"{len(names)} column", "a table of two or more", hint)
    goal = names[-1] if target is None else _column("target", target, names)
    if columns is None:
        chosen = [name for name in names if name != goal]
    else:
        if not is_sequence(columns) or len(columns) == 0:
            allowed = "a sequence of names or numbers of columns"
            raise ParameterError("columns", columns, allowed)
        chosen = [_column(f"columns[{i}]", entry, names) for i, entry in enumerate(columns)]
        if len(set(chosen)) < len(chosen) or goal in chosen:
            allowed = f"different columns, without the target {goal!r}"
            raise ParameterError("columns", columns, allowed)
    check_size(len(table.columns[goal]), len(chosen))
    features = Table({name: table.columns[name] for name in chosen}, table.first_row)
    return _prepare(features, Table({goal: table.columns[goal]}, table.first_row), task, seed)


def _column(parameter: str, value: Any, names: Sequence[str]) -> str:
    if isinstance(value, str):
        return check_choice(parameter, value, names)
    hint = f"The columns are {', '.join(map(repr, names[:10]))}."
    return names[check_integer(parameter, value, low=1, high=len(names), hint=hint) - 1]


def _prepare(features: Table, goal: Table, task: str | None, seed: int) -> OwnData:
    if task is not None:
        check_choice("task", task, TASKS)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    ((target, labels),) = goal.columns.items()
    X = np.column_stack(
        [_numbers(name, cells, features.first_row) for name, cells in features.columns.items()]
    )
    order = stream(seed, "own data").permutation(len(X))
    scaling = standardise(X, _SPREAD)
    target_scaling: Scaling | None = None
    class_names: tuple[str, ...] = ()
    if (task or _guess_task(labels)) == "regression":
        values = _numbers(target, labels, goal.first_row)
        if values.min() == values.max():
            hint = "There is nothing to predict."
            raise ParameterError(f"column {target!r}", "all the same", "different values", hint)
        target_scaling = standardise(values, 1.0)
        y = target_scaling.scale(values)
    else:
        y, class_names = _classes(target, labels, goal.first_row)
    return OwnData(
        data=Dataset(scaling.scale(X)[order], y[order]),
        scaling=scaling,
        target_scaling=target_scaling,
        columns=tuple(features.columns),
        target=target,
        class_names=class_names,
        rows=order,
    )


def _numbers(name: str, cells: Cells, first_row: int) -> Array:
    """Return a column as numbers.

    Raises
    ------
    ParameterError
        For the first cell that is none, with a count of the others like it.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        values = cells.astype(np.float64)
    else:
        values = np.array([to_number(cell) for cell in cells])
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if bad.size:
        row, cell = bad[0], cells[bad[0]]
        if is_missing(cell):
            found, hint = "missing", "Fill the cell, or leave the row out."
        elif has_decimal_comma(cell):
            found, hint = cell, "Write decimals with a point, such as 1.5."
        else:
            found, hint = cell, "Correct the cell, or leave the row or the column out."
        if len(bad) > 1:
            more = ", ".join(str(first_row + other) for other in bad[1 : 1 + _MANY_SHOWN])
            hint += f" Other rows with such cells: {more}"
            hint += (
                f" and {len(bad) - 1 - _MANY_SHOWN} more." if len(bad) > 1 + _MANY_SHOWN else "."
            )
        place = f"row {first_row + row}, column {name!r}"
        allowed = f"a number from {-LARGEST:g} to {LARGEST:g}"
        raise ParameterError(place, found, allowed, hint)
    return values


def _guess_task(labels: Cells) -> str:
    if any(isinstance(cell, (bool, np.bool_)) or not is_number(cell) for cell in labels):
        return "classification"
    values = {to_number(cell) for cell in labels}
    whole = all(value.is_integer() for value in values)
    return "classification" if whole and len(values) <= _FEW_VALUES else "regression"


def _classes(name: str, cells: Cells, first_row: int) -> tuple[Array, tuple[str, ...]]:
    """Return class numbers and the names of the classes."""
    labels = []
    for row, cell in enumerate(cells):
        label = _class_name(cell)
        if label is None:
            found = "missing" if is_missing(cell) else cell
            hint = "Fill or correct the cell, or leave the row out."
            place = f"row {first_row + row}, column {name!r}"
            raise ParameterError(place, found, "the name or number of a class", hint)
        labels.append(label)
    names = set(labels)
    if len(names) == 1:
        hint = "With one class there is nothing to tell apart."
        allowed = "two or more classes"
        raise ParameterError(f"column {name!r}", f"only {labels[0]!r}", allowed, hint)
    if len(names) > MAX_CLASSES:
        hint = "Is it the right column? For values, say task='regression'."
        allowed = f"at most {MAX_CLASSES} classes"
        raise ParameterError(f"column {name!r}", f"{len(names)} different ones", allowed, hint)
    numeric = all(is_number(label) for label in names)
    ordered = sorted(names, key=(lambda label: (to_number(label), label)) if numeric else None)
    number = {label: i for i, label in enumerate(ordered)}
    return np.array([number[label] for label in labels]), tuple(ordered)


def _class_name(cell: Any) -> str | None:
    """Return a cell as the name of a class, None if it is none; 1.0 is called "1"."""
    if is_missing(cell):
        return None
    if isinstance(cell, str):
        return cell.strip()
    if not is_number(cell):  # a date, or a whole number that no float can hold
        return None
    if isinstance(cell, (bool, np.bool_)):
        return str(cell)
    if isinstance(cell, (int, np.integer)):
        return str(int(cell))
    value = float(cell)
    return str(int(value)) if value.is_integer() else str(value)
