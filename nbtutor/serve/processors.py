"""How many processors the server may use, which in a container is fewer than the machine has."""

from __future__ import annotations

import math
import os
from pathlib import Path

_SHARE = Path("/sys/fs/cgroup/cpu.max")


def count_processors(share: Path = _SHARE) -> int:
    """Return how many processors this process may use at a time, at least 1.

    Parameters
    ----------
    share : Path
        Where a container's share is written, as Linux does (control groups, version 2): the
        microseconds of computing that it has in each period, or "max", and those of the period.
    """
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        processors = len(os.sched_getaffinity(0))
    else:
        processors = os.cpu_count() or 1
    try:
        granted, period = map(float, share.read_text(encoding="utf-8").split())
        return max(1, min(processors, math.ceil(granted / period)))
    except (OSError, ValueError, ZeroDivisionError):  # there is no share, or it is "max"
        return processors
