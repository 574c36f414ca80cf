"""Numbers as people read them, as in the front end's numbers.ts."""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray

MOST_TERMS = 8
"""Terms of a sum that are written out; the smaller ones are put together."""


def number(value: float) -> str:
    """Return three significant digits."""
    value = float(value)
    if not math.isfinite(value):
        return "too large"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 10_000 or size < 0.0005:
        return _signed(f"{value:.2e}").replace("e+0", "e").replace("e−0", "e−")
    if value == round(value) and size < 1000:
        return _signed(f"{value:.0f}")
    decimals = min(max(2 - math.floor(math.log10(size)), 0), 6)
    return _signed(f"{value:.{decimals}f}")


def setting(value: object) -> str:
    """Return a setting as it was given, or its first replica's."""
    return _signed(f"{float(np.ravel(np.asarray(value))[0]):.4g}")


def factor(value: float) -> str:
    """Return a number for a product or a sum: in brackets if it is negative."""
    return in_brackets(number(value))


def in_brackets(text: str) -> str:
    """Return a number in brackets if it is negative."""
    return f"({text})" if text.startswith("−") else text


def probability(p: float) -> str:
    """Return a probability with enough digits to tell it from 0 and 1."""
    p = float(p)
    distance = min(p, 1 - p)
    if not 0 < distance < 0.01:
        return number(p)
    decimals = min(1 - math.floor(math.log10(distance)), 8)
    return f"{p:.{decimals}f}"


def _signed(text: str) -> str:
    return text.replace("-", "−")


def alike(old: float, new: float, digits: int = 2) -> tuple[str, str]:
    """Return two numbers with as many decimals as show `digits` digits of their difference."""
    change = abs(new - old)
    if not (math.isfinite(change) and max(abs(old), abs(new)) < 1e6):
        return number(old), number(new)
    decimals = 3 if change == 0 else min(max(digits - 1 - math.floor(math.log10(change)), 3), 8)
    return _signed(f"{old:.{decimals}f}"), _signed(f"{new:.{decimals}f}")


def sum_of_products(weights: Array, values: Array, bias: float | None = None) -> str:
    """Return "0.52 × 1.30 + 0.18 × (−0.40) + 0.05"; the smaller terms of many as one."""
    products = weights * values
    order = np.argsort(-np.abs(products), kind="stable")
    shown = sorted(order[:MOST_TERMS])
    terms = [f"{factor(weights[i])} × {factor(values[i])}" for i in shown]
    rest = order[MOST_TERMS:]
    if len(rest):
        terms.append(f"{factor(products[rest].sum())} ({len(rest)} more)")
    if bias is not None:
        terms.append(factor(bias))
    return " + ".join(terms)
