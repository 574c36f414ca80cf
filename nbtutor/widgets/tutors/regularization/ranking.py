"""Every remedy of the notes on twenty networks, ranked by what it did to the validation loss."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Colour, Line, Mark, Points, Rule, Shape
from nbtutor.experiments import REGULARIZERS, Prescription, Situation, Trial
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.regularization.overfit import EPOCHS, check_settings, overfitted, shown
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

NETWORKS = 20
SPURIOUS = 1
"""Inputs that are noise in every run, so that there is something to remove."""

_LOOKS: dict[str, tuple[Colour, Shape]] = {
    "helps": ("accent", "circle"),
    "unclear": ("quiet", "diamond"),
    "harms": ("alarm", "cross"),
}
_INTERVAL = "95 % interval of the mean"
_NONE = "no remedy"


def name_of(remedy: str) -> str:
    """Return the name of a remedy as a person reads it: "more data", "L2"."""
    return remedy.upper() if remedy in ("l1", "l2") else remedy.replace("_", " ")


class RemedyRanking(Experiment):
    """The overfitted run on fresh draws, and each remedy on the same draws.

    Parameters
    ----------
    settings : RunSettings

    Attributes
    ----------
    chosen : str
        The remedy that is looked at; empty for none.
    """

    label: ClassVar[str] = "Remedies ranked"
    SETTINGS: ClassVar = ("noise", "seed")
    NETWORKS: ClassVar[int] = NETWORKS
    EPOCHS: ClassVar[int] = EPOCHS

    def __init__(self, settings: RunSettings) -> None:
        check_settings(settings)
        self._trial = Trial(
            situation_of(settings, self.EPOCHS), REGULARIZERS, self.NETWORKS, settings.seed
        )
        self.chosen = ""

    def advance(self, seconds: float) -> None:
        """Train the networks of one remedy a little."""
        self._trial.advance(seconds)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, of all remedies together, and in all."""
        return self._trial.progress

    @property
    def result(self) -> Prescription | None:
        """The ranking of the remedies that are done; None before the first run is."""
        return self._trial.result if "" in self._trial.losses else None

    @property
    def under_way(self) -> str | None:
        """What is being tried now; "" for no remedy, and None at the end."""
        return self._trial.under_way

    def tell(self) -> str:
        """Say what is tried, or what came first."""
        result, now = self.result, self.under_way
        if now is not None:
            return f"Training {self.NETWORKS} networks: {name_of(now) if now else _NONE}."
        assert result is not None
        best = result.names[0]
        sure = [n for n in result.names if self.lower(result, n) == self.NETWORKS]
        return (
            f"First: {name_of(best)}, {shown(result.effect[0], '+')} in the mean. "
            f"{len(sure)} of {len(result.names)} remedies lowered the loss of every network."
        )

    def lower(self, result: Prescription, name: str) -> int:
        """Return how many networks have a lower validation loss with a remedy than without."""
        row = result.validation_loss[result.names.index(name)]
        return int((row < result.before_validation).sum())

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the remedy that was chosen in the ranking."""
        result = self.result
        if result is None or mark.name in ("training", "validation"):
            return
        place = len(self._trial.plan) - 1 - round(float(np.asarray(mark.y)[point]))
        self.chosen = result.names[place]

    def charts(self) -> list[Chart]:
        """Return the ranking, and both losses in the order of the notes."""
        return [self._ranking(), self._losses()]

    def _ranking(self) -> Chart:
        result, rows = self.result, len(self._trial.plan) - 1
        title = f"Change of the validation loss of {self.NETWORKS} networks"
        axis = Axis("change of the loss")
        if result is None or not result.names:
            return Chart(title, axis, Axis("", limits=(0, 1), ticks=()), (), self._say())
        changes = result.validation_loss - result.before_validation
        reach = max(float(changes.max()), 0.0)
        right = reach + 0.04 * (reach - float(changes.min()))
        heights = rows - np.arange(len(result.names))
        marks: list[Mark] = [Rule("no change", 0.0)]
        for y, name, change, effect, half in zip(
            *(heights, result.names, changes, result.effect, result.half_width), strict=True
        ):
            colour, _ = _LOOKS[result.verdict(name)]
            marks += [
                Line("", [change.min(), change.max()], [y, y], "text", faint=True),
                Line(_INTERVAL, [effect - half, effect + half], [y, y], colour, named=False),
            ]
        for verdict, (colour, shape) in _LOOKS.items():
            which = [result.verdict(name) == verdict for name in result.names]
            if any(which):
                marks.append(Points(verdict, result.effect[which], heights[which], colour, shape))
        if self.chosen in result.names:
            place = result.names.index(self.chosen)
            marks.append(Rule("", float(heights[place]), "y", "accent", "dashed"))
            half = result.half_width[place]
            title = f"{name_of(self.chosen)}: {shown(result.effect[place], '+')} \u00b1 {half:.2f}"
        low = float(changes.min())
        ticks = [
            (float(y), f"{name_of(name)} {self.lower(result, name)}/{self.NETWORKS}")
            for y, name in zip(heights, result.names, strict=True)
        ]
        return Chart(
            title,
            Axis(axis.label, limits=(low - 0.04 * (right - low), right)),
            Axis("", limits=(0.3, rows + 0.7), ticks=ticks),
            marks,
            self._say(),
        )

    def _say(self) -> str:
        result = self.result
        if result is None or not result.names:
            return "Nothing to rank yet."
        rows = zip(result.names, result.effect, result.half_width, strict=True)
        return "Best first: " + "; ".join(
            f"{name_of(n)} {shown(e, '+')} \u00b1 {h:.2f}, lower in {self.lower(result, n)} of "
            f"{self.NETWORKS}"
            for n, e, h in rows
        )

    def _losses(self) -> Chart:
        done = [name for name in self._trial.plan if name in self._trial.losses]
        rows = len(self._trial.plan)
        heights = rows - np.arange(len(done))
        means = np.array([[loss.mean() for loss in self._trial.losses[name]] for name in done])
        top = float(means.max()) if done else 1.0
        marks: list[Mark] = [
            Line("", pair, [y, y], "text", faint=True)
            for y, pair in zip(heights, means, strict=True)
        ]
        if done:
            marks.append(Points("training", means[:, 0], heights, "text", "circle"))
            marks.append(Points("validation", means[:, 1], heights, "accent", "square", True))
        ticks = [(float(y), name_of(n) or _NONE) for y, n in zip(heights, done, strict=True)]
        return Chart(
            "Mean losses, in the order of the notes",
            Axis("loss", limits=(-0.03 * top, 1.05 * top)),
            Axis("", limits=(0.3, rows + 0.7), ticks=ticks),
            marks,
            "The mean training and validation loss without a remedy, and with each.",
        )


def situation_of(settings: RunSettings, epochs: int = EPOCHS) -> Situation:
    """Return the overfitted run as a situation of which networks are drawn."""
    bare = overfitted(settings)
    assert isinstance(bare.activation, str)  # by `check_settings`
    return Situation(
        dataset=bare.dataset,
        noise=bare.noise,
        n_train=round(bare.train_share * bare.points),
        hidden=bare.hidden,
        activation=bare.activation,
        config=bare.training,
        epochs=epochs,
        spurious=SPURIOUS,
    )
