"""Bias, variance and noise of the replicas beside a run."""

from __future__ import annotations

from collections.abc import Mapping

from nbtutor.widgets import protocol
from nbtutor.widgets.replicas import fleet_of
from nbtutor.widgets.views.hub import Hub
from nbtutor.widgets.views.pictures import Picture


class ReplicasView(Picture):
    """Bars of bias², variance and noise of the replicas, and at which epoch they are.

    While the run does not play, its page asks those on that are behind.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.
    """

    kind = "replicas"

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self._hub = hub
        hub.offer("follow_replicas", self._follow, "")  # a locked switch does not stop them

    def _follow(self, arguments: Mapping[str, object]) -> None:
        (seen,) = protocol.read_arguments(arguments, "seen")
        live = self._hub.live
        fleet = fleet_of(live.run)
        if protocol.check_seen(seen) != live.seq or live.playing or fleet is None:
            return  # another page has asked, or the run brings them along
        live.follow_replicas()
        self._hub.send_picture(keep=not fleet.behind)
