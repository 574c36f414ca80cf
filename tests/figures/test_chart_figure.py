"""Charts on paper show the same numbers as in the browser."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from nbtutor.charts import Axis, Band, Bars, Chart, Contours, Field, Line, Points, Rule
from nbtutor.figures import chart_figure


def test_every_kind_of_mark_is_drawn_with_its_numbers() -> None:
    plane = np.add.outer(np.linspace(0, 0.5, 5), np.linspace(0, 0.6, 7))
    first = Chart(
        "Curves",
        Axis("epoch", limits=(0, 9)),
        Axis("loss", "log"),
        [
            Band("spread", [1, 2], [1, 1], [2, 3]),
            Line("training", [1, 2, 3], [3, 2, 1], dash="dashed"),
            Line("one of many", [1, 2], [1, 2], faint=True),
            Points("best", [3], [1], hollow=True),
            Bars("weights", [0, 1], [1, 2], [0.5, 0.5], [2, 3], pattern="dots"),
            Rule("stop", 2.5),
            Rule("floor", 0.7, "y"),
        ],
    )
    second = Chart(
        "Plane",
        Axis("x", ticks=[(0, "zero"), (1, "one")]),
        Axis("y"),
        [Field("p", plane, (-1, 1, -2, 2)), Contours("edge", plane[None], (-1, 1, -2, 2))],
        square=True,
    )
    figure = chart_figure([first, second])
    curves, picture = figure.axes
    assert (curves.get_xlabel(), curves.get_yscale(), curves.get_xlim()) == ("epoch", "log", (0, 9))
    training = next(line for line in curves.lines if line.get_label() == "training")
    np.testing.assert_array_equal(training.get_xydata(), [[1, 3], [2, 2], [3, 1]])
    assert training.get_linestyle() == "--"
    heights = [bar.get_height() for bar in curves.patches if isinstance(bar, Rectangle)]
    assert heights == [1.5, 2.5]
    legend = curves.get_legend()
    assert legend is not None
    named = {text.get_text() for text in legend.get_texts()}
    assert named == {"spread", "training", "best", "weights", "stop", "floor"}
    np.testing.assert_array_equal(np.asarray(picture.images[0].get_array()), plane)
    # The line on which x-share + y-share is one half, found by hand in the middle row.
    edge = np.concatenate([path.vertices for path in picture.collections[0].get_paths()])
    x_axis = -1 + (np.arange(7) + 0.5) * 2 / 7
    expected = np.interp(0.25, np.linspace(0, 0.6, 7), x_axis)
    upward = edge[edge[:, 1].argsort()]
    assert np.interp(0.0, upward[:, 1], upward[:, 0]) == pytest.approx(expected, abs=1e-9)
    assert [tick.get_text() for tick in picture.get_xticklabels()] == ["zero", "one"]


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (3, 1, 3), (4, 2, 2), (5, 3, 2)])
def test_many_charts_stand_in_rows_of_two(count: int, rows: int, columns: int) -> None:
    charts = [Chart(f"chart {number}", Axis("x"), Axis("y")) for number in range(count)]
    figure = chart_figure(charts)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [chart.title for chart in charts]
    places = [ax.get_position() for ax in figure.axes]
    assert len({round(place.y0, 3) for place in places}) == rows
    assert len({round(place.x0, 3) for place in places}) == columns
