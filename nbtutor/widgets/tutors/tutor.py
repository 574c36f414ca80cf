"""What all lessons' classes have in common: settings, experiments, and charts of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import ipywidgets

from nbtutor.charts import Chart, Line, Points
from nbtutor.engine.validation import ParameterError, check_choice
from nbtutor.widgets.boxes import box, close_all, section
from nbtutor.widgets.controls import make_controls
from nbtutor.widgets.dials import Dial, Panel
from nbtutor.widgets.lesson import Outcome
from nbtutor.widgets.lesson.part import Part
from nbtutor.widgets.settings import WORDS, RunSettings, unknown_name
from nbtutor.widgets.tutors.place import Place, decode, encode
from nbtutor.widgets.views import ChartView, Stage, Work

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Spot = tuple[str, RunSettings, dict[str, Any]]
"""An experiment by name, its settings, and where its dials stand."""

KEPT = 6
"""Experiments that are kept to come back to."""


class Experiment(Work, ABC):
    """Something to try: it works in portions, and says what is to be seen of it.

    Parameters
    ----------
    settings : RunSettings
    **dials
        Where its own dials stand, if it has any.

    Attributes
    ----------
    label : str
        Its name, as a person reads it; the same for all of a class.
    """

    label: ClassVar[str]
    DIALS: ClassVar[Mapping[str, Dial]] = {}
    """Its own controls, beside the settings."""
    SETTINGS: ClassVar[Sequence[str] | None] = None
    """The settings that it answers to; the controls of others are out of sight. None for all."""

    @abstractmethod
    def __init__(self, settings: RunSettings) -> None: ...

    @property
    @abstractmethod
    def result(self) -> Any:
        """What has come of it so far."""

    @property
    def so_far(self) -> str:
        """How far it is, to begin a sentence with; empty at the end."""
        done, total = self.progress
        return "" if done == total else f"Epoch {done} of {total}. "

    @abstractmethod
    def charts(self) -> Sequence[Chart]:
        """Return what is seen of it now."""

    def pick(self, mark: Line | Points, point: int) -> None:
        """Take the learner's choice of a point of a chart; there may be nothing to choose."""

    def take(self, settings: RunSettings) -> bool:
        """Go on with other settings in mid-run, and return whether that can be.

        Where it cannot, as here, the experiment starts again.
        """
        return False

    def turn(self, **dials: Any) -> bool:
        """Go on with dials that were turned, and return whether that can be, as for `take`."""
        return False

    def formulas(self) -> Sequence[str]:
        """Return what is computed now, a formula with its numbers a line; there may be none."""
        return ()


Kind = TypeVar("Kind", bound=Experiment)


class Tutor(ipywidgets.VBox):
    """A lesson's board: settings on the left, an experiment and its charts on the right.

    A change of a setting starts the experiment again, unless it can go on with the new one; nothing
    is trained before the learner presses Play. What was left is kept: who comes back to the same
    experiment with the same settings finds it as it was.

    Parameters
    ----------
    **settings
        See `nbtutor.widgets.settings.RunSettings`.

    Attributes
    ----------
    settings : RunSettings
        The present ones; `change` changes them.
    controls : dict of str to Widget
        One ordinary ipywidget for each setting that the lesson shows.
    panels : dict of str to Panel
        The dials of each experiment; `turn` turns them.
    stage : Stage
        The buttons, and the experiment: ``stage.work``.
    chart_views : tuple of ChartView

    Raises
    ------
    ParameterError
        If a setting has a value that is not allowed.
    TypeError
        If a setting is unknown.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {}
    """Settings of this lesson that differ from those of the playground."""
    CONTROLS: ClassVar[Sequence[str]] = ()
    """Settings that have a control."""
    EXPERIMENTS: ClassVar[Mapping[str, type[Experiment]]] = {}
    """What there is to try, by name; the first comes first."""
    CHARTS: ClassVar[int] = 2
    """Charts that an experiment has at most."""
    KEEPS_PLAYING: ClassVar[bool] = False
    """Whether what plays, or has played to its end, plays on after a change of a setting."""

    def __init__(self, **settings: Any) -> None:
        for name in settings:
            if name not in WORDS:
                raise unknown_name(name, WORDS)
        self.settings = self._start = RunSettings(**{**self.DEFAULTS, **settings})
        self._name = next(iter(self.EXPERIMENTS))
        self._left: list[tuple[Spot, Experiment]] = []
        self.panels = {
            name: Panel(kind.label, kind.DIALS, self._turn_from_control)
            for name, kind in self.EXPERIMENTS.items()
        }
        self.stage = Stage(self._make, self._draw)
        self.stage.on_open = self._open
        charts = self.work.charts()
        empty = [charts[0]] * (self.CHARTS - len(charts))
        self.chart_views = tuple(ChartView(chart, self._pick) for chart in [*charts, *empty])
        made = self._make_controls()
        self.controls = {name: made[name] for name in self.CONTROLS}
        for name, control in made.items():
            if name in self.controls:
                control.observe(self._change_from_control, "value")
            else:
                close_all(control)
        self._choice = ipywidgets.ToggleButtons(
            options=[(kind.label, name) for name, kind in self.EXPERIMENTS.items()],
            description="Experiment",
        )
        self._choice.observe(self._choose_from_control, "value")
        self._settings = section("Settings", *self.controls.values())
        self._formulas = ipywidgets.HTML()
        self._formulas.add_class("nbt-formulas")
        super().__init__(self._compose())
        self._sort_controls()
        for name in ("nbt-board", "nbt-tutor"):
            self.add_class(name)
        self._draw()
        self._tell_place()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The question, the exercises and the program that belong to the lesson."""
        return tuple(part for part in vars(self).values() if isinstance(part, Part))

    @property
    def work(self) -> Experiment:
        """The present experiment."""
        work: Experiment = self.stage.work  # type: ignore[assignment]
        return work

    def choose(self, experiment: str) -> None:
        """Take up another experiment.

        Raises
        ------
        ParameterError
            If there is none of this name, or it does not allow a setting; nothing is changed then.
        """
        check_choice("experiment", experiment, self.EXPERIMENTS)
        if experiment == self._name:
            return
        with self.stage.lock:
            left, self._name = self._spot, experiment
            try:
                self._leave(left)
            except ParameterError:
                self._name = left[0]
                raise
            self._choice.value = experiment
            self._sort_controls()
            self._tell_place()

    def change(self, **settings: Any) -> None:
        """Change settings; the experiment takes them in mid-run, or starts again.

        Raises
        ------
        ParameterError
            If a value is not allowed; nothing is changed then.
        """
        wanted = self.settings.changed(**settings)
        if wanted == self.settings:
            return
        with self.stage.lock:
            left, self.settings = self._spot, wanted
            try:
                self._go_on(left, lambda: self.work.take(wanted))
            except ParameterError:
                self.settings = left[1]
                raise
            finally:
                self._show_settings()
            self._tell_place()

    def turn(self, **dials: Any) -> None:
        """Turn dials of the present experiment, which goes on with them, or starts again.

        Raises
        ------
        ParameterError
            If a value is not allowed; nothing is changed then.
        TypeError
            If the experiment has no such dial.
        """
        with self.stage.lock:
            left = self._spot
            turned = self.panels[self._name].turn(dials)
            if turned:
                self._go_on(left, lambda: self.work.turn(**turned))
                self._tell_place()

    @property
    def place(self) -> Place:
        """The experiment, and what was changed of the settings and its dials.

        Another board of the same lesson comes to it by `go_to`.
        """
        names = [n for n in self.CONTROLS if getattr(self.settings, n) != getattr(self._start, n)]
        dials, values = self.EXPERIMENTS[self._name].DIALS, self.panels[self._name].values
        return Place(
            tutor=type(self).__name__,
            experiment=self._name,
            settings={name: getattr(self.settings, name) for name in names},
            dials={n: str(value) for n, value in values.items() if value != dials[n].start},
        )

    def go_to(self, place: Place) -> None:
        """Go to a place in the lesson. Of what this lesson does not know, nothing is taken.

        Raises
        ------
        ParameterError
            If there is no such experiment, or a value is not allowed.
        """
        self.choose(place.experiment)
        known = {name: value for name, value in place.settings.items() if name in self.CONTROLS}
        self.change(**known)
        dials = self.EXPERIMENTS[self._name].DIALS
        self.turn(**{n: dials[n].read(n, text) for n, text in place.dials.items() if n in dials})

    def run(self) -> Any:
        """Do the whole experiment without a browser, and return its result.

        The numbers are those that the page comes to with the same settings.
        """
        self.stage.run()
        return self.work.result

    def _finished(self, kind: type[Kind]) -> Kind | Outcome:
        """Return the present experiment if it is of this kind and has ended, or what to do."""
        if isinstance(self.work, kind) and self.stage.finished:
            return self.work
        return Outcome(False, f'Choose "{kind.label}", press Play and let it end.')

    def figure(self) -> Figure:
        """Return the charts as a matplotlib figure."""
        from nbtutor.figures import chart_figure

        return chart_figure(self.work.charts())

    def __repr__(self) -> str:
        given = {n: v for n, v in asdict(self.settings).items() if n in self.CONTROLS}
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in given.items())})"

    def _tell_place(self) -> None:
        """Let the page know how to come back."""
        self.stage.recovery = encode(self.place)

    def _open(self, link: str) -> None:
        """Go where the page's address leads, if that is in this lesson."""
        try:
            place = decode(link)
            if place.tutor == type(self).__name__:
                self.go_to(place)
        except ValueError as error:
            self.stage.error = f"The link of this page cannot be followed to its end. {error}"

    def _make(self) -> Experiment:
        return self.EXPERIMENTS[self._name](self.settings, **self.panels[self._name].values)

    @property
    def _spot(self) -> Spot:
        """Where the learner is: the experiment, the settings, and where its dials stand."""
        return self._name, self.settings, dict(self.panels[self._name].values)

    def _go_on(self, left: Spot, takes: Callable[[], bool]) -> None:
        """Go on where the experiment takes a change, or else leave it for another."""
        plays = self.KEEPS_PLAYING and (self.stage.playing or self.stage.finished)
        with self.stage.hold_sync():  # the page need not hear of a pause in between
            if takes():
                self.stage.show()
            else:
                found = self._leave(left)
                plays = plays and not (found and self.stage.finished)
            if plays:
                self.stage.play()

    def _leave(self, left: Spot) -> bool:
        """Take up what belongs to the present place, and return whether it was left there before.

        The experiment of the place that was left is kept, if anything was done in it.
        """
        found = [work for spot, work in self._left if spot == self._spot]
        work = found[0] if found else self._make()
        # What is present is not kept as well: it may take other settings.
        kept = [pair for pair in self._left if pair[0] != left and pair[1] is not work]
        if self.work.progress[0] > 0:
            kept.append((left, self.work))
        self._left = kept[-KEPT:]
        self.stage.put(work)
        return bool(found)

    def _make_controls(self) -> dict[str, ipywidgets.Widget]:
        """Make one control for each setting; a lesson may put another in the place of one."""
        return vars(make_controls(self.settings, own=False))  # here is no board to draw points on

    def _show_settings(self) -> None:
        """Let the controls show the present settings."""
        for name, control in self.controls.items():
            value = getattr(self.settings, name)
            if control.value != value:
                getattr(control, "show", lambda v, c=control: setattr(c, "value", v))(value)

    def _draw(self) -> None:
        lines = self.work.formulas()
        self._formulas.value = "<br>".join(map(escape, lines))
        self._formulas.layout.display = None if lines else "none"
        charts = self.work.charts()
        for number, view in enumerate(self.chart_views):
            shown = number < len(charts)
            view.layout.display = None if shown else "none"
            if shown:
                view.chart = charts[number]

    def _pick(self, mark: Line | Points, point: int) -> None:
        with self.stage.lock:
            self.work.pick(mark, point)
            self.stage.show()

    def _turn_from_control(self, name: str, value: Any) -> None:
        try:
            self.turn(**{name: value})
        except ValueError as error:
            self.stage.error = f"Nothing was changed. {error}"

    def _change_from_control(self, change: dict[str, Any]) -> None:
        name = next(n for n, control in self.controls.items() if control is change["owner"])
        try:
            self.change(**{name: change["new"]})
        except ValueError as error:
            self._show_settings()
            self.stage.error = f"Nothing was changed. {error}"

    def _choose_from_control(self, change: dict[str, Any]) -> None:
        try:
            self.choose(change["new"])
        except ValueError as error:
            self._choice.value = self._name
            self.stage.error = f"Nothing was changed. {error}"

    def _compose(self) -> list[ipywidgets.Widget]:
        panels = [panel.box for panel in self.panels.values()]
        left = box(ipywidgets.VBox, "nbt-tutor-controls", *panels, self._settings)
        charts = box(ipywidgets.Box, "nbt-charts", *self.chart_views)
        several = [self._choice] if len(self.EXPERIMENTS) > 1 else []
        self._choice.add_class("nbt-experiments")
        right = box(ipywidgets.VBox, "nbt-tutor-stage", self.stage, self._formulas, charts)
        return [*several, box(ipywidgets.Box, "nbt-tutor-columns", left, right)]

    def _sort_controls(self) -> None:
        """Show the controls that the present experiment answers to."""
        used = self.EXPERIMENTS[self._name].SETTINGS
        shown = [name for name in self.controls if used is None or name in used]
        for name, control in self.controls.items():
            control.layout.display = None if name in shown else "none"
        self._settings.layout.display = None if shown else "none"
        for name, panel in self.panels.items():
            here = name == self._name and panel.controls
            panel.box.layout.display = None if here else "none"

    def close(self) -> None:
        """Close every control and view; nothing is left in the kernel. May be called again."""
        for widget in (self, *self.parts):
            close_all(widget)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser: a lesson is changed by its controls."""
        self.send_state([name for name in sync_data if name in self.keys])
