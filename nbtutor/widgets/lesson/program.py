"""The same experiment as a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import traitlets

from nbtutor.engine import Trainer
from nbtutor.engine.code import LIBRARIES, to_code
from nbtutor.engine.validation import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.lesson.part import Part


def programs_of(
    nbtutor: Callable[[], str], trainer: Callable[[], Trainer], epochs: int
) -> dict[str, Callable[[], str]]:
    """Return what writes the programs of a run: one of our own, and one for each other library.

    Parameters
    ----------
    nbtutor : callable
        Returns the program that uses this package.
    trainer : callable
        Returns a trainer of the run, with the settings of now.
    epochs : int
        How long the programs train.
    """
    others = {
        LIBRARIES[library]: partial(lambda name: to_code(trainer(), name, epochs=epochs), library)
        for library in ("numpy", "pytorch", "sklearn")
    }
    return {"nbtutor": nbtutor, **others}


class Program(Part):
    """Shows a program that makes the lesson's run, for each of some libraries.

    Parameters
    ----------
    programs : mapping of str to callable
        By the name of the library, what returns the program with the settings of now.

    Attributes
    ----------
    library : str
        The one that is shown; empty until the learner chooses one.
    text : str
        Its program, as it was when it was chosen.
    """

    libraries = traitlets.List(traitlets.Unicode()).tag(sync=True)
    library = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)

    def __init__(self, programs: Mapping[str, Callable[[], str]]) -> None:
        self._programs = dict(programs)
        super().__init__(view="program", libraries=list(programs))

    def write(self, library: Any) -> str:
        """Write the program for a library, show it, and return it.

        Raises
        ------
        ParameterError
            If the library is none of those offered, or cannot do what the run does.
        """
        if not isinstance(library, str) or library not in self._programs:
            raise ParameterError("library", library, f"one of {', '.join(self._programs)}")
        text = self._programs[library]()
        with self.hold_sync():
            self.library, self.text = library, text
        return text

    def act(self, name: str, arguments: Mapping[str, object]) -> None:
        """Write a program."""
        if name != "write":
            raise protocol.ProtocolError("Programs can only be written.")
        (library,) = protocol.read_arguments(arguments, "library")
        self.write(library)
