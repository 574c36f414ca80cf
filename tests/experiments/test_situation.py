"""Draws, augmentation, early stopping and the floor of the loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.experiments import Situation
from nbtutor.experiments.situation import (
    SOURCE_TURN,
    Training,
    augment,
    draw,
    run,
    stop_early,
)

SMALL = Situation(n_train=20, n_validation=60, hidden=(4,), epochs=12)


def test_more_points_keep_the_points_that_fewer_had() -> None:
    few, many = (draw(SMALL, 3, 1, "train", n) for n in (17, 60))
    np.testing.assert_array_equal(few.X, many.X[:, :17])
    np.testing.assert_array_equal(few.y, many.y[:, :17])
    assert not np.array_equal(few.X[0], few.X[1])
    assert not np.array_equal(draw(SMALL, 3, 1, "validation", 17).X, few.X)


def test_spurious_inputs_leave_the_others_alone() -> None:
    plain, wide = (draw(replace(SMALL, spurious=k), 2, 1, "train", 400) for k in (0, 3))
    np.testing.assert_array_equal(plain.X, wide.X[..., :2])
    assert wide.X.shape == (2, 400, 5)
    noise = wide.X[0, :, 2:]
    assert noise.std() == pytest.approx(3, abs=0.2)
    assert abs(np.corrcoef(noise[:, 0], wide.y[0])[0, 1]) < 0.15


def test_copies_are_moved_by_the_jitter() -> None:
    data = draw(replace(SMALL, spurious=1), 2, 0, "train", 200)
    more = augment(data, copies=2, jitter=0.4, seed=0)
    assert more.X.shape == (2, 600, 3)
    np.testing.assert_array_equal(more.X[:, :200], data.X)
    moves = more.X[:, 200:400] - data.X
    assert moves[..., :2].std() == pytest.approx(0.4, rel=0.1)
    assert not moves[..., 2].any()
    np.testing.assert_array_equal(more.y[:, 200:400], data.y)


def test_a_run_is_what_the_engine_does_with_each_replica_alone() -> None:
    done = run(SMALL, 3, seed=5)
    train, validation = draw(SMALL, 3, 5, "train", 20), draw(SMALL, 3, 5, "validation", 60)
    fleet = Network((2, 4, 1), replicas=3, seed=5)
    for replica in range(3):
        alone = Network((2, 4, 1), seed=5)
        alone.parameters.flat[:] = fleet.parameters.flat[replica]
        trainer = Trainer(
            alone,
            type(train)(train.X[replica], train.y[replica]),
            type(train)(validation.X[replica], validation.y[replica]),
            SMALL.config,
            seed=5,
        )
        trainer.run(epochs=SMALL.epochs)
        for ours, theirs in (
            (done.train_loss, trainer.history.train_loss),
            (done.validation_loss, trainer.history.validation_loss),
        ):
            np.testing.assert_allclose(ours[:, replica], theirs[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(done.final_train_loss, done.train_loss[-1])


def test_pretraining_is_another_task_first_and_then_small_steps() -> None:
    """Recomputed with the engine's plain classes."""
    situation = replace(SMALL, pretraining=40, spurious=1)
    done = run(situation, 2, seed=3)
    source = draw(situation, 2, 3, "source", 40)
    angle = np.deg2rad(SOURCE_TURN)
    x, y, noise = np.moveaxis(source.X, -1, 0)
    turned = [
        np.cos(angle) * x - np.sin(angle) * y,
        np.sin(angle) * x + np.cos(angle) * y,
        noise,
    ]
    network = Network((3, 4, 1), replicas=2, seed=3)
    first = Trainer(network, Dataset(np.stack(turned, axis=-1), source.y), None, SMALL.config, 3)
    first.run(epochs=6)  # 12 epochs of 2 batches are 6 of 4
    second = Trainer(
        network,
        draw(situation, 2, 3, "train", 20),
        draw(situation, 2, 3, "validation", 60),
        replace(SMALL.config, learning_rate=0.01),
        3,
    )
    second.run(epochs=12)
    np.testing.assert_allclose(
        done.final_validation_loss, second.history.validation_loss[-1], rtol=1e-4
    )


def test_an_epoch_at_a_time_it_is_the_same_run() -> None:
    situation = replace(SMALL, pretraining=40)
    training = Training(situation, 2, seed=1)
    own = [training.advance() for _ in range(training.total)]
    assert training.finished
    assert own == [False] * (training.total - 12) + [True] * 12
    np.testing.assert_array_equal(
        training.result.validation_loss, run(situation, 2, 1).validation_loss
    )
    with pytest.raises(RuntimeError, match="pretraining"):
        _ = Training(situation, 2).result


def test_early_stopping_by_hand() -> None:
    losses = np.array([[5, 5], [3, 4], [4, 3], [4, 2], [1, 1], [0, 2]], float)
    np.testing.assert_array_equal(stop_early(losses, patience=2), [1, 4])
    np.testing.assert_array_equal(stop_early(losses, patience=3), [5, 4])


def test_early_stopping_goes_back_and_helps_an_overfit() -> None:
    situation = replace(Situation(), patience=20)
    stopped = run(situation, 8, seed=0)
    assert (stopped.chosen < situation.epochs).all()
    rows = zip(stopped.chosen, range(8), strict=True)
    expected = [stopped.validation_loss[row, replica] for row, replica in rows]
    np.testing.assert_array_equal(stopped.final_validation_loss, expected)
    assert stopped.final_validation_loss.mean() < stopped.validation_loss[-1].mean()


def test_the_floor_is_the_bayes_loss() -> None:
    """Two clouds at ±(2, 2) with a known variance: the posterior is a logistic function."""
    situation = Situation(dataset="gaussians", noise=0.5)
    rng = np.random.default_rng(1)
    variance, n = 0.5 + 7 * 0.5, 100_000
    y = rng.integers(0, 2, n)
    X = np.where(y == 0, 2.0, -2.0)[:, None] + rng.normal(0, np.sqrt(variance), (n, 2))
    logit = -4 * X.sum(axis=1) / variance  # log P(1 | x) - log P(0 | x)
    expected = np.logaddexp(0, np.where(y == 1, -logit, logit)).mean()
    assert situation.floor() == pytest.approx(expected, abs=0.02)
    assert situation.chance() == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "moon"),
        ("noise", 0.7),
        ("n_train", 1),
        ("n_validation", 0),
        ("hidden", (0,)),
        ("activation", "tan"),
        ("epochs", 0),
        ("patience", -1),
        ("spurious", 1.5),
        ("copies", -1),
        ("pretraining", -1),
        ("jitter", float("nan")),
        ("config", {"l2": 1}),
    ],
)
def test_what_is_not_allowed(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=name):
        Situation(**{name: value})  # type: ignore[arg-type]


def test_several_classes() -> None:
    situation = replace(SMALL, dataset="rings", n_train=30, epochs=2)
    classes = situation.generator.classes
    assert classes > 2
    assert situation.chance() == pytest.approx(np.log(classes))
    labels = draw(situation, 2, 0, "train", 30).y
    np.testing.assert_array_equal([np.bincount(y) for y in labels], np.full((2, classes), 10))
    assert run(situation, 2).train_loss[0].mean() == pytest.approx(np.log(classes), abs=0.5)


def test_a_run_that_diverges_ends() -> None:
    wild = replace(SMALL, activation="linear", config=TrainingConfig(learning_rate=1e5))
    done = run(wild, 2)
    assert np.isfinite(done.final_validation_loss).all()
