"""Lesson 10: bias and variance."""

from __future__ import annotations

from typing import ClassVar

import ipywidgets

from nbtutor.engine.families import FAMILIES, TWO_CLASSES
from nbtutor.experiments import BiasVarianceSweep, Decomposition
from nbtutor.widgets.boxes import close_all
from nbtutor.widgets.controls import Count
from nbtutor.widgets.lesson import Exercise, Exercises, Outcome, Prediction, Program
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.bias_variance.experiments import (
    CONTROLS,
    EPOCHS,
    SIZES,
    Live,
    MorePoints,
    Sizes,
    Sources,
)
from nbtutor.widgets.tutors.bias_variance.programs import (
    write_nbtutor,
    write_pytorch,
    write_sklearn,
)
from nbtutor.widgets.tutors.tutor import Tutor

FLEETS = (10, 30, 50, 100)
CLOSE = 0.1
"""Within this share of the lowest error, an error is close to it."""


class BiasVarianceTutor(Tutor):
    """Lesson 10: what another draw of the data would have changed.

    Thirty networks and more, trained at once on fresh draws of the data, with the maps of their
    bias² and variance; the error against the network's size and against the number of points; and
    the variance by where it comes from.

    Parameters
    ----------
    **settings
        Of `nbtutor.widgets.settings.RunSettings`; by default the moons with noise 0.3, 100 points
        for each of 30 networks with two hidden layers of 8, and Adam at 0.03. The data set must
        have two classes and a known source. All points are trained on: the training share is not
        used, because what is true of the data is known.

    Attributes
    ----------
    prediction : Prediction
    exercises : Exercises
    program : Program

    Raises
    ------
    ParameterError
        If a setting has a value that is not allowed.
    """

    DEFAULTS: ClassVar = {
        "dataset": "moons",
        "noise": 0.3,
        "points": 100,
        "hidden": (8, 8),
        "replicas": 30,
        "optimizer": "adam",
        "learning_rate": 0.03,
    }
    CONTROLS = CONTROLS
    EXPERIMENTS: ClassVar = {
        "live": Live,
        "sizes": Sizes,
        "points": MorePoints,
        "sources": Sources,
    }
    CHARTS = 4
    KEEPS_PLAYING = True

    def __init__(self, **settings: object) -> None:
        self.prediction = Prediction(
            f"In the experiment Sizes, networks from none to 32 + 32 hidden units are trained for "
            f"{EPOCHS} epochs, 30 of each size. Each learns from 100 points of its own. How does "
            "their error on new points change from the smallest to the largest size?",
            (
                "It falls all the way: larger networks can do more.",
                "It falls at first, and then it rises.",
                "It rises all the way: simple is best.",
            ),
        )
        self.exercises = Exercises(
            "bias-variance",
            (
                Exercise(
                    "variance-largest",
                    "Live: find settings with which variance is the largest of the three parts, "
                    "when the networks have trained to the end.",
                    lambda: self._check_largest("variance", _MORE_VARIANCE),
                ),
                Exercise(
                    "bias-largest",
                    "Live: now make bias² the largest part.",
                    lambda: self._check_largest("bias2", _MORE_BIAS),
                ),
                Exercise(
                    "near-the-lowest",
                    f"Run Sizes to its end. Then go back to Live and bring the error within "
                    f"{CLOSE:.0%} of the lowest one that Sizes found. Keep 32 + 32 hidden units, "
                    "the data set, its noise and the number of points.",
                    self._check_near_the_lowest,
                ),
                Exercise(
                    "weights-matter-more",
                    "Points or weights: find settings with which other first weights change more "
                    "than other points.",
                    self._check_sources,
                ),
            ),
        )
        self.program = Program(
            {
                "nbtutor": lambda: write_nbtutor(self.settings),
                "scikit-learn": lambda: write_sklearn(self.settings),
                "PyTorch": lambda: write_pytorch(self.settings),
            }
        )
        self._swept: tuple[RunSettings, BiasVarianceSweep] | None = None
        super().__init__(**settings)

    def _make_controls(self) -> dict[str, ipywidgets.Widget]:
        """Offer the data sets with two classes only, and no fleet without networks."""
        made = super()._make_controls()
        dataset, replicas = made["dataset"], made["replicas"]
        dataset.options = [(FAMILIES[name].label, name) for name in TWO_CLASSES]
        dataset.tooltips = list(TWO_CLASSES)
        dataset.value = self.settings.dataset
        close_all(replicas)
        made["replicas"] = Count(FLEETS, self.settings.replicas, "Networks")
        made["replicas"].add_class("nbt-control")
        return made

    def _draw(self) -> None:
        super()._draw()
        if isinstance(self.work, Sizes) and self.stage.finished:
            self._swept = self.work.settings, self.work.result
            self.prediction.outcome = _what_happened(self.work.result)

    # The exercises look at what the learner's own networks have come to.

    def _live_parts(self) -> Decomposition | Outcome:
        live = self._finished(Live)
        if isinstance(live, Outcome):
            return live
        return live.parts or Outcome(False, "The answers are too large. Lower the learning rate.")

    def _check_largest(self, wanted: str, hints: dict[str, str]) -> Outcome:
        parts = self._live_parts()
        if isinstance(parts, Outcome):
            return parts
        sizes = {name: float(getattr(parts, name)) for name in ("noise", "bias2", "variance")}
        largest = max(sizes, key=lambda name: sizes[name])
        words = ", ".join(f"{_WORDS[name]} {size:.3f}" for name, size in sizes.items())
        said = f"{words[0].upper()}{words[1:]}."
        return Outcome(largest == wanted, said if largest == wanted else f"{said} {hints[largest]}")

    def _check_near_the_lowest(self) -> Outcome:
        if self._swept is None:
            return Outcome(False, f'First choose "{Sizes.label}", press Play and let it end.')
        parts = self._live_parts()
        if isinstance(parts, Outcome):
            return parts
        settings, result = self._swept
        for name in ("dataset", "noise", "points"):
            swept, now = getattr(settings, name), getattr(self.settings, name)
            if swept != now:
                return Outcome(
                    False,
                    f"Sizes had {_WORDS[name]} {swept}, and here it is {now}. Make them equal.",
                )
        if self.settings.hidden != SIZES[-1]:
            units = " + ".join(map(str, self.settings.hidden)) or "no"
            return Outcome(False, f"Here are {units} hidden units. Take 32 + 32.")
        lowest = float(result.expected_error[result.best])
        error = parts.expected_error
        said = f"The error is {error:.3f}, and the lowest of Sizes {lowest:.3f}."
        if error <= (1 + CLOSE) * lowest:
            return Outcome(True, f"{said} The large network does it too.")
        if parts.variance > parts.bias2:
            return Outcome(False, f"{said} Variance is the larger part: try L2.")
        return Outcome(False, f"{said} Bias² is the larger part: that is too much of it.")

    def _check_sources(self) -> Outcome:
        sources = self._finished(Sources)
        if isinstance(sources, Outcome):
            return sources
        split = sources.result
        said = f"Other points make {split.data:.4f}, other first weights {split.given_data:.4f}."
        if split.given_data > split.data:
            return Outcome(True, said)
        few = self.settings.points < 500
        hint = (
            "With more points, each draw says nearly the same."
            if few
            else "Large networks come to the same from anywhere; with two or three hidden units, "
            "some get stuck."
        )
        return Outcome(False, f"{said} {hint}")


_WORDS = {"noise": "noise", "bias2": "bias²", "variance": "variance"} | {
    "dataset": "the data set",
    "points": "points",
}

_MORE_VARIANCE = {
    "noise": "Noise is still the largest. Turn it down, or make the draws differ more.",
    "bias2": "Here the networks are too simple, all in the same way. Give them more freedom.",
}
_MORE_BIAS = {
    "noise": "Noise is still the largest. Turn it down, or take networks that are too simple.",
    "variance": "Here the networks are too free. Make them simpler, or hold them back.",
}


def _what_happened(result: BiasVarianceSweep) -> str:
    error, best = result.expected_error, result.best
    units = " + ".join(map(str, result.values[best])) or "no"
    way = "fell and then rose" if 0 < best < len(error) - 1 else "was lowest at an end"
    return (
        f"It {way}: {error[0]:.3f} without hidden units, {error[best]:.3f} with {units}, and "
        f"{error[-1]:.3f} with 32 + 32. Bias² went from {result.bias2[0]:.3f} to "
        f"{result.bias2[-1]:.3f}, variance from {result.variance[0]:.3f} to "
        f"{result.variance[-1]:.3f}."
    )
