"""A kernel without a server: it runs the cells of a lesson in the page's own browser.

The page's worker imports this module under Pyodide, hands it a function that carries messages to
the page, and calls it for each cell and each message of a widget. Nothing here knows of
JavaScript, so that a test can run it anywhere.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import comm
from comm.base_comm import BaseComm, CommManager
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

Output = dict[str, Any]


class Post(Protocol):
    """Carries a message, which is JSON, and its buffers to the page."""

    def __call__(self, message: str, buffers: list[bytes]) -> None:
        """Carry one message."""


class BrowserKernel:
    """Runs cells, and connects widgets with their views in the page.

    There may be one at a time: IPython's shell and the comms of widgets are the process's own.

    Parameters
    ----------
    post : Post
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._outputs: list[Output] = []
        self._comms = CommManager()
        # Widgets ask this package for their connection, whoever makes it.
        comm.create_comm = self._create_comm
        comm.get_comm_manager = lambda: self._comms
        config = Config()
        config.HistoryManager.enabled = False  # it would want a database
        self._shell = _Shell.instance(config=config, keep=self._outputs.append)

    def run(self, source: str) -> str:
        """Run a cell.

        Returns
        -------
        str
            Its outputs as a notebook has them, as JSON. What goes wrong is one of them.
        """
        self._outputs.clear()
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            result = self._shell.run_cell(source, store_history=True)
        if printed.getvalue():
            text = {"output_type": "stream", "name": "stdout", "text": printed.getvalue()}
            self._outputs.insert(0, text)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            self._outputs.append(
                {"output_type": "error", "ename": type(error).__name__, "evalue": str(error)}
            )
        return json.dumps(self._outputs)

    def receive(self, message: str, buffers: Iterable[memoryview]) -> None:
        """Hand a message of the page to the widget that it is for."""
        content = json.loads(message)
        handle: dict[str, Callable[..., None]] = {
            "comm_msg": self._comms.comm_msg,
            "comm_close": self._comms.comm_close,
        }
        handle[content.pop("msg_type")](None, "", {**content, "buffers": list(buffers)})

    def _create_comm(self, *args: Any, **kwargs: Any) -> BaseComm:
        return _Comm(self._post, *args, **kwargs)


class _Comm(BaseComm):
    """The kernel's end of a widget's connection."""

    def __init__(self, post: Post, *args: Any, **kwargs: Any) -> None:
        self._post = post
        super().__init__(*args, **kwargs)

    def publish_msg(
        self,
        msg_type: str,
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        buffers: list[Any] | None = None,
        **keys: Any,
    ) -> None:
        message = {
            "msg_type": msg_type,
            "metadata": metadata or {},
            "content": {"comm_id": self.comm_id, "data": data or {}, **keys},
        }
        # What JSON has no word for must not pass: the page could not read it.
        text = json.dumps(message, allow_nan=False)
        self._post(text, [memoryview(buffer).tobytes() for buffer in buffers or []])


class _Publisher(DisplayPublisher):
    """Keeps what `display` is given."""

    def publish(
        self, data: dict[str, Any], metadata: Any = None, source: Any = None, **_: Any
    ) -> None:
        _keep(self.shell, {"output_type": "display_data", "data": data})

    def clear_output(self, wait: bool = False) -> None:
        _keep(self.shell, {"output_type": "clear"})


class _Hook(DisplayHook):
    """Keeps the value of a cell's last line."""

    def write_output_prompt(self) -> None:
        """Write none."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: Any = None) -> None:
        _keep(self.shell, {"output_type": "execute_result", "data": format_dict})

    def finish_displayhook(self) -> None:
        """Nothing was printed, so nothing needs an end of line."""


class _Shell(InteractiveShell):
    """IPython's shell, which keeps what a cell shows instead of printing it."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self, keep: Callable[[Output], None], **kwargs: Any) -> None:
        self.keep = keep
        super().__init__(**kwargs)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        """Print nothing: a learner reads what went wrong, not where."""


def _keep(shell: Any, output: Output) -> None:
    """Keep an output of the cell that the shell runs."""
    shell.keep(output)
