"""Settings of which every hidden layer may have a value of its own: activation and dropout.

Each is one value for all layers, or a tuple with one for each. A tuple of equal values is that one
value. Where layers are added, the new ones take the last layer's value; where they are removed,
theirs goes with them, and with the last of them the first layer's is left for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbtutor.engine.changes import BY_LAYER
from nbtutor.engine.validation import ParameterError, is_sequence

__all__ = ["BY_LAYER", "check_each", "each", "fit", "settle"]


def check_each(name: str, value: Any, check: Callable[[str, Any], Any]) -> Any:
    """Return a value, or a tuple of values, each as `check` returns it.

    Raises
    ------
    ParameterError
        If one of them is not allowed, or there is none.
    """
    if not is_sequence(value):
        return check(name, value)
    if len(value) == 0:
        raise ParameterError(name, value, "one value, or one for each hidden layer")
    return tuple(check(f"{name}[{place}]", entry) for place, entry in enumerate(value))


def settle(name: str, value: Any, layers: int) -> Any:
    """Return a checked value, as one where all layers have the same.

    Raises
    ------
    ParameterError
        If it is a tuple with more or fewer entries than there are hidden layers.
    """
    if not isinstance(value, tuple):
        return value
    if len(value) != layers:
        allowed = f"one value, or {layers}, one for each hidden layer"
        raise ParameterError(name, value, allowed if layers else "one value without hidden layers")
    return _unite(value)


def fit(value: Any, layers: int) -> Any:
    """Return a setting for another number of layers: cut, or its last value repeated."""
    if not isinstance(value, tuple):
        return value
    more = layers - len(value)
    return _unite((*value[: max(layers, 1)], *[value[-1]] * more))


def each(value: Any, layers: int) -> tuple[Any, ...]:
    """Return the value of every layer."""
    return value if isinstance(value, tuple) else (value,) * layers


def _unite(values: tuple[Any, ...]) -> Any:
    return values[0] if len(set(values)) == 1 else values
