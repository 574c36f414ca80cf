"""How often a sentence of a lesson holds."""

from __future__ import annotations

from collections.abc import Callable

SEEDS = 20
"""Runs of each claim."""


def count(claim: Callable[[int], tuple[bool, str]], seeds: int = SEEDS) -> int:
    """Try a claim with many seeds, print its numbers, and return how often it held.

    Parameters
    ----------
    claim : callable
        Takes a seed, and returns whether the claim held and the numbers that it rests on.
    """
    held = 0
    for seed in range(seeds):
        right, numbers = claim(seed)
        held += right
        print(f"seed {seed:2}: {'holds' if right else 'FAILS'}  {numbers}")
    print(f"{claim.__name__}: {held} of {seeds}")
    return held
