"""How the loss curves: products of its Hessian with a vector, and its largest eigenvalue.

The Hessian of a network with P parameters has P² entries, but its product with a vector v costs
little more than a gradient. It is the derivative of the gradient in the direction v, and is found
exactly by differentiating every line of the forward and the backward pass in that direction
(Pearlmutter, 1994, Fast Exact Multiplication by the Hessian). With R{.} for that derivative, so
that R{W} = V, the part of v that belongs to W, the lines of `network` become::

    z = W' x                    R{z} = V' x + W' R{x}
    a = f(z)                    R{a} = f'(z) * R{z}
    delta = dL/dz at the top    R{delta} = d²L/dz² R{z}
    dL/dW = x delta'            R{dL/dW} = R{x} delta' + x R{delta}'
    delta below                 R{delta below} = (V delta + W R{delta}) * f'(z)
      = W delta * f'(z)                          + (W delta) * f''(z) * R{z}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.copies import copies
from nbtutor.engine.losses import LOSSES
from nbtutor.engine.network import Network
from nbtutor.engine.parameters import Penalty
from nbtutor.engine.random import stream
from nbtutor.engine.validation import ParameterError, check_integer, check_number

Array = np.ndarray


class Hessian:
    """The matrix of second derivatives of a network's mean loss, for products with vectors.

    The network's weights are copied, in float64; later changes to it have no effect here.
    At a kink of an activation (ReLU at 0) the second derivative is taken as 0.

    Parameters
    ----------
    network : Network
    X : array of shape (n, inputs)
    y : array
        The truth; see `Network.prepare_targets`.
    l2 : float, default 0
        Strength of the L2 penalty, which adds `l2` to the diagonal at the weights and nothing at
        the biases. An L1 penalty has no curvature.
    replica : int, default 0
        Which network of the fleet.

    Attributes
    ----------
    size : int
        Parameters of the network.
    loss : float
        Mean loss, L2 penalty included.
    gradient : ndarray of shape (size,)
        Its gradient, in the order of `Parameters.flat`.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """

    def __init__(
        self, network: Network, X: ArrayLike, y: ArrayLike, l2: float = 0.0, replica: int = 0
    ) -> None:
        net = copies(network, replica=replica, dtype="float64")
        l2 = check_number("l2", l2, low=0, high=1e6)
        loss, gradients = net.loss_and_gradients(np.asarray(X), y, l2=l2)
        self.loss = float(loss[0])
        self.gradient: Array = gradients.flat[0].copy()
        self.size: int = self.gradient.size
        self._sizes = net.sizes
        self._diagonal: Array = Penalty(net.parameters, 0.0, l2).l2[0]
        self._weights = [layer[0] for layer in net.parameters.layers]

        inputs = net.prepare_inputs(X)
        self._n = inputs.shape[-1]
        workspace = net.forward(inputs)
        self._targets = net.prepare_targets(y, self._n)
        net.backward(inputs, self._targets, workspace)
        # The copy is ours alone, so the arrays of its workspace stay as they are.
        self._inputs = [inputs, *workspace.inputs.rows]
        self._logits = workspace.logits
        self._deltas = workspace.deltas
        self._slopes = workspace.slopes.units
        # W delta without its row of biases, which nothing below depends on.
        errors = [
            w[:-1] @ delta for w, delta in zip(self._weights[1:], self._deltas[1:], strict=True)
        ]
        self._bends: list[Array] = []
        layers = zip(
            net.activations, workspace.sums.units, workspace.inputs.units, errors, strict=True
        )
        for name, z, a, error in layers:
            second = np.empty_like(z)
            ACTIVATIONS[name].second(z, a, second)
            self._bends.append(error * second)
        self._output = LOSSES[net.output][net.loss]

    def product(self, vector: Array) -> Array:
        """Return the Hessian times `vector`; both of shape (size,), in `Parameters.flat`'s order.

        Raises
        ------
        ParameterError
            If the vector has another shape.
        """
        vector = np.asarray(vector, np.float64)
        if vector.shape != (self.size,):
            raise ParameterError("vector", f"shape {vector.shape}", f"of shape ({self.size},)")
        direction = self._split(vector)
        # Upwards: what the direction does to the sums, and so to what each layer receives.
        sums_r: list[Array] = []
        inputs_r = [np.zeros_like(self._inputs[0])]
        for layer, (w, v) in enumerate(zip(self._weights, direction, strict=True)):
            sums_r.append(v.T @ self._inputs[layer] + w.T @ inputs_r[layer])
            if layer < len(self._slopes):
                received = np.zeros_like(self._inputs[layer + 1])  # the row of ones stays as it is
                received[:-1] = self._slopes[layer] * sums_r[layer]
                inputs_r.append(received)
        # Downwards: what it does to the error signals, and so to the gradients.
        result = np.empty(self.size)
        gradients = self._split(result)
        delta_r = self._output.curvature(self._logits, self._targets, sums_r[-1]) / self._n
        for layer in reversed(range(len(self._weights))):
            x, x_r, delta = self._inputs[layer], inputs_r[layer], self._deltas[layer]
            gradients[layer][:] = x_r @ delta.T + x @ delta_r.T
            if layer:
                w, v = self._weights[layer][:-1], direction[layer][:-1]
                delta_r = (v @ delta + w @ delta_r) * self._slopes[layer - 1]
                delta_r += self._bends[layer - 1] * sums_r[layer - 1]
        result += self._diagonal * vector
        return result

    def matrix(self) -> Array:
        """Return the whole Hessian, shape (size, size), by one product for each column."""
        return np.stack([self.product(unit) for unit in np.eye(self.size)], axis=1)

    def _split(self, vector: Array) -> list[Array]:
        """Return views of a vector, one a layer, shaped as its weights and biases."""
        parts, start = [], 0
        for inputs, units in pairwise(self._sizes):
            end = start + (inputs + 1) * units
            parts.append(vector[start:end].reshape(inputs + 1, units))
            start = end
        return parts


@dataclass(frozen=True)
class Eigenpair:
    """An eigenvalue of a symmetric matrix and how well it is known.

    Attributes
    ----------
    value : float
    vector : ndarray of shape (size,)
        Of length one.
    residual : float
        ``|A v - value v|``. There is an eigenvalue no farther from `value` than this.
    converged : bool
        Whether the residual came within the tolerance.
    estimates : ndarray of shape (iterations,)
        The value after each product.
    """

    value: float
    vector: Array
    residual: float
    converged: bool
    estimates: Array


def largest_eigenvalue(
    product: Callable[[Array], Array],
    size: int,
    *,
    seed: int = 0,
    tolerance: float = 1e-7,
    max_iterations: int = 10_000,
) -> Eigenpair:
    """Find the algebraically largest eigenvalue of a symmetric matrix by power iteration.

    A vector that is multiplied by the matrix over and over turns to the eigenvector whose
    eigenvalue is largest in *magnitude* (Golub and Van Loan, Matrix Computations, 4th ed.,
    section 8.2). If that eigenvalue is negative, or a negative one as large keeps the vector from
    settling, the matrix is shifted by its magnitude s: ``A + s I`` has no negative eigenvalues of
    note, so its largest in magnitude is the wanted one plus s. The value is the Rayleigh quotient
    ``v' A v``.

    Parameters
    ----------
    product : callable
        ``product(v)`` returns the matrix times v.
    size : int
        Rows of the matrix.
    seed : int, default 0
        Of the first vector. A random one has a part in every eigenvector.
    tolerance : float, default 1e-7
        Stop when ``|A v - value v|`` is at most this times the largest magnitude of an eigenvalue.
    max_iterations : int, default 10,000
        Products at most, without the shift and again with it.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    check_integer("size", size, low=1, high=2**31)
    check_number("tolerance", tolerance, low=0, high=1, include_low=False)
    check_integer("max_iterations", max_iterations, low=1, high=10**9)
    start = stream(seed, "power iteration").standard_normal(size)
    found = _power_iteration(product, start, 0.0, tolerance, max_iterations)
    if found.converged and found.value >= 0:
        return found
    shift = float(np.linalg.norm(product(found.vector)))
    shifted = _power_iteration(product, start, shift, tolerance, max_iterations)
    return replace(shifted, estimates=np.concatenate([found.estimates, shifted.estimates]))


def _power_iteration(
    product: Callable[[Array], Array],
    start: Array,
    shift: float,
    tolerance: float,
    max_iterations: int,
) -> Eigenpair:
    """Iterate with the matrix plus `shift` on its diagonal; the pair is the matrix's own."""
    vector = start / np.linalg.norm(start)
    estimates: list[float] = []
    while True:
        image = product(vector)
        value = float(vector @ image)
        estimates.append(value)
        residual = float(np.linalg.norm(image - value * vector))
        converged = residual <= tolerance * max(abs(value), shift)
        if converged or len(estimates) == max_iterations:
            return Eigenpair(value, vector, residual, converged, np.array(estimates))
        image = image + shift * vector
        vector = image / np.linalg.norm(image)
