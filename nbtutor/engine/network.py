"""The multilayer perceptron: forward, backward, and nothing else.

Every network is a fleet: parameters, activations and gradients have a leading replica axis, and one
network is a fleet of one. The same lines train one network, or thirty at once.

Notation, for layer l (Bishop, 2006, section 5.3; Goodfellow et al., 2016, section 6.5)::

    z = x W          the weighted sums; x carries a column of ones and W a last row of biases
    a = f(z)         the activations, the next layer's x
    delta = dL/dz    the error signal;  dL/dW = x' delta;  delta below = (delta W') * f'(z below)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.activations import ACTIVATIONS, Activation
from nbtutor.engine.losses import OUTPUTS
from nbtutor.engine.parameters import Parameters, Penalty
from nbtutor.engine.random import stream
from nbtutor.engine.validation import (
    ParameterError,
    check_choice,
    check_integer,
    check_per_replica,
    check_points,
    check_sizes,
    is_sequence,
)

Array = np.ndarray

MAX_LAYERS = 32
MAX_UNITS = 4096
MAX_PARAMETERS = 50_000_000
_KEPT_WORKSPACES = 8


class Network:
    """A fleet of multilayer perceptrons with the same shape.

    Parameters
    ----------
    sizes : sequence of int
        Units of every layer, inputs first: ``(2, 8, 8, 1)``. At least inputs and outputs.
    activation : str or sequence of str, default "tanh"
        One name from `ACTIVATIONS` for all hidden layers, or one for each.
    output : {"sigmoid", "softmax"}, default "sigmoid"
        Sigmoid needs one output unit, softmax one a class (two or more).
    replicas : int, default 1
        Networks in the fleet. Replica r starts from weights of its own; replica 0 is the network
        that ``replicas=1`` gives with the same seed.
    seed : int, default 0
        Seed of the initial weights.
    dtype : {"float32", "float64"}, default "float32"
        float32 for live work, float64 for checking gradients.

    Raises
    ------
    ParameterError
        If an argument is not allowed; the message says what is.

    Notes
    -----
    Weights start uniform in ±sqrt(6 / (inputs + units)) and biases at zero (Glorot and Bengio,
    2010, equation 16).
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "tanh",
        output: str = "sigmoid",
        replicas: int = 1,
        seed: int = 0,
        dtype: str = "float32",
    ) -> None:
        self.sizes = check_sizes("sizes", sizes, max_layers=MAX_LAYERS, max_units=MAX_UNITS)
        if len(self.sizes) < 2:
            raise ParameterError("sizes", sizes, "at least two numbers, inputs and outputs")
        self.output = check_choice("output", output, OUTPUTS)
        if (self.output == "sigmoid") != (self.sizes[-1] == 1):
            last = "1" if self.output == "sigmoid" else "2 or more"
            hint = "Use output='sigmoid' for one output unit and 'softmax' for two or more."
            raise ParameterError("sizes", sizes, f"a shape that ends in {last} here", hint)
        self.replicas = check_integer("replicas", replicas, low=1, high=4096)
        count = self.replicas * sum((i + 1) * units for i, units in pairwise(self.sizes))
        if count > MAX_PARAMETERS:
            allowed = f"a shape with at most {MAX_PARAMETERS:,} weights in all replicas together"
            raise ParameterError("sizes", sizes, allowed, f"These are {count:,}.")
        self.seed = check_integer("seed", seed, low=0, high=2**63 - 1)
        self.dtype = np.dtype(check_choice("dtype", dtype, ("float32", "float64")))
        self.parameters = Parameters(self.sizes, self.replicas, self.dtype)
        self.gradients = Parameters(self.sizes, self.replicas, self.dtype)
        self.activation = activation
        self._output = OUTPUTS[self.output]
        self._weights_transposed = [w.swapaxes(1, 2) for w in self.parameters.weights]
        self._workspaces: dict[int, Workspace] = {}
        self.initialize()

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.sizes))
        count = self.parameters.flat.shape[1]
        return (
            f"<Network {shape}, {self.activation}, {self.output}: {count:,} parameters, "
            f"replicas={self.replicas}, {self.dtype}>"
        )

    def initialize(self) -> None:
        """Set the initial weights, the same ones each time."""
        for replica in range(self.replicas):
            rng = stream(self.seed, "weights", replica)
            for weights, biases in zip(self.weights, self.biases, strict=True):
                inputs, units = weights.shape[1:]
                limit = np.sqrt(6 / (inputs + units))
                weights[replica] = rng.uniform(-limit, limit, (inputs, units))
                biases[replica] = 0

    @property
    def activation(self) -> str | tuple[str, ...]:
        """The activation of the hidden layers; may be set at any time, the weights stay."""
        return self._activation

    @activation.setter
    def activation(self, value: str | Sequence[str]) -> None:
        hidden = len(self.sizes) - 2
        if not isinstance(value, str) and not (is_sequence(value) and len(value) == hidden):
            allowed = f"one name, or {hidden} names, one for each hidden layer"
            raise ParameterError("activation", value, allowed)
        names = [value] * hidden if isinstance(value, str) else list(value)
        for name in [value] if isinstance(value, str) else names:
            check_choice("activation", name, ACTIVATIONS)
        self._activation = value if isinstance(value, str) else tuple(names)
        self._activations: list[Activation] = [ACTIVATIONS[name] for name in names]

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of every hidden layer by name."""
        return tuple(activation.name for activation in self._activations)

    @property
    def weights(self) -> list[Array]:
        """One array of shape (replicas, inputs, units) a layer; views that may be written to."""
        return self.parameters.weights

    @property
    def biases(self) -> list[Array]:
        """One array of shape (replicas, units) a layer; views that may be written to."""
        return self.parameters.biases

    # What a user asks of a network.

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of every class.

        Parameters
        ----------
        X : array of shape (n, inputs) or (replicas, n, inputs)

        Returns
        -------
        ndarray of shape (replicas, n, classes)
            Rows sum to one; with a sigmoid output the columns are P(0) and P(1).
        """
        probabilities = self.probabilities(self.forward(self.prepare_inputs(X)))
        if self.output == "sigmoid":
            return np.concatenate([1 - probabilities, probabilities], axis=-1)
        return probabilities

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable class of every point, shape (replicas, n)."""
        return self._output.classes(self.logits(X))

    def logits(self, X: ArrayLike) -> Array:
        """Return the output layer's weighted sums, shape (replicas, n, outputs)."""
        inputs = self.prepare_inputs(X)
        return self.forward(inputs).logits.copy()

    def hidden_outputs(self, X: ArrayLike) -> list[Array]:
        """Return the output of every hidden layer, each of shape (replicas, n, units)."""
        workspace = self.forward(self.prepare_inputs(X))
        return [outputs.copy() for outputs in workspace.activations]

    def loss_and_gradients(
        self,
        X: Array,
        y: Array,
        l1: float | Sequence[float] | Array = 0.0,
        l2: float | Sequence[float] | Array = 0.0,
    ) -> tuple[Array, Parameters]:
        """Return the mean loss, penalties included, and its gradients.

        Parameters
        ----------
        X : array of shape (n, inputs) or (replicas, n, inputs)
        y : array of int of shape (n,) or (replicas, n)
            Class numbers from 0.
        l1, l2 : float or sequence of float
            Strength of the penalties, one or one for each replica; see `Penalty`.

        Returns
        -------
        loss : ndarray of shape (replicas,)
        gradients : Parameters
            ``gradients.weights`` and ``gradients.biases``, shaped as the network's. The arrays are
            used again by the next call; copy what is to be kept.
        """
        l1, l2 = (
            np.asarray(check_per_replica(name, value, low=0, high=1e6, replicas=self.replicas))
            for name, value in (("l1", l1), ("l2", l2))
        )
        inputs = self.prepare_inputs(X)
        targets = self.prepare_targets(y, inputs.shape[-2])
        penalty = Penalty(self.parameters, l1, l2)
        workspace = self.forward(inputs)
        loss = self._output.losses(workspace.logits, targets).mean(axis=-1)
        self.backward(inputs, targets, workspace)
        penalty.add_gradient(self.parameters.flat, self.gradients.flat)
        return loss + penalty.value(self.parameters.flat), self.gradients

    # What a trainer asks, thousands of times a second: arrays ready made, nothing checked.

    def prepare_inputs(self, X: ArrayLike) -> Array:
        """Return `X` with a column of ones, in the network's dtype."""
        points = check_points("X", X, self.sizes[0], self.replicas)
        largest = float(np.finfo(self.dtype).max)
        if np.abs(points).max() > largest:
            allowed = f"numbers that {self.dtype} can hold, up to {largest:.2g}"
            raise ParameterError("X", f"numbers up to {np.abs(points).max():.2g}", allowed)
        inputs = np.ones((*points.shape[:-1], self.sizes[0] + 1), self.dtype)
        inputs[..., :-1] = points
        return inputs

    def prepare_targets(self, y: Array, n: int) -> Array:
        """Return the classes of `n` points as targets, shape (..., n, outputs)."""
        classes = max(self.sizes[-1], 2)
        allowed = f"whole numbers from 0 to {classes - 1}, shape ({n},) or ({self.replicas}, {n})"
        try:
            labels = np.asarray(y)
        except ValueError as error:  # rows of different lengths
            raise ParameterError("y", y, allowed) from error
        if labels.dtype.kind not in "iub":
            raise ParameterError("y", y, allowed)
        if labels.shape not in ((n,), (self.replicas, n)):
            raise ParameterError("y", f"shape {labels.shape}", allowed)
        if labels.min() < 0 or labels.max() >= classes:
            raise ParameterError("y", f"values from {labels.min()} to {labels.max()}", allowed)
        return self._output.targets(labels.astype(np.int64), self.sizes[-1]).astype(self.dtype)

    def forward(self, inputs: Array, masks: Sequence[Array] | None = None) -> Workspace:
        """Run points through the network.

        Parameters
        ----------
        inputs : ndarray of shape (n, inputs + 1) or (replicas, n, inputs + 1)
            From `prepare_inputs`.
        masks : sequence of ndarray, optional
            What to multiply each hidden layer's output with, shape (replicas or 1, n, units): 0 for
            a dropped unit and 1 / (1 - p) for a kept one (inverted dropout, Srivastava et al.,
            2014). None for prediction, where nothing is dropped.

        Returns
        -------
        Workspace
            Holds every layer's arrays until the next call with as many points.
        """
        workspace = self._workspace(inputs.shape[-2])
        x = inputs
        for layer, activation in enumerate(self._activations):
            z = workspace.sums[layer]
            np.matmul(x, self.parameters.layers[layer], out=z)
            if masks is None:
                activation.output(z, workspace.outputs[layer])
                workspace.activations[layer] = workspace.outputs[layer]
            else:
                activation.output(z, workspace.undropped[layer])
                workspace.activations[layer] = workspace.undropped[layer]
                np.multiply(workspace.undropped[layer], masks[layer], out=workspace.outputs[layer])
            x = workspace.inputs[layer]
        np.matmul(x, self.parameters.layers[-1], out=workspace.logits)
        return workspace

    def probabilities(self, workspace: Workspace) -> Array:
        """Return what the output units say after `forward`, shape (replicas, n, outputs)."""
        probabilities = np.empty_like(workspace.logits)
        self._output.probabilities(workspace.logits, probabilities)
        return probabilities

    def backward(
        self,
        inputs: Array,
        targets: Array,
        workspace: Workspace,
        masks: Sequence[Array] | None = None,
    ) -> None:
        """Fill `gradients` with the gradient of the mean loss, after `forward` with the same."""
        gradients = self.gradients.layers
        delta = workspace.deltas[-1]
        self._output.delta(workspace.logits, targets, delta)
        for layer in range(len(gradients) - 1, 0, -1):
            np.matmul(workspace.inputs_transposed[layer - 1], delta, out=gradients[layer])
            below = workspace.deltas[layer - 1]
            np.matmul(delta, self._weights_transposed[layer], out=below)
            if masks is not None:
                np.multiply(below, masks[layer - 1], out=below)
            slope = workspace.slopes[layer - 1]
            self._activations[layer - 1].derivative(
                workspace.sums[layer - 1], workspace.activations[layer - 1], slope
            )
            np.multiply(below, slope, out=below)
            delta = below
        np.matmul(inputs.swapaxes(-1, -2), delta, out=gradients[0])

    def evaluate(self, inputs: Array, targets: Array) -> Evaluation:
        """Return mean loss (without penalties) and accuracy of prepared points."""
        logits = self.forward(inputs).logits
        losses = self._output.losses(logits, targets)
        correct = self._output.classes(logits) == self._true_classes(targets)
        return Evaluation(losses.mean(axis=-1), correct.mean(axis=-1))

    def _true_classes(self, targets: Array) -> Array:
        return targets[..., 0] if self.output == "sigmoid" else targets.argmax(axis=-1)

    def _workspace(self, n: int) -> Workspace:
        workspace = self._workspaces.get(n)
        if workspace is None:
            # A batch-size slider dragged from end to end asks for many sizes: forget the oldest.
            while len(self._workspaces) >= _KEPT_WORKSPACES:
                self._workspaces.pop(next(iter(self._workspaces)))
            workspace = self._workspaces[n] = Workspace(self.sizes, self.replicas, n, self.dtype)
        return workspace


@dataclass(frozen=True)
class Evaluation:
    """How well a fleet does on a set of points.

    Attributes
    ----------
    loss : ndarray of shape (replicas,)
        Mean cross-entropy in nats, without penalties.
    accuracy : ndarray of shape (replicas,)
        Share of points whose most probable class is the true one.
    """

    loss: Array
    accuracy: Array


class Workspace:
    """The arrays of one pass of `n` points, allocated once and used at every update.

    Attributes
    ----------
    sums : list of ndarray of shape (replicas, n, units)
        z of every hidden layer.
    inputs : list of ndarray of shape (replicas, n, units + 1)
        What every layer above a hidden one receives: outputs (after dropout) and a column of ones.
    outputs : list of ndarray
        Views of `inputs` without the ones.
    activations : list of ndarray
        f(z), before dropout.
    logits : ndarray of shape (replicas, n, outputs)

    Notes
    -----
    What only training needs is allocated at its first use.
    """

    def __init__(self, sizes: Sequence[int], replicas: int, n: int, dtype: np.dtype) -> None:
        self._shapes = [(replicas, n, units) for units in sizes[1:]]
        self._dtype = dtype
        hidden = self._shapes[:-1]
        self.sums: list[Array] = [np.empty(shape, dtype) for shape in hidden]
        self.inputs: list[Array] = [np.ones((*shape[:2], shape[2] + 1), dtype) for shape in hidden]
        self.inputs_transposed = [x.swapaxes(-1, -2) for x in self.inputs]
        self.outputs: list[Array] = [x[..., :-1] for x in self.inputs]
        self.activations: list[Array] = list(self.outputs)
        self.logits: Array = np.empty(self._shapes[-1], dtype)

    @cached_property
    def deltas(self) -> list[Array]:
        """The error signal of every layer, dL/dz."""
        return self._allocate()

    @cached_property
    def slopes(self) -> list[Array]:
        """f'(z) of every hidden layer."""
        return self._allocate()

    @cached_property
    def undropped(self) -> list[Array]:
        """f(z) of every hidden layer where dropout changes what is passed on."""
        return self._allocate()

    def _allocate(self) -> list[Array]:
        return [np.empty(shape, self._dtype) for shape in self._shapes]
