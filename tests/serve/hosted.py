"""A Jupyter server as Binder's image starts it, for tests here and elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from tests.serve.server import Server, running_process, wait_until

BASE_URL = "/user/a-learner/"
TOKEN = "f" * 48


def lay_out_home(root: Path, home: Path) -> None:
    """Make a home folder as the image has it: the lessons are in a folder of it."""
    shutil.copytree(root / "notebooks", home / "notebooks")


def lay_out_settings(root: Path, folder: Path) -> dict[str, str]:
    """Put the server's settings into a folder; return the variable that has Jupyter find them.

    In the image they are part of the environment, where Jupyter looks without being told.
    """
    folder.mkdir()
    shutil.copy(root / "binder/jupyter_server_config.py", folder)
    return {"JUPYTER_CONFIG_PATH": str(folder)}


@contextmanager
def running_binder(root: Path, folder: Path) -> Iterator[Server]:
    """Run the server of Binder's image, by its start script, until the block ends."""
    home = folder / "home"
    lay_out_home(root, home)
    environment = {
        **lay_out_settings(root, folder / "etc"),
        "HOME": str(home),
        "JUPYTERHUB_SERVICE_PREFIX": BASE_URL,
    }
    command = [str(root / "binder/start"), sys.executable, "-m", "jupyterlab", "--allow-root"]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": "0",
        "ServerApp.open_browser": "False",
        "ServerApp.base_url": BASE_URL,
        "IdentityProvider.token": TOKEN,
    }
    with running_process(
        [*command, *(f"--{name}={value}" for name, value in options.items())],
        cwd=home,
        environment=environment,
        merge=True,
    ) as server:
        server.url = server.wait_for_line(rf"(http://127\.0\.0\.1:\d+{BASE_URL})lab")[1]
        # It tells its address a moment before it listens.
        wait_until(lambda: answers(server, f"{BASE_URL}api"))
        yield server


def answers(server: Server, path: str) -> bool:
    """Tell whether a server listens at its address, and has something to say there."""
    try:
        return server.request(path).status == 200
    except URLError:
        return False
