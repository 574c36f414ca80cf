"""Which remedy helps? Each one run from the same state, and ranked by what it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_type,
    is_sequence,
)
from nbtutor.experiments.intervals import t_interval
from nbtutor.experiments.progress import Counter, Progress
from nbtutor.experiments.result import Result
from nbtutor.experiments.situation import MAX_REPLICAS, Situation, Training, epochs_in_all

Array = np.ndarray


@dataclass(frozen=True)
class Remedy:
    """One thing to do about a fit.

    Attributes
    ----------
    name : str
        The name in the registry.
    sentence : str
        What is done, for a person.
    change : callable
        ``change(situation)`` returns the changed situation, or None where there is nothing to
        change: a net without spurious inputs cannot lose any.
    """

    name: str
    sentence: str
    change: Callable[[Situation], Situation | None]


def _more_data(now: Situation) -> Situation:
    # As many updates as before, so that what is seen is the data and not longer training.
    return replace(now, n_train=4 * now.n_train, epochs=max(now.epochs // 4, 1))


def _more_units(now: Situation) -> Situation:
    # A net without hidden units gets its first layer.
    return replace(now, hidden=tuple(4 * units for units in now.hidden) or (8,))


def _fewer_units(now: Situation) -> Situation | None:
    fewer = tuple(max(units // 4, 1) for units in now.hidden)
    return replace(now, hidden=fewer) if fewer != now.hidden else None


def _train_longer(now: Situation) -> Situation:
    return replace(now, epochs=4 * now.epochs)


def _early_stopping(now: Situation) -> Situation | None:
    return replace(now, patience=max(now.epochs // 10, 1)) if not now.patience else None


def _fewer_inputs(now: Situation) -> Situation | None:
    return replace(now, spurious=0) if now.spurious else None


def _augmentation(now: Situation) -> Situation | None:
    if now.copies:
        return None
    # As many updates as before, for the same reason.
    return replace(now, copies=4, epochs=max(now.epochs // 5, 1))


def _smaller_batch(now: Situation) -> Situation | None:
    size = min(now.config.batch_size, now.n_train)
    return with_training(now, batch_size=max(size // 4, 1)) if size > 1 else None


def _larger_batch(now: Situation) -> Situation | None:
    size = now.config.batch_size
    return with_training(now, batch_size=4 * size) if size < now.n_train else None


def stronger(name: str, least: float, most: float) -> Callable[[Situation], Situation | None]:
    """Return what raises a penalty or dropout.

    Parameters
    ----------
    name : {"l1", "l2", "dropout"}
    least, most : float
        From below `least` it is raised to that; else to three times, at most `most`.
    """

    def change(now: Situation) -> Situation | None:
        value = _number(now, name)
        raised = least if value < least else min(3 * value, most)
        return with_training(now, **{name: raised}) if raised > value else None

    return change


def _rate(factor: float) -> Callable[[Situation], Situation | None]:
    def change(now: Situation) -> Situation | None:
        value = _number(now, "learning_rate")
        return with_training(now, learning_rate=factor * value) if value else None

    return change


REMEDIES: dict[str, Remedy] = {
    remedy.name: remedy
    for remedy in (
        Remedy("more_data", "Four times the points, as many updates.", _more_data),
        Remedy("augmentation", "Copies of the points, moved a little.", _augmentation),
        Remedy("fewer_inputs", "Without the inputs that are noise.", _fewer_inputs),
        Remedy("more_units", "Four times as many hidden units.", _more_units),
        Remedy("fewer_units", "A quarter of the hidden units.", _fewer_units),
        Remedy("train_longer", "Four times as many epochs.", _train_longer),
        Remedy("early_stopping", "Stop early, and go back to the best epoch.", _early_stopping),
        Remedy("l2", "A stronger L2 penalty.", stronger("l2", 0.01, 1)),
        Remedy("l1", "A stronger L1 penalty.", stronger("l1", 0.002, 1)),
        Remedy("dropout", "More dropout.", stronger("dropout", 0.2, 0.6)),
        Remedy("smaller_batch", "A quarter of the batch, the same epochs.", _smaller_batch),
        Remedy("larger_batch", "Four times the batch, the same epochs.", _larger_batch),
        Remedy("lower_rate", "A quarter of the learning rate.", _rate(0.25)),
        Remedy("higher_rate", "Four times the learning rate.", _rate(4)),
    )
}
"""The remedies of the notes by name; add to a copy to try one more."""


@dataclass(frozen=True)
class Prescription(Result):
    """What each remedy did, the best first.

    Attributes
    ----------
    remedies : tuple of Remedy
        In the order of their mean effect, the largest fall of validation loss first.
    skipped : tuple of str
        Remedies that change nothing here.
    before_train, before_validation : ndarray of shape (replicas,)
        Losses in nats without any remedy.
    train_loss, validation_loss : ndarray of shape (remedies, replicas)
        Losses with each remedy, on the same draws and from the same seeds.
    effect : ndarray of shape (remedies,)
        Mean change of validation loss; negative is better.
    half_width : ndarray of shape (remedies,)
        Student's t interval at 95 % of the effect, pair by pair: the effect plus or minus this.
    """

    remedies: tuple[Remedy, ...]
    skipped: tuple[str, ...]
    before_train: Array
    before_validation: Array
    train_loss: Array
    validation_loss: Array
    effect: Array
    half_width: Array

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the remedies, the best first."""
        return tuple(remedy.name for remedy in self.remedies)

    def verdict(self, name: str) -> str:
        """Return "helps", "harms" or "unclear": whether the interval leaves zero out."""
        place = self.names.index(check_choice("name", name, self.names))
        effect, half_width = self.effect[place], self.half_width[place]
        if abs(effect) <= half_width:
            return "unclear"
        return "helps" if effect < 0 else "harms"


def prescribe(
    situation: Situation | None = None,
    *,
    remedies: Sequence[str] | Mapping[str, Remedy] | None = None,
    replicas: int = 16,
    seed: int = 0,
    progress: Progress | None = None,
    resume: Any = None,
) -> Prescription:
    """Run every remedy from the present state and rank them by their effect on validation loss.

    Each replica has the same validation points, initial weights (where the shape of the net stays)
    and training points (of which more data keeps the old ones) with every remedy. So what differs
    between two replicas drops out of the effect, which is taken pair by pair.

    Parameters
    ----------
    situation : Situation, optional
        The present state.
    remedies : sequence of str, or mapping of str to Remedy, optional
        Names in `REMEDIES`, or remedies of one's own; by default all of `REMEDIES`.
    replicas : int, default 16
        Runs of each remedy, from 2 to 512.
    seed : int, default 0
    progress : callable, optional
        Hears of each run of a fleet: one for the present state and one for each remedy.
    resume : object, optional
        `Cancelled.partial` of the same call.

    Returns
    -------
    Prescription

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    Cancelled
        If `progress` asked for it.
    """
    trial = Trial(situation, remedies, replicas, seed)
    if resume is not None:
        trial.losses = resume
    counter = Counter(len(trial.plan), progress, trial.losses)
    for name in trial.plan:
        if name not in trial.losses:
            trial.run(name)
        counter.advance()
    return trial.result


class Trial:
    """The remedies of `prescribe`, tried in portions.

    Parameters
    ----------
    situation, remedies, replicas, seed
        As of `prescribe`.

    Attributes
    ----------
    plan : dict of str to Situation
        What is run: the present state by the name "", and the remedies that change something.
    losses : dict of str to (ndarray, ndarray)
        Final training and validation losses of what has been run, each of shape (replicas,).
    """

    def __init__(
        self,
        situation: Situation | None = None,
        remedies: Sequence[str] | Mapping[str, Remedy] | None = None,
        replicas: int = 16,
        seed: int = 0,
    ) -> None:
        situation = Situation() if situation is None else situation
        check_type("situation", situation, Situation)
        self._replicas = check_integer("replicas", replicas, low=2, high=MAX_REPLICAS)
        self._seed = seed
        for name in ("learning_rate", "dropout", "l1", "l2"):
            _number(situation, name)  # one number each, checked before anything is trained
        self._chosen = _choose(remedies)
        changed = {name: remedy.change(situation) for name, remedy in self._chosen.items()}
        self.plan = {"": situation, **{n: s for n, s in changed.items() if s is not None}}
        self.losses: dict[str, tuple[Array, Array]] = {}
        self._training: Training | None = None

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, of all fleets together, and in all."""
        begun = 0 if self._training is None else self._training.done
        done = sum(epochs_in_all(self.plan[name]) for name in self.losses)
        return begun + done, sum(map(epochs_in_all, self.plan.values()))

    @property
    def under_way(self) -> str | None:
        """The remedy that is being tried, "" for none, or None if all are done."""
        return next((name for name in self.plan if name not in self.losses), None)

    def run(self, name: str) -> None:
        """Try one remedy to the end."""
        training = Training(self.plan[name], self._replicas, self._seed)
        while not training.finished:
            training.advance()
        self._note(name, training)

    def advance(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        """Go on for about so long, an epoch at least."""
        end = clock() + seconds
        while (name := self.under_way) is not None:
            if self._training is None:
                self._training = Training(self.plan[name], self._replicas, self._seed)
            self._training.advance()
            if self._training.finished:
                self._note(name, self._training)
                self._training = None
            if clock() >= end:
                return

    def _note(self, name: str, training: Training) -> None:
        done = training.result
        self.losses[name] = done.final_train_loss, done.final_validation_loss

    @property
    def result(self) -> Prescription:
        """The ranking of the remedies that are done; the present state must be."""
        before_train, before_validation = self.losses[""]
        names = [name for name in self.plan if name and name in self.losses]
        pairs = np.array([self.losses[name] for name in names]).reshape(-1, 2, self._replicas)
        effect, half_width = t_interval((pairs[:, 1] - before_validation).T)
        order = np.argsort(effect, kind="stable")
        return Prescription(
            remedies=tuple(self._chosen[names[place]] for place in order),
            skipped=tuple(name for name in self._chosen if name not in self.plan),
            before_train=before_train,
            before_validation=before_validation,
            train_loss=pairs[order, 0],
            validation_loss=pairs[order, 1],
            effect=effect[order],
            half_width=half_width[order],
        )


def _choose(remedies: Sequence[str] | Mapping[str, Remedy] | None) -> Mapping[str, Remedy]:
    if remedies is None:
        return REMEDIES
    if isinstance(remedies, Mapping):
        for name, remedy in remedies.items():
            check_type(f"remedies[{name!r}]", remedy, Remedy)
        return {remedy.name: remedy for remedy in remedies.values()}
    if not is_sequence(remedies):
        raise ParameterError("remedies", remedies, "a sequence of names, or a mapping of remedies")
    return {check_choice("remedies", name, REMEDIES): REMEDIES[name] for name in remedies}


def _number(situation: Situation, name: str) -> float:
    value = getattr(situation.config, name)
    if isinstance(value, tuple):
        hint = "Here the replicas are draws of the data: all have the same settings."
        raise ParameterError(name, value, "one number", hint)
    return float(value)


def with_training(situation: Situation, **settings: Any) -> Situation:
    """Return the situation with other settings of its training."""
    return replace(situation, config=replace(situation.config, **settings))
