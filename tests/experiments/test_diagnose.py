"""The four kinds of fit, on cases with known answers and on real runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from nbtutor.engine import ParameterError
from nbtutor.experiments import Cancelled, Situation, Thresholds, diagnose, diagnose_run

LN2 = float(np.log(2))
SEEDS = np.array([-0.01, 0.0, 0.01])


@pytest.mark.parametrize(
    ("train", "validation", "floor", "verdict"),
    [
        (0.60, 0.62, 0.0, "underfit"),
        (0.60, 0.90, 0.0, "underfit"),  # high and apart: what to mend first
        (0.05, 0.40, 0.0, "overfit"),
        (0.10, 0.13, 0.0, "good"),
        (0.10, 0.09, 0.0, "good"),  # below by less than the luck of the draw
        (0.30, 0.20, 0.0, "unknown"),
        (0.60, 0.40, 0.0, "unknown"),
        (0.45, 0.46, 0.0, "underfit"),
        (0.45, 0.46, 0.4, "good"),  # the same losses where no less can be had
        (0.10, 0.19, 0.0, "good"),
        (0.10, 0.19, 0.3, "overfit"),  # and a gap counts for more there
    ],
)
def test_known_answers(train: float, validation: float, floor: float, verdict: str) -> None:
    result = diagnose(train + SEEDS, validation + SEEDS, floor=floor)
    assert result.verdict == verdict
    assert result.train_loss == pytest.approx(train)
    assert result.validation_loss == pytest.approx(validation)
    assert result.gap == pytest.approx(validation - train)
    assert result.gap_half_width == pytest.approx(0, abs=1e-12)  # seed by seed it is the same


def test_the_sentence_has_the_numbers() -> None:
    train, validation = np.array([0.10, 0.12, 0.14]), np.array([0.30, 0.36, 0.33])
    gap = validation - train
    width = stats.t.ppf(0.975, 2) * stats.sem(gap)
    result = diagnose(train, validation)
    assert result.gap_half_width == pytest.approx(width)
    assert result.sentence.startswith(
        f"Overfitting: validation loss is 0.21 ± {width:.2f} above training loss, "
        "and training loss is 0.12 ± 0.05."
    )


def test_what_is_within_the_spread_is_told() -> None:
    narrow = diagnose(np.full(5, 0.1), np.linspace(0.39, 0.41, 5))
    wide = diagnose(np.full(5, 0.1), np.linspace(0.0, 0.8, 5))
    assert narrow.verdict == wide.verdict == "overfit"
    assert narrow.certain
    assert not wide.certain
    assert "Another verdict is possible" in wide.sentence
    alone = diagnose([0.1], [0.4])
    assert not alone.certain
    assert "One seed alone" in alone.sentence


def test_thresholds_can_be_argued_with() -> None:
    train, validation = 0.2 + SEEDS, 0.4 + SEEDS
    assert diagnose(train, validation).verdict == "overfit"
    assert diagnose(train, validation, thresholds=Thresholds(gap=0.5)).verdict == "good"
    assert diagnose(train, validation, thresholds=Thresholds(high=0.1)).verdict == "underfit"
    just = diagnose(train, validation, chance=1, floor=0.1, thresholds=Thresholds(0.1, 0.2, 0.3))
    assert (just.high_line, just.gap_line, just.below_line) == pytest.approx((0.19, 0.18, -0.27))


def test_of_curves_the_tail_counts_and_the_turn_is_named() -> None:
    epochs = np.arange(101)[:, None]
    train = 0.7 * np.exp(-epochs / 20) + 0.01 * SEEDS
    validation = 0.3 + 0.4 * np.exp(-epochs / 20) + np.maximum(epochs - 60, 0) * 0.005 + SEEDS
    result = diagnose(train, validation, tail=10)
    assert result.verdict == "overfit"
    assert result.train_loss == pytest.approx(train[-10:].mean())
    assert result.best_epoch == 60
    assert "lowest at epoch 60" in result.sentence


finite = st.floats(allow_nan=False, allow_infinity=False)
losses = st.tuples(st.integers(1, 4), st.integers(1, 5))


@given(st.data(), losses)
def test_finite_losses_never_raise(data: st.DataObject, shape: tuple[int, int]) -> None:
    train, validation = (data.draw(arrays(np.float64, shape, elements=finite)) for _ in range(2))
    result = diagnose(train, validation)
    assert result.verdict in ("underfit", "overfit", "good", "unknown")
    assert result.sentence


RANK = {"unknown": 0, "good": 1, "overfit": 2}
loss = st.floats(0, 5)


@given(st.integers(1, 6), st.data(), st.floats(0, 3), st.floats(0, 0.6))
def test_more_validation_loss_never_turns_an_overfit_into_less(
    seeds: int, data: st.DataObject, rise: float, floor: float
) -> None:
    train, validation, where = (
        data.draw(arrays(np.float64, seeds, elements=e)) for e in (loss, loss, st.floats(0, 1))
    )
    before = diagnose(train, validation, floor=floor).verdict
    after = diagnose(train, validation + rise * where, floor=floor).verdict
    if before in ("overfit", "good") and after in RANK:
        assert RANK[after] >= RANK[before]
    if before == "overfit":
        assert after == "overfit"
    if before == "underfit":
        assert after == "underfit"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([0.1], [0.1, 0.2]), "validation_loss"),
        (([0.1, np.nan], [0.1, 0.2]), "train_loss"),
        (([0.1], ["a"]), "validation_loss"),
        (([], []), "train_loss"),
        ((np.zeros((2, 2, 2)), np.zeros((2, 2, 2))), "train_loss"),
        (([[1, 2], [3]], [1]), "train_loss"),
    ],
)
def test_losses_that_are_not_allowed(arguments: tuple[Any, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        diagnose(*arguments)


@pytest.mark.parametrize(
    "option",
    [{"chance": 0}, {"floor": LN2}, {"floor": -1}, {"tail": 0}, {"thresholds": 0.5}],
    ids=str,
)
def test_options_that_are_not_allowed(option: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(option))):
        diagnose([0.1], [0.2], **option)


OVERFIT = Situation()
UNDERFIT = Situation(dataset="circle", hidden=(), n_train=200, epochs=60)
GOOD = Situation(noise=0.1, n_train=300, epochs=100)


@pytest.mark.parametrize(
    ("situation", "verdict"), [(OVERFIT, "overfit"), (UNDERFIT, "underfit"), (GOOD, "good")]
)
def test_runs_of_a_known_kind(situation: Situation, verdict: str) -> None:
    for seed in range(3):
        result = diagnose_run(situation, seed=seed)
        assert result.verdict == verdict
        assert result.floor == situation.floor()


def test_a_run_reports_each_epoch_and_stops_when_asked() -> None:
    heard: list[tuple[int, int]] = []
    situation = replace(GOOD, epochs=4, n_train=20)
    result = diagnose_run(situation, seeds=2, progress=lambda *parts: heard.append(parts))
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert result.train_losses.shape == (5, 2)
    with pytest.raises(Cancelled):
        diagnose_run(situation, seeds=2, progress=lambda done, total: False)


def test_early_stopping_counts_at_its_epoch() -> None:
    result = diagnose_run(replace(OVERFIT, patience=10), seeds=4)
    assert result.train_losses.shape == (1, 4)
    assert result.gap < diagnose_run(OVERFIT, seeds=4).gap


def test_the_figure_shows_the_numbers() -> None:
    result = diagnose_run(replace(OVERFIT, epochs=30), seeds=4)
    figure = result.figure()
    curves, plane = figure.axes
    drawn = {line.get_label(): line.get_ydata() for line in curves.lines}
    np.testing.assert_allclose(drawn["training"], result.train_losses.mean(axis=1))
    np.testing.assert_allclose(drawn["validation"], result.validation_losses.mean(axis=1))
    x, y = plane.lines[0].get_data()
    assert (x[0], y[0]) == pytest.approx((result.train_loss, result.gap))
    assert figure.get_suptitle() == result.sentence
    assert len(diagnose([0.1, 0.2], [0.2, 0.3]).figure().axes) == 1
