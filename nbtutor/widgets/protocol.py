"""What goes over the wire between the kernel and the browser: the only place that names its fields.

All messages are custom messages of the hub's comm (`nbtutor.widgets.views.hub`). The browser sends
five kinds, which are not trusted::

    {"type": "tick", "seen": 17, "window": 1, "again": false}    train and send me the next picture
    {"type": "sync"}                                             send me everything
    {"type": "open", "link": "#nbt=1;dataset=spiral"}            take these settings
    {"type": "export", "what": "csv"}                            make me this file
    {"type": "act", "name": "...", "arguments": {...}}           do this

``seen`` is the number of the last picture painted, ``window`` how many may be on their way, and
``again`` is true when no answer came in time: then the kernel sends everything and trains nothing.
A tick is answered if fewer than ``window`` pictures are newer than ``seen``, and ignored otherwise:
the answer to another view's tick has gone to all views already.

``link`` is the end of the page's address (`nbtutor.widgets.link`), of at most `MAX_LINK`
characters. It is answered by a full picture, and by the trait ``error`` if there is something to
say. ``what`` is a name from `nbtutor.widgets.exports.EXPORTS`. The answer has the file as its one
buffer, and goes to all pages, so a page leaves alone what it did not ask for::

    {"type": "file", "what": "csv", "name": "nbtutor-circle.csv", "mime": "text/csv"}

What an act does, and what its arguments must be, is known to the module that offers it to the page
by `nbtutor.widgets.views.hub.Hub.offer`; `read_arguments` helps it to be strict.

The kernel sends ``{"type": "error", "message": "..."}`` when it refused a message, and pictures: a
header with binary buffers. Pictures are idempotent; one that is not full and not newer than what
is painted is to be dropped, and a gap in ``seq`` is a reason for a sync. The header::

    type, seq       "frame", and the picture's number
    full            true if it holds everything, false if events and curve hold only what is new
    state           "idle", "playing", "paused" or "error"
    message         the state in a sentence
    epoch, updates  done so far
    train_loss, validation_loss, train_accuracy, validation_accuracy    null where there is none
    took_ms         what the kernel worked for it
    learning_rate   of the next update where a schedule changes it, else null
    seconds         of training so far
    span            {"end": 200.0, "every": 1, "scrubbed": false}: the run's end in epochs, each how
                    many epochs a state is kept to go back to, and whether one of them is shown
    runs            what is kept beside this run, see `nbtutor.widgets.timeline.Summary`:
                    [{"number": 1, "name": "rate 0.1", "epoch": 200, "updates": 5000,
                    "seconds": 0.8, "train_loss": 0.04, "validation_loss": 0.1,
                    "comparable": true, "difference": "..."}, ...]; null for nothing new. Full
                    pictures have "rows" too: how many of the rows of ``saved`` are this run's
    activation      of the hidden layers; of each, where they differ
    events          [[12.4, "learning rate 0.03 → 0.1"], ...]: when, in epochs, and what; the newest
                    200 of them at most
    verdict         {"kind": "overfit", "sentence": "Overfitting: ..."}, or null for nothing new;
                    the kinds are "untrained", "underfit", "overfit", "good" and "unknown"
    statistics      of every layer with weights: [{"units": 4, "gradient": 0.03, "update_ratio":
                    0.0003, "dead": 0, "saturated": 0.28, "sign": "vanishing"}, ...], see
                    `nbtutor.widgets.layer_statistics`; null for what is no number or not defined,
                    [] while nobody looks at them, and null instead of the list for nothing new
    scores          {"train": [[120, 5], [3, 122]], "validation": ...}: of each true class (rows),
                    how many points are taken for each class; for regression the shares explained,
                    {"train": 0.93, "validation": null}, null where they are not defined. Null
                    instead of it all for nothing new, and while nobody looks
    replicas        null while they are off, or {"count": 30, "epoch": 12, "behind": false, "note":
                    "", "spread": {...}}: behind if there is more to do until they are where the
                    run is, a note to be shown, and the numbers of
                    `nbtutor.widgets.replicas.Spread`, null while they are not known
    stage           of slow motion, null while that is off; see `nbtutor.widgets.slow_motion.Stage`:
                    {"serial": 7, "number": 2, "count": 9, "name": "forward", "title": "...",
                    "sentence": "...", "formulas": [["a = tanh(z)", "tanh(0.65)", "0.57"], ...],
                    "layer": 1, "unit": 0, "links": "in", "choices": [[1, 0, "hidden 1, unit 1"],
                    ...], "point": 0, "batch": 10, "marked": [[1.3, -0.4], ...], "playing": false}
    arrays          {"plane": {"dtype": "uint8", "shape": [100, 100], "buffer": 0}, ...}

and in a full one ``layers`` (units of every layer, inputs first), ``shown`` (how many of them are
drawn), ``inputs`` (names), ``domain`` (x from, x to, y from, y to), ``kind`` (what the plane shows:
"probability", "winner" or "value"), ``classes`` (0 for values), ``parameters`` and
``training_points`` (how many there are), ``own`` (whether the points are the learner's own) and
``class_names`` ([] where they have numbers only). The arrays, little-endian and in C order::

    plane    uint8 (rows, columns)   the first row is the top. probability: P(class 1), 0 to 255.
                                     winner: 32 times the likeliest class, plus its lead over the
                                     second, 0 to 31. value: as units
    units    uint8 (n, side, side)   the shown hidden units, layer by layer; 128 is 0, and 1 and 255
                                     are the ends of a scale that reaches at least from -1 to 1
    outputs  uint8 (k, side, side)   winner only: P(class) of every class, 0 to 255; else k is 0
    weights  float32 (p,)            for each layer its shown block: inputs + 1 rows, biases last
    curve    float32 (m, 5)          epoch, training and validation loss, then accuracy (NaN: none)
    replica_lines    uint16 (s, 4)       pieces of the replicas' boundaries, x and y of both ends,
                                         65,535 is the plane's width and height; this and the next
                                         are there with replicas, and where there are newer ones
    replica_counts   uint16 (r,)         pieces of each replica
    replica_mean     uint8 (side, side)  their mean answer, as plane
    replica_spread   uint8 (side, side)  values only: their standard deviation, 0 to 1 as 0 to 255
    points   float32 (n, 4)          x, y, class or value, and 1 for validation; full pictures only
    inputs   uint8 (k, side, side)   the inputs' pictures, as units; full pictures only
    saved    float32 (m, 5)          the curves of the kept runs, one after the other; as above

While the run does not play and ``behind`` is true, a page may ask the replicas on: act
``follow_replicas`` with ``seen``, the number of the last picture painted. It is ignored unless that
is the newest.

The page also sets two traits of the verdict's view: ``layers_open``, true while the statistics of
the layers are shown, and ``scores_open``, true while the scores are. Its update must hold nothing
else. Likewise ``show_validation`` and ``discretize`` of the plane's view.

What changes seldom goes as traits. The network's view has ``layers`` (activation and dropout of
every hidden layer: ``[["relu", 0.2], ...]``), ``activations`` (name, label and curve of all there
are), and ``hidden`` and ``locked`` ("activation", "dropout"). It asks for
``layer_activation`` and ``layer_dropout``, with ``{"layer": 1, "value": "tanh"}``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

import numpy as np

from nbtutor.widgets.display import DISPLAY
from nbtutor.widgets.exports import EXPORTS, File
from nbtutor.widgets.live import MAX_WINDOW, Judgement, Picture
from nbtutor.widgets.replica_pictures import ReplicaPicture
from nbtutor.widgets.replicas import News
from nbtutor.widgets.scores import Scores
from nbtutor.widgets.slow_motion import Stage

MAX_SEQ = 2**53
"""The largest whole number that a browser holds exactly."""

MAX_LINK = 33_000
"""More than a link may have, so that one that is too long is told to be so."""


class ProtocolError(ValueError):
    """A message from the browser that is not understood."""


@dataclass(frozen=True)
class Tick:
    """The browser has painted and asks for the next picture."""

    seen: int
    window: int
    again: bool


@dataclass(frozen=True)
class Sync:
    """The browser asks for everything."""


@dataclass(frozen=True)
class Open:
    """The browser's page was opened with a link."""

    link: str


@dataclass(frozen=True)
class Save:
    """The browser asks for a file."""

    what: str


@dataclass(frozen=True)
class Act:
    """The browser asks for something that a module has offered to do."""

    name: str
    arguments: Mapping[str, object]


Message = Tick | Sync | Open | Save | Act


def parse(content: object) -> Message:
    """Read a message from the browser.

    Raises
    ------
    ProtocolError
        If it is anything but one of the five messages, with exactly their fields.
    """
    if not isinstance(content, Mapping):
        raise ProtocolError("A message must be an object with a type.")
    kind = content.get("type")
    if kind == "sync" and set(content) == {"type"}:
        return Sync()
    if kind == "open" and set(content) == {"type", "link"}:
        return Open(_check_text("link", content["link"], MAX_LINK))
    if kind == "export" and set(content) == {"type", "what"}:
        what = _check_text("what", content["what"], 20)
        if what not in EXPORTS:
            raise ProtocolError(f"what must be one of {', '.join(EXPORTS)}.")
        return Save(what)
    if kind == "act" and set(content) == {"type", "name", "arguments"}:
        name, arguments = _check_text("name", content["name"], 40), content["arguments"]
        if not isinstance(arguments, Mapping) or not all(isinstance(n, str) for n in arguments):
            raise ProtocolError("arguments must be an object.")
        return Act(name, arguments)
    if kind != "tick":
        raise ProtocolError(
            "The type of a message must be 'tick', 'sync', 'open', 'export' or 'act'."
        )
    if set(content) != {"type", "seen", "window", "again"}:
        raise ProtocolError("A tick must have the fields seen, window and again.")
    seen, window, again = content["seen"], content["window"], content["again"]
    check_seen(seen)
    if not _is_whole(window) or not 1 <= window <= MAX_WINDOW:
        raise ProtocolError(f"window must be a whole number from 1 to {MAX_WINDOW}.")
    if not isinstance(again, bool):
        raise ProtocolError("again must be true or false.")
    return Tick(seen, window, again)


def read_arguments(arguments: Mapping[str, object], *names: str) -> tuple[Any, ...]:
    """Return the values of an act's arguments, which are still to be checked.

    Raises
    ------
    ProtocolError
        If it has not exactly these names.
    """
    if set(arguments) != set(names):
        raise ProtocolError(f"arguments must have the fields {', '.join(names) or '(none)'}.")
    return tuple(arguments[name] for name in names)


def check_verdict_state(state: Mapping[str, Any]) -> None:
    """Check what the browser sets of the verdict's view.

    Raises
    ------
    ProtocolError
        If it has anything but ``layers_open`` and ``scores_open``, each true or false.
    """
    known = {"layers_open", "scores_open"}
    if not state or not set(state) <= known or not all(isinstance(v, bool) for v in state.values()):
        raise ProtocolError(
            "Of the verdict, only layers_open and scores_open may be set, to true or false."
        )


def check_plane_state(state: Mapping[str, Any]) -> None:
    """Check what the browser sets of the plane's view.

    Raises
    ------
    ProtocolError
        If it has anything but ``show_validation`` and ``discretize``, each true or false.
    """
    booleans = all(isinstance(value, bool) for value in state.values())
    if not state or not set(state) <= set(DISPLAY) or not booleans:
        raise ProtocolError(
            f"Of the plane, only {' and '.join(DISPLAY)} may be set, true or false."
        )


def refuse(error: ProtocolError) -> dict[str, Any]:
    """Return the answer to a message that was refused."""
    return {"type": "error", "message": f"The page sent something unexpected. {error}"}


def complain(message: str) -> dict[str, Any]:
    """Return the answer to a message that was understood, but cannot be done."""
    return {"type": "error", "message": message}


def encode_file(what: str, file: File) -> tuple[dict[str, Any], list[bytes]]:
    """Return a file as a header and its binary buffer."""
    return {"type": "file", "what": what, "name": file.name, "mime": file.mime}, [file.data]


def encode(picture: Picture) -> tuple[dict[str, Any], list[bytes]]:
    """Return a picture as a header and its binary buffers."""
    arrays = {
        "plane": picture.plane,
        "units": picture.units,
        "outputs": picture.outputs,
        "weights": picture.weights,
        "curve": picture.curve,
    }
    header: dict[str, Any] = {
        "type": "frame",
        "seq": picture.seq,
        "full": picture.structure is not None,
        "state": picture.state,
        "message": picture.message,
        "epoch": picture.epoch,
        "updates": picture.updates,
        "train_loss": _finite(picture.train_loss),
        "validation_loss": _finite(picture.validation_loss),
        "train_accuracy": _finite(picture.train_accuracy),
        "validation_accuracy": _finite(picture.validation_accuracy),
        "took_ms": round(1000 * picture.seconds, 2),
        "learning_rate": picture.learning_rate,
        "seconds": round(picture.training_seconds, 3),
        "span": vars(picture.span),
        "activation": picture.activation,
        "events": [(event.epoch, event.label) for event in picture.events],
    }
    header |= _encode_judgement(picture.judgement)
    header["replicas"] = _encode_replicas(picture.replicas)
    if picture.replicas is not None and picture.replicas.picture is not None:
        arrays |= _replica_arrays(picture.replicas.picture)
    header["stage"] = None if picture.stage is None else _encode_stage(picture.stage)
    if picture.structure is not None:
        structure = asdict(picture.structure)
        arrays |= {"points": structure.pop("points"), "inputs": structure.pop("input_pictures")}
        header |= structure
    header |= _encode_runs(picture)
    if picture.saved_curves is not None:
        arrays["saved"] = np.concatenate([np.zeros((0, 5), np.float32), *picture.saved_curves])
    header["arrays"] = {
        name: {"dtype": array.dtype.name, "shape": list(array.shape), "buffer": number}
        for number, (name, array) in enumerate(arrays.items())
    }
    return header, [_little_endian(array) for array in arrays.values()]


def _check_text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ProtocolError(f"{name} must be text of at most {most:,} characters.")
    return value


def _encode_judgement(judgement: Judgement | None) -> dict[str, Any]:
    if judgement is None:
        return {"verdict": None, "statistics": None, "scores": None}
    verdict = {"kind": judgement.verdict.verdict, "sentence": judgement.verdict.sentence}
    statistics = [
        {
            "units": layer.units,
            "gradient": _finite(layer.gradient),
            "update_ratio": _finite(layer.update_ratio),
            "dead": layer.dead,
            "saturated": layer.saturated,
            "sign": layer.sign,
        }
        for layer in judgement.layers
    ]
    return {
        "verdict": verdict,
        "statistics": statistics,
        "scores": None if judgement.scores is None else _encode_scores(judgement.scores),
    }


def _encode_scores(scores: Scores) -> dict[str, Any]:
    return {
        name: _finite(score.r2) if score.confusion is None else score.confusion.tolist()
        for name, score in vars(scores).items()
    }


def _encode_runs(picture: Picture) -> dict[str, Any]:
    if picture.summaries is None:
        return {"runs": None}
    runs = [
        vars(summary)
        | {name: _finite(getattr(summary, name)) for name in ("train_loss", "validation_loss")}
        | {"seconds": round(summary.seconds, 3)}
        for summary in picture.summaries
    ]
    if picture.saved_curves is not None:
        for run, curve in zip(runs, picture.saved_curves, strict=True):
            run["rows"] = len(curve)
    return {"runs": runs}


def _encode_replicas(news: News | None) -> dict[str, Any] | None:
    if news is None:
        return None
    spread = None if news.spread is None else asdict(news.spread)
    told = {"count": news.count, "epoch": news.epoch, "behind": news.behind, "note": news.note}
    return told | {"spread": spread}


def _replica_arrays(picture: ReplicaPicture) -> dict[str, np.ndarray]:
    arrays = {
        "replica_lines": picture.lines,
        "replica_counts": picture.counts,
        "replica_mean": picture.mean,
    }
    return arrays | ({"replica_spread": picture.spread} if picture.spread.size else {})


def check_seen(seen: object) -> int:
    """Return the number of a picture that a page has painted.

    Raises
    ------
    ProtocolError
        If it is none.
    """
    if not _is_whole(seen) or not 0 <= seen <= MAX_SEQ:
        raise ProtocolError("seen must be a whole number from 0.")
    return seen


def _encode_stage(stage: Stage) -> dict[str, Any]:
    formulas = [[each.symbols, each.numbers, each.result] for each in stage.formulas]
    marked = stage.marked.tolist()
    return vars(stage) | {"formulas": formulas, "marked": marked}


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if math.isfinite(value) else None


def _little_endian(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
