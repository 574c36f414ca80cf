"""Points of one's own: what they are made from, how they travel, and what a page may do to them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import Dataset, Network, ParameterError, Trainer, make_dataset
from nbtutor.widgets import drawing, link
from nbtutor.widgets.own_points import MAX_POINTS, OwnPoints, as_points

IRIS = "\n".join(
    ["length,width,kind"] + [f"{k % 7 + 0.5},{k * k % 11},{'abcde'[k % 5]}" for k in range(40)]
)

coordinates = st.integers(-900, 900)
classes = st.lists(st.tuples(coordinates, coordinates, st.integers(0, 4)), min_size=2, max_size=60)
values = st.lists(
    st.tuples(coordinates, coordinates, st.integers(-10_000, 10_000)), min_size=2, max_size=60
)


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


@pytest.fixture
def sent(playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(
        playground.views.status, "send", lambda content, buffers=None: messages.append(content)
    )
    return messages


def act(playground: nbtutor.Playground, name: str, **arguments: Any) -> None:
    """Deliver what a page sends."""
    content = {"type": "act", "name": name, "arguments": arguments}
    playground.views.status._handle_custom_msg(content, [])


def complaint(sent: list[dict[str, Any]]) -> str:
    return " ".join(message["message"] for message in sent if message["type"] == "error")


# What they are.


def test_points_lie_on_a_grid_and_cannot_be_changed() -> None:
    points = OwnPoints([[0.123456, -1.999], [3.0, 4.0]], [0.12345, 1.0])
    assert points.X.tolist() == [[0.12, -2.0], [3.0, 4.0]]
    assert points.y.tolist() == [0.123, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        points.X[0] = 0


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.7, 0.9])
def test_a_point_that_is_added_lets_the_others_stay_where_they_are(share: float) -> None:
    rng = np.random.default_rng(0)
    points = OwnPoints(rng.uniform(-6, 6, (7, 2)), rng.integers(0, 2, 7))
    for _ in range(40):
        before, _ = points.data.split(share)
        known = {tuple(row) for row in points.X}
        points = points.add(rng.uniform(-6, 6, (1, 2)), rng.integers(0, 2, 1), share)
        after, _ = points.data.split(share)
        assert {tuple(r) for r in before.X} == {tuple(r) for r in after.X} & known
    assert len(after) == round(share * len(points))


def test_an_array_becomes_what_the_engine_makes_of_it() -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(5, 3, (50, 2)), np.array(list("xyz"))[rng.integers(0, 3, 50)]
    points = as_points((X, y))
    assert points is not None
    # By another route: standardise by hand, and compare as sets of points.
    scaled = 2 * (X - X.mean(axis=0)) / X.std(axis=0)
    wanted = np.column_stack([scaled, ["xyz".index(name) for name in y]])
    made = np.column_stack([points.X, points.y])
    distance = np.abs(wanted[:, None] - made).max(axis=-1)
    assert distance.min(axis=0).max() <= 0.00501
    assert distance.min(axis=1).max() <= 0.00501
    assert points.names == ("x", "y", "z")


def test_all_sources_give_the_same_points(tmp_path: Path) -> None:
    class Frame:
        """Looks like a data frame."""

        columns = ("length", "width", "kind")

        def __getitem__(self, name: str) -> np.ndarray:
            rows = list(csv.DictReader(io.StringIO(IRIS)))
            cells = [row[name] for row in rows]
            return np.array(cells if name == "kind" else list(map(float, cells)))

    path = tmp_path / "points.csv"
    path.write_text(IRIS)
    frame = Frame()
    X = np.column_stack([frame["length"], frame["width"]])
    made = [as_points(source) for source in (IRIS, IRIS.encode(), path, frame, (X, frame["kind"]))]
    assert all(points == made[0] for points in made)
    assert made[0] is not None and made[0].classes == 5


def test_a_data_set_stays_where_it_is() -> None:
    data = make_dataset("moons", n=30, noise=0.1, seed=3)
    points = as_points(data)
    assert points is not None
    assert np.abs(points.X - data.X).max() <= 0.005
    assert points.y.tolist() == data.y.tolist()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a,b,c\n1,2,x\n3,oops,y\n5,6,x\n7,8,y", "row 3, column 'b' must be a number"),
        ("a,b,c,d\n" + "1,2,3,x\n2,3,4,y\n" * 3, "the columns must be two"),
        ("\n".join(f"{k},{k},{'abcdef'[k % 6]}" for k in range(12)), "5 or fewer, not '6: a, b"),
        ("1,2,3", "at least 4 rows"),
        (([[0, 0], [math.nan, 1], [2, 2], [3, 3]], [0, 1, 0, 1]), "row 1, column 'x'"),
        (Dataset(np.full((5, 2), 1e300), np.arange(5) % 2), "a coordinate must be a number from"),
        (Dataset(np.zeros((5, 2)), np.arange(5) + 9), "a class must be a whole number from 0 to 4"),
        (Dataset(np.zeros((5, 2)), np.full(5, np.inf)), "a value must be a number from"),
        (Dataset(np.zeros((1, 2)), np.zeros(1, int)), "from 2 to 5,000, not 1"),
        (Dataset(np.zeros((10**6, 2)), np.zeros(10**6, int)), "from 2 to 5,000, not 1000000"),
        ({"task": "magic", "points": []}, "an object with task, names and points"),
        ({"task": "classification", "points": [[0, 0, 0], [0, 0, 0.5]]}, "a class must be"),
        ({"task": "classification", "points": [[0, 0], [0, 0]]}, "an object with"),
        ({"task": "regression", "points": [[0, 0, None]] * 3}, "a value must be"),
        (7, r"data must be \(X, y\), a Dataset"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(source: object, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        as_points(source)


# How they travel.


@given(classes)
def test_classes_travel_in_a_link(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows)
    points = OwnPoints(table[:, :2] / 100, table[:, 2])
    text = points.to_text()
    assert OwnPoints.from_text(text) == points
    assert len(text) == 2 + 4 * len(points)


@given(values)
def test_values_travel_in_a_link(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows)
    points = OwnPoints(table[:, :2] / 100, table[:, 2] / 1000)
    assert OwnPoints.from_text(points.to_text()) == points


def test_the_text_of_a_link_is_as_documented() -> None:
    """One whole number of x, y and class, each a digit of its own base, in base 64."""
    points = OwnPoints([[-9.0, -9.0], [0.01, 0.0]], [0, 3])
    number = (901 * 1801 + 900) * 5 + 3
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    digits = [number // 64**power % 64 for power in (3, 2, 1, 0)]
    assert points.to_text() == "1cAAAA" + "".join(letters[digit] for digit in digits)


@pytest.mark.parametrize(
    "text",
    ["", "1c", "1cAAA", "2cAAAA", "1xAAAA", "1c____", "1vAAAA", "1cAAAé", "1c" + "A" * 4**8],
)
def test_a_broken_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"points as a link holds them|number of own points"):
        OwnPoints.from_text(text)
    with pytest.raises(link.LinkError):
        link.decode(f"#nbt=1;data={text};seed=3")


def test_a_link_brings_the_points_and_the_same_numbers() -> None:
    with (
        closing(nbtutor.Playground(data=IRIS, hidden=(5,), seed=4)) as one,
        closing(nbtutor.Playground()) as other,
    ):
        other.open_link(one.link)
        assert (other.dataset, other.data) == ("own", one.data)
        one.train(epochs=3)
        other.train(epochs=3)
        assert one.history.train_loss.tolist() == other.history.train_loss.tolist()


def test_a_link_says_that_its_points_were_too_many() -> None:
    data = make_dataset("circle", n=2000, seed=1)
    with (
        closing(nbtutor.Playground(data=data, seed=5)) as one,
        closing(nbtutor.Playground()) as other,
    ):
        assert one.link == "#nbt=1;seed=5;data=.2000"
        other.open_link(one.link)
        assert (other.dataset, other.seed) == ("circle", 5)
        assert "2,000 own points, too many for a link" in other.views.status.error


def test_json_brings_the_points_and_their_names() -> None:
    with closing(nbtutor.Playground(data=IRIS)) as one:
        with closing(nbtutor.Playground.from_json(one.to_json())) as other:
            assert one.data is not None and other.data is not None
            assert (other.data, other.data.names) == (one.data, one.data.names)
        rows = list(csv.DictReader(io.StringIO(one.points_to_csv())))
        assert [float(row["x"]) for row in rows] == one.data.X[:, 0].tolist()
        assert [row["part"] for row in rows].count("training") == 20


def test_figure_and_program_have_the_points() -> None:
    with closing(nbtutor.Playground(data=IRIS, points=60)) as one:
        one.train(epochs=2)
        assert one.figure().axes
        space: dict[str, Any] = {}
        exec(one.to_code("numpy"), space)
        assert space["TRAIN_DATA"].count("\n") == 21


def test_points_name_the_data_set() -> None:
    with closing(nbtutor.Playground(data=IRIS)) as one:
        assert one.dataset == "own"
        one.dataset = "xor"
        assert one.data is None
        one.dataset = "own"  # they are kept to come back to
        assert one.data == as_points(IRIS)
        one.data = None
        assert one.dataset == "xor"
    with pytest.raises(ParameterError, match="dataset must be left out"):
        nbtutor.Playground("moons", data=IRIS)
    with pytest.raises(ParameterError, match="data must be given"):
        nbtutor.Playground("own")


# What a page may do.


def test_a_point_that_is_drawn_joins_the_present_ones(playground: nbtutor.Playground) -> None:
    before = {tuple(row) for row in np.round(playground._live.run.train.X, 2)}
    playground.train(epochs=2)
    weights = playground.network.parameters.flat.copy()
    act(playground, "own_add", points=[[123, -456, 1]], go_on=False)
    assert playground.dataset == "own"
    data = playground.data
    assert data is not None and len(data) == 61
    assert [1.23, -4.56] in data.X.tolist()
    # The run goes on with its weights, and no point has changed sides.
    assert playground.epoch == 2
    assert (playground.network.parameters.flat == weights).all()
    after = {tuple(row) for row in playground._live.run.train.X}
    assert {tuple(np.round(row, 2)) for row in before} <= after
    event = playground.history.events[-1]
    assert (event.label, event.epoch) == ("points 60 → 61", 2)
    # The loss is that of the new points, by another route.
    train = playground._live.run.train
    p = playground.network.predict_proba(train.X)[0, :, -1]
    loss = -np.log(np.where(train.y == 1, p, 1 - p)).mean()
    assert playground.history.train_loss[-1] == pytest.approx(loss, rel=1e-5)


def test_a_class_may_be_among_the_validation_points_only(playground: nbtutor.Playground) -> None:
    act(playground, "own_set", points=[[0, 0, 0], [50, 0, 1], [100, 0, 2], [0, 90, 4]])
    assert playground._live.run.train.classes < 5
    playground._live.watch_scores = True
    playground.train(epochs=2)
    judgement = playground._live.picture().judgement
    assert judgement is not None and judgement.scores is not None
    assert judgement.scores.train.confusion is not None
    assert judgement.scores.train.confusion.shape == (5, 5)
    assert judgement.verdict.chance == pytest.approx(math.log(5))


def test_a_stroke_is_one_step_for_undo(playground: nbtutor.Playground) -> None:
    playground.train(epochs=2)
    run = playground._live.run
    for k in range(4):
        act(playground, "own_add", points=[[k, k, 0]], go_on=k > 0)
        playground.train(epochs=1)
    assert [event.label for event in playground.history.events] == ["points 60 → 64"]
    assert playground.epoch == 6
    playground.undo()
    assert playground._live.run is run
    assert (playground.dataset, playground.data, playground.epoch) == ("circle", None, 2)
    playground.undo()
    assert playground.data is not None and len(playground.data) == 64


def test_a_point_is_moved_and_deleted(playground: nbtutor.Playground) -> None:
    act(playground, "own_add", points=[[550, 550, 1], [-550, 550, 0]], go_on=False)
    act(playground, "own_move", point=[550, 550, 1], to=[100, -200], go_on=False)
    data = playground.data
    assert data is not None
    assert data.find([550, 550, 1]) is None
    index = data.find([100, -200, 1])
    assert index is not None and data.X[index].tolist() == [1.0, -2.0]
    act(playground, "own_delete", points=[[100, -200, 1], [-550, 550, 0]], go_on=False)
    assert playground.data is not None
    assert len(playground.data) == 60
    assert playground.data.find([100, -200, 1]) is None


def test_another_class_gives_the_network_an_output(playground: nbtutor.Playground) -> None:
    playground.train(epochs=2)
    act(playground, "own_add", points=[[0, 0, 4]], go_on=False)
    assert playground.network.sizes[-1] == 5
    assert playground.epoch == 0
    assert "5 classes need as many outputs" in playground.views.status.message
    same = Network((2, 4, 2, 5), "tanh", "softmax", seed=0, inputs=("x", "y"))
    assert (playground.network.parameters.flat == same.parameters.flat).all()
    playground.undo()
    assert (playground.epoch, playground.network.sizes[-1]) == (2, 1)


def test_five_classes_of_a_table_learn_as_the_engine_has_them(
    playground: nbtutor.Playground,
) -> None:
    act(playground, "own_csv", text=IRIS)
    assert playground.data == as_points(IRIS)
    assert "40 points, 5 classes; both columns are scaled" in playground.views.status.message
    playground.train(epochs=4)
    data = as_points(IRIS)
    assert data is not None
    train, validation = data.data.split(0.5)
    network = Network((2, 4, 2, 5), "tanh", "softmax", seed=0, inputs=("x", "y"))
    trainer = Trainer(network, train, validation, playground._live.settings.training)
    trainer.run(epochs=4)
    assert playground.history.train_loss.tolist() == trainer.history.train_loss[:, 0].tolist()
    act(playground, "own_generated")
    assert (playground.dataset, playground.data, playground.epoch) == ("circle", None, 0)
    playground.undo()
    assert (playground.dataset, playground.epoch) == ("own", 4)


def test_a_table_of_values_is_regression(playground: nbtutor.Playground) -> None:
    text = "\n".join(f"{k},{k % 4},{k / 7:.3f}" for k in range(30))
    act(playground, "own_csv", text=text)
    assert playground.network.output == "linear"
    assert "values of 'column 3'" in playground.views.status.message
    assert playground.data is not None
    assert playground.data.y.mean() == pytest.approx(0, abs=0.001)
    act(playground, "own_add", points=[[0, 0, 500]], go_on=False)
    assert playground.data.find([0, 0, 500]) is not None


ROW = [[0, 0, 0]]
HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("own_add", {"points": [[math.nan, 0, 0]], "go_on": False}, "a coordinate"),
    ("own_add", {"points": [[1e300, 0, 0]], "go_on": False}, "a coordinate"),
    ("own_add", {"points": [[10**400, 0, 0]], "go_on": False}, "a coordinate"),
    ("own_add", {"points": [[601, 0, 0]], "go_on": False}, "from -600 to 600"),
    ("own_add", {"points": [["1", 0, 0]], "go_on": False}, "a coordinate"),
    ("own_add", {"points": [[True, 0, 0]], "go_on": False}, "a coordinate"),
    ("own_add", {"points": [[0, 0, 5]], "go_on": False}, "a class must be"),
    ("own_add", {"points": [[0, 0, -1]], "go_on": False}, "a class must be"),
    ("own_add", {"points": [[0, 0, "blue"]], "go_on": False}, "a class must be"),
    ("own_add", {"points": [[0, 0]], "go_on": False}, "3 whole numbers"),
    ("own_add", {"points": ROW * 1_000_000, "go_on": False}, "1 to 500 points"),
    ("own_add", {"points": [], "go_on": False}, "1 to 500 points"),
    ("own_add", {"points": None, "go_on": False}, "1 to 500 points"),
    ("own_add", {"points": ROW, "go_on": 1}, "go_on"),
    ("own_add", {"points": ROW}, "the fields points, go_on"),
    ("own_add", {"points": ROW, "go_on": True, "more": 1}, "the fields points, go_on"),
    ("own_move", {"point": [599, 599, 0], "to": [0, 0], "go_on": False}, "one that is there"),
    ("own_move", {"point": [599, 599, 0], "to": [0, 601], "go_on": False}, "a coordinate"),
    ("own_delete", {"points": [[599, 599, 0]], "go_on": False}, "one that is there"),
    ("own_set", {"points": ROW}, "the number of own points"),
    ("own_set", {"points": ROW * 501}, "1 to 500 points"),
    ("own_csv", {"text": "x" * (drawing.MAX_TEXT + 1)}, "at most 500,000"),
    ("own_csv", {"text": 5}, "at most 500,000"),
    ("own_csv", {"text": ""}, "The table must be a table with rows"),
    (
        "own_csv",
        {"text": "a,b,c\n1,2,x\n3,oops,y\n5,6,x\n7,8,y"},
        "Row 3, column 'b' must be a number, not 'oops'. Correct the cell",
    ),
    ("own_csv", {"text": "1,2,a\n1,2,b\n3,4\n5,6,c"}, "Row 3 must be 3 cells"),
    ("own_csv", {"text": "\n".join(f"{k},{k},{k % 6}" for k in range(20))}, "5 or fewer"),
    ("own_csv", {"text": "\n".join(f"{k},{k},{k % 2}" for k in range(6000))}, "5,000"),
    ("own_generated", {"now": True}, "fields"),
    ("own_erase_everything", {}, "no action"),
]


@pytest.mark.parametrize(("name", "arguments", "words"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_input_changes_nothing_and_is_told(
    playground: nbtutor.Playground,
    sent: list[dict[str, Any]],
    name: str,
    arguments: dict[str, Any],
    words: str,
) -> None:
    playground.train(epochs=1)
    run, settings = playground._live.run, playground._live.settings
    sent.clear()
    act(playground, name, **arguments)
    assert words in complaint(sent)
    assert playground._live.run is run
    assert playground._live.settings == settings
    assert playground.data is None


def test_there_is_a_last_point(playground: nbtutor.Playground, sent: list[dict[str, Any]]) -> None:
    act(playground, "own_set", points=[[0, 0, 0], [100, 100, 1]])
    sent.clear()
    act(playground, "own_delete", points=[[0, 0, 0]], go_on=False)
    assert "One is trained on and one is held out." in complaint(sent)
    assert playground.data is not None and len(playground.data) == 2


def test_there_is_a_most(sent: list[dict[str, Any]], playground: nbtutor.Playground) -> None:
    playground.data = make_dataset("circle", n=MAX_POINTS, seed=0)
    act(playground, "own_add", points=[[0, 0, 0]], go_on=False)
    assert "from 2 to 5,000, not 5001" in complaint(sent)


@pytest.mark.parametrize("name", ["data", "dataset"])
def test_a_locked_plane_is_not_drawn_on(
    playground: nbtutor.Playground, sent: list[dict[str, Any]], name: str
) -> None:
    playground.lock = [name]
    assert playground.views.plane.drawing == "locked"
    act(playground, "own_add", points=ROW, go_on=False)
    assert "locked" in complaint(sent)
    assert playground.data is None
    playground.lock, playground.hide = [], [name]
    assert playground.views.plane.drawing == "hidden"
    playground.hide = []
    assert playground.views.plane.drawing == ""


def test_a_link_does_not_lift_the_lock_on_the_points(playground: nbtutor.Playground) -> None:
    playground.data = IRIS
    playground.lock = ["dataset"]
    playground._open_from_page("#nbt=1;dataset=spiral;seed=2")
    assert (playground.dataset, playground.seed) == ("own", 2)
    assert playground.data == as_points(IRIS)
    assert "data set" in playground.views.status.error
