"""Data of one's own: what is read, what is refused, and whether the messages help."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import Network, ParameterError, Trainer, make_dataset
from nbtutor.engine.cells import MAX_BYTES, MAX_ROWS
from nbtutor.engine.own_data import (
    LARGEST,
    OwnData,
    from_arrays,
    from_csv,
    from_frame,
)
from nbtutor.engine.scaling import Scaling

Array = np.ndarray

FLOWERS = """length,width,kind
5.1,3.5,setosa
4.9,3.0,setosa
7.0,3.2,versicolor
6.4,3.2,versicolor
6.3,3.3,virginica
5.8,2.7,virginica
"""
VALUES = "size,price\n1,10.5\n2,19.5\n3,31\n4,39.5\n5,52\n"


class Frame:
    """What is needed of a data frame, and no more."""

    def __init__(self, **columns: Any) -> None:
        self._cells = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Any:
        return self._cells[name]


def refused(call: Any, *parts: str) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)
    assert len(str(caught.value)) < 500
    return caught.value


def restored(own: OwnData) -> tuple[Array, Array]:
    """X and y in the order of the source."""
    order = np.argsort(own.rows)
    return own.original_X[order], own.original_y[order]


# What is read.


def test_a_csv_of_classes() -> None:
    own = from_csv(FLOWERS)
    assert (own.columns, own.target) == (("length", "width"), "kind")
    assert own.class_names == ("setosa", "versicolor", "virginica")
    assert (own.data.task, own.data.classes, len(own.data)) == ("classification", 3, 6)
    assert own.data.generator is None
    assert own.target_scaling is None
    X, y = restored(own)
    np.testing.assert_allclose(
        X, [[5.1, 3.5], [4.9, 3], [7, 3.2], [6.4, 3.2], [6.3, 3.3], [5.8, 2.7]]
    )
    assert y.tolist() == ["setosa"] * 2 + ["versicolor"] * 2 + ["virginica"] * 2
    assert own.data.y[np.argsort(own.rows)].tolist() == [0, 0, 1, 1, 2, 2]


def test_a_csv_of_values() -> None:
    own = from_csv(VALUES)
    assert (own.data.task, own.class_names, own.target) == ("regression", (), "price")
    assert own.target_scaling is not None
    X, y = restored(own)
    np.testing.assert_allclose(X[:, 0], [1, 2, 3, 4, 5])
    np.testing.assert_allclose(y, [10.5, 19.5, 31, 39.5, 52])
    assert own.data.y.mean() == pytest.approx(0, abs=1e-12)
    assert own.data.y.std() == pytest.approx(1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("header", [True, False])
def test_dialects(delimiter: str, newline: str, header: bool) -> None:
    lines = FLOWERS.splitlines()[0 if header else 1 :]
    text = newline.join(line.replace(",", delimiter) for line in lines)
    own = from_csv(text)
    assert own.columns == (("length", "width") if header else ("column 1", "column 2"))
    np.testing.assert_array_equal(own.data.X, from_csv(FLOWERS).data.X)
    same = from_csv(text, delimiter=delimiter, header=header)
    np.testing.assert_array_equal(own.data.X, same.data.X)


def test_quotes_blanks_byte_order_marks_and_empty_lines_around() -> None:
    text = '\ufeff\n"a, b", c\n 1 , "x"\n2,x\n3, y\n4,y\n\n\n'
    for source in (text, text.encode(), text.removeprefix("\ufeff")):
        own = from_csv(source)
        assert (own.columns, own.class_names) == (("a, b",), ("x", "y"))
    quoted = from_csv('a,b\n1,"x, or ""z"""\n2,y\n3,y\n4,"two\nlines"\n')
    assert set(quoted.class_names) == {'x, or "z"', "y", "two\nlines"}


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "flowers.csv"
    path.write_bytes("\ufeff".encode() + FLOWERS.encode())
    np.testing.assert_array_equal(from_csv(path).data.X, from_csv(FLOWERS).data.X)
    assert [p.name for p in tmp_path.iterdir()] == ["flowers.csv"]


def test_columns_are_chosen_by_name_or_number() -> None:
    text = "kind,a,b,c\nx,1,2,9\ny,2,1,5\nx,3,4,7\ny,4,4,1\n"
    by_name = from_csv(text, target="kind", columns=["c", "a"])
    by_number = from_csv(text, target=1, columns=[4, 2])
    for own in (by_name, by_number):
        assert (own.columns, own.target) == (("c", "a"), "kind")
        np.testing.assert_allclose(restored(own)[0], [[9, 1], [5, 2], [7, 3], [1, 4]])
    assert from_csv(text, target="kind").columns == ("a", "b", "c")


@pytest.mark.parametrize(
    ("labels", "task", "names"),
    [
        (["b", "a", "b", "a"], "classification", ("a", "b")),
        ([10, 9, 10, 9], "classification", ("9", "10")),
        ([1.0, 0.0, 1.0, 0.0], "classification", ("0", "1")),
        ([True, False, True, True], "classification", ("False", "True")),
        ([0.5, 1.0, 2.0, 3.0], "regression", ()),
        ([2**60, 2**60 + 1, 2**60, 2**60], "classification", (str(2**60), str(2**60 + 1))),
        (["+", "-", "+", "-"], "classification", ("+", "-")),
    ],
)
def test_the_task_follows_from_the_labels(
    labels: list[Any], task: str, names: tuple[str, ...]
) -> None:
    X = np.arange(8.0).reshape(4, 2)
    for y in (labels, np.array(labels), np.array(labels, dtype=object)):
        own = from_arrays(X, y)
        assert (own.data.task, own.class_names) == (task, names)


def test_whole_numbers_of_many_values_are_values_unless_told() -> None:
    X, y = np.arange(24.0).reshape(12, 2), np.arange(12)
    assert from_arrays(X, y).data.task == "regression"
    assert from_arrays(X, y, task="classification").data.classes == 12
    assert from_arrays(X, y % 3).data.task == "classification"
    assert from_arrays(X, y % 3, task="regression").data.task == "regression"


def test_names_of_array_columns() -> None:
    y = [0, 1, 0, 1]
    assert from_arrays(np.eye(4)[:, :2], y).columns == ("x", "y")
    assert from_arrays(np.eye(4), y).columns == ("x1", "x2", "x3", "x4")
    own = from_arrays(np.eye(4)[:, :2], y, columns=["a", "b"], target="c")
    assert (own.columns, own.target) == (("a", "b"), "c")


def test_a_network_learns_it() -> None:
    moons = make_dataset("moons", 200, 0.05)
    names = np.array(["left", "right"])[moons.y]
    own = from_arrays(1000 * moons.X + 50_000, names)
    train, validation = own.data.split(0.5)
    assert set(train.y) == set(validation.y) == {0, 1}
    trainer = Trainer(Network((2, 8, 1)), train, validation)
    trainer.run(epochs=100)
    assert trainer.history.validation_accuracy[-1, 0] > 0.8


def test_the_order_is_shuffled_by_the_seed() -> None:
    X, y = np.arange(200.0).reshape(100, 2), np.repeat([0, 1], 50)
    first, again, other = (from_arrays(X, y, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)
    np.testing.assert_array_equal(np.sort(first.rows), np.arange(100))
    assert 0 < first.data.y[:50].sum() < 50
    np.testing.assert_allclose(first.original_X, X[first.rows])


# Scaling.


@settings(max_examples=100)
@given(
    st.integers(4, 30).flatmap(
        lambda n: st.lists(
            st.floats(-LARGEST, LARGEST) | st.floats(-10, 10) | st.just(3.0),
            min_size=2 * n,
            max_size=2 * n,
        )
    )
)
def test_scaled_and_back(numbers: list[float]) -> None:
    X = np.array(numbers).reshape(-1, 2)
    own = from_arrays(X, np.arange(len(X)) % 2)
    scaled = own.data.X
    assert np.isfinite(scaled).all()
    back, _ = restored(own)
    # To rounding: of the largest number of a column, as the centre may be as large.
    rounding = 8 * np.finfo(float).eps * np.abs(X).max(axis=0) + 1e-300
    assert (np.abs(back - X) <= rounding).all()
    np.testing.assert_allclose(own.scaling.scale(own.scaling.unscale(scaled)), scaled, atol=1e-6)


def test_columns_have_mean_zero_and_a_deviation_of_two() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal([5, -1e6, 1e-9], [0.1, 1e4, 1e-12], (500, 3))
    own = from_arrays(X, np.arange(500) % 2)
    np.testing.assert_allclose(own.data.X.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(own.data.X.std(axis=0), 2, rtol=1e-9)
    assert np.mean(np.abs(own.data.X) < 6) > 0.99
    np.testing.assert_allclose(own.scaling.centre, X.mean(axis=0))
    np.testing.assert_allclose(own.scaling.spread, X.std(axis=0) / 2)


def test_a_column_that_is_the_same_everywhere() -> None:
    X = np.column_stack([np.full(5, 7.7), np.arange(5.0)])
    own = from_arrays(X, [0, 1, 0, 1, 0])
    np.testing.assert_allclose(own.data.X[:, 0], 0, atol=1e-14)
    np.testing.assert_allclose(own.original_X[:, 0], 7.7)


def test_new_points_are_scaled_alike() -> None:
    scaling = Scaling(np.array([1.0, 2.0]), np.array([0.5, 4.0]))
    np.testing.assert_array_equal(scaling.scale([[2, 4]]), [[2, 0.5]])
    np.testing.assert_array_equal(scaling.unscale([[2, 0.5]]), [[2, 4]])
    np.testing.assert_array_equal(scaling.scale(np.ones((3, 5, 2)))[2, 1], [0, -0.25])
    for bad in (None, "1", [["1", "2"]], [1.0], [[1.0, 2.0], [3.0]], np.ones((2, 3))):
        for call in (scaling.scale, scaling.unscale):
            refused(lambda call=call, bad=bad: call(bad), "values must be an array of numbers")
    single = Scaling(np.array(1.0), np.array(2.0))
    np.testing.assert_array_equal(single.unscale([0, 1]), [1, 3])


# What is refused, and what is said.


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["source must be a table with rows and columns, not 'empty'"]),
        ("a,b\n", ["data must be at least 4 rows, not '0 rows'"]),
        ("a,b\n1,x\n2,y\n3,x\n", ["at least 4 rows, not '3 rows'"]),
        ("1\n2\n3\n4\n", ["'1 column'", "Is the delimiter right?"]),
        (FLOWERS.replace("7.0", ""), ["row 4, column 'length'", "missing", "leave the row out"]),
        (FLOWERS.replace("7.0", "n/a"), ["row 4, column 'length'", "not 'missing'"]),
        (FLOWERS.replace("7.0", "tall"), ["row 4, column 'length' must be a number", "'tall'"]),
        (FLOWERS.replace("7.0", "1_0"), ["row 4, column 'length' must be a number"]),
        (FLOWERS.replace("7.0", "inf"), ["row 4, column 'length' must be a number"]),
        (FLOWERS.replace("7.0", "1e101"), ["a number from -1e+100 to 1e+100, not '1e101'"]),
        (FLOWERS.replace("7.0", "=1+1"), ["row 4, column 'length' must be a number"]),
        (
            FLOWERS.replace("3.", "x."),
            ["row 2, column 'width'", "Other rows with such cells: 3, 4, 5 and 1 more."],
        ),
        (FLOWERS.replace(",", ";").replace(".", ","), ["row 2", "'5,1'", "point, such as 1.5"]),
        (FLOWERS.replace("7.0,", ""), ["row 4 must be 3 cells", "not '2 cells'", "','"]),
        (FLOWERS.replace("7.0", "\n7.0"), ["row 4 must be 3 cells", "not 'an empty row'"]),
        (FLOWERS.replace(",setosa", ","), ["row 2, column 'kind' must be the name or number of"]),
        ("a,b\n1,x\n2,x\n3,x\n4,x\n", ["column 'b' must be two or more classes, not \"only 'x'\""]),
        ("a,b\n1,.5\n2,.5\n3,.5\n4,.5\n", ["column 'b' must be different values"]),
        ("a,a,b\n1,1,x\n2,1,y\n3,2,y\n4,2,x\n", ["header must be", "'a'", "Rename one"]),
        (FLOWERS.replace("7.0", '"7.0'), ["row 4", "quotation mark"]),
        (FLOWERS.replace("7.0", '"7"0'), ["row 4", "quotation mark"]),
        ("flowers.csv", ["pathlib.Path"]),
        ("a" * 200_000 + ",b\n1,2", ["row 1", "field larger than field limit"]),
        ("\n" * 200_000, ["at most 100,000 rows"]),
        ("1,2\n" * (MAX_ROWS + 1), ["at most 100,000 rows", "Take a sample"]),
        ("a," * 5000, ["at most 1,000 columns, not '5,001 columns'"]),
        (",".join("abc" + str(i) for i in range(60)), ["at least 4 rows"]),
        ("1," * 59 + "x\n" + ("2," * 59 + "y\n") * 4, ["1 to 50 columns", "columns="]),
        ("a,b\n" + "".join(f"{i},n{i}\n" for i in range(21)), ["at most 20 classes", "regression"]),
        ("1," * 5_000_000 * 3, ["at most 20,000,000 bytes"]),
    ],
    ids=lambda value: None if isinstance(value, list) else repr(value[:20]),
)
def test_messages_say_where_and_how_to_mend_it(text: str, parts: list[str]) -> None:
    refused(lambda: from_csv(text), *parts)


def test_bytes_that_are_no_text() -> None:
    refused(
        lambda: from_csv(FLOWERS.replace("setosa", "sétosa").encode("latin-1")),
        "the byte 0xe9 in row 2",
        "CSV UTF-8",
    )
    refused(lambda: from_csv(FLOWERS.encode("utf-16")), "the byte 0xff in row 1")
    refused(lambda: from_csv(b"\x00\x01\x02\xfe"), "source must be text in UTF-8")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, Path("/dev/zero"), Path("a\0b")):
        refused(lambda path=path: from_csv(path), "the path of a file that can be read")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    refused(lambda: from_csv(large), "at most 20,000,000 bytes")


def test_text_opens_no_file(tmp_path: Path) -> None:
    path = tmp_path / "flowers"
    path.write_text(FLOWERS)
    refused(lambda: from_csv(str(path)), "source must be a table of two or more")


@pytest.mark.parametrize("source", [None, 3, 1.5, [FLOWERS], {}, object(), io.StringIO(FLOWERS)])
def test_sources_are_checked(source: Any) -> None:
    refused(lambda: from_csv(source), "source must be text, bytes, or a pathlib.Path")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"target": "knid"}, "target must be one of 'length', 'width', 'kind', not 'knid'."),
        ({"target": 0}, "target must be a whole number from 1 to 3"),
        ({"target": 4}, "The columns are 'length', 'width', 'kind'."),
        ({"target": 1.0}, "target must be a whole number"),
        ({"columns": "length"}, "columns must be a sequence"),
        ({"columns": []}, "columns must be a sequence"),
        ({"columns": ["length", 1]}, "columns must be different columns"),
        ({"columns": ["kind"]}, "without the target 'kind'"),
        ({"columns": [None]}, "columns[0] must be a whole number"),
        ({"delimiter": ":"}, "delimiter must be one of"),
        ({"delimiter": "\n"}, "delimiter must be one of"),
        ({"delimiter": ";"}, "Is the delimiter right?"),
        ({"header": "yes"}, "header must be"),
        ({"header": False}, "row 1, column 'column 1' must be a number"),
        ({"task": "clustering"}, "task must be one of 'classification', 'regression'"),
        ({"task": "regression"}, "row 2, column 'kind' must be a number"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_options_are_checked(options: dict[str, Any], part: str) -> None:
    refused(lambda: from_csv(FLOWERS, **options), part)


@pytest.mark.parametrize(
    ("X", "y", "part"),
    [
        (None, [0, 1], "X must be an array of shape (n, columns)"),
        ([1.0, 2.0], [0, 1], "X must be an array of shape (n, columns)"),
        ([[1.0], [2.0, 3.0]], [0, 1], "Some rows are longer"),
        (np.ones((4, 2)), [[0], [1], [0], [1]], "y must be an array of shape (n,)"),
        (np.ones((4, 2)), [0, 1], "y must be one label a row, 4 here"),
        (np.ones((3, 2)), [0, 1, 0], "at least 4 rows"),
        (np.ones((4, 0)), [0, 1, 0, 1], "1 to 50 columns"),
        (np.ones((4, 51)), [0, 1, 0, 1], "1 to 50 columns"),
        (np.broadcast_to(1.0, (MAX_ROWS + 1, 2)), np.zeros(MAX_ROWS + 1), "at most 100,000 rows"),
        ([[1.0, 2.0], [math.nan, 1.0], [0, 0], [1, 2]], [0, 1, 0, 1], "row 1, column 'x' must be"),
        ([[1.0, 2.0], [0, 0], [0, math.inf], [1, 2]], [0, 1, 0, 1], "row 2, column 'y' must be"),
        ([[1j, 2], [0, 0], [0, 1], [1, 2]], [0, 1, 0, 1], "row 0, column 'x' must be a number"),
        ([["1", "b"]] * 4, [0, 1, 0, 1], "row 0, column 'y' must be a number"),
        (np.array([[object(), 1]] * 4), [0, 1, 0, 1], "row 0, column 'x' must be a number"),
        (np.ones((4, 2)), [0, None, 0, 1], "row 1, column 'y' must be the name or number"),
        (np.ones((4, 2)), [0, math.nan, 0, 1], "row 1, column 'y' must be the name or number"),
        (np.ones((4, 2)), [0, 10**5000, 0, 1], "row 1, column 'y' must be the name or number"),
        (np.ones((4, 2)), np.array(["2020-01-01"] * 4, "datetime64[D]"), "the name or number"),
        (np.ones((4, 2)), [0, 0, 0, 0], "two or more classes, not \"only '0'\""),
    ],
    ids=lambda _: "",
)
def test_arrays_are_checked(X: Any, y: Any, part: str) -> None:
    refused(lambda: from_arrays(X, y), part)


@pytest.mark.parametrize("columns", ["ab", ["a"], ["a", "a"], ["a", 1], 3, ["a", "b", "c"]])
def test_names_of_columns_are_checked(columns: Any) -> None:
    refused(
        lambda: from_arrays(np.eye(4)[:, :2], [0, 1, 0, 1], columns=columns),
        "columns must be 2 different names",
    )


CELLS = st.sampled_from(
    [
        *("1", "2.5", "-3", "1e5", "1e400", "nan", "", "a", "b", "x y", "1,5", '"', '"q"', "'"),
        *("=cmd()", "\0", "\ufeff", "é", "\ud800", "__import__('os')", "a.csv", "0x10", "١"),
    ]
)


@settings(max_examples=300)
@given(
    st.text(max_size=60)
    | st.lists(st.lists(CELLS, max_size=4), max_size=8).flatmap(
        lambda rows: st.sampled_from(",;\t|:").map(lambda d: "\n".join(d.join(row) for row in rows))
    )
    | st.binary(max_size=60)
)
def test_nothing_but_a_parameter_error(source: str | bytes) -> None:
    try:
        own = from_csv(source)
    except ParameterError as error:
        assert str(error)
        return
    assert np.isfinite(own.data.X).all()
    assert len(own.data) >= 4
    assert own.data.task in ("classification", "regression")


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from(["a", "b", 'c "d"', "e,f"])
        ),
        min_size=4,
        max_size=12,
    ).filter(lambda rows: len({row[2] for row in rows}) > 1),
    st.sampled_from(",;\t|"),
)
def test_what_the_csv_module_writes_is_read(
    rows: list[tuple[float, float, str]], delimiter: str
) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([("u", "v", "kind"), *rows])
    own = from_csv(file.getvalue())
    X, y = restored(own)
    expected = np.array([row[:2] for row in rows])
    np.testing.assert_allclose(X, expected, rtol=0, atol=1e-9 * (1 + np.abs(expected).max()))
    assert y.tolist() == [row[2] for row in rows]


# Frames.


def test_a_frame_is_anything_with_columns() -> None:
    frame = Frame(length=[5.1, 4.9, 7.0, 6.4], width=np.array([3, 3, 3.2, 3.1]), kind=list("abab"))
    own = from_frame(frame)
    assert (own.columns, own.target, own.class_names) == (("length", "width"), "kind", ("a", "b"))
    np.testing.assert_allclose(restored(own)[0][:, 0], [5.1, 4.9, 7.0, 6.4])
    by_value = from_frame(frame, target="length", columns=["width"], task="regression")
    assert (by_value.columns, by_value.data.task) == (("width",), "regression")


@pytest.mark.parametrize(
    ("frame", "part"),
    [
        (None, "frame must be a data frame"),
        (np.ones((4, 2)), "Use from_arrays"),
        (FLOWERS, "from_csv for text"),
        (Frame(), "'0 column'"),
        (Frame(a=[1, 2, 3, 4]), "'1 column'"),
        (Frame(a=[1, 2, 3, 4], b=[1, 2]), "columns of different lengths"),
        (Frame(a=[1, 2, 3, 4], b=np.ones((4, 2))), "column 'b' must be one value a row"),
        (Frame(a=[1, None, 3, 4], b=list("xyxy")), "row 1, column 'a' must be a number"),
        (Frame(a=[1, math.nan, 3, 4], b=list("xyxy")), "missing"),
        (Frame(a=[1, 2, 3, 4], b=["x", None, "y", "x"]), "row 1, column 'b'"),
    ],
    ids=lambda _: "",
)
def test_frames_are_checked(frame: Any, part: str) -> None:
    refused(lambda: from_frame(frame), part)


def test_two_columns_of_one_name() -> None:
    frame = Frame(a=[1, 2, 3, 4], b=list("xyxy"))
    frame.columns = ["a", "a"]
    refused(lambda: from_frame(frame), "'a' more than once")


def test_a_frame_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(io.StringIO(FLOWERS))
    own, ours = from_frame(frame), from_csv(FLOWERS)
    np.testing.assert_array_equal(own.data.X, ours.data.X)
    np.testing.assert_array_equal(own.data.y, ours.data.y)
    assert own.class_names == ours.class_names
    category = from_frame(frame.assign(kind=frame["kind"].astype("category")), target="kind")
    assert category.class_names == ours.class_names
    for missing in (None, pandas.NA, math.nan):
        frame["length"] = pandas.array([1.0, missing, 2, 3, 4, 5], dtype="Float64")
        refused(lambda: from_frame(frame), "row 1, column 'length'", "missing")
    frame["length"] = pandas.date_range("2020-01-01", periods=6)
    refused(lambda: from_frame(frame), "row 0, column 'length' must be a number")
    frame["length"] = [True, False, True, False, True, True]
    assert set(restored(from_frame(frame))[0][:, 0]) == {0.0, 1.0}
    frame.columns = ["a", "a", "b"]
    refused(lambda: from_frame(frame), "'a' more than once")
