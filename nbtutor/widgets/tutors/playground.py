"""The playground: every control at once, over one live run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from nbtutor.engine import History, Network, ParameterError, Place, UpdateTrace
from nbtutor.engine.code import to_code
from nbtutor.engine.validation import check_choice, check_integer
from nbtutor.widgets import link as links
from nbtutor.widgets.access import (
    DIAGRAM,
    RUNS,
    SHARING,
    Access,
    Rules,
    check_names,
    describe_kept,
    refusal,
)
from nbtutor.widgets.boxes import box, close_all, heading, section
from nbtutor.widgets.by_layer import BY_LAYER, fit, settle
from nbtutor.widgets.controls import (
    Controls,
    Transport,
    bind,
    check_chosen,
    make_controls,
    make_transport,
)
from nbtutor.widgets.diagram import offer_diagram
from nbtutor.widgets.display import DISPLAY
from nbtutor.widgets.drawing import offer_drawing
from nbtutor.widgets.exports import File, history_table, make_file, points_table
from nbtutor.widgets.keeps_runs import KeepsRuns
from nbtutor.widgets.layer_settings import LayerSettings
from nbtutor.widgets.live import SPEEDS, LiveRun
from nbtutor.widgets.pages import AUGMENTATION, PAUSE, SHIFT, Pages, ScheduleNote, note
from nbtutor.widgets.replicas import Spread, fleet_of, spread_of
from nbtutor.widgets.settings import (
    MAX_UNITS,
    WORDS,
    RunSettings,
    check_setting,
    name_of_data,
    unknown_name,
)
from nbtutor.widgets.slow_motion import trace_next
from nbtutor.widgets.traits import SettingTraits
from nbtutor.widgets.tutors.guided import Guided
from nbtutor.widgets.verdict import Verdict
from nbtutor.widgets.views import (
    CurvesView,
    Hub,
    NetworkView,
    PlaneView,
    ReplicasView,
    ShareView,
    SlowView,
    VerdictView,
    offer_stages,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Views:
    """The views of a run."""

    status: Hub
    plane: PlaneView
    network: NetworkView
    curves: CurvesView
    verdict: VerdictView
    replicas: ReplicasView
    share: ShareView
    slow: SlowView


class Playground(SettingTraits, KeepsRuns, Guided):
    """A network that learns a toy data set while you drag its settings.

    In a notebook the object shows itself. Every setting is also an attribute: setting it in Python
    moves the control, and the other way round. `learning_rate`, `batch_size`, `dropout`, `l1`,
    `l2`, `optimizer`, `momentum` and `activation` change in mid-run, and so do the schedule, the
    conditions to stop, gradient clipping, label smoothing and augmentation; a change of any other
    setting starts the run again.

    Parameters
    ----------
    dataset : str, default "circle"
        Two classes: "circle", "xor", "gaussians", "spiral", "moons", "checkerboard". Several:
        "rings", "blobs", "spirals". Regression: "sine", "plane", "multi_gaussian". "own" is for
        points of your own.
    data : optional
        Points of your own, 2 to 5,000: ``(X, y)``, a `Dataset`, a data
        frame, CSV text, or the `pathlib.Path` of a CSV file, with two columns and last the class
        (at most 5) or value. Columns are scaled to the plane; a `Dataset` is taken as it is.
        `dataset` is "own" then, and noise, label noise, points and classes mean nothing.
    noise : float, default 0
        From 0 to 0.5.
    label_noise : float, default 0
        Share of the labels that are replaced by another class, from 0 to 0.5.
    classes : int, default 3
        From 2 to 5, for the data sets of several classes.
    points : int, default 500
        Points of training and validation together, 10 to 5,000.
    train_share : float, default 0.5
        Share of the points that is trained on, 0.1 to 0.9.
    shift : float, default 0
        Training and validation points from different places, 0 to 1: at 1 the training points are
        those on the left. What is true at a point is the same for both (a covariate shift).
    inputs : sequence of str, default ("x", "y")
        Of "x", "y", "x2", "y2", "xy", "sin_x", "sin_y" and "noise".
    hidden : sequence of int, default (4, 2)
        Units of every hidden layer: at most 6 layers of 1 to 64 units.
    activation : str or sequence of str, default "tanh"
        Of the hidden layers, one for all or one for each: "tanh", "relu", "leaky_relu", "elu",
        "gelu", "silu", "softplus", "sigmoid" or "linear". A layer that is added takes the last
        one's, in the same way as its dropout.
    loss : {"cross_entropy", "squared_error"}, default "cross_entropy"
        For classes; regression has squared error always.
    initialization : str, default "xavier_uniform"
        How the weights start; or "xavier_normal", "he_uniform", "he_normal", "zeros", "constant",
        "too_small", "too_large".
    redraw : int, default 0
        Another number draws other initial weights for the same data and batches.
    learning_rate : float, default 0.03
    batch_size : int, default 10
        Points an update, 1 to 5,000; more than there are is all of them.
    dropout : float or sequence of float, default 0
        Share of hidden units dropped at each update, from 0 to below 1; one for all layers or one
        for each.
    l1, l2 : float, default 0
        Strength of the penalties on the weights.
    optimizer : {"sgd", "nesterov", "rmsprop", "adam", "adamw"}, default "sgd"
    momentum : float, default 0
        From 0 to below 1, for "sgd" and "nesterov".
    schedule : str, default "constant"
        How the learning rate changes in the course of the run: "step", "exponential", "cosine",
        "warm_up", "triangular", "triangular2", "exp_range", "one_cycle", "linear_ramp" or
        "exponential_ramp". Epochs are counted from the start of the run.
    schedule_epochs : int, default 100
        Its length: of the decay or rise, from step to step, or of one whole cycle.
    schedule_low : float, default 0.1
        Its lowest factor, 0.0001 to 1; for "step", what each step multiplies with.
    clip_norm : float, default 0
        A gradient longer than this is scaled down to it; 0 is never.
    label_smoothing : float, default 0
        Share of a label's certainty that is spread over all classes, from 0 to below 1.
    jitter : float, default 0
        Training points are moved at random by so much (a standard deviation), anew each epoch,
    rotation : float, default 0
        turned about the origin by up to so many degrees, 0 to 180,
    mirror : bool, default False
        and half of them mirrored from left to right.
    stop_epoch : int, default 0
        The run pauses at this epoch,
    stop_loss : float, default 0
        when the validation loss is as low as this,
    patience : int, default 0
        or when it has been no lower for so many epochs; the best weights are then put back. 0 is
        never. Whoever goes on is not held up by the same condition again.
    seed : int, default 0
        Of data, initial weights, batches and dropout; 0 to 999,999.
    replicas : int, default 0
        Networks that are trained beside the run, each on a draw of the data of its own, 1 to 100;
        0 for none. Their boundaries, and bias² and variance, are shown.
    hide, lock : sequence of str, default ()
        What the page does not show, and what it shows but does not let be used: names of settings,
        "speed", the buttons "play", "step", "epoch", "reset", "redraw" and "undo", "examples",
        "sweep", "link" and "save", "show_validation" and "discretize", "weights" (set by hand),
        "timeline" and "runs". From Python, everything can be changed all the same. *Undo* may bring
        back a run with other settings, and so may a kept run.
    controls : sequence of str, optional
        The controls to show, in this order: names of settings, and "speed". The others are hidden.

    Attributes
    ----------
    playing : bool
    show_validation, discretize : bool
        Whether the plane shows validation points, and its output in steps.
    speed : {"stages", "slow", "normal", "fast"}
        One update in named stages (slow motion), one update a picture, one epoch, or as much as
        fits.
    epoch : int
        Epochs done; may be observed.
    controls : Controls
        One ordinary ipywidget for each setting.
    transport : Transport
        The buttons.
    examples : mapping of str to Example
        Settings that work and settings that fail, for `example` and `open_example`.
    views : Views
        The status line, plane, network, curves and verdict, and the buttons that share a run.

    Raises
    ------
    ParameterError
        If a setting has a value that is not allowed.
    TypeError
        If a setting is unknown.
    """

    playing = traitlets.Bool(False).tag(sync=True)
    speed = traitlets.Any("normal").tag(sync=True)
    show_validation = traitlets.Bool(DISPLAY["show_validation"])
    discretize = traitlets.Bool(DISPLAY["discretize"])
    epoch = traitlets.Int(0, read_only=True)

    _unbind: Sequence[Callable[[], None]] = ()  # also for close() after a refused argument

    def __init__(
        self,
        dataset: str = "circle",
        *,
        hide: Sequence[str] = (),
        lock: Sequence[str] = (),
        controls: Sequence[str] | None = None,
        **settings: Any,
    ) -> None:
        for name in settings:
            if name not in WORDS:
                raise unknown_name(name, WORDS)
        checked = RunSettings(dataset=name_of_data(dataset, settings), **settings)
        chosen, others = check_chosen(controls)
        hidden = dict.fromkeys((*check_names("hide", hide), *others))
        rules = Rules(tuple(hidden), check_names("lock", lock))
        self._live = LiveRun(checked)
        self.controls = make_controls(checked)
        self.transport = make_transport()
        self.views = _make_views(self._live, self._follow)
        layout = _compose(self.controls, self.transport, self.views, chosen)
        super().__init__(layout, **asdict(checked))
        self.add_class("nbt-board")
        self._unbind = [bind(self, name, control) for name, control in vars(self.controls).items()]
        links_to_plane = [traitlets.link((self, n), (self.views.plane, n)) for n in DISPLAY]
        self._unbind += [link.unlink for link in links_to_plane]
        # The diagram stands in the place of this control, which is no child, then.
        self._unbind += [lambda: close_all(self.controls.hidden)]
        self.observe(self._change_setting, list(WORDS))
        self.observe(self._change_playing, "playing")
        self.transport.play.on_click(lambda _: self.set_trait("playing", not self.playing))
        self.transport.step.on_click(lambda _: self._try(self._step, updates=1))
        self.transport.epoch.on_click(lambda _: self._try(self._step, epochs=1))
        self.transport.reset.on_click(lambda _: self.reset())
        self.transport.redraw.on_click(lambda _: setattr(self, "redraw", self.redraw + 1))
        self.transport.undo.on_click(lambda _: self.undo())
        self.observe(self._change_speed, "speed")
        self.observe(self._write_link, [*WORDS, "speed", *DISPLAY])
        self.views.status.on_open = self._open_from_page
        self.views.status.on_save = self._save_for_page
        offer_stages(self.views.status, self._show, lambda: setattr(self, "speed", "normal"))
        self.views.status.is_closed = lambda name: name in self._access.rules.closed
        offer_drawing(self.views.status, self._live, self._show_points)
        offer_diagram(self, self.views.status, self._set_parameter)
        buttons_and_controls = vars(self.transport) | vars(self.controls)
        LayerSettings(self, self.views.status, self.views.network)
        self._access = Access(buttons_and_controls, lambda name: self._refuse([name]))
        self._guide()
        self._restrict(rules)
        self._offer_runs()

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in WORDS}
        rules = {name: names for name in ("hide", "lock") if (names := getattr(self, name))}
        return f"Playground({', '.join(f'{n}={v!r}' for n, v in (values | rules).items())})"

    # What a user asks in Python.

    @property
    def network(self) -> Network:
        """The network: its weights, `predict` and `predict_proba`."""
        return self._live.run.network

    @property
    def history(self) -> History:
        """Losses and accuracies, one entry an epoch, each column of shape (entries,)."""
        return self._live.run.trainer.history.replica(0)

    @property
    def verdict(self) -> Verdict:
        """Underfit, overfit, good or unknown, as the weights are now: the word and its numbers."""
        with self.views.status.lock:
            return self._live.run.judge(layers=False).verdict

    @property
    def spread(self) -> Spread:
        """Bias², variance, noise and expected error of the replicas, trained as far as the run.

        Raises
        ------
        ParameterError
            If there are no replicas, or only one.
        """
        with self.views.status.lock:
            return spread_of(self._live.run)

    def trace(self) -> UpdateTrace:
        """Return the next update taken apart, with every number; nothing is trained."""
        with self.views.status.lock:
            return trace_next(self._live.run.trainer)

    def train(self, epochs: int = 1) -> None:
        """Train without a browser; the numbers are those of the live run with the same seed.

        Parameters
        ----------
        epochs : int
            From 0 to 1,000,000. Fewer are trained if a condition to stop is met.

        Warns
        -----
        RuntimeWarning
            If the weights overflow; they are put back to the last good ones.
        """
        check_integer("epochs", epochs, low=0, high=1_000_000)
        with self.views.status.lock:
            self._live.step(epochs=epochs)
            if (fleet := fleet_of(self._live.run)) is not None:
                fleet.finish()
            self._show()
        if self._live.run.ended:
            warnings.warn(self._live.run.ended, RuntimeWarning, stacklevel=2)

    def set_weight(self, layer: int, source: int, unit: int, value: float) -> None:
        """Set a weight by hand, as a learner does on the diagram; the run goes on from there.

        Parameters
        ----------
        layer, source, unit : int
            It is ``network.weights[layer][0, source, unit]``.
        value : float
            From -1000 to 1000.

        Raises
        ------
        ParameterError
            If there is no such weight, or the value is not allowed; nothing is changed then.
        """
        check_integer("source", source, low=0, high=MAX_UNITS)  # None would be the bias
        self._set_parameter(Place(layer, source, unit), value)

    def set_bias(self, layer: int, unit: int, value: float) -> None:
        """Set a bias by hand: ``network.biases[layer][0, unit]``. See `set_weight`."""
        self._set_parameter(Place(layer, None, unit), value)

    def reset(self) -> None:
        """Start again: the same data, first weights and batches."""
        with self.views.status.lock:
            self._live.reset()
            self._show()

    def undo(self) -> None:
        """Bring back the run that the last restart put away; again, and the other returns."""
        with self.views.status.lock:
            self._live.undo()
            self._take_over()
            self._show()

    @property
    def hide(self) -> tuple[str, ...]:
        """The controls that are not shown; can be set."""
        return self._access.rules.hide

    @hide.setter
    def hide(self, names: Sequence[str]) -> None:
        self._restrict(Rules(check_names("hide", names), self._access.own.lock))

    @property
    def lock(self) -> tuple[str, ...]:
        """The controls that are shown, but cannot be used from the page; can be set."""
        return self._access.rules.lock

    @lock.setter
    def lock(self, names: Sequence[str]) -> None:
        self._restrict(Rules(self._access.own.hide, check_names("lock", names)))

    @property
    def link(self) -> str:
        """What to put behind a page's address, to have it open with these settings."""
        return links.encode(self._state)

    def open_link(self, link: str) -> None:
        """Take over the settings, hidden and locked controls of a link, or of an address with one.

        The run starts again, once, if it has other settings; a trained one can be brought back by
        `undo`.

        Raises
        ------
        LinkError
            If it is no link, or a value in it is not allowed; nothing is changed then.
        """
        self._open(links.decode(link))

    def to_csv(self) -> str:
        """Return the run as a table: losses, accuracies and learning rate, one row an epoch."""
        with self.views.status.lock:
            return history_table(self.history)

    def points_to_csv(self) -> str:
        """Return the points as a table: x, y, class or value, and training or validation."""
        with self.views.status.lock:
            return points_table(self._live.run.train, self._live.run.validation)

    def to_json(self) -> str:
        """Return all settings as JSON, for `from_json`."""
        return links.to_json(self._state)

    @classmethod
    def from_json(cls, text: str) -> Playground:
        """Return a new playground with the settings that `to_json` gave.

        Raises
        ------
        ValueError
            If the text is something else, or a value is not allowed.
        TypeError
            If a setting is unknown.
        """
        link = links.from_json(text)
        made = cls(**asdict(link.settings), hide=link.hide, lock=link.lock)
        made.speed = link.speed
        made._show_as(link)
        return made

    def figure(self) -> Figure:
        """Return the plane and the curves as a matplotlib figure."""
        from nbtutor.figures import run_figure

        with self.views.status.lock:
            run = self._live.run
            return run_figure(run.network, run.trainer.history, run.train, run.validation)

    def to_code(self, library: str = "numpy", *, epochs: int | None = None) -> str:
        """Return a program that makes this run without nbtutor; see `nbtutor.engine.code`.

        Parameters
        ----------
        library : {"numpy", "pytorch", "keras", "sklearn"}, default "numpy"
        epochs : int, optional
            How long it trains: as many epochs as the run has done if it is not given, or 100 if it
            has not begun.

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            If the library cannot make this network.
        """
        with self.views.status.lock:
            return to_code(self._live.run.trainer, library, epochs=epochs)

    def close(self) -> None:
        """Close every control and view; nothing is left in the kernel. May be called again."""
        for unbind in self._unbind:
            unbind()
        self._unbind = ()
        self.unobserve_all()
        close_all(self)

    # How a change spreads: a control or Python sets a trait, the trait changes the run.

    @traitlets.validate("speed")
    def _check_speed(self, proposal: dict[str, Any]) -> str:
        return check_choice("speed", proposal["value"], SPEEDS)

    @traitlets.validate(*BY_LAYER)
    def _settle(self, proposal: dict[str, Any]) -> Any:
        return settle(proposal["trait"].name, proposal["value"], len(self.hidden))

    def _change_setting(self, change: dict[str, Any]) -> None:
        with self.views.status.lock:
            if getattr(self._live.settings, change["name"]) == change["new"]:
                return  # a run that came from elsewhere brought it
            if change["name"] in ("hidden", *BY_LAYER):  # several of them may be new at once
                together = {n: fit(getattr(self, n), len(self.hidden)) for n in BY_LAYER}
                self._live.change(hidden=self.hidden, **together)
                for name, value in together.items():
                    setattr(self, name, value)
            else:
                self._live.change(**{change["name"]: change["new"]})
            if change["name"] in ("dataset", "data"):
                self._take_over()  # each says something of the other
            if self._live.playing:
                self.views.status.answer_change()
            else:
                self._show()

    def _change_playing(self, change: dict[str, Any]) -> None:
        with self.views.status.lock:
            if change["new"] != self._live.going:
                self._try(self._play, change["new"])

    def _play(self, playing: bool) -> None:
        self._live.play(playing)
        self._show()

    def _change_speed(self, change: dict[str, Any]) -> None:
        with self.views.status.lock:
            self._live.speed = change["new"]
            self.views.slow.on = change["new"] == "stages"
            if "stages" in (change["old"], change["new"]):
                self._show()

    def _set_parameter(self, place: Place, value: float, continued: bool = False) -> None:
        with self.views.status.lock:
            self._live.set_parameter(place, value, continued=continued)
            if self._live.playing:
                self.views.status.answer_change()
            else:
                self._show()

    def _step(self, **amount: int) -> None:
        with self.views.status.lock:
            self._live.step(**amount)
            self._show()

    def _show(self) -> None:
        self.views.status.error = ""
        self.views.status.publish()
        self._follow()

    def _follow(self) -> None:
        """Bring the buttons and the traits that the run itself changes up to date."""
        self.playing = self._live.going
        self.set_trait("epoch", self._live.run.trainer.epoch)
        play = self.transport.play
        play.description = "Pause" if self.playing else "Play"
        (play.add_class if self.playing else play.remove_class)("nbt-pause")
        locked = "undo" in self._access.rules.closed
        self.transport.undo.disabled = locked or not self._live.can_undo
        for name in ("noise", "label_noise", "classes", "points"):  # of generated points only
            closed = name in self._access.rules.closed or self._live.settings.data is not None
            getattr(self.controls, name).disabled = closed

    def _show_points(self) -> None:
        """Show what the page has done to the points, and train on if it plays."""
        self._take_over()
        if self._live.playing:
            self.views.status.error = ""
            self.views.status.answer_change()
        else:
            self._show()

    def _take_over(self) -> None:
        """Let traits and controls have the settings of the run, which came from elsewhere."""
        with self.views.status.hold_sync():
            for name, value in asdict(self._live.settings).items():
                setattr(self, name, value)

    # Links, and what a page may do.

    @property
    def _state(self) -> links.Link:
        display = {name: getattr(self, name) for name in DISPLAY}
        return links.Link(self._live.settings, self.speed, self.hide, self.lock, **display)

    def _show_as(self, link: links.Link, keep: Collection[str] = ()) -> None:
        for name in DISPLAY:
            if name not in keep:
                setattr(self, name, getattr(link, name))

    def _write_link(self, change: dict[str, Any] | None = None) -> None:
        closed = "link" in self._access.own.closed
        with self.views.status.hold_sync():
            self.views.status.link = self.link
            self.views.status.recovery = "" if closed else links.encode(self._state, whole=True)

    def _open(self, link: links.Link, keep: Collection[str] = ()) -> None:
        """Take over what a link holds, but for the names in `keep`."""
        kept = self._settings_in(keep)
        with self.views.status.lock:
            note = "The settings of the link are here. Press Play."
            self._live.replace(link.settings.keeping(kept), note)
            self._access.linked = Rules(link.hide, link.lock)
            self._take_over()
            if "speed" not in keep:
                self.speed = link.speed
            self._show_as(link, keep)
            self._restrict(self._access.own)
            self._show()
            left_out = [
                name
                for name, value in kept.items()
                if value != getattr(link.settings, name) != links.PROPERTIES[name][1]
            ]
            remarks = [links.describe_unknown(link.unknown), describe_kept(left_out)]
            remarks.append(links.describe_left_out(link.left_out))
            self.views.status.error = " ".join(filter(None, remarks))

    def _open_from_page(self, text: str) -> None:
        locked = self._access.own.closed  # a link may not lift what was said in Python
        if "link" in locked:
            self._refuse(["link"])
            return
        try:
            link = links.decode(text)
        except links.LinkError as error:
            self._show()
            self.views.status.error = (
                f"The link could not be opened, and nothing was changed. {error}"
            )
            return
        self._open(link, locked)

    def _save_for_page(self, what: str) -> File:
        if "save" in self._access.rules.closed:
            raise ParameterError("save", what, "unlocked")
        return make_file(self, what)

    def _restrict(self, rules: Rules) -> None:
        self._access.own = rules
        self._access.apply()
        closed, hidden = self._access.rules.closed, self._access.rules.hide
        for view, names in (
            (self.views.share, SHARING),
            (self.views.plane, DISPLAY),
            (self.views.network, (*BY_LAYER, *DIAGRAM)),
        ):
            with view.hold_sync():
                view.hidden = [name for name in names if name in hidden]
                view.locked = [name for name in names if name in closed]
        drawing = "locked" if closed & {"data", "dataset"} else ""
        self.views.plane.drawing = "hidden" if {"data", "dataset"} & {*hidden} else drawing
        with self.views.curves.hold_sync():
            self.views.curves.hidden = [name for name in RUNS if name in hidden]
            self.views.curves.locked = [name for name in RUNS if name in closed]
        self._write_link()
        self._follow()

    def _refuse(self, names: Collection[str]) -> None:
        self.views.status.error = refusal(names)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take settings from the browser, which is not trusted.

        What is not allowed changes nothing: the learner reads why, and the page gets the true
        state back.
        """
        closed = self._access.rules.closed
        locked = [name for name in sync_data if {"playing": "play"}.get(name, name) in closed]
        try:
            for name, value in sync_data.items():
                _check_from_browser(name, value)
            self._live.settings.changed(**{n: v for n, v in sync_data.items() if n in WORDS})
            if locked:
                self._refuse(["play" if name == "playing" else name for name in locked])
        except ValueError as error:
            locked = list(sync_data)
            self.views.status.error = f"Nothing was changed. {error}"
        if locked:
            self.send_state([name for name in sync_data if name in self.keys])
            return
        super().set_state(sync_data)


def _check_from_browser(name: str, value: Any) -> None:
    if name in WORDS:
        check_setting(name, value)
    elif name == "speed":
        check_choice(name, value, SPEEDS)
    elif name != "playing" or not isinstance(value, bool):
        raise ParameterError("the name of a setting", name, "one that a page may set")


def _make_views(live: LiveRun, on_picture: Callable[[], None]) -> Views:
    hub = Hub(live, on_picture)
    return Views(
        *(hub, PlaneView(hub), NetworkView(hub), CurvesView(hub), VerdictView(hub)),
        *(ReplicasView(hub), ShareView(hub), SlowView(hub)),
    )


def _compose(
    controls: Controls, transport: Transport, views: Views, chosen: Sequence[str]
) -> list[ipywidgets.Widget]:
    """Lay everything out: data and training left, network in the middle, pictures right."""
    c = controls
    buttons = box(ipywidgets.HBox, "nbt-transport", *vars(transport).values())
    left = _chosen(c, chosen) if chosen else _pages(c)
    middle = box(
        *(ipywidgets.VBox, "nbt-stage", heading("Network"), c.inputs),
        *(views.network, views.slow, views.verdict),
        box(ipywidgets.HBox, "nbt-replicas", c.replicas, views.replicas),
    )
    right = box(ipywidgets.VBox, "nbt-output", views.plane, views.curves)
    return [
        box(ipywidgets.HBox, "nbt-header", buttons, views.status, views.share),
        box(ipywidgets.HBox, "nbt-columns", left, middle, right),
    ]


def _pages(c: Controls) -> Pages:
    """Return all controls but those of the network, on pages."""
    return Pages(
        {
            "Basics": (
                section("Data", c.dataset, c.noise, c.train_share),
                section(
                    *("Training", c.activation, c.learning_rate, c.batch_size, c.dropout),
                    *(c.l1, c.l2, c.speed),
                ),
            ),
            "Data": (
                section("Data", c.points, c.classes, c.label_noise, c.seed),
                section("Training and validation apart", c.shift, note(SHIFT)),
                section(
                    *("Augmentation", c.jitter, c.rotation, c.mirror, note(AUGMENTATION)),
                ),
            ),
            "Training": (
                section(
                    *("Training", c.optimizer, c.momentum, c.loss, c.initialization),
                    *(c.clip_norm, c.label_smoothing),
                ),
            ),
            "Schedule": (
                section(
                    *("Course of the learning rate", c.schedule, c.schedule_epochs),
                    *(c.schedule_low, ScheduleNote(c)),
                ),
                section("Pause by itself", c.stop_epoch, c.stop_loss, c.patience, note(PAUSE)),
            ),
        }
    )


def _chosen(controls: Controls, names: Sequence[str]) -> ipywidgets.Box:
    """Return the controls that a teacher has chosen, in their order; the network keeps its own."""
    of_network = ("inputs", "hidden", "replicas")
    own = {n: control for n, control in vars(controls).items() if n not in of_network}
    shown = section("Settings", *(own.pop(name) for name in names if name in own))
    return box(ipywidgets.VBox, "nbt-controls", shown, section("Hidden", *own.values()))
