"""Planted faults: they are there, where the record says, and nowhere else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, make_dataset
from nbtutor.engine.faults import KINDS, FaultyDataset, plant_faults

Array = np.ndarray

SHARES = st.floats(0, 0.25)
EVERYTHING: dict[str, Any] = {
    "duplicates": 0.1,
    "corrupted": 0.06,
    "wrong_labels": 0.08,
    "out_of_range": 0.05,
}


def same_rows(faulty: FaultyDataset, data: Dataset) -> None:
    """`clean` holds each row of `data` once, and one more for each duplicate."""
    given_rows = np.column_stack([data.X, data.y])
    now = np.column_stack([faulty.clean.X, faulty.clean.y])
    once = np.delete(now, faulty.duplicates, axis=0)
    np.testing.assert_array_equal(once[np.lexsort(once.T)], given_rows[np.lexsort(given_rows.T)])


def check_record(faulty: FaultyDataset, data: Dataset) -> None:
    """What is wrong with the data, found by comparing it, is what the record says."""
    X, y = faulty.data.X, faulty.data.y
    changed = ~np.isclose(X, faulty.clean.X, rtol=0, atol=0, equal_nan=True)
    coordinates = np.flatnonzero(changed.any(axis=1))
    expected = np.union1d(faulty.corrupted, faulty.out_of_range)
    np.testing.assert_array_equal(coordinates, expected)
    assert (changed.sum(axis=1)[coordinates] == 1).all(), "one value of a row"
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(X).any(axis=1)), faulty.missing)
    np.testing.assert_array_equal(np.flatnonzero((X == -999).any(axis=1)), faulty.coded)
    np.testing.assert_array_equal(np.flatnonzero(y != faulty.clean.y), faulty.wrong_labels)
    largest = np.abs(data.X).max(axis=0)
    for row in faulty.out_of_range:
        column = int(np.flatnonzero(changed[row])[0])
        assert 2 * largest[column] <= abs(X[row, column]) <= 10 * largest[column]
    # Each copy is the same as its original, and no two rows are the same otherwise.
    for copy, original in zip(faulty.duplicates, faulty.originals, strict=True):
        np.testing.assert_array_equal(X[copy], X[original])
        assert y[copy] == y[original]
    different = np.unique(np.delete(X, faulty.duplicates, axis=0), axis=0)
    assert len(different) == len(X) - len(faulty.duplicates)
    # No row has two faults.
    assert sum(map(len, faulty.faults.values())) == len(faulty.rows)
    assert not np.intersect1d(faulty.originals, faulty.rows).size
    assert len(np.unique(faulty.originals)) == len(faulty.originals)
    for rows in faulty.faults.values():
        assert (np.diff(rows) > 0).all()


@settings(max_examples=60)
@given(
    st.sampled_from(["moons", "rings", "sine"]),
    st.integers(4, 80),
    st.tuples(SHARES, SHARES, SHARES, SHARES),
    st.integers(0, 100),
)
def test_faults_are_where_the_record_says(
    name: str, n: int, shares: tuple[float, ...], seed: int
) -> None:
    data = make_dataset(name, n, 0.1, seed)
    before = data.X.copy(), data.y.copy()
    if sum(round(share * n) for share in shares) > n:
        return
    options: dict[str, Any] = dict(zip(KINDS, shares, strict=True))
    faulty = plant_faults(data, seed=seed, **options)
    for kind, share in zip(KINDS, shares, strict=True):
        assert len(faulty.faults[kind]) == round(share * n)
    assert len(faulty) == n + len(faulty.duplicates)
    same_rows(faulty, data)
    check_record(faulty, data)
    np.testing.assert_array_equal(data.X, before[0])
    np.testing.assert_array_equal(data.y, before[1])
    assert faulty.data.y.dtype == data.y.dtype
    assert faulty.data.generator is data.generator


def test_no_faults() -> None:
    data = make_dataset("moons", 30, 0.1)
    faulty = plant_faults(data)
    assert faulty.rows.size == 0
    same_rows(faulty, data)
    np.testing.assert_array_equal(faulty.data.X, faulty.clean.X)


def test_seeds() -> None:
    data = make_dataset("moons", 200, 0.1)
    first, again, other = (plant_faults(data, **EVERYTHING, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.data.X, again.data.X)
    np.testing.assert_array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)
    assert [len(rows) for rows in first.faults.values()] == [20, 12, 16, 10]
    assert (len(first.missing), len(first.coded)) == (6, 6)


def test_faults_are_spread_over_all_rows_columns_and_signs() -> None:
    data = make_dataset("moons", 4000, 0.1)
    faulty = plant_faults(data, **EVERYTHING)
    for rows in faulty.faults.values():
        halves = np.mean(rows < len(faulty) / 2)
        assert halves == pytest.approx(0.5, abs=5 * 0.5 / len(rows) ** 0.5)
    changed = faulty.data.X != faulty.clean.X  # NaN is not itself either
    for rows in (faulty.missing, faulty.coded, faulty.out_of_range):
        assert changed[rows].mean(axis=0) == pytest.approx(0.5, abs=5 * 0.5 / len(rows) ** 0.5)
    outside = faulty.data.X[faulty.out_of_range][changed[faulty.out_of_range]]
    assert np.mean(outside > 0) == pytest.approx(0.5, abs=5 * 0.5 / len(outside) ** 0.5)
    copies_first = np.mean(faulty.duplicates < faulty.originals)
    assert copies_first == pytest.approx(0.5, abs=5 * 0.5 / 20)


def test_random_mistakes_are_even_and_systematic_ones_are_not() -> None:
    data = make_dataset("blobs", 4000, classes=4)
    random = plant_faults(data, wrong_labels=0.5)
    shift = (random.data.y - random.clean.y)[random.wrong_labels] % 4
    counts = np.bincount(shift, minlength=4)
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 2000 / 3) < 5 * np.sqrt(2000 / 3)).all()
    systematic = plant_faults(data, wrong_labels=0.5, mistake="next_class")
    shift = (systematic.data.y - systematic.clean.y)[systematic.wrong_labels] % 4
    assert set(shift) == {1}


def test_wrong_values_are_off_by_half_the_range() -> None:
    data = make_dataset("plane", 400, 0.1)
    faulty = plant_faults(data, wrong_labels=0.3)
    rows = faulty.wrong_labels
    off = np.abs(faulty.data.y[rows] - faulty.clean.y[rows])
    np.testing.assert_allclose(off, np.ptp(data.y) / 2, rtol=1e-12)
    assert faulty.data.y.min() >= data.y.min() - 1e-12
    assert faulty.data.y.max() <= data.y.max() + 1e-12


def test_a_column_of_zeros_and_many_columns() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(np.column_stack([np.zeros(50), rng.normal(size=(50, 4))]), np.arange(50) % 3)
    faulty = plant_faults(data, **EVERYTHING, seed=1)
    assert faulty.data.X.shape == (55, 5)
    outside = plant_faults(data, out_of_range=1.0)
    assert (np.abs(outside.data.X) >= 1.99).any(axis=1).all()


# Mending.


@settings(max_examples=60)
@given(st.integers(0, 50), st.data())
def test_without_keeps_the_record_true(seed: int, draw: st.DataObject) -> None:
    data = make_dataset("rings", 60, 0.1)
    faulty = plant_faults(data, **EVERYTHING, seed=seed)
    rows = draw.draw(st.lists(st.integers(0, len(faulty) - 1), max_size=len(faulty) // 2))
    left = faulty.without(rows)
    assert len(left) == len(faulty) - len(set(rows))
    check_record(left, data)
    keep = np.delete(np.arange(len(faulty)), rows)
    np.testing.assert_array_equal(left.data.X, faulty.data.X[keep])
    np.testing.assert_array_equal(left.data.y, faulty.data.y[keep])
    np.testing.assert_array_equal(left.clean.y, faulty.clean.y[keep])
    again = left.without([0]).without([0])
    check_record(again, data)


def test_without_all_faults_the_data_is_clean() -> None:
    faulty = plant_faults(make_dataset("moons", 200, 0.1), **EVERYTHING)
    left = faulty.without(faulty.rows)
    assert left.rows.size == 0
    np.testing.assert_array_equal(left.data.X, left.clean.X)
    Trainer(Network((2, 3, 1)), left.data).run(epochs=1)
    with pytest.raises(ParameterError, match="NaN or infinite"):
        Trainer(Network((2, 3, 1)), faulty.data)


def test_a_copy_without_its_original_is_no_duplicate() -> None:
    faulty = plant_faults(make_dataset("moons", 100), duplicates=0.2)
    assert faulty.without(faulty.originals[:5]).duplicates.size == 15
    assert faulty.without(faulty.originals).rows.size == 0


@given(st.data())
@settings(max_examples=30)
def test_repaired_rows_are_the_true_ones(draw: st.DataObject) -> None:
    data = make_dataset("moons", 60, 0.1)
    faulty = plant_faults(data, **EVERYTHING)
    rows = draw.draw(st.lists(st.integers(0, len(faulty) - 1)))
    better = faulty.repaired(rows)
    check_record(better, data)
    np.testing.assert_array_equal(better.data.X[rows], faulty.clean.X[rows])
    other = np.delete(np.arange(len(faulty)), rows)
    np.testing.assert_array_equal(better.data.X[other], faulty.data.X[other])
    whole = faulty.repaired(np.arange(len(faulty)))
    np.testing.assert_array_equal(whole.rows, faulty.duplicates)
    np.testing.assert_array_equal(whole.data.y, faulty.clean.y)


# What is refused.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, True, "0.1", -0.1, 1.1, math.nan, [0.1]])
def test_shares_are_checked(kind: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"^{kind} must be a number from 0 to 1"):
        plant_faults(make_dataset("moons", 20), **{kind: value})


def test_there_must_be_rows_enough() -> None:
    data = make_dataset("moons", 20)
    with pytest.raises(ParameterError, match=r"must be at most 1, not '1\.1'"):
        plant_faults(data, duplicates=0.5, corrupted=0.6)
    assert len(plant_faults(data, duplicates=0.5, corrupted=0.5).rows) == 20


@pytest.mark.parametrize(
    "data",
    [
        *(None, 3, "moons", (np.ones((3, 2)), np.ones(3))),
        Dataset(np.ones((2, 3, 2)), np.ones((2, 3), int)),
        Dataset(np.ones((3, 2)), np.ones(4, int)),
        Dataset(np.ones((3, 2)), np.ones((3, 2)) / 2),
        Dataset(np.empty((0, 2)), np.empty(0, int)),
        Dataset(np.full((3, 2), np.nan), np.ones(3, int)),
        Dataset(np.ones((3, 2)), np.full(3, np.inf)),
        Dataset(np.array([["a", "b"]]), np.ones(1, int)),
    ],
    ids=lambda _: "data",
)
def test_data_is_checked(data: Any) -> None:
    with pytest.raises(ParameterError, match=r"^data must be"):
        plant_faults(data, corrupted=0.1)


def test_other_arguments_are_checked() -> None:
    data = make_dataset("moons", 20)
    with pytest.raises(ParameterError, match="Did you mean 'next_class'"):
        plant_faults(data, mistake="next")
    for seed in (-1, 1.5, None, True):
        with pytest.raises(ParameterError, match=r"^seed must be"):
            plant_faults(data, seed=seed)  # type: ignore[arg-type]
    same = Dataset(data.X, np.ones(20))
    with pytest.raises(ParameterError, match="wrong_labels must be 0 here"):
        plant_faults(same, wrong_labels=0.1)


@pytest.mark.parametrize(
    "rows", [None, 3, "1", [0.0], [-1], [20], [[0]], [True, False], [None], [[0], [1, 2]], {0}]
)
def test_rows_are_checked(rows: Any) -> None:
    faulty = plant_faults(make_dataset("moons", 20))
    for call in (faulty.without, faulty.repaired):
        with pytest.raises(ParameterError, match=r"^rows must be row numbers from 0 to 19"):
            call(rows)


def test_something_has_to_stay() -> None:
    faulty = plant_faults(make_dataset("moons", 20))
    with pytest.raises(ParameterError, match="fewer rows than there are"):
        faulty.without(np.arange(20))
    assert len(faulty.without([])) == 20
