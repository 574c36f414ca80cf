"""What there is to try in lesson 08: rates side by side, the range test, schedules, optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from nbtutor.charts import Axis, Chart, Colour, Dash, Line, Mark, Points, Rule
from nbtutor.engine import Trainer, TrainingConfig, copies, siblings
from nbtutor.engine.schedules import (
    CosineDecay,
    OneCycle,
    Schedule,
    StepDecay,
    Triangular,
    Triangular2,
)
from nbtutor.experiments import (
    LearningRateRangeTest,
    LearningRateSweep,
    StabilityLimit,
    begin_sweep,
    lr_range_test,
    stability_limit,
    sweep_so_far,
)
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.side_by_side import epoch_of
from nbtutor.widgets.tutors.tutor import Experiment

Array = np.ndarray

RATES = np.geomspace(1e-4, 10, 24)
EPOCHS = 60
RUNS = 5
"""Networks of each schedule and optimizer, from as many initial weights."""

_RATE = Axis("learning rate", "log")
_EPOCH = Axis("epoch", limits=(0, EPOCHS))


class RateSweep(Experiment):
    """The same network with 24 learning rates at once.

    Parameters
    ----------
    settings : RunSettings
        Its learning rate is not used.

    Attributes
    ----------
    chosen : int
        Number of the rate that is looked at.
    """

    label: ClassVar[str] = "24 rates at once"

    def __init__(self, settings: RunSettings) -> None:
        self._momentum = settings.momentum
        run = Run(settings)
        self._trainer = begin_sweep(
            *(run.network, run.train, run.validation),
            rates=RATES,
            config=settings.training,
            seed=settings.seed,
        )
        self.chosen = int(np.abs(np.log(RATES / settings.learning_rate)).argmin())

    def advance(self, seconds: float) -> None:
        """Train all of them a little."""
        self._trainer.run(epochs=EPOCHS - self._trainer.epoch, seconds=seconds)

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return epoch_of(self._trainer, EPOCHS), EPOCHS

    @property
    def result(self) -> LearningRateSweep:
        """What has become of each rate so far."""
        done = self.progress[0]
        return sweep_so_far(self._trainer, RATES, done)

    @cached_property
    def stability(self) -> StabilityLimit:
        """The stability limit where the best rate has led; asked for at the end only."""
        best = copies(self._trainer.network, replica=self.result.best or 0)
        return stability_limit(best, self._trainer.train, momentum=self._momentum, factors=())

    def tell(self) -> str:
        """Say which rate is best, and how many are lost."""
        result = self.result
        lost = int(result.diverged.sum())
        words = f"{lost} of {len(RATES)} rates have diverged." if lost else "No rate has diverged."
        if result.best is None:
            return f"All {len(RATES)} rates have diverged."
        best = f"The best rate is {result.best_rate:.2g}, with a loss of {loss_of(result)}."
        return f"{self.so_far}{best} {words}"

    def pick(self, mark: Line | Points, point: int) -> None:
        """Look at the rate that was chosen in the U."""
        rate = float(np.asarray(mark.x)[point])
        number = int(np.abs(np.log(RATES / rate)).argmin()) if rate > 0 else 0
        if mark.name != _CHOSEN and np.isclose(RATES[number], rate, rtol=1e-3):
            self.chosen = number

    def charts(self) -> list[Chart]:
        """Return the curves, and the U."""
        result = self.result
        return [self._curves(result), self._u(result)]

    def _curves(self, result: LearningRateSweep) -> Chart:
        marks: list[Mark] = [
            Line("", result.epochs, losses, "quiet", faint=True) for losses in result.losses.T
        ]
        chosen = Line(_CHOSEN, result.epochs, result.losses[:, self.chosen], "accent", named=False)
        best: list[Mark] = []
        if len(result.epochs) > 1 and result.best is not None and result.best != self.chosen:
            name = f"best: {result.best_rate:.2g}"
            best = [Line(name, result.epochs, result.losses[:, result.best], "text", named=False)]
        return Chart(
            f"Training loss; you look at rate {RATES[self.chosen]:.2g}",
            _EPOCH,
            Axis("training loss", "log"),
            [*marks, *best, chosen],
            f"{len(RATES)} loss curves over {result.epochs[-1]} epochs. The rate you look at, "
            f"{RATES[self.chosen]:.2g}, is at {result.losses[-1, self.chosen]:.3g}.",
        )

    def _u(self, result: LearningRateSweep) -> Chart:
        final, start = result.final_losses, float(result.losses[0, 0])
        worse = result.worse_than_start & ~result.diverged
        fell = ~result.worse_than_start
        top = 2 * max(start, float(np.nanmax(final, initial=start)))
        marks: list[Mark] = [Line("", RATES, final, "quiet", named=False)]
        kinds = (
            ("loss fell", fell, final, "class-0", "circle"),
            ("loss rose", worse, final, "class-1", "square"),
            ("diverged", result.diverged, np.full(len(RATES), top), "alarm", "cross"),
        )
        if len(result.epochs) > 1:
            for name, which, heights, colour, shape in kinds:
                if which.any():
                    marks.append(Points(name, RATES[which], heights[which], colour, shape))  # type: ignore[arg-type]
        marks.append(Rule(f"start {start:.2g}", start, "y", dash="dashed"))
        marks.append(Rule("you", float(RATES[self.chosen]), colour="accent"))
        if self.progress[0] == EPOCHS and result.best is not None:
            limit = self.stability.limit
            if RATES[0] < limit < RATES[-1]:
                marks.append(Rule(f"limit 2/\u03bb = {limit:.2g}", limit, colour="alarm"))
        return Chart(
            f"Loss after {result.epochs[-1]} epochs",
            replace(_RATE, limits=(RATES[0] / 1.3, RATES[-1] * 1.3)),
            Axis("training loss", "log"),
            marks,
            self.tell(),
        )


_CHOSEN = "the rate you look at"


def loss_of(result: LearningRateSweep) -> str:
    """Return the lowest loss of a sweep, as a person reads it."""
    return f"{np.nanmin(result.final_losses):.3g}"


class RangeTest(Experiment):
    """The learning rate range test both ways, and its suggestions run for real."""

    label: ClassVar[str] = "Range test"
    _STEPS = 3

    def __init__(self, settings: RunSettings) -> None:
        self._run = Run(settings)
        self._tests: dict[str, LearningRateRangeTest] = {}
        self._done = 0

    def advance(self, seconds: float) -> None:
        """Do one of the three parts: they are short."""
        form = ("exponential", "linear", "exponential")[self._done]
        self._tests[form] = lr_range_test(
            *(self._run.network, self._run.train, self._run.validation),
            form=form,
            config=self._run.settings.training,
            run_epochs=EPOCHS if self._done == 2 else 0,
            seed=self._run.settings.seed,
        )
        self._done += 1

    @property
    def progress(self) -> tuple[int, int]:
        """Parts done: two tests, and the suggestions."""
        return self._done, self._STEPS

    @property
    def result(self) -> Mapping[str, LearningRateRangeTest]:
        """The tests by their form."""
        return self._tests

    def tell(self) -> str:
        """Say what is suggested, and what came of it."""
        test = self._tests.get("exponential")
        if test is None or test.sweep is None:
            return "The rate rises at every update."
        finals = test.sweep.final_losses
        best = test.sweep.best
        found = {rate: name for name, rate in test.suggestions.items() if rate is not None}
        if best is None:
            return "Every suggestion diverged."
        rate = float(test.sweep.rates[best])
        return (
            f"Of the suggestions, {found[rate]} ({rate:.2g}) ended lowest, with a loss of "
            f"{finals[best]:.3g} after {EPOCHS} epochs."
        )

    def charts(self) -> list[Chart]:
        """Return the loss against a growing rate, the accuracy, and what the suggestions did."""
        return [self._losses(), self._accuracies(), self._suggested()]

    def _losses(self) -> Chart:
        test = self._tests.get("exponential")
        marks: list[Mark] = []
        if test is not None:
            marks = [
                Line("one batch", test.rates, test.losses, "quiet", named=False),
                Line("smoothed", test.rates, test.smoothed, "text", named=False),
                *_suggestion_rules(test),
            ]
        return Chart(
            "Loss while the rate grows tenfold and tenfold",
            replace(_RATE, limits=(1e-7, 10)),
            Axis("loss of a batch"),
            marks,
            self.tell(),
        )

    def _accuracies(self) -> Chart:
        test = self._tests.get("linear")
        marks: list[Mark] = []
        if test is not None:
            marks = [Line("accuracy", test.rates, test.accuracies, "text", named=False)]
        return Chart(
            "Accuracy while the rate grows evenly",
            Axis("learning rate", limits=(0, 2)),
            Axis("validation accuracy", limits=(0, 1)),
            marks,
            "Smith's form of the test: the accuracy against the rate.",
        )

    def _suggested(self) -> Chart:
        test = self._tests.get("exponential")
        marks: list[Mark] = []
        if test is not None and test.sweep is not None:
            sweep = test.sweep
            for number, (rate, losses) in enumerate(zip(sweep.rates, sweep.losses.T, strict=True)):
                names = [name for name, r in test.suggestions.items() if r == rate]
                colour, dash = _STYLES[number % len(_STYLES)]
                marks.append(Line("/".join(names), sweep.epochs, losses, colour, dash))
        return Chart(
            "Each suggestion, run for real",
            _EPOCH,
            Axis("training loss", "log"),
            marks,
            self.tell(),
        )


_STYLES: tuple[tuple[Colour, Dash], ...] = (
    ("text", "solid"),
    ("accent", "dashed"),
    ("class-1", "dashdot"),
    ("class-2", "dotted"),
    ("alarm", "dashed"),
    ("class-3", "solid"),
)


def _suggestion_rules(test: LearningRateRangeTest) -> list[Rule]:
    return [
        Rule(name, rate, colour="accent", dash="dashed")
        for name, rate in test.suggestions.items()
        if rate is not None
    ]


class _Race(Experiment):
    """Networks that differ in one setting of the training, each from several initial weights."""

    def __init__(
        self, settings: RunSettings, configs: Mapping[str, TrainingConfig], shows_rates: bool
    ) -> None:
        run = Run(settings)
        fleet = siblings(run.network, RUNS)
        self._trainers = {
            name: Trainer(fleet.copy(), run.train, run.validation, config, settings.seed)
            for name, config in configs.items()
        }
        self._shows_rates = shows_rates

    def advance(self, seconds: float) -> None:
        """Train those that are behind by one epoch."""
        behind = min(self._epochs.values())
        for name, trainer in self._trainers.items():
            if self._epochs[name] == behind:
                trainer.run(epochs=1)

    @property
    def _epochs(self) -> dict[str, int]:
        return {name: epoch_of(trainer, EPOCHS) for name, trainer in self._trainers.items()}

    @property
    def progress(self) -> tuple[int, int]:
        """Epochs done, and in all."""
        return min(self._epochs.values()), EPOCHS

    @property
    def result(self) -> dict[str, Array]:
        """The training losses of each, of shape (epochs + 1, runs)."""
        return {name: t.history.train_loss for name, t in self._trainers.items()}

    def tell(self) -> str:
        """Say who leads."""
        finals = {name: float(np.median(losses[-1])) for name, losses in self.result.items()}
        best = min(finals, key=lambda name: finals[name])
        return f"{self.so_far}Lowest loss: {best}, {finals[best]:.3g} (median of {RUNS} runs)."

    def charts(self) -> list[Chart]:
        """Return the losses, and the rates where they differ."""
        losses: list[Mark] = []
        rates: list[Mark] = []
        for (name, trainer), (colour, dash) in zip(self._trainers.items(), _STYLES, strict=False):
            history = trainer.history
            middle = np.median(history.train_loss, axis=1)
            losses.append(Line(name, history.epoch, middle, colour, dash))
            used = np.reshape(history.learning_rate, (len(history.epoch), -1))[:, 0]
            rates.append(Line(name, history.epoch, used, colour, dash))
        race = Chart(
            f"Training loss, median of {RUNS} runs",
            _EPOCH,
            Axis("training loss", "log"),
            losses,
            self.tell(),
        )
        if not self._shows_rates:
            return [race]
        sentence = "The learning rate of each schedule over the epochs."
        return [race, Chart("Learning rate", _EPOCH, Axis("rate"), rates, sentence)]


class ScheduleRace(_Race):
    """The same highest rate, on different schedules."""

    label: ClassVar[str] = "Schedules"

    def __init__(self, settings: RunSettings) -> None:
        schedules: dict[str, Schedule | None] = {
            "constant": None,
            "step": StepDecay(every=EPOCHS / 3),
            "cosine": CosineDecay(epochs=EPOCHS),
            "one-cycle": OneCycle(epochs=EPOCHS),
            "triangular": Triangular(half_period=5),
            "triangular2": Triangular2(half_period=5),
        }
        config = settings.training
        super().__init__(
            settings, {name: replace(config, schedule=s) for name, s in schedules.items()}, True
        )


class OptimizerRace(_Race):
    """Different optimizers, each at a rate that is usual for it."""

    label: ClassVar[str] = "Optimizers"

    def __init__(self, settings: RunSettings) -> None:
        rate = settings.learning_rate
        choices = {
            "SGD": {"optimizer": "sgd", "momentum": 0.0},
            "momentum": {"optimizer": "sgd", "momentum": 0.9},
            "Nesterov": {"optimizer": "nesterov", "momentum": 0.9},
            "RMSprop": {"optimizer": "rmsprop", "learning_rate": 0.003},
            "Adam": {"optimizer": "adam", "learning_rate": 0.003},
            "Adam 3e-4": {"optimizer": "adam", "learning_rate": 3e-4},
        }
        config = settings.training
        super().__init__(
            settings,
            {
                name: replace(config, **{"learning_rate": rate, **choice})  # type: ignore[arg-type]
                for name, choice in choices.items()
            },
            False,
        )
