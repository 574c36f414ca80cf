"""Activation and dropout of single layers, as the network's picture shows and changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.validation import check_integer
from nbtutor.widgets import protocol
from nbtutor.widgets.by_layer import BY_LAYER, each
from nbtutor.widgets.settings import check_setting
from nbtutor.widgets.views import Hub, NetworkView

CURVE_REACH = 3.0
CURVE_POINTS = 41


def activation_choices() -> list[list[Any]]:
    """Return every activation as its name, its label, and its curve.

    The curve is a list of f(z) at `CURVE_POINTS` values of z, evenly from minus to plus
    `CURVE_REACH`.
    """
    z = np.linspace(-CURVE_REACH, CURVE_REACH, CURVE_POINTS)
    choices: list[list[Any]] = []
    for name, activation in ACTIVATIONS.items():
        a = np.empty_like(z)
        activation.output(z, a)
        choices.append([name, activation.label, [round(float(value), 3) for value in a]])
    return choices


class LayerSettings:
    """Keeps the layers' settings in the network's picture, and takes changes from there.

    Parameters
    ----------
    owner : HasTraits
        Has the settings as its traits.
    hub : Hub
        Gets two actions, "layer_activation" and "layer_dropout", both with the arguments ``layer``
        (1 for the first hidden layer) and ``value``.
    view : NetworkView
    """

    def __init__(self, owner: Any, hub: Hub, view: NetworkView) -> None:
        self._owner = owner
        self._view = view
        view.activations = activation_choices()
        owner.observe(self._tell, ["hidden", *BY_LAYER])
        self._tell()
        for setting in BY_LAYER:
            hub.offer(f"layer_{setting}", self._changer(setting), setting)

    def _tell(self, change: dict[str, Any] | None = None) -> None:
        layers = len(self._owner.hidden)
        values = (each(getattr(self._owner, setting), layers) for setting in BY_LAYER)
        self._view.layers = [list(pair) for pair in zip(*values, strict=False)]

    def _changer(self, setting: str) -> Any:
        def change(arguments: Mapping[str, object]) -> None:
            layer, value = protocol.read_arguments(arguments, "layer", "value")
            layers = len(self._owner.hidden)
            number = check_integer("layer", layer, low=1, high=max(layers, 1))
            if not layers or isinstance(value, (list, tuple, Mapping)):
                raise protocol.ProtocolError(f"value must be the {setting} of a hidden layer.")
            values = list(each(getattr(self._owner, setting), layers))
            values[number - 1] = check_setting(setting, value)
            setattr(self._owner, setting, tuple(values))

        return change
