"""What lesson 01 trains: a race of the activations, and ReLU units that die and are woken."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Colour, Dash, Field, Line, Mark, Points, Rule
from nbtutor.engine import Trainer, siblings
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.widgets.dials import Choice, Steps
from nbtutor.widgets.fields import plane_points
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.side_by_side import epoch_of, epochs_done
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

EPOCHS = 40
UNITS = 8
"""Units of the one hidden layer that all networks here have."""
RUNS = 5
"""Networks of each kind, from as many initial weights."""
ALL_UNITS = RUNS * UNITS

RACERS: Mapping[str, tuple[Colour, Dash]] = {
    "linear": ("quiet", "dotted"),
    "sigmoid": ("alarm", "solid"),
    "tanh": ("class-0", "solid"),
    "relu": ("text", "solid"),
    "leaky_relu": ("text", "dotted"),
    "elu": ("class-2", "dashed"),
    "gelu": ("accent", "dashed"),
    "silu": ("class-3", "dashdot"),
    "softplus": ("quiet", "dashdot"),
}

_EPOCH = Axis("epoch", limits=(0, EPOCHS))


def _train_evenly(
    trainers: Mapping[str, Trainer], seconds: float, after: Callable[[str], None]
) -> None:
    """Train by an epoch whichever is most behind, until the time is up or all have ended.

    Parameters
    ----------
    trainers : mapping of str to Trainer
        May grow while it is at work.
    seconds : float
    after : callable
        Called with the name of the one that has been trained.
    """
    end = time.perf_counter() + seconds
    while True:
        name = min(trainers, key=lambda name: epoch_of(trainers[name], EPOCHS))
        if epoch_of(trainers[name], EPOCHS) >= EPOCHS:
            return
        trainers[name].run(epochs=1)
        after(name)
        if time.perf_counter() >= end:
            return


def _begin(settings: RunSettings) -> Trainer:
    """Return a trainer of `RUNS` networks with one hidden layer of `UNITS`."""
    run = Run(settings.changed(hidden=(UNITS,)))
    fleet = siblings(run.network, RUNS)
    return Trainer(fleet, run.train, run.validation, settings.training, settings.seed)


@dataclass(frozen=True)
class Lap:
    """What was measured of a racer's hidden units after an epoch, at the training points.

    Attributes
    ----------
    mean : float
        Mean of their outputs.
    slope : float
        Mean of their slopes f'(z).
    """

    mean: float
    slope: float


class Race(Experiment):
    """Networks that differ in their activation alone.

    Attributes
    ----------
    laps : dict of str to list of Lap
        By activation, an entry an epoch, the first before any training.
    """

    label: ClassVar[str] = "Race"
    SETTINGS = ("dataset", "noise", "learning_rate", "batch_size", "seed")

    def __init__(self, settings: RunSettings) -> None:
        self._trainers = {name: _begin(settings.changed(activation=name)) for name in RACERS}
        first = self._trainers["relu"]
        self._inputs = first.network.prepare_inputs(first.train.X)
        self.laps: dict[str, list[Lap]] = {name: [self._measure(name)] for name in RACERS}

    def _measure(self, name: str) -> Lap:
        workspace = self._trainers[name].network.forward(self._inputs)
        z, a = workspace.sums.units[0], workspace.inputs.units[0]
        slopes = np.empty_like(z)
        ACTIVATIONS[name].derivative(z, a, slopes)
        return Lap(float(a.mean()), float(slopes.mean()))

    def advance(self, seconds: float) -> None:
        """Train those that are most behind."""
        _train_evenly(self._trainers, seconds, self._note)

    def _note(self, name: str) -> None:
        self.laps[name].append(self._measure(name))

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs that all have done, and in all."""
        return epochs_done(self._trainers.values(), EPOCHS), EPOCHS

    @property
    def result(self) -> dict[str, Array]:
        """The training losses by activation, of shape (epochs + 1, runs)."""
        return {name: t.history.train_loss for name, t in self._trainers.items()}

    @property
    def medians(self) -> dict[str, float]:
        """The median of the last training losses, by activation."""
        return {name: float(np.median(losses[-1])) for name, losses in self.result.items()}

    def tell(self) -> str:
        """Say who leads, and who is last."""
        finals = self.medians
        first, last = (pick(finals, key=lambda name: finals[name]) for pick in (min, max))
        return (
            f"{self.so_far}Lowest loss: {ACTIVATIONS[first].label}, {finals[first]:.3g}; highest: "
            f"{ACTIVATIONS[last].label}, {finals[last]:.3g} (median of {RUNS} networks)."
        )

    def charts(self) -> list[Chart]:
        """Return the losses, the hidden units' slopes, and their mean outputs."""
        losses: list[Mark] = []
        slopes: list[Mark] = []
        means: list[Mark] = []
        for name, (colour, dash) in RACERS.items():
            label, history = ACTIVATIONS[name].label, self._trainers[name].history
            middle = np.median(history.train_loss, axis=1)
            losses.append(Line(label, history.epoch, middle, colour, dash))
            epochs, laps = np.arange(len(self.laps[name])), self.laps[name]
            slopes.append(Line(label, epochs, [lap.slope for lap in laps], colour, dash))
            means.append(Line(label, epochs, [lap.mean for lap in laps], colour, dash))
        means.append(Rule("zero", 0, "y", dash="dashed"))
        return [
            Chart(
                f"Training loss, median of {RUNS} networks",
                _EPOCH,
                Axis("training loss", "log"),
                losses,
                self.tell(),
            ),
            Chart(
                "Mean slope of the hidden units",
                _EPOCH,
                Axis("mean of f\u2032(z)", limits=(0, 1.05)),
                slopes,
                "How much of an error's signal a hidden unit lets through, on average.",
            ),
            Chart(
                "Mean output of the hidden units",
                _EPOCH,
                Axis("mean of f(z)"),
                means,
                "How far from zero the numbers are that the output layer receives.",
            ),
        ]


SWITCH = 20
"""The epoch at which the dead ReLU network is given another rate, or a leaky slope."""
SHOWN_EPOCHS = (0, 1, 2, 5, 10, 20, 30, 40)
MAP_SIDE = 20
RATES = (0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0)
WAYS = {
    "relu": "ReLU",
    "low": "ReLU, a tenth of the rate",
    "leaky": "Leaky ReLU",
    "then_low": "ReLU, then a tenth",
    "then_leaky": "ReLU, then leaky",
}
_LOOKS: Mapping[str, tuple[str, Colour, Dash]] = {
    "relu": ("ReLU", "text", "solid"),
    "low": ("rate / 10", "class-0", "dashed"),
    "leaky": ("leaky", "class-2", "dashdot"),
    "then_low": ("then / 10", "alarm", "dotted"),
    "then_leaky": ("then leaky", "accent", "dashed"),
}
_GAP = 0.06
_OFF, _ON = 0.12, 0.85


class DeadUnits(Experiment):
    """ReLU units that a high rate kills; a lower rate, and a leaky slope, from the start or later.

    Parameters
    ----------
    settings : RunSettings
        Its activation, its layers and its learning rate are not used.
    rate : float
        The learning rate.
    look : str
        Whose units are drawn: one of `WAYS`.

    Attributes
    ----------
    off : dict of str to list of int
        By way, for each epoch from its start on: units of all `RUNS` networks that are off (z at
        most 0) at every training point. With ReLU these are the dead ones: no point can teach them.
    begun : dict of str to int
        By way, the epoch at which it began: 0, or `SWITCH` for the remedies.
    """

    label: ClassVar[str] = "Dead units"
    DIALS: ClassVar = {
        "rate": Steps("Learning rate", 0.3, RATES),
        "look": Choice("Look at", "relu", WAYS),
    }
    SETTINGS = ("dataset", "noise", "batch_size", "seed")

    def __init__(self, settings: RunSettings, rate: float, look: str) -> None:
        self.look = look
        self.rate = rate
        plain = settings.changed(activation="relu", learning_rate=rate)
        starts = {
            "relu": plain,
            "low": plain.changed(learning_rate=rate / 10),
            "leaky": plain.changed(activation="leaky_relu"),
        }
        self._trainers = {name: _begin(one) for name, one in starts.items()}
        network = self._trainers["relu"].network
        self._points = network.prepare_inputs(self._trainers["relu"].train.X)
        self._plane = network.prepare_inputs(plane_points(MAP_SIDE))
        self.off: dict[str, list[int]] = {}
        self.begun: dict[str, int] = {}
        self._maps: dict[str, dict[int, tuple[Array, Array]]] = {}
        for name in starts:
            self._follow(name)

    def _follow(self, name: str) -> None:
        self.off[name], self._maps[name] = [], {}
        self.begun[name] = self._trainers[name].epoch
        self._note(name)

    def _note(self, name: str) -> None:
        """Write down which units are off; from `SWITCH` on, try the two remedies as well."""
        trainer = self._trainers[name]
        epoch = epoch_of(trainer, EPOCHS)
        silent = self._sums(name, self._points).max(axis=-1) <= 0
        self.off[name].append(int(silent.sum()))
        if epoch in SHOWN_EPOCHS:
            sums = self._sums(name, self._plane)[0].reshape(UNITS, MAP_SIDE, MAP_SIDE)
            self._maps[name][epoch] = (sums > 0, silent[0])
        if name == "relu" and epoch >= SWITCH and "then_low" not in self._trainers:
            self._fork("then_low", learning_rate=self.rate / 10)
            self._fork("then_leaky", activation="leaky_relu")

    def _fork(self, name: str, **change: Any) -> None:
        other = self._trainers["relu"].fork()
        other.change(**change)
        self._trainers[name] = other
        self._follow(name)

    def _sums(self, name: str, inputs: Array) -> Array:
        """Return z of the hidden units, shape (runs, units, n)."""
        sums: Array = self._trainers[name].network.forward(inputs).sums.units[0]
        return sums

    def turn(self, **dials: Any) -> bool:
        """Look at another way; another rate makes other runs."""
        if "rate" in dials:
            return False
        self.look = dials["look"]
        return True

    def advance(self, seconds: float) -> None:
        """Train those that are most behind."""
        _train_evenly(self._trainers, seconds, self._note)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs that all have done, and in all."""
        return epochs_done(self._trainers.values(), EPOCHS), EPOCHS

    @property
    def result(self) -> dict[str, list[int]]:
        """Units that are off at every training point, by way, an entry an epoch."""
        return self.off

    @property
    def losses(self) -> dict[str, float]:
        """The median of the last training losses, by way."""
        return {n: float(np.median(t.history.train_loss[-1])) for n, t in self._trainers.items()}

    def tell(self) -> str:
        """Say how many units are dead, and what the two remedies did."""
        done, total = self.progress
        dead = self.off["relu"][-1]
        first = f"With ReLU and rate {self.rate:g}, {dead} of {ALL_UNITS} units are dead."
        if done < total:
            return f"Epoch {done} of {total}. {first}"
        before, after = (self.off["then_leaky"][at] for at in (0, -1))
        return (
            f"{first} With a leaky slope from epoch {self.begun['then_leaky']} on, {before} were "
            f"off and {after} are now; with a tenth of the rate, {self.off['then_low'][-1]} are."
        )

    def charts(self) -> list[Chart]:
        """Return the atlas, the units that are off over the epochs, and the losses."""
        return [self._atlas(), *self._curves()]

    def _atlas(self) -> Chart:
        # What was taken over at the switch looks until then as what it was taken from.
        maps = self._maps["relu"] if self.look.startswith("then") else {}
        later = self._maps.get(self.look, {})
        maps = {e: m for e, m in maps.items() if e < SWITCH} | later
        marks: list[Mark] = []
        dead: list[tuple[int, int]] = []
        for row, epoch in enumerate(SHOWN_EPOCHS):
            if epoch not in maps:
                continue
            on, silent = maps[epoch]
            for unit in range(UNITS):
                extent = (unit + _GAP, unit + 1 - _GAP, -row - 1 + _GAP, -row - _GAP)
                marks.append(Field("", np.where(on[unit], _ON, _OFF)[::-1], extent, "size"))
                if silent[unit]:
                    dead.append((unit, row))
        if dead:
            units, rows = np.array(dead).T
            marks.append(Points("off at every point", units + 0.5, -rows - 0.5, "alarm", "cross"))
        last = max(maps)
        now = int(maps[last][1].sum())
        return Chart(
            f"Where each unit of one network is on: {WAYS[self.look]}",
            Axis(
                "hidden unit",
                limits=(0, UNITS),
                ticks=[(n + 0.5, str(n + 1)) for n in range(UNITS)],
            ),
            Axis(
                "epoch",
                limits=(-len(SHOWN_EPOCHS), 0),
                ticks=[(-row - 0.5, str(epoch)) for row, epoch in enumerate(SHOWN_EPOCHS)],
            ),
            marks,
            f"A small map of the plane for each unit and some epochs. At epoch {last}, {now} of "
            f"{UNITS} units are off at every training point.",
            square=True,
        )

    def _curves(self) -> list[Chart]:
        counts: list[Mark] = []
        losses: list[Mark] = []
        for name, (label, colour, dash) in _LOOKS.items():
            if name not in self._trainers:
                continue
            off, begun = self.off[name], self.begun[name]
            counts.append(Line(label, begun + np.arange(len(off)), off, colour, dash))
            history = self._trainers[name].history
            middle, own = np.median(history.train_loss, axis=1), history.epoch >= begun
            losses.append(Line(label, history.epoch[own], middle[own], colour, dash))
        switch = Rule(f"epoch {SWITCH}", SWITCH, dash="dashed")
        return [
            Chart(
                f"Units off at every training point, of {RUNS} networks",
                _EPOCH,
                Axis(f"units of {ALL_UNITS}", limits=(0, 1.05 * ALL_UNITS)),
                [*counts, switch],
                self.tell(),
            ),
            Chart(
                f"Training loss, median of {RUNS} networks",
                _EPOCH,
                Axis("training loss", "log"),
                [*losses, switch],
                "The loss with each of the five ways.",
            ),
        ]
