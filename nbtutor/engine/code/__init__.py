"""A run as a program that stands by itself: in NumPy, PyTorch, Keras or scikit-learn.

`recipe` reads from a trainer all that makes its run. `text`, `data`, `weights`, `schedules` and
`loop` write the parts that all programs have; each of the other modules writes one kind of program.
"""

from __future__ import annotations

from collections.abc import Callable

from nbtutor.engine.code import keras_program, numpy_program, pytorch_program, sklearn_program
from nbtutor.engine.code.recipe import Recipe, read_recipe
from nbtutor.engine.training import Trainer
from nbtutor.engine.validation import check_choice

__all__ = ["LIBRARIES", "PROGRAMS", "to_code"]

PROGRAMS: dict[str, Callable[[Recipe], str]] = {
    "numpy": numpy_program.write,
    "pytorch": pytorch_program.write,
    "keras": keras_program.write,
    "sklearn": sklearn_program.write,
}
"""What writes a program, by the name of its library."""

LIBRARIES = {"numpy": "NumPy", "pytorch": "PyTorch", "keras": "Keras", "sklearn": "scikit-learn"}
"""The libraries as a person reads them."""


def to_code(trainer: Trainer, library: str = "numpy", *, epochs: int | None = None) -> str:
    """Return a program that makes the same run without nbtutor.

    It makes the same data, initial weights and batches, and trains from the start to the same
    losses, up to rounding; NumPy and PyTorch with dropout, too. Data and weights that no seed gives
    are written out. What a library cannot do the same way is said at the top of the program, and
    so it is if settings were changed in the course of the run. A change behind the trainer's back,
    such as weights set by hand, is noticed if it came in the first 20,000 updates.

    Parameters
    ----------
    trainer : Trainer
        Of a single network. It is left as it is.
    library : {"numpy", "pytorch", "keras", "sklearn"}, default "numpy"
    epochs : int, optional
        How long the program trains: as many epochs as the run has done if it is not given, or 100
        if it has not begun.

    Returns
    -------
    str
        Python, formatted as by ``ruff format``.

    Raises
    ------
    ParameterError
        If the run is of a fleet, the library cannot make such a network or optimizer, the data that
        has to be written out is too long, or the first weights of a run are no longer known.
    """
    write = PROGRAMS[check_choice("library", library, PROGRAMS)]
    return write(read_recipe(trainer, epochs))
