"""The live loop: a trainer that works in small portions, one for each picture that is asked for.

Nothing here knows of Jupyter, and the clock is an argument, so tests drive it by hand. The browser
asks for each frame after it has painted the one before, hence a hidden page trains nothing, and a
closed one leaves an idle kernel.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from nbtutor.engine import Dataset, Event, Place, Trainer
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.families import DOMAIN
from nbtutor.engine.features import FEATURES
from nbtutor.engine.history import COLUMNS, History
from nbtutor.engine.validation import check_choice, check_integer
from nbtutor.widgets.fields import (
    KINDS,
    SHOWN_UNITS,
    FieldPainter,
    input_pictures,
    shown_weights,
)
from nbtutor.widgets.layer_statistics import LayerStatistics, measure_layers
from nbtutor.widgets.own_points import OwnPoints
from nbtutor.widgets.replica_pictures import ReplicaPicture
from nbtutor.widgets.replicas import BUDGET as REPLICAS_BUDGET
from nbtutor.widgets.replicas import Course, Fleet, News, fleet_of, news_of, train_together
from nbtutor.widgets.scores import Scores, measure_scores
from nbtutor.widgets.settings import BESIDE, LIVE, OWN, WORDS, RunSettings
from nbtutor.widgets.slow_motion import SlowMotion, Stage
from nbtutor.widgets.stopping import Stopper, stopped_early
from nbtutor.widgets.timeline import Span, Summary, Timeline, keep_limit
from nbtutor.widgets.verdict import Judge, Verdict

Array = np.ndarray
State = Literal["idle", "playing", "paused", "error"]

SPEEDS = {
    "stages": "Slow motion",
    "slow": "One update a frame",
    "normal": "One epoch a frame",
    "fast": "As fast as it can",
}
"""How much is trained between two pictures. Slow motion shows an update in many."""

BUDGET = 0.008
"""Seconds of training a frame: half of a frame at 60 a second. Where a picture takes longer than
that to make, training may take as long as the picture; see `LiveRun.budget`."""

LONGEST_BUDGET = 0.05
"""Seconds of training a frame at most, wherever it runs: that leaves ten pictures a second."""

JUDGE_EVERY = 0.25
"""Seconds between two verdicts while it plays; one costs about 0.1 ms, and 0.3 with the layers."""

SHIFTED = "Some of the gap is from the shift between the two sets of points."

MAX_WINDOW = 4
MAX_CURVE_ROWS = 2000
MAX_MARKS = 200
"""Events that are marked on the curves, the newest: more are a grey field, and each is drawn in
every picture. The run keeps them all."""

MAX_SAVED_ROWS = 400
"""Of the curve of a run that is kept beside the present one."""


@dataclass(frozen=True)
class Judgement:
    """What is said of a run, but not at every picture.

    Attributes
    ----------
    verdict : Verdict
    layers : list of LayerStatistics
        Of every layer with weights; empty if nobody looks at them.
    scores : Scores or None
        None if nobody looks at them.
    """

    verdict: Verdict
    layers: list[LayerStatistics]
    scores: Scores | None = None


class Run:
    """Data, a network and its trainer, made from settings.

    Parameters
    ----------
    settings : RunSettings

    Attributes
    ----------
    ended : str
        Why training had to stop, in words; empty while it can go on. Said once and kept: the
        settings of a later moment are not to blame.
    paused : str
        Which stop condition was met by the last portion of training, in words; empty for none.
    judgement : Judgement or None
        The last one, and
    judged_at : float
        when it was made.
    course : Course
        The settings so far.
    fleet : Fleet or None
        The replicas, if there are any; see `nbtutor.widgets.replicas.fleet_of`.
    seconds : float
        Seconds of training so far.
    name : str
        The name under which it was kept, if it was.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self.ended = ""
        self.paused = ""
        self._train_until = Stopper()
        self.course = Course(settings)
        self.fleet: Fleet | None = None
        data = settings.make_data()
        self.train: Dataset
        self.validation: Dataset
        self.train, self.validation = settings.split(data)
        self.seconds = 0.0
        self.name = ""
        network = settings.make_network(data)
        self._equip(
            Trainer(
                *(network, self.train, self.validation, settings.training, settings.seed),
                keep=keep_limit(network),
            )
        )

    def _equip(self, trainer: Trainer) -> None:
        """Take a trainer, and what looks at its network."""
        self.trainer = trainer
        self.network = trainer.network
        self.paint = FieldPainter(self.network)
        self.give_verdict = Judge(self.network, self.train, self.validation)
        self.judgement: Judgement | None = None
        self.judged_at = 0.0

    def with_points(self, settings: RunSettings, go_on: bool) -> Run:
        """Return a run that goes on from here with the points of `settings`; this one stays.

        Parameters
        ----------
        settings : RunSettings
            Those of this run, but for points that its network can take.
        go_on : bool
            Whether the change belongs to the one before it.
        """
        other = copy(self)
        other.settings = settings
        other._train_until = copy(self._train_until)
        other.course, other.fleet = copy(self.course), None
        data = settings.make_data()
        other.train, other.validation = settings.split(data)
        trainer = self.trainer.fork()
        trainer.change_data(other.train, other.validation, go_on=go_on)
        other._equip(trainer)
        other.name = ""
        return other

    @property
    def classes(self) -> int:
        """How many the network tells apart; 0 for values."""
        many = max(self.network.sizes[-1], 2)
        return 0 if self.network.output == "linear" else many

    def advance(self, **limits: Any) -> None:
        """Train until a limit of `Trainer.run`, unless training has ended."""
        if self.ended:
            return
        self.course.note(self.trainer.updates, self.settings)
        start = time.perf_counter()
        self.paused = self._train_until(self.trainer, self.settings, **limits)
        self.seconds += time.perf_counter() - start
        if self.trainer.diverged:
            self.ended = explain_divergence(self)

    def judge(self, layers: bool, scores: bool = False) -> Judgement:
        """Judge the network as it is now.

        Parameters
        ----------
        layers, scores : bool
            Whether with the statistics of the layers, and with the scores class by class.
        """
        verdict = self.give_verdict(self.trainer.updates > 0)
        points = self.give_verdict.training_points
        statistics = measure_layers(self.trainer, *points) if layers else []
        found = measure_scores(self.network, self.train, self.validation) if scores else None
        return Judgement(self._with_shift(verdict), statistics, found)

    def _with_shift(self, verdict: Verdict) -> Verdict:
        """Add to a verdict that rests on the gap where some of the gap may come from."""
        if self.settings.shift and verdict.verdict in ("overfit", "unknown"):
            return replace(verdict, sentence=f"{verdict.sentence} {SHIFTED}")
        return verdict

    def change(self, settings: RunSettings) -> None:
        """Take over the settings that may change in mid-run."""
        self.trainer.change(**settings.changed_from(self.settings))
        self.settings = settings

    def copy(self, epoch: int | None = None) -> Run:
        """Return another run of the same data that goes on from here with the same batches.

        Parameters
        ----------
        epoch : int, optional
            Go on from this kept epoch instead, with the settings of that time.
        """
        other = copy(self)
        other.name = other.paused = ""
        other._train_until = Stopper()
        other.course, other.fleet = copy(self.course), None
        trainer = self.trainer.fork()
        if epoch is not None:
            point = trainer.keep_points[epoch]
            other.settings = self.course.at(point.updates)
            # Before the state, which belongs to the optimizer of that time.
            trainer.config = other.settings.training
            trainer.network.activation = other.settings.activation
            trainer.rewind(epoch)
            other.seconds *= trainer.updates / max(self.trainer.updates, 1)
            other.ended = ""
        other._equip(trainer)
        return other

    def losses_at(self, epoch: int) -> dict[str, float]:
        """Return the losses and accuracies at an epoch, by column; NaN for what was thinned out."""
        history = self.trainer.history
        (found,) = np.nonzero(history.epoch == epoch)
        return {
            name: float(getattr(history, name)[found[0], 0]) if len(found) else np.nan
            for name in COLUMNS
        }

    @property
    def learning_rate(self) -> float:
        """The rate of the next update: as it is set, times what the schedule gives."""
        schedule = self.settings.training.schedule
        factor = 1.0 if schedule is None else schedule(self.trainer.progress)
        return self.settings.learning_rate * factor

    def figures(self) -> dict[str, float]:
        """Return losses and accuracies at the last whole epoch.

        After early stopping they are those of the weights that are back, and of what was set by
        hand since then.
        """
        if not stopped_early(self.trainer):
            return self.trainer.measured()
        figures = {}
        points = self.give_verdict.training_points, self.give_verdict.validation_points
        for name, (inputs, targets) in zip(("train", "validation"), points, strict=True):
            found = self.network.evaluate(inputs, targets)
            figures[f"{name}_loss"] = float(found.loss[0])
            figures[f"{name}_accuracy"] = float(found.accuracy[0])
        return figures


@dataclass(frozen=True)
class Structure:
    """What a picture needs once, and not again until the run starts anew.

    Attributes
    ----------
    layers : tuple of int
        Units of every layer, inputs first.
    shown : tuple of int
        How many of them are drawn.
    inputs : tuple of str
        Names of the inputs.
    domain : tuple of float
        The plane: x from, x to, y from, y to.
    kind : {"probability", "winner", "value"}
        What the output's picture shows; see `nbtutor.widgets.fields`.
    classes : int
        0 for regression.
    parameters, training_points : int
        How many there are.
    points : ndarray of shape (n, 4), float32
        x, y, class or value, and 1 for a validation point.
    input_pictures : ndarray of shape (inputs, side, side), uint8
    own : bool
        Whether the points are one's own, and not generated.
    class_names : tuple of str
        What the classes are called; empty where they have numbers only.
    """

    layers: tuple[int, ...]
    shown: tuple[int, ...]
    inputs: tuple[str, ...]
    domain: tuple[float, float, float, float]
    kind: str
    classes: int
    parameters: int
    training_points: int
    points: Array
    input_pictures: Array
    own: bool
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Picture:
    """All that is on the screen at one moment.

    Attributes
    ----------
    seq : int
        Number of the picture.
    state, message
        What the run is doing, as a word and as a sentence.
    epoch, updates : int
    train_loss, validation_loss, train_accuracy, validation_accuracy : float
        At the last whole epoch, or now if a weight was set by hand since then.
    seconds : float
        What it took to make, training included.
    learning_rate : float or None
        Of the next update, where a schedule changes it.
    training_seconds : float
        Of the whole run so far.
    span : Span
        The epochs that can be gone back to.
    activation : str
        As a person reads it; where the layers differ, of each.
    events : list of Event
        The newest `MAX_MARKS` of them at most.
    plane, units, outputs : ndarray of uint8
        See `nbtutor.widgets.fields.Fields`.
    weights : ndarray of shape (p,), float32
        The shown weights and biases, layer by layer.
    curve : ndarray of shape (entries, 5), float32
        See `nbtutor.engine.History.rows`.
    judgement : Judgement or None
        None if there is no newer one than before.
    replicas : News or None
        None if they are off.
    structure : Structure or None
        None if nothing of it changed; `events` and `curve` then hold only what is new.
    stage : Stage or None
        Of slow motion; None while that is off.
    summaries : list of Summary or None
        Of the runs that are kept beside this one; None if there is nothing new.
    saved_curves : list of ndarray or None
        As `curve`, for each of them; None as for `structure`.
    """

    seq: int
    state: State
    message: str
    epoch: int
    updates: int
    train_loss: float
    validation_loss: float
    train_accuracy: float
    validation_accuracy: float
    seconds: float
    learning_rate: float | None
    activation: str
    events: list[Event]
    plane: Array
    units: Array
    outputs: Array
    weights: Array
    curve: Array
    training_seconds: float
    span: Span
    judgement: Judgement | None = None
    replicas: News | None = None
    structure: Structure | None = None
    stage: Stage | None = None
    summaries: list[Summary] | None = None
    saved_curves: list[Array] | None = None


class LiveRun:
    """A run that is trained and drawn in portions.

    Parameters
    ----------
    settings : RunSettings
    clock : callable
        Seconds from any start.

    Attributes
    ----------
    run : Run
        The present one.
    seq : int
        Number of the last picture made.
    playing : bool
    watch_layers, watch_scores : bool
        Whether somebody looks at the statistics of the layers, and at the scores class by class;
        else they are not measured.
    speed : {"stages", "slow", "normal", "fast"}
    slow : SlowMotion
        What is shown at the speed "stages".
    timeline : Timeline
        The way back in the run, and the runs kept beside it.
    """

    def __init__(
        self, settings: RunSettings, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.run = Run(settings)
        self.timeline = Timeline(self)
        self.seq = 0
        self.playing = False
        self._speed = "normal"
        self._clock = clock
        self.slow = SlowMotion(self)
        self.watch_layers = False
        self.watch_scores = False
        self._drawing = 0.0  # seconds that a picture takes, of late
        self._note = ""
        self._previous: Run | None = None
        self._generated = "circle" if settings.dataset == OWN else settings.dataset
        self._own_points = settings.data
        self._drawn_anew = ""
        self._drawn: Run | None = None
        self._thinned = 0
        self._sent_entries = 0
        self._sent_events = 0
        self._sent_replicas: ReplicaPicture | None = None

    # What a learner does.

    @property
    def speed(self) -> str:
        """How much is trained between two pictures."""
        return self._speed

    @speed.setter
    def speed(self, value: str) -> None:
        self._speed = check_choice("speed", value, SPEEDS)
        self.slow.playing = False
        if value == "stages":
            self.playing = False

    @property
    def going(self) -> bool:
        """Whether it plays, at whatever speed."""
        return self.playing or self.slow.playing

    @property
    def settings(self) -> RunSettings:
        """The present settings."""
        return self.timeline.settings

    def change(self, **settings: Any) -> bool:
        """Change settings; the run goes on if it can and starts again if it must.

        Returns
        -------
        bool
            Whether it started again. The run before it can be brought back by `undo`.

        Raises
        ------
        ParameterError
            If a value is not allowed; nothing is changed then.
        """
        settings = self._complete(settings)
        wanted = self.settings.changed(**settings)
        changed = [n for n in settings if getattr(wanted, n) != getattr(self.settings, n)]
        must = [name for name in changed if name not in LIVE + BESIDE]
        if must:
            # A run that went on playing would be replaced again at the next notch of the slider,
            # and push the learner's long run out of `undo`.
            self.playing = False
            words = " and ".join(WORDS[name] for name in must)
            self._start(Run(wanted), f"New {words}, so the run starts again. Press Play.")
        elif changed:
            self.timeline.change(wanted)
        return bool(must)

    def _complete(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Name the data set where points are given, and find points where it is one's own."""
        if changes.get("data") is not None:
            return {**changes, "dataset": OWN}
        if changes.get("dataset") == OWN and self.settings.data is None:
            return {**changes, "data": self._own_points or self.present_points}
        if "data" in changes and "dataset" not in changes and self.settings.data is not None:
            return {**changes, "dataset": self._generated}
        return changes

    @property
    def present_points(self) -> OwnPoints:
        """The points of the run as points of one's own, in the order that decides who trains."""
        return self.settings.data or OwnPoints.of(self.settings.make_data())

    @property
    def generated(self) -> str:
        """The last data set that was not one's own."""
        return self._generated

    def draw(self, points: OwnPoints, go_on: bool = False) -> bool:
        """Put points in the place of those of the run, which goes on with them if it can.

        The run before it can be brought back by `undo`.

        Parameters
        ----------
        points : OwnPoints
        go_on : bool
            Whether this goes on with the change before it, so that one `undo` takes back both.

        Returns
        -------
        bool
            Whether the run started again: with more classes the network has more outputs.
        """
        if self.timeline.scrubbed:
            self.timeline.back()
        wanted = replace(self.settings, dataset=OWN, data=points)
        begun = go_on and self.settings.data is not None
        run = self.run
        if points.classes != run.classes:
            self.playing = False
            words = f"{points.classes} classes need as many outputs" if points.classes else "Values"
            note = f"{words}, so the run starts again. Press Play."
            self._start(Run(wanted), note, keep=not begun)
            self._drawn_anew = note
            return True
        run = run.with_points(wanted, begun)
        parts = f"{len(run.train):,} to train on and {len(run.validation):,} to validate"
        note = f"{len(points):,} points of your own, {parts}."
        # What the beginning of a stroke has said of a restart is still to be read.
        self._start(run, (begun and self._drawn_anew) or note, keep=not begun)
        self._drawn_anew = self._drawn_anew if begun else ""
        return False

    def reset(self) -> None:
        """Start again with the same settings: the same data, weights and batches."""
        self.playing = False
        self._start(Run(self.settings), "")

    def replace(self, settings: RunSettings, note: str) -> None:
        """Put a new run in the place of this one, unless it has these settings already.

        Parameters
        ----------
        settings : RunSettings
        note : str
            What to say.
        """
        if settings != self.settings:
            self.playing = False
            self._start(Run(settings), note)

    def say(self, note: str) -> None:
        """Tell the learner something until the run goes on."""
        self._note = note

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier run to bring back."""
        return self._previous is not None

    def undo(self) -> None:
        """Bring back the run that the last restart put away; again, and the other returns."""
        if self._previous is not None:
            self.playing = False
            self.timeline.leave()
            self.run, self._previous = self._previous, self.run
            self._remember()
            self._note = f"The earlier run is back, at epoch {self.run.trainer.epoch:,}."

    def play(self, playing: bool) -> None:
        """Start or pause. From an earlier epoch it is another run that starts; see `Timeline`."""
        forked = playing and self.timeline.fork()
        if not (forked or self.timeline.scrubbed):
            self._note = ""
        self.playing = playing and not self.run.ended and self._speed != "stages"
        self.slow.playing = playing and not self.run.ended and self._speed == "stages"

    def pause(self) -> None:
        """Stand still, and say nothing new."""
        self.playing = self.slow.playing = False

    def step(self, *, epochs: int = 0, updates: int = 0) -> None:
        """Train a given amount, whatever the time it takes; from an earlier epoch another run."""
        check_integer("epochs", epochs, low=0, high=1_000_000)
        check_integer("updates", updates, low=0, high=1_000_000)
        if not self.timeline.fork():
            self._note = ""
        if updates:
            self.run.advance(updates=updates)
        if epochs:
            self.run.advance(epochs=epochs)
        self._note = self.run.paused or self._note
        self.follow_replicas()

    def follow_replicas(self) -> None:
        """Bring the replicas nearer to where the run is, by one portion."""
        fleet = fleet_of(self.run)
        if fleet is not None and not self.timeline.scrubbed:
            fleet.held = False
            fleet.follow(REPLICAS_BUDGET, self._clock)

    def set_parameter(self, place: Place, value: float, *, continued: bool = False) -> None:
        """Set a weight or a bias by hand, in mid-run or before; see `Trainer.set_parameter`.

        At an earlier epoch it is set in another run that starts there; see `Timeline`.
        """
        forked = self.timeline.fork()
        self.run.trainer.set_parameter(place, value, continued=continued)
        self._drawn = None  # an entry and an event that the page has may be others now
        if not forked and not self.playing and not self.run.ended:
            self._note = f"{place.name(self.run.network)} is {value:.3g} now."

    def _start(self, run: Run, note: str, keep: bool | None = None) -> None:
        self.timeline.leave()
        if keep is None:
            # An untrained run is no loss, unless its points or weights are somebody's work.
            lost = self.settings.data is not None and self.settings.data != run.settings.data
            trainer = self.run.trainer
            keep = bool(trainer.updates or trainer.history.events) or lost
        if keep:
            self._previous = self.run
        if self.timeline.put_away(self.run):
            note = f"{note} “{self.run.name}” is kept.".strip()
            if keep:
                self._previous = self.run.copy()  # what is kept must not be trained on
        self.take(run)
        self._note = note

    def take(self, run: Run) -> None:
        """Make another run the present one, whatever becomes of this."""
        self.run = run
        self._remember()

    def _remember(self) -> None:
        """Keep the points, or the generated data set, to come back to."""
        if self.settings.data is not None:
            self._own_points = self.settings.data
        else:
            self._generated = self.settings.dataset

    # What the browser asks for.

    def tick(self, seen: int, window: int = 1) -> Picture | None:
        """Train one portion and return its picture.

        Parameters
        ----------
        seen : int
            Number of the last picture that the asking view has painted.
        window : int
            How many pictures may be on their way at once.

        Returns
        -------
        Picture or None
            None if nothing plays, or if the answer to this view is already on its way because
            another view of the same run asked first: so two views share one clock.
        """
        if not self.playing or self.seq - seen >= min(window, MAX_WINDOW):
            return None
        start = self._clock()
        fleet = fleet_of(self.run)
        if fleet is None:
            updates = 1 if self._speed == "slow" else None
            epochs = 1 if self._speed == "normal" else None
            self.run.advance(updates=updates, epochs=epochs, seconds=self.budget, clock=self._clock)
        else:
            train_together(self.run, fleet, self._speed, self._clock)
        if self.run.ended or self.run.paused:
            self.playing, self._note = False, self.run.paused
        trained = self._clock()
        picture = self.picture(start=start)
        self._drawing += (self._clock() - trained - self._drawing) / 4
        return picture

    @property
    def budget(self) -> float:
        """Seconds of training in the next tick: about as many as a picture takes, if not `BUDGET`.

        In a browser's own Python a picture takes ten times as long as elsewhere. With the same
        budget, little of the time would be left to train.
        """
        return min(max(BUDGET, self._drawing), LONGEST_BUDGET)

    def picture(self, *, full: bool = False, start: float | None = None) -> Picture:
        """Return the present state as the next picture, for sending.

        Parameters
        ----------
        full : bool
            With the structure and the whole curve, for a view that knows nothing yet. A run that
            is new gets a full picture in any case, and one whose history was thinned.
        start : float, optional
            When the work for it began.
        """
        start = self._clock() if start is None else start
        thinned = self.run.trainer.history.thinned
        full = full or self._drawn is not self.run or self._thinned != thinned
        entries, events = (0, 0) if full else (self._sent_entries, self._sent_events)
        self.seq += 1
        picture = self._draw(start, full, entries, events)
        if picture.replicas is not None:
            seen, self._sent_replicas = self._sent_replicas, picture.replicas.picture
            if not full and seen is self._sent_replicas:
                picture = replace(picture, replicas=replace(picture.replicas, picture=None))
        self._drawn, self._thinned = self.run, thinned
        history = self.run.trainer.history
        self._sent_entries, self._sent_events = len(history), len(history.events)
        return picture

    def snapshot(self) -> Picture:
        """Return the present state in full, for keeping; the next picture is not affected."""
        return self._draw(self._clock(), True, 0, 0)

    def _draw(self, start: float, full: bool, first_entry: int, first_event: int) -> Picture:
        run, trainer, history = self.run, self.run.trainer, self.run.trainer.history
        fields = run.paint()
        last = self.timeline.losses()
        judged = self._judge()
        replicas = self.timeline.place(news_of(run, self.playing, self._clock))
        saved = self.timeline.saved
        return Picture(
            seq=self.seq,
            state=self.state,
            message=self.message,
            epoch=trainer.epoch,
            updates=trainer.updates,
            train_loss=last["train_loss"],
            validation_loss=last["validation_loss"],
            train_accuracy=last["train_accuracy"],
            validation_accuracy=last["validation_accuracy"],
            learning_rate=None if run.settings.schedule == "constant" else run.learning_rate,
            activation=describe_activation(self.timeline.activation),
            events=history.events[max(first_event, len(history.events) - MAX_MARKS) :],
            plane=fields.plane,
            units=fields.units,
            outputs=fields.outputs,
            weights=shown_weights(run.network),
            curve=curve_rows(history, first_entry),
            judgement=run.judgement if full or judged else None,
            replicas=replicas,
            structure=describe(run) if full else None,
            stage=self.slow.stage() if self._speed == "stages" else None,
            training_seconds=self.timeline.seconds,
            span=self.timeline.span,
            summaries=self.timeline.summaries() if full or (judged and len(saved)) else None,
            saved_curves=[
                curve_rows(one.run.trainer.history, limit=MAX_SAVED_ROWS) for one in saved
            ]
            if full
            else None,
            seconds=self._clock() - start,
        )

    def _judge(self) -> bool:
        """Judge the run if it is time, and return whether it was."""
        run, now = self.run, self._clock()
        last = run.judgement
        known = (
            last is not None
            and bool(last.layers) == self.watch_layers
            and (last.scores is not None) == self.watch_scores
        )
        if known and self.playing and now - run.judged_at < JUDGE_EVERY:
            return False
        run.judgement, run.judged_at = run.judge(self.watch_layers, self.watch_scores), now
        return True

    @property
    def state(self) -> State:
        """What the run is doing, in a word."""
        if self.timeline.scrubbed:
            return "paused"
        if self.run.ended:
            return "error"
        if self.playing:
            return "playing"
        return "paused" if self.run.trainer.updates else "idle"

    @property
    def message(self) -> str:
        """What the run is doing, in a sentence."""
        if self.run.ended and not self.timeline.scrubbed:
            return self.run.ended
        if self._note:
            return self._note
        if self._speed == "stages":
            return self.slow.message
        if self.playing:
            return "Training."
        if self.run.trainer.updates:
            return "Paused. Press Play to go on."
        return "Press Play and watch the boundary move."


def explain_divergence(run: Run) -> str:
    """Say what overflowed, when, why, and what to try."""
    update = run.trainer.divergences[-1].update
    rate, l2 = run.learning_rate, run.settings.l2
    if rate * l2 > 2:
        # w <- w - rate * l2 * w grows in size when |1 - rate * l2| > 1.
        cause = (
            f"Learning rate {rate:g} times L2 {l2:g} is {rate * l2:g}: above 2, the penalty alone "
            "makes every weight overshoot zero and grow."
        )
        remedy = "Lower the learning rate or L2, then press Reset."
    else:
        cause = f"The learning rate {rate:g} is too high for this loss, so every step overshoots."
        remedy = "Lower the learning rate, then press Reset."
    return (
        f"Training stopped at update {update:,}: the weights grew too large to compute with. "
        f"{cause} You see the last good state. {remedy}"
    )


def describe_activation(activation: str | tuple[str, ...]) -> str:
    """Return the activation of the hidden layers as a person reads it: "tanh, ReLU"."""
    names = [activation] if isinstance(activation, str) else activation
    return ", ".join(ACTIVATIONS[name].label for name in names)


def describe(run: Run) -> Structure:
    """Return what stays the same for the whole of a run."""
    network, own = run.network, run.settings.data
    points = [
        np.column_stack([part.X, part.y, np.full(len(part), held_out)])
        for part, held_out in ((run.train, 0), (run.validation, 1))
    ]
    return Structure(
        layers=network.sizes,
        shown=tuple(min(units, SHOWN_UNITS) for units in network.sizes),
        inputs=tuple(FEATURES[name].label for name in run.settings.inputs),
        domain=DOMAIN,
        kind=KINDS[network.output],
        classes=run.classes,
        parameters=network.parameters.flat.shape[1],
        training_points=len(run.train),
        points=np.concatenate(points).astype(np.float32),
        input_pictures=input_pictures(network),
        own=own is not None,
        class_names=own.names if own else (),
    )


def curve_rows(history: History, first: int = 0, limit: int = MAX_CURVE_ROWS) -> Array:
    """Return the rows of a curve, thinned: its ends stay, and the extremes of every stretch.

    Parameters
    ----------
    history : History
        Its `~nbtutor.engine.History.rows` are meant; extreme is the training loss.
    first : int
        The first entry.
    limit : int
        Rows to keep at most.
    """
    entries = len(history) - first
    if entries <= limit:
        return history.rows(first)
    losses = history.train_loss[first:, 0]
    edges = np.linspace(1, entries - 1, (limit - 2) // 2 + 1).astype(int)
    keep = {0, entries - 1}
    for start, end in pairwise(edges):
        stretch = losses[start:end]
        keep |= {start + int(stretch.argmin()), start + int(stretch.argmax())}
    return history.rows(first + np.array(sorted(keep)))
