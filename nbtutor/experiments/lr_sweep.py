"""Many learning rates, trained at once from the same start.

The final loss against the rate is a U: below, training does not get far in the time; above, it
oscillates or diverges (Goodfellow, Bengio and Courville, Deep Learning, 2016, section 11.4.1,
figure 11.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig, copies
from nbtutor.engine.config import LIMITS
from nbtutor.engine.validation import check_integer, check_number, check_type, is_sequence
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_RATES = 512
CONVERGED_SHARE = 0.9
"""A rate has converged if the loss fell by at least this share of what the best rate won."""

OUTCOMES = ("slow", "converged", "too high", "diverged")
"""What becomes of a rate, in the order in which they follow each other as it rises."""

_BREATH = 10  # epochs between two calls of the progress callback


@dataclass(frozen=True)
class LearningRateSweep(Result):
    """What became of each learning rate.

    Attributes
    ----------
    rates : ndarray of shape (rates,)
    epochs : ndarray of shape (entries,)
        When the losses were measured; the first entry is before training.
    losses : ndarray of shape (entries, rates)
        Mean loss on the training points, in nats, without penalties. NaN from the epoch in which a
        rate diverged.
    validation_losses : ndarray of shape (entries, rates)
        The same on the validation points; NaN throughout if there are none.
    diverged_at : ndarray of shape (rates,)
        The update whose step would have left the finite numbers; NaN for a rate that stayed finite.
    """

    rates: Array
    epochs: Array
    losses: Array
    validation_losses: Array
    diverged_at: Array

    @property
    def final_losses(self) -> Array:
        """Training loss after the last epoch, shape (rates,); NaN where it diverged. The U."""
        final: Array = self.losses[-1]
        return final

    @property
    def diverged(self) -> Array:
        """Which rates left the finite numbers, shape (rates,)."""
        result: Array = np.isfinite(self.diverged_at)
        return result

    @property
    def worse_than_start(self) -> Array:
        """Which rates diverged, or ended above the loss they started from, shape (rates,)."""
        result: Array = ~(self.final_losses <= self.losses[0])
        return result

    @property
    def best(self) -> int | None:
        """The index of the rate with the lowest final training loss; None if all diverged."""
        if np.isnan(self.final_losses).all():
            return None
        return int(np.nanargmin(self.final_losses))

    @property
    def best_rate(self) -> float | None:
        """The rate with the lowest final training loss; None if all diverged."""
        return None if self.best is None else float(self.rates[self.best])

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What became of each rate, a word of `OUTCOMES` each.

        "diverged": the weights left the finite numbers, or the loss ended above its start.
        "converged": the loss came down nearly as far as with the best rate, see
        `CONVERGED_SHARE`. Else "slow" below the best rate, and "too high" above it.
        """
        best = self.best
        if best is None:
            return ("diverged",) * len(self.rates)
        won = self.losses[0] - self.final_losses
        words = []
        for rate, lost, gain in zip(self.rates, self.worse_than_start, won, strict=True):
            if lost:
                words.append("diverged")
            elif gain >= CONVERGED_SHARE * won[best]:
                words.append("converged")
            else:
                words.append("slow" if rate < self.rates[best] else "too high")
        return tuple(words)


def begin_sweep(
    network: Network,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    rates: Sequence[float] | Array,
    config: TrainingConfig | None = None,
    seed: int = 0,
) -> Trainer:
    """Return the trainer of a sweep that has not begun, to be run in portions of any size.

    `lr_sweep` with the same rates takes it as `resume`, and gives the result once it is trained.

    Parameters
    ----------
    network, train, validation, rates, config, seed
        See `lr_sweep`.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    check_type("network", network, Network)
    check_type("train", train, Dataset)
    chosen = _checked("rates", rates)
    config = TrainingConfig() if config is None else config
    check_type("config", config, TrainingConfig)
    fleet = copies(network, len(chosen))
    config = replace(config, learning_rate=tuple(chosen.tolist()))
    return Trainer(fleet, train, validation, config, seed)


def lr_sweep(
    network: Network,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    rates: Sequence[float] | Array | None = None,
    count: int = 24,
    low: float = 1e-3,
    high: float = 30.0,
    epochs: int = 50,
    config: TrainingConfig | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
) -> LearningRateSweep:
    """Train the same network with many learning rates at once, as one fleet.

    All start from the present weights of `network` (of its first replica), which is left alone,
    and see the same batches, so the rate is all that differs.

    Parameters
    ----------
    network : Network
    train : Dataset
    validation : Dataset, optional
    rates : sequence of float, optional
        The rates, each above 0. Made from the next three if it is not given.
    count : int, default 24
        Rates, from 2 to 512, evenly spaced on a logarithmic scale.
    low, high : float
        The smallest and the largest of them.
    epochs : int, default 50
    config : TrainingConfig, optional
        The other settings; its learning rate is not used.
    seed : int, default 0
        Of the batches.
    progress : callable, optional
        Called with epochs done and in all; see `Progress`.
    resume : object, optional
        The `partial` of a cancelled sweep of as many rates, or what `begin_sweep` returned; it goes
        on from there.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` returns False.
    """
    check_type("network", network, Network)
    check_type("train", train, Dataset)
    chosen = _log_spaced(count, low, high) if rates is None else _checked("rates", rates)
    check_integer("epochs", epochs, low=1, high=1_000_000)
    if resume is None:
        trainer = begin_sweep(network, train, validation, rates=chosen, config=config, seed=seed)
    else:
        trainer = _resumed(resume, chosen)

    counter = Counter(epochs, progress, trainer)
    counter.done = trainer.epoch
    while counter.done < epochs:
        part = min(_BREATH, epochs - counter.done)
        trainer.run(epochs=part)  # does nothing once all rates have diverged
        counter.advance(part)
    return sweep_so_far(trainer, chosen, epochs)


def sweep_so_far(trainer: Trainer, rates: Array, epochs: int) -> LearningRateSweep:
    """Return what has become of each rate in the first epochs of a fleet's run.

    Parameters
    ----------
    trainer : Trainer
        Of one network for each rate.
    rates : ndarray of shape (rates,)
    epochs : int
        Of the epochs done, or more if all rates have diverged.
    """
    history = trainer.history
    # If all rates diverge, training ends early. The entries up to `epochs` are NaN then.
    losses, validation_losses = np.full((2, epochs + 1, len(rates)), np.nan)
    done = min(len(history), epochs + 1)
    losses[:done] = history.train_loss[:done]
    validation_losses[:done] = history.validation_loss[:done]
    diverged_at = np.full(len(rates), np.nan)
    for divergence in trainer.divergences:
        diverged_at[divergence.replica] = divergence.update
        # A replica that has diverged stays at its last finite weights: no result of its rate.
        losses[divergence.epoch :, divergence.replica] = np.nan
        validation_losses[divergence.epoch :, divergence.replica] = np.nan
    return LearningRateSweep(rates, np.arange(epochs + 1), losses, validation_losses, diverged_at)


def _log_spaced(count: int, low: float, high: float) -> Array:
    check_integer("count", count, low=2, high=MAX_RATES)
    largest = LIMITS["learning_rate"][1]
    check_number("low", low, low=0, include_low=False, high=largest)
    check_number("high", high, low=low, include_low=False, high=largest)
    return np.geomspace(low, high, count)


def _checked(name: str, rates: Any) -> Array:
    if not is_sequence(rates) or not 1 <= len(rates) <= MAX_RATES:
        raise ParameterError(name, rates, f"a sequence of 1 to {MAX_RATES} learning rates")
    return np.array(
        [
            check_number(
                f"{name}[{i}]", r, low=0, high=LIMITS["learning_rate"][1], include_low=False
            )
            for i, r in enumerate(rates)
        ]
    )


def _resumed(resume: Any, rates: Array) -> Trainer:
    fits = isinstance(resume, Trainer) and np.array_equal(resume.config.learning_rate, rates)
    if not fits:
        allowed = "the `partial` of a cancelled sweep of the same rates"
        raise ParameterError("resume", resume, allowed, "Leave it out to start anew.")
    trainer: Trainer = resume
    return trainer
