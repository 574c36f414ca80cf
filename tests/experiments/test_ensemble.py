"""Ensembles: the ambiguity decomposition, and the networks that are asked together."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.ensemble import BaggingRegressor

from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.experiments import Cancelled, EnsembleResult, ambiguity, ensemble

Array = np.ndarray
QUICK: dict[str, Any] = {"hidden": (4,), "members": 5, "n_train": 30, "epochs": 20, "n_test": 100}
number = st.floats(-3, 3)


@settings(max_examples=60)
@given(
    arrays(float, (4, 6), elements=number),
    arrays(float, 6, elements=number),
    arrays(float, 4, elements=st.floats(0.1, 5)),
)
def test_error_is_mean_error_less_diversity(q: Array, y: Array, weights: Array) -> None:
    found = ambiguity(q, y, weights)
    w = weights / weights.sum()
    together = np.array([sum(w[m] * q[m, i] for m in range(4)) for i in range(6)])
    assert found.error == pytest.approx(np.mean((y - together) ** 2), abs=1e-9)
    assert found.error == pytest.approx(found.mean_error - found.diversity, abs=1e-9)
    assert found.diversity >= 0
    np.testing.assert_allclose(found.errors, [np.mean((y - row) ** 2) for row in q], atol=1e-12)
    by_hand = sum(w[m] * np.mean((q[m] - together) ** 2) for m in range(4))
    assert found.diversity == pytest.approx(by_hand, abs=1e-9)


def test_the_ensemble_is_that_of_bagged_trees() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.uniform(-2, 2, (120, 1)), rng.normal(size=120)
    y += np.sin(3 * X[:, 0])
    bagged = BaggingRegressor(n_estimators=7, random_state=0).fit(X[:80], y[:80])
    members = [tree.predict(X[80:]) for tree in bagged.estimators_]
    found = ambiguity(members, y[80:])
    error = np.mean((bagged.predict(X[80:]) - y[80:]) ** 2)
    assert found.error == pytest.approx(error)
    assert found.mean_error - found.diversity == pytest.approx(error)


def test_a_member_of_weight_zero_does_not_count() -> None:
    q, y = np.array([[0.0, 1.0], [0.5, 0.5], [9.0, 9.0]]), np.array([0.0, 1.0])
    with_it, without = ambiguity(q, y, [1, 1, 0]), ambiguity(q[:2], y)
    assert with_it.error == without.error
    assert with_it.diversity == without.diversity


@pytest.fixture(scope="module")
def result() -> EnsembleResult:
    return ensemble(hidden=(4,), members=6, n_train=40, epochs=60, n_test=300)


def test_the_members_are_networks_trained_on_the_same_points(result: EnsembleResult) -> None:
    data = make_dataset("spiral", 40, 0.1)
    np.testing.assert_array_equal(result.train.X, data.X)
    net = Network((2, 4, 1), replicas=6)
    Trainer(net, data, config=TrainingConfig(learning_rate=0.3)).run(epochs=60)
    expected = net.predict_proba(result.test.X)[..., 1]
    np.testing.assert_allclose(result.predictions, expected, atol=1e-6)


def test_the_numbers_are_those_of_the_predictions(result: EnsembleResult) -> None:
    q, y = result.predictions, result.test.y
    together = q.mean(axis=0)
    assert result.error == pytest.approx(np.mean((y - together) ** 2))
    assert result.mean_error - result.diversity == pytest.approx(result.error, abs=1e-12)
    assert result.mean_error == pytest.approx(np.mean((y - q) ** 2))
    assert result.wrong == np.mean((together > 0.5) != y)
    np.testing.assert_allclose(result.wrong_members, [np.mean((r > 0.5) != y) for r in q])
    p = result.test.posterior(result.test.X)[:, 1]
    assert result.noise == pytest.approx(np.mean(p * (1 - p)))


def test_the_error_by_count_is_the_mean_over_all_choices(result: EnsembleResult) -> None:
    q, y = result.predictions, result.test.y
    for count in range(1, 7):
        chosen = [
            np.mean((y - q[list(members)].mean(axis=0)) ** 2)
            for members in combinations(range(6), count)
        ]
        assert result.error_by_count[count - 1] == pytest.approx(np.mean(chosen))
    assert result.error_by_count[0] == pytest.approx(result.mean_error)
    assert result.error_by_count[-1] == pytest.approx(result.error)


def test_a_bootstrap_makes_members_more_diverse() -> None:
    setting: dict[str, Any] = {"hidden": (6,), "members": 10, "n_train": 60, "noise": 0.3}
    plain, bagged = (ensemble("moons", **setting, bootstrap=b) for b in (False, True))
    assert bagged.diversity > 1.5 * plain.diversity
    np.testing.assert_array_equal(bagged.train.X, plain.train.X)


def test_a_resample_draws_whole_points_with_replacement() -> None:
    from nbtutor.experiments.ensemble import resampled

    data = make_dataset("moons", 200, 0.1)
    drawn = resampled(data, 3, seed=0)
    assert drawn.X.shape == (3, 200, 2)
    rows = {(*x, label) for x, label in zip(data.X.tolist(), data.y.tolist(), strict=True)}
    shares = []
    for X, y in zip(drawn.X.tolist(), drawn.y.tolist(), strict=True):
        got = {(*x, label) for x, label in zip(X, y, strict=True)}
        assert got <= rows
        shares.append(len(got) / len(rows))
    # A point is left out with probability (1 - 1/n)^n, about 1/e.
    assert np.mean(shares) == pytest.approx(1 - np.exp(-1), abs=0.05)


def test_progress_cancels_and_resume_goes_on_from_there() -> None:
    with pytest.raises(Cancelled) as cancelled:
        ensemble(**QUICK, progress=lambda done, total: False)
    resumed = ensemble(**QUICK, resume=cancelled.value.partial)
    np.testing.assert_array_equal(resumed.predictions, ensemble(**QUICK).predictions)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "moon"),
        ("hidden", 8),
        ("members", 1),
        ("n_train", 1),
        ("epochs", 0.5),
        ("bootstrap", 1),
        ("noise", 2),
        ("n_test", 0),
        ("seed", -1),
        ("dropout", 1),
        ("resume", 1),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(name: str, value: object) -> None:
    arguments: dict[str, Any] = {**QUICK, name: value}
    with pytest.raises(ParameterError, match=f"^{name} must be"):
        ensemble(**arguments)


@pytest.mark.parametrize(
    ("named", "arguments"),
    [
        ("predictions", ([1.0, 2.0], [1.0, 2.0])),
        ("targets", ([[1.0, 2.0]], [1.0])),
        ("weights", ([[1.0, 2.0]], [1.0, 1.0], [-1.0])),
        ("weights", ([[1.0, 2.0]], [1.0, 1.0], [0.0])),
        ("weights", ([[1.0, 2.0]], [1.0, 1.0], [1.0, 1.0])),
    ],
)
def test_parts_that_do_not_fit_are_refused(named: str, arguments: Any) -> None:
    with pytest.raises(ParameterError, match=f"^{named} must be"):
        ambiguity(*arguments)
