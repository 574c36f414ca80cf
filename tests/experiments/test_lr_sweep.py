"""A sweep is what networks trained one by one give, and tells which rate diverged when."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import (
    Dataset,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    copies,
    make_dataset,
)
from nbtutor.experiments import Cancelled, LearningRateSweep, begin_sweep, lr_sweep

TRAIN, VALIDATION = make_dataset("moons", 120, 0.2, seed=1).split(0.5)


def line() -> tuple[Network, Dataset]:
    """A network without an upper bound on its loss: linear, and data far from the origin."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2)) * 50
    return Network((2, 6, 6, 1), "linear", seed=2), Dataset(X, rng.integers(0, 2, 40))


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_every_rate_is_the_run_of_a_single_network(momentum: float) -> None:
    network = Network((2, 5, 4, 1), ["relu", "tanh"], seed=3)
    config = TrainingConfig(batch_size=16, momentum=momentum, l2=0.01)
    result = lr_sweep(
        network, TRAIN, VALIDATION, count=5, low=0.01, high=1, epochs=12, config=config, seed=7
    )
    np.testing.assert_allclose(result.rates, [10**-2, 10**-1.5, 10**-1, 10**-0.5, 1])
    for place, rate in enumerate(result.rates):
        alone = Trainer(
            copies(network), TRAIN, VALIDATION, replace(config, learning_rate=float(rate)), 7
        )
        alone.run(epochs=12)
        np.testing.assert_allclose(
            result.losses[:, place], alone.history.train_loss[:, 0], rtol=2e-3
        )
        np.testing.assert_allclose(
            result.validation_losses[:, place], alone.history.validation_loss[:, 0], rtol=2e-3
        )
    assert result.best_rate == result.rates[np.argmin(result.final_losses)]


def test_the_network_is_left_alone() -> None:
    network = Network((2, 4, 1), replicas=2)
    before = network.parameters.flat.copy()
    result = lr_sweep(network, TRAIN, count=3, epochs=2)
    np.testing.assert_array_equal(network.parameters.flat, before)
    assert len(set(result.losses[0])) == 1  # the same start
    assert np.isnan(result.validation_losses).all()


def test_divergence_is_told_with_its_update() -> None:
    network, data = line()
    result = lr_sweep(network, data, rates=[1e-6, 1.0, 10.0], epochs=6)
    assert result.diverged.tolist() == [False, True, True]
    assert result.best == 0
    assert result.worse_than_start.tolist()[1:] == [True, True]
    for place in (1, 2):
        rate = float(result.rates[place])
        alone = Trainer(copies(network), data, config=TrainingConfig(rate))
        alone.run(epochs=6)
        (divergence,) = alone.divergences
        assert result.diverged_at[place] == divergence.update
        assert np.isnan(result.losses[divergence.epoch :, place]).all()
        assert np.isfinite(result.losses[: divergence.epoch, place]).all()


def test_all_may_diverge() -> None:
    network, data = line()
    counts: list[tuple[int, int]] = []
    result = lr_sweep(
        network,
        data,
        rates=[10.0, 100.0],
        epochs=19,
        progress=lambda done, total: counts.append((done, total)),
    )
    assert counts == [(10, 19), (19, 19)]
    assert result.best is None
    assert result.best_rate is None
    assert result.losses.shape == (20, 2)
    assert result.worse_than_start.all()
    result.figure().savefig(io.BytesIO(), format="png")


def test_cancelled_and_resumed_it_is_the_same() -> None:
    network = Network((2, 4, 1))
    calls: list[tuple[int, int]] = []

    def stop_soon(done: int, total: int) -> bool:
        calls.append((done, total))
        return done < 20

    whole = lr_sweep(network, TRAIN, count=4, epochs=35)
    with pytest.raises(Cancelled) as cancelled:
        lr_sweep(network, TRAIN, count=4, epochs=35, progress=stop_soon)
    assert calls == [(10, 35), (20, 35)]
    calls.clear()
    resumed = lr_sweep(
        network,
        TRAIN,
        count=4,
        epochs=35,
        resume=cancelled.value.partial,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(30, 35), (35, 35)]
    np.testing.assert_array_equal(resumed.losses, whole.losses)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"rates": []}, "rates"),
        ({"rates": 0.1}, "rates"),
        ({"rates": [0.1, 0.0]}, r"rates\[1\]"),
        ({"rates": [0.1, float("nan")]}, r"rates\[1\]"),
        ({"count": 1}, "count"),
        ({"low": 0.0}, "low"),
        ({"low": 1.0, "high": 0.1}, "high"),
        ({"epochs": 0}, "epochs"),
        ({"resume": 3}, "resume"),
        ({"config": {"l2": 1}}, "config"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, object], name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}"):
        lr_sweep(Network((2, 3, 1)), TRAIN, **settings)  # type: ignore[arg-type]


@settings(max_examples=15)
@given(
    rates=st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=5),
    activation=st.sampled_from(["relu", "tanh", "linear"]),
)
def test_any_rates_give_a_result(rates: list[float], activation: str) -> None:
    """Every rate ends finite or is told to have diverged."""
    result = lr_sweep(Network((2, 3, 1), activation), TRAIN, rates=rates, epochs=3)
    np.testing.assert_array_equal(np.isfinite(result.final_losses), ~result.diverged)


def test_the_figure_shows_the_curves_and_the_u() -> None:
    network, data = line()
    result: LearningRateSweep = lr_sweep(network, data, rates=[1e-7, 1e-5, 1e-4, 10.0], epochs=5)
    curves, u, *_ = result.figure().axes
    drawn = [np.asarray(curve.get_ydata()) for curve in curves.lines]
    for losses, shown in zip(result.losses.T, drawn, strict=False):
        np.testing.assert_array_equal(shown, losses)
    by_label = {str(curve.get_label()): curve for curve in u.lines}
    np.testing.assert_array_equal(by_label["training"].get_ydata(), result.final_losses)
    np.testing.assert_array_equal(by_label["diverged"].get_xdata(), [10.0])
    assert f"best: {result.best_rate:.2g}" in by_label


def test_outcomes_by_the_numbers() -> None:
    """Slow below the best rate, too high above it, and nine tenths of the best gain for enough."""
    result = LearningRateSweep(
        rates=np.array([0.01, 0.1, 0.2, 0.3, 1.0, 2.0, 3.0]),
        epochs=np.array([0, 1]),
        losses=np.array([[1.0] * 7, [0.5, 0.19, 0.1, 0.2, 0.9, 1.1, np.nan]]),
        validation_losses=np.full((2, 7), np.nan),
        diverged_at=np.array([np.nan] * 6 + [12]),
    )
    assert result.outcomes == (
        *("slow", "converged", "converged", "too high", "too high", "diverged", "diverged"),
    )


def test_outcomes_where_all_diverged_or_nothing_was_won() -> None:
    network, data = line()
    assert set(lr_sweep(network, data, rates=[10.0, 100.0], epochs=9).outcomes) == {"diverged"}
    flat = LearningRateSweep(
        rates=np.array([0.1, 1.0]),
        epochs=np.array([0, 1]),
        losses=np.ones((2, 2)),
        validation_losses=np.full((2, 2), np.nan),
        diverged_at=np.full(2, np.nan),
    )
    assert flat.outcomes == ("converged", "converged")


def test_a_sweep_in_portions_is_the_same() -> None:
    network, rates = Network((2, 4, 1)), [0.01, 0.1, 1.0]
    trainer = begin_sweep(network, TRAIN, rates=rates, seed=3)
    while trainer.epoch < 8:
        trainer.run(updates=1)
    portions = lr_sweep(network, TRAIN, rates=rates, epochs=8, resume=trainer)
    whole = lr_sweep(network, TRAIN, rates=rates, epochs=8, seed=3)
    np.testing.assert_array_equal(portions.losses, whole.losses)
