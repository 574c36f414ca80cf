"""What a page may do with the points: draw, drag and delete them, or bring a table of its own.

Places are whole numbers of steps, hundredths of the plane's unit; a point is named by its place and
its class (or its value in thousandths), so that what two pages do at once cannot hit a wrong one.
The acts, all closed by the control "data"::

    own_add         points [[x, y, class], ...], go_on      add them
    own_move        point [x, y, class], to [x, y], go_on   move one
    own_delete      points [[x, y, class], ...], go_on      delete them
    own_set         points [[x, y, class], ...]             start over with these
    own_csv         text                                    start over with a table
    own_generated   (none)                                  back to the generated points

``go_on`` is true for what belongs to the stroke before it, which is one step for *Undo*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from nbtutor.engine import ParameterError
from nbtutor.engine.own_data import from_csv
from nbtutor.engine.validation import check_integer
from nbtutor.widgets.live import LiveRun
from nbtutor.widgets.own_points import (
    FARTHEST,
    GRID,
    MAX_CLASSES,
    VALUE_GRID,
    OwnPoints,
    from_own_data,
)
from nbtutor.widgets.protocol import ProtocolError, read_arguments
from nbtutor.widgets.settings import OWN
from nbtutor.widgets.views.hub import Hub

Array = np.ndarray

MAX_STROKE = 500
"""Points that one message may add or delete."""

MAX_TEXT = 500_000
"""Characters of a table from the page."""

_EDGE = 6 * GRID  # the plane that is drawn
_FARTHEST = int(FARTHEST) * GRID


def offer_drawing(hub: Hub, live: LiveRun, show: Callable[[], None]) -> None:
    """Let the page of a run draw.

    Parameters
    ----------
    hub : Hub
    live : LiveRun
    show : callable
        Brings everything up to date with what was drawn.
    """

    def offer(name: str, act: Callable[[LiveRun, Mapping[str, object]], None]) -> None:
        def do(arguments: Mapping[str, object]) -> None:
            if hub.is_closed("dataset"):
                raise ParameterError("the data set", "locked", "unlocked to be drawn on")
            act(live, arguments)
            show()

        hub.offer(name, do, "data")

    offer("own_add", _add)
    offer("own_move", _move)
    offer("own_delete", _delete)
    offer("own_set", _set)
    offer("own_csv", _read_table)
    offer("own_generated", _go_back)


def _add(live: LiveRun, arguments: Mapping[str, object]) -> None:
    rows, go_on = read_arguments(arguments, "points", "go_on")
    new = _check_rows(live, rows, _EDGE)
    points = live.present_points
    X, y = _numbers(new, points)
    live.draw(points.add(X, y, live.settings.train_share), _check_flag(go_on))


def _move(live: LiveRun, arguments: Mapping[str, object]) -> None:
    row, to, go_on = read_arguments(arguments, "point", "to", "go_on")
    (point,) = _check_rows(live, [row], _FARTHEST)
    place = _check_place("to", to, 2, _EDGE)
    points = live.present_points
    live.draw(points.move(_find(points, point), np.array(place) / GRID), _check_flag(go_on))


def _delete(live: LiveRun, arguments: Mapping[str, object]) -> None:
    rows, go_on = read_arguments(arguments, "points", "go_on")
    points = live.present_points
    gone = {_find(points, point) for point in _check_rows(live, rows, _FARTHEST)}
    live.draw(points.remove(sorted(gone)), _check_flag(go_on))


def _set(live: LiveRun, arguments: Mapping[str, object]) -> None:
    (rows,) = read_arguments(arguments, "points")
    new = _check_rows(live, rows, _EDGE)
    X, y = _numbers(new, live.present_points)
    _start_over(live, OwnPoints(X, y), f"{len(new)} points of your own. Press Play, or draw on.")


def _read_table(live: LiveRun, arguments: Mapping[str, object]) -> None:
    (text,) = read_arguments(arguments, "text")
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise ProtocolError(f"text must be a table of at most {MAX_TEXT:,} characters.")
    try:
        own = from_csv(text, seed=live.settings.seed)
        points = from_own_data(own)
    except ParameterError as error:
        raise _in_plain_words(error) from error
    kind = f"{points.classes} classes" if points.classes else f"values of {own.target!r}"
    outside = f" {points.outside} lie outside the plane." if points.outside else ""
    _start_over(
        live,
        points,
        f"{len(points):,} points, {kind}; both columns are scaled to mean 0 and standard deviation "
        f"2.{outside} Press Play.",
    )


def _in_plain_words(error: ParameterError) -> ParameterError:
    """Return what is wrong with a table for one who knows no Python."""
    name = "the table" if error.name in ("source", "data") else error.name
    allowed = "a number" if error.allowed.startswith("a number from") else error.allowed
    sentences = [s for s in error.hint.split(". ") if "=" not in s]  # no arguments of functions
    hint = ". ".join(sentences)
    return ParameterError(name[0].upper() + name[1:], error.value, allowed, hint)


def _go_back(live: LiveRun, arguments: Mapping[str, object]) -> None:
    read_arguments(arguments)
    if live.settings.dataset == OWN:
        live.replace(
            replace(live.settings, dataset=live.generated),
            "The generated points are back. Undo brings yours back. Press Play.",
        )


def _start_over(live: LiveRun, points: OwnPoints, note: str) -> None:
    live.replace(replace(live.settings, dataset=OWN, data=points), note)


def _check_rows(live: LiveRun, rows: object, farthest: int) -> list[list[int]]:
    """Return points of the page, each checked."""
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_STROKE:
        raise ProtocolError(f"points must be a list of 1 to {MAX_STROKE} points.")
    checked = [_check_place("a point", row, 3, farthest) for row in rows]
    low, high = 0, MAX_CLASSES - 1
    if live.present_points.task == "regression":
        high = int(FARTHEST) * VALUE_GRID if farthest > _EDGE else VALUE_GRID
        low = -high
    name = "a value, in thousandths," if low else "a class"
    for row in checked:
        check_integer(name, row[2], low=low, high=high)
    return checked


def _check_place(name: str, row: object, length: int, farthest: int) -> list[int]:
    if not isinstance(row, list) or len(row) != length:
        raise ProtocolError(f"{name} must be a list of {length} whole numbers.")
    for number in row[:2]:
        check_integer("a coordinate, in hundredths,", number, low=-farthest, high=farthest)
    return row


def _check_flag(go_on: object) -> bool:
    if not isinstance(go_on, bool):
        raise ProtocolError("go_on must be true or false.")
    return go_on


def _numbers(rows: list[list[int]], points: OwnPoints) -> tuple[Array, Array]:
    """Return rows of steps as places and classes, or values where `points` have some."""
    table = np.array(rows)
    answers = table[:, 2]
    return table[:, :2] / GRID, answers if points.classes else answers / VALUE_GRID


def _find(points: OwnPoints, row: list[int]) -> int:
    index = points.find(row)
    if index is None:
        hint = "The points have been changed elsewhere; try again."
        raise ParameterError("a point", row, "one that is there", hint)
    return index
