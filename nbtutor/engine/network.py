"""The multilayer perceptron: forward, backward, and nothing else.

Every network is a fleet: parameters, activations and gradients have a leading replica axis, and one
network is a fleet of one. The same lines train one network, or thirty at once.

Notation, for one layer (Bishop, 2006, section 5.3; Goodfellow et al., 2016, section 6.5)::

    z = W' x         the weighted sums; x carries a row of ones and W a last row of biases
    a = f(z)         the activations, the next layer's x
    delta = dL/dz    the error signal;  dL/dW = x delta';  delta below = W delta * f'(z below)

Inside, a layer's arrays are (units, points), so that its outputs and the row of ones under them
are one block of memory. Fleets have the replica axis in front; a fleet of one goes without it
there, because at this size NumPy takes far longer for a stack of one matrix than for the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nbtutor.engine.activations import ACTIVATIONS, Activation
from nbtutor.engine.features import check_features, expand
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.losses import LOSSES, Output
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

DEAD_SLOPE = 1e-6
"""A hidden unit is dead where its slope, in size, is at most this at every point."""


class Network:
    """A fleet of multilayer perceptrons with the same shape.

    Parameters
    ----------
    sizes : sequence of int
        Units of every layer, inputs first: ``(2, 8, 8, 1)``. At least inputs and outputs.
    activation : str or sequence of str, default "tanh"
        One name from `ACTIVATIONS` for all hidden layers, or one for each.
    output : {"sigmoid", "softmax", "linear"}, default "sigmoid"
        Sigmoid needs one output unit, softmax one a class (two or more); linear is for regression.
    loss : {"cross_entropy", "squared_error"}, optional
        Cross-entropy unless the output is linear, which has squared error only. Squared error is
        the mean over the points of the sum over the output units of (prediction - target)².
    initialization : str, default "xavier_uniform"
        How the weights start: a name from `INITIALIZATIONS`. Biases start at zero.
    inputs : sequence of str, optional
        Names from `FEATURES`: points are then given as (x, y), and the network works out its
        inputs from them. None for inputs as they are given.
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
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "tanh",
        output: str = "sigmoid",
        replicas: int = 1,
        seed: int = 0,
        dtype: str = "float32",
        *,
        loss: str | None = None,
        initialization: str = "xavier_uniform",
        inputs: Sequence[str] | None = None,
    ) -> None:
        self.sizes = check_sizes("sizes", sizes, max_layers=MAX_LAYERS, max_units=MAX_UNITS)
        if len(self.sizes) < 2:
            raise ParameterError("sizes", sizes, "at least two numbers, inputs and outputs")
        self.output = check_choice("output", output, LOSSES)
        if self.output != "linear" and (self.output == "sigmoid") != (self.sizes[-1] == 1):
            last = "1" if self.output == "sigmoid" else "2 or more"
            hint = "Use output='sigmoid' for one output unit and 'softmax' for two or more."
            raise ParameterError("sizes", sizes, f"a shape that ends in {last} here", hint)
        losses = LOSSES[self.output]
        self.loss = next(iter(losses)) if loss is None else check_choice("loss", loss, losses)
        self.initialization = check_choice("initialization", initialization, INITIALIZATIONS)
        self.inputs = self._check_inputs(inputs)
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
        self._output: Output = losses[self.loss]
        self._product: Callable[[Array, Array, Array], Array] = (
            np.ndarray.dot if self.replicas == 1 else np.matmul
        )
        # What each pass needs of the parameters, layer by layer in the order in which it comes by.
        weights = self._inside(self.parameters.weights)
        gradients = self._inside(self.gradients.layers)
        *self._weights_up, self._weights_out = _transposed(self._inside(self.parameters.layers))
        self._gradient_in = gradients[0]
        self._weights_down = list(zip(gradients[1:], weights[1:], strict=True))[::-1]
        self._workspaces: dict[int, Workspace] = {}
        self.initialize()

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.sizes))
        count = self.parameters.flat.shape[1]
        return (
            f"<Network {shape}, {self.activation}, {self.output}, {self.loss}: "
            f"{count:,} parameters, "
            f"replicas={self.replicas}, {self.dtype}>"
        )

    def initialize(self) -> None:
        """Set the initial weights, the same ones each time."""
        draw = INITIALIZATIONS[self.initialization].draw
        for replica in range(self.replicas):
            rng = stream(self.seed, "weights", replica)
            for weights, biases in zip(self.weights, self.biases, strict=True):
                weights[replica] = draw(rng, *weights.shape[1:])
                biases[replica] = 0

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments that make this network, as JSON can hold them."""
        return {
            "sizes": self.sizes,
            "activation": self.activation,
            "output": self.output,
            "replicas": self.replicas,
            "seed": self.seed,
            "dtype": self.dtype.name,
            "loss": self.loss,
            "initialization": self.initialization,
            "inputs": self.inputs,
        }

    def copy(self) -> Network:
        """Return another network with the same weights; what one learns the other does not."""
        copy = Network(**self.settings)
        copy.parameters.flat[:] = self.parameters.flat
        return copy

    # Layers are views of one array. Pickle and deepcopy would make each an array of its own, and
    # an update would no longer reach it; so they take the settings and the weights.

    def __getstate__(self) -> dict[str, Any]:
        return {"settings": self.settings, "parameters": self.parameters.flat}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Network.__init__(self, **state["settings"])
        self.parameters.flat[:] = state["parameters"]

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
        self._same_activation = len(set(names)) == 1

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
            With named inputs, points of shape (n, 2) or (replicas, n, 2); so in all that follows.

        Returns
        -------
        ndarray of shape (replicas, n, classes)
            Rows sum to one; with a sigmoid output the columns are P(0) and P(1).

        Raises
        ------
        ValueError
            If the output is linear: values are no probabilities.
        """
        if self.output == "linear":
            msg = "A network with a linear output has no probabilities; use predict for its values."
            raise ValueError(msg)
        probabilities = self.layer_outputs(X)[-1]
        if self.output == "sigmoid":
            return np.concatenate([1 - probabilities, probabilities], axis=-1)
        return probabilities

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable class of every point, shape (replicas, n).

        A linear output gives values instead, shape (replicas, n, outputs).
        """
        if self.output == "linear":
            return self.logits(X)
        logits = self._run(X).logits
        return self._output.classes(logits).reshape(self.replicas, -1)

    def logits(self, X: ArrayLike) -> Array:
        """Return the output layer's weighted sums, shape (replicas, n, outputs)."""
        return self._outside(self._run(X).logits)

    def layer_outputs(self, X: ArrayLike) -> list[Array]:
        """Return the output of every layer, each of shape (replicas, n, units).

        The last are predictions: the probability of class 1 for a sigmoid output, of each class
        for softmax, and values for a linear output.
        """
        workspace = self._run(X)
        predictions = self.predicted(workspace)
        return [self._outside(outputs) for outputs in (*workspace.inputs.units, predictions)]

    def dead_units(self, X: ArrayLike) -> Array:
        """Count the hidden units that no point can teach, shape (replicas, hidden layers).

        A unit is dead on `X` where its slope f'(z) is zero (`DEAD_SLOPE`) at every point: then the
        gradient by its weights is zero too (Maas, Hannun and Ng, 2013).
        """
        return self.count_dead(self.prepare_inputs(X))

    def loss_and_gradients(
        self,
        X: ArrayLike,
        y: ArrayLike,
        l1: float | Sequence[float] | Array = 0.0,
        l2: float | Sequence[float] | Array = 0.0,
    ) -> tuple[Array, Parameters]:
        """Return the mean loss, penalties included, and its gradients.

        Parameters
        ----------
        X : array of shape (n, inputs) or (replicas, n, inputs)
        y : array
            The truth; see `prepare_targets`.
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
        targets = self.prepare_targets(y, inputs.shape[-1])
        penalty = Penalty(self.parameters, l1, l2)
        workspace = self.forward(inputs)
        losses = self._output.losses(workspace.logits, targets)
        self.backward(inputs, targets, workspace)
        penalty.add_gradient(self.parameters.flat, self.gradients.flat)
        loss = losses.mean(axis=-1) + penalty.value(self.parameters.flat)
        return loss, self.gradients

    # What a trainer asks: first to make its arrays ready, then to use them thousands of times a
    # second with nothing checked.

    def prepare_inputs(self, X: ArrayLike) -> Array:
        """Return `X` with a row of ones, in the network's dtype.

        Returns
        -------
        ndarray of shape (inputs + 1, n) or (replicas, inputs + 1, n)
            In memory a point's inputs lie side by side, so that a batch is one block.
        """
        if self.inputs is None:
            points = check_points("X", X, self.sizes[0], self.replicas)
        else:
            points = expand(check_points("X", X, 2, self.replicas), self.inputs)
        largest = float(np.finfo(self.dtype).max)
        if np.abs(points).max() > largest:
            allowed = f"numbers that {self.dtype} can hold, up to {largest:.2g}"
            raise ParameterError("X", f"numbers up to {np.abs(points).max():.2g}", allowed)
        inputs = np.ones((*points.shape[:-1], self.sizes[0] + 1), self.dtype)
        inputs[..., :-1] = points
        if inputs.ndim == 3:
            (inputs,) = self._inside([inputs])
        return inputs.swapaxes(-1, -2)

    def prepare_targets(self, y: ArrayLike, n: int) -> Array:
        """Return the truth of `n` points as targets, shape (..., outputs, n).

        Parameters
        ----------
        y : array
            Class numbers from 0, whole numbers of shape (n,) or (replicas, n); or the probability
            of every class (soft labels), shape (n, classes) or (replicas, n, classes), rows that
            sum to one. For a linear output, values of shape (n, outputs) or (replicas, n, outputs);
            one output needs no axis of its own.
        n : int
        """
        linear = self.output == "linear"
        units = self.sizes[-1] if linear else max(self.sizes[-1], 2)
        shapes = [(n, units), (self.replicas, n, units)]
        words = f"shape (n, {units}) or ({self.replicas}, n, {units}), with n = {n}"
        if linear and units == 1:
            words = f"shape ({n},), ({self.replicas}, {n}), ({n}, 1) or ({self.replicas}, {n}, 1)"
        if linear:
            allowed = f"finite numbers of {words}"
        else:
            allowed = (
                f"whole numbers from 0 to {units - 1}, shape ({n},) or ({self.replicas}, {n}), "
                f"or probabilities of {words}"
            )
        try:
            given = np.asarray(y)
        except ValueError as error:  # rows of different lengths
            raise ParameterError("y", y, allowed) from error
        if given.dtype.kind not in "biuf":
            raise ParameterError("y", y, allowed)
        if linear:
            one = units == 1 and given.shape not in shapes
            truth = given[..., None] if one else given
        elif given.dtype.kind == "f":
            truth = given
        else:
            if given.shape not in ((n,), (self.replicas, n)):
                raise ParameterError("y", f"shape {given.shape}", allowed)
            if given.min() < 0 or given.max() >= units:
                raise ParameterError("y", f"values from {given.min()} to {given.max()}", allowed)
            truth = (given[..., None] == np.arange(units)).astype(np.float64)
        if truth.shape not in shapes:
            kind = "decimal numbers of " if given.dtype.kind == "f" else ""
            raise ParameterError("y", f"{kind}shape {given.shape}", allowed)
        largest = float(np.finfo(self.dtype).max)
        if not (np.abs(truth) <= largest).all():
            raise ParameterError("y", "NaN, infinite or too large in places", allowed)
        if not linear and (truth.min() < 0 or np.abs(truth.sum(axis=-1) - 1).max() > 1e-6):
            raise ParameterError("y", "rows that do not sum to one, or below 0", allowed)
        if truth.ndim == 3:
            (truth,) = self._inside([truth])
        return self._output.targets(truth.swapaxes(-1, -2)).astype(self.dtype)

    def workspace(self, n: int) -> Workspace:
        """Return the arrays for `n` points; the few that were used last are kept."""
        workspace = self._workspaces.get(n)
        if workspace is None:
            # A batch-size slider dragged from end to end asks for many sizes: forget the oldest.
            while len(self._workspaces) >= _KEPT_WORKSPACES:
                self._workspaces.pop(next(iter(self._workspaces)))
            fleet = () if self.replicas == 1 else (self.replicas,)
            factor = np.array(self._output.delta_factor(n), self.dtype)
            workspace = Workspace(fleet, self.sizes, n, factor)
            self._workspaces[n] = workspace
        return workspace

    def forward(
        self,
        inputs: Array,
        masks: Sequence[Array] | None = None,
        workspace: Workspace | None = None,
    ) -> Workspace:
        """Run points through the network.

        Parameters
        ----------
        inputs : ndarray of shape (inputs + 1, n) or (replicas, inputs + 1, n)
            From `prepare_inputs`.
        masks : sequence of ndarray, optional
            What to multiply each hidden layer's output with, shape (units, n) or (replicas, units,
            n): 0 for a dropped unit and 1 / (1 - p) for a kept one (inverted dropout, Srivastava
            et al., 2014). None for prediction, where nothing is dropped.
        workspace : Workspace, optional
            From `workspace`, for as many points; looked up if it is not given.

        Returns
        -------
        Workspace
            Holds every layer's arrays until the next call with as many points.
        """
        if workspace is None:
            workspace = self.workspace(inputs.shape[-1])
        product, x = self._product, inputs
        layers = zip(self._weights_up, self._activations, workspace.up, strict=True)
        for layer, (weights, activation, (z, a, above)) in enumerate(layers):
            product(weights, x, z)
            if masks is None:
                activation.output(z, a)
            else:
                undropped = workspace.undropped.units[layer]
                activation.output(z, undropped)
                np.multiply(undropped, masks[layer], a)
            x = above
        product(self._weights_out, x, workspace.logits)
        return workspace

    def backward(
        self,
        inputs: Array,
        targets: Array,
        workspace: Workspace,
        masks: Sequence[Array] | None = None,
    ) -> None:
        """Fill `gradients` with the gradient of the mean loss, after `forward` with the same."""
        product, layer = self._product, len(self._activations)
        self._output.delta(workspace.logits, targets, workspace.delta_factor, workspace.deltas[-1])
        self._find_slopes(workspace, workspace.inputs if masks is None else workspace.undropped)
        layers = zip(self._weights_down, workspace.down, strict=True)
        for (gradient, weights), (x, delta, delta_transposed, below, slope) in layers:
            product(x, delta_transposed, gradient)
            product(weights, delta, below)
            if masks is not None:
                layer -= 1
                np.multiply(below, masks[layer], below)
            np.multiply(below, slope, below)
        product(inputs, workspace.deltas_transposed[0], self._gradient_in)

    def _find_slopes(self, workspace: Workspace, outputs: Stack) -> None:
        """Fill the workspace's slopes, f'(z), in one go where all layers have the same f."""
        sums, slopes = workspace.sums, workspace.slopes
        if self._same_activation:
            self._activations[0].derivative(sums.all, outputs.all, slopes.all)
            return
        for layer, activation in enumerate(self._activations):
            activation.derivative(sums.units[layer], outputs.units[layer], slopes.units[layer])

    def predicted(self, workspace: Workspace) -> Array:
        """Return the predictions of what `forward` has just computed, shaped as its logits."""
        predictions = np.empty_like(workspace.logits)
        self._output.predictions(workspace.logits, predictions)
        return predictions

    def point_losses(self, workspace: Workspace, targets: Array) -> Array:
        """Return the loss of every point that `forward` has just seen, shape (replicas, n)."""
        return self._output.losses(workspace.logits, targets).reshape(self.replicas, -1)

    def mean_loss(self, workspace: Workspace, targets: Array) -> Array:
        """Return the mean loss of what `forward` has just computed, shape (replicas,)."""
        mean: Array = self.point_losses(workspace, targets).mean(axis=-1)
        return mean

    def smoothed(self, targets: Array, amount: Array) -> Array:
        """Return prepared targets with label smoothing; see `Output.smoothed`."""
        return self._output.smoothed(targets, amount)

    def count_dead(self, inputs: Array) -> Array:
        """Return `dead_units` of prepared points."""
        workspace = self.forward(inputs)
        self._find_slopes(workspace, workspace.inputs)
        dead = np.zeros((self.replicas, len(self._activations)), np.int64)
        for layer, slopes in enumerate(workspace.slopes.units):
            dead[:, layer] = (np.abs(slopes).max(axis=-1) <= DEAD_SLOPE).sum(axis=-1)
        return dead

    def evaluate(self, inputs: Array, targets: Array) -> Evaluation:
        """Return mean loss (without penalties) and accuracy of prepared points."""
        logits = self.forward(inputs).logits
        losses = self._output.losses(logits, targets)
        correct = self._output.correct(logits, targets)
        return Evaluation(
            losses.sum(axis=-1).reshape(self.replicas) / losses.shape[-1],
            correct.sum(axis=-1).reshape(self.replicas) / correct.shape[-1],
        )

    def _check_inputs(self, inputs: Sequence[str] | None) -> tuple[str, ...] | None:
        if inputs is None:
            return None
        names = check_features("inputs", inputs)
        if len(names) != self.sizes[0]:
            allowed = f"{self.sizes[0]} names, as many as the network has inputs"
            raise ParameterError("inputs", inputs, allowed)
        return names

    def _run(self, X: ArrayLike) -> Workspace:
        return self.forward(self.prepare_inputs(X))

    def _inside(self, arrays: Sequence[Array]) -> list[Array]:
        """Return views without the replica axis for a fleet of one."""
        return [array[0] for array in arrays] if self.replicas == 1 else list(arrays)

    def _outside(self, array: Array) -> Array:
        """Return a copy of (units, n) as (replicas, n, units)."""
        return np.array(array.reshape(self.replicas, *array.shape[-2:]).swapaxes(1, 2))


@dataclass(frozen=True)
class Evaluation:
    """How well a fleet does on a set of points.

    Attributes
    ----------
    loss : ndarray of shape (replicas,)
        Mean loss without penalties: cross-entropy in nats, or squared error.
    accuracy : ndarray of shape (replicas,)
        Share of points whose most probable class is the true one; NaN for a linear output.
    """

    loss: Array
    accuracy: Array


def _transposed(arrays: Sequence[Array]) -> list[Array]:
    return [array.swapaxes(-1, -2) for array in arrays]


class Stack:
    """One array for all hidden layers, with a row more under each, and a view for each layer.

    Attributes
    ----------
    all : ndarray of shape (units of all layers + layers, n), after the replica axis if there is one
    rows : list of ndarray
        Each layer's part, its last row included.
    units : list of ndarray
        Each layer's part without that row.
    """

    def __init__(self, fleet: tuple[int, ...], hidden: Sequence[int], like: Array) -> None:
        ends = np.cumsum([0, *(units + 1 for units in hidden)])
        self.all: Array = np.ones((*fleet, ends[-1], like.shape[-1]), like.dtype)
        self.rows: list[Array] = [self.all[..., i:j, :] for i, j in pairwise(ends)]
        self.units: list[Array] = [rows[..., :-1, :] for rows in self.rows]


class Workspace:
    """The arrays of one pass of `n` points, allocated once and used at every update.

    Shapes are (units, n), with the replica axis in front for a fleet of more than one.

    Attributes
    ----------
    sums : Stack
        z of every hidden layer.
    inputs : Stack
        Outputs of every hidden layer (after dropout); its rows, the ones under them included, are
        what the layer above receives.
    logits : ndarray
        z of the output layer.
    delta_factor : ndarray of shape ()
        See `Output.delta`.

    Notes
    -----
    What only training needs is allocated at its first use.
    """

    def __init__(
        self, fleet: tuple[int, ...], sizes: Sequence[int], n: int, delta_factor: Array
    ) -> None:
        self.delta_factor = delta_factor
        self._fleet = fleet
        self._hidden = sizes[1:-1]
        self.logits: Array = np.empty((*fleet, sizes[-1], n), delta_factor.dtype)
        self.sums = self._stack()
        self.inputs = self._stack()

    @cached_property
    def up(self) -> list[tuple[Array, Array, Array]]:
        """For every hidden layer, lowest first: its sums, its outputs, the next one's inputs."""
        return list(zip(self.sums.units, self.inputs.units, self.inputs.rows, strict=True))

    @cached_property
    def down(self) -> Sequence[tuple[Array, ...]]:
        """For every hidden layer, highest first, what `backward` needs.

        What it passes on, the error signal above it and that transposed, its own error signal, and
        its slopes.
        """
        above = zip(self.inputs.rows, self.deltas[1:], self.deltas_transposed[1:], strict=True)
        own = zip(self.deltas[:-1], self.slopes.units, strict=True)
        return [(*a, *o) for a, o in zip(above, own, strict=True)][::-1]

    @cached_property
    def deltas(self) -> list[Array]:
        """The error signal of every layer, dL/dz, the output's last."""
        hidden = [np.empty_like(units, order="C") for units in self.sums.units]
        return [*hidden, np.empty_like(self.logits)]

    @cached_property
    def deltas_transposed(self) -> list[Array]:
        """Views of `deltas`, points first."""
        return _transposed(self.deltas)

    @cached_property
    def slopes(self) -> Stack:
        """f'(z) of every hidden layer."""
        return self._stack()

    @cached_property
    def undropped(self) -> Stack:
        """f(z) of every hidden layer where dropout changes what is passed on."""
        return self._stack()

    def _stack(self) -> Stack:
        return Stack(self._fleet, self._hidden, self.logits)
