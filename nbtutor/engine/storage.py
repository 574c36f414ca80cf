"""A whole run in one file, to be gone on with later.

The file is NumPy's ``.npz``: arrays, and one text in JSON for the rest. Nothing in it is executed
when it is read (no pickle), so a file from a stranger is safe to open.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
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
from nbtutor.engine.training import Divergence, Trainer
from nbtutor.engine.validation import ParameterError, check_type

Array = np.ndarray

FORMAT = "nbtutor run"
VERSION = 1
"""Of the file's layout; a reader takes files of this version and of those before it."""

_POINT = ("parameters", "optimizer_state", "statistics")


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
    """
    check_type("trainer", trainer, Trainer)
    target = Path(path)
    if target.suffix != ".npz":
        target = target.with_name(target.name + ".npz")
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
        "status": trainer.status.tolist(),
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
        "best": trainer.best is not None,
    }
    if trainer.validation is not None:
        header["validation"] = _put_data(arrays, "validation", trainer.validation)
    if trainer.best is not None:
        arrays |= {f"best/{name}": value for name, value in vars(trainer.best).items()}
    _write(target, {"header": np.array(json.dumps(header)), **arrays})
    return target


def load_run(path: str | os.PathLike[str]) -> Trainer:
    """Return a run as `save_run` wrote it; it goes on as if it had never stopped.

    Raises
    ------
    ParameterError
        If the file holds no run, is damaged, or is of a newer version.
    OSError
        If it cannot be read.
    """
    allowed = "a file that save_run wrote"
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays["header"]))
        if header["format"] != FORMAT:
            raise KeyError(header["format"])
        version = int(header["version"])
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ParameterError("path", str(path), allowed, "This file holds no run.") from error
    if version > VERSION:
        hint = f"It has version {version}, this nbtutor reads up to {VERSION}: update nbtutor."
        raise ParameterError("path", str(path), allowed, hint)
    try:
        return _rebuild(header, arrays)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
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
    trainer.restore(_take_point(arrays, "now", header["now"]))
    trainer.set_status(np.array(header["status"]))
    trainer.keep_points.stride = header["stride"]
    for numbers in header["kept"]:
        trainer.keep_points.keep(_take_point(arrays, f"kept/{numbers['epoch']}", numbers))
    prefix = "history/"
    trainer.history.fill(
        {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}
    )
    trainer.history.events = [Event(**event) for event in header["events"]]
    trainer.divergences = [Divergence(**divergence) for divergence in header["divergences"]]
    if header["best"]:
        trainer.best = Best(arrays["best/parameters"], 0)
        trainer.best.loss, trainer.best.epoch = arrays["best/loss"], arrays["best/epoch"]
    return trainer


def _put_point(arrays: dict[str, Array], name: str, point: Checkpoint) -> dict[str, Any]:
    """Add the arrays of a checkpoint to `arrays`; return its numbers."""
    values = vars(point)
    arrays |= {f"{name}/{part}": values[part] for part in _POINT}
    return {key: value for key, value in values.items() if key not in _POINT}


def _take_point(arrays: Mapping[str, Array], name: str, numbers: Mapping[str, Any]) -> Checkpoint:
    parts: dict[str, Any] = {part: arrays[f"{name}/{part}"] for part in _POINT}
    return Checkpoint(**numbers, **parts)


def _put_data(arrays: dict[str, Array], name: str, data: Dataset) -> dict[str, Any] | None:
    """Add the points to `arrays`; return how they were generated."""
    arrays |= {f"{name}/X": data.X, f"{name}/y": data.y}
    return {"generator": None if data.generator is None else data.generator.settings}


def _take_data(arrays: Mapping[str, Array], name: str, data: Mapping[str, Any]) -> Dataset:
    settings = data["generator"]
    generator = None if settings is None else make_generator(**settings)
    return Dataset(arrays[f"{name}/X"], arrays[f"{name}/y"], generator)


def _write(target: Path, arrays: Mapping[str, Array]) -> None:
    """Write beside the target first: a full disk must not cost the older file."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
