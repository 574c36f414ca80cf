"""The limit is where descent turns from converging to diverging, at minima found here."""

from __future__ import annotations

import io

import numpy as np
import pytest

from nbtutor.engine import (
    Hessian,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    copies,
    make_dataset,
)
from nbtutor.experiments import StabilityLimit, lr_sweep, stability_limit

TRAIN = make_dataset("moons", 60, 0.2, seed=1)
L2 = 0.05
KICK = 1e-4


def at_the_minimum(hidden: tuple[int, ...]) -> Network:
    """A network trained to a minimum: by descent, then by Newton's method."""
    network = Network((2, *hidden, 1), seed=3, dtype="float64")
    Trainer(network, TRAIN, config=TrainingConfig(0.3, len(TRAIN), l2=L2)).run(epochs=3000)
    for _ in range(20):
        hessian = Hessian(network, TRAIN.X, TRAIN.y, l2=L2)
        network.parameters.flat[0] -= np.linalg.solve(hessian.matrix(), hessian.gradient)
    hessian = Hessian(network, TRAIN.X, TRAIN.y, l2=L2)
    assert np.linalg.norm(hessian.gradient) < 1e-12
    assert np.linalg.eigvalsh(hessian.matrix())[0] > 0
    return network


@pytest.mark.parametrize("hidden", [(), (3,)], ids=str)
def test_descent_shrinks_below_and_grows_above_as_fast_as_it_should(
    hidden: tuple[int, ...],
) -> None:
    """Along the eigenvector each update multiplies the distance by 1 - 2 * rate / limit.

    Without hidden units the problem is convex; with some it is a bowl near the minimum.
    """
    minimum = at_the_minimum(hidden)
    result = stability_limit(minimum, TRAIN, l2=L2, factors=())
    assert result.converged
    expected = np.linalg.eigvalsh(Hessian(minimum, TRAIN.X, TRAIN.y, l2=L2).matrix())[-1]
    assert result.eigenvalue == pytest.approx(expected, rel=1e-6)
    assert result.limit == pytest.approx(2 / expected, rel=1e-6)
    for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 1.5):
        network = copies(minimum)
        network.parameters.flat[0] += KICK * result.direction
        config = TrainingConfig(factor * result.limit, len(TRAIN), l2=L2)
        Trainer(network, TRAIN, config=config).run(updates=4)
        along = (network.parameters.flat[0] - minimum.parameters.flat[0]) @ result.direction
        assert along / KICK == pytest.approx((1 - 2 * factor) ** 4, rel=0.01, abs=0.001)


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_with_momentum_the_limit_is_higher(momentum: float) -> None:
    minimum = at_the_minimum(())
    result = stability_limit(minimum, TRAIN, l2=L2, momentum=momentum, factors=())
    distances = []
    for factor in (0.98, 1.02):
        network = copies(minimum)
        network.parameters.flat[0] += KICK * result.direction
        config = TrainingConfig(factor * result.limit, len(TRAIN), momentum=momentum, l2=L2)
        Trainer(network, TRAIN, config=config).run(updates=300)
        distances.append(np.linalg.norm(network.parameters.flat - minimum.parameters.flat))
    assert distances[0] < 0.1 * KICK
    assert distances[1] > 10 * KICK


def test_the_runs_are_full_batch_descent_on_both_sides() -> None:
    network = Network((2, 4, 1), seed=2)
    before = network.parameters.flat.copy()
    result = stability_limit(network, TRAIN, factors=(0.5, 3.0), updates=20, l2=0.01)
    np.testing.assert_array_equal(network.parameters.flat, before)
    assert result.sweep is not None
    np.testing.assert_allclose(result.sweep.rates, [0.5 * result.limit, 3 * result.limit])
    config = TrainingConfig(batch_size=len(TRAIN), l2=0.01)
    expected = lr_sweep(network, TRAIN, rates=result.sweep.rates, epochs=20, config=config)
    np.testing.assert_array_equal(result.sweep.losses, expected.losses)
    loss, gradients = copies(network, dtype="float64").loss_and_gradients(TRAIN.X, TRAIN.y, l2=0.01)
    assert result.loss == pytest.approx(loss[0])
    assert result.gradient_norm == pytest.approx(np.linalg.norm(gradients.flat))
    assert result.iterations == len(result.estimates)


def test_where_nothing_bends_up_there_is_no_limit() -> None:
    """All hidden units are dead, and the output is sure to the last digit."""
    network = Network((2, 3, 1), "relu")
    network.biases[0][:] = -100
    network.biases[1][:] = 500
    result = stability_limit(network, TRAIN)
    assert result.eigenvalue == 0
    assert result.limit == np.inf
    assert result.sweep is None
    result.figure().savefig(io.BytesIO(), format="png")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"l2": -1}, "l2"),
        ({"momentum": 1.0}, "momentum"),
        ({"factors": 0.5}, "factors"),
        ({"factors": (0.5, 0)}, r"factors\[1\]"),
        ({"updates": 0}, "updates"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, object], name: str) -> None:
    with pytest.raises(ParameterError, match=f"^{name}"):
        stability_limit(Network((2, 3, 1)), TRAIN, **settings)  # type: ignore[arg-type]


def test_the_figure_shows_the_estimates_and_the_runs() -> None:
    result: StabilityLimit = stability_limit(Network((2, 4, 1)), TRAIN, updates=15)
    estimates, runs = result.figure().axes
    assert f"{result.limit:.3g}" in estimates.get_title()
    drawn = np.asarray(estimates.lines[1].get_ydata())
    np.testing.assert_array_equal(drawn, result.estimates)
    assert result.sweep is not None
    for place in range(4):
        np.testing.assert_array_equal(
            np.asarray(runs.lines[place].get_ydata()), result.sweep.losses[:, place]
        )
