"""Random streams by name.

One seed makes a whole run. Each use of randomness (data, initial weights, batches, dropout) draws
from a stream of its own, so that a change in one never shifts another: a different batch order
leaves the initial weights as they were.
"""

from __future__ import annotations

import zlib

import numpy as np


class NumberedStream:
    """A stream of random numbers that can be entered at any whole number, such as an epoch.

    What is drawn at a number does not depend on where the stream was before. Philox (Salmon et al.,
    2011) makes its numbers from a counter; the number is the counter's highest word, so entering
    costs a tenth of what a new generator does.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or more.
    name : str
        What the numbers are for, such as ``"batches"``.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._bits = np.random.Philox(_sequence(seed, name))
        self._generator = np.random.Generator(self._bits)
        self._start = self._bits.state

    def at(self, number: int) -> np.random.Generator:
        """Return the generator at the beginning of `number`; it is the same object each time."""
        self._start["state"]["counter"][3] = number
        self._bits.state = self._start
        return self._generator


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
        Further numbers, such as the replica.
    """
    return np.random.Generator(np.random.PCG64(_sequence(seed, name, *key)))


def _sequence(seed: int, name: str, *key: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), *key))
