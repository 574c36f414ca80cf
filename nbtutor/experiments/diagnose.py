"""Underfit, overfit, good or unknown: the kind of fit, from the losses of several seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.validation import (
    ParameterError,
    check_integer,
    check_number,
    check_type,
)
from nbtutor.experiments.intervals import t_interval
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.situation import Situation, run

Array = np.ndarray

VERDICTS = ("underfit", "overfit", "good", "unknown")

_LARGEST = 1e150  # of a loss: beyond, its square is no number


@dataclass(frozen=True)
class Thresholds:
    """Where one kind of fit ends and the next begins.

    All are shares of what there is to learn: the distance from the loss of chance to the floor, the
    lowest loss that can be reached. They are conventions, there to be argued with.

    Parameters
    ----------
    high : float, default 0.5
        Training loss is high if more than this share is still unlearnt.
    gap : float, default 0.15
        Validation loss is much above training loss if it is by more than this share.
    below : float, default 0.05
        Validation loss is below training loss if it is by more than this share; less is the luck of
        the draw.
    """

    high: float = 0.5
    gap: float = 0.15
    below: float = 0.05

    def __post_init__(self) -> None:
        for name in ("high", "gap", "below"):
            check_number(name, getattr(self, name), low=0, high=1e6)


@dataclass(frozen=True)
class Diagnosis(Result):
    """The kind of fit, with the numbers behind it.

    Attributes
    ----------
    verdict : {"underfit", "overfit", "good", "unknown"}
        "unknown" is validation loss below training loss: the two sets differ in some way, or the
        losses were not measured alike.
    certain : bool
        Whether every pair of values in the two intervals gives the same verdict.
    sentence : str
        The verdict in words, with its numbers.
    train_loss, validation_loss, gap : float
        Means over seeds, in nats; the gap is validation minus training.
    train_half_width, gap_half_width : float
        Student's t intervals at 95 %: the mean plus or minus this. The gap is taken seed by seed.
        Infinite for one seed.
    best_epoch : int or None
        The row at which the mean validation loss was lowest; None without curves.
    chance, floor : float
        Loss of a network that knows nothing, and the lowest that can be reached.
    thresholds : Thresholds
    train_losses, validation_losses : ndarray of shape (rows, seeds)
        What was diagnosed; one row if there were no curves.
    """

    verdict: str
    certain: bool
    sentence: str
    train_loss: float
    validation_loss: float
    gap: float
    train_half_width: float
    gap_half_width: float
    best_epoch: int | None
    chance: float
    floor: float
    thresholds: Thresholds
    train_losses: Array = field(repr=False)
    validation_losses: Array = field(repr=False)

    @property
    def high_line(self) -> float:
        """Training loss above which it is an underfit, in nats."""
        return self.floor + self.thresholds.high * (self.chance - self.floor)

    @property
    def gap_line(self) -> float:
        """Gap above which it is an overfit, in nats."""
        return self.thresholds.gap * (self.chance - self.floor)

    @property
    def below_line(self) -> float:
        """Gap, a negative one, below which the fit is unknown, in nats."""
        return -self.thresholds.below * (self.chance - self.floor)


def diagnose(
    train_loss: ArrayLike,
    validation_loss: ArrayLike,
    *,
    chance: float = float(np.log(2)),
    floor: float = 0.0,
    thresholds: Thresholds | None = None,
    tail: int = 5,
) -> Diagnosis:
    """Name the kind of fit from losses.

    In this order, on means over the seeds:

    1. validation loss below training loss by more than ``thresholds.below``: unknown;
    2. training loss above the floor by more than ``thresholds.high``: underfit;
    3. validation loss above training loss by more than ``thresholds.gap``: overfit;
    4. else: good.

    A fit can have a high training loss and a large gap at once. It is called an underfit then,
    because the training loss is what to mend first.

    Parameters
    ----------
    train_loss, validation_loss : array of shape (seeds,) or (epochs, seeds)
        Mean losses in nats, both measured without dropout and without penalties.
    chance : float, default ln 2
        Loss of a network that knows nothing: ln K for K balanced classes.
    floor : float, default 0
        The lowest loss that can be reached: the Bayes loss, where it is known. Below `chance`.
    thresholds : Thresholds, optional
    tail : int, default 5
        Of curves, the mean of so many last epochs counts, because a single one swings.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ParameterError
        If the shapes differ, a loss is not finite, or the floor is not below chance.
    """
    train, validation = (
        _losses("train_loss", train_loss),
        _losses("validation_loss", validation_loss),
    )
    if train.shape != validation.shape:
        allowed = f"of the same shape as train_loss, {train.shape}"
        raise ParameterError("validation_loss", f"shape {validation.shape}", allowed)
    check_number("chance", chance, low=0, high=1e6, include_low=False)
    check_number("floor", floor, low=0, high=chance, include_high=False)
    check_integer("tail", tail, low=1, high=1_000_000)
    thresholds = Thresholds() if thresholds is None else thresholds
    check_type("thresholds", thresholds, Thresholds)

    ends = train[-tail:].mean(axis=0), validation[-tail:].mean(axis=0)
    level, level_width = map(float, t_interval(ends[0]))
    gap, gap_width = map(float, t_interval(ends[1] - ends[0]))
    fit = Fit(level, level_width, gap, gap_width, float(chance), float(floor), thresholds)
    best_epoch = int(validation.mean(axis=1).argmin()) if len(validation) > 1 else None
    sentence = fit.sentence
    if fit.verdict == "overfit" and best_epoch is not None and best_epoch < len(train) - 1:
        sentence += f" Validation loss was lowest at epoch {best_epoch}."
    seeds = train.shape[1]
    if seeds == 1:
        sentence += " One seed alone: how sure this is, is not known."
    elif not fit.certain:
        sentence += f" Another verdict is possible within the spread of {seeds} seeds."
    return Diagnosis(
        verdict=fit.verdict,
        certain=fit.certain,
        sentence=sentence,
        train_loss=level,
        validation_loss=level + gap,
        gap=gap,
        train_half_width=level_width,
        gap_half_width=gap_width,
        best_epoch=best_epoch,
        chance=fit.chance,
        floor=fit.floor,
        thresholds=thresholds,
        train_losses=train,
        validation_losses=validation,
    )


def diagnose_run(
    situation: Situation | None = None,
    *,
    seeds: int = 10,
    seed: int = 0,
    thresholds: Thresholds | None = None,
    tail: int = 5,
    progress: Progress | None = None,
) -> Diagnosis:
    """Train a fleet, one replica a seed, and name the kind of fit.

    Chance is ln K and the floor is the Bayes loss, which is known for generated data.

    Parameters
    ----------
    situation : Situation, optional
        What is trained; early stopping counts as in `Situation`.
    seeds : int, default 10
        Runs, each with points and initial weights of its own.
    seed : int, default 0
        Of the whole.
    thresholds : Thresholds, optional
    tail : int, default 5
        See `diagnose`. With early stopping the chosen epoch alone counts.
    progress : callable, optional
        Hears of every epoch.

    Returns
    -------
    Diagnosis
    """
    situation = Situation() if situation is None else situation
    check_type("situation", situation, Situation)
    done = run(situation, seeds, seed, Counter(situation.epochs, progress))
    train, validation = done.train_loss, done.validation_loss
    if situation.patience:
        train = done.final_train_loss[None]
        validation = done.final_validation_loss[None]
    return diagnose(
        train,
        validation,
        chance=situation.chance(),
        floor=situation.floor(),
        thresholds=thresholds,
        tail=tail,
    )


@dataclass(frozen=True)
class Fit:
    """A training loss and a gap, each plus or minus a half-width, and what they say.

    Attributes
    ----------
    level, level_width : float
        Training loss.
    gap, gap_width : float
        Validation loss minus training loss.
    chance, floor : float
        Loss of a network that knows nothing, and the lowest that can be reached; chance is above.
    thresholds : Thresholds
    decimals : int
        Of the losses in the sentence.
    nothing : str
        What a network that knows nothing is called.
    why_below : str
        What to think of a validation loss below training loss.
    """

    level: float
    level_width: float
    gap: float
    gap_width: float
    chance: float
    floor: float
    thresholds: Thresholds
    decimals: int = 2
    nothing: str = "chance"
    why_below: str = "The two sets differ, or were not measured alike."

    @property
    def verdict(self) -> str:
        """The kind of fit, by the rules of `diagnose`."""
        return self._name(self.level, self.gap)

    @property
    def certain(self) -> bool:
        """Whether every pair of values in the two intervals gives the same verdict."""
        # Infinity minus infinity is not asked for: a mean is finite where its width is not.
        levels = self.level - self.level_width, self.level + self.level_width
        gaps = self.gap - self.gap_width, self.gap + self.gap_width
        return {self._name(*corner) for corner in product(levels, gaps)} == {self.verdict}

    @property
    def sentence(self) -> str:
        """The verdict in words, with its numbers."""
        train = f"training loss is {self._plus_minus(self.level, self.level_width)}"
        side = "above" if self.gap >= 0 else "below"
        by = self._plus_minus(abs(self.gap), self.gap_width)
        gap = f"validation loss is {by} {side} training loss"
        floor = self._number(self.floor)
        best = f"of a possible {floor if float(floor) else 0}"
        chance = f"with {self.nothing} at {self._number(self.chance)}"
        return {
            "underfit": f"Underfitting: {train} {best}, {chance}; {gap}.",
            "overfit": f"Overfitting: {gap}, and {train}.",
            "good": f"A good fit: {train} {best}, and {gap}.",
            "unknown": f"Unknown: {gap}. {self.why_below}",
        }[self.verdict]

    def _name(self, level: float, gap: float) -> str:
        scale = self.chance - self.floor
        if gap / scale < -self.thresholds.below:
            return "unknown"
        if (level - self.floor) / scale > self.thresholds.high:
            return "underfit"
        return "overfit" if gap / scale > self.thresholds.gap else "good"

    def _plus_minus(self, value: float, width: float) -> str:
        shown = self._number(value)
        return f"{shown} ± {self._number(width)}" if np.isfinite(width) else shown

    def _number(self, value: float) -> str:
        return f"{value:.{self.decimals}f}" if abs(value) < 1e4 else f"{value:.2g}"


def _losses(name: str, value: ArrayLike) -> Array:
    """Return losses as (rows, seeds)."""
    allowed = "finite numbers of shape (seeds,) or (epochs, seeds), with at least one seed"
    try:
        given = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ParameterError(name, value, allowed) from error
    if given.dtype.kind not in "iuf" or given.ndim not in (1, 2) or given.size == 0:
        raise ParameterError(name, value, allowed)
    if not np.isfinite(given).all():
        hint = "A run that diverged has no loss to diagnose: leave it out."
        raise ParameterError(name, value, allowed, hint)
    return np.clip(np.atleast_2d(given).astype(np.float64), -_LARGEST, _LARGEST)
