"""The learning rate range test: raise the rate at every update and watch.

In two forms. Smith's (Smith, 2015, Cyclical Learning Rates for Training Neural Networks, section
3.3): the rate rises linearly and the accuracy is read; it begins to rise at the lower bound for a
cyclical rate, and slows, becomes ragged or falls at the upper one. fastai's (Howard and Gugger,
2020): the rate rises exponentially over many orders of magnitude, and the smoothed loss is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig, copies
from nbtutor.engine.config import LIMITS
from nbtutor.engine.random import NumberedStream
from nbtutor.engine.validation import check_choice, check_integer, check_number, check_type
from nbtutor.experiments.lr_suggestions import SUGGESTIONS
from nbtutor.experiments.lr_sweep import LearningRateSweep, lr_sweep
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

FORMS = {"exponential": (1e-7, 10.0, 100), "linear": (0.0, 2.0, 400)}
"""The forms of the test with their default lowest rate, highest rate, and updates."""

BETA = 0.98
"""Weight of the past in the smoothed loss."""

STOP_ABOVE = 4.0
"""The exponential form stops where the smoothed loss is above so many times its best."""

MAX_UPDATES = 100_000

# The suggestions leave out the first tenth, where the rate is too small for any change, and the
# last steps, which may be in the middle of the explosion (as fastai does).
_SKIPPED_SHARE = 10
_SKIPPED_END = 5


@dataclass(frozen=True)
class LearningRateRangeTest(Result):
    """What happened while the rate rose.

    Attributes
    ----------
    form : {"exponential", "linear"}
    rates : ndarray of shape (steps,)
        The rate of each update; fewer than were asked for if the test stopped.
    losses : ndarray of shape (steps,)
        Loss of each mini-batch before its update, in nats, without penalties and dropout.
    smoothed : ndarray of shape (steps,)
        The same, smoothed; see `smooth`.
    accuracies : ndarray of shape (steps,)
        Accuracy before each update on the validation points, or on all training points if there
        are none.
    stopped : {"", "loss", "overflow"}
        Why it ended early, if it did: the loss was above `STOP_ABOVE` times its best, or the
        numbers left the finite ones.
    suggestions : dict of str to float or None
        By name, from the smoothed losses without the first tenth and the last five; empty for the
        linear form. None where the curve has no answer.
    sweep : LearningRateSweep or None
        The suggestions run for real, in rising order of the rate, if that was asked for.
    """

    form: str
    rates: Array
    losses: Array
    smoothed: Array
    accuracies: Array
    stopped: str
    suggestions: dict[str, float | None]
    sweep: LearningRateSweep | None


def lr_range_test(
    network: Network,
    train: Dataset,
    validation: Dataset | None = None,
    *,
    form: str = "exponential",
    low: float | None = None,
    high: float | None = None,
    updates: int | None = None,
    config: TrainingConfig | None = None,
    run_epochs: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> LearningRateRangeTest:
    """Train a copy of a network while the learning rate rises.

    Parameters
    ----------
    network : Network
        Its first replica is where the test starts from; it is left alone.
    train : Dataset
    validation : Dataset, optional
        What the accuracy is read on.
    form : {"exponential", "linear"}, default "exponential"
    low, high : float, optional
        The first and the last rate; from 1e-7 to 10 for the exponential form, where `low` must be
        above 0, and from 0 to 2 for the linear one.
    updates : int, optional
        From 2; 100 for the exponential form, 400 for the linear one.
    config : TrainingConfig, optional
        The other settings; its learning rate is not used.
    run_epochs : int, default 0
        If above 0, each suggestion is then trained with for so many epochs, from the same start.
    seed : int, default 0
        Of the batches.
    progress : callable, optional
        Called with updates done and in all; see `Progress`.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` returns False. The test is too short to be resumed.
    """
    check_choice("form", form, FORMS)
    check_type("train", train, Dataset)
    default_low, default_high, default_updates = FORMS[form]
    updates = check_integer(
        "updates", default_updates if updates is None else updates, low=2, high=MAX_UPDATES
    )
    largest = LIMITS["learning_rate"][1]
    low = check_number(
        "low",
        default_low if low is None else low,
        low=0,
        high=largest,
        include_low=form == "linear",
    )
    high = check_number(
        "high", default_high if high is None else high, low=low, include_low=False, high=largest
    )
    check_integer("run_epochs", run_epochs, low=0, high=1_000_000)
    config = TrainingConfig() if config is None else config
    check_type("config", config, TrainingConfig)
    space = np.geomspace if form == "exponential" else np.linspace
    rates: Array = space(low, high, updates)

    copy = copies(network)
    trainer = Trainer(copy, train, validation, replace(config, learning_rate=low), seed)
    read = train if validation is None else validation
    stop_above = STOP_ABOVE if form == "exponential" else np.inf
    counter = Counter(updates, progress)
    losses, accuracies, stopped = _raise_rate(trainer, train, read, rates, stop_above, counter)
    rates, smoothed = rates[: len(losses)], smooth(losses)
    suggestions: dict[str, float | None] = {}
    if form == "exponential":
        part = slice(updates // _SKIPPED_SHARE, -_SKIPPED_END)
        suggestions = {name: f(rates[part], smoothed[part]) for name, f in SUGGESTIONS.items()}
    sweep = None
    found = sorted({rate for rate in suggestions.values() if rate is not None})
    if run_epochs and found:
        sweep = lr_sweep(
            network, train, validation, rates=found, epochs=run_epochs, config=config, seed=seed
        )
    return LearningRateRangeTest(
        form, rates, losses, smoothed, accuracies, stopped, suggestions, sweep
    )


def smooth(losses: Array, beta: float = BETA) -> Array:
    """Return the exponential moving average of losses, corrected for its start at zero.

    ``m_t = beta m_(t-1) + (1 - beta) loss_t`` and ``smoothed_t = m_t / (1 - beta^t)``, t from 1
    (Kingma and Ba, 2015, section 3, give the correction).

    Parameters
    ----------
    losses : ndarray of shape (steps,)
    beta : float, default 0.98
        From 0, no smoothing, to below 1.
    """
    check_number("beta", beta, low=0, high=1, include_high=False)
    average = _Average(beta)
    return np.array([average.add(loss) for loss in losses])


class _Average:
    """The exponential moving average of numbers that come one by one."""

    def __init__(self, beta: float) -> None:
        self.beta = beta
        self.mean = 0.0
        self.count = 0

    def add(self, number: float) -> float:
        """Take in a number and return the average, corrected for its start at zero."""
        self.mean = self.beta * self.mean + (1 - self.beta) * number
        self.count += 1
        return self.mean / (1 - self.beta**self.count)


def _raise_rate(
    trainer: Trainer,
    train: Dataset,
    read: Dataset,
    rates: Array,
    stop_above: float,
    counter: Counter,
) -> tuple[Array, Array, str]:
    """Do one update with each rate; return losses and accuracies before it, and why it ended."""
    network, config = trainer.network, trainer.config
    inputs, targets = _prepared(network, train)
    read_inputs, read_targets = _prepared(network, read)
    losses: list[float] = []
    accuracies: list[float] = []
    stopped = ""
    average, best = _Average(BETA), np.inf
    batches = _batches(trainer.seed, len(train), config.batch_size)
    for rate, batch in zip(rates.tolist(), batches, strict=False):
        loss = float(network.evaluate(inputs[..., batch], targets[..., batch]).loss[0])
        losses.append(loss)
        accuracies.append(float(network.evaluate(read_inputs, read_targets).accuracy[0]))
        smoothed = average.add(loss)
        best = min(best, smoothed)
        if smoothed > stop_above * best:
            stopped = "loss"
            break
        trainer.config = replace(config, learning_rate=rate)
        trainer.run(updates=1)
        if trainer.diverged:
            stopped = "overflow"
            break
        counter.advance()
    return np.array(losses), np.array(accuracies), stopped


def _prepared(network: Network, data: Dataset) -> tuple[Array, Array]:
    return network.prepare_inputs(data.X), network.prepare_targets(data.y, len(data))


def _batches(seed: int, n: int, size: int) -> Iterator[Array]:
    """Give the points of each of the trainer's updates: epoch by epoch, the last batch smaller."""
    order = NumberedStream(seed, "batches")
    epoch = 0
    while True:
        points = order.at(epoch).permutation(n)
        for start in range(0, n, size):
            yield points[start : start + size]
        epoch += 1
