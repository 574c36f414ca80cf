"""A learner's own copy of the notebooks, which is never overwritten."""

from __future__ import annotations

import filecmp
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import CannotStart


@dataclass(frozen=True)
class CopyResult:
    """What `copy_new` did: names of files below the folder.

    Attributes
    ----------
    added
        Files that were not there before.
    kept
        Files that were there and differ from the course's. They are as they were.
    same
        Files that were there already, word for word.
    """

    added: tuple[str, ...]
    kept: tuple[str, ...]
    same: tuple[str, ...]


def copy_new(source: Path, folder: Path) -> CopyResult:
    """Copy the files of a folder that another folder does not have yet.

    Parameters
    ----------
    source
        The folder with the course's notebooks.
    folder
        The working folder. It is made where it is missing. Nothing in it is ever changed.
    """
    added, kept, same = [], [], []
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if not path.is_file() or _is_hidden(relative):
            continue
        target = folder / relative
        try:
            if _create(path, target):
                added.append(relative.as_posix())
            elif target.is_file() and filecmp.cmp(path, target, shallow=False):
                same.append(relative.as_posix())
            else:
                kept.append(relative.as_posix())
        except OSError as error:
            msg = f"cannot copy the notebooks to {folder}: {error.strerror or error}"
            raise CannotStart(msg) from error
    return CopyResult(tuple(added), tuple(kept), tuple(same))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)


def _create(source: Path, target: Path) -> bool:
    """Copy a file to where there is none; tell whether there was none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # "x" fails on whatever has that name already, a dangling link too: no gap between
        # looking and writing.
        with target.open("xb") as new:
            try:
                with source.open("rb") as old:
                    shutil.copyfileobj(old, new)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
    except FileExistsError:
        return False
    return True
