"""The data sets: their shapes, counts, seeds and cuts."""

from __future__ import annotations

import numpy as np
import pytest

from nbtutor.engine import Dataset, Generator, make_dataset
from nbtutor.engine.datasets import FAMILIES

Array = np.ndarray

NAMES = ("circle", "xor", "gaussians", "spiral", "moons")
MORE = ("rings", "blobs", "spirals", "checkerboard")


def radius_and_angle(X: Array) -> tuple[Array, Array]:
    return np.hypot(X[:, 0], X[:, 1]), np.arctan2(X[:, 1], X[:, 0])


def assert_uniform(values: Array, low: float, high: float) -> None:
    """Kolmogorov's test, at a level that one run in a million of true data would fail."""
    ordered = (np.sort(values) - low) / (high - low)
    assert ordered[0] >= 0
    assert ordered[-1] <= 1
    steps = np.arange(len(values) + 1) / len(values)
    distance = max(np.abs(ordered - steps[1:]).max(), np.abs(ordered - steps[:-1]).max())
    assert distance * np.sqrt(len(values)) < 2.7


def test_these_are_all() -> None:
    assert set(FAMILIES) == {*NAMES, *MORE}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [2, 3, 100, 501])
def test_counts_and_balance(name: str, n: int) -> None:
    data = make_dataset(name, n, noise=0.3)
    assert data.X.shape == (n, 2)
    assert data.y.shape == (n,)
    assert len(data) == n
    counts = np.bincount(data.y, minlength=2)
    assert counts.sum() == n
    assert abs(counts[0] - counts[1]) <= 1
    assert data.classes == 2
    assert np.isfinite(data.X).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_points(name: str) -> None:
    first, second, third = (make_dataset(name, 50, 0.2, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.X, second.X)
    np.testing.assert_array_equal(first.y, second.y)
    assert not np.array_equal(first.X, third.X)
    assert not np.array_equal(first.y, third.y)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_is_random(name: str) -> None:
    """A cut at any place then has both classes, about equally."""
    y = make_dataset(name, 2000).y
    for part in np.split(y, 10):
        assert 60 < part.sum() < 140
    if name == "spiral":
        radius, _ = radius_and_angle(make_dataset(name, 2000).X)
        assert abs(np.corrcoef(radius, np.arange(2000))[0, 1]) < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_everything_lies_in_the_plane_that_is_shown(name: str) -> None:
    if name != "gaussians":
        assert np.abs(make_dataset(name, 5000).X).max() < 6
    else:
        assert np.mean(np.abs(make_dataset(name, 5000).X) < 6) > 0.999


def test_circle() -> None:
    data = make_dataset("circle", 20_000)
    radius, angle = radius_and_angle(data.X)
    assert_uniform(radius[data.y == 0], 0, 2.5)
    assert_uniform(radius[data.y == 1], 3.5, 5)
    for label in (0, 1):
        assert_uniform(angle[data.y == label], -np.pi, np.pi)


def test_xor() -> None:
    data = make_dataset("xor", 20_000)
    x, y = data.X.T
    np.testing.assert_array_equal(x * y > 0, data.y == 0)
    for label in (0, 1):
        for axis in (0, 1):
            values = data.X[data.y == label, axis]
            assert_uniform(np.abs(values), 0.3, 5.3)
            assert np.mean(values > 0) == pytest.approx(0.5, abs=0.03)
    inside = data.y == 0
    assert abs(np.corrcoef(np.abs(x[inside]), np.abs(y[inside]))[0, 1]) < 0.05


def test_gaussians() -> None:
    for noise, variance in ((0.0, 0.5), (0.25, 2.25), (0.5, 4.0)):
        data = make_dataset("gaussians", 40_000, noise)
        for label, centre in ((0, 2.0), (1, -2.0)):
            own = data.X[data.y == label]
            np.testing.assert_allclose(
                own.mean(axis=0), centre, atol=5 * (variance / 20_000) ** 0.5
            )
            covariance = np.cov(own.T)
            np.testing.assert_allclose(covariance, variance * np.eye(2), atol=0.05 * variance)


def test_spiral() -> None:
    data = make_dataset("spiral", 20_000)
    radius, _ = radius_and_angle(data.X)
    turn = 1.75 * 2 * np.pi * radius / 5 + np.pi * data.y
    np.testing.assert_allclose(data.X[:, 0], radius * np.sin(turn), atol=1e-12)
    np.testing.assert_allclose(data.X[:, 1], radius * np.cos(turn), atol=1e-12)
    for label in (0, 1):
        assert_uniform(radius[data.y == label], 0, 5)


def test_moons_are_scikit_learns() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs, labels = datasets.make_moons(2000, shuffle=False, noise=None)
    theirs = (theirs - (0.5, 0.25)) * 3
    ours = make_dataset("moons", 400)
    for label in (0, 1):
        u = np.linspace(0, 1, 1000)[:, None]
        exact = FAMILIES["moons"].shape(label, u, 2)
        np.testing.assert_allclose(exact, theirs[labels == label], atol=1e-12)
        # Each of our points is next to one of theirs, and they are spread evenly on the arc.
        own = ours.X[ours.y == label]
        gaps = np.hypot(*(own[:, None, :] - theirs[labels == label][None]).transpose(2, 0, 1))
        assert gaps.min(axis=1).max() < 3 * np.pi / 999
        assert_uniform(gaps.argmin(axis=1) / 999, 0, 1)


@pytest.mark.parametrize(
    ("name", "width"), [("circle", 2.0), ("xor", 2.0), ("spiral", 1.0), ("moons", 3.0)]
)
@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_noise_is_gaussian_of_this_width(name: str, width: float, noise: float) -> None:
    """The same seed draws the same places whatever the noise."""
    moved = make_dataset(name, 20_000, noise).X - make_dataset(name, 20_000).X
    np.testing.assert_allclose(moved.std(axis=0), width * noise, rtol=0.03)
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=5 * width * noise / 20_000**0.5)
    kurtosis = (moved**4).mean(axis=0) / (moved**2).mean(axis=0) ** 2
    np.testing.assert_allclose(kurtosis, 3, atol=0.25)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.04


@pytest.mark.parametrize("name", NAMES)
def test_fresh_samples(name: str) -> None:
    data = make_dataset(name, 100, 0.2)
    rng = np.random.default_rng(1)
    first, second = data.sample(20_000, rng), data.sample(20_000, rng)
    assert not np.intersect1d(first.X[:, 0], second.X[:, 0]).size
    assert not np.intersect1d(first.X[:, 0], data.X[:, 0]).size
    for label in (0, 1):
        a, b = (d.X[d.y == label] for d in (first, second))
        spread = a.std(axis=0) / np.sqrt(len(a) / 2)
        assert (np.abs(a.mean(axis=0) - b.mean(axis=0)) < 5 * spread).all()
        np.testing.assert_allclose(a.std(axis=0), b.std(axis=0), rtol=0.05)
    again = data.sample(20_000, np.random.default_rng(1))
    np.testing.assert_array_equal(again.X, first.X)
    assert first.generator is data.generator


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.001, 0.999])
def test_split_keeps_every_point(share: float) -> None:
    data = make_dataset("moons", 50, noise=0.2)
    first, rest = data.split(share)
    assert len(first) == max(1, min(49, round(50 * share)))
    np.testing.assert_array_equal(np.concatenate([first.X, rest.X]), data.X)
    np.testing.assert_array_equal(np.concatenate([first.y, rest.y]), data.y)
    assert first.generator is rest.generator is data.generator


def test_a_larger_share_keeps_the_points_of_a_smaller() -> None:
    data = make_dataset("moons", 50, noise=0.2)
    smaller, larger = data.split(0.3)[0], data.split(0.7)[0]
    np.testing.assert_array_equal(larger.X[: len(smaller)], smaller.X)


def test_split_of_points_of_each_replica() -> None:
    data = Dataset(np.arange(24.0).reshape(2, 6, 2), np.arange(12).reshape(2, 6) % 2)
    first, rest = data.split(0.5)
    assert (len(data), len(first), len(rest)) == (6, 3, 3)
    np.testing.assert_array_equal(np.concatenate([first.X, rest.X], axis=1), data.X)
    np.testing.assert_array_equal(np.concatenate([first.y, rest.y], axis=1), data.y)


def test_classes_of_data_of_ones_own() -> None:
    X = np.zeros((3, 2))
    assert Dataset(X, np.array([0, 4, 1])).classes == 5
    assert Dataset(X, np.array([0, 0, 0])).classes == 2


# The posterior.

NOISES = (0.1, 0.3)


def square_of_points(side: int = 40) -> Array:
    axis = np.linspace(-6, 6, side)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1, 0.5])
def test_posterior_rows_are_probabilities(name: str, noise: float) -> None:
    posterior = Generator(name, noise).posterior(square_of_points())
    assert posterior.shape == (1600, 2)
    assert posterior.min() >= 0
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3, 0.5])
def test_posterior_of_gaussians_is_a_logistic_function(noise: float) -> None:
    """Equal spherical Gaussians: the log odds are linear (Bishop, 2006, equation 4.66)."""
    points = square_of_points()
    variance = 0.5 + 7 * noise
    log_odds = 2 * (points @ np.array([2.0, 2.0])) / variance
    expected = 1 / (1 + np.exp(-log_odds))
    posterior = Generator("gaussians", noise).posterior(points)
    np.testing.assert_allclose(posterior[:, 0], expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", NOISES)
def test_posterior_is_the_share_among_very_many_points(name: str, noise: float) -> None:
    """In every square of the plane, and at every level, as often right as it says."""
    generator = Generator(name, noise)
    side = 60
    centres = square_of_points(2 * side + 1).reshape(2 * side + 1, -1, 2)[1::2, 1::2]
    mixed = np.abs(generator.posterior(centres.reshape(-1, 2))[:, 0] - 0.5) < 0.48
    draw = generator.sample(1_000_000, np.random.default_rng(5))
    shown = (np.abs(draw.X) < 6).all(axis=1)
    column, row = np.clip((draw.X.T + 6) / 12 * side, 0, side - 1).astype(int)
    square = row * side + column
    # Chosen without a look at the classes, so the shares are not biased.
    chosen = np.flatnonzero(mixed[square] & shown)[:5000]
    assert len(chosen) > 700
    first, square = draw.y[chosen] == 0, square[chosen]
    p = generator.posterior(draw.X[chosen])[:, 0]

    for parts in (square, np.floor(p * 20).astype(int), np.zeros(len(p), int)):
        expected, variance = np.bincount(parts, p), np.bincount(parts, p * (1 - p))
        enough = variance > 2
        assert enough.any()
        z = (np.bincount(parts, first) - expected)[enough] / np.sqrt(variance[enough])
        assert (z**2).mean() < 1 + 5 * np.sqrt(2 / len(z))
        assert np.abs(z).max() < 5
    assert np.std(p) > 0.1, "all squares are alike: the test has no case"


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.05, 0.1, 0.3])
def test_posterior_of_the_circle_depends_on_the_radius_alone(noise: float) -> None:
    generator = Generator("circle", noise)
    angle = np.linspace(0, 2 * np.pi, 301)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    for radius in (2.6, 2.9, 3.0, 3.1, 3.4):
        p = generator.posterior(radius * ring)[:, 0]
        assert np.ptp(p) < 0.001


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_symmetries_of_the_posterior(noise: float) -> None:
    points = square_of_points(31)
    spiral = Generator("spiral", noise).posterior(points)
    np.testing.assert_allclose(
        Generator("spiral", noise).posterior(-points)[:, 1], spiral[:, 0], atol=1e-9
    )
    xor = Generator("xor", noise)
    for mirror in ((1, -1), (-1, 1)):
        np.testing.assert_allclose(
            xor.posterior(points * mirror)[:, 1], xor.posterior(points)[:, 0], atol=1e-9
        )
    np.testing.assert_allclose(xor.posterior(points[:, ::-1]), xor.posterior(points), atol=1e-9)


@pytest.mark.parametrize("name", ["circle", "xor", "spiral", "moons"])
def test_without_noise_the_truth_is_sharp(name: str) -> None:
    data = make_dataset(name, 2000)
    posterior = data.posterior(data.X)
    right = posterior[np.arange(2000), data.y]
    # Close to where two classes touch (the spiral's middle) the narrow kernel sees both.
    assert np.mean(right > 0.99) > 0.95
    assert np.mean(posterior.argmax(axis=1) == data.y) > 0.99


def test_the_truth_far_away_is_still_a_probability() -> None:
    for name in NAMES:
        posterior = Generator(name, 0.01).posterior(np.array([[1e6, -1e6], [50.0, 40.0]]))
        assert np.isfinite(posterior).all()
        np.testing.assert_allclose(posterior.sum(axis=1), 1)
