"""Random streams by name.

One seed makes a whole run. Each use of randomness (data, initial weights, batches, dropout) draws
from a stream of its own, so that a change in one never shifts another: a different batch order
leaves the initial weights as they were.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, name: str, *key: int) -> np.random.Generator:
    """Return the generator that belongs to `seed`, `name` and the numbers in `key`.

    The same arguments give the same numbers on every machine; different ones give independent
    numbers (NumPy's `SeedSequence` with a spawn key).

    Parameters
    ----------
    seed : int
        The run's seed, 0 or more.
    name : str
        What the numbers are for, such as ``"batches"``.
    *key : int
        Further numbers, such as the epoch.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), *key))
    return np.random.Generator(np.random.PCG64(sequence))
