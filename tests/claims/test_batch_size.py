"""Every sentence of lesson 09 that says what happens, with the set-up that the lesson ships."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from nbtutor import BatchSizeTutor
from nbtutor.experiments import gradient_noise, replay_update
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.batch_size.scaling_rule import SCALED, WARM, ScalingResult, ScalingRule
from nbtutor.widgets.tutors.batch_size.size_race import EPOCHS, SizeRace, SizesResult
from nbtutor.widgets.tutors.batch_size.spike_detective import SpikeDetective
from nbtutor.widgets.tutors.batch_size.width_sweep import WidthResult, WidthSweep
from nbtutor.widgets.tutors.tutor import Experiment
from tests.claims.share import SEEDS, count, said

pytestmark = pytest.mark.slow
LESSON = "09-batch-size.ipynb"


def shipped(seed: int) -> RunSettings:
    """The lesson's settings."""
    return RunSettings(**{**BatchSizeTutor.DEFAULTS, "seed": seed})


def run(experiment: Experiment) -> Experiment:
    while (progress := experiment.progress)[0] < progress[1]:
        experiment.advance(10.0)
    return experiment


@cache
def sizes(seed: int) -> SizesResult:
    return run(SizeRace(shipped(seed))).result  # type: ignore[no-any-return]


@cache
def detective(seed: int) -> SpikeDetective:
    return run(SpikeDetective(shipped(seed)))  # type: ignore[return-value]


@cache
def scaling(seed: int) -> ScalingResult:
    return run(ScalingRule(shipped(seed))).result  # type: ignore[no-any-return]


@cache
def widths(seed: int) -> WidthResult:
    return run(WidthSweep(shipped(seed))).result  # type: ignore[no-any-return]


def the_spread_falls_with_the_batch(seed: int) -> tuple[bool, str]:
    spreads = sizes(seed).spreads
    return bool((np.diff(spreads) < 0).all()), " ".join(f"{s:.3f}" for s in spreads)


def the_spread_follows_the_law(seed: int) -> tuple[bool, str]:
    result = sizes(seed)
    ratios = result.spreads[1:4] / result.law[1:4]
    assert result.sizes[1:4].tolist() == [4, 16, 64]
    near = (np.abs(ratios - 1) < 0.3).all()
    return bool(near), " ".join(f"{ratio:.2f}" for ratio in ratios)


def the_gradient_follows_the_law(seed: int) -> tuple[bool, str]:
    trainer = detective(seed)._trainer
    noise = gradient_noise(trainer.network, trainer.train, draws=100, seed=seed)
    return -0.55 < noise.slope < -0.45, f"power {noise.slope:.3f}"


def the_full_batch_ends_highest(seed: int) -> tuple[bool, str]:
    ends = sizes(seed).losses[-1]
    return bool(ends[-1] > ends[:-1].max()), " ".join(f"{end:.3f}" for end in ends)


def one_epoch_of_single_points_is_enough(seed: int) -> tuple[bool, str]:
    losses = sizes(seed).losses
    return bool(losses[1, 0] < losses[-1, -1]), f"{losses[1, 0]:.3f}, all {losses[-1, -1]:.3f}"


@cache
def culprits(seed: int) -> list[tuple[bool, float, float, float]]:
    """Of each spike: is a point mislabelled, their share of the loss, all points' loss."""
    found = []
    work = detective(seed)
    for place in work.result.spikes:
        culprit = work.investigate(int(work.result.updates[place]))
        replay = culprit.replay
        wrong = bool(culprit.wrong.any())
        found.append((wrong, culprit.share, replay.loss_before, replay.loss_after))
    return found


def highest(seed: int) -> tuple[bool, float, float, float]:
    result = detective(seed).result
    return culprits(seed)[int(result.losses[result.spikes].argmax())]


def spikes_have_mislabelled_points(seed: int) -> tuple[bool, str]:
    found = [wrong for wrong, *_ in culprits(seed)]
    return bool(np.mean(found) >= 0.8), f"{sum(found)} of {len(found)} spikes"


def mislabelled_points_make_the_highest_spike(seed: int) -> tuple[bool, str]:
    share = highest(seed)[1]
    return share > 0.5, f"{share:.0%} of the loss"


def a_spike_hardly_moves_the_whole(seed: int) -> tuple[bool, str]:
    *_, before, after = highest(seed)
    return abs(after / before - 1) < 0.1, f"{before:.3f} to {after:.3f}"


def spikes_are_steps_back_more_often(seed: int) -> tuple[bool, str]:
    work, rng = detective(seed), np.random.default_rng(seed)
    at_spikes = float(np.mean([after > before for *_, before, after in culprits(seed)]))
    late = np.arange(len(work.result.updates) // 2, len(work.result.updates))
    others = rng.choice(np.setdiff1d(late, work.result.spikes), 30, replace=False)
    replays = [replay_update(work._trainer, int(work.result.updates[place])) for place in others]
    elsewhere = float(np.mean([r.loss_after > r.loss_before for r in replays]))
    # By a tenth at least: of some ten spikes a share is no finer.
    return at_spikes > elsewhere + 0.1, f"{at_spikes:.0%} at spikes, {elsewhere:.0%} elsewhere"


def closed(seed: int, k: int, way: str = SCALED) -> float:
    result = scaling(seed)
    return float(result.closed(way)[result.factors.tolist().index(k)])


def the_rule_works_at_8(seed: int) -> tuple[bool, str]:
    share = closed(seed, 8)
    return share > 0.8, f"{share:.0%}"


def the_rule_breaks_at_64(seed: int) -> tuple[bool, str]:
    at_8, at_64 = closed(seed, 8), closed(seed, 64)
    return at_64 < at_8, f"{at_8:.0%} at 8, {at_64:.0%} at 64"


def a_warm_up_helps_at_64(seed: int) -> tuple[bool, str]:
    warm, alone = closed(seed, 64, WARM), closed(seed, 64)
    return warm > alone, f"{warm:.0%} with it, {alone:.0%} without"


def a_large_batch_generalises_worse(seed: int) -> tuple[bool, str]:
    result = scaling(seed)
    gaps = np.median(result.gaps(SCALED), axis=1)
    large = float(gaps[result.factors.tolist().index(16)])
    return large > gaps[0], f"gap {gaps[0]:.3f} at k = 1, {large:.3f} at k = 16"


def the_widest_fits_best(seed: int) -> tuple[bool, str]:
    ends = widths(seed).losses[-1]
    return bool(ends[-1] < ends[0]), f"{ends[0]:.3f} narrow, {ends[-1]:.4f} wide"


def the_widest_has_the_larger_gap(seed: int) -> tuple[bool, str]:
    result = widths(seed)
    gaps = result.validation_losses[-1] - result.losses[-1]
    return bool(gaps[-1] > gaps[0]), f"{gaps[0]:.3f} narrow, {gaps[-1]:.3f} wide"


def the_widest_is_calmer(seed: int) -> tuple[bool, str]:
    spreads = widths(seed).spreads
    return bool(spreads[-1] < spreads[0]), f"{spreads[0]:.3f} narrow, {spreads[-1]:.3f} wide"


RELIABLE = [
    (the_spread_falls_with_the_batch, r"fell at each larger batch in (\d+) of 20"),
    (the_spread_follows_the_law, r"within 30 % of the dashed line in (\d+) of 20"),
    (the_gradient_follows_the_law, r"between \$-0.45\$ and \$-0.55\$ in (\d+) of 20"),
    (the_full_batch_ends_highest, r"above that of every smaller batch in (\d+) of 20"),
    (one_epoch_of_single_points_is_enough, r"where the full batch ended in (\d+) of 20"),
    (spikes_have_mislabelled_points, r"mislabelled point in their batch in (\d+) of 20"),
    (mislabelled_points_make_the_highest_spike, r"more than half of the loss in (\d+) of 20"),
    (a_spike_hardly_moves_the_whole, r"less than a tenth in (\d+) of 20"),
    (the_rule_works_at_8, r"at \$k = 8\$ it closed.*?in (\d+) of 20"),
    (the_rule_breaks_at_64, r"closed less well at \$k = 64\$.*?in (\d+) of 20"),
    (the_widest_fits_best, r"lower training loss than the narrowest in (\d+) of 20"),
    (the_widest_has_the_larger_gap, r"larger gap to the validation loss in (\d+) of 20"),
    (the_widest_is_calmer, r"than that of the narrowest in (\d+) of 20"),
]
UNRELIABLE = [
    (spikes_are_steps_back_more_often, r"ten percentage points or more, in only (\d+) of 20"),
    (a_warm_up_helps_at_64, r"ended lower than the rule alone in only (\d+) of 20"),
    (a_large_batch_generalises_worse, r"larger than at \$k = 1\$ in (\d+) of 20"),
]


@pytest.mark.parametrize(("claim", "words"), RELIABLE, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.timeout(600)
def test_a_claim_holds(claim, words: str) -> None:  # type: ignore[no-untyped-def]
    """And the lesson says how often. Rounding may move one seed of 20 on another processor."""
    held = count(claim)
    assert held >= 18
    assert abs(said(LESSON, words) - held) <= 1


@pytest.mark.parametrize(("claim", "words"), UNRELIABLE, ids=lambda v: getattr(v, "__name__", ""))
@pytest.mark.timeout(600)
def test_what_is_said_to_be_unreliable_is_so(claim, words: str) -> None:  # type: ignore[no-untyped-def]
    """Such seeds are near ties, so rounding may move two of 20."""
    held = count(claim)
    assert held <= 14
    assert abs(said(LESSON, words) - held) <= 2


def test_the_shares_that_the_lesson_names() -> None:
    """One point in twenty is mislabelled, hence about one batch of 4 in five."""
    wrong = np.mean([detective(seed).mislabelled.mean() for seed in range(SEEDS)])
    assert wrong == pytest.approx(0.05, abs=0.01)
    assert 1 - (1 - wrong) ** 4 == pytest.approx(0.2, abs=0.03)
    result = widths(0)
    assert round(float(result.ratios[-1])) == 138
    assert (EPOCHS, EPOCHS * 256) == (20, 5120)


def test_the_lesson_runs_with_the_settings_that_are_claimed_about() -> None:
    tutor = BatchSizeTutor()
    try:
        assert tutor.settings == shipped(BatchSizeTutor.DEFAULTS["seed"])
    finally:
        tutor.close()
