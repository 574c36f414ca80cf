"""Rows that grow, and are thinned so that ends and spikes survive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine.tables import Table

Array = np.ndarray


def table(max_rows: int | None = None, replicas: int = 1) -> Table:
    columns: dict[str, tuple[int, ...]] = {"n": (), "loss": (replicas,), "norm": (replicas, 3)}
    return Table(columns, "loss", max_rows)


def fill(into: Table, losses: Array) -> Table:
    start = len(into)
    for i, loss in enumerate(losses):
        into.append({"n": start + i, "loss": loss, "norm": np.full((1, 3), start + i)})
    return into


@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 511, 512, 513, 2000])
def test_all_rows_are_there_below_the_limit(rows: int) -> None:
    full = fill(table(), np.arange(rows) / 2)
    assert len(full) == rows
    assert full.thinned == 0
    np.testing.assert_array_equal(full["n"], np.arange(rows))
    np.testing.assert_array_equal(full["loss"][:, 0], np.arange(rows) / 2)
    assert full["norm"].shape == (rows, 1, 3)
    assert ("n" in full, "m" in full) == (True, False)


def test_space_is_doubled_and_never_beyond_the_limit() -> None:
    growing = table(max_rows=900)
    sizes = []
    for i in range(900):
        growing.append({"n": i})
        size = len(growing._columns["n"])
        if size not in sizes:
            sizes.append(size)
    assert sizes == [256, 512, 900]
    assert growing.thinned == 0
    growing.append({"n": 900})
    assert growing.thinned == 1
    assert len(growing._columns["n"]) == 900


def test_what_is_not_given_is_not_a_number() -> None:
    sparse = table()
    sparse.append({"n": 1})
    assert np.isnan(sparse["loss"]).all()
    assert np.isnan(sparse["norm"]).all()
    sparse.append({"loss": np.array([2.0])})
    assert np.isnan(sparse["n"][1])


@pytest.mark.parametrize(
    ("row", "limit"),
    [(8, 20_000), (3200, 20_000), (6400, 10_000), (2_000_000, 64)],  # bytes a row: at most 64 MB
)
def test_the_limit_depends_on_the_size_of_a_row(row: int, limit: int) -> None:
    wide = Table({"loss": (row // 8,)}, "loss")
    assert wide._max_rows == limit


LOSSES = st.lists(
    st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf, -np.inf, 0.0]),
    min_size=1,
    max_size=400,
)


@given(losses=LOSSES, limit=st.integers(6, 60))
def test_ends_and_spikes_survive_any_thinning(losses: list[float], limit: int) -> None:
    thin, seen = table(max_rows=limit), np.array(losses)
    for i, loss in enumerate(losses):
        fill(thin, [loss])  # type: ignore[arg-type]
        thin["n"][-1] = i
        assert len(thin) <= limit
    places = thin["n"].astype(int)
    assert (np.diff(places) > 0).all(), "in order, none twice"
    assert (places[0], places[-1]) == (0, len(losses) - 1)
    np.testing.assert_array_equal(thin["loss"][:, 0], seen[places])
    numbers = seen[~np.isnan(seen)]
    if numbers.size:
        kept = thin["loss"][~np.isnan(thin["loss"])]
        assert (kept.min(), kept.max()) == (numbers.min(), numbers.max())


def test_each_four_keep_their_lowest_and_highest() -> None:
    thin = table(max_rows=11)
    losses = [5, 1, 9, 3, 4, 7, 2, 8, 6, 0, 5, 5]
    for i, loss in enumerate(losses):
        thin.append({"n": i, "loss": loss, "norm": np.full((1, 3), i)})
    #      first [1 9 3 4] [7 2 8 6] the rest, and the new one
    assert thin["loss"][:, 0].tolist() == [5, 1, 9, 2, 8, 0, 5, 5]
    assert thin["n"].tolist() == [0, 1, 2, 6, 7, 9, 10, 11]
    np.testing.assert_array_equal(thin["norm"][:, 0, 2], [0, 1, 2, 6, 7, 9, 10, 11])
    assert thin.thinned == 1


@pytest.mark.parametrize("limit", [1023, 1025, 1026, 1029, 2050, 2053, 4100])
def test_a_long_table_is_thinned_by_the_same_rule(limit: int) -> None:
    losses = np.random.default_rng(limit).normal(size=limit + 1)
    thin = fill(table(max_rows=limit), losses)
    stay, first = [0], 1
    while first + 4 < limit:
        four = range(first, first + 4)
        stay += sorted([min(four, key=losses.__getitem__), max(four, key=losses.__getitem__)])
        first += 4
    stay += range(first, limit + 1)
    assert thin["n"].tolist() == stay
    np.testing.assert_array_equal(thin["loss"][:, 0], losses[stay])
    np.testing.assert_array_equal(thin["norm"][:, 0, 1], stay)


def test_the_spikes_of_every_replica_count() -> None:
    thin = table(max_rows=10, replicas=2)
    losses = np.ones((11, 2))
    losses[2, 1], losses[3, 0] = 9, -9
    losses[6, 0], losses[7, 1] = 9, -9
    for i, loss in enumerate(losses):
        thin.append({"n": i, "loss": loss})
    assert thin["n"].tolist() == [0, 2, 3, 6, 7, 9, 10]


def test_a_column_of_no_numbers_is_thinned_as_well() -> None:
    thin = table(max_rows=10)
    for i in range(1000):
        thin.append({"n": i})
    assert len(thin) <= 10
    assert (thin["n"][0], thin["n"][-1]) == (0, 999)


def test_a_row_costs_the_same_however_many_there_are() -> None:
    """About half is dropped at the limit, so the work is spread over as many rows."""
    thin = fill(table(max_rows=100), np.random.default_rng(0).normal(size=10_000))
    assert 50 <= len(thin) <= 100
    assert 9_900 / 60 < thin.thinned < 9_900 / 40


def test_a_shorter_table() -> None:
    short = fill(table(), np.arange(20.0))
    short.truncate(30)
    assert len(short) == 20
    short.truncate(5)
    assert short["n"].tolist() == [0, 1, 2, 3, 4]
    fill(short, np.array([7.0]))
    assert short["loss"][:, 0].tolist() == [0, 1, 2, 3, 4, 7]
    short.truncate(0)
    assert len(short) == 0


@pytest.mark.parametrize("rows", [0, 1, 300])
def test_a_copy_goes_its_own_way(rows: int) -> None:
    first = fill(table(), np.arange(float(rows)))
    second = first.copy()
    fill(first, np.array([-1.0]))
    fill(second, np.array([-2.0, -3.0]))
    assert (len(first), len(second)) == (rows + 1, rows + 2)
    assert first["loss"][-1, 0] == -1
    assert second["loss"][-2:, 0].tolist() == [-2, -3]
    np.testing.assert_array_equal(first["loss"][:rows], second["loss"][:rows])


def test_one_replica_of_it() -> None:
    fleet = table(replicas=2)
    for i in range(3):
        norm = 10 * i + np.arange(6).reshape(2, 3)
        fleet.append({"n": i, "loss": i + np.array([0.0, 0.5]), "norm": norm})
    for replica in range(2):
        one = fleet.single(replica)
        assert len(one) == 3
        np.testing.assert_array_equal(one["n"], fleet["n"])
        np.testing.assert_array_equal(one["loss"], fleet["loss"][:, replica], strict=True)
        np.testing.assert_array_equal(one["norm"], fleet["norm"][:, replica], strict=True)


@pytest.mark.parametrize("rows", [0, 1, 2, 255, 256, 257])
def test_rows_that_were_stored_grow_on(rows: int) -> None:
    stored = fill(table(), np.arange(float(rows))).to_arrays()
    loaded = fill(table(), np.full(9, 77.0))
    loaded.fill(stored)
    stored["loss"][:] = -1  # ones own
    assert len(loaded) == rows
    fill(loaded, np.arange(rows, rows + 400.0))
    np.testing.assert_array_equal(loaded["loss"][:, 0], np.arange(rows + 400.0))


def test_a_stored_table_is_thinned_where_the_first_is() -> None:
    losses = np.random.default_rng(1).normal(size=1000)
    whole, other = table(max_rows=300), table(max_rows=300)
    fill(whole, losses[:290])
    other.fill(whole.to_arrays())
    for each in (whole, other):
        fill(each, losses[290:])
    np.testing.assert_array_equal(whole["n"], other["n"])


@pytest.mark.parametrize(
    "change",
    [
        {"norm": None},
        {"norm": np.ones((4, 1, 3))},
        {"norm": np.ones((5, 1, 2))},
        {"norm": np.ones((5, 3))},
        {"n": np.ones((5, 1))},
        {"n": np.array(list("12345"))},
        {"n": np.array([None] * 5)},
        {"loss": np.ones((6, 1))},
        {"loss": np.array(1.0)},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_whole(change: dict[str, Any]) -> None:
    stored: dict[str, Any] = {**fill(table(), np.arange(5.0)).to_arrays(), **change}
    ours = fill(table(), np.arange(3.0))
    with pytest.raises((KeyError, ValueError, TypeError)):
        ours.fill({name: column for name, column in stored.items() if column is not None})
    assert ours["loss"][:, 0].tolist() == [0, 1, 2]
