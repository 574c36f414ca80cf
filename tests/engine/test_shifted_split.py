"""Training and validation points from different places: the cut with a shift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import Dataset, ParameterError, make_dataset


def rows(data: Dataset) -> list[tuple[float, ...]]:
    return [(*map(float, x), float(y)) for x, y in zip(data.X, data.y, strict=True)]


def test_without_a_shift_it_is_the_plain_cut() -> None:
    data = make_dataset("moons", 50, noise=0.2)
    for plain, shifted in zip(data.split(0.4), data.split(0.4, shift=0.0), strict=True):
        np.testing.assert_array_equal(plain.X, shifted.X)
        np.testing.assert_array_equal(plain.y, shifted.y)


def test_a_full_shift_puts_the_left_into_the_first_part() -> None:
    data = make_dataset("circle", 200, noise=0.1)
    first, rest = data.split(0.3, shift=1.0)
    assert (len(first), len(rest)) == (60, 140)
    assert first.X[:, 0].max() <= rest.X[:, 0].min()
    assert first.X[:, 0].max() == np.sort(data.X[:, 0])[59]


@given(
    shift=st.floats(0, 1),
    share=st.floats(0.05, 0.95),
    n=st.integers(2, 60),
    name=st.sampled_from(["circle", "rings", "sine"]),
)
def test_no_point_is_lost_and_each_keeps_its_label(
    shift: float, share: float, n: int, name: str
) -> None:
    data = make_dataset(name, n, noise=0.3, seed=1)
    first, rest = data.split(share, shift=shift)
    assert len(first) == len(data.split(share)[0])
    assert sorted(rows(first) + rows(rest)) == sorted(rows(data))
    # Both parts keep the order of the data, which is random.
    order = {row: at for at, row in enumerate(rows(data))}
    for part in (first, rest):
        places = [order[row] for row in rows(part)]
        assert places == sorted(places)


def test_more_shift_moves_the_parts_further_apart() -> None:
    data = make_dataset("gaussians", 4000, noise=0.2)
    gaps = []
    for shift in (0.0, 0.25, 0.5, 0.75, 1.0):
        first, rest = data.split(0.5, shift=shift)
        gaps.append(rest.X[:, 0].mean() - first.X[:, 0].mean())
    assert gaps == sorted(gaps)
    assert abs(gaps[0]) < 0.3 < gaps[1]


def test_the_truth_at_a_point_is_the_same_in_both_parts() -> None:
    """A covariate shift: where both parts have points, the labels are as the posterior says."""
    data = make_dataset("gaussians", 100_000, noise=0.5, seed=2)
    for part in data.split(0.5, shift=0.4):
        truth = part.posterior(part.X)[:, 1]
        # Among the points that the posterior gives some chance, that share bears the label.
        for low in (0.1, 0.3, 0.5, 0.7):
            chosen = (truth >= low) & (truth < low + 0.2)
            assert chosen.sum() > 500
            error = np.sqrt(0.25 / chosen.sum())
            assert part.y[chosen].mean() == pytest.approx(truth[chosen].mean(), abs=4 * error)


def test_each_replica_of_a_fleet_is_cut_by_its_own_places() -> None:
    fleet = make_dataset("moons").sample_fleet(40, 3, np.random.default_rng(0))
    first, rest = fleet.split(0.5, shift=0.8)
    for replica in range(3):
        alone = Dataset(fleet.X[replica], fleet.y[replica], fleet.generator)
        for whole, part in zip((first, rest), alone.split(0.5, shift=0.8), strict=True):
            np.testing.assert_array_equal(whole.X[replica], part.X)
            np.testing.assert_array_equal(whole.y[replica], part.y)


def test_soft_labels_go_with_their_points() -> None:
    data = make_dataset("moons", 20, noise=0.3)
    soft = Dataset(data.X, data.posterior(data.X))
    for part, known in zip(soft.split(0.5, shift=1.0), data.split(0.5, shift=1.0), strict=True):
        np.testing.assert_array_equal(part.X, known.X)
        np.testing.assert_array_equal(part.y, data.posterior(known.X))


@pytest.mark.parametrize("shift", [-0.1, 1.1, float("nan"), "half"])
def test_a_shift_that_is_not_allowed(shift: object) -> None:
    with pytest.raises(ParameterError, match="shift"):
        make_dataset("moons", 20).split(0.5, shift=shift)  # type: ignore[arg-type]
