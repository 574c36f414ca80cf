"""Grid, random search and successive halving on equal budgets.

Over a measured surface: the validation loss by learning rate, which matters, and L2, which hardly
does. A grid tries few values of what matters, because it tries each of them with every value of
what does not (Bergstra and Bengio, 2012, "Random Search for Hyper-Parameter Optimization").
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, Trainer, TrainingConfig
from nbtutor.engine.random import stream
from nbtutor.engine.validation import ParameterError, check_integer, check_number, check_type
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.situation import output_layer

Array = np.ndarray

METHODS = ("grid", "random", "halving")
GOOD_SHARE = 0.05
_MAX_FLEET = 4096


@dataclass(frozen=True)
class Task:
    """What is tuned: a data set, a network, and the ranges of the two hyper-parameters.

    Every configuration starts from the same weights and sees the same points, so that the two
    hyper-parameters are all that differs.

    Parameters
    ----------
    dataset : str, default "moons"
        Of classes.
    noise : float, default 0.25
    n_train, n_validation : int, default 100, 300
    hidden : tuple of int, default (8,)
    batch_size : int, default 100
        By default all points: the order of the batches then adds no noise to the surface, and a
        training that is interrupted goes on as if it had not been.
    epochs : int, default 81
        Of one full training.
    learning_rate, l2 : tuple of float
        Smallest and largest; both are searched on a logarithmic scale.
    seed : int, default 0
        Of data, initial weights and batches.
    """

    dataset: str = "moons"
    noise: float = 0.25
    n_train: int = 100
    n_validation: int = 300
    hidden: tuple[int, ...] = (8,)
    batch_size: int = 100
    epochs: int = 81
    learning_rate: tuple[float, float] = (1e-2, 30.0)
    l2: tuple[float, float] = (1e-7, 1e-4)
    seed: int = 0

    def __post_init__(self) -> None:
        Generator(self.dataset, self.noise)  # checks both
        check_integer("n_train", self.n_train, low=2, high=100_000)
        check_integer("n_validation", self.n_validation, low=2, high=100_000)
        check_integer("epochs", self.epochs, low=1, high=100_000)
        check_integer("seed", self.seed, low=0, high=2**63 - 1)
        for name in ("learning_rate", "l2"):
            low, high = getattr(self, name)
            check_number(f"{name}[0]", low, low=0, high=1e6, include_low=False)
            check_number(f"{name}[1]", high, low=low, high=1e6, include_low=False)

    def settings(self, places: Array) -> tuple[Array, Array]:
        """Return learning rates and L2 at places in the unit square.

        Parameters
        ----------
        places : ndarray of shape (..., 2)
            From 0, the smallest, to 1, the largest; along the learning rate and along L2.

        Returns
        -------
        learning_rates, l2s : ndarray of shape (...)
        """
        rates, l2s = (
            low * (high / low) ** places[..., axis]
            for axis, (low, high) in enumerate((self.learning_rate, self.l2))
        )
        return rates, l2s

    def data(self) -> tuple[Dataset, Dataset]:
        """Return the training and the validation points."""
        generator = Generator(self.dataset, self.noise)
        train = generator.sample(self.n_train, stream(self.seed, "train"))
        return train, generator.sample(self.n_validation, stream(self.seed, "validation"))


@dataclass(frozen=True)
class Surface:
    """The validation loss over the two hyper-parameters, on a fine grid of cells.

    Attributes
    ----------
    task : Task
    loss : ndarray of shape (rates, l2s)
        In nats after `Task.epochs`, at the middle of each cell of the unit square; infinite where
        it could not be computed.
    """

    task: Task
    loss: Array = field(repr=False)

    @property
    def learning_rates(self) -> Array:
        """Learning rate of each row, shape (rates,)."""
        return self.task.settings(_middles(self.loss.shape[0]))[0]

    @property
    def l2s(self) -> Array:
        """L2 of each column, shape (l2s,)."""
        return self.task.settings(_middles(self.loss.shape[1]))[1]

    @property
    def good(self) -> Array:
        """Which cells are the best 5 % (rounded up), shape (rates, l2s), bool."""
        count = math.ceil(GOOD_SHARE * self.loss.size)
        result = np.zeros(self.loss.size, np.bool_)
        result[np.argsort(self.loss, axis=None, kind="stable")[:count]] = True
        return result.reshape(self.loss.shape)

    def cells(self, places: Array) -> tuple[Array, Array]:
        """Return row and column of the cells at places in the unit square, shape (..., 2)."""
        shape = np.array(self.loss.shape)
        indices = np.clip((places * shape).astype(int), 0, shape - 1)
        return indices[..., 0], indices[..., 1]


@dataclass(frozen=True)
class Rung:
    """A stage of successive halving.

    Attributes
    ----------
    configurations : int
        How many are in the race.
    epochs : int
        Up to which epoch each of them is trained.
    """

    configurations: int
    epochs: int


@dataclass(frozen=True)
class SearchResult(Result):
    """What each method finds with the same budget.

    Attributes
    ----------
    surface : Surface
    budget : int
        Full trainings; times `Task.epochs` in epochs, which all three may spend.
    rungs : tuple of Rung
        How successive halving spends it.
    picks : dict of str to ndarray of shape (configurations, 2)
        What the first repetition of each method tried, as places in the unit square.
    best : dict of str to ndarray of shape (repetitions,)
        Loss on the surface at what each repetition found best.
    hits : dict of str to float
        Share of the repetitions that found one of the best 5 % of the cells.
    expected_hits : float
        The same for random search, by probability.
    halving_loss : ndarray of shape (halving repetitions,)
        Loss of the winner in its own training. With batches smaller than all points it is not quite
        the surface's, because each rung begins the order of the batches anew.
    draws : ndarray of int of shape (n,)
        1, 2, 3 ...
    law, simulated : ndarray of shape (n,)
        Probability that so many random draws have a hit, and its share over the repetitions.
    """

    surface: Surface
    budget: int
    rungs: tuple[Rung, ...]
    picks: dict[str, Array] = field(repr=False)
    best: dict[str, Array] = field(repr=False)
    hits: dict[str, float]
    expected_hits: float
    halving_loss: Array = field(repr=False)
    draws: Array = field(repr=False)
    law: Array = field(repr=False)
    simulated: Array = field(repr=False)


def draws_needed(share: float = GOOD_SHARE, confidence: float = 0.95) -> int:
    """Return how many random draws have at least one in the best `share`.

    The least n with ``1 - (1 - share)^n >= confidence``: 59 for 5 % and 95 % (Bergstra and Bengio,
    2012). It does not depend on how many hyper-parameters there are.

    Parameters
    ----------
    share, confidence : float
        Above 0 and below 1.
    """
    for name, value in (("share", share), ("confidence", confidence)):
        check_number(name, value, low=0, high=1, include_low=False, include_high=False)
    n = max(math.ceil(math.log1p(-confidence) / math.log1p(-share)), 1)
    # The logarithms are rounded: step to the exact side.
    while n > 1 and hit_probability(n - 1, share) >= confidence:
        n -= 1
    while hit_probability(n, share) < confidence:
        n += 1
    return n


def hit_probability(draws: int, share: float = GOOD_SHARE) -> float:
    """Return the probability that `draws` random draws have one in the best `share`."""
    check_integer("draws", draws, low=0, high=1_000_000_000)
    check_number("share", share, low=0, high=1)
    return 1 - (1 - share) ** draws


def halving_plan(budget: int, epochs: int, eta: int = 3, rungs: int = 4) -> tuple[Rung, ...]:
    """Plan successive halving within ``budget * epochs`` epochs.

    Every configuration is trained a little; the best 1 / eta are trained on to eta times as many
    epochs, and so on, until the last few are trained in full (Jamieson and Talwalkar, 2016, with
    the largest resource fixed as in a bracket of Li et al., 2018, "Hyperband"). The more the first
    rung can hold, the better, so it is as large as the budget allows.

    Parameters
    ----------
    budget : int
        Full trainings that may be spent.
    epochs : int
        Of a full training.
    eta : int, default 3
        At least 2.
    rungs : int, default 4
        At most; fewer if the first would train for less than an epoch.
    """
    check_integer("budget", budget, low=1, high=100_000)
    check_integer("epochs", epochs, low=1, high=100_000)
    check_integer("eta", eta, low=2, high=100)
    check_integer("rungs", rungs, low=1, high=30)
    ends = sorted({epochs // eta**k for k in range(rungs)} - {0})
    steps = np.diff([0, *ends])

    def counts(first: int) -> list[int]:
        return [max(first // eta**rung, 1) for rung in range(len(ends))]

    first = budget  # affordable: nobody trains for longer than in full
    while int(np.dot(counts(first + 1), steps)) <= budget * epochs:
        first += 1
    return tuple(Rung(count, end) for count, end in zip(counts(first), ends, strict=True))


def measure_surface(
    task: Task | None = None,
    *,
    rates: int = 30,
    l2s: int = 20,
    progress: Progress | None = None,
) -> Surface:
    """Train one network in each cell of a grid of learning rates and L2, as one fleet.

    Parameters
    ----------
    task : Task, optional
    rates, l2s : int, default 30, 20
        Cells along each axis, together at most 4096. Of 600 cells the best 5 % are exactly 30.
    progress : callable, optional
        Hears of every epoch.

    Returns
    -------
    Surface
    """
    task = Task() if task is None else task
    check_type("task", task, Task)
    return _measure(task, rates, l2s, Counter(task.epochs, progress))


def search(
    surface: Surface | None = None,
    *,
    budget: int = 9,
    repetitions: int = 1000,
    halving_repetitions: int = 20,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
) -> SearchResult:
    """Search with a grid, at random, and by successive halving, many times each.

    Grid and random search look their losses up on the surface: so a thousand repetitions cost
    nothing. The grid has as many values on each axis and is shifted at random in each repetition,
    so that it is neither lucky nor unlucky. Successive halving trains for real, all repetitions as
    one fleet, because what it does depends on the losses on the way. It is no sure winner: where
    the curves of good and bad settings cross late, the early rungs drop the good ones.

    Parameters
    ----------
    surface : Surface, optional
        From `measure_surface`; the default one is measured.
    budget : int, default 9
        Full trainings that each method may spend: a square, for the grid's sake.
    repetitions : int, default 1000
        Of grid and random search.
    halving_repetitions : int, default 20
    seed : int, default 0
        Of the searches.
    progress : callable, optional
        Hears of every epoch that is trained.
    resume : object, optional
        `Cancelled.partial` of the same call: the surface, if it was complete.

    Returns
    -------
    SearchResult

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` asked for it.
    """
    check_integer("budget", budget, low=1, high=400)
    side = math.isqrt(budget)
    if side * side != budget:
        raise ParameterError("budget", budget, "a square", "A grid has as many on each axis.")
    check_integer("repetitions", repetitions, low=1, high=100_000)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    partial: dict[str, Surface] = {} if resume is None else resume
    if surface is not None:
        check_type("surface", surface, Surface)
        partial["surface"] = surface
    task = partial["surface"].task if "surface" in partial else Task()
    rungs = halving_plan(budget, task.epochs)
    largest = _MAX_FLEET // rungs[0].configurations
    check_integer("halving_repetitions", halving_repetitions, low=1, high=max(largest, 1))

    missing = 0 if "surface" in partial else task.epochs
    counter = Counter(missing + task.epochs, progress, partial)
    if missing:
        partial["surface"] = _measure(task, 30, 20, counter)
    surface = partial["surface"]

    draws = np.arange(1, max(2 * draws_needed(), budget) + 1)
    shift = stream(seed, "grid").random((repetitions, 1, 2))
    grid = (_square(side) + shift) / side
    random = stream(seed, "random").random((repetitions, len(draws), 2))
    start = stream(seed, "halving").random((halving_repetitions, rungs[0].configurations, 2))
    winners, halving_loss = _halve(task, start, rungs, counter)

    good_draws = surface.good[surface.cells(random)]
    tried = {"grid": grid, "random": random[:, :budget], "halving": winners[:, None]}
    best = {name: surface.loss[surface.cells(places)].min(axis=1) for name, places in tried.items()}
    hits = {
        name: float(surface.good[surface.cells(places)].any(axis=1).mean())
        for name, places in tried.items()
    }
    share = float(surface.good.mean())
    return SearchResult(
        surface=surface,
        budget=budget,
        rungs=rungs,
        picks={"grid": grid[0], "random": random[0, :budget], "halving": start[0]},
        best=best,
        hits=hits,
        expected_hits=hit_probability(budget, share),
        halving_loss=halving_loss,
        draws=draws,
        law=1 - (1 - share) ** draws.astype(float),
        simulated=np.maximum.accumulate(good_draws, axis=1).mean(axis=0),
    )


def _measure(task: Task, rates: int, l2s: int, counter: Counter) -> Surface:
    check_integer("rates", rates, low=1, high=_MAX_FLEET)
    check_integer("l2s", l2s, low=1, high=_MAX_FLEET // rates)
    rows, columns = np.meshgrid(_middles(rates)[:, 0], _middles(l2s)[:, 1], indexing="ij")
    places = np.column_stack([rows.ravel(), columns.ravel()])
    fleet = _Fleet(task, places)
    for _ in range(task.epochs):
        fleet.train(1)
        counter.advance()
    return Surface(task, fleet.loss().reshape(rates, l2s))


def _halve(
    task: Task, places: Array, rungs: tuple[Rung, ...], counter: Counter
) -> tuple[Array, Array]:
    """Return the winner of each repetition, shape (repetitions, 2), and its loss."""
    repetitions = len(places)
    fleet, epoch = _Fleet(task, places.reshape(-1, 2)), 0
    for number, rung in enumerate(rungs):
        for _ in range(rung.epochs - epoch):
            fleet.train(1)
            counter.advance()
        epoch = rung.epochs
        losses = fleet.loss().reshape(repetitions, -1)
        keep = rungs[number + 1].configurations if number + 1 < len(rungs) else 1
        best = np.argsort(losses, axis=1, kind="stable")[:, :keep]
        places = np.take_along_axis(places, best[..., None], axis=1)
        if number + 1 < len(rungs):
            rows = (best + losses.shape[1] * np.arange(repetitions)[:, None]).ravel()
            fleet = fleet.survivors(rows, seed=task.seed + number + 1)
    return places[:, 0], losses.min(axis=1)


class _Fleet:
    """Configurations in training, one replica each, all from the same initial weights."""

    def __init__(self, task: Task, places: Array, seed: int | None = None) -> None:
        self.task, self.places = task, places
        rates, l2s = task.settings(places)
        units, output = output_layer(Generator(task.dataset, task.noise).classes)
        network = Network(
            (2, *task.hidden, units), output=output, replicas=len(places), seed=task.seed
        )
        network.parameters.flat[:] = network.parameters.flat[0]
        config = TrainingConfig(
            learning_rate=tuple(rates.tolist()),
            l2=tuple(l2s.tolist()),
            batch_size=task.batch_size,
        )
        train, validation = task.data()
        self.network = network
        self._trainer = Trainer(
            network, train, validation, config, task.seed if seed is None else seed
        )

    def train(self, epochs: int) -> None:
        self._trainer.run(epochs=epochs)

    def loss(self) -> Array:
        """Return the validation loss, shape (configurations,); infinite where it is no number."""
        loss: Array = np.nan_to_num(self._trainer.history.validation_loss[-1], nan=np.inf)
        return loss

    def survivors(self, rows: Array, seed: int) -> _Fleet:
        """Return some of the configurations, with what they have learnt."""
        fleet = _Fleet(self.task, self.places[rows], seed)
        fleet.network.parameters.flat[:] = self.network.parameters.flat[rows]
        return fleet


def _middles(count: int) -> Array:
    """Middles of equal parts of the unit interval, for both axes, shape (count, 2)."""
    return np.repeat((np.arange(count) + 0.5) / count, 2).reshape(count, 2)


def _square(side: int) -> Array:
    """Whole coordinates of a square grid, shape (side², 2)."""
    return np.array([(row, column) for row in range(side) for column in range(side)], float)
