"""Distillation: one small network that learns from the answers of an ensemble.

An ensemble knows more than the labels say: how sure it is of every point, and which other class it
would have named. A student that learns those answers instead of the labels comes nearer to the
ensemble than to its own kind (Hinton, Vinyals and Dean, Distilling the knowledge in a neural
network, 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, ParameterError, TrainingConfig
from nbtutor.engine.datasets import MAX_POINTS
from nbtutor.engine.validation import check_integer, check_number, is_sequence
from nbtutor.experiments.fleets import (
    MAX_UPDATES,
    check_hidden,
    check_seed,
    fresh_draws,
    learner,
    mean_and_standard_error,
    trained,
    training_config,
)
from nbtutor.experiments.partial import begin
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result

Array = np.ndarray

MAX_FLEET = 2000
MAX_TEMPERATURE = 1000.0


@dataclass(frozen=True)
class Scores:
    """How well some networks do on fresh points.

    Attributes
    ----------
    wrong : ndarray of shape (replicas,) or (temperatures, replicas)
        Share of wrong answers.
    loss : ndarray, of the same shape
        Cross-entropy with the labels, in nats.
    """

    wrong: Array
    loss: Array


@dataclass(frozen=True)
class DistillResult(Result):
    """What `distill` found. Replica r of all kinds has to do with draw r of the data.

    Attributes
    ----------
    temperatures : ndarray of shape (temperatures,)
    member : Scores
        The teacher's members by themselves, the mean over them.
    teacher : Scores
        The ensemble: the mean of its members' probabilities.
    hard : Scores
        Students that learned the labels.
    soft : Scores
        Students that learned the teacher's answers for the same points, a row a temperature.
    more : Scores or None
        The same with further points that only the teacher has labelled.
    """

    temperatures: Array
    member: Scores
    teacher: Scores
    hard: Scores
    soft: Scores
    more: Scores | None

    @property
    def gain(self) -> tuple[Array, Array]:
        """What soft labels take off the share of wrong answers, and its standard error.

        Each of shape (temperatures,); student by student, with the same initial weights and points.
        """
        return mean_and_standard_error(self.hard.wrong - self.soft.wrong)

    @property
    def loss_gain(self) -> tuple[Array, Array]:
        """The same for the cross-entropy."""
        return mean_and_standard_error(self.hard.loss - self.soft.loss)

    @property
    def gain_with_more(self) -> tuple[Array, Array]:
        """What soft labels and further points together take off the share of wrong answers.

        Raises
        ------
        ValueError
            If there were no further points.
        """
        if self.more is None:
            msg = "There were no further points: call distill with unlabelled above 0."
            raise ValueError(msg)
        return mean_and_standard_error(self.hard.wrong - self.more.wrong)


def distill(
    dataset: str = "moons",
    hidden: Sequence[int] = (8, 8),
    temperatures: Sequence[float] = (1.0, 2.0, 4.0, 8.0),
    members: int = 10,
    n_train: int = 100,
    replicas: int = 20,
    updates: int = 5000,
    *,
    teacher_hidden: Sequence[int] = (8, 8),
    unlabelled: int = 1000,
    noise: float = 0.3,
    activation: str | Sequence[str] = "tanh",
    n_test: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
    **training: Any,
) -> DistillResult:
    """Train ensembles, and students on their answers and on the labels.

    Parameters
    ----------
    dataset : str, default "moons"
        A name of a data set with classes.
    hidden : sequence of int, default (8, 8)
        Units of the student's hidden layers.
    temperatures : sequence of float, default (1, 2, 4, 8)
        Each from 1 to 1000. At a high one the teacher's answers are soft: they tell of the classes
        that it holds less likely.
    members : int, default 10
        Networks in a teacher, 2 or more.
    n_train : int, default 100
        Points with labels, for the teacher and for the student, 2 or more.
    replicas : int, default 20
        Draws of the data, 2 or more, each with a teacher and students of its own.
    updates : int, default 5000
        Of every network, teacher or student.
    teacher_hidden : sequence of int, default (8, 8)
        Units of the hidden layers of the teacher's members.
    unlabelled : int, default 1000
        Further points for the student, whose labels the teacher gives; 0 for none.
    noise : float, default 0.3
        Of the data, from 0 to 0.5.
    activation : str or sequence of str, default "tanh"
        Of all networks.
    n_test : int, default 1000
        Fresh points for each draw of the data.
    seed : int, default 0
    progress : callable, optional
        ``progress(parts done, parts)``; the teachers and each kind of students are parts. To
        return False cancels.
    resume : object, optional
        `Cancelled.partial` of a cancelled call with the same arguments.
    **training
        Fields of `TrainingConfig`, one number each; `learning_rate` is 0.3 unless it is given.

    Returns
    -------
    DistillResult

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    TypeError
        If a name in `training` is unknown.
    Cancelled
        If `progress` returned False.

    Notes
    -----
    The student's probabilities at temperature T are those of its logits divided by T. So it is
    trained as any network, on labels of the teacher that are softened by T, and its last layer is
    multiplied by T afterwards. Its gradients are then as large as at T = 1, which is what the
    factor T² in the paper is for.
    """
    arguments = {**locals()}
    del arguments["progress"], arguments["resume"]
    generator = Generator(dataset, noise)
    check_hidden("hidden", hidden)
    check_hidden("teacher_hidden", teacher_hidden)
    heats = _check_temperatures(temperatures)
    check_integer("members", members, low=2, high=MAX_FLEET)
    check_integer("n_train", n_train, low=2, high=MAX_POINTS)
    check_integer("replicas", replicas, low=2, high=MAX_FLEET // max(members, len(heats)))
    check_integer("updates", updates, low=1, high=MAX_UPDATES)
    check_integer("unlabelled", unlabelled, low=0, high=MAX_POINTS)
    check_integer("n_test", n_test, low=1, high=MAX_POINTS)
    check_seed(seed)
    config = training_config(training, learning_rate=0.3)
    classes = generator.classes

    partial = begin("distill", arguments, lambda: dict[str, Network](), resume)
    done = partial.work
    counter = Counter(4 if unlabelled else 3, progress, partial)
    counter.done = len(done)
    train = fresh_draws(generator, n_train, replicas, seed, "training draw")

    if "teacher" not in done:
        # Network r * members + m is member m of teacher r.
        X, y = (np.repeat(array, members, axis=0) for array in (train.X, train.y))
        network = learner(teacher_hidden, classes, activation, replicas * members, seed)
        done["teacher"] = trained(network, Dataset(X, y), config, updates, seed).network
        counter.advance()
    # Students start from weights that no member started from.
    start = learner(hidden, classes, activation, replicas, seed + 1).parameters.flat
    if "hard" not in done:
        network = learner(hidden, classes, activation, replicas, seed)
        network.parameters.flat[:] = start
        done["hard"] = trained(network, train, config, updates, seed).network
        counter.advance()
    points = {"soft": train.X}
    if unlabelled:
        extra = fresh_draws(generator, unlabelled, replicas, seed, "unlabelled draw")
        points["more"] = np.concatenate([train.X, extra.X], axis=1)
    for name, X in points.items():
        if name not in done:
            network = learner(hidden, classes, activation, replicas * len(heats), seed)
            network.parameters.flat[:] = np.tile(start, (len(heats), 1))
            done[name] = _students(network, done["teacher"], X, heats, config, updates, seed)
            counter.advance()

    test = fresh_draws(generator, n_test, replicas, seed, "test draw")
    probabilities = tempered(done["teacher"], test.X, 1.0)  # (replicas, members, n, classes)
    by_member = _score(probabilities, test.y[:, None])
    together = _score(probabilities.mean(axis=1), test.y)
    return DistillResult(
        temperatures=heats,
        member=Scores(by_member.wrong.mean(axis=1), by_member.loss.mean(axis=1)),
        teacher=together,
        hard=_score(tempered(done["hard"], test.X, 1.0)[:, 0], test.y),
        soft=_by_temperature(done["soft"], test),
        more=_by_temperature(done["more"], test) if unlabelled else None,
    )


def tempered(network: Network, X: Array, temperature: float | Array) -> Array:
    """Return the probabilities of a network's logits divided by a temperature.

    Parameters
    ----------
    network : Network
        With ``draws * each`` replicas: those of one draw are side by side.
    X : ndarray of shape (draws, n, 2)
        The points of each draw.
    temperature : float
        Above 0.

    Returns
    -------
    ndarray of shape (draws, each, n, classes), float64
    """
    each = network.replicas // len(X)
    logits = network.logits(np.repeat(X, each, axis=0)).astype(np.float64) / temperature
    if logits.shape[-1] == 1:  # a sigmoid is a softmax of the logit and 0
        logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
    logits -= logits.max(axis=-1, keepdims=True)
    odds = np.exp(logits)
    probabilities: Array = odds / odds.sum(axis=-1, keepdims=True)
    return probabilities.reshape(len(X), each, *probabilities.shape[1:])


def _students(
    network: Network,
    teacher: Network,
    X: Array,
    temperatures: Array,
    config: TrainingConfig,
    updates: int,
    seed: int,
) -> Network:
    """Train students on a teacher's answers; student t * draws + r is of temperature t, draw r."""
    labels = [tempered(teacher, X, t).mean(axis=1) for t in temperatures]
    data = Dataset(np.tile(X, (len(temperatures), 1, 1)), np.concatenate(labels))
    trained(network, data, config, updates, seed)
    of_student = np.repeat(temperatures, len(X))
    network.weights[-1][:] *= of_student[:, None, None]
    network.biases[-1][:] *= of_student[:, None]
    return network


def _by_temperature(students: Network, test: Dataset) -> Scores:
    """Return the scores of students, shape (temperatures, replicas)."""
    draws = len(test.X)
    heats = students.replicas // draws
    X, y = np.tile(test.X, (heats, 1, 1)), np.tile(test.y, (heats, 1))
    scores = _score(tempered(students, X, 1.0)[:, 0], y)
    return Scores(scores.wrong.reshape(heats, draws), scores.loss.reshape(heats, draws))


def _score(probabilities: Array, y: Array) -> Scores:
    """Return the scores of probabilities, shape (..., n, classes), against labels (..., n)."""
    labels = np.broadcast_to(y, probabilities.shape[:-1])[..., None]
    of_truth = np.take_along_axis(probabilities, labels, axis=-1)[..., 0]
    wrong = (probabilities.argmax(axis=-1) != labels[..., 0]).mean(axis=-1)
    # A probability that has been rounded to 0 counts as the smallest that a float32 can hold.
    loss = -np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean(axis=-1)
    return Scores(wrong, loss)


def _check_temperatures(temperatures: Any) -> Array:
    if not is_sequence(temperatures) or len(temperatures) == 0:
        raise ParameterError("temperatures", temperatures, "a sequence of numbers of at least 1")
    return np.array(
        [
            check_number(f"temperatures[{i}]", t, low=1, high=MAX_TEMPERATURE)
            for i, t in enumerate(temperatures)
        ]
    )
