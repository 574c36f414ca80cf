"""How often a sentence of a lesson holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

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


def said(lesson: str, words: str) -> int:
    """Return the number that a lesson says.

    Parameters
    ----------
    lesson : str
        File name of the notebook.
    words : str
        A regular expression with one group, which finds it in the notebook's text.
    """
    cells = nbformat.read(NOTEBOOKS / lesson, as_version=4).cells
    text = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    found = re.search(words, text, re.DOTALL)
    if found is None:
        msg = f"{lesson} does not say {words!r}"
        raise AssertionError(msg)
    return int(found[1])
