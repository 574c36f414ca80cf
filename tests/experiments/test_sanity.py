"""The checks against hand-made numbers, and the matrix of planted bugs and checks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.experiments import (
    CHECKS,
    SABOTAGES,
    Cancelled,
    Gates,
    Pipeline,
    sanity,
)
from nbtutor.experiments.pipeline import Wrapped
from nbtutor.experiments.sanity import _nearest

Array = np.ndarray
SEEDS = range(6)


def failures(name: str | None, dataset: str, seeds: int) -> dict[str, int]:
    """In how many seeds each check fails."""
    counts = dict.fromkeys(CHECKS, 0)
    for seed in range(seeds):
        pipeline = Pipeline(dataset)
        if name is not None:
            pipeline = SABOTAGES[name].plant(pipeline)
        for check in sanity(pipeline, seed=seed).failed:
            counts[check] += 1
    return counts


@pytest.mark.parametrize(
    ("dataset", "seeds"),
    [
        pytest.param("circle", 3, marks=pytest.mark.slow),
        pytest.param("xor", 2, marks=pytest.mark.slow),
        *(pytest.param(name, 20, marks=pytest.mark.soak) for name in ("circle", "xor", "moons")),
    ],
)
@pytest.mark.timeout(600)
def test_the_matrix_of_bugs_and_checks(dataset: str, seeds: int) -> None:
    matrix = {name or "no bug": failures(name, dataset, seeds) for name in (None, *SABOTAGES)}
    print(f"\n{dataset}: seeds of {seeds} in which a check fails")
    print(" " * 16, *(f"{check:>15}" for check in CHECKS))
    for name, row in matrix.items():
        print(f"{name:16}", *(f"{count:15}" for count in row.values()))
    assert not any(matrix["no bug"].values())
    for name, sabotage in SABOTAGES.items():
        for check, count in matrix[name].items():
            if check == sabotage.caught_by:
                assert count == seeds, f"{check} misses {name}"
            elif check not in sabotage.also:
                assert count == 0, f"{check} fails for {name}, which it is not meant for"


def test_each_bug_has_a_check_of_its_own() -> None:
    caught = [sabotage.caught_by for sabotage in SABOTAGES.values()]
    assert len(set(caught)) == len(SABOTAGES) == 6
    for sabotage in SABOTAGES.values():
        assert {sabotage.caught_by, *sabotage.also} <= set(CHECKS)


class TrainsOnValidation(Wrapped):
    """Validation points are among those trained on: only shuffled labels can show it here."""

    def trainer(
        self, network: Network, train: Dataset, validation: Dataset | None, seed: int
    ) -> Trainer:
        if validation is not None:
            labels = np.broadcast_to(validation.y, (*train.y.shape[:-1], len(validation)))
            X = np.concatenate([train.X, validation.X])
            train = Dataset(X, np.concatenate([train.y, labels], axis=-1))
        return super().trainer(network, train, validation, seed)


def test_shuffled_labels_find_a_trainer_that_sees_validation() -> None:
    for seed in SEEDS:
        assert sanity(TrainsOnValidation(Pipeline()), seed=seed).failed == ("shuffled_labels",)


def test_training_may_learn_shuffled_labels_by_heart() -> None:
    config = TrainingConfig(learning_rate=0.3, momentum=0.9)
    pipeline = Pipeline(n_train=20, hidden=(64, 64), config=config, epochs=1500)
    check = sanity(pipeline, checks=["shuffled_labels"])["shuffled_labels"]
    assert check.passed
    assert check.numbers["train"] < 0.1
    assert check.numbers["validation"] > np.log(2)


def test_a_bug_leaves_the_pipeline_it_is_planted_in_alone() -> None:
    pipeline = Pipeline()
    for sabotage in SABOTAGES.values():
        sanity(sabotage.plant(pipeline), checks=["leak", "gradient", "initial_loss"])
    assert sanity(pipeline).passed


def with_inputs(change: Any) -> Wrapped:
    class Changed(Wrapped):
        def data(self, seed: int) -> tuple[Dataset, Dataset]:
            train, validation = super().data(seed)
            return Dataset(change(train.X), train.y), Dataset(change(validation.X), validation.y)

    return Changed(Pipeline())


@pytest.mark.parametrize(
    ("change", "passed"),
    [
        (lambda X: X, True),
        (lambda X: X * 4, True),
        (lambda X: X * 6, False),
        (lambda X: X * 0.1, False),
        (lambda X: X + 0.5, True),
        (lambda X: X + 1.5, False),
        (lambda X: X * (1, 0), False),
    ],
)
def test_scale_looks_at_spread_and_at_offset(change: Any, passed: bool) -> None:
    check = sanity(with_inputs(change), checks=["scale"])["scale"]
    assert check.passed is passed
    train, _ = with_inputs(change).data(0)
    for column in range(2):
        assert check.numbers[f"mean {column + 1}"] == pytest.approx(
            train.X[:, column].mean(), abs=1e-5
        )
        assert check.numbers[f"deviation {column + 1}"] == pytest.approx(
            train.X[:, column].std(), abs=1e-5
        )


def test_sorted_batches_are_as_uneven_as_their_size() -> None:
    """In pure batches of ten from two equal classes, chi-square is n: n/(batches - 1) each."""
    check = sanity(SABOTAGES["no_shuffling"].plant(Pipeline()), checks=["batches"])["batches"]
    batches, n = 5 * 20, 5 * 200
    assert check.value == pytest.approx(n / (batches - 1))
    assert check.numbers["one class"] == 1


def test_copies_are_counted_exact_and_near() -> None:
    class Copies(Wrapped):
        def data(self, seed: int) -> tuple[Dataset, Dataset]:
            train, validation = super().data(seed)
            X = train.X.copy()
            X[:3] = validation.X[:3]
            X[3:8] = validation.X[3:8] + 2e-5
            return Dataset(X, train.y), validation

    check = sanity(Copies(Pipeline()), checks=["leak"])["leak"]
    assert (check.numbers["exact"], check.numbers["near"]) == (3, 8)
    assert check.value == 8 / 200
    assert not check.passed


def test_nearest_against_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    points, others = rng.normal(size=(50, 3)), rng.normal(size=(70, 3))
    expected = NearestNeighbors(n_neighbors=1).fit(others).kneighbors(points)[0][:, 0]
    np.testing.assert_allclose(_nearest(points, others), expected)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_the_loss_without_its_output_unit_is_what_it_says(output: str) -> None:
    """-log of the clipped logit of the true class, with the gradient that belongs to it."""

    class Two(Pipeline):
        def network(self, seed: int, replicas: int = 1, dtype: str = "float32") -> Network:
            units = 1 if output == "sigmoid" else 2
            return Network((2, 3, units), output=output, replicas=replicas, seed=seed, dtype=dtype)

    planted = SABOTAGES["no_squash"].plant(Two())
    train, _ = planted.data(0)
    network = planted.network(0, dtype="float64")
    logits = network.logits(train.X)[0]
    if output == "sigmoid":
        logits = np.column_stack([1 - logits[:, 0], logits[:, 0]])
    p = np.clip(logits[np.arange(len(train)), train.y], 1e-7, 1 - 1e-7)
    loss, _ = network.loss_and_gradients(train.X, train.y)
    assert loss[0] == pytest.approx(-np.log(p).mean())
    report = sanity(planted, checks=["gradient", "initial_loss"])
    assert report.failed == ("initial_loss",)


class ThreeClasses(Pipeline):
    """Three clouds, to see ln 3."""

    def __init__(self) -> None:
        super().__init__()
        self.classes = 3

    def data(self, seed: int) -> tuple[Dataset, Dataset]:
        rng = np.random.default_rng(seed)
        parts = []
        for n in (150, 150):
            y = rng.permutation(np.arange(n) % 3)
            centres = np.array([(0.0, 1.5), (-1.3, -0.8), (1.3, -0.8)])
            parts.append(Dataset(centres[y] + 0.3 * rng.normal(size=(n, 2)), y))
        return parts[0], parts[1]


def test_three_classes_start_at_ln_three() -> None:
    report = sanity(ThreeClasses())
    assert report.passed
    assert report["initial_loss"].numbers["chance"] == pytest.approx(np.log(3))
    assert report["initial_loss"].numbers["loss"] == pytest.approx(np.log(3), abs=0.25)


def test_gates_can_be_moved() -> None:
    assert sanity(gates=Gates(two_points=1e-9), checks=["two_points"]).failed == ("two_points",)
    with pytest.raises(ParameterError, match="batches"):
        Gates(batches=0.5)
    with pytest.raises(ParameterError, match="scale"):
        Gates(scale=(2, 1))


def test_cancelled_and_resumed() -> None:
    heard: list[tuple[int, int]] = []

    def two(done: int, total: int) -> bool:
        heard.append((done, total))
        return done < 2

    with pytest.raises(Cancelled) as stopped:
        sanity(progress=two)
    assert heard == [(1, len(CHECKS)), (2, len(CHECKS))]
    assert sanity(resume=stopped.value.partial) == sanity()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"pipeline": 3}, "pipeline"),
        ({"checks": ["leek"]}, "checks"),
        ({"gates": 0.1}, "gates"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_not_allowed(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        sanity(**options)


@pytest.mark.parametrize(
    "options", [{"dataset": "c"}, {"noise": 1}, {"n_train": 1}, {"epochs": 0}, {"hidden": 3}]
)
def test_what_a_pipeline_does_not_allow(options: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(options))):
        Pipeline(**options)


def test_the_figure_tells_every_check() -> None:
    report = sanity(SABOTAGES["leak"].plant(Pipeline()))
    texts = [text.get_text() for text in report.figure().axes[0].texts]
    for check in report.checks:
        assert check.sentence in texts
    assert texts.count("failed") == 1
    assert texts.count("passed") == len(CHECKS) - 1
