"""A question that the learner answers before the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from nbtutor.engine.validation import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.lesson.part import Part


class Prediction(Part):
    """Asks what will happen, keeps the answer, and sets beside it what did happen.

    An answer that was committed to stays as it is: who guesses first sees more.

    Parameters
    ----------
    question : str
    options : sequence of str
        Two answers or more, to choose from.
    on_answer : callable, optional
        Called with the number of the chosen option.

    Attributes
    ----------
    answer : int
        Number of the chosen option; -1 until one is chosen.
    outcome : str
        What happened, in a sentence; empty until it has. It is shown only beside an answer.
    """

    question = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    answer = traitlets.Int(-1).tag(sync=True)
    outcome = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        question: str,
        options: Sequence[str],
        on_answer: Callable[[int], None] | None = None,
    ) -> None:
        if len(options) < 2:
            raise ParameterError("options", options, "two answers or more")
        self._on_answer = on_answer
        super().__init__(view="prediction", question=question, options=list(options))

    def commit(self, answer: Any) -> None:
        """Answer in the learner's place, as the page does.

        Raises
        ------
        ParameterError
            If there is no such option.
        """
        if type(answer) is not int or not 0 <= answer < len(self.options):
            raise ParameterError(
                "answer", answer, f"the number of an option, 0 to {len(self.options) - 1}"
            )
        if self.answer < 0:
            self.answer = answer
            if self._on_answer is not None:
                self._on_answer(answer)

    def act(self, name: str, arguments: Mapping[str, object]) -> None:
        """Take the learner's answer."""
        if name != "answer":
            raise protocol.ProtocolError("A question takes answers only.")
        (option,) = protocol.read_arguments(arguments, "option")
        self.commit(option)
