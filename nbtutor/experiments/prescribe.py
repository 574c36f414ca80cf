"""Which remedy helps? Each one run from the same state, and ranked by what it did."""

from __future__ import annotations

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
from nbtutor.experiments.situation import MAX_REPLICAS, Situation, run

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
    return _set(now, batch_size=max(size // 4, 1)) if size > 1 else None


def _larger_batch(now: Situation) -> Situation | None:
    size = now.config.batch_size
    return _set(now, batch_size=4 * size) if size < now.n_train else None


def _stronger(name: str, least: float, most: float) -> Callable[[Situation], Situation | None]:
    """Raise a penalty or dropout: to `least` from below, else to three times, at most `most`."""

    def change(now: Situation) -> Situation | None:
        value = _number(now, name)
        stronger = least if value < least else min(3 * value, most)
        return _set(now, **{name: stronger}) if stronger > value else None

    return change


def _rate(factor: float) -> Callable[[Situation], Situation | None]:
    def change(now: Situation) -> Situation | None:
        value = _number(now, "learning_rate")
        return _set(now, learning_rate=factor * value) if value else None

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
        Remedy("l2", "A stronger L2 penalty.", _stronger("l2", 0.01, 1)),
        Remedy("l1", "A stronger L1 penalty.", _stronger("l1", 0.002, 1)),
        Remedy("dropout", "More dropout.", _stronger("dropout", 0.2, 0.6)),
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
    situation = Situation() if situation is None else situation
    check_type("situation", situation, Situation)
    check_integer("replicas", replicas, low=2, high=MAX_REPLICAS)
    for name in ("learning_rate", "dropout", "l1", "l2"):
        _number(situation, name)  # one number each, checked before anything is trained
    chosen = _choose(remedies)

    changed = {name: remedy.change(situation) for name, remedy in chosen.items()}
    plan = {"": situation, **{n: s for n, s in changed.items() if s is not None}}
    losses: dict[str, tuple[Array, Array]] = {} if resume is None else resume
    counter = Counter(len(plan), progress, losses)
    for name, case in plan.items():
        if name not in losses:
            done = run(case, replicas, seed)
            losses[name] = done.final_train_loss, done.final_validation_loss
        counter.advance()

    before_train, before_validation = losses[""]
    names = [name for name in plan if name]
    pairs = np.array([losses[name] for name in names]).reshape(-1, 2, replicas)
    effect, half_width = t_interval((pairs[:, 1] - before_validation).T)
    order = np.argsort(effect, kind="stable")
    return Prescription(
        remedies=tuple(chosen[names[place]] for place in order),
        skipped=tuple(name for name, case in changed.items() if case is None),
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


def _set(situation: Situation, **settings: Any) -> Situation:
    return replace(situation, config=replace(situation.config, **settings))
