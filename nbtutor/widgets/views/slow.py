"""Slow motion in the page: its panel, and what the panel may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from nbtutor.widgets import protocol
from nbtutor.widgets.protocol import read_arguments
from nbtutor.widgets.views.hub import Hub
from nbtutor.widgets.views.pictures import Picture


class SlowView(Picture):
    """The panel that tells the stages of an update; nothing is seen of it while it is off.

    Parameters
    ----------
    hub : Hub
        Where the pictures come from.

    Attributes
    ----------
    on : bool
        Whether slow motion is on.
    """

    kind = "slow"
    on = traitlets.Bool(False).tag(sync=True)

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        super().__init__(hub)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser: it is the speed that switches slow motion on."""
        error = protocol.ProtocolError("Slow motion is not set from the page.")
        self._hub.send(protocol.refuse(error))


def offer_stages(
    hub: Hub,
    show: Callable[[], None],
    leave: Callable[[], None],
) -> None:
    """Let a page lead through the stages.

    Parameters
    ----------
    hub : Hub
    show : callable
        Called when something has changed.
    leave : callable
        Ends slow motion.
    """
    live, slow = hub.live, hub.live.slow

    def go(arguments: Mapping[str, object]) -> None:
        # A page that is late, or another page, may have asked for the same already.
        (serial,) = read_arguments(arguments, "serial")
        stage = slow.stage() if live.speed == "stages" else None
        if stage is not None and serial == stage.serial:
            slow.next()
            show()

    def go_by_itself(arguments: Mapping[str, object]) -> None:
        if slow.playing:
            go(arguments)

    def back(arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        slow.back()
        show()

    def look(arguments: Mapping[str, object]) -> None:
        layer, unit = read_arguments(arguments, "layer", "unit")
        slow.choose(layer, unit)
        show()

    def take(arguments: Mapping[str, object]) -> None:
        (point,) = read_arguments(arguments, "point")
        slow.choose_point(point)
        show()

    def end(arguments: Mapping[str, object]) -> None:
        read_arguments(arguments)
        leave()

    hub.offer("slow_next", go, "step")
    hub.offer("slow_play", go_by_itself, "play")
    for name, action in {"back": back, "unit": look, "point": take, "leave": end}.items():
        hub.offer(f"slow_{name}", action, "speed")
