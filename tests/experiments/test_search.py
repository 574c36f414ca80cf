"""The law of 59 draws, the plan of the rungs, and the searches over a measured surface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig
from nbtutor.experiments import (
    Cancelled,
    Surface,
    Task,
    draws_needed,
    halving_plan,
    hit_probability,
    measure_surface,
    search,
)
from nbtutor.experiments.search import _Fleet

SMALL = Task(n_train=30, n_validation=40, hidden=(4,), epochs=27)


def test_fifty_nine_draws() -> None:
    assert draws_needed() == 59
    assert hit_probability(59) >= 0.95 > hit_probability(58)
    assert hit_probability(59) == pytest.approx(1 - 0.95**59)


@given(st.floats(1e-3, 0.99), st.floats(0.01, 0.999))
def test_the_number_of_draws_is_the_least(share: float, confidence: float) -> None:
    n = draws_needed(share, confidence)
    assert hit_probability(n, share) >= confidence
    assert n == 1 or hit_probability(n - 1, share) < confidence


def test_the_law_by_counting() -> None:
    """All ways to draw two of ten with replacement, two of the ten good: 36 of 100 hit."""
    ways = [(a, b) for a in range(10) for b in range(10)]
    hits = sum(a < 2 or b < 2 for a, b in ways)
    assert hit_probability(2, 0.2) == pytest.approx(hits / 100)


def test_the_plan_by_hand() -> None:
    plan = [(rung.configurations, rung.epochs) for rung in halving_plan(9, 81)]
    assert plan == [(81, 3), (27, 9), (9, 27), (3, 81)]
    assert [(r.configurations, r.epochs) for r in halving_plan(5, 1)] == [(5, 1)]
    assert [r.epochs for r in halving_plan(4, 16, eta=2, rungs=3)] == [4, 8, 16]


@given(st.integers(1, 50), st.integers(1, 200), st.integers(2, 5), st.integers(1, 6))
def test_the_plan_keeps_to_the_budget_and_uses_it(
    budget: int, epochs: int, eta: int, rungs: int
) -> None:
    plan = halving_plan(budget, epochs, eta, rungs)
    ends = [0, *(rung.epochs for rung in plan)]
    cost = sum(
        rung.configurations * (end - start)
        for rung, start, end in zip(plan, ends[:-1], ends[1:], strict=True)
    )
    assert cost <= budget * epochs
    assert plan[0].configurations >= budget
    assert ends[-1] == epochs
    counts = [rung.configurations for rung in plan]
    assert counts == [max(counts[0] // eta**k, 1) for k in range(len(plan))]


@pytest.fixture(scope="module")
def surface() -> Surface:
    return measure_surface()


def test_a_cell_is_a_network_trained_with_its_settings() -> None:
    measured = measure_surface(SMALL, rates=5, l2s=4)
    train, validation = SMALL.data()
    for row, column in ((0, 0), (2, 3), (4, 1)):
        config = TrainingConfig(
            float(measured.learning_rates[row]),
            batch_size=SMALL.batch_size,
            l2=float(measured.l2s[column]),
        )
        trainer = Trainer(Network((2, 4, 1)), train, validation, config)
        trainer.run(epochs=SMALL.epochs)
        expected = trainer.history.validation_loss[-1, 0]
        assert measured.loss[row, column] == pytest.approx(expected, rel=1e-3)


def test_settings_are_even_on_a_logarithmic_scale() -> None:
    rates, l2s = SMALL.settings(np.array([[0, 0], [0.5, 0.5], [1, 1]]))
    np.testing.assert_allclose(rates, [0.01, np.sqrt(0.01 * 30), 30])
    np.testing.assert_allclose(l2s, [1e-7, np.sqrt(1e-11), 1e-4])


def test_the_best_cells_and_where_a_place_lies() -> None:
    loss = np.arange(60.0)[::-1].reshape(6, 10)
    made = Surface(SMALL, loss)
    assert made.good.sum() == 3
    assert made.good[5, 7:].all()
    rows, columns = made.cells(np.array([[0, 0], [0.999, 0.5], [1, 1]]))
    assert rows.tolist() == [0, 5, 5]
    assert columns.tolist() == [0, 5, 9]


def test_one_hyper_parameter_matters_and_the_other_hardly(surface: Surface) -> None:
    along_rate, along_l2 = (np.median(surface.loss, axis=axis) for axis in (1, 0))
    assert np.ptp(along_rate) > 10 * np.ptp(along_l2) > 0


def test_interrupted_training_goes_on_as_if_it_had_not_been() -> None:
    places = np.random.default_rng(0).random((6, 2)) * (0.6, 1)
    whole, part = _Fleet(SMALL, places), _Fleet(SMALL, places)
    whole.train(20)
    part.train(8)
    rows = np.array([4, 1])
    rest = part.survivors(rows, seed=9)
    rest.train(12)
    np.testing.assert_allclose(rest.loss(), whole.loss()[rows], rtol=1e-5)


def test_random_search_follows_the_law(surface: Surface) -> None:
    result = search(surface, repetitions=4000, halving_repetitions=2)
    share = surface.good.mean()
    assert share == 0.05
    np.testing.assert_allclose(result.law, 1 - (1 - share) ** result.draws)
    # Four standard deviations of a share over 4000 repetitions.
    assert np.abs(result.simulated - result.law).max() < 4 * 0.5 / np.sqrt(4000)
    assert result.simulated[58] > 0.93
    assert abs(result.hits["random"] - result.expected_hits) < 4 * 0.5 / np.sqrt(4000)
    assert result.expected_hits == pytest.approx(hit_probability(9, float(share)))


def test_random_beats_the_grid_on_the_same_budget(surface: Surface) -> None:
    for seed in range(5):
        result = search(surface, seed=seed, halving_repetitions=10)
        assert result.hits["random"] > result.hits["grid"] + 0.05
        assert result.hits["halving"] > result.hits["grid"]
        assert result.best["random"].mean() < result.best["grid"].mean()
        assert len(np.unique(result.picks["grid"][:, 0])) == 3
        assert len(np.unique(result.picks["random"][:, 0])) == 9


def test_every_grid_point_is_in_a_cell_of_its_own_and_shifted_at_random(surface: Surface) -> None:
    grids = [search(surface, seed=seed, halving_repetitions=1).picks["grid"] for seed in range(3)]
    for grid in grids:
        cells = np.floor(grid * 3).astype(int)
        assert len(np.unique(cells, axis=0)) == 9
        assert ((grid >= 0) & (grid < 1)).all()
    assert not np.allclose(grids[0], grids[1])


def test_the_winner_of_halving_is_the_best_of_those_trained_in_full() -> None:
    """With one configuration more than rungs, the race can be run by hand."""
    made = measure_surface(SMALL, rates=6, l2s=3)
    result = search(made, budget=4, halving_repetitions=1)
    places = result.picks["halving"]
    assert len(places) == result.rungs[0].configurations
    losses = {}
    left = np.arange(len(places))
    for number, rung in enumerate(result.rungs):
        fleet = _Fleet(SMALL, places)
        fleet.train(rung.epochs)
        losses = {int(k): fleet.loss()[k] for k in left}
        if number + 1 < len(result.rungs):
            keep = result.rungs[number + 1].configurations
            left = np.array(sorted(losses, key=losses.__getitem__)[:keep])
    winner = min(losses, key=losses.__getitem__)
    assert result.halving_loss[0] == pytest.approx(losses[winner], rel=1e-4)
    assert result.best["halving"][0] == made.loss[made.cells(places[winner])]


def test_cancelled_with_the_surface_done_it_is_not_measured_again() -> None:
    heard: list[tuple[int, int]] = []

    def stop_in_the_race(done: int, total: int) -> bool:
        heard.append((done, total))
        return done < 85

    with pytest.raises(Cancelled) as stopped:
        search(halving_repetitions=1, progress=stop_in_the_race)
    assert heard[-1] == (85, 162)
    result = search(halving_repetitions=1, resume=stopped.value.partial)
    again = search(halving_repetitions=1)
    np.testing.assert_array_equal(result.surface.loss, again.surface.loss)
    assert result.hits == again.hits


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"budget": 8}, "budget"),
        ({"budget": 0}, "budget"),
        ({"repetitions": 0}, "repetitions"),
        ({"halving_repetitions": 1000}, "halving_repetitions"),
        ({"seed": -1}, "seed"),
        ({"surface": 1}, "surface"),
    ],
)
def test_what_is_not_allowed(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        search(**options)


def test_what_a_task_and_a_surface_do_not_allow() -> None:
    for options in ({"learning_rate": (1, 0.1)}, {"l2": (0, 1)}, {"epochs": 0}, {"dataset": "m"}):
        with pytest.raises(ParameterError, match=next(iter(options))):
            replace(SMALL, **options)
    with pytest.raises(ParameterError, match="l2s"):
        measure_surface(SMALL, rates=100, l2s=50)
    with pytest.raises(ParameterError, match="share"):
        draws_needed(1.0)


def test_the_figure_shows_the_picks_and_the_law(surface: Surface) -> None:
    result = search(surface, halving_repetitions=2)
    figure = result.figure()
    maps, law = figure.axes[:3], figure.axes[3]
    for axes, name in zip(maps, ("grid", "random", "halving"), strict=True):
        assert len(axes.collections[0].get_offsets()) == len(result.picks[name])
        shadow = axes.lines[0].get_xdata()
        rates = result.surface.task.settings(result.picks[name])[0]
        np.testing.assert_allclose(shadow, np.log10(rates))
    np.testing.assert_array_equal(law.lines[0].get_ydata(), result.law)
    assert any("59 draws" in text.get_text() for text in law.texts)
    heights = [bar.get_height() for bar in figure.axes[4].patches]
    assert heights == [result.hits[name] for name in ("grid", "random", "halving")]
