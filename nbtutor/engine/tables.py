"""Numbers that are written down row by row, as long as a run goes on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Array = np.ndarray

MAX_ROWS = 20_000
MAX_BYTES = 64_000_000
_FIRST_CAPACITY = 256
_PIECE = 1024
"""Rows that are looked at together when a table is thinned, a multiple of 4."""


class Table:
    """Columns of numbers that grow together and are thinned beyond a limit.

    Space is doubled when it runs out, so a row costs the same however many there are. At the limit
    about half of the rows are dropped: of every four that follow each other, those with the lowest
    and the highest number in the watched column stay, and so do the first row and the last. Hence
    the ends and the spikes of a long curve survive (min-max decimation).

    Parameters
    ----------
    columns : mapping of str to tuple of int
        Names, and the shape of one entry; all are float64.
    watched : str
        The column whose spikes matter.
    max_rows : int, optional
        The limit; by default `MAX_ROWS`, or fewer if those would take more than `MAX_BYTES`.

    Attributes
    ----------
    thinned : int
        How many times rows have been dropped.
    """

    def __init__(
        self, columns: Mapping[str, tuple[int, ...]], watched: str, max_rows: int | None = None
    ) -> None:
        if max_rows is None:
            row = 8 * sum(int(np.prod(shape)) for shape in columns.values())
            max_rows = min(MAX_ROWS, max(MAX_BYTES // row, 64))
        self.thinned = 0
        self._max_rows = max_rows
        self._watched = watched
        self._length = 0
        rows = min(_FIRST_CAPACITY, max_rows)
        self._columns = {name: np.empty((rows, *shape)) for name, shape in columns.items()}

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, name: str) -> Array:
        """Return a view of a column, shape (rows, ...); the next `append` may move it."""
        return self._columns[name][: self._length]

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def append(self, values: Mapping[str, Array | float]) -> None:
        """Add a row; a column that is not given is NaN."""
        if self._length == len(self._columns[self._watched]):
            self._make_room()
        row = self._length
        for name, column in self._columns.items():
            column[row] = values.get(name, np.nan)
        self._length += 1

    def truncate(self, rows: int) -> None:
        """Keep the first `rows` rows only."""
        self._length = min(self._length, rows)

    def copy(self) -> Table:
        """Return another table with the same rows."""
        return self._with({name: column.copy() for name, column in self._columns.items()})

    def single(self, index: int) -> Table:
        """Return a table for reading in which each entry is cut down to one, along its first axis.

        An entry of shape (replicas, layers) becomes (layers,); one without dimensions stays.
        """
        return self._with(
            {
                name: column if column.ndim == 1 else column[:, index]
                for name, column in self._columns.items()
            }
        )

    def to_arrays(self) -> dict[str, Array]:
        """Return a copy of all columns by name, for storing."""
        return {name: self[name].copy() for name in self._columns}

    def fill(self, columns: Mapping[str, Array]) -> None:
        """Replace all rows by those of `columns`, which has every column of this table.

        Raises
        ------
        KeyError, ValueError
            If a column is missing, or has another shape; nothing is replaced then.
        """
        rows = len(columns[self._watched])
        filled = {}
        for name, column in self._columns.items():
            shape = (rows, *column.shape[1:])
            given = columns[name]
            if given.shape != shape or given.dtype.kind not in "iuf":
                msg = f"column {name!r} is {given.dtype} of shape {given.shape}, not {shape}"
                raise ValueError(msg)
            filled[name] = given.astype(np.float64)
        self._columns, self._length = filled, rows

    def _with(self, columns: dict[str, Array]) -> Table:
        table = object.__new__(Table)
        table.__dict__ |= self.__dict__ | {"_columns": columns}
        return table

    def _make_room(self) -> None:
        if self._length < self._max_rows:
            for name, column in self._columns.items():
                rows = min(max(2 * self._length, _FIRST_CAPACITY), self._max_rows)
                more = rows - self._length
                extra = np.empty((more, *column.shape[1:]))
                self._columns[name] = np.concatenate([column, extra])
            return
        # A piece at a time: arrays as long as the table would leave holes as large in the memory.
        stays = self._worth_keeping()
        length = 0
        for start in range(0, self._length, _PIECE):
            piece = np.flatnonzero(stays[start : start + _PIECE]) + start
            # What is overwritten lies before what is still to be read.
            for column in self._columns.values():
                column[length : length + len(piece)] = column[piece]
            length += len(piece)
        self._length = length
        self.thinned += 1

    def _worth_keeping(self) -> Array:
        """Return whether each row stays."""
        watched = self[self._watched].reshape(self._length, -1)
        entries = watched.shape[1]
        stays = np.zeros(self._length, dtype=bool)
        # The ends are no part of a group; what is left over behind the last group stays.
        groups = (self._length - 2) // 4
        stays[0] = True
        stays[1 + 4 * groups :] = True
        for start in range(1, 1 + 4 * groups, _PIECE):
            inner = watched[start : min(start + _PIECE, 1 + 4 * groups)].reshape(-1, 4 * entries)
            first = start + 4 * np.arange(len(inner))
            unknown = np.isnan(inner)
            stays[first + np.where(unknown, np.inf, inner).argmin(axis=1) // entries] = True
            stays[first + np.where(unknown, -np.inf, inner).argmax(axis=1) // entries] = True
        return stays
