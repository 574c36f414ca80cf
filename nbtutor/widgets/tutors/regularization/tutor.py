"""Lesson 14: regularise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nbtutor.engine import Trainer
from nbtutor.experiments import Prescription
from nbtutor.widgets.lesson import Exercise, Exercises, Outcome, Prediction, Program, programs_of
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import WORDS, RunSettings
from nbtutor.widgets.tutors.regularization.experiments import (
    L1,
    Answer,
    EarlyStopping,
    LiveRemedies,
    Penalties,
)
from nbtutor.widgets.tutors.regularization.overfit import (
    EPOCHS,
    NEAR_ZERO,
    OVERFITTED,
    check_settings,
    overfitted,
    shown,
)
from nbtutor.widgets.tutors.regularization.ranking import RemedyRanking, name_of, situation_of
from nbtutor.widgets.tutors.tutor import Tutor

PATIENCE = 50

WATCHED = 200
"""Epochs that a run must have trained before an exercise looks at its gap."""

HIGHEST_TRAINING_LOSS = 0.3
"""What a remedy may cost in the exercise."""

UNRELIABLE = 3
"""Networks, of all, that a remedy must have harmed to be called unreliable in the exercise."""

_OPTIONS = ("l2", "more_data", "dropout", "smaller_batch")


class RegularizationTutor(Tutor):
    """Lesson 14: what narrows the gap between training and validation.

    One overfitted run that is given remedies while it trains, early stopping, the weights under L1
    and L2, and all remedies of the notes ranked over twenty networks.

    Parameters
    ----------
    **settings
        Of `nbtutor.widgets.settings.RunSettings`; by default 300 points of the moons with noise
        0.3, of which 30 are trained on, and two hidden layers of 16.

    Attributes
    ----------
    prediction : Prediction
    exercises : Exercises
    program : Program
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "dataset": "moons",
        "noise": 0.3,
        "train_share": 0.1,
        "learning_rate": 0.1,
        "patience": PATIENCE,
        "seed": 16,
        **OVERFITTED,
    }
    CONTROLS = (
        *("points", "jitter", "inputs", "hidden", "batch_size", "dropout", "patience", "l1", "l2"),
        *("noise", "seed"),
    )
    EXPERIMENTS: ClassVar = {
        "live": LiveRemedies,
        "early_stopping": EarlyStopping,
        "penalties": Penalties,
        "ranking": RemedyRanking,
    }
    CHARTS = 3
    KEEPS_PLAYING = True

    def __init__(self, **settings: object) -> None:
        self.prediction = Prediction(
            "A network knows its 30 training points by heart, and fails on new ones. Which of "
            "these lowers its loss on new points the most?",
            (
                "A penalty on large weights (L2).",
                "Four times as many training points.",
                "Dropout: half of the hidden units are left out at each step.",
                "A smaller batch.",
            ),
        )
        self.exercises = Exercises(
            "regularise",
            (
                Exercise(
                    "halve-the-gap",
                    f"In One run: move one slider, and let it train to epoch {WATCHED} or later, "
                    "so that the gap is at most half of what it is without remedies, and the "
                    f"training loss stays below {HIGHEST_TRAINING_LOSS:g}.",
                    self._check_gap,
                ),
                Exercise(
                    "half-of-the-weights",
                    "In One run: with L1 alone, bring half of the first layer's weights near zero "
                    f"(below {NEAR_ZERO:g}), with a lower validation loss than without.",
                    self._check_weights,
                ),
                Exercise(
                    "impatient",
                    "In Early stopping: find a patience that stops too soon. The run that goes on "
                    "must reach a lower validation loss later.",
                    self._check_patience,
                ),
                Exercise(
                    "unreliable",
                    "In Remedies ranked: click a remedy that raised the validation loss of "
                    f"{UNRELIABLE} networks or more.",
                    self._check_unreliable,
                ),
            ),
        )
        self.program = Program(programs_of(self._write_nbtutor, self._trainer, EPOCHS))
        super().__init__(**settings)

    def change(self, **settings: Any) -> None:
        """Change settings; the experiment takes them in mid-run, or starts again.

        Raises
        ------
        ParameterError
            If a value is not allowed; nothing is changed then.
        """
        check_settings(self.settings.changed(**settings))
        super().change(**settings)

    def _draw(self) -> None:
        super()._draw()
        ranking = self.work
        if isinstance(ranking, RemedyRanking) and ranking.under_way is None:
            result = ranking.result
            assert result is not None
            self.prediction.outcome = self._what_happened(ranking, result)

    @staticmethod
    def _what_happened(ranking: RemedyRanking, result: Prescription) -> str:
        places = [(result.names.index(name), name) for name in _OPTIONS if name in result.names]
        best = min(places)[1]
        said = ", ".join(
            f"{name_of(name)} {shown(result.effect[place], '+')} ({ranking.lower(result, name)} of "
            f"{ranking.NETWORKS} lower)"
            for place, name in sorted(places)
        )
        return f"Of the four, {name_of(best)} did the most. Change of the validation loss: {said}."

    # The exercises look at what the learner's own run has come to.

    def _check_gap(self) -> Outcome:
        found = self._live()
        if isinstance(found, Outcome):
            return found
        work, answer = found
        moved = work.remedies
        if not moved:
            return Outcome(False, "No remedy yet: move one of the sliders and play on.")
        if len(moved) > 1:
            names = " and ".join(WORDS[name] for name in moved)
            return Outcome(False, f"That is more than one: {names}. Put all but one back.")
        if answer.epoch < WATCHED:
            return Outcome(
                False, f"This is epoch {answer.epoch}. Let it train to epoch {WATCHED} first."
            )
        name, value = WORDS[moved[0]], getattr(self.settings, moved[0])
        gaps = f"The gap is {shown(answer.gap)}; without remedies it is {shown(answer.bare_gap)}."
        if answer.gap > answer.bare_gap / 2:
            advice = "A remedy takes its time: play on, or make it stronger."
            if answer.gap > answer.bare_gap:
                advice = f"This change of {name} made it wider. Try the other way, or another one."
            return Outcome(False, f"{gaps} {advice}")
        if answer.train_loss >= HIGHEST_TRAINING_LOSS:
            return Outcome(
                False,
                f"{gaps} But the training loss is {answer.train_loss:.2f}: now it underfits. "
                "Make the remedy weaker; where it stays so, press Start again.",
            )
        setting = f"{value:g}" if isinstance(value, float | int) else str(value)
        return Outcome(True, f"{name} {setting}: {gaps} Training loss {answer.train_loss:.2f}.")

    def _check_weights(self) -> Outcome:
        found = self._live()
        if isinstance(found, Outcome):
            return found
        work, answer = found
        l1, rate = self.settings.l1, self.settings.learning_rate
        if work.remedies != ["l1"]:
            others = [WORDS[name] for name in work.remedies if name != "l1"]
            advice = f"Put {' and '.join(others)} back. " if others else ""
            return Outcome(False, f"{advice}{'' if l1 else 'L1 is 0: raise it.'}".strip())
        share = f"{answer.near_zero_first:.0%} of the first layer's weights are near zero"
        if answer.near_zero_first < 0.5:
            advice = "Play on, or raise L1."
            if rate * l1 > NEAR_ZERO:
                advice = (
                    f"Each step moves a weight by rate \u00d7 L1 = {rate * l1:g}, so it jumps over "
                    "zero and back. Lower L1."
                )
            return Outcome(False, f"{share}. {advice}")
        losses = (
            f"the validation loss is {answer.validation_loss:.2f}, and without remedies "
            f"{answer.bare_validation_loss:.2f}"
        )
        if answer.validation_loss >= answer.bare_validation_loss:
            return Outcome(False, f"{share}, but {losses}. Too much is gone: lower L1.")
        return Outcome(True, f"{share}, and {losses}.")

    def _live(self) -> tuple[LiveRemedies, Answer] | Outcome:
        work = self.work
        if not isinstance(work, LiveRemedies) or not self.stage.done:
            return Outcome(False, f'Choose "{LiveRemedies.label}" and press Play.')
        return work, work.result

    def _check_patience(self) -> Outcome:
        work = self._finished(EarlyStopping)
        if isinstance(work, Outcome):
            return work
        found = work.result
        if not found.stop_epoch:
            return Outcome(False, "It has not stopped at all. Make the patience shorter.")
        kept, lowest = found.validation_loss[found.best_epoch], found.validation_loss.min()
        here = f"It went back to epoch {found.best_epoch}, with a validation loss of {kept:.3f}."
        if found.lowest_epoch > found.stop_epoch:
            return Outcome(
                True, f"{here} At epoch {found.lowest_epoch} it would have been {lowest:.3f}."
            )
        return Outcome(False, f"{here} That is the lowest of all. Make the patience shorter.")

    def _check_unreliable(self) -> Outcome:
        work = self._finished(RemedyRanking)
        if isinstance(work, Outcome):
            return work
        result = work.result
        assert result is not None
        harmed = {name: work.NETWORKS - work.lower(result, name) for name in result.names}
        if max(harmed.values()) < UNRELIABLE:
            return Outcome(
                False, "With these settings no remedy is unreliable. Try another seed or noise."
            )
        if not work.chosen:
            return Outcome(False, "Click a row of the ranking.")
        name, count = name_of(work.chosen), harmed[work.chosen]
        said = f"{name[0].upper()}{name[1:]} raised the loss of {count} of {work.NETWORKS}"
        if count >= UNRELIABLE:
            return Outcome(True, f"{said} networks: one run with it tells you little.")
        return Outcome(
            False, f"{said} networks. Look for a thin line that reaches far across zero."
        )

    # The program.

    def _write_nbtutor(self) -> str:
        return self._write_ranking() if self._name == "ranking" else self._write_run()

    def _write_run(self) -> str:
        s = self._settings_of_run()
        jitter = f"augmentation=Augmentation(jitter={s.jitter}), " if s.jitter else ""
        imports = "from nbtutor.engine.augmentation import Augmentation\n" if s.jitter else ""
        sizes = (len(s.inputs), *s.hidden, 1)
        return (
            "from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset\n"
            f"{imports}\n"
            f"data = make_dataset({s.dataset!r}, n={s.points}, noise={s.noise}, seed={s.seed})\n"
            f"train, validation = data.split({s.train_share})\n"
            f"network = Network({sizes}, {s.activation!r}, seed={s.seed}, inputs={s.inputs})\n"
            "config = TrainingConfig(\n"
            f"    learning_rate={s.learning_rate}, batch_size={s.batch_size}, {jitter}\n"
            f"    dropout={s.dropout}, l1={s.l1}, l2={s.l2}, patience={s.patience}\n"
            ")\n"
            f"trainer = Trainer(network, train, validation, config, seed={s.seed})\n"
            f"trainer.run(epochs={EPOCHS})\n"
            "trainer.history.validation_loss[-1] - trainer.history.train_loss[-1]\n"
        ).replace(", \n", ",\n")

    def _write_ranking(self) -> str:
        situation = situation_of(self.settings)
        return (
            "from nbtutor.engine import TrainingConfig\n"
            "from nbtutor.experiments import REGULARIZERS, Situation, prescribe\n\n"
            f"config = TrainingConfig(learning_rate={situation.config.learning_rate}, "
            f"batch_size={situation.config.batch_size})\n"
            f"situation = Situation({situation.dataset!r}, noise={situation.noise}, "
            f"n_train={situation.n_train},\n    hidden={situation.hidden}, "
            f"epochs={situation.epochs}, spurious={situation.spurious}, config=config)\n"
            "ranking = prescribe(situation, remedies=REGULARIZERS, "
            f"replicas={RemedyRanking.NETWORKS}, seed={self.settings.seed})\n"
            "ranking.names, ranking.effect, ranking.half_width\n"
            "ranking.figure()\n"
        )

    def _settings_of_run(self) -> RunSettings:
        """Return the settings of the run that is seen now, or of one of those."""
        now = self.settings
        if self._name == "early_stopping":
            return overfitted(now).changed(patience=now.patience)
        if self._name == "penalties":
            return overfitted(now).changed(l1=now.l1 or L1)
        return now.changed(patience=0)

    def _trainer(self) -> Trainer:
        return Run(self._settings_of_run()).trainer
