"""Data of one's own: from arrays, a CSV text or file, or a data frame.

Whatever the source, the columns become standardised numbers on about the plane that the toy data
lies in, class names become class numbers, and both can be turned back. What cannot be used is
refused with the row, the column, and how to mend it. Nothing that is read is ever run as a program.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.datasets import Dataset
from nbtutor.engine.random import stream
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_type,
    is_sequence,
)

Array = np.ndarray
Cells = Sequence[Any] | np.ndarray

MIN_ROWS = 4
MAX_ROWS = 100_000
MAX_COLUMNS = 50
MAX_CLASSES = 20
MAX_BYTES = 20_000_000
_WIDEST = 1000  # columns of a table of which some are chosen
LARGEST = 1e100
"""The largest number that is read: its square is still a float."""

TASKS = ("classification", "regression")
DELIMITERS = (",", ";", "\t", "|")
_MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "<na>", "nat", "none", "null", "?"))
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_FEW_VALUES = 10  # whole numbers with no more values than this are taken for class numbers
_MANY_SHOWN = 3  # further faults of the same kind are only counted
_SPREAD = 2.0  # standard deviations of 2 put most points on the plane from -6 to 6


@dataclass(frozen=True)
class Scaling:
    """Moves and stretches columns: ``scaled = (values - centre) / spread``.

    Attributes
    ----------
    centre, spread : ndarray of shape (columns,), or () for a single column
        `spread` is above 0.
    """

    centre: Array
    spread: Array

    def scale(self, values: ArrayLike) -> Array:
        """Return values of the source as the network gets them, the same shape.

        Parameters
        ----------
        values : array of shape (..., columns), or any shape for a single column
        """
        result: Array = (self._check(values) - self.centre) / self.spread
        return result

    def unscale(self, values: ArrayLike) -> Array:
        """Return scaled values as they were in the source, to rounding; the same shape."""
        result: Array = self._check(values) * self.spread + self.centre
        return result

    def _check(self, values: ArrayLike) -> Array:
        columns = self.centre.shape
        allowed = f"an array of numbers of shape (..., {columns[0]})" if columns else "numbers"
        try:
            given = np.asarray(values)
        except ValueError as error:  # rows of different lengths
            raise ParameterError("values", values, allowed) from error
        if given.dtype.kind not in "iuf":
            raise ParameterError("values", values, allowed)
        if columns and given.shape[-1:] != columns:
            raise ParameterError("values", f"shape {given.shape}", allowed)
        return given.astype(np.float64)


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


@dataclass(frozen=True)
class _Table:
    """What a source has said: named columns of cells, not yet looked at.

    `first_row` is the number that a person gives the first row of cells.
    """

    columns: Mapping[str, Cells]
    first_row: int


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
    _check_size(cells.shape[0], cells.shape[1])
    names = _names(columns, cells.shape[1])
    table = _Table(dict(zip(names, cells.T, strict=True)), first_row=0)
    return _prepare(table, _Table({target: labels}, first_row=0), task, seed)


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
    text = _read(source)
    if delimiter is not None:
        check_choice("delimiter", delimiter, DELIMITERS)
    if header is not None:
        check_type("header", header, bool)
    table = _parse(text, delimiter or _find_delimiter(text), header)
    return _choose(table, target, columns, task, seed)


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
    allowed = "a data frame, with columns and rows"
    if not hasattr(frame, "columns") or not hasattr(frame, "__getitem__"):
        hint = "Use from_arrays for arrays and from_csv for text."
        raise ParameterError("frame", type(frame).__name__, allowed, hint)
    labels = list(frame.columns)
    _check_unique([str(label) for label in labels])
    cells = {str(label): np.asarray(frame[label], dtype=object) for label in labels}
    for name, column in cells.items():
        if column.ndim != 1:
            raise ParameterError(f"column {name!r}", f"shape {column.shape}", "one value a row")
    if len({len(column) for column in cells.values()}) > 1:
        raise ParameterError("frame", "columns of different lengths", allowed)
    return _choose(_Table(cells, first_row=0), target, columns, task, seed)


# From a source to a table.


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


def _read(source: Any) -> str:
    """Return the text of a CSV source."""
    if isinstance(source, str):
        lines = source.strip().splitlines()
        if len(lines) == 1 and re.fullmatch(r"\S+\.(csv|tsv|txt)", lines[0].strip(), re.IGNORECASE):
            hint = "For a file, pass pathlib.Path of its name."
            raise ParameterError("source", source, "the text of a table", hint)
        _check_bytes(len(source))
        return source.removeprefix("\ufeff")
    if isinstance(source, Path):
        source = _read_file(source)
    if not isinstance(source, bytes):
        allowed = "text, bytes, or a pathlib.Path"
        raise ParameterError("source", type(source).__name__, allowed)
    _check_bytes(len(source))
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = source[: error.start].count(b"\n") + 1
        found = f"the byte {source[error.start]:#04x} in row {row}"
        hint = 'Save the table again as "CSV UTF-8".'
        raise ParameterError("source", found, "text in UTF-8", hint) from error


def _read_file(path: Path) -> bytes:
    allowed = "the path of a file that can be read"
    try:
        if not path.is_file():  # a folder, a device, or nothing at all
            raise ParameterError("source", str(path), allowed, "There is no file of this name.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError("source", str(path), allowed, f"{type(error).__name__}.") from error


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        allowed = f"at most {MAX_BYTES:,} bytes long"
        raise ParameterError("source", "longer", allowed, "Leave rows or columns out.")


def _records(text: str, delimiter: str, limit: int) -> list[list[str]]:
    """Return up to `limit` rows of cells, an empty list for an empty line."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    records: list[list[str]] = []
    try:
        for record in reader:
            records.append([cell.strip() for cell in record])
            if len(records) == limit:
                break
    except csv.Error as error:
        row = len(records) + 1
        hint = "Look for a quotation mark that is not closed, or stands inside a cell."
        allowed = "a row of cells"
        raise ParameterError(f"row {row}", f"unreadable ({error})", allowed, hint) from error
    return records


def _find_delimiter(text: str) -> str:
    """Return the delimiter that fits the first rows best."""

    def fit(delimiter: str) -> tuple[bool, int, int]:
        try:
            records = [record for record in _records(text, delimiter, limit=20) if record]
        except ParameterError:
            return False, 0, 0
        widths = [len(record) for record in records]
        numbers = sum(
            _is_number(cell) or bool(_DECIMAL_COMMA.fullmatch(cell))
            for record in records
            for cell in record
        )
        return len(set(widths)) == 1 and widths[0] > 1, numbers, max(widths, default=0)

    return max(DELIMITERS, key=fit)


def _parse(text: str, delimiter: str, header: bool | None) -> _Table:
    records = _records(text, delimiter, limit=MAX_ROWS + 100)  # some may be empty, one the header
    if len(records) == MAX_ROWS + 100:
        _check_size(len(records), 1)
    first = next((i for i, record in enumerate(records) if any(record)), None)
    if first is None:
        raise ParameterError("source", "empty", "a table with rows and columns")
    width = len(records[first])
    if width > _WIDEST:
        allowed = f"a table of at most {_WIDEST:,} columns"
        raise ParameterError("source", f"{width:,} columns", allowed, "Leave some out.")
    if header is None:
        header = not any(_is_number(cell) for cell in records[first])
    names = [f"column {i + 1}" for i in range(width)]
    if header:
        names = [cell or name for cell, name in zip(records[first], names, strict=True)]
        _check_unique(names)
        first += 1
    rows = records[first:]
    while rows and not any(rows[-1]):  # empty lines at the end
        rows.pop()
    for number, record in enumerate(rows, start=first + 1):
        if len(record) != width:
            found = f"{len(record)} cells" if record else "an empty row"
            hint = f"Cells are separated by {delimiter!r}; quote a cell that has one inside."
            raise ParameterError(f"row {number}", found, f"{width} cells, as the first has", hint)
    cells = zip(*rows, strict=True) if rows else [()] * width
    return _Table(dict(zip(names, cells, strict=True)), first_row=first + 1)


def _check_unique(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        allowed = "the names of columns, each once"
        raise ParameterError("header", f"{twice[0]!r} more than once", allowed, "Rename one.")


# From a table to data.


def _choose(
    table: _Table,
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
    _check_size(len(table.columns[goal]), len(chosen))
    features = _Table({name: table.columns[name] for name in chosen}, table.first_row)
    return _prepare(features, _Table({goal: table.columns[goal]}, table.first_row), task, seed)


def _column(parameter: str, value: Any, names: Sequence[str]) -> str:
    if isinstance(value, str):
        return check_choice(parameter, value, names)
    hint = f"The columns are {', '.join(map(repr, names[:10]))}."
    return names[check_integer(parameter, value, low=1, high=len(names), hint=hint) - 1]


def _check_size(rows: int, columns: int) -> None:
    if rows < MIN_ROWS:
        raise ParameterError("data", f"{rows} rows", f"at least {MIN_ROWS} rows", "Add some.")
    if rows > MAX_ROWS:
        hint = "Take a sample: a few thousand rows show as much."
        raise ParameterError("data", f"{rows:,} rows", f"at most {MAX_ROWS:,} rows", hint)
    if not 1 <= columns <= MAX_COLUMNS:
        hint = "Choose some with columns=."
        allowed = f"1 to {MAX_COLUMNS} columns besides the target"
        raise ParameterError("data", f"{columns} columns", allowed, hint)


def _prepare(features: _Table, goal: _Table, task: str | None, seed: int) -> OwnData:
    if task is not None:
        check_choice("task", task, TASKS)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    ((target, labels),) = goal.columns.items()
    X = np.column_stack(
        [_numbers(name, cells, features.first_row) for name, cells in features.columns.items()]
    )
    order = stream(seed, "own data").permutation(len(X))
    scaling = _standardise(X, _SPREAD)
    target_scaling: Scaling | None = None
    class_names: tuple[str, ...] = ()
    if (task or _guess_task(labels)) == "regression":
        values = _numbers(target, labels, goal.first_row)
        if values.min() == values.max():
            hint = "There is nothing to predict."
            raise ParameterError(f"column {target!r}", "all the same", "different values", hint)
        target_scaling = _standardise(values, 1.0)
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
        values = np.array([_number(cell) for cell in cells])
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if bad.size:
        row, cell = bad[0], cells[bad[0]]
        if _is_missing(cell):
            found, hint = "missing", "Fill the cell, or leave the row out."
        elif isinstance(cell, str) and _DECIMAL_COMMA.fullmatch(cell.strip()):
            found, hint = cell, "Write decimals with a point, such as 1.5."
        else:
            found, hint = cell, "Correct the cell, or leave the row or the column out."
        if len(bad) > 1:
            more = ", ".join(str(first_row + other) for other in bad[1 : 1 + _MANY_SHOWN])
            hint += f" Other rows with such cells: {more}"
            hint += f" and {len(bad) - 1 - _MANY_SHOWN} more." if len(bad) > 4 else "."
        place = f"row {first_row + row}, column {name!r}"
        allowed = f"a number from {-LARGEST:g} to {LARGEST:g}"
        raise ParameterError(place, found, allowed, hint)
    return values


def _number(cell: Any) -> float:
    """Return a cell as a number, NaN if it is none."""
    if isinstance(cell, (str, bool, np.bool_, int, float, np.integer, np.floating)):
        if isinstance(cell, str) and "_" in cell:  # Python reads 1_000, no spreadsheet does
            return np.nan
        try:
            return float(cell)
        except (ValueError, OverflowError):
            return np.nan
    return np.nan


def _is_number(cell: Any) -> bool:
    return bool(np.isfinite(_number(cell)))


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().lower() in _MISSING
    if isinstance(cell, (float, np.floating)):
        return bool(np.isnan(cell))
    # pandas writes NA and NaT for what is missing; neither equals itself as a number would.
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def _guess_task(labels: Cells) -> str:
    if any(isinstance(cell, (bool, np.bool_)) or not _is_number(cell) for cell in labels):
        return "classification"
    values = {_number(cell) for cell in labels}
    whole = all(value.is_integer() for value in values)
    return "classification" if whole and len(values) <= _FEW_VALUES else "regression"


def _classes(name: str, cells: Cells, first_row: int) -> tuple[Array, tuple[str, ...]]:
    """Return class numbers and the names of the classes."""
    labels = []
    for row, cell in enumerate(cells):
        label = _class_name(cell)
        if label is None:
            found = "missing" if _is_missing(cell) else cell
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
    numeric = all(_is_number(label) for label in names)
    ordered = sorted(names, key=(lambda label: (_number(label), label)) if numeric else None)
    number = {label: i for i, label in enumerate(ordered)}
    return np.array([number[label] for label in labels]), tuple(ordered)


def _class_name(cell: Any) -> str | None:
    """Return a cell as the name of a class, None if it is none; 1.0 is called "1"."""
    if _is_missing(cell):
        return None
    if isinstance(cell, str):
        return cell.strip()
    if not _is_number(cell):  # a date, or a whole number that no float can hold
        return None
    if isinstance(cell, (bool, np.bool_)):
        return str(cell)
    if isinstance(cell, (int, np.integer)):
        return str(int(cell))
    value = float(cell)
    return str(int(value)) if value.is_integer() else str(value)


def _standardise(values: Array, spread: float) -> Scaling:
    """Return the scaling to mean 0 and a standard deviation of `spread`, by column.

    A column that is the same everywhere is only moved. Mean and deviation are those of all rows,
    also of those that are kept for validation: it changes them little, and the picture's axes stay.
    """
    largest = np.maximum(np.abs(values).max(axis=0), 1e-100)
    relative = values / largest  # so that no square overflows
    deviation = relative.std(axis=0) * largest / spread
    same = (np.ptp(values, axis=0) == 0) | (deviation < 1e-100)
    return Scaling(relative.mean(axis=0) * largest, np.where(same, 1.0, deviation))
