"""A view that draws any chart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from nbtutor.charts import Chart, Line, Points, encode
from nbtutor.widgets.views.base import View


class ChartView(View):
    """Draws a chart, and tells which point of it was chosen.

    Parameters
    ----------
    chart : Chart
    on_pick : callable, optional
        Called with the mark and the number of its point that the learner clicked, or chose by
        Enter. Without it points can be read, but not chosen.

    Attributes
    ----------
    chart : Chart
        Can be set.
    """

    spec = traitlets.Dict().tag(sync=True, echo_update=False)
    pickable = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, chart: Chart, on_pick: Callable[[Line | Points, int], None] | None = None
    ) -> None:
        self._chart = chart
        self._on_pick = on_pick
        super().__init__(view="chart", spec=encode(chart), pickable=on_pick is not None)
        self.on_msg(self._receive)

    @property
    def chart(self) -> Chart:
        """What is drawn."""
        return self._chart

    @chart.setter
    def chart(self, chart: Chart) -> None:
        self.spec = encode(chart)
        self._chart = chart

    def _receive(self, _: ChartView, content: object, buffers: object) -> None:
        """Take a choice from the page; what is no choice of a point that there is, is nothing."""
        if self._on_pick is None or not isinstance(content, dict):
            return
        number, point = content.get("mark"), content.get("point")
        if type(number) is not int or type(point) is not int:
            return
        if not 0 <= number < len(self._chart.marks):
            return
        mark = self._chart.marks[number]
        if isinstance(mark, Line | Points) and 0 <= point < len(mark.x):  # type: ignore[arg-type]
            self._on_pick(mark, point)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser: what is drawn is the kernel's."""
        self.send_state([name for name in sync_data if name in self.keys])
