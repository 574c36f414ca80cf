"""How a gradient becomes a step: the optimizers' formulas with the numbers of one parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nbtutor.engine import TrainingConfig, UpdateTrace
from nbtutor.engine.optimizers import Adam, RMSprop
from nbtutor.engine.parameters import Parameters
from nbtutor.widgets.numbers import alike, factor, number, setting

Place = tuple[int, int, int]
"""A parameter: its layer, from 0, its row in the layer's block (the last are biases), its unit."""


@dataclass(frozen=True)
class Formula:
    """One line: a formula, the same with numbers, and what comes out.

    Attributes
    ----------
    symbols, numbers, result : str
        ``"a = tanh(z)"``, ``"tanh(0.65)"`` and ``"0.57"``. Numbers may be empty.
    """

    symbols: str
    numbers: str
    result: str


def explain_gradient(trace: UpdateTrace, config: TrainingConfig, place: Place) -> list[Formula]:
    """Return how penalties and clipping change the gradient of one parameter, where they do."""
    mean, penalty, direction = (
        at(each, place) for each in (trace.gradient, trace.penalty, trace.direction)
    )
    lines = []
    if penalty:
        w = at(trace.before, place)
        symbols, numbers = "gradient = mean", number(mean)
        if np.any(config.l2):
            symbols += " + L2 × w"
            numbers += f" + {setting(config.l2)} × {factor(w)}"
        if np.any(config.l1):
            symbols += " + L1 × sign(w)"
            numbers += f" + {setting(config.l1)} × {factor(np.sign(w))}"
        lines.append(Formula(symbols, numbers, number(mean + penalty)))
    if not math.isclose(direction, mean + penalty, rel_tol=1e-4, abs_tol=1e-12):
        lines.append(Formula("gradient, shortened by clipping", "", number(direction)))
    return lines


def explain_step(trace: UpdateTrace, config: TrainingConfig, place: Place) -> list[Formula]:
    """Return what the optimizer does with one parameter; the last result is its new value."""
    old, new = alike(at(trace.before, place), at(trace.after, place))
    w = "w" if place[1] < len(trace.before.weights[place[0]][0]) else "b"
    g = factor(at(trace.direction, place))
    rate = setting(trace.learning_rate[0])
    momentum = setting(config.momentum)
    before, after = (_remembered(trace, state, place) for state in ("before", "after"))
    lines: list[Formula] = []
    match trace.optimizer:
        case "rmsprop":
            # The state is s / (1 - alpha).
            s_before, s = ((1 - RMSprop.ALPHA) * slots[0] for slots in (before, after))
            numbers = f"0.99 × {number(s_before)} + 0.01 × {g}²"
            lines.append(Formula("s ← 0.99 s + 0.01 gradient²", numbers, number(s)))
            formula = "rate × gradient / (√s + 1e−8)"
            step = f"{rate} × {g} / (√{number(s)} + 1e−8)"
        case "adam" | "adamw":
            lines, mean, square = _explain_moments(before, after, g, trace.time)
            formula = "rate × m′ / (√s′ + 1e−8)"
            step = f"{rate} × {factor(mean)} / (√{number(square)} + 1e−8)"
            if trace.optimizer == "adamw" and w == "w" and np.any(config.l2):
                decay = setting(config.l2)
                formula = f"rate × L2 × w − {formula}"
                step = f"{rate} × {decay} × {factor(at(trace.before, place))} − {step}"
        case _ if not np.any(config.momentum):
            formula, step = "rate × gradient", f"{rate} × {g}"
        case _:
            v = factor(after[0])
            numbers = f"{momentum} × {factor(before[0])} + {g}"
            lines.append(Formula("v ← momentum × v + gradient", numbers, number(after[0])))
            formula, step = "rate × v", f"{rate} × {v}"
            if trace.optimizer == "nesterov":
                formula = "rate × (gradient + momentum × v)"
                step = f"{rate} × ({g} + {momentum} × {v})"
    return [*lines, Formula(f"{w} ← {w} − {formula}", f"{old} − {step}", new)]


def _explain_moments(
    before: list[float], after: list[float], g: str, t: int
) -> tuple[list[Formula], float, float]:
    """Return Adam's two averages in words, and both of them corrected for their start at zero."""
    # The state is m / (1 - beta1) and s / (1 - beta2).
    scales = 1 - Adam.BETA1, 1 - Adam.BETA2
    m_before, s_before = (scale * slot for scale, slot in zip(scales, before, strict=True))
    m, s = (scale * slot for scale, slot in zip(scales, after, strict=True))
    mean, square = m / (1 - Adam.BETA1**t), s / (1 - Adam.BETA2**t)
    lines = [
        Formula("m ← 0.9 m + 0.1 gradient", f"0.9 × {factor(m_before)} + 0.1 × {g}", number(m)),
        Formula(
            "s ← 0.999 s + 0.001 gradient²",
            f"0.999 × {number(s_before)} + 0.001 × {g}²",
            number(s),
        ),
        Formula("m′ = m / (1 − 0.9ᵗ)", f"{factor(m)} / (1 − 0.9^{t})", number(mean)),
        Formula("s′ = s / (1 − 0.999ᵗ)", f"{number(s)} / (1 − 0.999^{t})", number(square)),
    ]
    return lines, mean, square


def at(parameters: Parameters, place: Place) -> float:
    """Return one parameter of the first replica."""
    layer, row, unit = place
    return float(parameters.layers[layer][0, row, unit])


def _remembered(trace: UpdateTrace, moment: str, place: Place) -> list[float]:
    """Return what the optimizer remembers of one parameter before or after the update."""
    layer, row, unit = place
    start, units = int(trace.before.starts[layer]), trace.before.sizes[layer + 1]
    state = trace.state_before if moment == "before" else trace.state_after
    return [float(slot[0, start + row * units + unit]) for slot in state]
