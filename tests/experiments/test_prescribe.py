"""Remedies: what each changes, what they do, and that pairs are pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nbtutor.engine import ParameterError, TrainingConfig
from nbtutor.experiments import REMEDIES, Cancelled, Remedy, Situation, prescribe
from nbtutor.experiments.situation import run

QUICK = Situation(n_train=20, n_validation=100, hidden=(4,), epochs=10, spurious=1)
UNDERFIT = Situation(dataset="circle", hidden=(), n_train=100, epochs=60)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("more_data", {"n_train": 80, "epochs": 2}),
        ("augmentation", {"copies": 4, "epochs": 2}),
        ("fewer_inputs", {"spurious": 0}),
        ("more_units", {"hidden": (16,)}),
        ("fewer_units", {"hidden": (1,)}),
        ("train_longer", {"epochs": 40}),
        ("early_stopping", {"patience": 1}),
        ("l2", {"config": TrainingConfig(0.1, l2=0.01)}),
        ("l1", {"config": TrainingConfig(0.1, l1=0.002)}),
        ("dropout", {"config": TrainingConfig(0.1, dropout=0.2)}),
        ("smaller_batch", {"config": TrainingConfig(0.1, batch_size=2)}),
        ("larger_batch", {"config": TrainingConfig(0.1, batch_size=40)}),
        ("lower_rate", {"config": TrainingConfig(0.025)}),
        ("higher_rate", {"config": TrainingConfig(0.4)}),
    ],
)
def test_a_remedy_changes_what_it_says(name: str, expected: dict[str, Any]) -> None:
    assert REMEDIES[name].change(QUICK) == replace(QUICK, **expected)


def test_a_penalty_that_is_there_is_made_stronger_up_to_a_limit() -> None:
    for value, stronger in ((0.02, 0.06), (0.5, 1.0)):
        now = replace(QUICK, config=TrainingConfig(l2=value))
        changed = REMEDIES["l2"].change(now)
        assert changed is not None
        assert changed.config.l2 == pytest.approx(stronger)
    assert REMEDIES["dropout"].change(replace(QUICK, config=TrainingConfig(dropout=0.6))) is None


def test_every_remedy_runs_and_the_order_is_by_effect() -> None:
    result = prescribe(QUICK, replicas=3)
    assert sorted(result.names) == sorted(REMEDIES)
    assert (np.diff(result.effect) >= 0).all()
    assert result.validation_loss.shape == result.train_loss.shape == (14, 3)
    np.testing.assert_allclose(
        result.effect, (result.validation_loss - result.before_validation).mean(axis=1)
    )


def test_the_effect_is_that_of_pairs() -> None:
    result = prescribe(QUICK, remedies=["l2"], replicas=5, seed=3)
    before = run(QUICK, 5, seed=3)
    changed = REMEDIES["l2"].change(QUICK)
    assert changed is not None
    after = run(changed, 5, seed=3)
    expected = stats.ttest_rel(after.final_validation_loss, before.final_validation_loss)
    low, high = expected.confidence_interval()
    assert result.effect[0] - result.half_width[0] == pytest.approx(low)
    assert result.effect[0] + result.half_width[0] == pytest.approx(high)
    np.testing.assert_array_equal(result.before_validation, before.final_validation_loss)
    np.testing.assert_array_equal(result.train_loss[0], after.final_train_loss)


def test_what_does_nothing_here_is_skipped() -> None:
    result = prescribe(replace(UNDERFIT, epochs=2), replicas=2)
    assert set(result.skipped) == {"fewer_inputs", "fewer_units"}


def test_a_remedy_of_ones_own() -> None:
    none = Remedy("none", "Nothing is done.", lambda now: now)
    result = prescribe(QUICK, remedies={"none": none}, replicas=3)
    assert result.names == ("none",)
    assert result.effect[0] == result.half_width[0] == 0
    assert result.verdict("none") == "unclear"


@pytest.mark.slow
def test_an_overfit_is_cured_by_data_and_not_by_more_training() -> None:
    names = ["more_data", "early_stopping", "fewer_inputs", "train_longer", "l2"]
    result = prescribe(Situation(spurious=2), remedies=names)
    verdicts = {name: result.verdict(name) for name in names}
    assert verdicts.pop("train_longer") == "harms"
    assert set(verdicts.values()) == {"helps"}
    assert result.names[-1] == "train_longer"


def test_more_data_does_not_cure_high_bias() -> None:
    """The notes list it there; a net that can draw only a line needs units."""
    result = prescribe(UNDERFIT, remedies=["more_data", "more_units"])
    effect = dict(zip(result.names, result.effect, strict=True))
    assert result.names[0] == "more_units"
    assert effect["more_units"] < -0.3
    assert abs(effect["more_data"]) < 0.05


def test_cancelled_and_resumed_it_is_the_same() -> None:
    names = ["l2", "l1", "dropout"]
    heard: list[tuple[int, int]] = []

    def until_two(done: int, total: int) -> bool:
        heard.append((done, total))
        return done < 2

    with pytest.raises(Cancelled) as stopped:
        prescribe(QUICK, remedies=names, replicas=2, progress=until_two)
    assert heard == [(1, 4), (2, 4)]
    assert len(stopped.value.partial) == 2
    resumed = prescribe(QUICK, remedies=names, replicas=2, resume=stopped.value.partial)
    whole = prescribe(QUICK, remedies=names, replicas=2)
    assert resumed.names == whole.names
    np.testing.assert_array_equal(resumed.validation_loss, whole.validation_loss)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"situation": 3}, "situation"),
        ({"replicas": 1}, "replicas"),
        ({"remedies": ["l3"]}, "remedies"),
        ({"remedies": "l2"}, "remedies"),
        ({"remedies": {"a": 3}}, "remedies"),
        ({"situation": replace(QUICK, config=TrainingConfig(l2=(0.1, 0.2)))}, "l2"),
    ],
)
def test_what_is_not_allowed(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        prescribe(**options)


def test_the_figure_shows_every_remedy() -> None:
    result = prescribe(QUICK, replicas=3, remedies=["l2", "higher_rate", "more_units"])
    axes = result.figure().axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == [remedy.sentence for remedy in result.remedies]
    means = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(means, result.effect)
