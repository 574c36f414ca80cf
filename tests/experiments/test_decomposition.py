"""Squared error taken apart, against closed forms and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.tree import DecisionTreeRegressor

from nbtutor.engine import ParameterError
from nbtutor.experiments import decompose, split_variance

Array = np.ndarray
SIGMA = 0.7

unit = st.floats(0, 1)


@settings(max_examples=60)
@given(arrays(float, (5, 7), elements=unit), arrays(float, 7, elements=unit))
def test_the_parts_of_a_probability_sum_to_the_error_over_both_labels(q: Array, p: Array) -> None:
    found = decompose(q, p, p * (1 - p))
    # The label is 1 with probability p, and else 0.
    error = (p * (1 - q) ** 2 + (1 - p) * q**2).mean()
    assert found.expected_error == pytest.approx(error, abs=1e-12)
    total = found.bias2 + found.variance + found.noise
    assert total == pytest.approx(error, abs=1e-12)
    assert found.bias2_unbiased + found.variance_unbiased + found.noise == pytest.approx(error)
    by_hand = [np.mean([(q[r, i] - q[:, i].mean()) ** 2 for r in range(5)]) for i in range(7)]
    np.testing.assert_allclose(found.variance_at, by_hand, atol=1e-12)
    np.testing.assert_allclose(found.bias2_at, (p - q.mean(axis=0)) ** 2, atol=1e-12)


def least_squares(rng: np.random.Generator, replicas: int, wrong: bool) -> tuple[Array, ...]:
    """Fits of a line to a fixed design, and what theory says of them at that design.

    With the hat matrix H = X (X'X)^-1 X': bias (I - H) f, variance sigma² diag(H).
    """
    x = np.linspace(-1, 1, 12)
    truth = 1 + 2 * x + (1.5 * x**2 if wrong else 0)
    X = np.column_stack([np.ones_like(x), x])
    hat = X @ np.linalg.inv(X.T @ X) @ X.T
    y = truth + SIGMA * rng.standard_normal((replicas, len(x)))
    return y @ hat.T, truth, (truth - hat @ truth) ** 2, SIGMA**2 * np.diag(hat)


@pytest.mark.parametrize("wrong", [False, True])
def test_least_squares_has_the_bias_and_variance_of_theory(wrong: bool) -> None:
    replicas = 20_000
    q, truth, bias2, variance = least_squares(np.random.default_rng(1), replicas, wrong)
    found = decompose(q, truth, SIGMA**2)
    # A variance from R normal draws has the relative standard error sqrt(2 / R); here 1 %.
    np.testing.assert_allclose(found.variance_at, variance, rtol=0.05)
    np.testing.assert_allclose(found.bias2_at, bias2, atol=5 * np.sqrt(variance / replicas).max())
    assert found.variance_unbiased == pytest.approx(variance.mean(), rel=0.02)
    assert found.bias2_unbiased == pytest.approx(bias2.mean(), abs=3e-3)
    assert found.noise == pytest.approx(SIGMA**2)
    assert found.expected_error == pytest.approx(
        bias2.mean() + variance.mean() + SIGMA**2, rel=0.01
    )


def test_random_designs_have_the_variance_of_theory() -> None:
    """At a point x, for n normal rows of d inputs: sigma² x'x / (n - d - 1) (Wishart's mean)."""
    rng = np.random.default_rng(2)
    n, d, replicas = 12, 3, 4000
    beta, points = rng.normal(size=d), rng.normal(size=(5, d))
    predictions = []
    for _ in range(replicas):
        X = rng.normal(size=(n, d))
        y = X @ beta + SIGMA * rng.normal(size=n)
        predictions.append(points @ np.linalg.lstsq(X, y, rcond=None)[0])
    found = decompose(predictions, points @ beta, SIGMA**2)
    expected = SIGMA**2 * (points**2).sum(axis=1) / (n - d - 1)
    np.testing.assert_allclose(found.variance_at, expected, rtol=0.12)
    assert found.bias2_unbiased == pytest.approx(0, abs=4 * expected.mean() / np.sqrt(replicas))


def test_the_unbiased_parts_are_right_on_average_with_few_replicas() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(3000):
        q, truth, bias2, variance = least_squares(rng, 3, wrong=True)
        found.append(decompose(q, truth, SIGMA**2))
    mean_variance, mean_bias2 = variance.mean(), bias2.mean()
    for name, expected in (
        ("variance_unbiased", mean_variance),
        ("bias2_unbiased", mean_bias2),
        ("variance", mean_variance * 2 / 3),
        ("bias2", mean_bias2 + mean_variance / 3),
    ):
        values = np.array([getattr(one, name) for one in found])
        doubt = 4 * values.std() / np.sqrt(len(values))
        assert values.mean() == pytest.approx(expected, abs=doubt), name


def test_a_bootstrap_is_taken_apart_as_its_definition_says() -> None:
    """Loss, bias and variance of bagged trees by their definition, point by point.

    Against labels as they are (a bootstrap knows no truth), the average squared loss is bias² plus
    variance, as in Raschka's mlxtend: loss mean (q - y)², bias² (mean q - y)², variance.
    """
    rng = np.random.default_rng(4)
    X = rng.uniform(-2, 2, (80, 1))
    y = np.sin(3 * X[:, 0]) + 0.2 * rng.normal(size=80)
    X_train, y_train, X_test, y_test = X[:50], y[:50], X[50:], y[50:]
    predictions = []
    for _ in range(40):
        rows = rng.integers(0, 50, 50)
        tree = DecisionTreeRegressor(random_state=0).fit(X_train[rows], y_train[rows])
        predictions.append(tree.predict(X_test))
    losses = [np.mean((q - y_test) ** 2) for q in predictions]
    main = np.mean(predictions, axis=0)
    found = decompose(predictions, y_test, 0.0)
    assert found.expected_error == pytest.approx(np.mean(losses), rel=1e-12)
    assert found.bias2 == pytest.approx(np.mean((main - y_test) ** 2), rel=1e-12)
    spreads = [np.mean((main - q) ** 2) for q in predictions]
    assert found.variance == pytest.approx(np.mean(spreads), rel=1e-12)


def test_variance_is_split_as_it_was_put_together() -> None:
    """Known effects of variance 0.5 (data), 0.2 (weights) and 0.1 (interaction)."""
    rng = np.random.default_rng(5)
    D, W, tries = 4, 3, 4000
    a = np.sqrt(0.5) * rng.normal(size=(D, 1, tries))
    b = np.sqrt(0.2) * rng.normal(size=(1, W, tries))
    c = np.sqrt(0.1) * rng.normal(size=(D, W, tries))
    found = split_variance(
        3 + a + b + c
    )  # each try is one point: the mean over points is over tries
    assert found.data == pytest.approx(0.5, rel=0.06)
    assert found.weights == pytest.approx(0.2, rel=0.09)
    assert found.interaction == pytest.approx(0.1, rel=0.06)
    assert found.total == pytest.approx(0.8, rel=0.05)
    assert found.given_data == pytest.approx(found.weights + found.interaction)


def test_one_table_is_split_as_analysis_of_variance_does() -> None:
    """The table and the sums of squares by the textbook's sums, not by deviations."""
    q = np.random.default_rng(6).normal(size=(3, 5))
    D, W = q.shape
    correction = q.sum() ** 2 / q.size
    ss_data = (q.sum(axis=1) ** 2).sum() / W - correction
    ss_weights = (q.sum(axis=0) ** 2).sum() / D - correction
    ss_rest = (q**2).sum() - correction - ss_data - ss_weights
    ms_data, ms_weights = ss_data / (D - 1), ss_weights / (W - 1)
    ms_rest = ss_rest / ((D - 1) * (W - 1))
    found = split_variance(q[:, :, None])
    assert found.data == pytest.approx((ms_data - ms_rest) / W)
    assert found.weights == pytest.approx((ms_weights - ms_rest) / D)
    assert found.interaction == pytest.approx(ms_rest)


@pytest.mark.parametrize(
    ("predictions", "truth", "noise", "named"),
    [
        ([[0.1, 0.2]], [0, 1], 0, "predictions"),
        ([0.1, 0.2], [0, 1], 0, "predictions"),
        ([[0.1, np.nan], [0, 1]], [0, 1], 0, "predictions"),
        ([["a", "b"], ["c", "d"]], [0, 1], 0, "predictions"),
        ([[0.1, 0.2], [0, 1]], [0, 1, 1], 0, "truth"),
        ([[0.1, 0.2], [0, 1]], [0, 1], [0.1], "noise"),
        ([[0.1, 0.2], [0, 1]], [0, 1], -0.1, "noise"),
    ],
)
def test_what_does_not_fit_is_refused(
    predictions: object, truth: object, noise: object, named: str
) -> None:
    with pytest.raises(ParameterError, match=f"^{named} must be"):
        decompose(predictions, truth, noise)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 3, 4), (3, 1, 4), (3, 4), (2, 2, 0)])
def test_a_design_that_cannot_be_split_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"^predictions must be of shape"):
        split_variance(np.zeros(shape))
