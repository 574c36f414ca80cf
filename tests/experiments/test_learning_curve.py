"""Learning curves, against scikit-learn's and against cases with a known verdict."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import learning_curve as scikit_learning_curve
from sklearn.neural_network import MLPClassifier

from nbtutor.engine import Generator, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.engine.random import stream
from nbtutor.experiments import Cancelled, LearningCurve, learning_curve
from nbtutor.experiments.fleets import fresh_draws

QUICK: dict[str, Any] = {"hidden": (4,), "sizes": (10, 20), "replicas": 4, "updates": 60}


class SameUpdates(MLPClassifier):
    """As many updates for each training size, which scikit-learn's curve has no setting for."""

    updates = 600

    def fit(self, X: Any, y: Any) -> Any:
        self.max_iter = self.updates // -(-len(X) // self.batch_size)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it did not converge: it was not meant to
            return super().fit(X, y)


@pytest.mark.slow
def test_the_curve_is_that_of_scikit_learn() -> None:
    """On the same draws: one split of scikit-learn's for each, its points all there are."""
    hidden, replicas, sizes, tested = (6,), 10, (20, 40, 80), 300
    ours = learning_curve(
        hidden=hidden,
        sizes=sizes,
        replicas=replicas,
        updates=600,
        n_validation=tested,
        learning_rate=0.1,
    )
    generator = Generator("moons", 0.3)
    train = fresh_draws(generator, sizes[-1], replicas, 0, "training draw")
    test = fresh_draws(generator, tested, replicas, 0, "validation draw")
    X = np.concatenate([train.X.reshape(-1, 2), test.X.reshape(-1, 2)])
    y = np.concatenate([train.y.ravel(), test.y.ravel()])
    rows = np.arange(len(train.y.ravel())).reshape(replicas, -1)
    tests = rows.size + np.arange(replicas * tested).reshape(replicas, -1)
    model = SameUpdates(
        hidden,
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=10,
        learning_rate_init=0.1,
        momentum=0.0,
        n_iter_no_change=10_000,
        random_state=0,
    )
    _, theirs_train, theirs = scikit_learning_curve(
        model, X, y, train_sizes=list(sizes), cv=list(zip(rows, tests, strict=True))
    )
    for own, other in ((ours.train, 1 - theirs_train), (ours.validation, 1 - theirs)):
        difference = own - other  # draw by draw
        doubt = difference.std(axis=1, ddof=1) / np.sqrt(replicas)
        assert (np.abs(difference.mean(axis=1)) < 4 * doubt + 0.01).all()
    # The same shape: the training error rises with the size, the validation error falls.
    for curve in (ours.train, 1 - theirs_train):
        assert curve[-1].mean() > curve[0].mean()
    for curve in (ours.validation, 1 - theirs):
        assert curve[-1].mean() < curve[0].mean()


def test_every_entry_is_that_of_a_network_trained_alone() -> None:
    curve = learning_curve(**QUICK, measure="loss")
    generator = Generator("moons", 0.3)
    whole = generator.sample(20, stream(0, "training draw", 2))
    fleet = Network((2, 4, 1), replicas=3)
    alone = Network((2, 4, 1))
    alone.parameters.flat[0] = fleet.parameters.flat[2]
    part = type(whole)(whole.X[:10], whole.y[:10], generator)
    validation = generator.sample(500, stream(0, "validation draw", 2))
    trainer = Trainer(alone, part, validation, TrainingConfig(learning_rate=0.3))
    trainer.run(updates=60)
    assert curve.train[0, 2] == pytest.approx(trainer.history.train_loss[-1, 0], rel=1e-4)
    expected = trainer.history.validation_loss[-1, 0]
    assert curve.validation[0, 2] == pytest.approx(expected, rel=1e-4)


def test_floor_and_chance_are_those_of_two_clouds() -> None:
    """Normal clouds at ±(2, 2): Bayes error Phi(-d / 2 sigma), d their distance."""
    from scipy.stats import norm

    noise = 0.4
    error = learning_curve("gaussians", **QUICK, noise=noise)
    sigma = (0.5 + 7 * noise) ** 0.5
    assert error.floor == pytest.approx(norm.cdf(-(32**0.5) / 2 / sigma), abs=0.01)
    assert error.chance == 0.5
    loss = learning_curve("gaussians", **QUICK, noise=noise, measure="loss")
    # The entropy of the class given the log odds t, normal with mean m and variance 2 m.
    m = 32 / (2 * sigma**2)
    t = m + np.sqrt(2 * m) * norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    assert loss.floor == pytest.approx(np.log1p(np.exp(-t)).mean(), abs=0.02)
    assert loss.chance == pytest.approx(np.log(2))


def made(train: float, validation: float, spread: float = 0.0) -> LearningCurve:
    wiggle = spread * np.array([-1.0, 1.0, -1.0, 1.0])
    return LearningCurve(
        measure="error",
        sizes=np.array([10, 20]),
        train=np.array([np.zeros(4), train + wiggle]),
        validation=np.array([np.full(4, 0.5), validation + wiggle * [1, -1, -1, 1]]),
        floor=0.1,
        chance=0.5,
        tolerance=0.1,
        diverged=0,
    )


@pytest.mark.parametrize(
    ("train", "validation", "verdict"),
    [
        (0.12, 0.15, "neither is high"),
        (0.20, 0.21, "high bias"),
        (0.02, 0.20, "high variance"),
        (0.20, 0.30, "high bias and high variance"),
    ],
)
def test_the_verdict_on_hand_made_curves(train: float, validation: float, verdict: str) -> None:
    curve = made(train, validation)
    assert curve.verdict == verdict
    assert curve.threshold == pytest.approx(0.04)
    assert curve.bias[0][-1] == pytest.approx(train - 0.1)
    assert curve.variance[0][-1] == pytest.approx(validation - train)
    assert curve.certain
    assert verdict in curve.sentence
    assert not made(train, validation, spread=0.5).certain


@pytest.mark.parametrize(
    ("validation", "spread", "words"),
    [
        (0.2, 0.0, "the last step in size took off 0.300 ± 0.000"),
        (0.6, 0.0, "the last step in size added 0.100 ± 0.000"),
        (0.45, 0.5, "changed it by no more than chance, -0.050 ± 0.289"),
    ],
)
def test_the_sentence_says_what_more_points_did(
    validation: float, spread: float, words: str
) -> None:
    curve = made(0.1, validation, spread)
    assert words in curve.sentence


@pytest.mark.slow
def test_a_line_has_high_bias_and_few_points_give_high_variance() -> None:
    line = learning_curve(hidden=(), sizes=(160, 320, 640), updates=1000)
    assert line.verdict == "high bias"
    few = learning_curve(hidden=(16,), sizes=(10, 20, 30))
    assert few.verdict == "high variance"
    assert few.certain
    assert few.last_gain[0] > 2 * few.last_gain[1]


def test_three_classes_have_their_own_chance_and_floor() -> None:
    for measure, chance in (("error", 2 / 3), ("loss", np.log(3))):
        curve = learning_curve("blobs", **QUICK, noise=0.3, measure=measure)
        assert curve.chance == pytest.approx(chance)
        assert 0 < curve.floor < curve.validation[-1].mean()
        assert curve.validation.shape == (2, 4)


def test_progress_cancels_and_resume_goes_on_from_the_next_size() -> None:
    with pytest.raises(Cancelled) as cancelled:
        learning_curve(**QUICK, progress=lambda done, total: False)
    heard: list[tuple[int, int]] = []
    resumed = learning_curve(
        **QUICK, resume=cancelled.value.partial, progress=lambda *counts: heard.append(counts)
    )
    assert heard == [(2, 2)]
    whole = learning_curve(**QUICK)
    np.testing.assert_array_equal(resumed.validation, whole.validation)
    np.testing.assert_array_equal(resumed.train, whole.train)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "moon"),
        ("hidden", "8"),
        ("sizes", (10,)),
        ("sizes", (10, 10)),
        ("sizes", 10),
        ("replicas", 1),
        ("updates", 0),
        ("noise", -0.1),
        ("measure", "accuracy"),
        ("n_validation", 0),
        ("tolerance", 0),
        ("seed", 0.5),
        ("batch_size", 0),
        ("resume", []),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(name: str, value: object) -> None:
    arguments: dict[str, Any] = {**QUICK, name: value}
    with pytest.raises(ParameterError, match=f"^{name} must be"):
        learning_curve(**arguments)


def test_a_size_that_is_no_number_is_named() -> None:
    with pytest.raises(ParameterError, match=r"^sizes\[1\] must be"):
        learning_curve(sizes=(10, 20.5))  # type: ignore[arg-type]
