"""Underfit, overfit, good or unknown, said of one run while it trains.

The rules, thresholds and words are those of `nbtutor.experiments.diagnose`. One run has no seeds
to take the uncertainty from, so it is taken from the points. What the luck of the draw can do is
then known too: validation loss counts as below training loss only where it is so by more than its
half-width, besides the threshold. Else many a run that learnt little would be "unknown".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from nbtutor.engine import Dataset, Network
from nbtutor.engine.datasets import Generator
from nbtutor.experiments.diagnose import Fit, Thresholds
from nbtutor.experiments.intervals import t_quantile

Array = np.ndarray

NOT_TRAINED = "Not trained yet."
CONFIDENCE = 0.95
FLOOR_POINTS = 200
"""Points that the lowest possible loss is measured on: 30 ms at the most, once a run."""

_MOST_DEGREES = 200  # of freedom; beyond, Student's t is the Gaussian to within 1 %
_LEAST_TO_LEARN = 0.01
_MOST_BELOW = 1e6  # shares of what there is to learn: as good as infinite
_WHY_BELOW = "The validation points are the easier ones, by luck or because the two sets differ."


@dataclass(frozen=True)
class Verdict:
    """The kind of fit of one run at one moment, with the numbers behind it.

    Attributes
    ----------
    verdict : {"untrained", "underfit", "overfit", "good", "unknown"}
        "unknown" is validation loss below training loss, or losses that say nothing.
    certain : bool
        Whether every pair of values in the two intervals gives the same verdict.
    sentence : str
        The verdict in words, with its numbers.
    train_loss, validation_loss, gap : float
        Means over the points, as the weights are now, nothing dropped and without penalties; the
        gap is validation minus training.
    train_half_width, gap_half_width : float
        Intervals at 95 %, the mean plus or minus this: Student's t times the standard error.

        The standard errors are those of means over points: s / sqrt(n) for the training loss, and
        sqrt(s_t² / n_t + s_v² / n_v) for the gap, where s is the standard deviation of the losses
        of single points and n their number (Welch, 1947; the degrees of freedom are those of the
        smaller set, which errs on the wide side). So they tell what another draw of points would
        do to the mean losses of this network, and not what another training would give: for that,
        train with several seeds, as `nbtutor.experiments.diagnose_run` does. Infinite where a set
        has one point.
    chance : float
        Loss of a network that knows nothing: ln K for K classes (1/4, or 1 - 1/K for more than two
        classes, with squared error), and the variance of the training values for regression, the
        loss of predicting their mean.
    floor : float
        The lowest loss that can be reached, see `lowest_loss`.
    thresholds : Thresholds
        With `below` as high as the gap's half-width, if that is more.
    """

    verdict: str
    certain: bool
    sentence: str
    train_loss: float
    validation_loss: float
    gap: float
    train_half_width: float
    gap_half_width: float
    chance: float
    floor: float
    thresholds: Thresholds


class Judge:
    """Gives the verdict on a network as it is now, over and over while it trains.

    Parameters
    ----------
    network : Network
        Its first replica is judged.
    train, validation : Dataset
    """

    def __init__(self, network: Network, train: Dataset, validation: Dataset) -> None:
        self.network = network
        self.train, self.validation = train, validation

    @cached_property
    def training_points(self) -> tuple[Array, Array]:
        """Inputs and targets of the training points, as the network takes them."""
        return self._prepare(self.train)

    def __call__(self, trained: bool = True) -> Verdict:
        """Return the verdict; `trained` is whether there was any training yet."""
        with np.errstate(all="ignore"):  # huge weights overflow here; that is told below
            train = self._losses(*self.training_points)
            validation = self._losses(*self.validation_points)
            gap = float(validation.mean() - train.mean())
            degrees = min(len(train), len(validation)) - 1
            errors = _standard_error(train), _standard_error(validation)
        level_width = _half_width(errors[0], len(train) - 1)
        gap_width = _half_width(math.hypot(*errors), degrees)
        # The floor takes a while, and nobody asks for it before there is something to judge.
        floor = self.floor if trained else 0.0
        level = float(train.mean())
        scale = self.chance - floor
        regression = self.network.output == "linear"
        fit = Fit(
            *(level, level_width, gap, gap_width, self.chance, floor),
            _thresholds(gap_width, scale),
            decimals=_decimals(scale),
            nothing="predicting the mean" if regression else "chance",
            why_below=_WHY_BELOW,
        )
        verdict, certain = "unknown", False
        if not trained:
            verdict, certain, sentence = "untrained", True, NOT_TRAINED
        elif not (math.isfinite(level) and math.isfinite(gap)):
            sentence = "Unknown: a loss is too large to compute with."
        elif scale <= _LEAST_TO_LEARN * self.chance:
            sentence = f"Unknown: on these points, nothing can do better than {fit.nothing}."
        else:
            verdict, certain = fit.verdict, fit.certain
            sentence = fit.sentence + _doubt(fit)
        return Verdict(
            *(verdict, certain, sentence, level, level + gap, gap, level_width, gap_width),
            *(self.chance, floor, fit.thresholds),
        )

    @cached_property
    def chance(self) -> float:
        """Loss of a network that knows nothing."""
        if self.network.output == "linear":
            return float(np.var(self.train.y))
        # Of points of one's own, a class may be among the validation points only.
        classes = max(self.network.sizes[-1], 2)
        if self.network.loss == "cross_entropy":
            return math.log(classes)
        return 0.25 if self.network.output == "sigmoid" else 1 - 1 / classes

    @cached_property
    def floor(self) -> float:
        """The lowest loss that can be reached."""
        return lowest_loss(self.train, self.network.loss, self.network.output)

    @cached_property
    def validation_points(self) -> tuple[Array, Array]:
        """Inputs and targets of the validation points, as the network takes them."""
        return self._prepare(self.validation)

    def _prepare(self, data: Dataset) -> tuple[Array, Array]:
        return self.network.prepare_inputs(data.X), self.network.prepare_targets(data.y, len(data))

    def _losses(self, inputs: Array, targets: Array) -> Array:
        """Return the loss of every point, shape (n,), float64."""
        losses = self.network.point_losses(self.network.forward(inputs), targets)[0]
        wide: Array = losses.astype(np.float64)
        return wide


def lowest_loss(data: Dataset, loss: str, output: str) -> float:
    """Return the loss of the true probabilities, or of the true mean: nothing generalises better.

    For regression it is the variance of the noise. For classes it is the expected loss, over the
    labels that a point may get, of the true P(class | point): the entropy, or the Brier score. Its
    mean is taken over the first points of `data` (exact where classes do not overlap, since all
    points are alike then). 0 for data of one's own, whose truth is not known.

    Parameters
    ----------
    data : Dataset
        At most `FLOOR_POINTS` of its points count.
    loss : {"cross_entropy", "squared_error"}
    output : {"sigmoid", "softmax", "linear"}
        The Brier score of a sigmoid counts class 1 alone, that of softmax sums over the classes.
    """
    generator = data.generator
    if generator is None:
        return 0.0
    if not isinstance(generator, Generator):
        return generator.bayes_error
    if generator.family.blur(generator.noise) == 0:
        others = generator.label_noise / (generator.classes - 1)
        posterior = np.full((1, generator.classes), others)
        posterior[0, 0] = 1 - generator.label_noise
    else:
        posterior = generator.posterior(data.X[:FLOOR_POINTS])
    if loss == "cross_entropy":
        # p log p is 0 at p = 0.
        return float(-(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1).mean())
    brier = (posterior * (1 - posterior)).sum(axis=1).mean()
    return float(brier / 2 if output == "sigmoid" else brier)


def _thresholds(gap_width: float, scale: float) -> Thresholds:
    usual = Thresholds()
    if scale <= 0 or not gap_width / scale > usual.below:
        return usual
    return replace(usual, below=min(gap_width / scale, _MOST_BELOW))


def _doubt(fit: Fit) -> str:
    if not math.isfinite(fit.gap_width + fit.level_width):
        return " Too few points to say how sure this is."
    return "" if fit.certain else " This is not certain."


def _standard_error(losses: Array) -> float:
    """Return the standard error of the mean; infinite for one point."""
    if len(losses) < 2:
        return math.inf
    return float(losses.std(ddof=1)) / math.sqrt(len(losses))


def _half_width(standard_error: float, degrees: int) -> float:
    if not math.isfinite(standard_error):
        return math.inf
    return _quantile(min(degrees, _MOST_DEGREES)) * standard_error


@cache
def _quantile(degrees: int) -> float:
    return t_quantile((1 + CONFIDENCE) / 2, degrees)


def _decimals(scale: float) -> int:
    """Return how many decimals tell losses apart whose whole range is `scale`."""
    if scale <= 0:
        return 2
    return min(max(2 + math.ceil(-math.log10(scale / 0.2)), 2), 6)
