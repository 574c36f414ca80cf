"""Checks of what a caller passes in.

Every message names the parameter, the value, what is allowed and how to mend it, because the
reader may be a learner who has never seen an error message they understood.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np


class ParameterError(ValueError):
    """A parameter has a value that is not allowed.

    Parameters
    ----------
    name : str
        The parameter, as the caller writes it.
    value : object
        What was passed.
    allowed : str
        What is allowed, as a phrase that follows "must be".
    hint : str, optional
        A whole sentence that says how to mend it.
    """

    def __init__(self, name: str, value: object, allowed: str, hint: str = "") -> None:
        self.name = name
        self.value = value
        self.allowed = allowed
        self.hint = hint
        try:
            shown = repr(value)
        except Exception:  # a whole number of 5000 digits, for one, refuses to be printed
            shown = f"a {type(value).__name__} that cannot be printed"
        if len(shown) > 80:
            shown = shown[:77] + "..."
        message = f"{name} must be {allowed}, not {shown}."
        super().__init__(f"{message} {hint}" if hint else message)


def check_number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    include_low: bool = True,
    include_high: bool = True,
    hint: str = "",
) -> float:
    """Return `value` as a float if it is a finite real number in the interval.

    Raises
    ------
    ParameterError
        If it is no number, not finite, or out of range.
    """
    allowed = "a number " + _interval(low, high, include_low, include_high)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise ParameterError(name, value, allowed, hint)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    inside = (low <= number if include_low else low < number) and (
        number <= high if include_high else number < high
    )
    if not (math.isfinite(number) and inside):
        raise ParameterError(name, value, allowed, hint)
    return number


def check_integer(name: str, value: Any, *, low: int, high: int, hint: str = "") -> int:
    """Return `value` as an int if it is a whole number from `low` to `high`.

    Raises
    ------
    ParameterError
        If it is no whole number, or out of range.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not low <= int(value) <= high:
        allowed = f"a whole number from {low:,} to {high:,}"
        raise ParameterError(name, value, allowed, hint)
    return int(value)


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """Return `value` if it is one of `choices`; near names are suggested.

    Raises
    ------
    ParameterError
        If it is none of them.
    """
    known = list(choices)
    if isinstance(value, str) and value in known:
        return value
    text = value.lower() if isinstance(value, str) else ""
    near = difflib.get_close_matches(text, known, n=2, cutoff=0.5)
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise ParameterError(name, value, f"one of {', '.join(map(repr, known))}", hint)


def check_sizes(name: str, value: Any, *, max_layers: int, max_units: int) -> tuple[int, ...]:
    """Return `value` as a tuple of layer sizes.

    Raises
    ------
    ParameterError
        If it is not a sequence of whole numbers within the limits.
    """
    allowed = f"a sequence of at most {max_layers} whole numbers from 1 to {max_units}, one a layer"
    hint = "For example (8, 8) for two layers of eight units; () for none."
    if not is_sequence(value):
        raise ParameterError(name, value, allowed, hint)
    sizes = list(value)
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    if not whole or len(sizes) > max_layers or not all(1 <= s <= max_units for s in sizes):
        raise ParameterError(name, value, allowed, hint)
    return tuple(int(size) for size in sizes)


def check_per_replica(
    name: str,
    value: Any,
    *,
    low: float,
    high: float,
    include_high: bool = True,
    replicas: int | None = None,
) -> float | tuple[float, ...]:
    """Return one number, or a tuple with one number for each replica.

    Raises
    ------
    ParameterError
        If it, or one of its entries, is not a finite number in the interval, or if there are
        neither one nor `replicas` of them (None: any count).
    """
    if is_sequence(value):
        entries = list(value)
        if not entries:
            raise ParameterError(name, value, "a number, or one number for each replica")
        if replicas is not None and len(entries) not in (1, replicas):
            allowed = f"one number, or {replicas}, one for each replica"
            raise ParameterError(name, value, allowed)
        return tuple(
            check_number(f"{name}[{i}]", entry, low=low, high=high, include_high=include_high)
            for i, entry in enumerate(entries)
        )
    return check_number(name, value, low=low, high=high, include_high=include_high)


def check_points(name: str, value: Any, columns: int, replicas: int | None = None) -> np.ndarray:
    """Return `value` as an array of points, shape (n, columns) or (replicas, n, columns).

    Raises
    ------
    ParameterError
        If it is not numeric, has another shape, is empty, or holds NaN or infinity.
    """
    shape = f"(n, {columns})"
    if replicas is not None:
        shape += f" or ({replicas}, n, {columns})"
    allowed = f"an array of finite numbers of shape {shape}, with at least one point"
    try:
        given = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise ParameterError(name, value, allowed) from error
    if given.dtype.kind not in "biuf":  # NumPy would read "1" as a number, and drop i from 1 + 2i
        raise ParameterError(name, value, allowed)
    array: np.ndarray = given.astype(np.float64)
    fits = array.ndim == 2 or (replicas is not None and array.ndim == 3)
    if array.ndim == 3 and replicas is not None and len(array) != replicas:
        fits = False
    if not fits or array.shape[-1] != columns or array.size == 0:
        raise ParameterError(name, f"shape {array.shape}", allowed)
    if not np.isfinite(array).all():
        raise ParameterError(
            name,
            f"{int((~np.isfinite(array)).sum())} entries that are NaN or infinite",
            allowed,
            "Remove or fill those rows first.",
        )
    return array


def check_type(name: str, value: Any, kind: type) -> None:
    """Do nothing if `value` is an instance of `kind`.

    Raises
    ------
    ParameterError
        If it is not.
    """
    if not isinstance(value, kind):
        raise ParameterError(name, value, f"an instance of {kind.__module__}.{kind.__name__}")


def is_sequence(value: object) -> bool:
    """Whether `value` is a list, tuple, array or the like: text is not, nor is a lone number."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _interval(low: float, high: float, include_low: bool, include_high: bool) -> str:
    if math.isinf(low) and math.isinf(high):
        return "that is finite"
    if math.isinf(high):
        return f"of at least {low:g}" if include_low else f"above {low:g}"
    if math.isinf(low):
        return f"of at most {high:g}" if include_high else f"below {high:g}"
    start = f"from {low:g}" if include_low else f"above {low:g}"
    end = f"to {high:g}" if include_high else f"to below {high:g}"
    return f"{start} {end}"
