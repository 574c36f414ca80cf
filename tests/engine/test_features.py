"""Inputs made from points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import ParameterError, make_dataset
from nbtutor.engine.features import FEATURES, check_features, expand

Array = np.ndarray

COORDINATES = st.floats(-1e6, 1e6, width=32)
SMOOTH = ("x", "y", "x2", "y2", "xy", "sin_x", "sin_y")


def plane(side: int = 100) -> Array:
    axis = np.linspace(-6, 6, side)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def test_these_are_all() -> None:
    assert tuple(FEATURES) == (*SMOOTH, "noise")
    assert [feature.label for feature in FEATURES.values()] == [
        *("x", "y", "x²", "y²", "xy", "sin x", "sin y", "noise")
    ]
    assert all(name == feature.name for name, feature in FEATURES.items())


@given(COORDINATES, COORDINATES)
def test_formulas(x: float, y: float) -> None:
    expected = [x, y, x * x, y * y, x * y, math.sin(x), math.sin(y)]
    row = expand([[x, y]], SMOOTH)
    assert row.shape == (1, 7)
    np.testing.assert_allclose(row[0], expected, rtol=1e-12, atol=1e-15)


def test_columns_come_in_the_order_of_the_names() -> None:
    X = plane(9)
    names = ("noise", "y", "x2")
    columns = expand(X, names)
    for column, name in zip(columns.T, names, strict=True):
        np.testing.assert_array_equal(column, FEATURES[name].column(X))


@pytest.mark.parametrize("name", FEATURES)
def test_points_of_each_replica(name: str) -> None:
    X = np.random.default_rng(0).normal(size=(3, 7, 2))
    columns = expand(X, [name])
    assert columns.shape == (3, 7, 1)
    for replica in range(3):
        np.testing.assert_array_equal(columns[replica], expand(X[replica], [name]))


# The spurious input.


def test_noise_is_uniform() -> None:
    """Kolmogorov's test, at a level that one run in a million of true data would fail."""
    values = np.sort(expand(plane(200), ["noise"])[:, 0])
    assert -1 <= values[0] < values[-1] < 1
    steps = np.arange(len(values) + 1) / len(values)
    share = (values + 1) / 2
    distance = max(np.abs(share - steps[1:]).max(), np.abs(share - steps[:-1]).max())
    assert distance * np.sqrt(len(values)) < 2.7
    assert len(np.unique(values)) == len(values)


def test_noise_of_neighbours_is_not_alike() -> None:
    values = expand(plane(200), ["noise"]).reshape(200, 200)
    for step in range(1, 5):
        for a, b in ((values[step:], values[:-step]), (values[:, step:], values[:, :-step])):
            assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / 200
    # Nor when the coordinates differ in their last bit, or are exchanged, or change sign.
    x = np.full(4000, 1.5, np.float32)
    y = np.cumsum(np.full(4000, np.finfo(np.float32).eps * 2)).astype(np.float32) + 2
    assert len(np.unique(y)) == 4000
    row = expand(np.column_stack([x, y]), ["noise"])[:, 0]
    assert abs(np.corrcoef(row[1:], row[:-1])[0, 1]) < 5 / 63
    for other in (plane()[:, ::-1], -plane()):
        pair = expand(plane(), ["noise"])[:, 0], expand(other, ["noise"])[:, 0]
        away = np.abs(plane()[:, 0] - other[:, 0]) > 1e-9
        assert abs(np.corrcoef(pair[0][away], pair[1][away])[0, 1]) < 5 / 97


@pytest.mark.parametrize("name", ["circle", "xor", "gaussians", "spiral", "moons"])
def test_noise_says_nothing_about_the_class(name: str) -> None:
    data = make_dataset(name, 20_000, noise=0.1)
    values = expand(data.X, ["noise"])[:, 0]
    tenths = np.floor((values + 1) * 5).astype(int)
    share = np.bincount(tenths, data.y, 10) / np.bincount(tenths, minlength=10)
    z = (share - 0.5) / (0.5 / np.sqrt(np.bincount(tenths, minlength=10)))
    assert (z**2).sum() < 10 + 5 * np.sqrt(2 * 10)
    for column in expand(data.X, SMOOTH).T:
        assert abs(np.corrcoef(values, column)[0, 1]) < 5 / np.sqrt(20_000)


@given(COORDINATES, COORDINATES)
def test_noise_is_a_function_of_the_point_alone(x: float, y: float) -> None:
    alone = expand(np.array([[x, y]]), ["noise"])
    for same in (
        np.array([[x, y]], np.float32),
        np.array([[x, y]], order="F"),
        np.array([[0.0, x, y]])[:, 1:],
        [[x + 0.0, y + 0.0]],
    ):
        np.testing.assert_array_equal(expand(same, ["noise"]), alone)
    among = np.array([[1.0, 2.0], [x, y], [3.0, 4.0]])
    np.testing.assert_array_equal(expand(among, ["noise"])[1:2], alone)


def test_noise_of_a_float32_copy_is_the_same() -> None:
    """Also where the float64 numbers are none of float32."""
    X = make_dataset("moons", 1000, noise=0.2).X
    np.testing.assert_array_equal(expand(X, ["noise"]), expand(X.astype("float32"), ["noise"]))
    assert not np.array_equal(X, X.astype("float32"))
    np.testing.assert_array_equal(
        expand([[0.0, 0.0]], ["noise"]), expand([[-0.0, -0.0]], ["noise"])
    )


@pytest.mark.parametrize(
    "names", [None, "x", (), [], 3, ("z",), ("x", "x"), ("x", None), (("x",),), {"x": 1}, {"x"}]
)
def test_names_are_checked(names: Any) -> None:
    for call in (lambda: expand(plane(3), names), lambda: check_features("names", names)):
        with pytest.raises(ParameterError) as caught:
            call()
        assert caught.value.name.split("[")[0] == "names"


@pytest.mark.parametrize(
    "X",
    [
        *(None, 1.0, [], [[]], [1.0, 2.0], [[1.0, 2.0, 3.0]], [["1", "2"]], [[1.0, math.nan]]),
        *([[1.0, 1e300]], np.ones((2, 3, 3)), np.ones((1, 2, 3, 2)), np.empty((0, 2))),
    ],
)
def test_points_are_checked(X: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        expand(X, ["x", "noise"])
    assert caught.value.name == "X"


def test_names_may_come_as_any_sequence() -> None:
    for names in (["x", "y"], ("x", "y"), np.array(["x", "y"])):
        assert check_features("inputs", names) == ("x", "y")
    with pytest.raises(ParameterError, match=r"inputs\[0\] must be one of .* Did you mean 'sin_x'"):
        check_features("inputs", ["sinx"])
