"""JupyterLab on a learner's own copy of the notebooks."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp
from traitlets.config import Config

from .sockets import is_loopback

_NEWS = "@jupyterlab/apputils-extension:announcements"


def offline_settings() -> Config:
    """Return what holds for every JupyterLab of the course, whoever starts it.

    Nothing is fetched from other hosts: no news, no check for updates, no list of extensions.
    """
    config = Config()
    config.ServerApp.kernel_websocket_connection_class = "nbtutor.serve.kernels.PromptConnection"
    config.LabApp.news_url = None
    config.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    config.LabApp.extension_manager = "readonly"
    return config


def leave_out_news(_handler: Any, page: dict[str, Any]) -> dict[str, Any]:
    """Take the part out of JupyterLab's page that asks whether it may fetch news: there are none.

    JupyterLab calls this before it makes a page.
    """
    page["disabledExtensions"] = [*page.get("disabledExtensions", []), _NEWS]
    return page


def lab_settings(folder: Path, *, host: str, port: int) -> Config:
    """Return JupyterLab's configuration for a working folder.

    JupyterLab keeps its token: unlike the lesson pages it runs whatever code it is given.
    """
    config = offline_settings()
    # Not for every JupyterLab of the course: on a hub this hook is the hub's own.
    config.ServerApp.tornado_settings = {"page_config_hook": leave_out_news}
    config.ServerApp.root_dir = str(folder)
    config.ServerApp.ip = host
    config.ServerApp.port = port
    config.ServerApp.port_retries = 0
    config.ServerApp.open_browser = False
    config.ServerApp.answer_yes = True
    # In a container one is root. Nobody else reaches what listens on this machine alone.
    config.ServerApp.allow_root = is_loopback(host)
    return config


def run_lab(
    folder: Path, *, host: str, port: int, verbose: bool, ready: Callable[[str], None]
) -> int:
    """Run JupyterLab in this process until a signal says stop; return the exit code.

    Parameters
    ----------
    folder
        The folder that it opens.
    host, port
        What it listens on.
    verbose
        Whether it tells what it does.
    ready
        Called with the address, token included, once it answers.
    """
    config = lab_settings(folder, host=host, port=port)
    config.Application.log_level = logging.INFO if verbose else logging.ERROR
    server = LabApp.initialize_server(argv=[], config=config)
    _stop_at_ctrl_c(server)
    server.io_loop.add_callback(lambda: ready(server.public_url))
    server.start()
    return 0


def _stop_at_ctrl_c(server: ServerApp) -> None:
    """Let Ctrl-C stop the server in good order, and a second one at once.

    Without a terminal the server would leave Ctrl-C to Python, which breaks off whatever runs just
    then. That leaves kernels behind, and is lost where Python may not raise an error.
    """

    def stop(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        server.stop(from_signal=True)

    signal.signal(signal.SIGINT, stop)
