"""Fleets for experiments: many networks, each on data of its own, trained at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.engine.datasets import DOMAIN, MAX_POINTS, RegressionGenerator
from nbtutor.engine.network import MAX_LAYERS, MAX_UNITS
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_integer, check_sizes, is_sequence
from nbtutor.experiments.progress import Counter

Array = np.ndarray

MAX_SEED = 2**63 - 1
MAX_EPOCHS = 100_000
MAX_UPDATES = 10_000_000
_BREATH = 10  # epochs between two calls of the progress callback


def fresh_draws(
    generator: Generator | RegressionGenerator, n: int, draws: int, seed: int, name: str
) -> Dataset:
    """Draw `draws` independent data sets of `n` points.

    Draw r depends on the seed, the name and r alone: more draws keep the first ones.

    Returns
    -------
    Dataset
        ``X`` of shape (draws, n, 2), ``y`` of shape (draws, n).
    """
    parts = [generator.sample(n, stream(seed, name, draw)) for draw in range(draws)]
    X, y = np.stack([p.X for p in parts]), np.stack([p.y for p in parts])
    return Dataset(X, y, generator)


def learner(
    hidden: Sequence[int], classes: int, activation: str | Sequence[str], replicas: int, seed: int
) -> Network:
    """Return a fleet for points of the plane.

    With a sigmoid for two classes, softmax for more, and one linear unit for none (regression).
    """
    sizes = check_hidden("hidden", hidden)
    units, output = {0: (1, "linear"), 2: (1, "sigmoid")}.get(classes, (classes, "softmax"))
    return Network((2, *sizes, units), activation, output, replicas=replicas, seed=seed)


def training_config(settings: Mapping[str, Any], **defaults: Any) -> TrainingConfig:
    """Return the settings of an experiment: the caller's, and else its defaults.

    Raises
    ------
    TypeError
        If a name is unknown.
    ParameterError
        If a value is not allowed, or differs between replicas: in these experiments the networks
        of a fleet differ in their data and initial weights, and in nothing else.
    """
    known = [field.name for field in fields(TrainingConfig)]
    for name, value in settings.items():
        if name not in known:
            msg = f"unknown setting {name!r}; known are {', '.join(known)}"
            raise TypeError(msg)
        if is_sequence(value):
            raise ParameterError(name, value, "one number, the same for all networks here")
    return TrainingConfig(**{**defaults, **settings})


def train_epochs(trainer: Trainer, epochs: int, counter: Counter) -> None:
    """Train up to `epochs` in all, and count each as a part."""
    counter.done = trainer.epoch
    while counter.done < epochs:
        part = min(_BREATH, epochs - counter.done)
        trainer.run(epochs=part)  # does nothing once all networks have diverged
        counter.advance(part)


def trained(
    network: Network, data: Dataset, config: TrainingConfig, updates: int, seed: int
) -> Trainer:
    """Train a fleet for so many updates and return the trainer."""
    trainer = Trainer(network, data, config=config, seed=seed)
    trainer.run(updates=updates)
    return trainer


def diverged(trainer: Trainer) -> int:
    """Return how many of the networks left the finite numbers on the way."""
    return len({divergence.replica for divergence in trainer.divergences})


def answers(network: Network, points: Array) -> Array:
    """Return what networks with one output unit say, shape (replicas, n), float64.

    P(class 1) for a sigmoid, the value for a linear unit.
    """
    if network.output == "linear":
        said: Array = network.predict(points)[..., 0]
    else:
        said = network.predict_proba(points)[..., 1]
    return said.astype(np.float64)


def plane_grid(side: int) -> tuple[Array, Array]:
    """Return the coordinates of `side` columns and rows of the plane, and their points.

    Returns
    -------
    axis : ndarray of shape (side,)
        Good for both coordinates: the plane is square.
    points : ndarray of shape (side * side, 2)
        Row by row from the lowest y, so that ``reshape(side, side)`` is [y, x].
    """
    axis = np.linspace(DOMAIN[0], DOMAIN[1], side)
    x, y = np.meshgrid(axis, axis)
    return axis, np.column_stack([x.ravel(), y.ravel()])


def check_one_answer(generator: Generator | RegressionGenerator) -> None:
    """Do nothing if one number says all: P(class 1) of two classes, or the value of regression.

    Raises
    ------
    ParameterError
        If there are more classes.
    """
    if generator.classes > 2:
        name = generator.settings["name"]
        raise ParameterError("dataset", name, "a data set with two classes, or for regression")


def check_hidden(name: str, value: Any) -> tuple[int, ...]:
    """Return the units of hidden layers as a tuple; () for none."""
    return check_sizes(name, value, max_layers=MAX_LAYERS - 2, max_units=MAX_UNITS)


def check_seed(value: Any) -> int:
    """Return `value` if it is a seed: a whole number from 0 to 2**63 - 1."""
    return check_integer("seed", value, low=0, high=MAX_SEED)


def check_rising(name: str, counts: Any) -> list[int]:
    """Return `counts` as a list if they are two or more numbers of points, rising.

    Raises
    ------
    ParameterError
        If not.
    """
    allowed = "a rising sequence of two whole numbers or more"
    if not is_sequence(counts) or len(counts) < 2:
        raise ParameterError(name, counts, allowed)
    checked = [
        check_integer(f"{name}[{i}]", count, low=2, high=MAX_POINTS)
        for i, count in enumerate(counts)
    ]
    if any(after <= before for before, after in pairwise(checked)):
        raise ParameterError(name, counts, allowed)
    return checked


def check_flag(name: str, value: Any) -> bool:
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError(name, value, "True or False")
    return bool(value)


def mean_and_standard_error(values: Array, axis: int = -1) -> tuple[Array, Array]:
    """Return the mean over an axis and its standard error, the spread over the root of the count.

    The count must be two or more.
    """
    n = values.shape[axis]
    return values.mean(axis=axis), values.std(axis=axis, ddof=1) / np.sqrt(n)
