"""Every sentence of lesson 08 that says what happens, with the set-up that the lesson ships."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nbtutor import LearningRateTutor
from nbtutor.experiments import lr_range_test, lr_sweep
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.learning_rate.experiments import (
    EPOCHS,
    RATES,
    OptimizerRace,
    RateSweep,
    ScheduleRace,
)
from tests.claims.share import count, said

pytestmark = pytest.mark.slow
LESSON = "08-learning-rate.ipynb"


def shipped(seed: int, **changes: object) -> RunSettings:
    """The lesson's settings."""
    return RunSettings(**{**LearningRateTutor.DEFAULTS, **changes, "seed": seed})


@cache
def sweep(seed: int, momentum: float = 0.0) -> RateSweep:
    made = RateSweep(shipped(seed, momentum=momentum))
    made.advance(3600.0)
    return made


def last_losses(race: ScheduleRace | OptimizerRace) -> dict[str, float]:
    while race.progress[0] < EPOCHS:
        race.advance(0.01)
    return {name: float(np.median(losses[-1])) for name, losses in race.result.items()}


def the_best_rate_lies_in_between(seed: int) -> tuple[bool, str]:
    result = sweep(seed).result
    assert result.best is not None
    return 0 < result.best < len(RATES) - 1, f"best rate {result.best_rate:.2g}"


def the_smallest_rate_has_not_arrived(seed: int) -> tuple[bool, str]:
    result = sweep(seed).result
    start, slow, best = (
        result.losses[0, 0],
        result.final_losses[0],
        np.nanmin(result.final_losses),
    )
    share = (start - slow) / (start - best)
    return share < 1 / 3, f"it went {share:.0%} of the way of the best"


def momentum_has_a_lower_best_rate(seed: int) -> tuple[bool, str]:
    without, with_it = sweep(seed).result.best_rate, sweep(seed, 0.9).result.best_rate
    assert without is not None
    assert with_it is not None
    return with_it < without, f"{without:.2g} without, {with_it:.2g} with"


def the_rate_at_the_lowest_loss_is_unsafe(seed: int) -> tuple[bool, str]:
    settings = shipped(seed)
    data = settings.make_data()
    train, validation = data.split(settings.train_share)
    network = settings.make_network(data)
    tenth = lr_range_test(network, train, validation, seed=seed).suggestions["minimum"]
    assert tenth is not None
    ended = lr_sweep(
        *(network, train),
        rates=[tenth, 10 * tenth],
        epochs=EPOCHS,
        config=settings.training,
        seed=seed,
    ).final_losses
    # A rate that diverges has no loss at all.
    return not ended[1] <= ended[0], f"the tenth {ended[0]:.3f}, the rate itself {ended[1]:.3f}"


def cosine_loses_at_a_low_rate(seed: int) -> tuple[bool, str]:
    ended = last_losses(ScheduleRace(shipped(seed)))
    return ended["cosine"] > ended["constant"], f"{ended['cosine']:.3f} {ended['constant']:.3f}"


def cosine_wins_at_a_high_rate(seed: int) -> tuple[bool, str]:
    ended = last_losses(ScheduleRace(shipped(seed, learning_rate=0.3)))
    return ended["cosine"] < ended["constant"], f"{ended['cosine']:.3f} {ended['constant']:.3f}"


def the_safe_rate_of_adam_is_slow(seed: int) -> tuple[bool, str]:
    ended = last_losses(OptimizerRace(shipped(seed)))
    return ended["Adam 3e-4"] > ended["SGD"], f"{ended['Adam 3e-4']:.3f} {ended['SGD']:.3f}"


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (the_best_rate_lies_in_between, r"best rate lies in between.*?did in (\d+) of 20"),
        (the_smallest_rate_has_not_arrived, None),
        (momentum_has_a_lower_best_rate, r"best rate is lower: it was in (\d+) of 20"),
        (
            the_rate_at_the_lowest_loss_is_unsafe,
            r"ended worse than the tenth of it in (\d+) of 20",
        ),
        (cosine_loses_at_a_low_rate, r"ended above the constant rate in (\d+) of 20"),
        (cosine_wins_at_a_high_rate, r"cosine ended below the constant rate in (\d+) of 20"),
        (the_safe_rate_of_adam_is_slow, r"ended above plain SGD at 0.03 in (\d+) of 20"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.timeout(600)
def test_a_claim_holds(claim, words: str | None) -> None:  # type: ignore[no-untyped-def]
    """And the lesson says how often. Rounding may move one seed of 20 on another processor."""
    held = count(claim)
    assert held >= 18
    if words is not None:
        assert abs(said(LESSON, words) - held) <= 1


def test_the_lesson_runs_with_the_settings_that_are_claimed_about() -> None:
    tutor = LearningRateTutor()
    try:
        assert tutor.settings == replace(shipped(0))
    finally:
        tutor.close()
