"""Lesson 01: the neuron and its activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from nbtutor.widgets.lesson import Exercise, Exercises, Outcome, Prediction, Program
from nbtutor.widgets.tutors.activation.by_hand import CLASSES, SATURATED, Neuron, Softmax
from nbtutor.widgets.tutors.activation.programs import LIBRARIES, write_program
from nbtutor.widgets.tutors.activation.runs import ALL_UNITS, UNITS, WAYS, DeadUnits, Race
from nbtutor.widgets.tutors.tutor import Tutor

SEPARATED = 0.95
"""The share of points on the right side that is asked for."""
CONFIDENT = (0.88, 0.92)
"""Where the largest probability is to be brought."""


class ActivationTutor(Tutor):
    """Lesson 01: a weighted sum, and what is made of it.

    One neuron by hand, scores made into probabilities, a race of the activations, and ReLU units
    that die. From Python, `turn` sets what has a dial: ``tutor.turn(w1=-1, w2=-1)``.

    Parameters
    ----------
    **settings
        Of `nbtutor.widgets.settings.RunSettings`; by default the circle with noise 0.1 and 400
        points, and a learning rate of 0.03. The networks have one hidden layer of 8 units.

    Attributes
    ----------
    prediction : Prediction
    exercises : Exercises
    program : Program
    """

    DEFAULTS: ClassVar = {"dataset": "circle", "noise": 0.1, "points": 400, "hidden": (UNITS,)}
    CONTROLS = ("dataset", "noise", "learning_rate", "batch_size", "seed")
    EXPERIMENTS: ClassVar = {
        "neuron": Neuron,
        "softmax": Softmax,
        "race": Race,
        "dead_units": DeadUnits,
    }
    CHARTS = 3

    def __init__(self, **settings: object) -> None:
        self.prediction = Prediction(
            "Networks start from the same weights and see the same points in the same order, at "
            "the same learning rate. Only the activation of their hidden neurons differs. Which "
            "of these three has the highest loss after 40 epochs: learns most slowly?",
            ("The sigmoid.", "tanh.", "ReLU: on one side it is flat."),
        )
        self.exercises = Exercises(
            "activation",
            (
                Exercise(
                    "separate",
                    "One neuron: drag the weights and the bias until at least 95% of the points of "
                    "the two clouds lie on the side of their class.",
                    self._check_separate,
                ),
                Exercise(
                    "saturate",
                    "One neuron: bring a sigmoid into saturation at your point: its slope below "
                    "0.01.",
                    self._check_saturate,
                ),
                Exercise(
                    "confident",
                    "Softmax: leave the scores as they are, and find a temperature at which the "
                    "largest probability is about 0.9 (from 0.88 to 0.92).",
                    self._check_confident,
                ),
                Exercise(
                    "kill",
                    "Dead units: find a learning rate that kills more than half of the ReLU units.",
                    self._check_kill,
                ),
                Exercise(
                    "wake",
                    "Dead units: of the remedies that were tried on the dead units, look at the "
                    'one that has woken some. Choose it in "Look at".',
                    self._check_wake,
                ),
            ),
        )
        self.program = Program({library: self._writer(library) for library in LIBRARIES})
        super().__init__(**settings)

    def _writer(self, library: str) -> Callable[[], str]:
        return lambda: write_program(self.work, self.settings, library)

    def _draw(self) -> None:
        super()._draw()
        if isinstance(self.work, Race) and self.stage.finished:
            self.prediction.outcome = self._what_happened(self.work)

    @staticmethod
    def _what_happened(race: Race) -> str:
        losses, laps = race.medians, race.laps
        asked = {"sigmoid": "the sigmoid", "tanh": "tanh", "relu": "ReLU"}
        order = sorted(asked, key=lambda name: losses[name], reverse=True)
        told = ", ".join(f"{asked[name]} {losses[name]:.3g}" for name in order)
        slopes = ", ".join(f"{asked[name]} {laps[name][0].slope:.2f}" for name in order)
        last = asked[order[0]]
        return (
            f"{last[0].upper()}{last[1:]} ended highest. The losses: {told}. At the start, the "
            f"mean slopes of the hidden neurons were: {slopes}. Each step of learning is "
            "multiplied by that slope."
        )

    # The exercises look at where the learner's own dials stand, and at what the runs have come to.

    def _check_separate(self) -> Outcome:
        neuron = self.work
        if not isinstance(neuron, Neuron):
            return Outcome(False, f'Choose "{Neuron.label}" first.')
        if neuron.points != "gaussians":
            return Outcome(
                False, 'No line parts these points. Choose "Two clouds" in the list of points.'
            )
        right = neuron.result.accuracy
        if right >= SEPARATED:
            return Outcome(True, f"{right:.0%} of the points lie on the side of their class.")
        told = f"{right:.0%} lie on the side of their class."
        if neuron.w1 == neuron.w2 == 0:
            return Outcome(False, f"{told} Both weights are 0, so there is no line at all.")
        if right < 0.4:
            hint = "The sides are the wrong way round: turn the signs of both weights."
        elif neuron.w1 * neuron.w2 < 0:
            hint = "The line runs through both clouds. Give the weights the same sign to turn it."
        else:
            hint = "Turn the line by the ratio of the weights, and move it by the bias."
        return Outcome(False, f"{told} {hint}")

    def _check_saturate(self) -> Outcome:
        neuron = self.work
        if not isinstance(neuron, Neuron):
            return Outcome(False, f'Choose "{Neuron.label}" first.')
        if neuron.activation != "sigmoid":
            return Outcome(False, 'This asks for a sigmoid: choose it in "Activation".')
        found = neuron.result
        told = f"At your point z is {found.z:.2f} and the slope is {found.slope:.4f}."
        if found.slope < SATURATED:
            return Outcome(
                True, f"{told} A step of learning moves these weights by next to nothing."
            )
        return Outcome(
            False,
            f"{told} The sigmoid is flat where z is far from 0, on either side: make the weights "
            "or the bias larger, or click a point farther from the line.",
        )

    def _check_confident(self) -> Outcome:
        work = self.work
        if not isinstance(work, Softmax):
            return Outcome(False, f'Choose "{Softmax.label}" first.')
        shares = work.result
        largest, name = shares.max(), CLASSES[int(shares.argmax())]
        told = f"At T = {work.temperature:g} the largest probability is {largest:.3f}."
        if CONFIDENT[0] <= largest <= CONFIDENT[1]:
            return Outcome(True, f"{told} {name} had the highest score.")
        if np.sum(work.scores == work.scores.max()) > 1:
            return Outcome(
                False, f"{told} Two classes share the highest score: no temperature parts them."
            )
        low = largest < CONFIDENT[0]
        hint = "too even: try a lower" if low else "too sure: try a higher"
        return Outcome(False, f"{told} That is {hint} temperature.")

    def _check_kill(self) -> Outcome:
        work = self._finished(DeadUnits)
        if isinstance(work, Outcome):
            return work
        dead = work.off["relu"][-1]
        told = f"At rate {work.rate:g}, {dead} of {ALL_UNITS} units are dead at the end."
        if 2 * dead > ALL_UNITS:
            return Outcome(True, f"{told} The networks have to do without them.")
        return Outcome(False, f"{told} Raise the learning rate, and run it again.")

    def _check_wake(self) -> Outcome:
        work = self._finished(DeadUnits)
        if isinstance(work, Outcome):
            return work
        begun = work.begun["then_low"]
        if not work.off["then_low"][0]:
            return Outcome(False, "No unit was dead to be woken: raise the rate, and run it again.")
        way = WAYS[work.look]
        if not work.look.startswith("then"):
            return Outcome(
                False,
                f'"{way}" is no remedy on the dead units: it ran like this from the start. Look at '
                f"those that begin at epoch {begun}.",
            )
        before, after = work.off[work.look][0], work.off[work.look][-1]
        told = f'"{way}": {before} units were off at epoch {begun}, and {after} are at the end.'
        if after < before:
            return Outcome(True, f"{told} Their slope is no longer 0, so they learn again.")
        if work.look == "then_low":
            return Outcome(
                False,
                f"{told} The gradient of a dead unit is exactly 0, and 0 times any rate is 0.",
            )
        return Outcome(False, f"{told} None woke this time: try another seed.")
