"""Slow motion: one update in named stages, each with the numbers of a point and of a unit.

The stages are those of `nbtutor.engine.trace`: pick a batch, go forward layer by layer, work out
the loss, go backward layer by layer, update. The update is traced when its first stage is shown,
and nothing is trained until the last one, which does the very update that was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nbtutor.engine import Trainer, UpdateTrace, trace_update
from nbtutor.engine.features import FEATURES
from nbtutor.engine.validation import check_integer
from nbtutor.widgets.formulas import Explainer
from nbtutor.widgets.step_formulas import Formula
from nbtutor.widgets.stopping import stopped_early

if TYPE_CHECKING:
    from nbtutor.widgets.live import LiveRun, Run

Array = np.ndarray

NAMES = ("pick", "forward", "loss", "backward", "update")
"""The stages that a learner is told; forward and backward are one for each layer."""

MOST_MARKED = 100
"""Points of the batch that are marked in the plane at most."""


@dataclass(frozen=True)
class Stage:
    """What is shown of one stage.

    Attributes
    ----------
    serial : int
        Rises with each stage.
    number, count : int
        The stage's place in the update, from 1, and how many there are.
    name : str
        Of `NAMES`.
    title, sentence : str
    formulas : list of Formula
    layer, unit : int
        What it is about in the diagram, where layer 0 are the inputs; unit -1 for all of a layer.
    links : {"in", "out", ""}
        Which links of the unit it is about.
    choices : list of (int, int, str)
        Units that may be looked at instead: layer, unit and name.
    point, batch : int
        Which point of the batch is shown, from 0, and how many there are.
    marked : ndarray of shape (points, 2)
        The batch in the plane, the point that is shown first.
    playing : bool
        Whether the page is to go on by itself.
    """

    serial: int
    number: int
    count: int
    name: str
    title: str
    sentence: str
    formulas: list[Formula]
    layer: int
    unit: int
    links: str
    choices: list[tuple[int, int, str]]
    point: int
    batch: int
    marked: Array
    playing: bool


def trace_next(trainer: Trainer) -> UpdateTrace:
    """Return the update that comes next in a live run, which goes on after an early stop.

    Raises
    ------
    ParameterError
        If the run has diverged.
    """
    if stopped_early(trainer):
        trainer = trainer.fork()
        trainer.resume()
    return trace_update(trainer)


class SlowMotion:
    """Leads through the next update of a live run, stage by stage.

    Parameters
    ----------
    live : LiveRun

    Attributes
    ----------
    playing : bool
        Whether the page goes on by itself.
    """

    def __init__(self, live: LiveRun) -> None:
        self.playing = False
        self._live = live
        self._run: Run | None = None
        self._explainer: Explainer | None = None
        self._at = 0
        self._serial = 0
        self._point = 0
        self._chosen: dict[int, int] = {}
        self._last_layer = 0

    def stage(self) -> Stage | None:
        """Return the present stage; None if training has ended, so that there is no next update.

        If the run is not where it was, because it was trained, reset or changed, it is the first
        stage of another update.
        """
        run = self._live.run
        if run.ended:
            self.playing = False
            return None
        explainer = self._explainer
        if explainer is None or not self._fits(run, explainer):
            explainer = self._begin(run)
        return self._tell(explainer)

    def next(self) -> None:
        """Go on to the next stage. The last does the update; after it comes another update.

        From an earlier epoch of the run it goes on in a new run; see `Timeline`.
        """
        self._live.timeline.fork()
        stage = self.stage()
        if stage is None:
            return
        if stage.number == stage.count:
            self._begin(self._live.run)
            return
        self._at += 1
        self._serial += 1
        self._live.play(self.playing)  # what was said before is over
        if stage.number == stage.count - 1:
            self._live.step(updates=1)
            self.playing = self.playing and not self._live.run.paused

    def back(self) -> None:
        """Go back a stage. What is trained stays so: after the last stage there is no way back."""
        stage = self.stage()
        if stage is not None and 1 < stage.number < stage.count:
            self._at -= 1
            self._serial += 1

    def choose(self, layer: int, unit: int) -> None:
        """Look at another unit of a layer.

        Raises
        ------
        ParameterError
            If there is none such.
        """
        sizes = self._live.run.network.sizes
        check_integer("layer", layer, low=1, high=len(sizes) - 1)
        self._chosen[layer] = check_integer("unit", unit, low=0, high=sizes[layer] - 1)
        self._last_layer = layer

    def choose_point(self, point: int) -> None:
        """Look at another point of the batch, from 0.

        Raises
        ------
        ParameterError
            If the batch has none such.
        """
        stage = self.stage()
        batch = 1 if stage is None else stage.batch
        self._point = check_integer("point", point, low=0, high=batch - 1)

    @property
    def message(self) -> str:
        """What is going on, in a sentence."""
        stage = self.stage()
        if stage is None:
            return "Training has ended, so there is no next update."
        return f"Slow motion, stage {stage.number} of {stage.count}: {stage.title}."

    @property
    def trace(self) -> UpdateTrace | None:
        """The update that is shown."""
        return None if self._explainer is None else self._explainer.trace

    # The inside.

    def _fits(self, run: Run, explainer: Explainer) -> bool:
        """Whether the run is still where the trace says."""
        trainer = run.trainer
        if run is not self._run or explainer.config != trainer.config:
            return False
        trace, done = explainer.trace, self._at == len(self._plan) - 1
        weights = trace.after if done else trace.before
        same = np.array_equal(weights.flat, run.network.parameters.flat)
        return (
            trainer.updates == trace.update - (not done)
            and explainer.activations == run.network.activations
            # With this update an epoch may have ended, and early stopping put other weights back.
            and (same or (done and stopped_early(trainer)))
        )

    def _begin(self, run: Run) -> Explainer:
        if run is not self._run:
            self.playing = False
            self._chosen, self._last_layer, self._point = {}, 0, 0
        self._run = run
        trace = trace_next(run.trainer)
        names = [FEATURES[name].label for name in run.settings.inputs]
        self._explainer = Explainer(trace, run.network, run.trainer.config, names)
        self._at = 0
        self._serial += 1
        self._point = min(self._point, len(trace.indices) - 1)
        return self._explainer

    @property
    def _plan(self) -> list[tuple[str, int]]:
        """The stages, each with the layer that it is about."""
        layers = range(1, len(self._live.run.network.sizes))
        forward = [("forward", layer) for layer in layers]
        backward = [("backward", layer) for layer in reversed(layers)]
        return [("pick", 0), *forward, ("loss", len(layers)), *backward, ("update", 0)]

    def _tell(self, explainer: Explainer) -> Stage:
        plan, point = self._plan, self._point
        name, layer = plan[self._at]
        layers = [layer] if name != "update" else [*range(1, explainer.layers + 1)]
        if name == "update":
            layer = self._last_layer or max(layers, key=explainer.largest_change)
        choices: list[tuple[int, int, str]] = []
        unit = -1
        if name in ("forward", "backward", "update"):
            unit = self._chosen.get(layer, explainer.most_changed_unit(layer))
            choices = [
                (one, index, explainer.unit_name(one, index))
                for one in layers
                for index in range(explainer.trace.before.sizes[one])
            ]
        match name:
            case "pick":
                told = explainer.pick(point, len(self._live.run.train))
            case "forward":
                told = explainer.forward(layer, unit, point)
            case "loss":
                told = explainer.lose(point)
            case "backward":
                told = explainer.backward(layer, unit, point)
            case _:
                told = explainer.update(layer, unit)
        outward = name == "backward" and layer < explainer.layers
        return Stage(
            serial=self._serial,
            number=self._at + 1,
            count=len(plan),
            name=name,
            title=told.title,
            sentence=told.sentence,
            formulas=told.formulas,
            layer=layer,
            unit=unit,
            links="" if unit < 0 else "out" if outward else "in",
            choices=choices,
            point=point,
            batch=explainer.n,
            marked=self._mark(explainer.trace.indices),
            playing=self.playing,
        )

    def _mark(self, indices: Array) -> Array:
        others = np.delete(indices, self._point)[: MOST_MARKED - 1]
        marked = self._live.run.train.X[[indices[self._point], *others]]
        return np.asarray(marked, np.float32)
