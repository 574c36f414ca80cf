"""The files that a playground can be saved as."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtutor.engine import Dataset, History
from nbtutor.engine.code import LIBRARIES, PROGRAMS
from nbtutor.engine.validation import check_choice

if TYPE_CHECKING:
    from nbtutor.widgets.tutors.playground import Playground

COLUMNS = (
    *("epoch", "update", "train_loss", "validation_loss"),
    *("train_accuracy", "validation_accuracy", "learning_rate"),
)
"""Of the table that a run is saved as: attributes of a history."""

_DPI = 200


@dataclass(frozen=True)
class File:
    """A file to be saved."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Export:
    """A way to save a playground.

    Attributes
    ----------
    label : str
        As a person reads it.
    ending : str
        Of the file's name.
    mime : str
    make : callable
        Gives the file's bytes.
    """

    label: str
    ending: str
    mime: str
    make: Callable[[Playground], bytes]


def history_table(history: History) -> str:
    """Return the history of one network as CSV: a row of names, then one row an epoch.

    Numbers have all their digits, so what is read back is equal. A cell is empty where there is
    no number: accuracies in regression, for one.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    columns = [getattr(history, name).tolist() for name in COLUMNS]
    for row in zip(*columns, strict=True):
        table.writerow(["" if math.isnan(value) else repr(value) for value in row])
    return text.getvalue()


def points_table(train: Dataset, validation: Dataset) -> str:
    """Return points as CSV: x, y, the class or value, and which part each belongs to."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["x", "y", "value" if train.task == "regression" else "class", "part"])
    for data, part in ((train, "training"), (validation, "validation")):
        for place, answer in zip(data.X.tolist(), data.y.tolist(), strict=True):
            table.writerow([*map(repr, place), repr(answer), part])
    return text.getvalue()


def _points(playground: Playground) -> bytes:
    return playground.points_to_csv().encode()


def _picture(playground: Playground, kind: str) -> bytes:
    buffer = io.BytesIO()
    # Without a date, the same run gives the same bytes.
    metadata = {"Date": None} if kind == "svg" else None
    playground.figure().savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()


def _program(library: str) -> Callable[[Playground], bytes]:
    return lambda playground: playground.to_code(library).encode()


EXPORTS: Mapping[str, Export] = {
    "csv": Export("Run as CSV", ".csv", "text/csv", lambda p: p.to_csv().encode()),
    "points": Export("Points as CSV", "-points.csv", "text/csv", _points),
    "json": Export(
        "Settings as JSON", "-settings.json", "application/json", lambda p: p.to_json().encode()
    ),
    "png": Export("Picture as PNG", ".png", "image/png", lambda p: _picture(p, "png")),
    "svg": Export("Picture as SVG", ".svg", "image/svg+xml", lambda p: _picture(p, "svg")),
} | {
    name: Export(f"Program for {LIBRARIES[name]}", f"-{name}.py", "text/x-python", _program(name))
    for name in PROGRAMS
}
"""What a playground can be saved as, by the name that the page uses."""


def make_file(playground: Playground, what: str) -> File:
    """Return the file of an export.

    Raises
    ------
    ParameterError
        If there is no such export, or a program's library cannot make the network.
    """
    export = EXPORTS[check_choice("what", what, EXPORTS)]
    name = f"nbtutor-{playground.dataset.replace('_', '-')}{export.ending}"
    return File(name, export.mime, export.make(playground))
