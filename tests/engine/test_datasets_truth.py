"""The true posterior and the Bayes error, with noise on labels, shares and many classes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from nbtutor.engine import Generator
from nbtutor.engine.datasets import FAMILIES

Array = np.ndarray

KINDS = [("rings", 3), ("rings", 8), ("blobs", 5), ("spirals", 4), ("checkerboard", 2)]


def normal_share(z: float) -> float:
    """The share of a normal distribution below z."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def square_of_points(side: int = 30) -> Array:
    axis = np.linspace(-6, 6, side)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def check_against_draws(generator: Generator, n: int = 6500, seed: int = 5) -> None:
    """In every square of the plane, and at every level, as often right as it says."""
    side = 40
    draw = generator.sample(n, np.random.default_rng(seed))
    shown = (np.abs(draw.X) < 6).all(axis=1)
    chosen = np.flatnonzero(shown)[:4000]
    column, row = np.floor((draw.X[chosen].T + 6) / 12 * side).astype(int)
    posterior = generator.posterior(draw.X[chosen])
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-12)
    for label in range(generator.classes):
        p, own = posterior[:, label], draw.y[chosen] == label
        for parts in (row * side + column, np.floor(p * 19.99).astype(int), np.zeros(len(p), int)):
            expected, variance = np.bincount(parts, p), np.bincount(parts, p * (1 - p))
            enough = variance > 2
            if not enough.any():
                continue
            z = (np.bincount(parts, own) - expected)[enough] / np.sqrt(variance[enough])
            assert (z**2).mean() < 1 + 5 * np.sqrt(2 / len(z))
            assert np.abs(z).max() < 5


@pytest.mark.parametrize(("name", "classes"), KINDS)
@pytest.mark.parametrize("noise", [0.1, 0.4])
def test_posterior_is_the_share_among_many_points(name: str, classes: int, noise: float) -> None:
    check_against_draws(Generator(name, noise, classes=classes))


@pytest.mark.parametrize(
    ("name", "noise", "label_noise", "balance"),
    [
        ("moons", 0.2, 0.2, None),
        ("moons", 0.2, 0.9, None),
        ("xor", 0.3, 0.0, (0.9, 0.1)),
        ("circle", 0.3, 0.1, (0.25, 0.75)),
        ("blobs", 0.3, 0.3, (0.6, 0.3, 0.1)),
        ("spirals", 0.3, 0.0, (0.1, 0.2, 0.7)),
        ("rings", 0.0, 0.25, (0.5, 0.3, 0.2)),
    ],
)
def test_posterior_with_label_noise_and_imbalance(
    name: str, noise: float, label_noise: float, balance: Sequence[float] | None
) -> None:
    check_against_draws(Generator(name, noise, label_noise=label_noise, balance=balance))


def test_the_check_would_fail() -> None:
    """A posterior that forgets the label noise, or the priors, is caught."""
    wrong = Generator("moons", 0.2)
    for right in (
        Generator("moons", 0.2, label_noise=0.05),
        Generator("moons", 0.2, balance=(0.6, 0.4)),
    ):
        wrong.sample = right.sample  # type: ignore[method-assign]
        with pytest.raises(AssertionError):
            check_against_draws(wrong)


@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_posterior_of_blobs_is_a_softmax(classes: int, noise: float) -> None:
    """Of linear functions, as the Gaussians are equal and round (Bishop, 2006, section 4.2.1)."""
    shares = np.arange(1, classes + 1) / (classes * (classes + 1) / 2)
    angle = 2 * np.pi * np.arange(classes) / classes
    centres = 4 * np.column_stack([np.cos(angle), np.sin(angle)])
    points = square_of_points()
    logits = points @ centres.T / (0.5 + 7 * noise) + np.log(shares)
    softmax = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax /= softmax.sum(axis=1, keepdims=True)
    clean = Generator("blobs", noise, classes=classes, balance=tuple(shares))
    np.testing.assert_allclose(clean.posterior(points), softmax, rtol=1e-9, atol=1e-15)
    noisy = Generator("blobs", noise, classes=classes, balance=tuple(shares), label_noise=0.2)
    expected = 0.8 * softmax + 0.2 * (1 - softmax) / (classes - 1)
    np.testing.assert_allclose(noisy.posterior(points), expected, rtol=1e-9)


@pytest.mark.parametrize(("name", "classes"), [("rings", 3), ("blobs", 6), ("spirals", 5)])
def test_symmetries_of_the_posterior(name: str, classes: int) -> None:
    """A part of a turn takes the rings to themselves, the other shapes to the next class."""
    generator = Generator(name, 0.2, classes=classes)
    turn = 2 * np.pi / classes * (-1 if name == "spirals" else 1)
    cos, sin = math.cos(turn), math.sin(turn)
    points = square_of_points()
    turned = generator.posterior(points @ np.array([[cos, sin], [-sin, cos]]))
    shift = 0 if name == "rings" else -1
    expected = generator.posterior(points)
    np.testing.assert_allclose(np.roll(turned, shift, axis=1), expected, atol=1e-5)


@pytest.mark.parametrize(("name", "classes"), KINDS)
def test_without_noise_the_truth_is_the_class(name: str, classes: int) -> None:
    generator = Generator(name, classes=classes)
    data = generator.sample(2000, np.random.default_rng(0))
    right = generator.posterior(data.X)[np.arange(2000), data.y]
    assert np.mean(right > 0.5) > 0.98
    if name != "blobs":
        assert np.mean(right > 0.99) > 0.97


@pytest.mark.parametrize("name", FAMILIES)
def test_far_away_it_is_still_a_probability(name: str) -> None:
    generator = Generator(
        name, 0.01, balance=(0.999, 0.001) + (1e-9,) * (FAMILIES[name].classes - 2)
    )
    posterior = generator.posterior([[1e6, -1e6], [50.0, 40.0]])
    assert posterior.min() >= 0
    np.testing.assert_allclose(posterior.sum(axis=1), 1)


# The Bayes error.


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3, 0.5])
def test_bayes_error_of_two_gaussians(noise: float) -> None:
    """Phi(-d / 2) at a distance of d standard deviations (Fukunaga, 1990, section 3.1)."""
    d = 4 * math.sqrt(2) / math.sqrt(0.5 + 7 * noise)
    assert Generator("gaussians", noise).bayes_error == pytest.approx(
        normal_share(-d / 2), rel=0.005
    )
    d = 8 / math.sqrt(0.5 + 7 * noise)
    assert Generator("blobs", noise, classes=2).bayes_error == pytest.approx(
        normal_share(-d / 2), rel=0.005
    )


@pytest.mark.parametrize("noise", [0.1, 0.5])
@pytest.mark.parametrize("share", [0.1, 0.7])
def test_bayes_error_of_two_gaussians_with_priors(noise: float, share: float) -> None:
    """The border moves by ln(odds) / d, away from the class that there is more of."""
    d = 4 * math.sqrt(2) / math.sqrt(0.5 + 7 * noise)
    log_odds = math.log(share / (1 - share))
    error = share * normal_share(-d / 2 - log_odds / d)
    error += (1 - share) * normal_share(-d / 2 + log_odds / d)
    generator = Generator("gaussians", noise, balance=(share, 1 - share))
    assert generator.bayes_error == pytest.approx(error, rel=0.005)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.75, 0.9, 1.0])
def test_bayes_error_with_label_noise(classes: int, p: float) -> None:
    """A label is right where the class is (kept), or where the best guess is another's label."""
    generator = Generator("blobs", 0.2, classes=classes, label_noise=p)
    draw = generator.sample(40_000, np.random.default_rng(1))
    best = generator.posterior(draw.X).max(axis=1)
    error = 1 - best.mean()
    assert generator.bayes_error == pytest.approx(error, abs=5 * best.std() / 200 + 1e-4)
    sharp = Generator("rings", 0.0, classes=classes, label_noise=p)
    assert sharp.bayes_error == pytest.approx(1 - max(1 - p, p / (classes - 1)), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "classes"), [*KINDS, *((name, 2) for name in ("circle", "xor", "spiral", "moons"))]
)
@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_bayes_error_is_what_the_best_classifier_gets_wrong(
    name: str, classes: int, noise: float
) -> None:
    generator = Generator(name, noise, classes=classes)
    draw = generator.sample(3000, np.random.default_rng(2))
    posterior = generator.posterior(draw.X)
    best = posterior.max(axis=1)
    slack = 0.004 if noise == 0.01 else 1e-4
    assert generator.bayes_error == pytest.approx(
        1 - best.mean(), abs=5 * best.std() / len(draw) ** 0.5 + slack
    )
    wrong = np.mean(posterior.argmax(axis=1) != draw.y)
    error = generator.bayes_error
    assert wrong == pytest.approx(error, abs=5 * math.sqrt(error / len(draw)) + slack)


@pytest.mark.parametrize("name", FAMILIES)
def test_bayes_error_grows_with_the_noise(name: str) -> None:
    errors = [Generator(name, noise).bayes_error for noise in (0.0, 0.1, 0.5)]
    assert errors == sorted(errors)
    assert errors[-1] > 0.01
    if FAMILIES[name].blur(0) == 0:
        assert errors[0] == 0
