"""How far apart many networks are, as pictures: their boundaries as lines, or a map of the spread.

All is worked out at the nodes of a coarse grid over the plane, in one pass of the whole fleet. The
boundaries are found here and not in the browser: for 30 replicas the lines are 22 KB and take 0.6
ms, where their fields would be 75 KB and 3.3 ms of contours in the page. A map of how many
boundaries pass where would be 2.4 KB and 0.1 ms, but its cells are as large as markers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine import Network
from nbtutor.engine.datasets import DOMAIN
from nbtutor.widgets.fields import KINDS, picture_of, share_bytes

Array = np.ndarray

NODES = 50
"""Nodes of the grid along each side; the outer ones lie on the plane's edge."""

FULL_SCALE = 65_535
"""The plane's width and height in the units of the lines."""

# Corners of a cell, clockwise from the top left, are bits 1, 2, 4 and 8: set where the field is
# above zero. For each case the two sides (0 top, 1 right, 2 bottom, 3 left) that the line joins,
# and in the two saddles, where opposite corners are alike, those of the second line.
_FIRST = np.array(
    [
        *[(0, 0), (3, 0), (0, 1), (3, 1), (1, 2), (3, 0), (0, 2), (3, 2)],
        *[(3, 2), (0, 2), (0, 1), (1, 2), (3, 1), (0, 1), (3, 0), (0, 0)],
    ]
)
_SECOND = {5: (1, 2), 10: (3, 2)}
_SADDLES = np.array([case in _SECOND for case in range(16)])
_OTHER = np.array([_SECOND.get(case, (0, 0)) for case in range(16)])


@dataclass(frozen=True)
class ReplicaPicture:
    """What is drawn of a fleet.

    Attributes
    ----------
    lines : ndarray of shape (s, 4), uint16
        Pieces of boundaries, from (x, y) to (x, y), as parts of the plane: 0 and `FULL_SCALE` are
        its left and right, or top and bottom. Replica by replica. Values have no boundary, and so
        no lines.
    counts : ndarray of shape (replicas,), uint16
        How many pieces each has.
    mean : ndarray of shape (side, side), uint8
        The mean answer; see the kinds in `nbtutor.widgets.fields`.
    spread : ndarray of shape (side, side), uint8
        For values, the standard deviation over the replicas, 0 to 255 for 0 to 1; else empty.
    """

    lines: Array
    counts: Array
    mean: Array
    spread: Array


class ReplicaPainter:
    """Draws the pictures of a fleet, over and over while it trains.

    Parameters
    ----------
    network : Network
        Its inputs are the plane's coordinates, or made from them.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.kind = KINDS[network.output]
        self._inputs = network.prepare_inputs(grid_nodes())

    def __call__(self) -> ReplicaPicture:
        """Return the pictures as the weights are now."""
        network = self.network
        with np.errstate(all="ignore"):  # huge weights overflow here
            workspace = network.forward(self._inputs)
            logits = self._fields(workspace.logits)
            answers = self._fields(network.predicted(workspace))
            mean = picture_of(self.kind, _middles(answers.mean(axis=0)))
            spread = np.zeros((0, 0), np.uint8)
            lines, counts = np.zeros((0, 4), np.uint16), np.zeros(len(answers), np.uint16)
            if self.kind == "value":
                spread = share_bytes(np.minimum(_middles(answers.std(axis=0)[0]), 1))
            else:
                # Between nodes, weighted sums are straighter than probabilities.
                fields = logits if self.kind == "probability" else _leads(logits)
                lines, counts = zero_lines(np.nan_to_num(fields))
        return ReplicaPicture(lines, counts, mean, spread)

    def _fields(self, outputs: Array) -> Array:
        """Return outputs as fields, shape (replicas, outputs, nodes, nodes)."""
        return outputs.reshape(self.network.replicas, -1, NODES, NODES)


def grid_nodes() -> Array:
    """Return the nodes of the grid, row by row from the top, shape (NODES², 2)."""
    x_from, x_to, y_from, y_to = DOMAIN
    x, y = np.meshgrid(np.linspace(x_from, x_to, NODES), np.linspace(y_to, y_from, NODES))
    return np.column_stack([x.ravel(), y.ravel()])


def zero_lines(fields: Array) -> tuple[Array, Array]:
    """Find where fields are zero, by marching squares with straight lines in each cell.

    Where opposite corners of a cell are alike, those above zero are kept apart (Lorensen and Cline,
    1987, is the same in space).

    Parameters
    ----------
    fields : ndarray of shape (groups, k, side, side)
        Finite.

    Returns
    -------
    lines : ndarray of shape (s, 4), uint16
        As in `ReplicaPicture`, group by group.
    counts : ndarray of shape (groups,), uint16
    """
    groups, _, side, _ = fields.shape
    above = (fields > 0).view(np.uint8)
    corners = above[..., :-1, :-1] | above[..., :-1, 1:] << 1
    case = corners | above[..., 1:, 1:] << 2 | above[..., 1:, :-1] << 3
    group, field, row, column = np.nonzero((case != 0) & (case != 15))
    case = case[group, field, row, column]
    a, b, c, d = (
        fields[group, field, row + down, column + right]
        for down, right in ((0, 0), (0, 1), (1, 1), (1, 0))
    )
    with np.errstate(all="ignore"):  # sides that no line crosses
        top, right, bottom, left = a / (a - b), b / (b - c), d / (d - c), a / (a - d)
    x = np.stack([column + top, column + 1.0, column + bottom, column + 0.0])
    y = np.stack([row + 0.0, row + right, row + 1.0, row + left])
    saddle = np.flatnonzero(_SADDLES[case])
    cell = np.concatenate([np.arange(len(case)), saddle])
    sides = np.concatenate([_FIRST[case], _OTHER[case[saddle]]])
    order = np.argsort(group[cell], kind="stable")
    cell, sides = cell[order], sides[order]
    ends = [axis[sides[:, end], cell] for end in (0, 1) for axis in (x, y)]
    lines = np.rint(np.column_stack(ends) * (FULL_SCALE / (side - 1))).astype(np.uint16)
    counts = np.bincount(group[cell], minlength=groups).astype(np.uint16)
    return lines, counts


def _leads(outputs: Array) -> Array:
    """Return by how much each class leads the best of the others, but for the last class.

    Every line between classes belongs to two, so the last one's are there already. Shape
    (replicas, classes - 1, nodes, nodes).
    """
    second, first = np.partition(outputs, -2, axis=1)[:, -2:].swapaxes(0, 1)
    own = outputs[:, :-1]
    leads: Array = np.where(own == first[:, None], own - second[:, None], own - first[:, None])
    return leads


def _middles(fields: Array) -> Array:
    """Return fields at the middles of the cells, each the mean of its four corners."""
    rows = fields[..., 1:, :] + fields[..., :-1, :]
    middles: Array = (rows[..., 1:] + rows[..., :-1]) / 4
    return middles
