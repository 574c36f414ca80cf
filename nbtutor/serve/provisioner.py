"""How Jupyter starts a learner's kernel: as a copy, where the system can; else as usual."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from .nursery import Nursery

# Elsewhere a copy of a process is not safe (macOS), or there is none (Windows).
CAN_COPY = sys.platform == "linux"

_PROGRAM = ["-m", "nbtutor.serve.kernel"]

_nursery = Nursery([sys.executable, *_PROGRAM, "--nursery"])


class CopyProvisioner(LocalProvisioner):
    """Jupyter's provisioner of local processes, which asks the nursery for them."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start a kernel; only our own kernel can be copied."""
        if not CAN_COPY or cmd[1:3] != _PROGRAM:
            return await super().launch_kernel(cmd, **kwargs)
        environment = kwargs.get("env") or dict(os.environ)
        self.cwd = kwargs.get("cwd") or os.getcwd()
        try:
            # The first one waits until the process that is copied has imported everything.
            kernel = await asyncio.to_thread(_nursery.bear, cmd[3:], environment, str(self.cwd))
        except OSError as error:
            self.log.warning("Starting a kernel the slow way: %s", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = kernel  # type: ignore[assignment]  # has what is asked of a Popen
        self.pid = kernel.pid
        self.pgid = kernel.pid  # it leads a group of its own
        return self.connection_info


def stop_copying() -> None:
    """Start no more copies; those that there are end by themselves."""
    _nursery.close()


def use_copies() -> None:
    """Let Jupyter start all kernels of this server by `CopyProvisioner`."""
    factory = KernelProvisionerFactory.instance()
    name = "nbtutor-copy"
    # Said here and not by an installed package's metadata, so that it is so for the server alone.
    factory.provisioners[name] = EntryPoint(
        name, f"{__name__}:{CopyProvisioner.__name__}", KernelProvisionerFactory.GROUP_NAME
    )
    factory.default_provisioner_name = name
