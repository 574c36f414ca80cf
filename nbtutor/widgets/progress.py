"""A progress bar for experiments that take their time."""

from __future__ import annotations

import ipywidgets
from IPython.display import display

from nbtutor.engine.validation import check_integer


class ProgressBar(ipywidgets.HBox):
    """Shows how far an experiment is: pass it as ``progress``.

    It comes up by itself at the first part, so ``bias_variance(progress=nbtutor.ProgressBar())``
    is all there is to write. To stop an experiment, interrupt the kernel.

    Parameters
    ----------
    description : str, default "Training"
        What is going on.

    Attributes
    ----------
    done, total : int
        Parts done, and parts in all; 0 before the first.
    """

    def __init__(self, description: str = "Training") -> None:
        self.done = self.total = 0
        self._bar = ipywidgets.IntProgress(description=description, min=0, max=1)
        self._words = ipywidgets.Label()
        super().__init__((self._bar, self._words))

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` parts are done.

        Raises
        ------
        ParameterError
            If `total` is not at least 1, or `done` not from 0 to `total`.
        """
        check_integer("total", total, low=1, high=2**53)
        check_integer("done", done, low=0, high=total)
        if not self.total:
            display(self)  # type: ignore[no-untyped-call]
        self.done, self.total = done, total
        self._bar.max, self._bar.value = total, done
        self._words.value = f"{done:,} of {total:,}" if done < total else "done"
