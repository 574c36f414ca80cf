"""The data sets of several classes; noise on labels, shares of classes, and fleets."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import Dataset, Generator, ParameterError, make_dataset
from nbtutor.engine.datasets import DATASETS, FAMILIES, make_generator
from nbtutor.engine.families import DOMAIN, MAX_CLASSES

Array = np.ndarray

CHOICE = ("rings", "blobs", "spirals")  # of the number of classes
KINDS = [(name, k) for name in CHOICE for k in (2, 3, 8)] + [
    (name, 2) for name in FAMILIES if name not in CHOICE
]


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Kolmogorov's test, at a level that one run in a million of true data would fail."""
    ordered = (np.sort(values) - low) / (high - low)
    assert ordered[0] >= -1e-12
    assert ordered[-1] <= 1 + 1e-12
    steps = np.arange(len(values) + 1) / len(values)
    distance = max(np.abs(ordered - steps[1:]).max(), np.abs(ordered - steps[:-1]).max())
    assert distance * np.sqrt(len(values)) < 2.7


@pytest.mark.parametrize(
    ("name", "first", "last", "total", "labels"),
    [
        ("circle", 0.3445050334019874, 1.6391875643924037, 6.956347701970188, "11100011"),
        ("xor", -3.3154276584972093, 0.4075366034313326, 24.78331408588575, "11100011"),
        ("gaussians", -3.198289562316994, -2.08003581069857, 4.110426721313338, "11100011"),
        ("spiral", -0.550202778953463, -0.30338743249479605, -0.2526087367960379, "11100011"),
        ("moons", -0.34890308758639066, -0.1904319501698512, 23.14199347978703, "11100011"),
    ],
)
def test_the_draws_stay_as_they_were(
    name: str, first: float, last: float, total: float, labels: str
) -> None:
    """Saved pictures and notebooks show these points."""
    data = make_dataset(name, 40, 0.1, 3)
    assert data.X[0, 0] == pytest.approx(first, rel=1e-12)
    assert data.X[-1, 1] == pytest.approx(last, rel=1e-12)
    assert data.X.sum() == pytest.approx(total, rel=1e-12)
    assert "".join(map(str, data.y[:8])) == labels


@pytest.mark.parametrize(("name", "classes"), KINDS)
@pytest.mark.parametrize("n", [2, 31, 200])
def test_counts(name: str, classes: int, n: int) -> None:
    data = make_dataset(name, n, noise=0.3, classes=classes)
    assert (data.X.shape, data.y.shape) == ((n, 2), (n,))
    counts = np.bincount(data.y, minlength=classes)
    assert (len(counts), counts.sum()) == (classes, n)
    assert np.ptp(counts) <= 1
    assert (data.classes, data.task) == (classes, "classification")


@pytest.mark.parametrize("name", CHOICE)
def test_three_classes_unless_more_are_asked_for(name: str) -> None:
    assert make_dataset(name, 10).classes == 3
    for classes in range(2, MAX_CLASSES + 1):
        assert set(make_dataset(name, 100, classes=classes).y) == set(range(classes))


@pytest.mark.parametrize(("name", "classes"), KINDS)
def test_everything_lies_in_the_plane_that_is_shown(name: str, classes: int) -> None:
    inside = np.abs(make_dataset(name, 5000, classes=classes).X) < DOMAIN[1]
    assert inside.mean() > (0.99 if name in ("blobs", "gaussians") else 1 - 1e-9)


# The shapes.


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_rings(classes: int) -> None:
    data = make_dataset("rings", 4000 * classes, classes=classes)
    radius, angle = np.hypot(*data.X.T), np.arctan2(data.X[:, 1], data.X[:, 0])
    width = 5 / (2 * classes - 1)
    for label in range(classes):
        own = data.y == label
        assert_uniform(radius[own], 2 * label * width, (2 * label + 1) * width)
        assert_uniform(angle[own], -np.pi, np.pi)
        assert abs(np.corrcoef(radius[own], np.abs(angle[own]))[0, 1]) < 5 / 63
    assert radius.max() <= 5


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_blobs(classes: int, noise: float) -> None:
    data = make_dataset("blobs", 10_000 * classes, noise, classes=classes)
    variance = 0.5 + 7 * noise
    for label in range(classes):
        own = data.X[data.y == label]
        centre = 4 * np.exp(2j * np.pi * label / classes)
        spread = 5 * (variance / len(own)) ** 0.5
        np.testing.assert_allclose(own.mean(axis=0), [centre.real, centre.imag], atol=spread)
        np.testing.assert_allclose(np.cov(own.T), variance * np.eye(2), atol=0.07 * variance)


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_spirals(classes: int) -> None:
    data = make_dataset("spirals", 3000 * classes, classes=classes)
    radius = np.hypot(*data.X.T)
    turns = 3.5 / classes * radius / 5 + data.y / classes
    np.testing.assert_allclose(data.X[:, 0], radius * np.sin(2 * np.pi * turns), atol=1e-12)
    np.testing.assert_allclose(data.X[:, 1], radius * np.cos(2 * np.pi * turns), atol=1e-12)
    for label in range(classes):
        assert_uniform(radius[data.y == label], 0, 5)


def test_two_spiral_arms_are_the_spiral() -> None:
    np.testing.assert_allclose(
        make_dataset("spirals", 100, 0.1, classes=2).X,
        make_dataset("spiral", 100, 0.1).X,
        atol=1e-12,
    )


def test_checkerboard() -> None:
    data = make_dataset("checkerboard", 40_000)
    square = np.floor((data.X + 5) / 2.5).astype(int)
    np.testing.assert_array_equal(square.sum(axis=1) % 2, data.y)
    place: Array = (data.X + 5) - 2.5 * square
    counts = np.bincount(4 * square[:, 0] + square[:, 1], minlength=16)
    assert (np.abs(counts - 2500) < 5 * np.sqrt(2500)).all()
    for label in (0, 1):
        for axis in (0, 1):
            assert_uniform(place[data.y == label, axis], 0.2, 2.3)
    assert abs(np.corrcoef(place.T)[0, 1]) < 5 / 200


@pytest.mark.parametrize(("name", "width"), [("rings", 1), ("spirals", 1), ("checkerboard", 1)])
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_noise_is_gaussian_of_this_width(name: str, width: float, noise: float) -> None:
    moved = make_dataset(name, 20_000, noise).X - make_dataset(name, 20_000).X
    np.testing.assert_allclose(moved.std(axis=0), width * noise, rtol=0.03)
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=5 * width * noise / 20_000**0.5)


# Noise on the labels.


@pytest.mark.parametrize("name", ["moons", "blobs"])
@pytest.mark.parametrize("p", [0.0, 0.05, 0.4, 1.0])
def test_label_noise_replaces_labels_and_leaves_points(name: str, p: float) -> None:
    clean, noisy = (make_dataset(name, 30_000, 0.1, label_noise=v) for v in (0.0, p))
    np.testing.assert_array_equal(noisy.X, clean.X)
    changed = noisy.y != clean.y
    assert changed.mean() == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / 30_000))
    # Every other class as often, whichever it was.
    for label in range(clean.classes):
        own = clean.y == label
        assert changed[own].mean() == pytest.approx(p, abs=0.02)
        if p:
            to = np.bincount(noisy.y[own & changed], minlength=clean.classes)
            others = np.delete(to, label)
            expected = to.sum() / (clean.classes - 1)
            assert to[label] == 0
            assert (np.abs(others - expected) < 5 * np.sqrt(expected)).all()


def test_more_label_noise_changes_the_same_labels_and_more() -> None:
    clean, less, more = (make_dataset("blobs", 500, label_noise=p).y for p in (0.0, 0.1, 0.3))
    changed = less != clean
    np.testing.assert_array_equal(more[changed], less[changed])
    assert np.sum(more != clean) > changed.sum() > 0


# Shares of the classes.


@given(st.integers(2, 8), st.integers(2, 200), st.data())
def test_counts_are_as_near_the_shares_as_can_be(classes: int, n: int, draw: st.DataObject) -> None:
    weights = draw.draw(st.lists(st.integers(1, 50), min_size=classes, max_size=classes))
    balance = [w / sum(weights) for w in weights]
    data = make_dataset("blobs", n, classes=classes, balance=balance)
    counts = np.bincount(data.y, minlength=classes)
    assert counts.sum() == n
    assert np.abs(counts - n * np.array(balance)).max() < 1
    np.testing.assert_allclose(data.generator.priors, balance)  # type: ignore[union-attr]


def test_an_imbalance() -> None:
    data = make_dataset("moons", 1000, 0.1, balance=(0.9, 0.1))
    assert np.bincount(data.y).tolist() == [900, 100]
    for part in np.split(data.y, 4):
        assert 5 < part.sum() < 50, "the order is random"
    fresh = data.sample(50, np.random.default_rng(0))
    assert np.bincount(fresh.y).tolist() == [45, 5]
    assert make_dataset("moons", 10, balance=[0.333333, 0.666667]).classes == 2


# Fleets.


@pytest.mark.parametrize("name", DATASETS)
def test_a_fleet_has_points_of_its_own_for_each_replica(name: str) -> None:
    data = make_dataset(name, 5, 0.2)
    fleet = data.sample_fleet(60, 40, np.random.default_rng(3))
    assert (fleet.X.shape, fleet.y.shape, len(fleet)) == ((40, 60, 2), (40, 60), 60)
    assert fleet.generator is data.generator
    assert len(np.unique(fleet.X)) == fleet.X.size
    again = data.sample_fleet(60, 40, np.random.default_rng(3))
    np.testing.assert_array_equal(fleet.X, again.X)
    np.testing.assert_array_equal(fleet.y, again.y)
    if data.task == "classification":
        for y in fleet.y:
            assert np.ptp(np.bincount(y, minlength=data.classes)) <= 1
        assert len(np.unique(fleet.y, axis=0)) == 40, "each in an order of its own"


@pytest.mark.parametrize("name", DATASETS)
def test_a_fleet_comes_from_where_samples_come_from(name: str) -> None:
    generator = make_generator(name, 0.2)
    fleet = generator.sample_fleet(100, 200, np.random.default_rng(1))
    single = generator.sample(20_000, np.random.default_rng(2))
    for label in range(max(generator.classes, 1)):
        a, b = (
            data.X[data.y == label if generator.classes else np.full(data.y.shape, True)]
            for data in (fleet, single)
        )
        for values in (np.cos, np.sin, np.square, np.asarray):
            u, v = values(a), values(b)
            error = np.sqrt(u.var(axis=0) / len(u) + v.var(axis=0) / len(v))
            assert (np.abs(u.mean(axis=0) - v.mean(axis=0)) < 5 * error).all()


def test_a_fleet_with_label_noise_and_imbalance() -> None:
    generator = Generator("rings", 0.1, label_noise=0.3, balance=(0.5, 0.3, 0.2))
    y = generator.sample_fleet(100, 300, np.random.default_rng(0)).y
    expected = 0.7 * generator.priors + 0.15 * (1 - generator.priors)
    np.testing.assert_allclose(np.bincount(y.ravel()) / 30_000, expected, atol=0.015)
    first, rest = make_dataset("rings", 4).sample_fleet(9, 3, np.random.default_rng(0)).split(0.3)
    assert (first.X.shape, rest.y.shape) == ((3, 3, 2), (3, 6))


# What a data set says of itself.


@pytest.mark.parametrize("name", DATASETS)
def test_a_generator_can_be_made_again(name: str) -> None:
    generator = make_generator(name, 0.1)
    again = make_generator(**json.loads(json.dumps(generator.settings)))
    assert (type(again), again.settings) == (type(generator), generator.settings)
    a, b = (g.sample(20, np.random.default_rng(0)) for g in (generator, again))
    np.testing.assert_array_equal(a.X, b.X)
    np.testing.assert_array_equal(a.y, b.y)
    assert f"name={name!r}, noise=0.1" in repr(generator)


def test_settings_of_a_generator_with_everything() -> None:
    generator = Generator("spirals", 0.1, label_noise=0.2, classes=4, balance=(0.1, 0.2, 0.3, 0.4))
    again = make_generator(**json.loads(json.dumps(generator.settings)))
    assert repr(again) == repr(generator)


def test_task_and_classes_of_data_of_ones_own() -> None:
    X = np.zeros((3, 2))
    assert Dataset(X, np.array([0, 4, 1])).task == "classification"
    values = Dataset(X, np.array([0.0, 0.5, 1.0]))
    assert (values.task, values.classes) == ("regression", 0)
    soft = Dataset(X, np.full((3, 4), 0.25))
    assert (soft.task, soft.classes) == ("classification", 4)
    first, rest = soft.split(0.4)
    assert (first.y.shape, rest.y.shape) == ((1, 4), (2, 4))
    fleet = Dataset(np.zeros((2, 3, 2)), np.full((2, 3, 4), 0.25))
    assert fleet.split(0.4)[1].y.shape == (2, 2, 4)


# What is refused.


@pytest.mark.parametrize("value", [None, True, "0.1", -0.001, 1.001, math.nan, math.inf, [0.1], 2j])
def test_label_noise_is_checked(value: Any) -> None:
    for name in ("moons", "sine"):
        with pytest.raises(ParameterError, match="label_noise must be a number from 0 to 1"):
            make_dataset(name, label_noise=value)


@pytest.mark.parametrize("value", [True, "3", 1, 9, 0, -2, 3.0, math.nan, [3]])
def test_classes_are_checked(value: Any) -> None:
    with pytest.raises(ParameterError, match="classes must be a whole number from 2 to 8"):
        make_dataset("rings", classes=value)
    with pytest.raises(ParameterError, match="classes must be 2, as 'moons' has two classes") as e:
        make_dataset("moons", classes=value)
    assert "'rings'" in e.value.hint


@pytest.mark.parametrize(
    "value",
    [
        *(0.5, "0.5", (), (1.0,), (0.5, 0.3), (0.5, 0.5, 0.5), (1.0, 0.0), (1.5, -0.5)),
        *((0.5, "0.5"), (0.5, None), (math.nan, 0.5), {0: 0.5, 1: 0.5}, [[0.5, 0.5]], (True, 0.5)),
    ],
)
def test_shares_are_checked(value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        make_dataset("moons", balance=value)
    assert caught.value.name.split("[")[0] == "balance"
    assert "(0.9, 0.1)" in str(caught.value)


def test_a_choice_of_classes_needs_as_many_shares() -> None:
    with pytest.raises(ParameterError, match="balance must be 4 shares"):
        make_dataset("rings", classes=4, balance=(0.5, 0.5))


@pytest.mark.parametrize("name", ["moons", "sine"])
def test_fleets_are_checked(name: str) -> None:
    data, rng = make_dataset(name, 3), np.random.default_rng(0)
    bad: list[tuple[str, Any]] = [
        *(("n", v) for v in (0, 1.5, None, "3", True, 1_000_001)),
        *(("replicas", v) for v in (0, 1.5, None, "3", True, 4097)),
        *(("rng", v) for v in (None, 0, np.random)),
    ]
    for parameter, value in bad:
        with pytest.raises(ParameterError, match=f"^{parameter} must be"):
            data.sample_fleet(**{"n": 3, "replicas": 2, "rng": rng, parameter: value})
    with pytest.raises(ParameterError, match="n must be at most 10,000 here, for 1000 replicas"):
        data.sample_fleet(10_001, 1000, rng)


def test_near_names_are_suggested_among_all() -> None:
    for wrong, right in (("sin", "sine"), ("chekerboard", "checkerboard"), ("ring", "rings")):
        with pytest.raises(ParameterError, match=f"Did you mean .*{right!r}"):
            make_dataset(wrong)
    with pytest.raises(ParameterError, match="dataset must be one of 'circle'"):
        Generator("sine")


def test_a_second_sample_of_one_stream_stays_as_it_was() -> None:
    """Where no label is changed, no number is drawn for it."""
    generator, rng = Generator("moons", 0.1), np.random.default_rng(0)
    generator.sample(10, rng)
    same = np.random.default_rng(0)
    same.permutation(10)
    same.random((10, 1))
    same.standard_normal((10, 2))
    assert rng.bit_generator.state == same.bit_generator.state
