"""How a long experiment tells how far it is, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Progress = Callable[[int, int], object]
"""``progress(done, total)`` is called after each part; to return False cancels the experiment."""


class Cancelled(Exception):
    """The progress callback asked the experiment to stop.

    Attributes
    ----------
    partial : object
        What had been computed. Passed as ``resume`` to the same experiment with the same
        arguments, it is not computed again. None where an experiment is too short to be resumed.
    """

    def __init__(self, done: int, total: int, partial: Any = None) -> None:
        super().__init__(f"cancelled after {done} of {total} parts")
        self.partial = partial


class Counter:
    """Counts the parts of an experiment and tells its caller.

    Parameters
    ----------
    total : int
        Parts in all.
    progress : callable or None
    partial : object
        What `Cancelled` hands over; it is filled as the experiment goes.
    """

    def __init__(self, total: int, progress: Progress | None, partial: Any = None) -> None:
        self.total = total
        self.done = 0
        self._progress = progress
        self._partial = partial

    def advance(self, parts: int = 1) -> None:
        """Count `parts` as done.

        Raises
        ------
        Cancelled
            If the callback returns False and something is left to do.
        """
        self.done += parts
        if self._progress is None:
            return
        if self._progress(self.done, self.total) is False and self.done < self.total:
            raise Cancelled(self.done, self.total, self._partial)
