"""What all parts of a lesson have in common: they take acts from the page, and nothing else."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from nbtutor.engine.validation import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.views.wired import Wired


class Part(Wired):
    """A part of a lesson. What the page asks for is checked; what goes wrong is told there."""

    @abstractmethod
    def act(self, name: str, arguments: Mapping[str, object]) -> None:
        """Do what the page asks for.

        Raises
        ------
        ParameterError or ProtocolError
            If it is not allowed; nothing is changed then.
        """

    def _answer(self, message: protocol.Message) -> None:
        match message:
            case protocol.Act(name, arguments):
                self.act(name, arguments)
            case _:
                raise protocol.ProtocolError("A part of a lesson takes acts only.")

    def _refuse(self, error: ParameterError) -> None:
        self.send(protocol.complain(str(error)))

    def _fail(self, error: Exception) -> None:
        self.send(protocol.complain(f"This went wrong: {error}"))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser but its messages."""
        self.send_state([name for name in sync_data if name in self.keys])
