"""The pictures of a run. All draw what their hub receives, and know nothing of each other."""

from __future__ import annotations

import traitlets

from nbtutor.widgets.views.base import View
from nbtutor.widgets.views.hub import Hub


class _Picture(View):
    hub = traitlets.Unicode().tag(sync=True)

    def __init__(self, hub: Hub) -> None:
        super().__init__(view=self.kind, hub=f"IPY_MODEL_{hub.model_id}")

    kind = ""


class PlaneView(_Picture):
    """The plane: what the network says at each point, the boundary, and the data points.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.
    """

    kind = "plane"


class NetworkView(_Picture):
    """The network: each unit with its own picture of the plane, links by weight.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.
    """

    kind = "network"


class CurvesView(_Picture):
    """Training and validation loss over the epochs.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.
    """

    kind = "curves"
