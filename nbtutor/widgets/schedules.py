"""The schedules of the learning rate as a learner chooses them: a name, a length and a low."""

from __future__ import annotations

from nbtutor.engine.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    ExponentialRamp,
    ExpRange,
    LinearRamp,
    OneCycle,
    Schedule,
    StepDecay,
    Triangular,
    Triangular2,
    WarmUp,
)

MAX_LENGTH = 100_000
LOWEST = 1e-4
"""Limits of a schedule's length in epochs, and of its low as a share of the rate."""

_HALVED = 0.5  # what the peaks of a shrinking cycle keep of their height from one to the next
_END_OF_ONE_CYCLE = 1e-4  # of its low, as in PyTorch's OneCycleLR

SENTENCES = {
    "constant": "The rate stays as it is.",
    "step": "Every {length} epochs the rate is multiplied by {low:g}.",
    "exponential": (
        "The rate falls by the same factor in every epoch: to {low:g} of itself in {length}."
    ),
    "cosine": "The rate falls to {low:g} of itself in {length} epochs, and stays there.",
    "warm_up": "The rate rises from {low:g} of itself in the first {length} epochs.",
    "triangular": "The rate goes from {low:g} of itself up and down again, every {length} epochs.",
    "triangular2": "Up and down every {length} epochs, and each peak is half as high.",
    "exp_range": "Up and down every {length} epochs, while the peaks shrink by half each time.",
    "one_cycle": "From {low:g} of the rate up, then down to next to nothing, in {length} epochs.",
    "linear_ramp": "A range test: from {low:g} of the rate in a straight line, {length} epochs.",
    "exponential_ramp": (
        "A range test: from {low:g} of the rate by the same factor in each of {length} epochs."
    ),
}
"""What each schedule does, in plain words."""

_REPEATING = ("step", "exponential", "triangular", "triangular2", "exp_range")


def make_schedule(name: str, length: int, low: float) -> Schedule | None:
    """Return a schedule, counted from the first epoch of the run.

    Parameters
    ----------
    name : str
        From `nbtutor.engine.schedules.SCHEDULES`.
    length : int
        Epochs of a decay, a rise, or one whole cycle up and down.
    low : float
        The lowest factor, or what a step multiplies with.

    Returns
    -------
    Schedule or None
        None for "constant".
    """
    match name:
        case "step":
            return StepDecay(length, low)
        case "exponential":
            return ExponentialDecay(low ** (1 / length))
        case "cosine":
            return CosineDecay(length, low)
        case "warm_up":
            return WarmUp(length, Constant(), low)
        case "triangular":
            return Triangular(length / 2, low)
        case "triangular2":
            return Triangular2(length / 2, low)
        case "exp_range":
            return ExpRange(length / 2, low, _HALVED ** (1 / length))
        case "one_cycle":
            return OneCycle(length, start=low, end=low * _END_OF_ONE_CYCLE)
        case "linear_ramp":
            return LinearRamp(low, length)
        case "exponential_ramp":
            return ExponentialRamp(low, length)
    return None


def describe_schedule(name: str, length: int, low: float) -> str:
    """Say in a sentence what a schedule does."""
    return SENTENCES[name].format(length=length, low=low)


def shown_epochs(name: str, length: int) -> float:
    """Return the epochs that a drawing of the schedule should reach to."""
    return length * (3 if name in _REPEATING else 1.5)
