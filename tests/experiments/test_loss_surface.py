"""The surface against the loss at its places, the planes against their definitions, the walks."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from nbtutor.engine import (
    Dataset,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    copies,
    make_dataset,
)
from nbtutor.experiments import (
    Cancelled,
    LossSurface,
    Plane,
    loss_surface,
    points_plane,
    random_plane,
    time_update,
    weights_plane,
)

Array = np.ndarray

TRAIN = make_dataset("moons", 24, 0.2, seed=1)


def loss_at(network: Network, parameters: Array) -> float:
    alone = copies(network, dtype="float64")
    alone.parameters.flat[0] = parameters
    return float(alone.loss_and_gradients(TRAIN.X, TRAIN.y)[0][0])


def planes(network: Network) -> dict[str, Plane]:
    points = np.random.default_rng(0).normal(size=(3, network.parameters.flat.shape[1]))
    return {
        "weights": weights_plane(network, 2, 9),
        "filter": random_plane(network, seed=3),
        "plain": random_plane(network, seed=3, normalise="none"),
        "points": points_plane(points),
    }


@pytest.mark.parametrize("kind", ["weights", "filter", "plain", "points"])
def test_the_grid_is_the_loss_at_each_place(kind: str) -> None:
    """9 rows of 9; the walks' losses are those at the weights themselves."""
    network = Network((2, 4, 3, 1), ["relu", "tanh"], seed=2)
    before = network.parameters.flat.copy()
    plane = planes(network)[kind]
    result = loss_surface(network, TRAIN, plane, side=9, epochs=2)
    np.testing.assert_array_equal(network.parameters.flat, before)
    for i, j in np.ndindex(9, 9):
        here = plane.origin + result.a[j] * plane.u + result.b[i] * plane.v
        assert result.losses[i, j] == pytest.approx(loss_at(network, here), rel=1e-12)


def test_a_grid_wider_than_a_fleet() -> None:
    network = Network((2, 2, 1), seed=2)
    plane = random_plane(network)
    result = loss_surface(network, TRAIN, plane, batch_sizes={}, side=70)
    assert result.walks == ()
    np.testing.assert_allclose(result.a, np.linspace(-1, 1, 70))
    for i, j in ((0, 0), (69, 69), (3, 66), (66, 3)):
        here = plane.point(result.a[j], result.b[i])
        assert result.losses[i, j] == pytest.approx(loss_at(network, here), rel=1e-12)


def test_a_plane_of_weights_is_named_and_moves_only_these() -> None:
    network = Network((2, 3, 1), seed=5)
    plane = weights_plane(network, 4, 8)
    moved = copies(network, dtype="float64")
    moved.parameters.flat[0] = plane.point(np.array(7.0), np.array(-8.0))
    assert plane.labels == ("weight 2 → 2, layer 1", "bias of unit 3, layer 1")
    assert moved.weights[0][0, 1, 1] == 7
    assert moved.biases[0][0, 2] == -8
    expected = network.parameters.flat[0].copy()
    expected[[4, 8]] = 7, -8
    np.testing.assert_array_equal(moved.parameters.flat[0], expected)
    start = network.parameters.flat[:1].astype(np.float64)
    coordinates, distances = plane.project(start)
    np.testing.assert_allclose(coordinates[0], start[0, [4, 8]], atol=1e-15)
    assert distances[0] == pytest.approx(0, abs=1e-15)


def test_filters_are_as_long_as_the_networks_and_biases_stay() -> None:
    network = Network((2, 5, 3), output="softmax", seed=1)
    network.weights[0][:] *= 100
    plane = random_plane(network, seed=2)
    for direction in (plane.u, plane.v):
        like = copies(network, dtype="float64")
        like.parameters.flat[0] = direction
        for ours, theirs in zip(like.weights, network.weights, strict=True):
            lengths = np.linalg.norm(theirs[0].astype(np.float64), axis=0)
            np.testing.assert_allclose(np.linalg.norm(ours[0], axis=0), lengths)
        assert not any(biases.any() for biases in like.biases)
    assert np.abs(plane.u @ plane.v) < 0.9 * np.linalg.norm(plane.u) * np.linalg.norm(plane.v)
    plain = random_plane(network, seed=2, normalise="none")
    assert np.linalg.norm(plain.u) == pytest.approx(1)
    assert np.linalg.norm(plain.v) == pytest.approx(1)


def test_three_points_lie_in_their_plane() -> None:
    points = np.random.default_rng(1).normal(size=(3, 20))
    plane = points_plane(points)
    basis = np.stack([plane.u, plane.v])
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-12)
    coordinates, distances = plane.project(points)
    np.testing.assert_allclose(distances, 0, atol=1e-12)
    np.testing.assert_allclose(plane.point(*coordinates.T), points, atol=1e-12)
    np.testing.assert_allclose(coordinates[-1], 0, atol=1e-12)


def test_many_points_give_their_principal_components() -> None:
    points = np.random.default_rng(1).normal(size=(30, 6)) * [1, 9, 2, 5, 1, 1]
    plane = points_plane(points)
    components = PCA(2).fit(points).components_
    for ours, theirs in zip((plane.u, plane.v), components, strict=True):
        assert abs(ours @ theirs) == pytest.approx(1)


def test_two_points_give_the_line_between_them() -> None:
    start, end = np.random.default_rng(1).normal(size=(2, 20))
    plane = points_plane(np.stack([start, end]), seed=3)
    np.testing.assert_allclose(plane.u, (end - start) / np.linalg.norm(end - start))
    assert plane.u @ plane.v == pytest.approx(0, abs=1e-12)
    assert np.linalg.norm(plane.v) == pytest.approx(1)
    other = points_plane(np.stack([start, end]), seed=4)
    assert abs(plane.v @ other.v) < 0.9
    assert plane.labels[1] == "a random direction across"


def test_a_point_of_a_slanted_plane_is_found_again() -> None:
    rng = np.random.default_rng(0)
    origin, u, v, aside = rng.normal(size=(4, 12))
    plane = Plane(origin, u, v, ("a", "b"))
    basis = np.stack([u, v], axis=1)
    aside -= basis @ np.linalg.solve(basis.T @ basis, basis.T @ aside)
    a, b = rng.normal(size=(2, 5))
    coordinates, distances = plane.project(plane.point(a, b) + aside)
    np.testing.assert_allclose(coordinates, np.stack([a, b], axis=1))
    np.testing.assert_allclose(distances, np.linalg.norm(aside))


def test_the_walks_are_descent_from_the_same_start() -> None:
    network = Network((2, 4, 1), seed=2)
    sizes = {"all": 24, "seven": 7, "one": 1}
    result = loss_surface(
        network, TRAIN, batch_sizes=sizes, learning_rate=0.2, epochs=3, side=5, seed=4
    )
    seen = []
    for walk, (name, size) in zip(result.walks, sizes.items(), strict=True):
        assert (walk.name, walk.batch_size, walk.diverged) == (name, size, False)
        trainer = Trainer(copies(network), TRAIN, config=TrainingConfig(0.2, size), seed=4)
        trail, epochs = [trainer.network.parameters.flat[0].copy()], [0.0]
        while trainer.epoch < 3:
            trainer.run(updates=1)
            trail.append(trainer.network.parameters.flat[0].copy())
            epochs.append(trainer.progress)
        seen.append(np.array(trail, np.float64))
        np.testing.assert_allclose(walk.losses, [loss_at(network, here) for here in seen[-1]])
        np.testing.assert_allclose(walk.epochs, epochs)
        np.testing.assert_array_equal(walk.updates, np.arange(len(trail)))
        np.testing.assert_allclose(walk.seconds, walk.updates * walk.update_seconds)
        coordinates, distances = result.plane.project(seen[-1])
        np.testing.assert_allclose(walk.coordinates, coordinates)
        np.testing.assert_allclose(walk.distances, distances)
        np.testing.assert_allclose(walk.coordinates[0], 0, atol=1e-7)
        for axis, places in ((result.a, coordinates[:, 0]), (result.b, coordinates[:, 1])):
            assert axis[0] <= places.min()
            assert places.max() <= axis[-1]
    assert [len(walk.losses) for walk in result.walks] == [4, 13, 73]
    # The plane comes as near to the walks as any: nearer than one at random.
    ends = np.stack([trail[-1] for trail in seen])
    other = random_plane(network, normalise="none").project(ends)[1]
    assert result.plane.project(ends)[1].sum() < other.sum()


def test_an_update_takes_time_and_leaves_the_network() -> None:
    network = Network((2, 4, 1))
    before = network.parameters.flat.copy()
    assert 0 < time_update(network, TRAIN, 5) < 1
    np.testing.assert_array_equal(network.parameters.flat, before)


def test_a_walk_that_diverges_ends_and_is_drawn() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(20, 2)) * 50, rng.integers(0, 2, 20))
    network = Network((2, 6, 6, 1), "linear", seed=2)
    result = loss_surface(network, data, learning_rate=10, epochs=9, side=5)
    assert all(walk.diverged for walk in result.walks)
    assert all(np.isfinite(walk.losses).all() for walk in result.walks)
    result.figure().savefig(io.BytesIO(), format="png")


def test_the_count_and_cancelling() -> None:
    calls: list[tuple[int, int]] = []
    loss_surface(
        Network((2, 2, 1)),
        TRAIN,
        epochs=1,
        side=3,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == [(done, 6) for done in range(1, 7)]
    with pytest.raises(Cancelled):
        loss_surface(Network((2, 2, 1)), TRAIN, epochs=1, progress=lambda done, total: False)


NETWORK = Network((2, 3, 1))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"plane": "random"}, "plane"),
        ({"plane": random_plane(Network((2, 2, 1)))}, "plane"),
        ({"batch_sizes": {}}, "plane"),
        ({"batch_sizes": [1]}, "batch_sizes"),
        ({"batch_sizes": {"none": 0}}, "batch_sizes"),
        ({"learning_rate": -1}, "learning_rate"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 90_000}, "epochs"),
        ({"side": 1}, "side"),
        ({"reach": 0}, "reach"),
        ({"seed": -1}, "seed"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}"):
        loss_surface(NETWORK, TRAIN, **settings)


def test_planes_that_are_none_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"^second"):
        weights_plane(NETWORK, 1, 1)
    with pytest.raises(ParameterError, match=r"^first"):
        weights_plane(NETWORK, 13, 1)
    with pytest.raises(ParameterError, match=r"^normalise"):
        random_plane(NETWORK, normalise="layer")
    dead = copies(NETWORK)
    dead.parameters.flat[:] = 0
    with pytest.raises(ParameterError, match=r"^normalise"):
        random_plane(dead)
    for points in (np.ones((2, 5)), np.ones((1, 5)), np.ones(5), np.full((3, 5), np.nan)):
        with pytest.raises(ParameterError, match=r"^points"):
            points_plane(points)
    unit = np.eye(3)
    for u, v, name in ((unit[0], 2 * unit[0], "v"), (unit[0], unit[1, :2], "v")):
        with pytest.raises(ParameterError, match=f"^{name}"):
            Plane(unit[2], u, v, ("a", "b"))


def test_the_figure_shows_surface_walks_and_clocks() -> None:
    result: LossSurface = loss_surface(Network((2, 4, 1)), TRAIN, epochs=2, side=7)
    figure = result.figure()
    surface, *clocks = [axes for axes in figure.axes if axes.lines]
    walks = {walk.name: walk for walk in result.walks}
    drawn = {str(line.get_label()).split(" (")[0]: line for line in surface.lines}
    for name, walk in walks.items():
        np.testing.assert_array_equal(drawn[name].get_xydata(), walk.coordinates)
    assert [axes.get_xlabel() for axes in clocks] == ["epochs", "updates", "seconds"]
    for axes, clock in zip(clocks, ("epochs", "updates", "seconds"), strict=True):
        for line in axes.lines:
            walk = walks[str(line.get_label())]
            np.testing.assert_array_equal(line.get_xdata(), getattr(walk, clock))
            np.testing.assert_array_equal(line.get_ydata(), walk.losses)
