"""Checks of a training pipeline, to pass before any result of it is believed.

After Karpathy, "A Recipe for Training Neural Networks" (2019). Each check is a gate with a verdict
and its numbers, and has a bug that it is meant for: see `nbtutor.experiments.sabotage`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Network
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_choice, check_integer, check_number, check_type
from nbtutor.experiments.pipeline import Pipeline
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

_REPLICAS = 8  # initial weights over which the checks that train are averaged
_STEP = 1e-6  # of the finite differences, on weights near one in float64
_GRADIENT_POINTS = 8
_SMALL_LAYER = 1e-3
_WATCHED_EPOCHS = 5


@dataclass(frozen=True)
class Gates:
    """The thresholds of the checks, each with its reason.

    Parameters
    ----------
    initial : float, default 0.25
        Largest distance of the first loss from ln K, in nats. Before training the logits should be
        near zero; a spread of s adds about s²/8, so 0.25 is a spread of 1.4. Beyond that the net is
        sure of itself before it has seen anything, or the loss is not what it should be.
    two_points : float, default 0.05
        Largest loss on two points after `two_points_updates`, in nats. Two points of different
        classes can always be told apart, and the loss of what can be told apart falls as 1/updates.
    two_points_updates : int, default 1000
    zero_input : float, default 0.25
        By how much real inputs must beat zeros on validation loss, in nats. A net that cannot see
        can only learn the shares of the classes; one that sees but does no better is not told the
        right thing. Labels that have nothing to do with the inputs follow them by luck, worth about
        1/sqrt(n) nats: 0.07 for 200 points, so this is three and a half times that. Data whose
        classes overlap much have less to gain, and need a smaller gate and more points.
    shuffled : float, default 0.1
        How far below ln K validation loss may be after training on shuffled labels, in nats. The
        same luck, over the mean of eight shuffles, is 0.025 for 200 points; four times that can
        only come from a leak.
    gradient : float, default 1e-5
        Largest relative error of a layer's gradient against central differences in float64,
        |a - n| / (|a| + |n|) with Euclidean norms. Right gradients give about 1e-8; a kink (ReLU)
        between the two points can give 1e-6; a wrong sign gives 1.
    near : float, default 1e-4
        Distance under which a validation point counts as a copy of a training point, in standard
        deviations of the inputs. Exact copies, rounded to four digits or not, are nearer; two
        different points of 200 and 200 in the plane are that near once in thousands of draws.
    leak : float, default 0.01
        Largest share of validation points that are copies. Not zero, because on a curve without
        noise one pair may be that near by chance.
    scale : tuple of float, default (0.2, 5)
        Smallest and largest standard deviation of each input. Weights are drawn for inputs near
        one (LeCun et al., 1998, "Efficient BackProp", section 4.3); far above the units saturate,
        far below they do not see it.
    offset : float, default 1
        Largest distance of an input's mean from zero, in its standard deviations.
    batches : float, default 2
        Largest spread of the classes' shares from batch to batch, as a multiple of what shuffling
        gives (chi-square over its degrees of freedom). Shuffled points give 1 with a standard
        deviation near 0.15, sorted ones about the batch size.
    """

    initial: float = 0.25
    two_points: float = 0.05
    two_points_updates: int = 1000
    zero_input: float = 0.25
    shuffled: float = 0.1
    gradient: float = 1e-5
    near: float = 1e-4
    leak: float = 0.01
    scale: tuple[float, float] = (0.2, 5.0)
    offset: float = 1.0
    batches: float = 2.0

    def __post_init__(self) -> None:
        for name in ("initial", "two_points", "zero_input", "shuffled", "gradient", "near"):
            check_number(name, getattr(self, name), low=0, high=1e6)
        check_integer("two_points_updates", self.two_points_updates, low=1, high=1_000_000)
        check_number("leak", self.leak, low=0, high=1)
        low, high = self.scale
        check_number("scale[0]", low, low=0, high=high)
        check_number("scale[1]", high, low=low)
        check_number("offset", self.offset, low=0)
        check_number("batches", self.batches, low=1)


@dataclass(frozen=True)
class Check:
    """One gate.

    Attributes
    ----------
    name : str
        A name in `CHECKS`.
    passed : bool
    sentence : str
        The verdict in words, with its numbers.
    value, gate : float
        What was measured and what it is compared with.
    numbers : dict of str to float
        Everything measured.
    """

    name: str
    passed: bool
    sentence: str
    value: float
    gate: float
    numbers: dict[str, float]


@dataclass(frozen=True)
class SanityReport(Result):
    """The checks of a pipeline, in their order.

    Attributes
    ----------
    checks : tuple of Check
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that did not."""
        return tuple(check.name for check in self.checks if not check.passed)

    def __getitem__(self, name: str) -> Check:
        """Return one check by name."""
        names = [check.name for check in self.checks]
        return self.checks[names.index(check_choice("name", name, names))]


def initial_loss(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Before training the loss is ln K."""
    train, _ = pipeline.data(seed)
    loss = float(_loss(pipeline.network(seed, 4 * _REPLICAS), train).mean())
    chance = float(np.log(pipeline.classes))
    distance = abs(loss - chance)
    return Check(
        "initial_loss",
        distance <= gates.initial,
        f"Before training the loss is {loss:.3g}; ln {pipeline.classes} is {chance:.3f}.",
        distance,
        gates.initial,
        {"loss": loss, "chance": chance},
    )


def two_points(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Two points of different classes are learnt by heart."""
    train, _ = pipeline.data(seed)
    rows = [int(np.flatnonzero(train.y == label)[0]) for label in np.unique(train.y)[:2]]
    pair = Dataset(train.X[rows], train.y[rows])
    trainer = pipeline.trainer(pipeline.network(seed, _REPLICAS), pair, None, seed)
    trainer.run(updates=gates.two_points_updates)
    loss = float(_loss(trainer.network, pair).mean())
    return Check(
        "two_points",
        loss <= gates.two_points,
        f"After {gates.two_points_updates:,} updates the loss on two points is {loss:.3g}.",
        loss,
        gates.two_points,
        {"loss": loss},
    )


def zero_input(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Real inputs do better than zeros."""
    train, validation = pipeline.data(seed)
    blind = [Dataset(np.zeros_like(part.X), part.y) for part in (train, validation)]
    real, zero = (
        _train(pipeline, seed, *pair)[1] for pair in ((train, validation), (blind[0], blind[1]))
    )
    gain = zero - real
    return Check(
        "zero_input",
        gain >= gates.zero_input,
        f"Validation loss is {real:.3f} with the real inputs and {zero:.3f} with zeros.",
        gain,
        gates.zero_input,
        {"real": real, "zero": zero},
    )


def shuffled_labels(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Trained on shuffled labels, validation stays at chance.

    Training need not: a net can learn any labels by heart.
    """
    train, validation = pipeline.data(seed)
    rng = stream(seed, "shuffled labels")
    labels = np.array([rng.permutation(train.y) for _ in range(_REPLICAS)])
    train_loss, validation_loss = _train(pipeline, seed, Dataset(train.X, labels), validation)
    chance = float(np.log(pipeline.classes))
    below = chance - validation_loss
    return Check(
        "shuffled_labels",
        below <= gates.shuffled,
        f"Trained on shuffled labels, validation loss is {validation_loss:.3f}, and chance is "
        f"{chance:.3f}. Training loss is {train_loss:.3f}.",
        below,
        gates.shuffled,
        {"train": train_loss, "validation": validation_loss, "chance": chance},
    )


def gradient(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Gradients are the slopes of the loss, by central differences in float64."""
    train, _ = pipeline.data(seed)
    few = Dataset(train.X[:_GRADIENT_POINTS], train.y[:_GRADIENT_POINTS])
    network = pipeline.network(seed, dtype="float64")
    gradients = network.loss_and_gradients(few.X, few.y)[1]
    analytic = [layer[0].copy() for layer in gradients.layers]
    total = float(np.sqrt(sum((layer**2).sum() for layer in analytic)))
    errors: list[float] = []
    for layer, ours in zip(network.parameters.layers, analytic, strict=True):
        numeric = np.empty_like(ours)
        for place in np.ndindex(numeric.shape):
            here = (0, *place)
            value = layer[here]
            losses = []
            for moved in (value + _STEP, value - _STEP):
                layer[here] = moved
                losses.append(_loss(network, few)[0])
            layer[here] = value
            numeric[place] = (losses[0] - losses[1]) / (2 * _STEP)
        size = float(np.linalg.norm(ours) + np.linalg.norm(numeric))
        # A layer with next to no gradient is measured against the whole: its own is rounding.
        size = max(size, _SMALL_LAYER * total, 1e-300)
        errors.append(float(np.linalg.norm(ours - numeric)) / size)
    worst = int(np.argmax(errors))
    return Check(
        "gradient",
        errors[worst] <= gates.gradient,
        f"The gradients differ from finite differences by {errors[worst]:.1g} of their size, "
        f"most in layer {worst + 1}.",
        errors[worst],
        gates.gradient,
        {f"layer {layer + 1}": error for layer, error in enumerate(errors)},
    )


def leak(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """No validation point is a copy, exact or near, of a training point."""
    train, validation = pipeline.data(seed)
    deviation = train.X.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    distances = _nearest(validation.X / scale, train.X / scale)
    near = int((distances <= gates.near).sum())
    share = near / len(validation)
    return Check(
        "leak",
        share <= gates.leak,
        f"{near} of {len(validation)} validation points are copies of training points, "
        f"{int((distances == 0).sum())} of them exact.",
        share,
        gates.leak,
        {"near": near, "exact": float((distances == 0).sum()), "nearest": float(distances.min())},
    )


def scale(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Each input is near zero, and near one in size, as it goes into the net."""
    seen = _watch(pipeline, seed)
    inputs = np.concatenate([batch.inputs for batch in seen], axis=1, dtype=np.float64)
    mean, deviation = inputs.mean(axis=1), inputs.std(axis=1)
    low, high = gates.scale
    in_scale = (low <= deviation) & (deviation <= high)
    centred = np.abs(mean) <= gates.offset * deviation
    worst = int(np.argmax(np.abs(np.log(np.maximum(deviation, 1e-300)))))
    bad = np.flatnonzero(~(in_scale & centred))
    shown = int(bad[0]) if bad.size else worst
    return Check(
        "scale",
        not bad.size,
        f"Input {shown + 1} has mean {round(float(mean[shown]), 3):.3g} and standard deviation "
        f"{deviation[shown]:.3g} as it goes into the net.",
        float(deviation[shown]),
        high if deviation[shown] > 1 else low,
        {
            f"{name} {column + 1}": float(values[column])
            for column in range(len(mean))
            for name, values in (("mean", mean), ("deviation", deviation))
        },
    )


def batches(pipeline: Pipeline, seed: int, gates: Gates) -> Check:
    """Batches are mixed: the classes' shares are alike in all that go into the net."""
    seen = _watch(pipeline, seed)
    # A class is a distinct column of targets, however the output unit writes it.
    columns = np.concatenate([batch.targets for batch in seen], axis=1)
    numbers = np.unique(columns, axis=1, return_inverse=True)[1].ravel()
    ends = np.cumsum([batch.targets.shape[1] for batch in seen])[:-1]
    counts = np.array(
        [np.bincount(p, minlength=numbers.max() + 1) for p in np.split(numbers, ends)]
    )
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    degrees = (len(counts) - 1) * (counts.shape[1] - 1)
    spread = float(((counts - expected) ** 2 / expected).sum() / degrees) if degrees else 0.0
    pure = float((counts.max(axis=1) == counts.sum(axis=1)).mean())
    return Check(
        "batches",
        spread <= gates.batches,
        f"The classes' shares vary {spread:.2g} times as much as in shuffled batches; "
        f"{pure:.0%} of the batches have one class alone.",
        spread,
        gates.batches,
        {"spread": spread, "one class": pure},
    )


CHECKS: dict[str, Callable[[Pipeline, int, Gates], Check]] = {
    check.__name__: check
    for check in (
        scale,
        batches,
        leak,
        initial_loss,
        gradient,
        two_points,
        zero_input,
        shuffled_labels,
    )
}
"""The checks by name, in the order in which they are run: what needs no training first."""


def sanity(
    pipeline: Pipeline | None = None,
    *,
    checks: Sequence[str] | None = None,
    gates: Gates | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
) -> SanityReport:
    """Run the checks of a pipeline.

    Parameters
    ----------
    pipeline : Pipeline, optional
        What is checked.
    checks : sequence of str, optional
        Names in `CHECKS`; all by default.
    gates : Gates, optional
        The thresholds.
    seed : int, default 0
        Of data, weights, batches and shuffled labels.
    progress : callable, optional
        Hears of each check.
    resume : object, optional
        `Cancelled.partial` of the same call.

    Returns
    -------
    SanityReport

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` asked for it.
    """
    pipeline = Pipeline() if pipeline is None else pipeline
    check_type("pipeline", pipeline, Pipeline)
    gates = Gates() if gates is None else gates
    check_type("gates", gates, Gates)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    names = [
        check_choice("checks", name, CHECKS) for name in (CHECKS if checks is None else checks)
    ]
    done: dict[str, Check] = {} if resume is None else resume
    counter = Counter(len(names), progress, done)
    for name in names:
        if name not in done:
            done[name] = CHECKS[name](pipeline, seed, gates)
        counter.advance()
    return SanityReport(tuple(done[name] for name in names))


def _loss(network: Network, data: Dataset) -> Array:
    """Mean loss of each replica, shape (replicas,)."""
    inputs = network.prepare_inputs(data.X)
    return network.evaluate(inputs, network.prepare_targets(data.y, len(data))).loss


def _train(
    pipeline: Pipeline, seed: int, train: Dataset, validation: Dataset
) -> tuple[float, float]:
    """Train as the pipeline does; return the mean losses at the end."""
    network = pipeline.network(seed, _REPLICAS)
    trainer = pipeline.trainer(network, train, validation, seed)
    trainer.run(epochs=pipeline.epochs)
    return float(_loss(network, train).mean()), float(_loss(network, validation).mean())


@dataclass(frozen=True)
class _Seen:
    """A batch as it went into the net: arrays of shape (inputs, n) and (outputs, n)."""

    inputs: Array
    targets: Array


def _watch(pipeline: Pipeline, seed: int) -> list[_Seen]:
    """Train for a few epochs and return every batch, as the backward pass received it."""
    train, _ = pipeline.data(seed)
    network = pipeline.network(seed)
    seen: list[_Seen] = []
    backward = network.backward

    def watched(inputs: Array, targets: Array, *args: Any, **options: Any) -> None:
        seen.append(_Seen(inputs[:-1].copy(), targets.copy()))  # without the row of ones
        backward(inputs, targets, *args, **options)

    vars(network)["backward"] = watched  # this network alone
    pipeline.trainer(network, train, None, seed).run(epochs=_WATCHED_EPOCHS)
    return seen


def _nearest(points: Array, others: Array) -> Array:
    """Distance of each point to the nearest of the others, shape (n,)."""
    rows = max(1_000_000 // len(others), 1)  # bounds the memory of the table of distances
    blocks = [
        np.sqrt(((points[i : i + rows, None] - others) ** 2).sum(axis=-1)).min(axis=1)
        for i in range(0, len(points), rows)
    ]
    return np.concatenate(blocks)
