"""The arithmetic of one update in words: formulas with the numbers of one point plugged in.

The numbers are those of an `UpdateTrace`, rounded to three digits, so what is worked out from the
rounded ones may differ in the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nbtutor.engine import Network, TrainingConfig, UpdateTrace
from nbtutor.widgets.numbers import (
    MOST_TERMS,
    alike,
    factor,
    in_brackets,
    number,
    probability,
    sum_of_products,
)
from nbtutor.widgets.step_formulas import Formula, at, explain_gradient, explain_step

Array = np.ndarray

_FUNCTIONS = {
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softplus": "softplus",
    "sigmoid": "σ",
    "linear": "",
}
_SLOPES = {
    "tanh": ("1 − a²", "1 − {a}²"),
    "sigmoid": ("a (1 − a)", "{a} × (1 − {a})"),
    "linear": ("1", ""),
    "relu": ("1 where z > 0, else 0", "z = {z}"),
    "leaky_relu": ("1 where z > 0, else 0.01", "z = {z}"),
}
_OUTPUTS = {
    "sigmoid": "The output weighs what it receives; σ makes the sum the probability of class 1.",
    "softmax": "Each class has a sum; softmax makes them probabilities that add up to 1.",
    "linear": "The output weighs what it receives; the sum itself is the prediction.",
}


@dataclass(frozen=True)
class Account:
    """What is said of one stage.

    Attributes
    ----------
    title, sentence : str
    formulas : list of Formula
    """

    title: str
    sentence: str
    formulas: list[Formula]


class Explainer:
    """Writes down what one update does with one point.

    Parameters
    ----------
    trace : UpdateTrace
        Its first replica is told.
    network : Network
        Gives the activations and the loss.
    config : TrainingConfig
    inputs : sequence of str
        Names of the inputs.
    """

    def __init__(
        self,
        trace: UpdateTrace,
        network: Network,
        config: TrainingConfig,
        inputs: Sequence[str],
    ) -> None:
        self.trace = trace
        self.activations = network.activations
        self.output, self.loss = network.output, network.loss
        self.config = config
        self.layers = len(trace.sums)
        self.n = trace.losses.shape[1]
        self._inputs = inputs

    # Names. Layers count from 1, as in the diagram, where 0 are the inputs; units from 0.

    def layer_name(self, layer: int) -> str:
        """Return "hidden 1" or "output"."""
        return "output" if layer == self.layers else f"hidden {layer}"

    def unit_name(self, layer: int, unit: int) -> str:
        """Return the name of a unit, or of an input in layer 0."""
        if layer == 0:
            return self._inputs[unit]
        if layer < self.layers:
            return f"hidden {layer}, unit {unit + 1}"
        return f"class {unit}" if self.output == "softmax" else "the output"

    # The stages.

    def pick(self, point: int, points: int) -> Account:
        """Tell what the network receives and what it should say; `points` may be picked."""
        values = self.trace.inputs[0, point]
        pairs = [
            f"{name} = {number(value)}" for name, value in zip(self._inputs, values, strict=True)
        ]
        batch = f"{self.n} of the {points:,}" if self.n < points else f"all {points:,}"
        verb = "It is" if self.n == 1 else "They are"
        moved = "" if self.config.augmentation is None else " before augmentation moves them"
        return Account(
            "Pick",
            f"Update {self.trace.update:,} learns from {batch} training points. "
            f"{verb} marked in the plane{moved}.",
            [
                Formula("inputs", ", ".join(pairs), ""),
                Formula("target", "", self._describe_target(point)),
            ],
        )

    def forward(self, layer: int, unit: int, point: int) -> Account:
        """Tell a unit's weighted sum, and what the unit makes of it."""
        trace = self.trace
        x = trace.received(layer - 1)[0, point]
        block = trace.before.layers[layer - 1][0, :, unit]
        z, a = (values[layer - 1][0, point, unit] for values in (trace.sums, trace.outputs))
        terms = sum_of_products(block[:-1], x, block[-1])
        lines = [Formula("z = Σ w x + b", terms, number(z))]
        title = f"Forward, {self.layer_name(layer)}"
        if layer == self.layers:
            return Account(title, _OUTPUTS[self.output], [*lines, self._predict(unit, point)])
        name = _FUNCTIONS[self.activations[layer - 1]]
        symbols = f"a = {name}(z)" if name else "a = z"
        lines.append(Formula(symbols, f"{name}({number(z)})" if name else "", number(a)))
        if self._drops(layer):
            mask = trace.masks[layer - 1][0, point, unit]
            word = "kept" if mask else "dropped"
            times = f"{word}: {factor(a)} × {number(mask)}"
            lines.append(Formula("dropout passes on", times, number(a * mask)))
        sentence = "Each unit weighs what it receives, adds its bias, and bends the sum."
        return Account(title, sentence, lines)

    def lose(self, point: int) -> Account:
        """Tell the loss of the point, and the mean over the batch."""
        loss = number(self.trace.losses[0, point])
        symbols, numbers = self._loss_formula(point)
        lines = [Formula(symbols, numbers, loss)]
        if self.n > 1:
            mean = number(self.trace.losses[0].mean())
            lines.append(Formula("mean over the batch", self._mean_of(loss), mean))
        return Account("Loss", self._compare(point), lines)

    def backward(self, layer: int, unit: int, point: int) -> Account:
        """Tell a unit's error signal, and the gradient by one of its parameters."""
        trace = self.trace
        delta = trace.deltas[layer - 1][0, point, unit]
        if layer == self.layers:
            symbols, numbers = self._output_delta(unit, point)
            lines = [Formula(f"δ = ∂loss/∂z = {symbols}", numbers, number(delta))]
        else:
            lines = self._hidden_delta(layer, unit, point)
        below = self.most_changed(layer, unit)
        x = self._received(layer, below, point)
        if below < self.rows(layer) - 1:
            symbols = f"∂loss/∂w = x δ, from {self.parameter_name(layer, below)}"
            numbers = f"{factor(x)} × {factor(delta)}"
        else:
            symbols, numbers = "∂loss/∂b = δ", ""
        lines.append(Formula(symbols, numbers, number(x * delta)))
        if self.n > 1:
            mean = number(trace.gradient.layers[layer - 1][0, below, unit])
            own = number(x * delta)
            lines.append(Formula("mean over the batch", self._mean_of(own), mean))
        sentence = "δ says how the loss changes with z: here, straight from the loss."
        if layer < self.layers:
            above = self.layer_name(layer + 1)
            sentence = f"δ is made of the δ above it ({above}), which come back along the links."
        if self.n > 1:
            sentence += " The gradient is the mean over the batch."
        return Account(f"Backward, {self.layer_name(layer)}", sentence, lines)

    def update(self, layer: int, unit: int) -> Account:
        """Tell the step of the unit's parameter that changes most, and all old and new ones."""
        trace = self.trace
        place = layer - 1, self.most_changed(layer, unit), unit
        changes = []
        for row in range(self.rows(layer))[:MOST_TERMS]:
            old, new = (at(p, (layer - 1, row, unit)) for p in (trace.before, trace.after))
            change = " → ".join(alike(old, new))
            changes.append(f"{self.parameter_name(layer, row)}: {change}")
        more = self.rows(layer) - MOST_TERMS
        if more > 0:
            changes.append(f"{more} more")
        # The step itself is what the others lead to: it must be seen without scrolling.
        *before, step = [
            *explain_gradient(trace, self.config, place),
            *explain_step(trace, self.config, place),
        ]
        lines = [*before, step] if len(before) < 2 else [step, *before]
        name = self.parameter_name(layer, place[1])
        what = "its bias" if name == "bias" else f"its weight from {name}"
        return Account(
            "Update",
            f"Every weight has taken its step. Of {self.unit_name(layer, unit)}, {what} changed "
            "most.",
            [*lines, Formula("old → new", "; ".join(changes), "")],
        )

    def most_changed(self, layer: int, unit: int) -> int:
        """Return which of a unit's parameters changes most: a row, the bias's is the last."""
        return int(np.abs(self.changes(layer)[:, unit]).argmax())

    def most_changed_unit(self, layer: int) -> int:
        """Return the unit of a layer that has the largest change."""
        return int(np.abs(self.changes(layer)).max(axis=0).argmax())

    def largest_change(self, layer: int) -> float:
        """Return by how much the parameter of a layer changes that changes most."""
        return float(np.abs(self.changes(layer)).max())

    def changes(self, layer: int) -> Array:
        """Return by how much the update changes a layer, shape (inputs + 1, units)."""
        before, after = (p.layers[layer - 1][0] for p in (self.trace.before, self.trace.after))
        change: Array = after - before
        return change

    def rows(self, layer: int) -> int:
        """Return how many parameters a unit of a layer has."""
        return int(self.trace.before.layers[layer - 1].shape[1])

    def parameter_name(self, layer: int, row: int) -> str:
        """Return what a unit's weight comes from, or "bias"."""
        return "bias" if row == self.rows(layer) - 1 else self.unit_name(layer - 1, row)

    # The parts.

    def _drops(self, layer: int) -> bool:
        return bool((self.trace.masks[layer - 1] != 1).any())

    def _mean_of(self, own: str) -> str:
        return f"({own} + {self.n - 1} more) / {self.n}"

    def _received(self, layer: int, row: int, point: int) -> float:
        x = self.trace.received(layer - 1)[0, point]
        return float(x[row]) if row < len(x) else 1.0

    def _describe_target(self, point: int) -> str:
        t = self.trace.targets[0, point]
        if self.output == "linear":
            return number(t[0])
        if self.output == "sigmoid":
            return f"t = {number(t[0])}: class {int(t[0] > 0.5)}"
        return f"t = {', '.join(map(number, t))}: class {int(t.argmax())}"

    def _predict(self, unit: int, point: int) -> Formula:
        z, p = (values[-1][0, point] for values in (self.trace.sums, self.trace.outputs))
        if self.output == "linear":
            return Formula("prediction a = z", "", number(z[unit]))
        if self.output == "sigmoid":
            result = probability(p[0])
            return Formula("p = σ(z) = 1 / (1 + exp(−z))", f"σ({number(z[0])})", result)
        parts = " + ".join(f"exp({number(value)})" for value in z)
        numbers = f"exp({number(z[unit])}) / ({parts})"
        return Formula("p = exp(z) / Σ exp(z)", numbers, probability(p[unit]))

    def _compare(self, point: int) -> str:
        p, t = self.trace.outputs[-1][0, point], self.trace.targets[0, point]
        if self.output == "linear":
            return f"It says {number(p[0])}, and the truth is {number(t[0])}. How wrong is that?"
        both = p if self.output == "softmax" else np.array([1 - p[0], p[0]])
        true = int(t[0] > 0.5) if self.output == "sigmoid" else int(t.argmax())
        share = probability(both[true])
        return f"The truth is class {true}, which got the probability {share}. How wrong is that?"

    def _loss_formula(self, point: int) -> tuple[str, str]:
        p, t = self.trace.outputs[-1][0, point], self.trace.targets[0, point]
        if self.output == "linear":
            says, true = alike(float(p[0]), float(t[0]), digits=3)
            return "loss = (a − t)²", f"({says} − {in_brackets(true)})²"
        if self.loss == "squared_error":
            sigma = "Σ " if len(p) > 1 else ""
            squares = [f"({probability(a)} − {factor(b)})²" for a, b in zip(p, t, strict=True)]
            return f"loss = {sigma}(p − t)²", " + ".join(squares)
        if self.output == "sigmoid":
            says = probability(p[0])
            if t[0] in (0, 1):
                return (
                    ("loss = −ln p", f"−ln {says}")
                    if t[0]
                    else (
                        "loss = −ln(1 − p)",
                        f"−ln(1 − {says})",
                    )
                )
            t0, rest = number(t[0]), number(1 - t[0])
            return (
                "loss = −t ln p − (1 − t) ln(1 − p)",
                f"−{t0} × ln {says} − {rest} × ln(1 − {says})",
            )
        if (t == 1).any():
            return "loss = −ln p of the true class", f"−ln {probability(p[int(t.argmax())])}"
        parts = [f"{number(b)} × ln {probability(a)}" for a, b in zip(p, t, strict=True)]
        return "loss = −Σ t ln p", "−" + " − ".join(parts)

    def _output_delta(self, unit: int, point: int) -> tuple[str, str]:
        p, t = self.trace.outputs[-1][0, point], self.trace.targets[0, point]
        if self.output == "linear":
            says, true = alike(float(p[unit]), float(t[unit]), digits=3)
            return "2 (a − t)", f"2 × ({says} − {in_brackets(true)})"
        says, true = probability(p[unit]), factor(t[unit])
        if self.loss == "cross_entropy":
            return "p − t", f"{says} − {true}"
        error = p[unit] - t[unit]
        if self.output == "sigmoid":
            return "2 (p − t) p (1 − p)", f"2 × {factor(error)} × {says} × (1 − {says})"
        mean = float((p * (p - t)).sum())
        return (
            "2 p (e − Σ p e), with e = p − t",
            f"2 × {says} × ({number(error)} − {factor(mean)})",
        )

    def _hidden_delta(self, layer: int, unit: int, point: int) -> list[Formula]:
        trace = self.trace
        name = self.activations[layer - 1]
        z, a, slope = (
            values[layer - 1][0, point, unit]
            for values in (trace.sums, trace.outputs, trace.slopes)
        )
        function = _FUNCTIONS[name]
        symbols, numbers = _SLOPES.get(name, (f"{function}′(z)", f"{function}′({{z}})"))
        steepness = Formula(
            f"f′(z) = {symbols}", numbers.format(a=factor(a), z=number(z)), number(slope)
        )
        weights = trace.before.weights[layer][0, unit]
        above = trace.deltas[layer][0, point]
        terms = sum_of_products(weights, above)
        mask = trace.masks[layer - 1][0, point, unit]
        dropout = (" × dropout", f" × {number(mask)}") if self._drops(layer) else ("", "")
        delta = trace.deltas[layer - 1][0, point, unit]
        return [
            steepness,
            Formula(
                f"δ = ∂loss/∂z = f′(z){dropout[0]} × Σ w δ above",
                f"{number(slope)}{dropout[1]} × ({terms})",
                number(delta),
            ),
        ]
