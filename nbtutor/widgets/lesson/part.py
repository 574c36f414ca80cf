"""What all parts of a lesson have in common: they take acts from the page, and nothing else."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from nbtutor.engine.validation import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.views.base import View

_log = logging.getLogger(__name__)


class Part(View):
    """A part of a lesson. What the page asks for is checked; what goes wrong is told there."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._receive)

    @abstractmethod
    def act(self, name: str, arguments: Mapping[str, object]) -> None:
        """Do what the page asks for.

        Raises
        ------
        ParameterError or ProtocolError
            If it is not allowed; nothing is changed then.
        """

    def _receive(self, _: Part, content: object, buffers: object) -> None:
        try:
            match protocol.parse(content):
                case protocol.Act(name, arguments):
                    self.act(name, arguments)
                case _:
                    raise protocol.ProtocolError("A part of a lesson takes acts only.")
        except protocol.ProtocolError as error:
            self.send(protocol.refuse(error))
        except ParameterError as error:
            self.send(protocol.complain(str(error)))
        except Exception as error:
            # An exception in a handler would vanish: the learner must be told.
            _log.exception("a part of a lesson failed")
            self.send(protocol.complain(f"This went wrong: {error}"))

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser but its messages."""
        self.send_state([name for name in sync_data if name in self.keys])
