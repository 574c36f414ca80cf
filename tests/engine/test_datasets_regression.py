"""The regression data sets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Dataset, ParameterError, make_dataset
from nbtutor.engine.datasets import SURFACES, RegressionGenerator, make_generator

Array = np.ndarray

NAMES = ("sine", "plane", "multi_gaussian")
CENTRES = [(-4, -3), (-4, 3), (0, -3), (0, 3), (4, -3), (4, 3)]
SIGNS = [1, -1, -1, 1, 1, -1]


def formula(name: str, x: float, y: float) -> float:
    if name == "sine":
        return math.sin(x)
    if name == "plane":
        return min(max((x + y) / 12, -1), 1)
    return sum(
        sign * math.exp(-((x - a) ** 2 + (y - b) ** 2) / 2.88)
        for (a, b), sign in zip(CENTRES, SIGNS, strict=True)
    )


def test_these_are_all() -> None:
    assert tuple(SURFACES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_mean(name: str) -> None:
    data = make_dataset(name, 500)
    expected = [formula(name, x, y) for x, y in data.X]
    np.testing.assert_allclose(data.mean(data.X), expected, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(data.y, data.mean(data.X))  # there is no noise
    corners = [[-6.0, -6.0], [6.0, 6.0], [60.0, 6.0], [0.0, 0.0]]
    np.testing.assert_allclose(
        data.mean(corners), [formula(name, x, y) for x, y in corners], atol=1e-15
    )


@pytest.mark.parametrize("name", NAMES)
def test_values_lie_between_minus_one_and_one(name: str) -> None:
    y = make_dataset(name, 100_000).y
    assert y.min() >= -1
    assert y.max() <= 1
    assert np.ptp(y) > 1.9


@pytest.mark.parametrize("name", NAMES)
def test_points_are_spread_evenly_over_the_plane(name: str) -> None:
    data = make_dataset(name, 36_000)
    assert (data.X.shape, data.y.shape) == ((36_000, 2), (36_000,))
    assert data.y.dtype == np.float64
    squares = np.floor(data.X + 6).astype(int)
    counts = np.bincount(12 * squares[:, 0] + squares[:, 1], minlength=144)
    z = (counts - 250) / np.sqrt(250)
    assert len(counts) == 144
    assert (z**2).sum() < 144 + 5 * np.sqrt(2 * 144)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_noise_is_gaussian_and_on_the_value_alone(name: str, noise: float) -> None:
    noisy, plain = make_dataset(name, 40_000, noise), make_dataset(name, 40_000)
    np.testing.assert_array_equal(noisy.X, plain.X)
    rest = noisy.y - noisy.mean(noisy.X)
    assert rest.std() == pytest.approx(noise, rel=0.02)
    assert rest.mean() == pytest.approx(0, abs=5 * noise / 200)
    assert (rest**4).mean() / (rest**2).mean() ** 2 == pytest.approx(3, abs=0.2)
    for column in noisy.X.T:
        assert abs(np.corrcoef(rest, column)[0, 1]) < 5 / 200
    assert noisy.noise_std == noise
    assert noisy.bayes_error == pytest.approx((rest**2).mean(), rel=0.04)
    assert noisy.bayes_error == noise**2


def test_the_plane_is_what_linear_regression_finds() -> None:
    data = make_dataset("plane", 200)
    inputs = np.column_stack([data.X, np.ones(200)])
    weights, *_ = np.linalg.lstsq(inputs, data.y, rcond=None)
    np.testing.assert_allclose(weights, [1 / 12, 1 / 12, 0], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_task_seed_and_cut(name: str) -> None:
    data = make_dataset(name, 50, 0.2, 7)
    assert (data.task, data.classes, len(data)) == ("regression", 0, 50)
    np.testing.assert_array_equal(data.y, make_dataset(name, 50, 0.2, 7).y)
    assert not np.array_equal(data.y, make_dataset(name, 50, 0.2, 8).y)
    first, rest = data.split(0.3)
    assert (first.task, len(first), len(rest)) == ("regression", 15, 35)
    np.testing.assert_array_equal(np.concatenate([first.y, rest.y]), data.y)
    fresh = data.sample(50, np.random.default_rng(0))
    assert not np.intersect1d(fresh.y, data.y).size
    fleet = data.sample_fleet(30, 4, np.random.default_rng(0))
    residual = fleet.y - fleet.mean(fleet.X.reshape(-1, 2)).reshape(4, 30)
    assert residual.std() == pytest.approx(0.2, rel=0.4)
    assert len(np.unique(residual)) == 120


def test_questions_for_the_other_task() -> None:
    values, classes = make_dataset("sine", 5), make_dataset("moons", 5)
    with pytest.raises(ValueError, match="ask for mean"):
        values.posterior(values.X)
    for ask in (lambda: classes.mean(classes.X), lambda: classes.noise_std):
        with pytest.raises(ValueError, match="ask for posterior"):
            ask()
    own = Dataset(values.X, values.y)
    rng = np.random.default_rng(0)
    for unknown in (
        lambda: own.mean(own.X),
        lambda: own.noise_std,
        lambda: own.bayes_error,
        lambda: own.sample_fleet(3, 2, rng),
    ):
        with pytest.raises(ValueError, match="one's own is not known"):
            unknown()


@pytest.mark.parametrize(
    ("argument", "value"), [("label_noise", 0.1), ("classes", 2), ("balance", (0.5, 0.5))]
)
def test_what_only_classes_have_is_refused(argument: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"{argument} must be .* 'sine' is regression"):
        make_generator("sine", **{argument: value})
    assert make_generator("sine", label_noise=0, classes=None).settings == {
        "name": "sine",
        "noise": 0.0,
    }


@pytest.mark.parametrize("noise", [None, True, "0.1", -0.1, 0.51, math.nan])
def test_noise_is_checked(noise: Any) -> None:
    with pytest.raises(ParameterError, match=r"noise must be a number from 0 to 0\.5"):
        RegressionGenerator("sine", noise)


def test_other_arguments_are_checked() -> None:
    data, rng = make_dataset("sine", 5), np.random.default_rng(0)
    with pytest.raises(ParameterError, match="Did you mean 'sine'"):
        RegressionGenerator("sines")
    with pytest.raises(ParameterError, match="points must be"):
        data.mean([[1.0, math.nan]])
    for n in (0, 1.5, None, 1_000_001):
        with pytest.raises(ParameterError, match="n must be"):
            data.sample(n, rng)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="rng must be"):
        data.sample(5, None)  # type: ignore[arg-type]
