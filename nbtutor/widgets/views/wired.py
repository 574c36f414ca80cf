"""A view that takes messages from its page."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from typing import Any

from nbtutor.engine.validation import ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.views.base import View

_log = logging.getLogger(__name__)


class Wired(View):
    """A view that takes messages from its page, which is not trusted. Whatever goes wrong is told.

    Attributes
    ----------
    lock : threading.RLock
        Held while a message is answered, and by whoever else touches what it is about: ipykernel
        may hand a message to another thread.
    """

    def __init__(self, **traits: Any) -> None:
        self.lock = threading.RLock()
        super().__init__(**traits)
        self.on_msg(self._receive)

    @abstractmethod
    def _answer(self, message: protocol.Message) -> None:
        """Do what the page asks for.

        Raises
        ------
        ProtocolError
            If the message makes no sense here.
        ParameterError
            If it asks for what is not allowed; nothing is changed then.
        """

    def _refuse(self, error: ParameterError) -> None:
        """Tell the learner why nothing was changed."""
        self.send(protocol.complain(f"Nothing was changed. {error}"))

    @abstractmethod
    def _fail(self, error: Exception) -> None:
        """Tell the learner of a fault of ours."""

    def _receive(self, _: Wired, content: object, buffers: object) -> None:
        with self.lock:
            try:
                self._answer(protocol.parse(content))
            except protocol.ProtocolError as error:
                self.send(protocol.refuse(error))
            except ParameterError as error:
                self._refuse(error)
            except Exception as error:
                # An exception in a handler would vanish: the learner must be told.
                _log.exception("%s could not answer its page", type(self).__name__)
                self._fail(error)
