"""How the layers of a network are doing: gradients, steps, dead and saturated units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from nbtutor.engine import Trainer
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.parameters import Penalty

Array = np.ndarray

VANISHING = 0.01
"""A layer's gradient vanishes below this share of the output layer's, root mean square over each
one's parameters. Then the layer stands still while the output layer learns (Bengio, Simard and
Frasconi, 1994; Glorot and Bengio, 2010)."""

EXPLODING = 10.0
"""A gradient longer than this explodes: at a learning rate of 0.1 a step has a length of 1 or more,
which is about that of a usual layer (compare Pascanu, Mikolov and Bengio, 2013, who cut gradients
off at lengths of this order)."""

DEAD_SHARE = 0.25
"""Dead units are worth a word from this share of a layer's units."""

SATURATED_SLOPE = 0.05
"""An output is saturated where the slope is below this share of the activation's steepest: beyond
0.975 in size for tanh. For ReLU these are the outputs that are zero."""

SATURATED_SHARE = 0.8
"""Saturation is worth a word from this share of a layer's outputs: for most points, next to nothing
of the error then passes back through the layer."""

SIGNS = ("", "exploding", "dead units", "vanishing", "saturated")
"""What may be said of a layer; the empty one is nothing."""


@dataclass(frozen=True)
class LayerStatistics:
    """One layer with weights, at one moment, measured on all training points.

    Attributes
    ----------
    units : int
    gradient : float
        Length of the gradient of the mean training loss by the layer's weights and biases, nothing
        dropped and without penalties.
    update_ratio : float
        Length of the step that the optimizer would take now on all training points, penalties
        included, over the length of the layer's weights and biases. About 0.001 is usual. NaN
        where the weights are all zero.
    dead : int or None
        Units that no training point can teach, see `Network.dead_units`. None for the output layer.
    saturated : float or None
        Share of the outputs, over units and points, that are saturated; see `SATURATED_SLOPE`.
        None for the output layer, which is meant to be sure of itself.
    sign : {"", "exploding", "dead units", "vanishing", "saturated"}
        What is telling; see `EXPLODING`, `DEAD_SHARE`, `VANISHING` and `SATURATED_SHARE`. Of
        several, the first in this order.
    """

    units: int
    gradient: float
    update_ratio: float
    dead: int | None
    saturated: float | None
    sign: str


def measure_layers(trainer: Trainer, inputs: Array, targets: Array) -> list[LayerStatistics]:
    """Return the statistics of every layer with weights, the output's last.

    The trainer's next update is not affected.

    Parameters
    ----------
    trainer : Trainer
        The first replica of its network is measured.
    inputs, targets : ndarray
        The training points, from `Network.prepare_inputs` and `Network.prepare_targets`.
    """
    network = trainer.network
    with np.errstate(all="ignore"):  # what overflows is shown as no number
        workspace = network.forward(inputs)
        network.backward(inputs, targets, workspace)
        gradient = network.gradients.flat.copy()
        slopes = [units if network.replicas == 1 else units[0] for units in workspace.slopes.units]
        saturated = [
            float((np.abs(slope) < SATURATED_SLOPE * steepest(name)).mean())
            for name, slope in zip(network.activations, slopes, strict=True)
        ]
        dead = network.count_dead(inputs)[0]
        step = _next_step(trainer, gradient)
        sizes = [layer[0].size for layer in network.parameters.layers]
        lengths = [_lengths(flat, sizes) for flat in (gradient, step, network.parameters.flat)]
        root_mean_squares = lengths[0] / np.sqrt(sizes)
        ratios = np.where(lengths[2] > 0, lengths[1] / lengths[2], np.nan)
    return [
        LayerStatistics(
            units=units,
            gradient=float(lengths[0][layer]),
            update_ratio=float(ratios[layer]),
            dead=int(dead[layer]) if layer < len(dead) else None,
            saturated=saturated[layer] if layer < len(dead) else None,
            sign=_sign(
                float(lengths[0][layer]),
                float(root_mean_squares[layer]),
                float(root_mean_squares[-1]),
                dead[layer] / units if layer < len(dead) else 0.0,
                saturated[layer] if layer < len(dead) else 0.0,
            ),
        )
        for layer, units in enumerate(network.sizes[1:])
    ]


@cache
def steepest(activation: str) -> float:
    """Return the largest slope of an activation, in size, to within 0.1 %."""
    z = np.linspace(-10, 10, 4001)
    a, slope = np.empty_like(z), np.empty_like(z)
    ACTIVATIONS[activation].output(z, a)
    ACTIVATIONS[activation].derivative(z, a, slope)
    return float(np.abs(slope).max())


def _next_step(trainer: Trainer, gradient: Array) -> Array:
    """Return the change that an update with this gradient of the loss would make now.

    The optimizer's memory is the run's, so momentum counts; a copy takes the step.
    """
    config, network = trainer.config, trainer.network
    l1, l2, rate, momentum = (
        np.broadcast_to(np.asarray(value, network.dtype), network.replicas)
        for value in (config.l1, config.l2, config.learning_rate, config.momentum)
    )
    memory = trainer.checkpoint()
    optimizer = OPTIMIZERS[config.optimizer](network.parameters.flat)
    optimizer.state, optimizer.time = memory.optimizer_state, memory.optimizer_time
    decoupled = optimizer.decoupled
    penalty = Penalty(network.parameters, l1, np.zeros_like(l2) if decoupled else l2)
    objective = gradient.copy()
    penalty.add_gradient(memory.parameters, objective)
    decay = Penalty(network.parameters, 0.0, l2).l2 if decoupled else None
    stepped = memory.parameters.copy()
    optimizer.step(stepped, objective, rate[:, None], momentum[:, None], decay)
    change: Array = stepped - memory.parameters
    return change


def _lengths(flat: Array, sizes: list[int]) -> Array:
    """Return the length of each layer's block of the first replica, shape (layers,)."""
    blocks = np.split(flat[0].astype(np.float64), np.cumsum(sizes)[:-1])
    return np.array([np.linalg.norm(block) for block in blocks])


def _sign(length: float, size: float, of_output: float, dead: float, saturated: float) -> str:
    """Say what is telling; `size` and `of_output` are root mean squares of gradients."""
    if not length <= EXPLODING:  # no number is too long as well
        return "exploding"
    if dead >= DEAD_SHARE:
        return "dead units"
    if size < VANISHING * of_output:
        return "vanishing"
    return "saturated" if saturated >= SATURATED_SHARE else ""
