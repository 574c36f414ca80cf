"""A training run as a question: the data, the network and the settings, over fresh draws of all.

`run` trains a fleet, one replica a seed: each has points, initial weights and noise of its own.
Replica r of two situations has the same draws as far as they go, so that the two can be compared
pair by pair.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, Trainer, TrainingConfig
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.network import MAX_LAYERS, MAX_UNITS
from nbtutor.engine.random import stream
from nbtutor.engine.validation import (
    check_choice,
    check_integer,
    check_number,
    check_sizes,
    check_type,
)
from nbtutor.experiments.progress import Counter
from nbtutor.experiments.transfer import turned

Array = np.ndarray

MAX_REPLICAS = 512
_FLOOR_POINTS = 2000
_BLOCK = 5  # of each class: points are drawn by so many, so that the classes are balanced
_SPURIOUS_WIDTH = 3.0  # the plane's inputs have about this standard deviation

SOURCE_TURN = 30.0
"""Pretraining: degrees by which the related task is turned."""
TUNING = 0.1
"""Pretraining: the share of the learning rate that is left when the task itself is learned."""


@dataclass(frozen=True)
class Situation:
    """What is trained, on what, and how.

    Parameters
    ----------
    dataset : str, default "moons"
        A data set of classes.
    noise : float, default 0.3
        From 0 to 0.5.
    n_train : int, default 40
        Training points.
    n_validation : int, default 500
        Fresh points that the losses are measured on.
    hidden : tuple of int, default (16, 16)
        Units of the hidden layers.
    activation : str, default "tanh"
    config : TrainingConfig
        With one number for each setting, not one for each replica.
    epochs : int, default 200
    patience : int, default 0
        Early stopping (Prechelt, 1998): stop after so many epochs without a better loss on a third
        set, as large as the validation set, and go back to the best epoch. 0 is off. The third set
        is there because a loss is no longer a fair measure once it has chosen the epoch.
    spurious : int, default 0
        Further inputs that are pure noise, as wide as the plane's.
    copies : int, default 0
        Augmentation: copies of every training point, each moved a little.
    jitter : float, default 0.4
        How far a copy is moved: the standard deviation in units of the plane.
    pretraining : int, default 0
        Points of a related task that is learned first, with about as many updates: the same one,
        turned by `SOURCE_TURN`. Then all layers are fine-tuned, at `TUNING` times the rate. 0 is
        off.
    """

    dataset: str = "moons"
    noise: float = 0.3
    n_train: int = 40
    n_validation: int = 500
    hidden: tuple[int, ...] = (16, 16)
    activation: str = "tanh"
    config: TrainingConfig = field(default_factory=lambda: TrainingConfig(learning_rate=0.1))
    epochs: int = 200
    patience: int = 0
    spurious: int = 0
    copies: int = 0
    jitter: float = 0.4
    pretraining: int = 0

    def __post_init__(self) -> None:
        Generator(self.dataset, self.noise)  # checks both
        check_integer("n_train", self.n_train, low=2, high=100_000)
        check_integer("n_validation", self.n_validation, low=2, high=100_000)
        hidden = check_sizes("hidden", self.hidden, max_layers=MAX_LAYERS - 2, max_units=MAX_UNITS)
        object.__setattr__(self, "hidden", hidden)
        check_choice("activation", self.activation, ACTIVATIONS)
        check_type("config", self.config, TrainingConfig)
        check_integer("epochs", self.epochs, low=1, high=1_000_000)
        check_integer("patience", self.patience, low=0, high=1_000_000)
        check_integer("spurious", self.spurious, low=0, high=100)
        check_integer("copies", self.copies, low=0, high=100)
        check_number("jitter", self.jitter, low=0, high=10)
        check_integer("pretraining", self.pretraining, low=0, high=100_000)

    @property
    def generator(self) -> Generator:
        """Where the points come from."""
        return Generator(self.dataset, self.noise)

    def chance(self) -> float:
        """Return the loss of a network that knows nothing: ln K for K balanced classes."""
        return float(np.log(self.generator.classes))

    def floor(self) -> float:
        """Return the Bayes loss: that of the true P(class | point), which nothing can beat.

        The mean of -log P(true class | point) over fresh points, in nats.
        """
        data = self.generator.sample(_FLOOR_POINTS, stream(0, "bayes floor"))
        probability = data.posterior(data.X)[np.arange(len(data)), data.y]
        return float(-np.log(np.maximum(probability, 1e-300)).mean())


@dataclass(frozen=True)
class Run:
    """What training in a situation gave.

    Attributes
    ----------
    train_loss, validation_loss : ndarray of shape (epochs + 1, replicas)
        Mean cross-entropy in nats, without penalties and without dropout; the first row is before
        any training. Fewer rows if every replica diverged.
    chosen : ndarray of int of shape (replicas,)
        The row whose weights count: the last, or with early stopping the best on the third set.
    """

    train_loss: Array
    validation_loss: Array
    chosen: Array

    @property
    def final_train_loss(self) -> Array:
        """Training loss at the chosen epoch, shape (replicas,)."""
        return _pick(self.train_loss, self.chosen)

    @property
    def final_validation_loss(self) -> Array:
        """Validation loss at the chosen epoch, shape (replicas,)."""
        return _pick(self.validation_loss, self.chosen)


def output_layer(classes: int) -> tuple[int, str]:
    """Return the units and the name of the output for so many classes."""
    return (1, "sigmoid") if classes == 2 else (classes, "softmax")


def draw(situation: Situation, replicas: int, seed: int, purpose: str, n: int) -> Dataset:
    """Draw `n` points for each replica; a larger `n` keeps the points that a smaller one had.

    Parameters
    ----------
    situation : Situation
    replicas, seed : int
    purpose : str
        "train", "validation", "stopping" or "source": each has random numbers of its own.
    n : int

    Returns
    -------
    Dataset
        X of shape (replicas, n, 2 + spurious), y of shape (replicas, n).
    """
    generator = situation.generator
    block = _BLOCK * generator.classes
    size = -(-n // block) * block
    X = np.empty((replicas, size, 2 + situation.spurious))
    y = np.empty((replicas, size), np.int64)
    for replica in range(replicas):
        rng = stream(seed, purpose, replica)
        noise = stream(seed, f"spurious {purpose}", replica)
        for start in range(0, size, block):
            rows = slice(start, start + block)
            points = generator.sample(block, rng)
            X[replica, rows, :2], y[replica, rows] = points.X, points.y
            X[replica, rows, 2:] = _SPURIOUS_WIDTH * noise.standard_normal(
                (block, situation.spurious)
            )
    return Dataset(X[:, :n], y[:, :n])


def augment(data: Dataset, copies: int, jitter: float, seed: int) -> Dataset:
    """Return the points and `copies` of each, moved by Gaussian noise in the plane.

    Parameters
    ----------
    data : Dataset
        X of shape (replicas, n, inputs).
    copies : int
    jitter : float
        Standard deviation of the move, along each of the first two inputs.
    seed : int

    Returns
    -------
    Dataset
        X of shape (replicas, (copies + 1) n, inputs); the first n points are the old ones.
    """
    X = np.tile(data.X, (1, copies + 1, 1))
    n = len(data)
    for replica in range(len(X)):
        moves = stream(seed, "augmentation", replica).standard_normal((copies * n, 2))
        X[replica, n:, :2] += jitter * moves
    return Dataset(X, np.tile(data.y, (1, copies + 1)))


def run(
    situation: Situation, replicas: int = 16, seed: int = 0, counter: Counter | None = None
) -> Run:
    """Train a fleet in a situation, each replica on a draw of its own.

    Parameters
    ----------
    situation : Situation
    replicas : int, default 16
        From 1 to 512.
    seed : int, default 0
    counter : Counter, optional
        Is advanced by one for each epoch.

    Returns
    -------
    Run
    """
    training = Training(situation, replicas, seed)
    while not training.finished:
        if training.advance() and counter is not None:
            counter.advance()
    return training.result


class Training:
    """A fleet that is trained in a situation, an epoch at a time.

    Parameters
    ----------
    situation : Situation
    replicas : int, default 16
        From 1 to 512.
    seed : int, default 0

    Attributes
    ----------
    done, total : int
        Epochs, those of pretraining included.
    """

    def __init__(self, situation: Situation, replicas: int = 16, seed: int = 0) -> None:
        check_type("situation", situation, Situation)
        check_integer("replicas", replicas, low=1, high=MAX_REPLICAS)
        check_integer("seed", seed, low=0, high=2**63 - 1)
        self._situation, self._seed = situation, seed
        units, output = output_layer(situation.generator.classes)
        self._network = Network(
            (2 + situation.spurious, *situation.hidden, units),
            situation.activation,
            output,
            replicas=replicas,
            seed=seed,
        )
        self._source: Trainer | None = None
        self._trainer: Trainer | None = None
        self._stopping: _Stopping | None = None
        self.done, self.total = 0, epochs_in_all(situation)
        if situation.pretraining:
            self._source = Trainer(
                self._network, _source(situation, replicas, seed), None, situation.config, seed
            )
        else:
            self._begin()

    def _begin(self) -> None:
        """Start with the task itself."""
        situation, replicas, seed = self._situation, self._network.replicas, self._seed
        train = draw(situation, replicas, seed, "train", situation.n_train)
        if situation.copies:
            train = augment(train, situation.copies, situation.jitter, seed)
        validation = draw(situation, replicas, seed, "validation", situation.n_validation)
        config = situation.config
        if situation.pretraining:
            rate = np.multiply(config.learning_rate, TUNING)
            config = replace(config, learning_rate=rate.tolist())
        self._trainer = Trainer(self._network, train, validation, config, seed)
        if situation.patience:
            self._stopping = _Stopping(situation, self._network, seed)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.done >= self.total

    def advance(self) -> bool:
        """Train an epoch, and return whether it was one of the task itself."""
        self.done += 1
        if self._trainer is None:
            assert self._source is not None
            self._source.run(epochs=1)
            if self.done == self.total - self._situation.epochs:
                self._begin()
            return False
        self._trainer.run(epochs=1)
        if self._stopping is not None:
            self._stopping.measure()
        return True

    @property
    def result(self) -> Run:
        """What has come of it so far, once the task itself is being learned."""
        if self._trainer is None:
            raise RuntimeError("still pretraining: there is no result before the task itself")
        history = self._trainer.history
        last = len(history) - 1
        stopping = self._stopping
        chosen = np.full(self._network.replicas, last)
        if stopping is not None:
            chosen = stopping.best(last)
        return Run(history.train_loss, history.validation_loss, chosen)


def _source(situation: Situation, replicas: int, seed: int) -> Dataset:
    """Return points of the related task: the plane is turned, spurious inputs stay."""
    data = draw(situation, replicas, seed, "source", situation.pretraining)
    plane = turned(Dataset(data.X[..., :2], data.y), SOURCE_TURN)
    return Dataset(np.concatenate([plane.X, data.X[..., 2:]], axis=-1), data.y)


def epochs_in_all(situation: Situation) -> int:
    """Return the epochs of a situation with those of pretraining.

    The latter make about as many updates as the task itself has.
    """
    if not situation.pretraining:
        return situation.epochs
    size = situation.config.batch_size
    n_train = situation.n_train * (situation.copies + 1)
    updates = situation.epochs * -(-n_train // size)
    return situation.epochs + max(1, round(updates / -(-situation.pretraining // size)))


class _Stopping:
    """Watches the loss on a set that neither trains nor judges."""

    def __init__(self, situation: Situation, network: Network, seed: int) -> None:
        data = draw(situation, network.replicas, seed, "stopping", situation.n_validation)
        self._network = network
        self._inputs = network.prepare_inputs(data.X)
        self._targets = network.prepare_targets(data.y, len(data))
        self._patience = situation.patience
        self._losses: list[Array] = []
        self.measure()

    def measure(self) -> None:
        self._losses.append(self._network.evaluate(self._inputs, self._targets).loss)

    def best(self, last: int) -> Array:
        """Return the row to go back to, for each replica, at most `last`."""
        rows = stop_early(np.array(self._losses), self._patience)
        chosen: Array = np.minimum(rows, last)
        return chosen


def stop_early(losses: Array, patience: int) -> Array:
    """Return the row of the lowest loss before `patience` rows in a row bring none lower.

    Parameters
    ----------
    losses : ndarray of shape (rows, replicas)
    patience : int

    Returns
    -------
    ndarray of int of shape (replicas,)
    """
    best = np.zeros(losses.shape[1], np.int64)
    lowest = losses[0].copy()
    for row in range(1, len(losses)):
        better = (losses[row] < lowest) & (row - best <= patience)
        best[better], lowest[better] = row, losses[row][better]
    return best


def _pick(losses: Array, rows: Array) -> Array:
    picked: Array = losses[rows, np.arange(losses.shape[1])]
    return picked
