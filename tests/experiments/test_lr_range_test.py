"""The range test against a loop written here, and its rules for stopping."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, ParameterError, TrainingConfig, copies, make_dataset
from nbtutor.engine.random import NumberedStream
from nbtutor.experiments import (
    SUGGESTIONS,
    Cancelled,
    LearningRateRangeTest,
    lr_range_test,
    lr_sweep,
    smooth,
)

TRAIN, VALIDATION = make_dataset("moons", 150, 0.2, seed=1).split(0.5)
CONFIG = TrainingConfig(batch_size=20)


def plain_loop(network: Network, rates: np.ndarray, seed: int) -> tuple[list[float], list[float]]:
    """Losses of the batches and accuracies on all validation points, each before its update."""
    net = copies(network)
    order = NumberedStream(seed, "batches")
    batches: list[np.ndarray] = []
    while len(batches) < len(rates):
        points = order.at(len(batches) // 4).permutation(len(TRAIN))
        batches += [points[start : start + 20] for start in range(0, 75, 20)]
    losses, accuracies = [], []
    for rate, batch in zip(rates, batches, strict=False):
        loss, gradients = net.loss_and_gradients(TRAIN.X[batch], TRAIN.y[batch])
        losses.append(float(loss[0]))
        accuracies.append(float((net.predict(VALIDATION.X)[0] == VALIDATION.y).mean()))
        net.parameters.flat -= rate * gradients.flat
    return losses, accuracies


@pytest.mark.parametrize("form", ["exponential", "linear"])
def test_it_is_one_update_with_each_rate(form: str) -> None:
    network = Network((2, 6, 1), seed=5, dtype="float64")
    result = lr_range_test(
        network, TRAIN, VALIDATION, form=form, low=0.01, high=1, updates=30, config=CONFIG, seed=3
    )
    expected = np.linspace(0.01, 1, 30) if form == "linear" else 10 ** np.linspace(-2, 0, 30)
    np.testing.assert_allclose(result.rates, expected)
    losses, accuracies = plain_loop(network, expected, seed=3)
    np.testing.assert_allclose(result.losses, losses, rtol=1e-9)
    np.testing.assert_allclose(result.accuracies, accuracies)
    assert result.stopped == ""


def test_the_defaults_are_those_of_the_two_forms() -> None:
    network = Network((2, 4, 1))
    exponential = lr_range_test(network, TRAIN, config=CONFIG)
    assert len(exponential.rates) == 100
    assert exponential.rates[[0, -1]] == pytest.approx([1e-7, 10])
    assert list(exponential.suggestions) == list(SUGGESTIONS)
    linear = lr_range_test(network, TRAIN, form="linear", config=CONFIG)
    assert linear.rates[0] == 0
    assert np.diff(linear.rates) == pytest.approx(linear.rates[1])
    assert linear.suggestions == {}


def test_the_smoothed_loss_is_the_weighted_mean_of_the_past() -> None:
    """In closed form: weights beta^(t - s) over those that were seen, which sum to one."""
    losses = np.random.default_rng(0).normal(size=40) + 2
    smoothed = smooth(losses)
    for t in range(40):
        weights = 0.98 ** np.arange(t, -1, -1.0)
        assert smoothed[t] == pytest.approx((weights * losses[: t + 1]).sum() / weights.sum())
    np.testing.assert_allclose(smooth(np.full(9, 3.0)), 3.0)
    np.testing.assert_allclose(smooth(losses, beta=0), losses)


def explosive() -> tuple[Network, Dataset]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) * 30
    return Network((2, 6, 6, 1), "linear", seed=2), Dataset(X, rng.integers(0, 2, 60))


def learns_first() -> tuple[Network, Dataset]:
    return Network((2, 8, 8, 1), "linear"), make_dataset("gaussians", 200, 0.2)


@pytest.mark.parametrize("case", [explosive, learns_first])
def test_it_stops_above_four_times_the_best(case: Callable[[], tuple[Network, Dataset]]) -> None:
    network, data = case()
    result = lr_range_test(network, data, high=1000, updates=200)
    assert result.stopped == "loss"
    assert len(result.rates) < 200
    if case is learns_first:
        assert result.smoothed.min() < 0.6 * result.smoothed[0]
        assert result.smoothed[-1] < 3 * result.smoothed[0]  # the best is not the first
    best = np.minimum.accumulate(result.smoothed)
    above = result.smoothed > 4 * best
    assert above[-1]
    assert not above[:-1].any()


def test_the_linear_form_goes_on_until_the_numbers_overflow() -> None:
    network, data = explosive()
    result = lr_range_test(network, data, form="linear", high=100, updates=50)
    assert result.stopped == "overflow"
    assert len(result.rates) == len(result.losses) == len(result.accuracies) < 50


def test_the_suggestions_leave_out_the_first_tenth_and_the_last_five() -> None:
    result = lr_range_test(Network((2, 6, 1), seed=5), TRAIN, config=CONFIG)
    for name, suggest in SUGGESTIONS.items():
        assert result.suggestions[name] == suggest(result.rates[10:-5], result.smoothed[10:-5])


def test_a_test_too_short_has_no_suggestion() -> None:
    result = lr_range_test(Network((2, 3, 1)), TRAIN, updates=4, run_epochs=2)
    assert set(result.suggestions.values()) == {None}
    assert result.sweep is None


def test_the_suggestions_are_run_for_real_from_the_same_start() -> None:
    network = Network((2, 6, 1), seed=5)
    before = network.parameters.flat.copy()
    result = lr_range_test(network, TRAIN, config=CONFIG, run_epochs=4, seed=2)
    np.testing.assert_array_equal(network.parameters.flat, before)
    assert result.sweep is not None
    rates = sorted({rate for rate in result.suggestions.values() if rate})
    assert result.sweep.rates.tolist() == rates
    expected = lr_sweep(network, TRAIN, rates=rates, epochs=4, config=CONFIG, seed=2)
    np.testing.assert_array_equal(result.sweep.losses, expected.losses)


def test_it_counts_its_updates_and_may_be_cancelled() -> None:
    calls: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> bool:
        calls.append((done, total))
        return done < 3

    with pytest.raises(Cancelled):
        lr_range_test(Network((2, 3, 1)), TRAIN, progress=stop)
    assert calls == [(1, 100), (2, 100), (3, 100)]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"form": "linera"}, "form"),
        ({"low": 0.0}, "low"),
        ({"low": -1.0, "form": "linear"}, "low"),
        ({"high": 1e-9}, "high"),
        ({"updates": 1}, "updates"),
        ({"run_epochs": -1}, "run_epochs"),
        ({"config": 3}, "config"),
        ({"seed": -1}, "seed"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, object], name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}"):
        lr_range_test(Network((2, 3, 1)), TRAIN, **settings)  # type: ignore[arg-type]


def test_the_figures_show_the_curve_and_the_suggestions() -> None:
    network = Network((2, 6, 1), seed=5)
    result: LearningRateRangeTest = lr_range_test(network, TRAIN, config=CONFIG, run_epochs=3)
    losses, real = result.figure().axes
    by_label = {str(curve.get_label()): curve for curve in losses.lines}
    np.testing.assert_array_equal(by_label["smoothed"].get_ydata(), result.smoothed)
    for name, rate in result.suggestions.items():
        assert rate is not None
        assert by_label[f"{name}: {rate:.2g}"].get_xdata() == [rate]
    assert len(real.lines) == 4
    assert len(lr_range_test(network, TRAIN, config=CONFIG).figure().axes) == 1
    linear = lr_range_test(network, TRAIN, form="linear", updates=20)
    (axes,) = linear.figure().axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), linear.accuracies)
