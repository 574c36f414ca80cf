"""Augmentation and the order of points: what changes in them, and what never does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import (
    Augmentation,
    Dataset,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    make_dataset,
)
from nbtutor.engine.random import NumberedStream

Array = np.ndarray

N = 20_000


def points(n: int = N) -> Array:
    return np.random.default_rng(1).normal(2.0, 1.0, (n, 2)) * [1.0, 0.5]


def changed(X: Array, epoch: int = 0, **settings: Any) -> Array:
    return Augmentation(**settings)(X, NumberedStream(0, "augmentation").at(epoch))


def angle_of(points: Array) -> Array:
    result: Array = np.degrees(np.arctan2(points[..., 1], points[..., 0]))
    return result


@pytest.mark.parametrize("jitter", [0.01, 0.5, 20.0])
def test_jitter_is_gaussian_and_independent(jitter: float) -> None:
    X = points()
    noise = (changed(X, jitter=jitter) - X) / jitter
    five = 5 / np.sqrt(N)
    assert np.abs(noise.mean(axis=0)).max() < five
    assert np.abs(noise.var(axis=0) - 1).max() < five * np.sqrt(2)
    assert np.abs((noise**3).mean(axis=0)).max() < five * np.sqrt(15)
    assert np.abs((noise**4).mean(axis=0) - 3).max() < five * np.sqrt(96)
    assert abs(np.mean(noise[:, 0] * noise[:, 1])) < five
    assert abs(np.mean(noise[1:, 0] * noise[:-1, 0])) < five
    assert abs(np.mean(noise[:, 0] * (X[:, 0] - 2))) < five


@pytest.mark.parametrize("rotation", [1.0, 45.0, 180.0])
def test_rotation_turns_about_the_origin_either_way(rotation: float) -> None:
    X = points()
    turned = changed(X, rotation=rotation)
    np.testing.assert_allclose(np.hypot(*turned.T), np.hypot(*X.T), rtol=1e-12)
    turn = (angle_of(turned) - angle_of(X) + 180) % 360 - 180
    assert np.abs(turn).max() <= rotation * (1 + 1e-9)
    # Uniform: its mean, its variance a² / 3, and no quarter more often than another.
    assert abs(turn.mean()) < 5 * rotation / np.sqrt(3 * N)
    assert turn.var() == pytest.approx(rotation**2 / 3, rel=0.05)
    counts, _ = np.histogram(turn, bins=4, range=(-rotation, rotation))
    assert np.abs(counts / N - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / N)


def test_half_of_the_points_are_mirrored_from_left_to_right() -> None:
    X = points()
    mirrored = changed(X, mirror=True)
    np.testing.assert_array_equal(mirrored[:, 1], X[:, 1])
    sides = mirrored[:, 0] / X[:, 0]
    assert set(np.unique(sides)) == {-1.0, 1.0}
    assert np.mean(sides == -1) == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(N))


def test_a_mirror_comes_before_the_turn_and_jitter_last() -> None:
    X = points(500)
    everything = changed(X, jitter=0.3, rotation=30.0, mirror=True)
    noise = changed(X, jitter=0.3) - X
    turn = np.radians(angle_of(changed(X, rotation=30.0)) - angle_of(X))
    side = changed(X, mirror=True)[:, 0] / X[:, 0]
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = side * X[:, 0], X[:, 1]
    expected = np.column_stack([cos * x - sin * y, sin * x + cos * y]) + noise
    np.testing.assert_allclose(everything, expected, atol=1e-9)


@pytest.mark.parametrize("on", [{}, {"rotation": 90.0}, {"mirror": True}], ids=str)
def test_one_change_shifts_no_random_number_of_another(on: dict[str, Any]) -> None:
    X = np.zeros((100, 2))  # where no turn and no mirror shows
    np.testing.assert_array_equal(changed(X, jitter=0.5), changed(X, jitter=0.5, **on))
    rng = NumberedStream(0, "augmentation").at(0)
    Augmentation(**on)(X, rng)
    after = rng.random()
    rng = NumberedStream(0, "augmentation").at(0)
    Augmentation(jitter=1.0, rotation=1.0, mirror=True)(X, rng)
    assert rng.random() == after


def test_every_epoch_draws_anew_and_the_same_at_each_visit() -> None:
    X = points(50)
    settings = {"jitter": 0.1, "rotation": 10.0, "mirror": True}
    first, second = (changed(X, epoch, **settings) for epoch in (0, 1))
    assert not (first == second).any()
    np.testing.assert_array_equal(changed(X, 1, **settings), second)


def test_replicas_share_the_random_numbers() -> None:
    X = points(50)
    fleet = np.stack([X, 2 * X, X])
    turned = changed(fleet, rotation=50.0, mirror=True)
    assert turned.shape == fleet.shape
    np.testing.assert_array_equal(turned[0], turned[2])
    np.testing.assert_allclose(turned[1], 2 * turned[0])
    np.testing.assert_array_equal(turned[0], changed(X, rotation=50.0, mirror=True))
    noise = changed(fleet, jitter=1.0) - fleet
    np.testing.assert_allclose(noise[0], noise[1], atol=1e-12)


def test_nothing_on_is_nothing_changed() -> None:
    X = points(50)
    np.testing.assert_array_equal(changed(X), X)
    train = make_dataset("moons", 40, noise=0.1)
    runs = [
        Trainer(Network((2, 5, 1)), train, config=TrainingConfig(0.1, augmentation=a))
        for a in (None, Augmentation())
    ]
    for run in runs:
        run.run(epochs=3)
    first, second = (run.network.parameters.flat for run in runs)
    np.testing.assert_array_equal(first, second)


def test_any_number_of_coordinates_may_be_jittered() -> None:
    X = np.zeros((N, 5))
    assert changed(X, jitter=2.0).std(axis=0) == pytest.approx(2.0, rel=0.05)


# In training.


def planned(run: Trainer, epoch: int) -> tuple[Array, Array]:
    """The points and targets of an epoch in its order, from the plan."""
    run._plan.begin(epoch, run.config.shuffle, run.config.augmentation)
    return run._plan.inputs[:-1].T.copy(), run._plan.targets[0].copy()


@pytest.mark.parametrize("shuffle", [True, False])
def test_points_keep_their_labels_in_every_order(shuffle: bool) -> None:
    data = make_dataset("moons", 60, noise=0.1, seed=2)
    augmentation = Augmentation(0.2, 40.0, True)
    config = TrainingConfig(augmentation=augmentation, shuffle=shuffle)
    run = Trainer(Network((2, 1), dtype="float64"), data, config=config, seed=7)
    for epoch in (0, 1, 5):
        X, targets = planned(run, epoch)
        expected = augmentation(data.X, NumberedStream(7, "augmentation").at(epoch))
        order = NumberedStream(7, "batches").at(epoch).permutation(60)
        if not shuffle:
            order = np.arange(60)
        np.testing.assert_array_equal(X, expected[order])
        np.testing.assert_array_equal(targets, 2 * data.y[order] - 1)


def test_what_is_measured_is_never_augmented() -> None:
    train, validation = make_dataset("moons", 60, noise=0.1).split(0.5)
    config = TrainingConfig(0.0, augmentation=Augmentation(5.0, 180.0, True))
    run = Trainer(Network((2, 5, 1)), train, validation, config)
    before = train.X.copy()
    run.run(epochs=3)
    for column in (run.history.train_loss, run.history.validation_loss):
        assert len(np.unique(column)) == 1
    np.testing.assert_array_equal(train.X, before)
    assert run.network.gradients.flat.any()


def test_named_inputs_are_made_of_the_changed_points() -> None:
    data = make_dataset("circle", 30, seed=2)
    config = TrainingConfig(augmentation=Augmentation(rotation=90.0), shuffle=False)
    net = Network((3, 1), inputs=("x", "y", "x2"), dtype="float64")
    X, _ = planned(Trainer(net, data, config=config), 3)
    assert not np.allclose(X[:, :2], data.X)
    np.testing.assert_allclose(X[:, 2], X[:, 0] ** 2)
    np.testing.assert_allclose(np.hypot(X[:, 0], X[:, 1]), np.hypot(*data.X.T))


def test_augmentation_shifts_neither_batches_nor_dropout() -> None:
    data = make_dataset("circle", 40, seed=2)
    tagged = Dataset(np.column_stack([data.X[:, 0], np.arange(40)]), data.y)
    orders, masks = [], []
    for augmentation in (None, Augmentation(jitter=0.01)):
        config = TrainingConfig(dropout=0.5, augmentation=augmentation)
        run = Trainer(Network((2, 6, 1)), tagged, config=config)
        X, _ = planned(run, 2)
        orders.append(np.round(X[:, 1]).tolist())
        masks.append(run._plan.masks(0, 40, [np.array(0.5)])[0])
    assert orders[0] == orders[1]
    np.testing.assert_array_equal(masks[0], masks[1])


def test_turns_need_a_plane() -> None:
    data = Dataset(np.ones((4, 3)), np.array([0, 1, 0, 1]))
    for changes in (Augmentation(rotation=1.0), Augmentation(mirror=True)):
        with pytest.raises(ParameterError, match="jitter only, for points with 3 coordinates"):
            Trainer(Network((3, 1)), data, config=TrainingConfig(augmentation=changes))
    fleet = Dataset(np.ones((2, 3, 2)), np.array([[0, 1, 0]] * 2))
    turns = TrainingConfig(augmentation=Augmentation(rotation=1.0, mirror=True))
    assert Trainer(Network((2, 1), replicas=2), fleet, config=turns).run(epochs=1) == 1
    jitter = TrainingConfig(augmentation=Augmentation(jitter=1.0))
    assert Trainer(Network((3, 1)), data, config=jitter).run(epochs=1) == 1


# The order.


def test_without_shuffling_points_come_as_they_are_stored() -> None:
    data = make_dataset("moons", 23, noise=0.1)
    run = Trainer(
        Network((2, 1), dtype="float64"), data, config=TrainingConfig(0.1, 5, shuffle=False)
    )
    for epoch in range(3):
        X, targets = planned(run, epoch)
        np.testing.assert_array_equal(X, data.X)
        np.testing.assert_array_equal(targets, 2 * data.y - 1)
    run.run(epochs=2)
    by_hand = Network((2, 1), dtype="float64")
    for _ in range(2):
        for start in range(0, 23, 5):
            part = slice(start, start + 5)
            gradient = by_hand.loss_and_gradients(data.X[part], data.y[part])[1].flat
            by_hand.parameters.flat[:] -= 0.1 * gradient
    np.testing.assert_allclose(run.network.parameters.flat, by_hand.parameters.flat, rtol=1e-12)


def test_any_place_is_as_likely_for_a_point() -> None:
    """The order's mean and variance are those of a uniform permutation."""
    n, epochs = 20, 2000
    data = Dataset(np.column_stack([np.arange(n), np.zeros(n)]), np.arange(n) % 2)
    run = Trainer(Network((2, 1), dtype="float64"), data)
    places = np.array([np.argsort(planned(run, epoch)[0][:, 0]) for epoch in range(epochs)])
    deviation = np.sqrt((n**2 - 1) / 12)
    assert np.abs(places.mean(axis=0) - (n - 1) / 2).max() < 5 * deviation / np.sqrt(epochs)
    np.testing.assert_allclose(places.var(axis=0), deviation**2, rtol=0.2)
    neighbours = np.corrcoef(places[:, 0], places[:, 1])[0, 1]
    assert abs(neighbours + 1 / (n - 1)) < 5 / np.sqrt(epochs)


def test_shuffling_may_be_switched_in_mid_run() -> None:
    data = make_dataset("moons", 20, noise=0.1)
    run = Trainer(Network((2, 1), dtype="float64"), data, config=TrainingConfig(0.0, 20))
    run.run(epochs=1)
    run.change(shuffle=False)
    run.run(epochs=1)
    np.testing.assert_array_equal(run._plan.inputs[:-1].T, data.X)
    run.change(shuffle=True)
    run.run(epochs=1)
    order = NumberedStream(0, "batches").at(2).permutation(20)
    np.testing.assert_array_equal(run._plan.inputs[:-1].T, data.X[order])
