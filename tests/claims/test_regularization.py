"""Every sentence of lesson 14 that says what happens, with the set-up that the lesson ships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from nbtutor import RegularizationTutor
from nbtutor.experiments import REGULARIZERS, Prescription, prescribe
from nbtutor.experiments.situation import run
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.regularization.experiments import (
    Answer,
    EarlyStopping,
    LiveRemedies,
    Penalties,
    PenaltyResult,
)
from nbtutor.widgets.tutors.regularization.overfit import EPOCHS
from nbtutor.widgets.tutors.regularization.ranking import NETWORKS, RemedyRanking, situation_of
from nbtutor.widgets.tutors.tutor import Experiment
from tests.claims.share import SEEDS, count, said

pytestmark = pytest.mark.slow
LESSON = "14-regularise.ipynb"
SHIPPED = RegularizationTutor.DEFAULTS["seed"]

Claim = Callable[[int], tuple[bool, str]]


def shipped(seed: int, **changes: Any) -> RunSettings:
    """The lesson's settings."""
    return RunSettings(**{**RegularizationTutor.DEFAULTS, **changes, "seed": seed})


def played(work: Experiment) -> Any:
    while work.progress[0] < work.progress[1]:
        work.advance(3600.0)
    return work.result


@cache
def given_in_mid_run(seed: int, name: str, value: float) -> tuple[Answer, Answer]:
    """How the run stands at epoch 300, and 300 epochs after a remedy was given."""
    work = LiveRemedies(shipped(seed))
    before = played(work)
    assert work.take(shipped(seed, **{name: value}))
    after = played(work)
    assert (before.epoch, after.epoch) == (EPOCHS, 2 * EPOCHS)
    return before, after


def gaps(seed: int, name: str, value: float) -> tuple[bool, str]:
    _, after = given_in_mid_run(seed, name, value)
    return after.gap < after.bare_gap / 2, f"gap {after.gap:.2f}, without {after.bare_gap:.2f}"


def l2_halves_the_gap(seed: int) -> tuple[bool, str]:
    return gaps(seed, "l2", 0.03)


def l2_costs_training_loss(seed: int) -> tuple[bool, str]:
    before, after = given_in_mid_run(seed, "l2", 0.03)
    return after.train_loss > before.train_loss, f"{before.train_loss:.2f} {after.train_loss:.2f}"


def jitter_halves_the_gap(seed: int) -> tuple[bool, str]:
    return gaps(seed, "jitter", 1.0)


def dropout_halves_the_gap(seed: int) -> tuple[bool, str]:
    return gaps(seed, "dropout", 0.5)


def the_run_overfits(seed: int) -> tuple[bool, str]:
    losses = played(EarlyStopping(shipped(seed))).validation_loss
    return losses[-1] > 1.2 * losses.min(), f"lowest {losses.min():.2f}, last {losses[-1]:.2f}"


def the_noise_input_widens_the_gap(seed: int) -> tuple[bool, str]:
    found = played(LiveRemedies(shipped(seed, inputs=("x", "y", "noise"))))
    return found.gap > found.bare_gap, f"gap {found.gap:.2f}, without {found.bare_gap:.2f}"


def the_restored_weights_are_better(seed: int) -> tuple[bool, str]:
    found = played(EarlyStopping(shipped(seed)))
    stopped = found.stop_epoch > 0 and found.restored_loss < found.end_loss
    return stopped, f"restored {found.restored_loss:.2f}, at the end {found.end_loss:.2f}"


@cache
def penalties(seed: int) -> PenaltyResult:
    found: PenaltyResult = played(Penalties(shipped(seed)))
    return found


def l1_leaves_more_near_zero(seed: int) -> tuple[bool, str]:
    none, l1, l2 = penalties(seed).near_zero
    return l1 > l2, f"none {none:.0%}, L1 {l1:.0%}, L2 {l2:.0%}"


def l2_leaves_no_large_weight(seed: int) -> tuple[bool, str]:
    none, _, l2 = np.abs(penalties(seed).weights).max(axis=1)
    return l2 < none, f"largest {none:.2f} without a penalty, {l2:.2f} with L2"


# Of the ranking, the 20 seeds are its 20 networks: each has points and first weights of its own.


@cache
def ranking(seed: int = SHIPPED) -> Prescription:
    found: Prescription = played(RemedyRanking(shipped(seed)))
    return found


def lowered(name: str) -> Claim:
    def claim(seed: int) -> tuple[bool, str]:
        found = ranking()
        before = found.before_validation[seed]
        after = found.validation_loss[found.names.index(name), seed]
        return bool(after < before), f"{before:.2f} without, {after:.2f} with"

    claim.__name__ = name
    return claim


@cache
def validation_losses(**changes: Any) -> np.ndarray:
    situation = situation_of(shipped(SHIPPED))
    config = {n: v for n, v in changes.items() if n != "pretraining"}
    rest = {n: v for n, v in changes.items() if n == "pretraining"}
    changed = replace(situation, config=replace(situation.config, **config), **rest)
    return run(changed, NETWORKS, SHIPPED).final_validation_loss


def more_updates_with_a_small_batch_harm(seed: int) -> tuple[bool, str]:
    before, after = validation_losses()[seed], validation_losses(batch_size=2)[seed]
    return bool(after > before), f"{before:.2f} with 10, {after:.2f} with 2"


def pretraining_beats_the_low_rate(seed: int) -> tuple[bool, str]:
    new, tuned = validation_losses(learning_rate=0.01)[seed], validation_losses(pretraining=300)
    return bool(tuned[seed] < new), f"{new:.2f} new, {tuned[seed]:.2f} pretrained"


RELIABLE: list[tuple[Claim, str]] = [
    (the_run_overfits, r"above its lowest value in (\d+) of 20"),
    (l2_halves_the_gap, r"less than half of the gap after 300 more epochs in (\d+) of 20"),
    (l2_costs_training_loss, r"training loss rose in (\d+) of 20"),
    (jitter_halves_the_gap, r"jitter of 1 from epoch 300 on halved the gap in (\d+) of 20"),
    (l1_leaves_more_near_zero, r"than with L2 of 0.03 in (\d+) of 20"),
    (l2_leaves_no_large_weight, r"smaller than without a penalty in (\d+) of 20"),
    (the_restored_weights_are_better, r"than the weights at the end in (\d+) of 20"),
    (more_updates_with_a_small_batch_harm, r"raised the validation loss in (\d+) of 20"),
    (lowered("more_data"), r"with more data .*?in (\d+) of 20"),
    (lowered("augmentation"), r"with augmentation .*?in (\d+) of 20"),
    (lowered("pretraining"), r"with pretraining in (\d+) of 20"),
    (lowered("fewer_inputs"), r"with fewer inputs in (\d+) of 20"),
    (lowered("smaller_model"), r"with a smaller model .*?in (\d+) of 20"),
    (lowered("early_stopping"), r"with early stopping in (\d+) of 20"),
    (lowered("l1"), r"with L1 .*?in (\d+) of 20"),
    (lowered("l2"), r"with L2 \(0.1\) in (\d+) of 20"),
    # In the ranking that ships; over more networks it is not: see below.
    (lowered("smaller_batch"), r"with a smaller batch .*?in (\d+) of 20"),
]

UNRELIABLE: list[tuple[Claim, str]] = [
    (dropout_halves_the_gap, r"halved the gap in (\d+) of 20 seeds only"),
    (the_noise_input_widens_the_gap, r"it did in (\d+) of 20 seeds: one run tells you nothing"),
    (lowered("dropout"), r"with dropout \(half\) in (\d+) of 20"),
    (pretraining_beats_the_low_rate, r"it won in (\d+) of 20, which is not reliable"),
]


def name(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(("claim", "words"), RELIABLE, ids=name)
@pytest.mark.timeout(600)
def test_a_claim_holds(claim: Claim, words: str) -> None:
    """And the lesson says how often. Rounding may move one seed of 20 on another processor."""
    held = count(claim)
    assert held >= 18
    assert abs(said(LESSON, words) - held) <= 1


@pytest.mark.parametrize(("claim", "words"), UNRELIABLE, ids=name)
@pytest.mark.timeout(600)
def test_what_is_called_unreliable_is(claim: Claim, words: str) -> None:
    held = count(claim)
    assert held < 18
    assert abs(said(LESSON, words) - held) <= 1


def test_every_remedy_of_the_ranking_is_told_of() -> None:
    told = {name(claim) for claim, _ in RELIABLE + UNRELIABLE}
    assert set(REGULARIZERS) <= told


def shares(rankings: list[Prescription]) -> Counter[str]:
    """In how many networks of some rankings each remedy lowered the loss."""
    total: Counter[str] = Counter()
    for found in rankings:
        lower = (found.validation_loss < found.before_validation).sum(axis=1)
        total.update(dict(zip(found.names, lower.tolist(), strict=True)))
    return total


def test_more_data_comes_first() -> None:
    """Of the ranking that ships; the other nineteen are in the soak test."""
    assert ranking().names[0] == "more_data"


def share_said(remedy: str) -> int:
    return said(LESSON, rf"{remedy.replace('_', ' ')} in (\d+) % of 400")


@pytest.mark.parametrize("remedy", ["dropout", "smaller_batch"])
def test_the_shares_of_many_networks(remedy: str) -> None:
    """Of 100 networks; the 400 are in the soak test. The margin is two standard errors."""
    found = prescribe(
        situation_of(shipped(0)), remedies={remedy: REGULARIZERS[remedy]}, replicas=100, seed=0
    )
    share = shares([found])[remedy] / 100
    print(f"{remedy} lowered the loss of {share:.0%}")
    expected = share_said(remedy) / 100
    assert share == pytest.approx(expected, abs=2 * (expected * (1 - expected) / 100) ** 0.5)
    if remedy == "smaller_batch":
        assert share < 0.9


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_more_data_comes_first_in_twenty_rankings() -> None:
    rankings = [ranking(seed) for seed in range(SEEDS)]
    first = Counter(found.names[0] for found in rankings)
    total = shares(rankings)
    print(first, total)
    assert first["more_data"] >= 18
    assert abs(said(LESSON, r"came first in (\d+) of 20 rankings") - first["more_data"]) <= 1
    for remedy in ("dropout", "smaller_batch"):
        assert share_said(remedy) == pytest.approx(total[remedy] / 4, abs=1)


def test_the_lesson_runs_with_the_settings_that_are_claimed_about() -> None:
    tutor = RegularizationTutor()
    try:
        assert tutor.settings == shipped(SHIPPED)
    finally:
        tutor.close()
