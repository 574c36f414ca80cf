"""Tables of cells: read from CSV and data frames, with the place of all that is wrong.

Nothing that is read is ever run as a program, and nothing is written.
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

from nbtutor.engine.validation import ParameterError, check_choice, check_type

Cells = Sequence[Any] | np.ndarray

MIN_ROWS = 4
MAX_ROWS = 100_000
MAX_COLUMNS = 50
MAX_BYTES = 20_000_000
_WIDEST = 1000  # columns of a table of which some are chosen
DELIMITERS = (",", ";", "\t", "|")
_MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "<na>", "nat", "none", "null", "?"))
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class Table:
    """What a source has said: named columns of cells, not yet looked at.

    Attributes
    ----------
    columns : mapping of str to sequence
        All of one length.
    first_row : int
        The number that a person gives the first row of cells.
    """

    columns: Mapping[str, Cells]
    first_row: int


def read_csv(source: str | bytes | Path, header: bool | None, delimiter: str | None) -> Table:
    """Return what a CSV text or file holds; rows are counted from 1, the header is one.

    Parameters
    ----------
    source, header, delimiter
        See `nbtutor.engine.own_data.from_csv`.

    Raises
    ------
    ParameterError
        If it cannot be read, or its rows have different numbers of cells.
    """
    text = _read(source)
    if delimiter is not None:
        check_choice("delimiter", delimiter, DELIMITERS)
    if header is not None:
        check_type("header", header, bool)
    return _parse(text, delimiter or _find_delimiter(text), header)


def read_frame(frame: Any) -> Table:
    """Return what a data frame holds; rows are counted from 0, by place.

    Parameters
    ----------
    frame : object
        With ``frame.columns``, the names, and ``frame[name]``, an array or what NumPy can turn
        into one.

    Raises
    ------
    ParameterError
        If it is no data frame, or two columns have one name.
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
    return Table(cells, first_row=0)


def check_size(rows: int, columns: int) -> None:
    """Do nothing if there are neither too few nor too many rows and columns.

    Parameters
    ----------
    rows : int
        4 to 100,000 are allowed.
    columns : int
        Without the target; 1 to 50 are allowed.

    Raises
    ------
    ParameterError
        If there are not as many.
    """
    if rows < MIN_ROWS:
        raise ParameterError("data", f"{rows} rows", f"at least {MIN_ROWS} rows", "Add some.")
    if rows > MAX_ROWS:
        hint = "Take a sample: a few thousand rows show as much."
        raise ParameterError("data", f"{rows:,} rows", f"at most {MAX_ROWS:,} rows", hint)
    if not 1 <= columns <= MAX_COLUMNS:
        hint = "Choose some with columns=."
        allowed = f"1 to {MAX_COLUMNS} columns besides the target"
        raise ParameterError("data", f"{columns} columns", allowed, hint)


def to_number(cell: Any) -> float:
    """Return a cell as a number, NaN if it is none."""
    if isinstance(cell, (str, bool, np.bool_, int, float, np.integer, np.floating)):
        if isinstance(cell, str) and "_" in cell:  # Python reads 1_000, no spreadsheet does
            return np.nan
        try:
            return float(cell)
        except (ValueError, OverflowError):
            return np.nan
    return np.nan


def is_number(cell: Any) -> bool:
    """Whether a cell is a finite number, or text that is one."""
    return bool(np.isfinite(to_number(cell)))


def is_missing(cell: Any) -> bool:
    """Whether a cell is empty, or holds one of the usual words for that."""
    if isinstance(cell, str):
        return cell.strip().lower() in _MISSING
    if isinstance(cell, (float, np.floating)):
        return bool(np.isnan(cell))
    # pandas writes NA and NaT for what is missing; neither equals itself as a number would.
    return cell is None or type(cell).__name__ in ("NAType", "NaTType")


def has_decimal_comma(cell: Any) -> bool:
    """Whether a cell is text such as 1,5."""
    return isinstance(cell, str) and _DECIMAL_COMMA.fullmatch(cell.strip()) is not None


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
            is_number(cell) or has_decimal_comma(cell) for record in records for cell in record
        )
        return len(set(widths)) == 1 and widths[0] > 1, numbers, max(widths, default=0)

    return max(DELIMITERS, key=fit)


def _parse(text: str, delimiter: str, header: bool | None) -> Table:
    records = _records(text, delimiter, limit=MAX_ROWS + 100)  # some may be empty, one the header
    if len(records) == MAX_ROWS + 100:
        check_size(len(records), 1)
    first = next((i for i, record in enumerate(records) if any(record)), None)
    if first is None:
        raise ParameterError("source", "empty", "a table with rows and columns")
    width = len(records[first])
    if width > _WIDEST:
        allowed = f"a table of at most {_WIDEST:,} columns"
        raise ParameterError("source", f"{width:,} columns", allowed, "Leave some out.")
    if header is None:
        header = not any(is_number(cell) for cell in records[first])
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
    return Table(dict(zip(names, cells, strict=True)), first_row=first + 1)


def _check_unique(names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        allowed = "the names of columns, each once"
        raise ParameterError("header", f"{twice[0]!r} more than once", allowed, "Rename one.")
