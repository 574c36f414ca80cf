"""The process of a learner's kernel: IPython's kernel, kept small and within bounds.

The server finds it through the kernel specification in ``jupyter/kernels``, which takes the place
of IPython's own there. ``nbtutor lab`` does not: who works there may want the debugger and the
history.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from traitlets import Integer
from traitlets.config import Config

from .nursery import wait_for_birth


@contextlib.contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Let a module seem not to be installed."""
    before = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before


# Asked for once, at the first import. A debugger that no page can reach is 8 MB in each kernel.
with _hidden("debugpy"):
    import ipykernel.debugger  # noqa: F401

from ipykernel.kernelapp import IPKernelApp  # noqa: E402


class LearnerKernelApp(IPKernelApp):
    """IPython's kernel with bounds, and without the learner's traces on the server's disk."""

    memory_limit = Integer(
        0,
        min=0,
        help="Megabytes of data that the kernel may hold; 0: no limit. Beyond it Python raises "
        "MemoryError, which a widget shows as a message. Linux only.",
    ).tag(config=True)
    niceness = Integer(
        0,
        min=0,
        max=19,
        help="How far the kernel steps back behind the server when both want the processor.",
    ).tag(config=True)

    def initialize(self, argv: Any = None) -> None:
        """Set the bounds, then start as usual."""
        self.update_config(
            Config(
                # What ran is the notebook, and a file of it would be written for each learner.
                HistoryManager={"enabled": False},
                # Imported before there was a kernel, widgets have not told it of themselves yet.
                IPKernelApp={"extensions": ["ipywidgets"]},
            )
        )
        super().initialize(argv)
        set_bounds(self.memory_limit, self.niceness)


def set_bounds(memory_limit: int, niceness: int) -> None:
    """Bound this process, where the system knows such bounds.

    Parameters
    ----------
    memory_limit
        Megabytes (10⁶ bytes) of private writable memory; 0 for no limit.
    niceness
        From 0, as before, to 19.
    """
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    if memory_limit and sys.platform == "linux":
        import resource

        # Of data, not of addresses: libraries reserve many more addresses than they ever use.
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (memory_limit * 1_000_000, hard))


def _import_lessons() -> None:
    """Import what a lesson's kernel will need."""
    from nbtutor.widgets import tutors

    for lesson in pkgutil.iter_modules(tutors.__path__, f"{tutors.__name__}."):
        importlib.import_module(lesson.name)


def main(argv: list[str]) -> None:
    """Be a kernel; or with ``--nursery N``, be what kernels are copied from.

    Parameters
    ----------
    argv
        The kernel's arguments, or ``--nursery`` and the number of the server's socket.
    """
    if argv[:1] == ["--nursery"]:
        from setproctitle import getproctitle, setproctitle  # on Linux only, as copies are

        _import_lessons()
        getproctitle()  # finds the place of the title while the environment is as it was
        argv = wait_for_birth(int(argv[1]))
        setproctitle(shlex.join([Path(sys.executable).name, "-m", "nbtutor.serve.kernel", *argv]))
        np.random.seed()  # noqa: NPY002  of a notebook that uses it: no two learners share it
    LearnerKernelApp.launch_instance(argv)


if __name__ == "__main__":
    main(sys.argv[1:])
