"""The network's diagram as a control: what a page may ask for by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from nbtutor.engine import ParameterError, Place
from nbtutor.engine.validation import check_integer
from nbtutor.widgets.controls import UNITS_OF_A_NEW_LAYER
from nbtutor.widgets.protocol import ProtocolError, read_arguments
from nbtutor.widgets.settings import MAX_LAYERS, MAX_UNITS
from nbtutor.widgets.views.hub import Hub


class HasLayers(Protocol):
    """What has hidden layers that can be set."""

    hidden: tuple[int, ...]


SetParameter = Callable[[Place, float, bool], None]
"""Sets a weight or a bias to a value; the last argument says whether by the same hand as before."""


def offer_diagram(owner: HasLayers, hub: Hub, set_parameter: SetParameter) -> None:
    """Let the page change layers and units, and weights and biases.

    The acts and their arguments::

        add_layer     {}                                  one more before the output
        remove_layer  {}                                  the last one
        add_units     {"layer": 1, "count": -1}           to a hidden layer, counted from 1
        set_units     {"layer": 1, "units": 8}
        set_weight    {"layer": 0, "source": 0, "unit": 1, "value": 1.2, "continued": false}
        set_bias      {"layer": 0, "unit": 1, "value": 1.2, "continued": false}

    Units are added by how many and not set to how many, so that two quick presses are two units.
    The last two name their place as `nbtutor.engine.Place` does; "continued" is true for what
    belongs to the same drag of a slider as the act before.

    Parameters
    ----------
    owner : HasLayers
    hub : Hub
    set_parameter : callable
        Raises `ParameterError` for a place or a value that is not allowed.
    """

    def add_layer(arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        if len(owner.hidden) == MAX_LAYERS:
            raise ParameterError("hidden", owner.hidden, f"at most {MAX_LAYERS} layers")
        owner.hidden = (*owner.hidden, UNITS_OF_A_NEW_LAYER)

    def remove_layer(arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        owner.hidden = owner.hidden[:-1]

    def add_units(arguments: Mapping[str, object]) -> None:
        layer, count = read_arguments(arguments, "layer", "count")
        index = check_layer(layer)
        more = check_integer("count", count, low=-MAX_UNITS, high=MAX_UNITS)
        put(index, owner.hidden[index] + more)

    def set_units(arguments: Mapping[str, object]) -> None:
        layer, units = read_arguments(arguments, "layer", "units")
        put(check_layer(layer), check_integer("units", units, low=1, high=MAX_UNITS))

    def check_layer(layer: object) -> int:
        if not owner.hidden:
            raise ProtocolError("There is no hidden layer.")
        return check_integer("layer", layer, low=1, high=len(owner.hidden)) - 1

    def put(index: int, units: int) -> None:
        units = max(1, min(units, MAX_UNITS))
        owner.hidden = (*owner.hidden[:index], units, *owner.hidden[index + 1 :])

    def set_weight(arguments: Mapping[str, object]) -> None:
        layer, source, unit, value, continued = read_arguments(
            arguments, "layer", "source", "unit", "value", "continued"
        )
        source = check_integer("source", source, low=0, high=MAX_UNITS)
        set_parameter(Place(layer, source, unit), value, check_flag("continued", continued))

    def set_bias(arguments: Mapping[str, object]) -> None:
        layer, unit, value, continued = read_arguments(
            arguments, "layer", "unit", "value", "continued"
        )
        set_parameter(Place(layer, None, unit), value, check_flag("continued", continued))

    hub.offer("add_layer", add_layer, "hidden")
    hub.offer("remove_layer", remove_layer, "hidden")
    hub.offer("add_units", add_units, "hidden")
    hub.offer("set_units", set_units, "hidden")
    hub.offer("set_weight", set_weight, "weights")
    hub.offer("set_bias", set_bias, "weights")


def check_flag(name: str, value: object) -> bool:
    """Return `value` if it is true or false.

    Raises
    ------
    ProtocolError
        If it is not.
    """
    if not isinstance(value, bool):
        raise ProtocolError(f"{name} must be true or false.")
    return value
