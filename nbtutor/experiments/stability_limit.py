"""The largest learning rate at which gradient descent is stable, from the loss's curvature.

Near a minimum the loss is a quadratic bowl, and gradient descent multiplies the distance along an
eigenvector of the Hessian by 1 - rate * eigenvalue at each update. Beyond 2 / lambda_max that is
below -1: each step overshoots farther than the one before. With momentum m the limit is
2 (1 + m) / lambda_max (Polyak, 1964; Goh, 2017, Why Momentum Really Works).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nbtutor.engine import (
    Dataset,
    Hessian,
    Network,
    ParameterError,
    TrainingConfig,
    largest_eigenvalue,
)
from nbtutor.engine.config import LIMITS
from nbtutor.engine.validation import check_integer, check_number, check_type, is_sequence
from nbtutor.experiments.lr_sweep import LearningRateSweep, lr_sweep
from nbtutor.experiments.result import Result

Array = np.ndarray

FACTORS = (0.5, 0.95, 1.05, 2.0)


@dataclass(frozen=True)
class StabilityLimit(Result):
    """The curvature of the training loss at a network's weights, and the limit that it sets.

    Attributes
    ----------
    eigenvalue : float
        lambda_max: the algebraically largest eigenvalue of the Hessian, the curvature along the
        direction in which the loss bends up most. Directions in which it bends down (negative
        eigenvalues, however large) set no limit: descent leaves along them at any rate.
    limit : float
        2 (1 + momentum) / lambda_max; infinite if lambda_max is 0 or less.
    momentum : float
    direction : ndarray of shape (parameters,)
        The eigenvector, of length one, in the order of `Parameters.flat`.
    estimates : ndarray of shape (iterations,)
        lambda_max as power iteration went.
    residual : float
        ``|H v - lambda v|``; there is an eigenvalue no farther from `eigenvalue` than this.
    converged : bool
        Whether the residual came within 1e-7 of the largest eigenvalue in magnitude.
    loss : float
        Mean training loss there, L2 penalty included, in nats.
    gradient_norm : float
        Of the full gradient; the limit is exact where it is 0, at a minimum.
    factors : ndarray of shape (factors,)
        What the rates of `sweep` are in units of the limit.
    sweep : LearningRateSweep or None
        Full-batch gradient descent from these weights below and beyond the limit; an epoch is an
        update. None if that was not asked for, or if there is no limit.
    """

    eigenvalue: float
    limit: float
    momentum: float
    direction: Array
    estimates: Array
    residual: float
    converged: bool
    loss: float
    gradient_norm: float
    factors: Array
    sweep: LearningRateSweep | None

    @property
    def iterations(self) -> int:
        """Products of the Hessian with a vector that were needed."""
        return len(self.estimates)


def stability_limit(
    network: Network,
    train: Dataset,
    *,
    l2: float = 0.0,
    momentum: float = 0.0,
    factors: Sequence[float] = FACTORS,
    updates: int = 100,
    max_iterations: int = 10_000,
    seed: int = 0,
) -> StabilityLimit:
    """Measure the largest curvature of the training loss, and the stability limit of the rate.

    By power iteration on exact products of the Hessian with a vector, in float64; see
    `nbtutor.engine.Hessian` and `nbtutor.engine.largest_eigenvalue`.

    Parameters
    ----------
    network : Network
        Its first replica is looked at, as it is; it is left alone.
    train : Dataset
    l2 : float, default 0
        Strength of the L2 penalty, which is part of the curvature.
    momentum : float, default 0
        From 0 to below 1.
    factors : sequence of float, default (0.5, 0.95, 1.05, 2)
        Rates, in units of the limit, to try with full-batch gradient descent; may be empty.
    updates : int, default 100
        Updates of those runs.
    max_iterations : int, default 10,000
        Limit on the products; see `largest_eigenvalue`.
    seed : int, default 0
        Of the vector that power iteration starts from.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    check_type("network", network, Network)
    check_type("train", train, Dataset)
    momentum = check_number("momentum", momentum, low=0, high=1, include_high=False)
    check_integer("updates", updates, low=1, high=1_000_000)
    check_integer("seed", seed, low=0, high=2**63 - 1)
    if not is_sequence(factors):
        raise ParameterError("factors", factors, "a sequence of numbers above 0; () for none")
    chosen = np.array(
        [
            check_number(f"factors[{place}]", factor, low=0, high=1000, include_low=False)
            for place, factor in enumerate(factors)
        ]
    )
    hessian = Hessian(network, train.X, train.y, l2=l2)
    found = largest_eigenvalue(
        hessian.product, hessian.size, seed=seed, max_iterations=max_iterations
    )
    limit = 2 * (1 + momentum) / found.value if found.value > 0 else float("inf")
    sweep = None
    if len(chosen) and limit * chosen.max() <= LIMITS["learning_rate"][1]:
        config = TrainingConfig(batch_size=len(train), l2=l2, momentum=momentum)
        sweep = lr_sweep(network, train, rates=limit * chosen, epochs=updates, config=config)
    return StabilityLimit(
        found.value,
        limit,
        momentum,
        found.vector,
        found.estimates,
        found.residual,
        found.converged,
        hessian.loss,
        float(np.linalg.norm(hessian.gradient)),
        chosen,
        sweep,
    )
