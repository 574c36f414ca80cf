"""The pictures of a run. All draw what their hub receives, and know nothing of each other."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from nbtutor.widgets import protocol
from nbtutor.widgets.access import refusal
from nbtutor.widgets.display import DISPLAY
from nbtutor.widgets.views.base import View
from nbtutor.widgets.views.hub import Hub


class Picture(View):
    """A view that belongs to a hub, which sends it what is to be seen."""

    kind: ClassVar[str]
    hub = traitlets.Unicode().tag(sync=True)

    def __init__(self, hub: Hub) -> None:
        super().__init__(view=self.kind, hub=f"IPY_MODEL_{hub.model_id}")


class PlaneView(Picture):
    """The plane: what the network says at each point, the boundary, and the data points.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.

    Attributes
    ----------
    show_validation, discretize : bool
        Whether validation points are drawn, and whether the output is drawn in steps: one colour
        for each answer.
    hidden, locked : list of str
        Which of the two are not to be seen, or not to be used.
    drawing : {"", "locked", "hidden"}
        Whether the switch that lets one draw may be used, or seen. It is not, unless the owner of
        the hub lets the page draw.
    """

    kind = "plane"
    drawing = traitlets.Unicode("hidden").tag(sync=True)
    show_validation = traitlets.Bool(DISPLAY["show_validation"]).tag(sync=True)
    discretize = traitlets.Bool(DISPLAY["discretize"]).tag(sync=True)
    hidden = traitlets.Any([]).tag(sync=True)
    locked = traitlets.Any([]).tag(sync=True)

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        super().__init__(hub)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take from the browser what is shown, unless it is locked, and nothing else."""
        try:
            protocol.check_plane_state(sync_data)
        except protocol.ProtocolError as error:
            self._refuse(sync_data, protocol.refuse(error))
            return
        closed = [name for name in sync_data if self._hub.is_closed(name)]
        if closed:
            self._refuse(sync_data, protocol.complain(refusal(closed)))
            return
        super().set_state(sync_data)

    def _refuse(self, sync_data: dict[str, Any], answer: dict[str, Any]) -> None:
        self._hub.send(answer)
        self.send_state([name for name in sync_data if name in self.keys])


class NetworkView(Picture):
    """The network: each unit with its own picture of the plane, links by weight.

    Layers and units can be added and removed on it, and weights and biases be set, if the hub's
    owner offers it (`nbtutor.widgets.diagram`).

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.

    Attributes
    ----------
    layers : list of [str, float]
        Activation and dropout of every hidden layer.
    activations : list of [str, str, list of float]
        Name, label and curve of every activation; see `nbtutor.widgets.layer_settings`.
    hidden, locked : list of str
        "activation", "dropout", "hidden" (layers and units) and "weights" (set by hand), if they
        are not to be seen, or not to be used.
    """

    kind = "network"
    layers = traitlets.Any([]).tag(sync=True)
    activations = traitlets.Any([]).tag(sync=True)
    hidden = traitlets.Any([]).tag(sync=True)
    locked = traitlets.Any([]).tag(sync=True)


class CurvesView(Picture):
    """Training and validation loss over the epochs, the way back in them, and the kept runs.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.

    Attributes
    ----------
    hidden, locked : list of str
        "timeline" and "runs", if they are not to be seen, or not to be used. They are hidden until
        somebody offers them (`nbtutor.widgets.keeps_runs`).
    """

    kind = "curves"
    hidden = traitlets.Any(["timeline", "runs"]).tag(sync=True)
    locked = traitlets.Any([]).tag(sync=True)


class VerdictView(Picture):
    """The verdict in words, parameters against samples; layers and scores on demand.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.

    Attributes
    ----------
    layers_open : bool
        Whether the statistics of the layers are shown; they are measured only then.
    scores_open : bool
        Likewise for the confusion matrices, or for R² of a regression.
    """

    kind = "verdict"
    layers_open = traitlets.Bool(False).tag(sync=True)
    scores_open = traitlets.Bool(False).tag(sync=True)

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        super().__init__(hub)

    @traitlets.observe("layers_open", "scores_open")
    def _watch(self, change: dict[str, Any]) -> None:
        self._hub.watch(layers=self.layers_open, scores=self.scores_open)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take from the browser what is open, and nothing else."""
        try:
            protocol.check_verdict_state(sync_data)
        except protocol.ProtocolError as error:
            self._hub.send(protocol.refuse(error))
            self.send_state([name for name in sync_data if name in self.keys])
            return
        super().set_state(sync_data)
