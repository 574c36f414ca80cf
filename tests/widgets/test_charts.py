"""Charts as the browser gets them, and the view that takes the learner's choice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from nbtutor.charts import Axis, Band, Bars, Chart, Contours, Field, Line, Points, Rule, encode
from nbtutor.engine import ParameterError
from nbtutor.widgets.views import ChartView
from tests.widgets.page import deliver

X, Y = Axis("x"), Axis("y")


def marks(*given: Any) -> list[dict[str, Any]]:
    encoded: list[dict[str, Any]] = encode(Chart("t", X, Y, given))["marks"]
    return encoded


def numbers(data: bytes) -> list[float]:
    return [float(number) for number in np.frombuffer(data, "<f4")]


def test_a_chart_says_all_that_is_drawn() -> None:
    chart = Chart(
        "Title",
        Axis("rate", "log", (0.1, 10), [(1, "one")]),
        Y,
        [Rule("here", 3, "y", "alarm", "dotted")],
        "In words.",
        square=True,
    )
    assert encode(chart) == {
        "title": "Title",
        "sentence": "In words.",
        "square": True,
        "x": {"label": "rate", "scale": "log", "limits": [0.1, 10.0], "ticks": [[1.0, "one"]]},
        "y": {"label": "y", "scale": "linear", "limits": None, "ticks": None},
        "marks": [
            {
                "kind": "rule",
                "label": "here",
                "at": 3,
                "axis": "y",
                "colour": "alarm",
                "dash": "dotted",
                "arrays": [],
            }
        ],
    }


def test_marks_carry_their_numbers() -> None:
    line, points, band, bars = marks(
        Line("a", [1, 2], [3, np.nan], dash="dashed"),
        Points("b", [1], [2], shape="cross", hollow=True),
        Band("c", [0, 1], [1, 2], [3, 4]),
        Bars("d", [0], [1], [2], [3], pattern="dots"),
    )
    assert (line["kind"], line["dash"], line["named"]) == ("line", "dashed", True)
    assert numbers(line["arrays"][0]) == [1, 2]
    assert np.isnan(numbers(line["arrays"][1])[1])
    assert (points["shape"], points["hollow"]) == ("cross", True)
    assert [numbers(a) for a in band["arrays"]] == [[0, 1], [1, 2], [3, 4]]
    assert [numbers(a) for a in bars["arrays"]] == [[0], [1], [2], [3]]


def test_a_field_is_bytes_from_the_top() -> None:
    (field,) = marks(Field("f", [[0.0, 0.5], [1.0, np.nan]], (0, 1, 0, 1), "size"))
    assert (field["shape"], field["extent"]) == ([1, 2, 2], [0.0, 1.0, 0.0, 1.0])
    assert list(field["arrays"][0]) == [255, 0, 0, 128]


@given(stn.arrays(np.float64, (2, 3, 4), elements=st.floats(0, 1)))
def test_bytes_above_127_are_the_values_from_one_half(values: np.ndarray) -> None:
    (mark,) = marks(Contours("c", values, (0, 1, 0, 1)))
    data = np.frombuffer(mark["arrays"][0], np.uint8).reshape(2, 3, 4)[:, ::-1]
    np.testing.assert_array_equal(data > 127.5, values >= 0.5)


@pytest.mark.parametrize(
    ("mark", "named"),
    [
        (Line("a", [1, 2], [3]), "x 2, y 1"),
        (Bars("a", [1], [1], [1], []), "high 0"),
        (Line("a", [1], [1], colour="red"), "colour"),  # type: ignore[arg-type]
        (Line("a", [1], [1], dash="wavy"), "dash"),  # type: ignore[arg-type]
        (Points("a", [1], [1], shape="star"), "shape"),  # type: ignore[arg-type]
        (Bars("a", [1], [1], [1], [1], pattern="x"), "pattern"),  # type: ignore[arg-type]
        (Field("a", [1.0], (0, 1, 0, 1)), "values"),
        (Contours("a", [[1.0]], (0, 1, 0, 1)), "values"),
        (Field("a", [[1.0]], (0, 1, 0, 1), "rainbow"), "palette"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_drawn_is_refused(mark: Any, named: str) -> None:
    with pytest.raises(ParameterError, match=named):
        marks(mark)


@pytest.mark.parametrize(
    "settings",
    [
        {"scale": "sqrt"},
        {"limits": (1, 1)},
        {"limits": (0, 1), "scale": "log"},
        {"limits": (0, np.inf)},
    ],
)
def test_an_axis_is_checked(settings: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Axis("x", **settings)


@pytest.fixture
def view() -> Iterator[tuple[ChartView, list[tuple[str, int]]]]:
    picked: list[tuple[str, int]] = []
    chart = Chart("t", X, Y, [Rule("r", 1), Points("p", [1, 2], [3, 4])])
    made = ChartView(chart, lambda mark, point: picked.append((mark.name, point)))
    yield made, picked
    made.close()


def send(view: ChartView, content: object) -> None:
    deliver(view, content)


def test_a_choice_reaches_its_mark(view: tuple[ChartView, list[tuple[str, int]]]) -> None:
    made, picked = view
    send(made, {"mark": 1, "point": 1})
    assert picked == [("p", 1)]


@pytest.mark.parametrize(
    "content",
    [
        None,
        "x",
        {},
        {"mark": 0, "point": 0},
        {"mark": 1, "point": 2},
        {"mark": 1, "point": -1},
        {"mark": -1, "point": 0},
        {"mark": 9, "point": 0},
        {"mark": 1.0, "point": 0},
        {"mark": True, "point": 0},
        {"mark": "1", "point": [0]},
    ],
)
def test_what_is_no_choice_is_nothing(
    view: tuple[ChartView, list[tuple[str, int]]], content: object
) -> None:
    made, picked = view
    send(made, content)
    assert picked == []


def test_a_chart_that_cannot_be_drawn_leaves_the_one_before(
    view: tuple[ChartView, list[tuple[str, int]]],
) -> None:
    made, _ = view
    before, spec = made.chart, made.spec
    with pytest.raises(ParameterError):
        made.chart = Chart("t", X, Y, [Line("a", [1], [])])
    assert made.chart is before
    assert made.spec == spec
    made.set_state({"spec": {}, "pickable": False})
    assert made.spec == spec
