"""A whole run in one file, to be gone on with later.

The file is NumPy's ``.npz``: arrays, and one text in JSON for the rest. Nothing in it is executed
when it is read (no pickle), so a file from a stranger is safe to open.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nbtutor.engine.checkpoints import Checkpoint
from nbtutor.engine.config import TrainingConfig
from nbtutor.engine.datasets import Dataset, make_generator
from nbtutor.engine.early_stopping import Best
from nbtutor.engine.history import Event
from nbtutor.engine.network import Network
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.training import MAX_COUNT, Divergence, Trainer
from nbtutor.engine.validation import ParameterError, check_integer, check_type

Array = np.ndarray

FORMAT = "nbtutor run"
VERSION = 1
"""Of the file's layout; a reader takes files of this version and of those before it."""

_POINT = ("parameters", "optimizer_state", "status", "statistics")
_BEST = ("loss", "epoch", "parameters")


def save_run(trainer: Trainer, path: str | os.PathLike[str]) -> Path:
    """Write a run into a file: settings, data, weights, history, and the states kept.

    The file takes the place of an older one only when it is complete.

    Parameters
    ----------
    trainer : Trainer
    path : str or path
        Ends in ``.npz``; the ending is added where it is missing.

    Returns
    -------
    pathlib.Path
        Where the file is.

    Raises
    ------
    OSError
        If it cannot be written; an older file is left as it was.
    ParameterError
        If an argument is not allowed.
    """
    check_type("trainer", trainer, Trainer)
    target = _with_ending(_check_path(path))
    arrays: dict[str, Array] = {
        f"history/{name}": column for name, column in trainer.history.to_arrays().items()
    }
    header = {
        "format": FORMAT,
        "version": VERSION,
        "network": trainer.network.settings,
        "config": trainer.config.to_dict(),
        "seed": trainer.seed,
        "detail": trainer.history.detail,
        "changed_at": trainer.changed_at,
        "keep": trainer.keep_points.limit,
        "stride": trainer.keep_points.stride,
        "now": _put_point(arrays, "now", trainer.checkpoint()),
        "kept": [
            _put_point(arrays, f"kept/{epoch}", trainer.keep_points[epoch])
            for epoch in trainer.kept
        ],
        "events": [asdict(event) for event in trainer.history.events],
        "divergences": [asdict(divergence) for divergence in trainer.divergences],
        "train": _put_data(arrays, "train", trainer.train),
        "validation": None,
    }
    if trainer.validation is not None:
        header["validation"] = _put_data(arrays, "validation", trainer.validation)
    _write(target, {"header": np.array(json.dumps(header)), **arrays})
    return target


def load_run(path: str | os.PathLike[str]) -> Trainer:
    """Return a run as `save_run` wrote it; it goes on as if it had never stopped.

    Parameters
    ----------
    path : str or path
        As it was given to `save_run`: where there is no such file, one with the ending ``.npz``
        is looked for.

    Returns
    -------
    Trainer

    Raises
    ------
    ParameterError
        If the file holds no run, is damaged, or is of a newer version.
    OSError
        If it cannot be opened.
    """
    source = _check_path(path)
    if not source.exists():
        source = _with_ending(source)
    allowed = "a file that save_run wrote"
    with source.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as parts:
                arrays = {name: parts[name] for name in parts.files}
            header = json.loads(str(arrays["header"]))
            if header["format"] != FORMAT:
                raise KeyError(header["format"])
            version = int(header["version"])
        except Exception as error:  # bytes of no sense fail in as many ways as there are readers
            raise ParameterError("path", str(path), allowed, "This file holds no run.") from error
    if version > VERSION:
        hint = f"It has version {version}, this nbtutor reads up to {VERSION}: update nbtutor."
        raise ParameterError("path", str(path), allowed, hint)
    try:
        return _rebuild(header, arrays)
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise ParameterError("path", str(path), allowed, f"It is damaged: {error}") from error


def _rebuild(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> Trainer:
    validation = header["validation"]
    trainer = Trainer(
        Network(**header["network"]),
        _take_data(arrays, "train", header["train"]),
        None if validation is None else _take_data(arrays, "validation", validation),
        TrainingConfig.from_dict(header["config"]),
        header["seed"],
        keep=header["keep"],
        detail=header["detail"],
    )
    kept = [
        _take_point(arrays, f"kept/{numbers['epoch']}", numbers, trainer)
        for numbers in header["kept"]
    ]
    trainer.restore(_take_point(arrays, "now", header["now"], trainer))
    trainer.changed_at = check_integer("changed_at", header["changed_at"], low=-1, high=MAX_COUNT)
    trainer.keep_points.stride = check_integer("stride", header["stride"], low=1, high=MAX_COUNT)
    if len(kept) > trainer.keep_points.limit:
        raise ValueError(f"{len(kept)} states are kept where {header['keep']} may be")
    for point in kept:
        trainer.keep_points.keep(point)
    prefix = "history/"
    trainer.history.fill(
        {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}
    )
    trainer.history.events = [Event(**event) for event in header["events"]]
    trainer.divergences = [Divergence(**divergence) for divergence in header["divergences"]]
    return trainer


def _put_point(arrays: dict[str, Array], name: str, point: Checkpoint) -> dict[str, Any]:
    """Add the arrays of a checkpoint to `arrays`; return its numbers."""
    values = vars(point)
    arrays |= {f"{name}/{part}": values[part] for part in _POINT}
    if point.best is not None:
        arrays |= {f"{name}/best/{part}": getattr(point.best, part) for part in _BEST}
    numbers = {key: value for key, value in values.items() if key not in (*_POINT, "best")}
    return {**numbers, "best": point.best is not None}


def _take_point(
    arrays: Mapping[str, Array], name: str, numbers: Mapping[str, Any], trainer: Trainer
) -> Checkpoint:
    """Return a checkpoint that fits the trainer."""
    like, n = trainer.checkpoint(), len(trainer.train)
    numbers = dict(numbers)
    fleet = like.parameters.shape
    shapes = {part: getattr(like, part).shape for part in _POINT}
    shapes["optimizer_state"] = (OPTIMIZERS[numbers["optimizer"]].slots, *fleet)
    parts: dict[str, Any] = {
        part: _take(arrays, f"{name}/{part}", shape) for part, shape in shapes.items()
    }
    if not (np.isfinite(parts["parameters"]).all() and np.isin(parts["status"], range(3)).all()):
        raise ValueError(f"{name} has weights or a status that cannot be")
    for key in ("optimizer_time", "epoch", "cursor", "updates"):
        check_integer(key, numbers[key], low=0, high=n - 1 if key == "cursor" else MAX_COUNT)
    best = None
    if numbers.pop("best"):
        best = Best(_take(arrays, f"{name}/best/parameters", fleet), 0)
        best.loss = _take(arrays, f"{name}/best/loss", fleet[:1])
        best.epoch = _take(arrays, f"{name}/best/epoch", fleet[:1])
    return Checkpoint(**numbers, **parts, best=best)


def _take(arrays: Mapping[str, Array], name: str, shape: tuple[int, ...]) -> Array:
    array = arrays[name]
    if array.shape != shape or array.dtype.kind not in "iuf":
        msg = f"{name} has shape {array.shape}, {array.dtype}, where numbers of {shape} are needed"
        raise ValueError(msg)
    return array


def _put_data(arrays: dict[str, Array], name: str, data: Dataset) -> dict[str, Any] | None:
    """Add the points to `arrays`; return how they were generated."""
    arrays |= {f"{name}/X": data.X, f"{name}/y": data.y}
    return {"generator": None if data.generator is None else data.generator.settings}


def _take_data(arrays: Mapping[str, Array], name: str, data: Mapping[str, Any]) -> Dataset:
    settings = data["generator"]
    generator = None if settings is None else make_generator(**settings)
    return Dataset(arrays[f"{name}/X"], arrays[f"{name}/y"], generator)


def _check_path(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise ParameterError("path", path, "a file's path, as text or a pathlib.Path")
    found = Path(path)
    if not found.name or "\0" in str(found):
        raise ParameterError("path", path, "a path that ends in a file's name")
    return found


def _with_ending(path: Path) -> Path:
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")


def _write(target: Path, arrays: Mapping[str, Array]) -> None:
    """Write beside the target first: a full disk must not cost the older file."""
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb") as file:  # with a new file's usual rights, unlike tempfile's
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        os.replace(part, target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            told = (
                f"{error.strerror or error}: the run was not saved and is as it was, "
                "and so is an older file of this name"
            )
            raise OSError(error.errno, told, str(target)) from error
        raise
