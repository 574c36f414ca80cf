"""Bias and variance of fleets, against networks trained one by one, and of sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import (
    Generator,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    make_dataset,
)
from nbtutor.engine.random import stream
from nbtutor.experiments import (
    BiasVarianceResult,
    Cancelled,
    bias_variance,
    bias_variance_sweep,
)

QUICK: dict[str, Any] = {"hidden": (4,), "n_train": 30, "epochs": 20, "n_test": 200, "side": 5}


@pytest.fixture(scope="module")
def result() -> BiasVarianceResult:
    return bias_variance(hidden=(4,), n_train=40, replicas=12, epochs=60, n_test=400, side=12)


def test_the_three_parts_sum_to_the_error_over_both_labels(result: BiasVarianceResult) -> None:
    p, q = result.test.posterior(result.test.X)[:, 1], result.predictions
    error = (p * (1 - q) ** 2 + (1 - p) * q**2).mean()
    assert result.expected_error == pytest.approx(error, abs=1e-12)
    parts = result.bias2 + result.variance + result.noise
    assert parts == pytest.approx(result.expected_error, abs=1e-12)
    assert result.noise == pytest.approx((p * (1 - p)).mean())
    unbiased = result.bias2_unbiased + result.variance_unbiased + result.noise
    assert unbiased == pytest.approx(result.expected_error, abs=1e-12)
    assert result.errors.mean() == pytest.approx(result.expected_error)


@pytest.mark.parametrize("dataset", ["moons", "gaussians", "circle", "xor"])
def test_the_error_on_drawn_labels_agrees_with_the_posterior(dataset: str) -> None:
    found = bias_variance(dataset, **{**QUICK, "n_test": 4000}, replicas=6)
    by_point = ((found.test.y - found.predictions) ** 2).mean(axis=0)
    assert found.measured_error == pytest.approx(by_point.mean())
    error = by_point.std(ddof=1) / np.sqrt(4000)
    assert found.measured_standard_error == pytest.approx(error)
    assert abs(found.measured_error - found.expected_error) < 4 * error


def test_every_network_is_the_one_trained_alone_on_its_draw(result: BiasVarianceResult) -> None:
    for replica in (0, 7):
        train = Generator("moons", 0.3).sample(40, stream(0, "training draw", replica))
        np.testing.assert_array_equal(result.train.X[replica], train.X)
        fleet = Network((2, 4, 1), replicas=replica + 1)
        alone = Network((2, 4, 1))
        alone.parameters.flat[0] = fleet.parameters.flat[replica]
        Trainer(alone, train, config=TrainingConfig(learning_rate=0.3)).run(epochs=60)
        expected = alone.predict_proba(result.test.X)[0, :, 1]
        np.testing.assert_allclose(result.predictions[replica], expected, atol=1e-4)


def test_the_maps_are_made_from_the_networks_and_the_truth(result: BiasVarianceResult) -> None:
    row, column = 3, 8
    point = [[result.axis[column], result.axis[row]]]
    truth = result.test.posterior(np.array(point))[0, 1]
    field = result.fields[:, row, column].astype(float)
    assert result.truth_map[row, column] == pytest.approx(truth)
    assert result.mean_map[row, column] == pytest.approx(field.mean())
    assert result.bias2_map[row, column] == pytest.approx((field.mean() - truth) ** 2)
    assert result.variance_map[row, column] == pytest.approx(np.mean((field - field.mean()) ** 2))
    assert result.noise_map[row, column] == pytest.approx(truth * (1 - truth))
    assert (result.axis[0], result.axis[-1]) == (-6, 6)


def test_more_replicas_keep_the_first_ones() -> None:
    few, many = (bias_variance(**QUICK, replicas=r) for r in (3, 5))
    np.testing.assert_allclose(many.predictions[:3], few.predictions, atol=1e-5)


def test_the_design_crosses_data_with_initial_weights() -> None:
    crossed = bias_variance(**{**QUICK, "epochs": 0}, replicas=6, weight_draws=3)
    # Before any training only the initial weights count, and they return with every draw.
    table = crossed.predictions.reshape(2, 3, -1)
    np.testing.assert_array_equal(table[0], table[1])
    assert np.abs(table[0, 0] - table[0, 1]).max() > 0.01
    X = crossed.train.X.reshape(2, 3, 30, 2)
    assert (X[:, :1] == X).all()
    assert (X[0] != X[1]).any()
    assert crossed.split is not None
    spread = table[0].var(axis=0, ddof=1).mean()
    assert crossed.split.weights == pytest.approx(spread)
    assert crossed.split.data == pytest.approx(0, abs=1e-12)
    assert crossed.split.interaction == pytest.approx(0, abs=1e-12)


def test_the_split_sums_to_the_variance_of_independent_networks() -> None:
    setting: dict[str, Any] = {**QUICK, "epochs": 60}
    crossed = bias_variance(**setting, replicas=800, weight_draws=20, seed=1)
    free = bias_variance(**setting, replicas=800, seed=2)
    assert crossed.variance_unbiased == pytest.approx(free.variance_unbiased, rel=0.15)
    parts = crossed.bias2_unbiased + crossed.variance_unbiased + crossed.noise
    assert parts == pytest.approx(crossed.expected_error)
    assert crossed.split is not None
    # A network with the same initial weights on all draws varies by data and interaction.
    by_weights = crossed.predictions.reshape(40, 20, -1).var(axis=0, ddof=1).mean()
    assert crossed.split.data + crossed.split.interaction == pytest.approx(by_weights)


def test_a_line_has_more_bias_and_less_variance_than_a_network() -> None:
    line = bias_variance(hidden=(), replicas=20)
    net = bias_variance(hidden=(8, 8), replicas=20)
    assert line.bias2_unbiased > 5 * net.bias2_unbiased
    assert line.variance_unbiased < net.variance_unbiased / 3


def test_linear_regression_has_the_bias_and_variance_of_least_squares() -> None:
    """Trained to the end on all points at once, a linear network is the least-squares fit.

    Given its points, the fit at x has the variance sigma² x' (X'X)^-1 x and no bias, because the
    true values lie on a plane.
    """
    sigma, replicas = 0.5, 200
    found = bias_variance(
        "plane",
        hidden=(),
        n_train=20,
        replicas=replicas,
        epochs=1500,
        noise=sigma,
        batch_size=20,
        learning_rate=0.04,
        n_test=300,
        side=5,
    )
    test = np.column_stack([np.ones(300), found.test.X])
    np.testing.assert_allclose(found.truth, found.test.X.sum(axis=1) / 12)
    variances = []
    for r in range(replicas):
        X = np.column_stack([np.ones(20), found.train.X[r]])
        fit, *_ = np.linalg.lstsq(X, found.train.y[r], rcond=None)
        np.testing.assert_allclose(found.predictions[r], test @ fit, atol=1e-3)
        variances.append(sigma**2 * np.sum(test @ np.linalg.inv(X.T @ X) * test, axis=1))
    theory = np.mean(variances)
    assert found.noise == pytest.approx(sigma**2)
    # Three coefficients from 200 fits: the relative standard error is about sqrt(2 / 600).
    assert found.variance_unbiased == pytest.approx(theory, rel=0.25)
    assert found.bias2_unbiased == pytest.approx(0, abs=4 * theory / replicas)
    assert found.expected_error == pytest.approx(sigma**2 + theory, rel=0.05)
    assert abs(found.measured_error - found.expected_error) < 4 * found.measured_standard_error


@pytest.mark.parametrize("dataset", ["sine", "multi_gaussian"])
def test_regression_is_taken_apart_as_classes_are(dataset: str) -> None:
    found = bias_variance(dataset, **QUICK, replicas=6, weight_draws=2, noise=0.2)
    assert found.regression
    np.testing.assert_allclose(found.truth, found.test.generator.mean(found.test.X))  # type: ignore[union-attr]
    drawn = make_dataset(dataset, 30, 0.2).sample(30, stream(0, "training draw", 1))
    np.testing.assert_array_equal(found.train.y[2], drawn.y)  # two networks a draw
    assert found.noise == pytest.approx(0.04)
    assert found.bias2 + found.variance + found.noise == pytest.approx(found.expected_error)
    error = np.mean((found.truth - found.predictions) ** 2) + 0.04
    assert found.expected_error == pytest.approx(error)
    np.testing.assert_allclose(found.noise_map, 0.04)
    corner = found.test.generator.mean([[-6, -6]])[0]  # type: ignore[union-attr]
    assert found.truth_map[0, 0] == pytest.approx(corner)


def test_more_than_two_classes_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"^dataset must be a data set with two classes"):
        bias_variance("rings")


def test_without_noise_nothing_is_unavoidable() -> None:
    found = bias_variance("gaussians", **QUICK, replicas=4, noise=0.0)
    assert bias_variance("xor", **QUICK, replicas=4, noise=0.0).noise < 1e-3
    assert found.noise < 0.01  # the clouds always have a spread


def test_progress_cancels_and_resume_goes_on_from_there() -> None:
    whole = bias_variance(**{**QUICK, "epochs": 25}, replicas=3)
    heard: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> bool:
        heard.append((done, total))
        return done < 20

    with pytest.raises(Cancelled) as cancelled:
        bias_variance(**{**QUICK, "epochs": 25}, replicas=3, progress=stop)
    assert heard == [(10, 25), (20, 25)]
    partial = cancelled.value.partial
    with pytest.raises(ParameterError, match=r"^resume must be"):
        bias_variance(**{**QUICK, "epochs": 26}, replicas=3, resume=partial)
    resumed = bias_variance(
        **{**QUICK, "epochs": 25},
        replicas=3,
        resume=partial,
        progress=lambda *counts: heard.append(counts),
    )
    assert heard[2:] == [(25, 25)]
    np.testing.assert_array_equal(resumed.predictions, whole.predictions)


def test_networks_that_diverge_are_counted() -> None:
    found = bias_variance(**QUICK, replicas=3, activation="relu", learning_rate=1e6, l2=10.0)
    assert found.diverged == 3
    assert np.isfinite(found.predictions).all()


@pytest.mark.slow
def test_a_sweep_over_l2_trades_variance_for_bias() -> None:
    sweep = bias_variance_sweep(
        "l2", [0.0, 0.01, 0.1], hidden=(8, 8), n_train=50, replicas=30, side=2
    )
    assert (np.diff(sweep.variance_unbiased) < 0).all()
    assert sweep.bias2_unbiased[2] > 5 * sweep.bias2_unbiased[0]
    parts = sweep.bias2 + sweep.variance + sweep.noise
    np.testing.assert_allclose(parts, sweep.expected_error, atol=1e-12)
    assert sweep.best == 1
    assert sweep.as_good == (1,)
    alone = bias_variance(hidden=(8, 8), n_train=50, replicas=30, side=2, l2=0.01)
    assert sweep.expected_error[1] == alone.expected_error
    assert sweep.bias2_unbiased[1] == alone.bias2_unbiased
    np.testing.assert_array_equal(sweep.errors[1], alone.errors)
    error = np.std(alone.errors, ddof=1) / np.sqrt(30)
    assert sweep.standard_error[1] == pytest.approx(error)


def test_a_cancelled_sweep_goes_on_from_the_next_value() -> None:
    values = [(2,), (3,), (4,)]
    quick = {name: value for name, value in QUICK.items() if name != "hidden"}
    with pytest.raises(Cancelled) as cancelled:
        bias_variance_sweep("hidden", values, **quick, progress=lambda done, total: done < 2)
    heard: list[tuple[int, int]] = []
    resumed = bias_variance_sweep(
        "hidden",
        values,
        **quick,
        resume=cancelled.value.partial,
        progress=lambda *counts: heard.append(counts),
    )
    assert heard == [(3, 3)]
    whole = bias_variance_sweep("hidden", values, **quick)
    np.testing.assert_array_equal(resumed.expected_error, whole.expected_error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "moon"),
        ("hidden", 8),
        ("hidden", (0,)),
        ("n_train", 1),
        ("replicas", 1),
        ("replicas", 1001),
        ("epochs", -1),
        ("noise", 0.6),
        ("activation", "tan"),
        ("n_test", 1),
        ("side", 1),
        ("seed", -1),
        ("weight_draws", 1),
        ("weight_draws", 4),
        ("weight_draws", 6),
        ("learning_rate", -1),
        ("learning_rate", (0.1, 0.2)),
        ("resume", "yes"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(name: str, value: object) -> None:
    arguments: dict[str, Any] = {**QUICK, "replicas": 6, name: value}
    with pytest.raises(ParameterError, match=f"^{name} must be"):
        bias_variance(**arguments)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(TypeError, match="unknown setting 'rate'"):
        bias_variance(rate=0.1)


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("parameter", {"parameter": "seed"}),
        ("values", {"values": [(8,)]}),
        ("hidden", {"hidden": (8,)}),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(named: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=f"^{named} must be"):
        bias_variance_sweep(**arguments)


@settings(max_examples=10)
@given(
    dataset=st.sampled_from(["moons", "xor", "gaussians", "circle"]),
    hidden=st.lists(st.integers(1, 6), max_size=3),
    n_train=st.integers(2, 40),
    replicas=st.integers(2, 6),
    epochs=st.integers(0, 15),
    noise=st.floats(0, 0.5),
    dropout=st.floats(0, 0.9),
    batch_size=st.integers(1, 50),
    seed=st.integers(0, 10**6),
)
def test_any_setting_has_parts_that_sum(replicas: int, **arguments: Any) -> None:
    found = bias_variance(replicas=replicas, **arguments, n_test=50, side=3)
    parts = found.bias2 + found.variance + found.noise
    assert parts == pytest.approx(found.expected_error, abs=1e-9)
    assert min(found.bias2, found.variance, found.noise) >= 0
    assert found.predictions.shape == (replicas, 50)
