"""Squared error taken apart: bias², variance and noise, and where the variance comes from.

Pure functions of predictions, whatever made them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine import ParameterError

Array = np.ndarray


@dataclass(frozen=True)
class Decomposition:
    """Expected squared error in three parts; see `decompose`.

    Attributes
    ----------
    bias2, variance, noise : float
        Means over the points; they sum to `expected_error`.
    expected_error : float
        Mean over points, replicas and labels of (y - prediction)².
    bias2_at, variance_at, noise_at : ndarray of shape (n,)
        The same at each point.
    replicas : int
    """

    bias2: float
    variance: float
    noise: float
    expected_error: float
    bias2_at: Array
    variance_at: Array
    noise_at: Array
    replicas: int

    @property
    def variance_unbiased(self) -> float:
        """The variance with the divisor R - 1: right on average, for independent replicas."""
        return self.variance * self.replicas / (self.replicas - 1)

    @property
    def bias2_unbiased(self) -> float:
        """The squared bias less variance / R, which the mean of R replicas has in it.

        Right on average, for independent replicas; may come out below zero where the bias is small.
        """
        return self.bias2 - self.variance_unbiased / self.replicas


def decompose(predictions: ArrayLike, truth: ArrayLike, noise: ArrayLike) -> Decomposition:
    """Split the expected squared error of a learner into bias², variance and noise.

    At a point x, with predictions q_r of R replicas, each trained on a draw of its own, and labels
    y with mean ``truth`` and variance ``noise``::

        E (y - q)²  =  (truth - mean q)²  +  mean (q - mean q)²  +  Var y
                       bias²                variance               noise

    (Geman, Bienenstock and Doursat, 1992). For a class label y of 0 or 1 with P(1) = p, the truth
    is p and the noise p (1 - p).

    Parameters
    ----------
    predictions : array of shape (R, n)
        Of two replicas or more.
    truth : array of shape (n,)
        E[y] at every point.
    noise : float or array of shape (n,)
        Var[y] at every point, 0 or more.

    Returns
    -------
    Decomposition
        Means over the n points. The sum is exact. Bias² and variance are those of the replicas at
        hand (divisor R): the mean of R replicas still varies, so `bias2` is too large by
        variance / R on average and `variance` too small by as much. `bias2_unbiased` and
        `variance_unbiased` mend that and have the same sum.

    Raises
    ------
    ParameterError
        If shapes do not fit or a number is not finite.
    """
    q = finite_array("predictions", predictions)
    if q.ndim != 2 or len(q) < 2 or q.size == 0:
        raise ParameterError(
            "predictions", f"shape {q.shape}", "of shape (R, n), with R of two or more"
        )
    t, v = (_per_point(*given, q.shape[1]) for given in (("truth", truth), ("noise", noise)))
    if v.min() < 0:
        raise ParameterError("noise", float(v.min()), "0 or more: it is a variance")
    mean = q.mean(axis=0)
    bias2_at = (t - mean) ** 2
    variance_at = ((q - mean) ** 2).mean(axis=0)
    expected = ((t - q) ** 2).mean(axis=0) + v
    return Decomposition(
        bias2=float(bias2_at.mean()),
        variance=float(variance_at.mean()),
        noise=float(v.mean()),
        expected_error=float(expected.mean()),
        bias2_at=bias2_at,
        variance_at=variance_at,
        noise_at=v,
        replicas=len(q),
    )


@dataclass(frozen=True)
class VarianceSplit:
    """Where the variance comes from; see `split_variance`.

    Attributes
    ----------
    data : float
        Var_d E_w[q]: what another draw of the training points changes, averaged over initial
        weights.
    weights : float
        Var_w E_d[q]: what other initial weights change, averaged over draws of the points.
    interaction : float
        What is left: initial weights that do well on one draw and badly on another.
    """

    data: float
    weights: float
    interaction: float

    @property
    def total(self) -> float:
        """The variance of a network with both drawn afresh: the sum."""
        return self.data + self.weights + self.interaction

    @property
    def given_data(self) -> float:
        """E_d Var_w[q | d], what other initial weights change once the points are drawn.

        With `data` it makes up the total (the law of total variance).
        """
        return self.weights + self.interaction


def split_variance(predictions: ArrayLike) -> VarianceSplit:
    """Split variance into the part of the data and the part of the initial weights.

    A two-way design: each of D draws of the training data meets each of W draws of the initial
    weights. With the model ``q[d, w] = mean + a[d] + b[w] + c[d, w]``, effects random and
    independent, the analysis of variance has the mean squares::

        MS_d  = W sum_d (mean_w q - mean)² / (D - 1)          E MS_d  = var c + W var a
        MS_w  = D sum_w (mean_d q - mean)² / (W - 1)          E MS_w  = var c + D var b
        MS_dw = sum (q - mean_w q - mean_d q + mean)²
                / ((D - 1) (W - 1))                           E MS_dw = var c

    and so the estimates ``data = (MS_d - MS_dw) / W``, ``weights = (MS_w - MS_dw) / D``,
    ``interaction = MS_dw`` (Searle, Casella and McCulloch, Variance Components, 1992, chapter 4;
    for networks, Neal et al., 2018). They are unbiased, and so is their sum. The price is that
    `data` and `weights` may come out a little below zero where the truth is near zero.

    Parameters
    ----------
    predictions : array of shape (D, W, n)
        Of two draws or more of each; n points.

    Returns
    -------
    VarianceSplit
        Means over the points.

    Raises
    ------
    ParameterError
        If the shape does not fit or a number is not finite.
    """
    q = finite_array("predictions", predictions)
    if q.ndim != 3 or min(q.shape[:2]) < 2 or q.size == 0:
        raise ParameterError(
            "predictions", f"shape {q.shape}", "of shape (D, W, n), with D and W of two or more"
        )
    D, W = q.shape[:2]
    mean = q.mean(axis=(0, 1))
    of_data = q.mean(axis=1) - mean  # (D, n)
    of_weights = q.mean(axis=0) - mean  # (W, n)
    rest = q - mean - of_data[:, None] - of_weights
    ms_data = W * (of_data**2).sum(axis=0) / (D - 1)
    ms_weights = D * (of_weights**2).sum(axis=0) / (W - 1)
    ms_rest = (rest**2).sum(axis=(0, 1)) / ((D - 1) * (W - 1))
    return VarianceSplit(
        data=float((ms_data - ms_rest).mean() / W),
        weights=float((ms_weights - ms_rest).mean() / D),
        interaction=float(ms_rest.mean()),
    )


def finite_array(name: str, value: ArrayLike) -> Array:
    """Return `value` as a float64 array if all of it are finite numbers.

    Raises
    ------
    ParameterError
        If not.
    """
    allowed = "an array of finite numbers"
    try:
        array: Array = np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(name, value, allowed) from error
    if not np.isfinite(array).all():
        raise ParameterError(name, value, allowed)
    return array


def _per_point(name: str, value: ArrayLike, n: int) -> Array:
    array = finite_array(name, value)
    if array.shape not in ((), (n,)):
        allowed = f"one number, or {n}, one for each point"
        raise ParameterError(name, f"shape {array.shape}", allowed)
    return np.broadcast_to(array, (n,))
