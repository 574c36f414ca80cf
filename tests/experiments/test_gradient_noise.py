"""Gradients of batches against the engine one by one, and their spread against theory."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, ParameterError, copies, make_dataset
from nbtutor.engine.random import stream
from nbtutor.experiments import Cancelled, GradientNoise, finite_population, gradient_noise

Array = np.ndarray

TRAIN = make_dataset("moons", 60, 0.2, seed=1)


def gradient(network: Network, points: object, data: Dataset = TRAIN, l2: float = 0.0) -> Array:
    """The gradient of one batch, by a network alone."""
    alone = copies(network, dtype="float64")
    chosen = np.asarray(points)
    _, gradients = alone.loss_and_gradients(data.X[chosen], data.y[chosen], l2=l2)
    result: Array = gradients.flat[0].copy()
    return result


@pytest.mark.parametrize(("batches", "size"), [(50, 10), (300, 1), (7, 60)])
def test_each_of_the_fan_is_the_gradient_of_its_batch(batches: int, size: int) -> None:
    """300 are more than one fleet holds."""
    network = Network((2, 5, 4, 1), ["relu", "tanh"], seed=2)
    result = gradient_noise(
        network, TRAIN, batch_size=size, batches=batches, sizes=[1], draws=2, l2=0.1, seed=6
    )
    full = gradient(network, np.arange(60), l2=0.1)
    assert result.full_norm == pytest.approx(np.linalg.norm(full))
    points = stream(6, "gradient fan").integers(0, 60, (batches, size))
    for place in range(batches):
        one = gradient(network, points[place], l2=0.1)
        length = np.linalg.norm(one)
        cosine = one @ full / length / np.linalg.norm(full)
        assert result.norms[place] == pytest.approx(length)
        assert result.cosines[place] == pytest.approx(cosine)
        assert result.angles[place] == pytest.approx(np.degrees(np.arccos(cosine)), abs=1e-4)
        assert result.fan[place, 0] == pytest.approx(length * cosine)


def test_theory_is_the_spread_over_all_possible_batches() -> None:
    """Of six points: all 36 pairs with replacement and all 15 without, and all 20 threes."""
    data = Dataset(TRAIN.X[:6], TRAIN.y[:6])
    network = Network((2, 3, 1), seed=1)
    full = gradient(network, range(6), data)

    def spread(batches: list[tuple[int, ...]]) -> float:
        apart = [gradient(network, batch, data) - full for batch in batches]
        return float(np.sqrt((np.array(apart) ** 2).sum(axis=1).mean()))

    drawn = gradient_noise(network, data, sizes=[1, 2, 3], draws=2)
    assert drawn.sigma == pytest.approx(spread([(k,) for k in range(6)]))
    for place, size in enumerate((1, 2, 3)):
        pairs = list(product(range(6), repeat=size))
        assert drawn.expected[place] == pytest.approx(spread(pairs))
    left = gradient_noise(
        network, data, batch_size=2, sizes=[1, 2, 3, 6], draws=2, replacement=False
    )
    for place, size in enumerate((1, 2, 3)):
        pairs = list(combinations(range(6), size))
        assert left.expected[place] == pytest.approx(spread(pairs))
    assert left.expected[3] == 0
    assert left.spreads[3] == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("replacement", [True, False])
def test_the_spread_follows_the_law(replacement: bool) -> None:
    sizes = [1, 2, 5, 10, 25, 40]
    network = Network((2, 6, 1), seed=4)
    results = [
        gradient_noise(network, TRAIN, sizes=sizes, draws=400, replacement=replacement, seed=seed)
        for seed in range(5)
    ]
    for result in results:
        np.testing.assert_array_less(
            np.abs(result.spreads - result.expected), 5 * result.spread_errors
        )
        assert abs(result.slope + 0.5) < 4 * result.slope_error
        assert 0 < result.slope_error < 0.03
    # The errors are neither far too wide nor far too narrow.
    off = np.array([(r.spreads - r.expected) / r.spread_errors for r in results])
    assert 0.5 < np.sqrt((off**2).mean()) < 1.6


def test_the_slope_is_numpys_weighted_fit() -> None:
    sizes = [1, 3, 9, 27]
    network = Network((2, 6, 1), seed=4)
    for replacement in (True, False):
        result = gradient_noise(network, TRAIN, sizes=sizes, draws=30, replacement=replacement)
        correction = 1.0 if replacement else finite_population(np.array(sizes), 60)
        coefficients, covariance = np.polyfit(
            np.log(sizes),
            np.log(result.spreads / correction),
            1,
            w=result.spreads / result.spread_errors,
            cov="unscaled",
        )
        assert result.slope == pytest.approx(coefficients[0])
        assert result.slope_error == pytest.approx(np.sqrt(covariance[0, 0]))


def test_batches_without_replacement_have_no_point_twice() -> None:
    """All 60 points of 60 are the full batch, whatever their order."""
    result = gradient_noise(
        Network((2, 4, 1)), TRAIN, batch_size=60, sizes=[60], draws=3, replacement=False
    )
    np.testing.assert_allclose(result.cosines, 1)
    np.testing.assert_allclose(result.fan, np.tile([result.full_norm, 0], (50, 1)), atol=1e-14)
    assert np.isnan(result.slope)


def test_the_fan_lies_in_the_plane_of_its_main_spread() -> None:
    """Of a network with two parameters all is in the plane; of others a part, the largest."""
    small = Dataset(TRAIN.X[:, :1], TRAIN.y)
    result = gradient_noise(Network((1, 1)), small, sizes=[1], draws=2)
    assert result.fan_share == pytest.approx(1)
    np.testing.assert_allclose(np.linalg.norm(result.fan, axis=1), result.norms)

    network = Network((2, 6, 1), seed=4)
    result = gradient_noise(network, TRAIN, sizes=[1], draws=2, seed=3)
    points = stream(3, "gradient fan").integers(0, 60, (50, 10))
    full = gradient(network, np.arange(60))
    along = full / np.linalg.norm(full)
    apart = np.array([gradient(network, batch) for batch in points]) - full
    across = apart - np.outer(apart @ along, along)
    variances = np.linalg.eigvalsh(across.T @ across)
    assert (result.fan[:, 1] ** 2).sum() == pytest.approx(variances[-1])
    inside = ((apart @ along) ** 2).sum() + variances[-1]
    assert result.fan_share == pytest.approx(inside / (apart**2).sum())


def test_a_full_gradient_of_zero_has_no_angles() -> None:
    """Two points that pull in opposite directions."""
    network = Network((2, 1))
    network.parameters.flat[:] = 0
    data = Dataset(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([0, 1]))
    result = gradient_noise(network, data, batch_size=1, sizes=[1, 2], draws=5)
    assert result.full_norm == 0
    assert np.isnan(result.cosines).all()
    result.figure()


def test_the_network_is_left_alone_and_the_count_is_right() -> None:
    network = Network((2, 4, 1), replicas=2)
    before = network.parameters.flat.copy()
    calls: list[tuple[int, int]] = []
    gradient_noise(
        network,
        TRAIN,
        batches=130,
        sizes=[1, 4],
        draws=20,
        progress=lambda done, total: calls.append((done, total)),
    )
    np.testing.assert_array_equal(network.parameters.flat, before)
    assert calls == [(128, 170), (130, 170), (150, 170), (170, 170)]
    with pytest.raises(Cancelled):
        gradient_noise(network, TRAIN, progress=lambda done, total: False)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 61, "replacement": False}, "batch_size"),
        ({"batches": 1}, "batches"),
        ({"draws": 1}, "draws"),
        ({"sizes": []}, "sizes"),
        ({"sizes": 3}, "sizes"),
        ({"sizes": [1, 61], "replacement": False}, r"sizes\[1\]"),
        ({"l2": -1}, "l2"),
        ({"seed": -1}, "seed"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, object], name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}"):
        gradient_noise(Network((2, 3, 1)), TRAIN, **settings)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"^train"):
        gradient_noise(Network((2, 3, 1)), Dataset(TRAIN.X[:1], TRAIN.y[:1]))


def test_the_figure_shows_fan_angles_and_law() -> None:
    result: GradientNoise = gradient_noise(Network((2, 4, 1)), TRAIN, draws=20)
    assert result.sizes.tolist() == [1, 2, 4, 8, 16, 32]
    fan, angles, law = result.figure().axes
    arrows = fan.collections[0]
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V]), result.fan)
    counted = sum(patch.get_height() for patch in angles.patches)
    assert counted == 50
    assert f"{result.slope:.3f}" in law.get_title()
    np.testing.assert_array_equal(np.asarray(law.lines[0].get_ydata()), result.expected)
