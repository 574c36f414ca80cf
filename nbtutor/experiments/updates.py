"""Single updates of a run: what one worked on, how much they vary, and what they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine import Network, ParameterError, Trainer
from nbtutor.engine.validation import check_integer, check_type

Array = np.ndarray

MAX_BATCH = 10_000_000
MAX_REACH = 10_000


@dataclass(frozen=True)
class UpdateReplay:
    """One update of a run, done again.

    Attributes
    ----------
    update : int
        Its number, from 1.
    points : ndarray of int of shape (n,)
        Its batch, as places in the training set.
    losses : ndarray of shape (n,)
        The loss of each of these points just before the update. Their mean is the batch's loss,
        as it stands in `History.updates`.
    loss_before, loss_after : float
        The mean loss of all training points just before and just after.
    network : Network
        As it was just before.
    """

    update: int
    points: Array
    losses: Array
    loss_before: float
    loss_after: float
    network: Network


def replay_update(trainer: Trainer, update: int) -> UpdateReplay:
    """Do an update of a run again, from the last kept epoch before it.

    Batches, augmentation and dropout belong to the epoch and the seed, so the same updates come
    again; the run itself is left alone. For this the settings must not have changed since.

    Parameters
    ----------
    trainer : Trainer
        Of one network, made with ``keep=1`` or more.
    update : int
        From 1 to the updates that the run has done.

    Raises
    ------
    ParameterError
        If there is no such update, or the trainer keeps no epochs or changed its settings.
    """
    again = _just_before(trainer, update)
    points, work = again.next_work()
    network = again.network
    network.forward(work.inputs, work.masks, work.workspace)
    losses = network.point_losses(work.workspace, work.targets)[0].astype(float)
    points, before = points.copy(), network.copy()
    again.run(updates=1)
    loss_before, loss_after = (_loss(n, trainer) for n in (before, network))
    return UpdateReplay(update, points, losses, loss_before, loss_after, before)


def losses_around(trainer: Trainer, update: int, reach: int) -> tuple[Array, Array]:
    """Return the mean loss of all training points after each of the updates about one.

    Parameters
    ----------
    trainer : Trainer
        As for `replay_update`.
    update : int
    reach : int
        How many updates before it and after it, 0 or more; fewer at the ends of the run.

    Returns
    -------
    updates, losses : ndarray of shape (n,)
        The first is one update before those asked for, or 0: the loss that they begin with.

    Raises
    ------
    ParameterError
        As for `replay_update`.
    """
    _check_replay(trainer, update)
    check_integer("reach", reach, low=0, high=MAX_REACH)
    first, last = max(update - reach, 1), min(update + reach, trainer.updates)
    again = _just_before(trainer, first)
    updates = np.arange(first - 1, last + 1)
    losses = np.empty(len(updates))
    for place in range(len(updates)):
        losses[place] = _loss(again.network, trainer)
        again.run(updates=1)
    return updates, losses


def _check_replay(trainer: Trainer, update: int) -> None:
    check_type("trainer", trainer, Trainer)
    if trainer.network.replicas > 1:
        raise ParameterError("trainer", f"of {trainer.network.replicas} replicas", "of one network")
    if not trainer.kept:
        hint = "Make the trainer with keep=100."
        raise ParameterError("keep", 0, "1 or more for a run to be replayed", hint)
    if trainer.updates == 0:
        hint = "Train first."
        raise ParameterError("trainer", "without updates", "one that has done some", hint)
    check_integer("update", update, low=1, high=trainer.updates)
    if trainer.changed_at >= 0:
        allowed = "one whose settings stayed the same"
        raise ParameterError("trainer", f"changed at update {trainer.changed_at}", allowed)


def _just_before(trainer: Trainer, update: int) -> Trainer:
    """Return another run, just before an update of this one."""
    _check_replay(trainer, update)
    begin = max(e for e in trainer.kept if trainer.keep_points[e].updates < update)
    again = trainer.fork(begin)
    again.run(updates=update - 1 - again.updates)
    return again


def _loss(network: Network, trainer: Trainer) -> float:
    inputs = network.prepare_inputs(trainer.train.X)
    targets = network.prepare_targets(trainer.train.y, len(trainer.train))
    return float(network.evaluate(inputs, targets).loss[0])


def update_spread(losses: ArrayLike) -> float:
    """Return how much the loss varies from one update to the next.

    The root mean square of the differences between neighbours, over the root of 2. For losses that
    vary by chance alone it is their standard deviation; a slow fall of the whole does not count
    (von Neumann, *Distribution of the ratio of the mean square successive difference to the
    variance*, 1941).

    Parameters
    ----------
    losses : array of shape (n,)
        Of updates that follow each other. NaN if there are fewer than two.
    """
    steps = np.diff(np.asarray(losses, float))
    return float(np.sqrt((steps**2).mean() / 2)) if len(steps) else float("nan")


def update_bytes(network: Network, batch_size: int) -> int:
    """Return the memory that an update of plain gradient descent takes, in bytes.

    For every parameter its value and its gradient. For every point of the batch its inputs and
    its target; for every hidden unit its weighted sum z, its output, the slope of the activation
    and the error signal dL/dz; for every output unit z and dL/dz::

        bytes = b (2 parameters + batch_size (inputs + outputs + 4 hidden units + 2 outputs))

    with b bytes a number, 4 in float32.

    Parameters
    ----------
    network : Network
        One of its replicas counts.
    batch_size : int
        1 or more.
    """
    check_type("network", network, Network)
    check_integer("batch_size", batch_size, low=1, high=MAX_BATCH)
    inputs, *hidden, outputs = network.sizes
    parameters = network.parameters.flat.shape[1]
    point = inputs + outputs + 4 * sum(hidden) + 2 * outputs
    return int(network.dtype.itemsize * (2 * parameters + batch_size * point))
