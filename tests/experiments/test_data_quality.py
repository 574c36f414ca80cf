"""Faults planted by hand, confident learning by hand, and the folds against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KDTree
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbtutor.engine import ParameterError, make_dataset
from nbtutor.engine.faults import KINDS, plant_faults
from nbtutor.experiments import Cancelled, DataQuality, data_quality, score
from nbtutor.experiments.data_quality import (
    _deal,
    _range,
    confident_joint,
    cross_validate,
    near_pairs,
)

Array = np.ndarray


def planted() -> tuple[Array, Array, dict[str, Array]]:
    """Moons with faults in known rows."""
    data = make_dataset("moons", 300, 0.05, seed=1)
    X, y = data.X.copy(), data.y.copy()
    X[[10, 11]] = np.nan
    X[12, 1] = np.inf
    X[[13, 14], 0] = -999
    X[20, 0], X[21, 1], X[22] = 40.0, -30.0, (25, 25)
    y[30:42] = 1 - y[30:42]
    X = np.concatenate([X, X[[50, 60]], X[70:71] + 1e-9])
    y = np.concatenate([y, y[[50, 60, 70]]])
    truth = {
        "corrupted": np.arange(10, 15),
        "out_of_range": np.array([20, 21, 22]),
        "wrong_labels": np.arange(30, 42),
        "duplicates": np.array([300, 301, 302]),
    }
    return X, y, truth


@pytest.fixture(scope="module")
def found() -> DataQuality:
    X, y, _ = planted()
    return data_quality(X, y)


def test_what_was_planted_is_found(found: DataQuality) -> None:
    truth = planted()[2]
    for kind in ("corrupted", "out_of_range", "duplicates"):
        np.testing.assert_array_equal(found.flags[kind], truth[kind])
    scores = score(found.flags, truth)
    assert scores["duplicates"].f1 == 1
    assert scores["wrong_labels"].precision > 0.7
    assert scores["wrong_labels"].recall > 0.7
    assert found.accuracy > 0.9
    np.testing.assert_array_equal(found.pairs, [[50, 300], [60, 301], [70, 302]])


def test_rows_with_another_fault_are_left_out_of_the_folds(found: DataQuality) -> None:
    left_out = np.flatnonzero(np.isnan(found.probabilities).any(axis=1))
    expected = [found.flags[kind] for kind in ("corrupted", "out_of_range", "duplicates")]
    np.testing.assert_array_equal(left_out, np.sort(np.concatenate(expected)))
    kept = found.probabilities[~np.isnan(found.probabilities).any(axis=1)]
    np.testing.assert_allclose(kept.sum(axis=1), 1, rtol=1e-6)
    assert found.joint.sum() <= len(kept)


@pytest.mark.parametrize("dataset", ["moons", "circle", "gaussians", "rings"])
def test_what_the_engine_plants_is_found(dataset: str) -> None:
    """Means over draws; copies, codes and far values are found to the last but a few."""
    scores = []
    for seed in range(4):
        faulty = plant_faults(
            make_dataset(dataset, 400, 0.05, seed=seed),
            duplicates=0.05,
            corrupted=0.05,
            wrong_labels=0.1,
            out_of_range=0.05,
            seed=seed,
        )
        found = data_quality(faulty.data.X, faulty.data.y)
        scores.append(score(found.flags, faulty.faults, faulty.originals))
    least = {
        "duplicates": (0.99, 0.99),
        "corrupted": (0.99, 0.99),
        "out_of_range": (0.95, 0.8),  # twice the largest value is near the limit
        "wrong_labels": (0.85, 0.7),
    }
    for kind, (precision, recall) in least.items():
        assert np.mean([each[kind].precision for each in scores]) > precision, kind
        assert np.mean([each[kind].recall for each in scores]) > recall, kind


def test_clean_data_has_few_flags() -> None:
    data = make_dataset("moons", 300, 0.05, seed=4)
    result = data_quality(data.X, data.y)
    assert sum(len(rows) for rows in result.flags.values()) <= 3
    assert not result.imbalanced


def test_the_joint_by_hand() -> None:
    """Thresholds: class 0 (0.9 + 0.7 + 0.2) / 3 = 0.6; class 1 (0.8 + 0.3 + 0.7) / 3 = 0.6."""
    p1 = np.array([0.1, 0.3, 0.8, 0.8, 0.3, 0.7, 0.5])
    labels = np.array([0, 0, 0, 1, 1, 1, 1])
    # With the last row class 1's threshold is (0.8 + 0.3 + 0.7 + 0.5) / 4 = 0.575.
    joint, suspect = confident_joint(labels, np.column_stack([1 - p1, p1]))
    np.testing.assert_array_equal(joint, [[2, 1], [1, 2]])  # the last row is confident of nothing
    np.testing.assert_array_equal(suspect, [0, 0, 1, 0, 1, 0, 0])


def test_the_joint_of_three_classes_takes_the_most_probable_confident_class() -> None:
    probabilities = np.array(
        [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.45, 0.41, 0.14], [0.5, 0.45, 0.05]]
    )
    labels = np.array([0, 1, 2, 2, 1])
    # Thresholds 0.5, (0.6 + 0.45) / 2 = 0.525 and (0.6 + 0.14) / 2 = 0.37. Row 3 is confident of
    # nothing; row 4 is confident of class 0 and labelled 1.
    joint, suspect = confident_joint(labels, probabilities)
    np.testing.assert_array_equal(joint, [[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    np.testing.assert_array_equal(suspect, [0, 0, 0, 0, 1])


def test_the_folds_against_scikit_learn() -> None:
    """The same net in scikit-learn's folds suspects about the same labels."""
    data = make_dataset("moons", 300, 0.1, seed=2)
    rng = np.random.default_rng(0)
    wrong = rng.choice(300, 25, replace=False)
    y = data.y.copy()
    y[wrong] = 1 - y[wrong]
    ours = cross_validate(data.X, y, classes=2)
    learner = make_pipeline(
        StandardScaler(),
        MLPClassifier(
            (16, 16),
            activation="tanh",
            solver="sgd",
            learning_rate_init=0.1,
            batch_size=10,
            momentum=0,
            alpha=1e-2,  # scikit-learn divides by the batch size
            max_iter=150,
            n_iter_no_change=150,
            random_state=0,
        ),
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    with pytest.warns(Warning, match="Maximum iterations"):
        theirs = cross_val_predict(learner, data.X, y, cv=folds, method="predict_proba")
    assert np.corrcoef(ours[:, 1], theirs[:, 1])[0, 1] > 0.95
    first, second = (set(np.flatnonzero(confident_joint(y, p)[1])) for p in (ours, theirs))
    assert len(first & second) / len(first | second) > 0.7


def test_nothing_is_known_of_a_row_that_is_held_out() -> None:
    """Labels without any relation to the inputs cannot be foretold out of sample."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(400, 2)), rng.integers(0, 2, 400)
    probabilities = cross_validate(X, y, classes=2, epochs=400)
    assert abs((probabilities.argmax(axis=1) == y).mean() - 0.5) < 0.1


@given(st.integers(2, 6), st.integers(0, 100), st.lists(st.integers(0, 3), min_size=12))
def test_each_class_is_spread_evenly_over_the_folds(folds: int, seed: int, y: list[int]) -> None:
    labels = np.array(y)
    fold = _deal(labels, folds, np.random.default_rng(seed))
    sizes = np.bincount(fold, minlength=folds)
    assert np.ptp(sizes) <= 1
    for label in set(y):
        assert np.ptp(np.bincount(fold[labels == label], minlength=folds)) <= 1


def test_near_pairs_against_scikit_learn() -> None:
    X = np.random.default_rng(0).integers(0, 12, (150, 3)) / 4.0
    near = 0.3
    found = KDTree(X, metric="chebyshev").query_radius(X, near)
    expected = sorted((i, int(j)) for i, row in enumerate(found) for j in row if i < j)
    assert [tuple(pair) for pair in near_pairs(X, near).tolist()] == expected


def test_a_robust_range_against_a_normal_distribution() -> None:
    X = np.random.default_rng(0).normal(7, 3, (100_000, 2))
    X[:2000] = 1e6  # two in a hundred do not move it much
    center, width = _range(X)
    np.testing.assert_allclose(center, 7, atol=0.15)
    np.testing.assert_allclose(width, 3, rtol=0.05)


def test_a_column_of_which_most_is_one_value() -> None:
    X = np.zeros((100, 2))
    X[:20, 0] = np.linspace(-1, 1, 20)
    _, width = _range(X)
    assert width[0] == pytest.approx(1.2533 * np.abs(X[:, 0]).mean())
    assert width[1] == 1


def test_codes_are_told_from_far_values() -> None:
    data = make_dataset("gaussians", 200, 0.0, seed=0)
    X = data.X.copy()
    X[:4, 0] = 1234.5  # the same far value, over and over: a code that is on no list
    X[4, 0], X[5, 1] = 77.0, 999.0
    result = data_quality(X, data.y)
    np.testing.assert_array_equal(result.flags["corrupted"], [0, 1, 2, 3, 5])
    np.testing.assert_array_equal(result.flags["out_of_range"], [4])
    wide = np.random.default_rng(0).normal(0, 600, (200, 1))
    wide[0] = 999.0  # an ordinary number here
    assert not len(data_quality(wide, data.y).flags["corrupted"])


def test_imbalance() -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    y = np.array([3] * 80 + [7] * 20)
    result = data_quality(X, y)
    np.testing.assert_array_equal(result.classes, [3, 7])
    np.testing.assert_array_equal(result.counts, [80, 20])
    assert (result.imbalance, result.imbalanced) == (4, True)
    assert not data_quality(X, y, imbalance=5).imbalanced


def test_scores_against_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    flagged, true = rng.random(50) < 0.4, rng.random(50) < 0.3
    ours = score({"a": np.flatnonzero(flagged)}, {"a": np.flatnonzero(true)})["a"]
    theirs = precision_recall_fscore_support(true, flagged, average="binary")[:3]
    assert (ours.precision, ours.recall, ours.f1) == pytest.approx(theirs)
    assert (ours.planted, ours.flagged) == (true.sum(), flagged.sum())


def test_scores_at_the_ends() -> None:
    scores = score({"a": [1], "c": []}, {"b": [2], "c": []})
    assert (scores["a"].precision, scores["a"].recall, scores["a"].f1) == (0, 0, 0)
    assert (scores["b"].precision, scores["b"].recall, scores["b"].f1) == (0, 0, 0)
    assert (scores["c"].precision, scores["c"].recall, scores["c"].f1) == (1, 1, 1)


def test_a_pair_is_found_by_its_original_too() -> None:
    truth = {"duplicates": [5, 9]}
    flags = {"duplicates": [2, 9]}
    assert score(flags, truth)["duplicates"].found == 1
    assert score(flags, truth, originals=[2, 3])["duplicates"].f1 == 1
    with pytest.raises(ParameterError, match="originals"):
        score(flags, truth, originals=[2])


def test_more_columns_and_classes() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 60)
    X = rng.normal(size=(180, 4)) + 4 * np.eye(3, 4)[y]
    given_labels = y.copy()
    given_labels[::20] = (y[::20] + 1) % 3
    result = data_quality(X, given_labels)
    scores = score(result.flags, {"wrong_labels": np.arange(0, 180, 20)})
    assert scores["wrong_labels"].f1 > 0.8
    assert result.probabilities.shape == (180, 3)


numbers = st.one_of(st.floats(), st.sampled_from([-999.0, 0.0, 1.0]))


@given(st.data(), st.integers(1, 12), st.integers(1, 3))
def test_nothing_raises_whatever_the_numbers(data: st.DataObject, rows: int, columns: int) -> None:
    X = data.draw(arrays(np.float64, (rows, columns), elements=numbers))
    y = data.draw(arrays(np.int64, rows, elements=st.integers(-2, 2)))
    result = data_quality(X, y, epochs=1, repeats=1, folds=2)
    assert set(result.flags) == set(KINDS)
    broken = np.flatnonzero(~np.isfinite(X).all(axis=1))
    assert set(broken) <= set(result.flags["corrupted"])


def test_progress_and_cancelling() -> None:
    data = make_dataset("moons", 60)
    heard: list[int] = []
    data_quality(data.X, data.y, epochs=3, progress=lambda done, total: heard.append(done))
    assert heard == [1, 2, 3]
    with pytest.raises(Cancelled):
        data_quality(data.X, data.y, epochs=3, progress=lambda done, total: False)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"X": np.zeros(3)}, "X"),
        ({"X": [["a", "b"]]}, "X"),
        ({"X": [[1, 2], [3]]}, "X"),
        ({"X": np.zeros((3, 0))}, "X"),
        ({"y": np.zeros(4)}, "y"),
        ({"y": np.zeros(3, int)}, "y"),
        ({"near": -1}, "near"),
        ({"far": 0}, "far"),
        ({"imbalance": 0.5}, "imbalance"),
        ({"sentinels": -999}, "sentinels"),
        ({"sentinels": ["NA"]}, "sentinels"),
        ({"folds": 1}, "folds"),
        ({"hidden": (0,)}, "hidden"),
    ],
)
def test_what_is_not_allowed(options: dict[str, Any], name: str) -> None:
    arguments: dict[str, Any] = {"X": np.arange(8.0).reshape(4, 2), "y": np.array([0, 1, 0, 1])}
    with pytest.raises(ParameterError, match=name):
        data_quality(**{**arguments, **options})


def test_the_figure_marks_every_flag(found: DataQuality) -> None:
    plane, bars = found.figure().axes
    drawn = {c.get_label(): len(c.get_offsets()) for c in plane.collections}
    for kind in KINDS:
        assert drawn[kind.replace("_", " ")] == len(found.flags[kind])
    widths = [bar.get_width() for bar in bars.patches]
    assert widths == [*(len(found.flags[kind]) for kind in KINDS), *found.counts]
    for collection in plane.collections:
        assert np.isfinite(np.asarray(collection.get_offsets())).all()
