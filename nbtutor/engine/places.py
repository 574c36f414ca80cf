"""Where a single weight or bias is in a network, and what it is called."""

from __future__ import annotations

from dataclasses import dataclass

from nbtutor.engine.features import FEATURES
from nbtutor.engine.network import Network
from nbtutor.engine.validation import check_integer


@dataclass(frozen=True)
class Place:
    """One weight, or one bias.

    The numbers are those of NumPy: ``network.weights[layer][replica, source, unit]`` and
    ``network.biases[layer][replica, unit]``.

    Parameters
    ----------
    layer : int
        Of the layers with weights, the first hidden one is 0.
    source : int or None
        The unit, or input, that the weight comes from; None for the bias.
    unit : int
        The unit that it leads to.
    """

    layer: int
    source: int | None
    unit: int

    def find(self, network: Network) -> tuple[int, int, int]:
        """Return layer, row and column in ``network.parameters.layers``; a bias is the last row.

        Raises
        ------
        ParameterError
            If the network has no such weight or bias.
        """
        layer = check_integer("layer", self.layer, low=0, high=len(network.sizes) - 2)
        inputs, units = network.sizes[layer : layer + 2]
        row = inputs
        if self.source is not None:
            row = check_integer("source", self.source, low=0, high=inputs - 1)
        return layer, row, check_integer("unit", self.unit, low=0, high=units - 1)

    def name(self, network: Network) -> str:
        """Return what a person calls it: ``"w(x → hidden 1, unit 2)"`` or ``"b(the output)"``."""
        target = unit_name(network, self.layer + 1, self.unit)
        if self.source is None:
            return f"b({target})"
        return f"w({unit_name(network, self.layer, self.source)} → {target})"


def unit_name(network: Network, layer: int, unit: int) -> str:
    """Return what a person calls a unit.

    Parameters
    ----------
    network : Network
    layer : int
        0 for the inputs.
    unit : int
        From 0.

    Returns
    -------
    str
        ``"x"``, ``"hidden 1, unit 2"``, ``"the output"`` or ``"output class 0"``.
    """
    if layer == 0:
        names = network.inputs
        return f"input {unit + 1}" if names is None else FEATURES[names[unit]].label
    if layer < len(network.sizes) - 1:
        return f"hidden {layer}, unit {unit + 1}"
    if network.output == "softmax":
        return f"output class {unit}"
    return "the output" if network.sizes[-1] == 1 else f"output {unit + 1}"
