"""What lesson 01 computes at once, with nothing to train: one neuron by hand, and the softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nbtutor.charts import Axis, Bars, Chart, Colour, Dash, Field, Line, Mark, Pattern, Points, Rule
from nbtutor.engine import make_dataset
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import DOMAIN
from nbtutor.widgets.dials import Choice, Slider, Steps
from nbtutor.widgets.fields import plane_points
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.plane_marks import X_AXIS, Y_AXIS, class_marks
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

POINTS = 100
SIDE = 64
"""Pixels of the neuron's picture of the plane, in each direction."""
FAR = 6.0
"""The curve is drawn from -FAR to FAR, or twice as far, until the present z is on it."""
SATURATED = 0.01
"""A slope below this is called saturation."""

MAX_WEIGHT = 5.0
SHOWN_ACTIVATIONS = (
    *("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "linear"),
)
CLOUDS = {"gaussians": "Two clouds", "circle": "Circle", "moons": "Moons", "xor": "Exclusive or"}

CLASSES = "ABCD"
MAX_SCORE = 5.0
TEMPERATURES = tuple(float(f"{t:.2g}") for t in np.geomspace(0.05, 50, 61))
CLASS_LOOKS: tuple[tuple[Colour, Dash, Pattern], ...] = (
    ("class-0", "solid", "plain"),
    ("class-1", "dashed", "rising"),
    ("class-2", "dashdot", "falling"),
    ("class-3", "dotted", "dots"),
)


def activate(name: str, z: Array) -> tuple[Array, Array]:
    """Return f(z) and f'(z) of an activation by its name, in float64, of the shape of z."""
    # The functions write into arrays with an axis at least: without one NumPy makes numbers.
    sums = np.atleast_1d(np.asarray(z, np.float64))
    a, slope = np.empty_like(sums), np.empty_like(sums)
    ACTIVATIONS[name].output(sums, a)
    ACTIVATIONS[name].derivative(sums, a, slope)
    return a.reshape(np.shape(z)), slope.reshape(np.shape(z))


@dataclass(frozen=True)
class Answer:
    """What a neuron says of its points.

    Attributes
    ----------
    z, output, slope : float
        At the point that is looked at: the weighted sum, f(z), and f'(z).
    gradient : tuple of float
        The derivative of the output by w1, by w2 and by b.
    accuracy : float
        Share of all points that lie on the side of their class: z above 0 for class 1.
    mean : float
        Mean of the output over the plane.
    """

    z: float
    output: float
    slope: float
    gradient: tuple[float, float, float]
    accuracy: float
    mean: float


class Neuron(Experiment):
    """One neuron of two inputs, whose weights are dragged.

    Parameters
    ----------
    settings : RunSettings
        Its noise and its seed make the points.
    w1, w2, b : float
    activation : str
    points : str
        Name of the data set.
    """

    label: ClassVar[str] = "One neuron"
    DIALS: ClassVar = {
        "w1": Slider("Weight w\u2081", 1.0, -MAX_WEIGHT, MAX_WEIGHT, 0.1),
        "w2": Slider("Weight w\u2082", -1.0, -MAX_WEIGHT, MAX_WEIGHT, 0.1),
        "b": Slider("Bias b", 0.0, -10.0, 10.0, 0.1),
        "activation": Choice(
            "Activation", "sigmoid", {name: ACTIVATIONS[name].label for name in SHOWN_ACTIVATIONS}
        ),
        "points": Choice("Points", "gaussians", CLOUDS),
    }
    SETTINGS: ClassVar = ("noise", "seed")

    def __init__(
        self, settings: RunSettings, w1: float, w2: float, b: float, activation: str, points: str
    ) -> None:
        self.w1, self.w2, self.b, self.activation = w1, w2, b, activation
        self.points = points
        data = make_dataset(points, POINTS, settings.noise, settings.seed)
        self._X, self._y = data.X, data.y
        self._plane = plane_points(SIDE)
        self.probe = self._X[0]

    def turn(self, **dials: Any) -> bool:
        """Take other weights or another activation; other points make another neuron."""
        if "points" in dials:
            return False
        vars(self).update(dials)
        return True

    def advance(self, seconds: float) -> None:
        """Do nothing: there is nothing to train."""

    @property
    def progress(self) -> tuple[int, int]:
        """Nothing of nothing."""
        return 0, 0

    def sums(self, X: Array) -> Array:
        """Return z = w1 x + w2 y + b of points, shape (n,)."""
        z: Array = X @ np.array([self.w1, self.w2]) + self.b
        return z

    @property
    def result(self) -> Answer:
        """What the neuron answers now."""
        z = self.sums(self.probe)
        output, slope = activate(self.activation, z)
        right = (self.sums(self._X) > 0) == (self._y == 1)
        plane, _ = activate(self.activation, self.sums(self._plane))
        x, y = (float(value) for value in self.probe)
        s = float(slope)
        return Answer(
            *(float(z), float(output), s, (s * x, s * y, s)),
            accuracy=float(right.mean()),
            mean=float(plane.mean()),
        )

    def tell(self) -> str:
        """Say how many points are right, and whether the neuron is saturated."""
        answer = self.result
        right = f"{answer.accuracy:.0%} of the points lie on the side of their class."
        if self.activation == "linear" or answer.slope >= SATURATED:
            return f"{right} At your point the slope is {answer.slope:.2g}: it can learn there."
        word = "off" if answer.slope == 0 else "saturated"
        return f"{right} At your point it is {word}: the slope is {answer.slope:.2g}."

    def formulas(self) -> list[str]:
        """Return the weighted sum, the output and the slope, with their numbers."""
        answer = self.result
        x, y = self.probe
        w1, w2, b = signed(self.w1), signed(self.w2), signed(self.b)
        return [
            f"z = w\u2081x + w\u2082y + b = {w1} \u00d7 {signed(x, 2)} + {w2} \u00d7 "
            f"{signed(y, 2)} + {b} = {signed(answer.z, 2)}",
            f"a = f(z) = {signed(answer.output, 3)},   "
            f"slope f\u2032(z) = {signed(answer.slope, 3)}",
            f"mean of a over the plane = {signed(answer.mean, 2)}",
        ]

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the point that was chosen in the plane."""
        if mark.name.startswith("class"):
            number = int(mark.name[-1])
            self.probe = self._X[self._y == number][point]

    def charts(self) -> list[Chart]:
        """Return the activation with its slope, and the neuron's output over the plane."""
        return [self._curve(), self._picture()]

    def _curve(self) -> Chart:
        answer = self.result
        far = FAR
        while far < abs(answer.z):
            far *= 2
        z = np.linspace(-far, far, 241)
        output, slope = activate(self.activation, z)
        marks: list[Mark] = [
            Line("output f(z)", z, output, "text", named=False),
            Line("slope f\u2032(z)", z, slope, "accent", "dashed", named=False),
            Rule(f"z = {signed(answer.z, 2)}", answer.z, colour="quiet"),
            Points("output at your point", [answer.z], [answer.output], "text", "circle"),
            Points("slope at your point", [answer.z], [answer.slope], "accent", "diamond", True),
        ]
        return Chart(
            f"{ACTIVATIONS[self.activation].label}, and its slope",
            Axis("weighted sum z", limits=(-far, far)),
            Axis(""),
            marks,
            f"At z = {answer.z:.2f} the output is {answer.output:.3g}, and the slope is "
            f"{answer.slope:.3g}.",
        )

    def _picture(self) -> Chart:
        output, _ = activate(self.activation, self.sums(self._plane))
        low, high = ACTIVATIONS[self.activation].range
        if np.isfinite([low, high]).all():
            shown = (output - low) / (high - low)
        else:  # neutral at 0, and full where it is largest
            shown = 0.5 + 0.5 * output / max(1.0, float(np.abs(output).max()))
        marks: list[Mark] = [
            Field("output", shown.reshape(SIDE, SIDE)[::-1], DOMAIN),
            *class_marks(self._X, self._y),
            *self._line(),
        ]
        marks.append(
            Points("your point", [self.probe[0]], [self.probe[1]], "text", "diamond", hollow=True)
        )
        return Chart(
            "Its output over the plane",
            X_AXIS,
            Y_AXIS,
            marks,
            self.tell(),
            square=True,
        )

    def _line(self) -> list[Line]:
        """Return the line on which z is 0, as far as it crosses the plane."""
        ends = crossing(self.w1, self.w2, self.b)
        return [] if ends is None else [Line("z = 0", ends[:, 0], ends[:, 1], named=False)]


def crossing(w1: float, w2: float, b: float) -> Array | None:
    """Return where the line w1 x + w2 y + b = 0 enters and leaves the plane that is shown.

    Returns
    -------
    ndarray of shape (2, 2) or None
        Two points, that with the smaller x first. None if it does not cross the plane.
    """
    left, right, bottom, top = DOMAIN
    places = []
    if w2:
        places += [(x, -(w1 * x + b) / w2) for x in (left, right)]
    if w1:
        places += [(-(w2 * y + b) / w1, y) for y in (bottom, top)]
    inside = [(x, y) for x, y in places if left <= x <= right and bottom <= y <= top]
    ends = sorted(set(inside))
    return np.array([ends[0], ends[-1]]) if len(ends) > 1 else None


def softmax(scores: Array, temperature: Array | float = 1.0) -> Array:
    """Return the probabilities exp(s / T) / sum exp(s / T).

    Parameters
    ----------
    scores : ndarray of shape (classes,)
    temperature : float or ndarray of shape (n, 1)
        Above 0.

    Returns
    -------
    ndarray of shape (classes,) or (n, classes)
    """
    # Less the largest: the probabilities are the same, and no power overflows.
    powers: Array = np.exp((scores - scores.max()) / temperature)
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


class Softmax(Experiment):
    """Scores of four classes, made into probabilities.

    Parameters
    ----------
    settings : RunSettings
        Not used.
    temperature : float
    **scores
        ``score_a`` to ``score_d``.
    """

    label: ClassVar[str] = "Softmax"
    DIALS: ClassVar = {
        f"score_{name.lower()}": Slider(f"Score of {name}", 2.0 - place, -MAX_SCORE, MAX_SCORE, 0.1)
        for place, name in enumerate(CLASSES)
    } | {"temperature": Steps("Temperature T", 1.0, TEMPERATURES)}
    SETTINGS: ClassVar = ()

    def __init__(self, settings: RunSettings, temperature: float, **scores: float) -> None:
        self.temperature = temperature
        self._scores = scores

    def turn(self, **dials: Any) -> bool:
        """Take other scores, or another temperature."""
        self.temperature = dials.pop("temperature", self.temperature)
        self._scores = self._scores | dials
        return True

    def advance(self, seconds: float) -> None:
        """Do nothing: there is nothing to train."""

    @property
    def progress(self) -> tuple[int, int]:
        """Nothing of nothing."""
        return 0, 0

    @property
    def scores(self) -> Array:
        """The scores, shape (classes,)."""
        return np.array([self._scores[f"score_{name.lower()}"] for name in CLASSES])

    @property
    def result(self) -> Array:
        """The probabilities, shape (classes,)."""
        return softmax(self.scores, self.temperature)

    def tell(self) -> str:
        """Say which class is the most likely, and how likely."""
        p = self.result
        best = [name for name, share in zip(CLASSES, p, strict=True) if np.isclose(share, p.max())]
        if len(best) == len(CLASSES):
            return "All classes are equally likely."
        verb = "is" if len(best) == 1 else "are"
        return f"{' and '.join(best)} {verb} the most likely, with a probability of {p.max():.2f}."

    def formulas(self) -> list[str]:
        """Return the probability of the first class, and the sum of all, with their numbers."""
        p, t = self.result, f"{self.temperature:g}"
        powers = [f"e^({signed(score)} / {t})" for score in self.scores]
        return [
            f"p(A) = {powers[0]} / ({' + '.join(powers)}) = {p[0]:.3f}",
            f"sum of all = {' + '.join(f'{share:.3f}' for share in p)} = {p.sum():.3f}",
        ]

    def charts(self) -> list[Chart]:
        """Return the probabilities now, and those at every temperature."""
        return [self._bars(), self._lines()]

    def _bars(self) -> Chart:
        marks: list[Mark] = [
            # Without a name: the axis says which is which.
            Bars("", [n - 0.35], [n + 0.35], [0], [share], colour, pattern)
            for n, (share, (colour, _, pattern)) in enumerate(
                zip(self.result, CLASS_LOOKS, strict=True)
            )
        ]
        marks.append(Rule("even", 1 / len(CLASSES), "y", dash="dashed"))
        ticks = [
            (n, f"{name}: {share:.2f}")
            for n, (name, share) in enumerate(zip(CLASSES, self.result, strict=True))
        ]
        return Chart(
            f"Probabilities at T = {self.temperature:g}",
            Axis("class", limits=(-1, len(CLASSES) - 0.5), ticks=ticks),
            Axis("probability", limits=(0, 1)),
            marks,
            self.tell(),
        )

    def _lines(self) -> Chart:
        temperatures = np.geomspace(TEMPERATURES[0], TEMPERATURES[-1], 121)
        shares = softmax(self.scores, temperatures[:, None])
        marks: list[Mark] = [
            Line(name, temperatures, share, colour, dash)
            for name, share, (colour, dash, _) in zip(CLASSES, shares.T, CLASS_LOOKS, strict=True)
        ]
        marks.append(Rule(f"T = {self.temperature:g}", self.temperature))
        return Chart(
            "The same scores at every temperature",
            Axis("temperature T", "log", (TEMPERATURES[0], TEMPERATURES[-1])),
            Axis("probability", limits=(0, 1)),
            marks,
            "From low temperatures, where the highest score takes all, to high ones, where all "
            "classes are even.",
        )


def signed(value: float, decimals: int = 1) -> str:
    """Return a number with a proper minus, in brackets where it has one; never minus zero."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        return text.lstrip("-")
    return f"(\N{MINUS SIGN}{text[1:]})" if text.startswith("-") else text
