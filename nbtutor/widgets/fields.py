"""What a network answers over the plane, as small pictures of one byte a pixel.

A picture's first row is the top. The output's picture has one of three kinds, which belong to the
network's output:

- "probability": P(class 1), 0 to 255 for 0 to 1.
- "winner": 32 times the most probable class, plus its lead over the second in steps from 0 to 31.
- "value": 128 for 0, 1 and 255 for -1 and 1, as for the hidden units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nbtutor.engine import Network
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import DOMAIN

Array = np.ndarray

KINDS = {"sigmoid": "probability", "softmax": "winner", "linear": "value"}
"""The kind of the output's picture, by the network's output."""

LEAD_STEPS = 32
SHOWN_UNITS = 8
_PLANE_SIDE = 100
_COARSE_SIDE = 50
_MANY_PARAMETERS = 4000
_UNITS_BYTES = 8000


@dataclass(frozen=True)
class Fields:
    """The pictures of one moment.

    Attributes
    ----------
    plane : ndarray of shape (side, side), uint8
        The output's; see the kinds above.
    units : ndarray of shape (units, small, small), uint8
        Of every shown hidden unit: 128 for 0, 1 and 255 for the ends of its scale.
    outputs : ndarray of shape (classes, small, small), uint8
        P(class) for every class, 0 to 255, where there are more than two; else empty.
    """

    plane: Array
    units: Array
    outputs: Array


class FieldPainter:
    """Draws the pictures of a network, over and over while it trains.

    Parameters
    ----------
    network : Network
        Its first replica is drawn. Its inputs are the plane's coordinates, or made from them.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        many = network.parameters.flat.shape[1] > _MANY_PARAMETERS
        self.side = _COARSE_SIDE if many else _PLANE_SIDE
        self._inputs = network.prepare_inputs(plane_points(self.side))
        shown = sum(min(units, SHOWN_UNITS) for units in network.sizes[1:-1])
        outputs = network.sizes[-1] if network.output == "softmax" else 0
        # The small pictures are every few points of the same pass, so they cost nothing more.
        self._stride = next(
            stride
            for stride in (4, 5, 8, 10, 20)
            if (shown + outputs) * (self.side // stride) ** 2 <= _UNITS_BYTES
        )

    def __call__(self) -> Fields:
        """Return the pictures as the weights are now."""
        with np.errstate(all="ignore"):  # huge weights overflow here, and show as neutral
            workspace = self.network.forward(self._inputs)
            predictions = self.network.predicted(workspace)
            hidden = [self._first(units) for units in workspace.inputs.units]
            return self._draw(hidden, self._first(predictions))

    def _first(self, outputs: Array) -> Array:
        """Return the first replica's outputs as fields, shape (units, side, side)."""
        own = outputs if self.network.replicas == 1 else outputs[0]
        return own.reshape(-1, self.side, self.side)

    def _draw(self, hidden: list[Array], predictions: Array) -> Fields:
        side, stride = self.side, self._stride
        rows = slice(stride // 2, side - (side % stride), stride)
        small = len(range(*rows.indices(side)))
        pictures = [np.empty((0, small, small), np.uint8)]
        for name, outputs in zip(self.network.activations, hidden, strict=True):
            field = outputs[:SHOWN_UNITS, rows, rows]
            if not np.isfinite(ACTIVATIONS[name].range).all():
                field = field / np.maximum(1, np.abs(field).max(axis=(1, 2), keepdims=True))
            pictures.append(to_bytes(field))
        several = len(predictions) if self.network.output == "softmax" else 0
        return Fields(
            picture_of(KINDS[self.network.output], predictions),
            np.concatenate(pictures),
            share_bytes(predictions[:several, rows, rows]),
        )


def shown_weights(network: Network) -> Array:
    """Return the weights and biases of the shown units, layer by layer, biases last."""
    blocks = []
    for layer in network.parameters.layers:
        rows = [*range(min(layer.shape[1] - 1, SHOWN_UNITS)), layer.shape[1] - 1]
        blocks.append(layer[0][rows, :SHOWN_UNITS].ravel())
    return np.concatenate(blocks).astype(np.float32)


def input_pictures(network: Network) -> Array:
    """Return what every shown input is over the plane, shape (inputs, side, side), uint8."""
    side = _PLANE_SIDE // 4
    inputs = network.prepare_inputs(plane_points(side))[:-1]
    inputs = inputs[:SHOWN_UNITS] / np.abs(inputs[:SHOWN_UNITS]).max(axis=1, keepdims=True)
    return to_bytes(inputs).reshape(-1, side, side)


def plane_points(side: int) -> Array:
    """Return the centres of the plane's pixels, row by row from the top, shape (side², 2)."""
    x_from, x_to, y_from, y_to = DOMAIN
    middle = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(x_from + middle * (x_to - x_from), y_to - middle * (y_to - y_from))
    return np.column_stack([x.ravel(), y.ravel()])


def to_bytes(values: Array) -> Array:
    """Map -1 … 1 to 1 … 255, so that 0 is exactly 128."""
    clipped = np.clip(np.nan_to_num(values), -1, 1)
    result: Array = (128 + np.rint(clipped * 127)).astype(np.uint8)
    return result


def picture_of(kind: str, predictions: Array) -> Array:
    """Return the output's picture, shape (side, side).

    Parameters
    ----------
    kind : {"probability", "winner", "value"}
    predictions : ndarray of shape (outputs, side, side)
    """
    return _PLANES[kind](predictions)


def share_bytes(shares: Array) -> Array:
    """Map 0 … 1 to 0 … 255; what is no number is one half."""
    result: Array = np.rint(np.nan_to_num(shares, nan=0.5) * 255).astype(np.uint8)
    return result


def _winners(probabilities: Array) -> Array:
    shares = np.nan_to_num(probabilities)
    winner = shares.argmax(axis=0)
    second, first = np.partition(shares, -2, axis=0)[-2:]
    lead = np.rint((first - second) * (LEAD_STEPS - 1))
    result: Array = (LEAD_STEPS * winner + lead).astype(np.uint8)
    return result


_PLANES: dict[str, Callable[[Array], Array]] = {
    "probability": lambda predictions: share_bytes(predictions[-1]),
    "winner": _winners,
    "value": lambda predictions: to_bytes(predictions[0]),
}
