"""One update, taken apart: every number between a batch and the new weights.

What a trainer does at its next update, in the order of a textbook (Goodfellow et al., 2016,
algorithms 6.3 and 6.4)::

    z = W' x + b,  a = f(z)           forward, layer by layer
    loss = L(a of the output, target)
    delta = dL/dz                     backward: at the output from the loss, below it
                                      delta = f'(z) * sum over the units above of w delta
    gradient = mean over the batch of x delta, then penalties, then clipping
    w <- w - learning_rate * gradient, or what the optimizer makes of it

The numbers are the engine's own, in the network's dtype: a copy of the run does the update.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.network import Network
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.parameters import Parameters, Penalty
from nbtutor.engine.training import Trainer
from nbtutor.engine.validation import ParameterError, check_type

Array = np.ndarray


@dataclass(frozen=True)
class UpdateTrace:
    """All that happens in one update of a fleet.

    R is the number of replicas, n that of the points of the batch, and the layers are those with
    weights: the hidden ones, then the output. Nothing here is shared with the trainer.

    Attributes
    ----------
    epoch, update : int
        Whole epochs done before it, and the number of this update, from 1.
    indices : ndarray of int of shape (n,)
        The batch, as places in the trainer's `train`.
    inputs : ndarray of shape (R, n, inputs)
        What the network receives: after named inputs are worked out, and after augmentation.
    targets : ndarray of shape (R, n, outputs)
        Probability of class 1 (sigmoid), of each class (softmax), or values (linear), after label
        smoothing.
    sums : list of ndarray of shape (R, n, units)
        z of every layer.
    outputs : list of ndarray of shape (R, n, units)
        a = f(z) of every layer, nothing dropped yet; the last are the predictions.
    masks : list of ndarray of shape (R, n, units)
        For every hidden layer what dropout multiplies its outputs with: 0 for a dropped unit and
        1 / (1 - p) for a kept one. Ones where there is no dropout.
    losses : ndarray of shape (R, n)
        Of every point, without penalties.
    slopes : list of ndarray of shape (R, n, units)
        f'(z) of every hidden layer.
    deltas : list of ndarray of shape (R, n, units)
        For every layer the gradient of a point's own loss by its z.
    gradient : Parameters
        Of the mean loss: the mean over the batch of x times delta, where x is what the layer
        receives and 1 for a bias.
    penalty : Parameters
        What L1 and L2 add to it: ``l1 * sign(w) + l2 * w``; 0 for AdamW, which decays the weights
        itself.
    direction : Parameters
        What the optimizer is given: the sum of the two, shortened by clipping where that is on.
    before, after : Parameters
        The weights and biases. They are the same where a replica does not take part, or its update
        would overflow.
    optimizer : str
        By name.
    learning_rate : ndarray of shape (R,)
        With the schedule.
    state_before, state_after : ndarray of shape (slots, R, parameters)
        What the optimizer remembers; see the optimizers' own documentation.
    time : int
        The optimizer's updates, this one included.
    """

    epoch: int
    update: int
    indices: Array
    inputs: Array
    targets: Array
    sums: list[Array]
    outputs: list[Array]
    masks: list[Array]
    losses: Array
    slopes: list[Array]
    deltas: list[Array]
    gradient: Parameters
    penalty: Parameters
    direction: Parameters
    before: Parameters
    after: Parameters
    optimizer: str
    learning_rate: Array
    state_before: Array
    state_after: Array
    time: int

    def received(self, layer: int) -> Array:
        """Return what a layer receives, shape (R, n, units below), after dropout."""
        if layer == 0:
            return self.inputs
        received: Array = self.outputs[layer - 1] * self.masks[layer - 1]
        return received


def trace_update(trainer: Trainer) -> UpdateTrace:
    """Return the next update of a run, step by step, without doing it.

    The run is left alone: what it does next is what is told here, bit for bit.

    Parameters
    ----------
    trainer : Trainer

    Returns
    -------
    UpdateTrace

    Raises
    ------
    ParameterError
        If nothing is left to train: every replica has diverged or stopped early.
    """
    check_type("trainer", trainer, Trainer)
    if trainer.finished:
        hint = "Change a setting, or start again."
        raise ParameterError("trainer", "a run that has ended", "one that can go on", hint)
    twin = trainer.fork()
    # The copy must not be given its best weights, should the epoch end with this update.
    twin.config = replace(twin.config, patience=0)
    network, config, start = twin.network, twin.config, twin.checkpoint()
    before = _copy(network.parameters)
    indices, work = twin.next_work()
    with np.errstate(all="ignore"):  # overflow is found, and told, by the trainer
        workspace = network.forward(work.inputs, work.masks, work.workspace)
        network.backward(work.inputs, work.targets, workspace, work.masks)
        losses = network.point_losses(workspace, work.targets)
        n = losses.shape[-1]
        sums = [_points_first(network, z) for z in (*workspace.sums.units, workspace.logits)]
        predictions = _points_first(network, network.predicted(workspace))
        outputs = [*map(_activated, network.activations, sums[:-1]), predictions]
        slopes = [_points_first(network, slope) for slope in workspace.slopes.units]
        # The engine's are of the mean loss, and have its 1 / n in them.
        deltas = [_points_first(network, delta) * n for delta in workspace.deltas]
        gradient = _copy(network.gradients)
        penalty = Parameters(network.sizes, network.replicas, network.dtype)
        l2 = 0.0 if OPTIMIZERS[config.optimizer].decoupled else config.l2
        Penalty(before, np.asarray(config.l1), np.asarray(l2)).add_gradient(
            before.flat, penalty.flat
        )
        inputs = _points_first(network, work.inputs[..., :-1, :])
        targets = _points_first(network, work.targets)
        masks = [_points_first(network, mask) for mask in work.masks or []]
        twin.run(updates=1)
    end = twin.checkpoint()
    factor = 1.0 if config.schedule is None else config.schedule(trainer.progress)
    rates = np.full(network.replicas, np.asarray(config.learning_rate)) * factor
    return UpdateTrace(
        epoch=start.epoch,
        update=start.updates + 1,
        indices=indices.copy(),
        inputs=inputs,
        targets=(targets + 1) / 2 if network.output == "sigmoid" else targets,
        sums=sums,
        outputs=outputs,
        masks=masks or [np.ones_like(z) for z in sums[:-1]],
        losses=losses.copy(),
        slopes=slopes,
        deltas=deltas,
        gradient=gradient,
        penalty=penalty,
        direction=_copy(network.gradients),
        before=before,
        after=_copy(network.parameters),
        optimizer=config.optimizer,
        learning_rate=rates.astype(network.dtype),
        state_before=start.optimizer_state,
        state_after=end.optimizer_state,
        time=start.optimizer_time + 1,
    )


def _copy(parameters: Parameters) -> Parameters:
    replicas = parameters.flat.shape[0]
    copy = Parameters(parameters.sizes, replicas, parameters.flat.dtype)
    copy.flat[:] = parameters.flat
    return copy


def _points_first(network: Network, array: Array) -> Array:
    """Return a copy of (units, n) or (replicas, units, n) as (replicas, n, units)."""
    shape = (network.replicas, *array.shape[-2:])
    return np.array(np.broadcast_to(array, shape).swapaxes(-1, -2))


def _activated(name: str, sums: Array) -> Array:
    outputs = np.empty_like(sums)
    ACTIVATIONS[name].output(sums, outputs)
    return outputs
