"""The engine against PyTorch: forward, losses, gradients under dropout, a hundred updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig
from nbtutor.engine.random import NumberedStream

torch = pytest.importorskip("torch")
functional = pytest.importorskip("torch.nn.functional")

Array = np.ndarray

ACTIVATIONS: dict[str, Any] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": functional.leaky_relu,  # its default slope is 0.01 too
    "elu": functional.elu,
    "gelu": lambda z: functional.gelu(z, approximate="tanh"),
    "silu": functional.silu,
    "softplus": lambda z: functional.softplus(z, threshold=100.0),  # no short cut before there
    "sigmoid": torch.sigmoid,
    "linear": lambda z: z,
}
TOLERANCE = {"float32": 1e-6, "float64": 1e-9}


class Twin:
    """The same network in PyTorch, one replica."""

    def __init__(self, net: Network, replica: int = 0) -> None:
        self.names = (
            [net.activation] * (len(net.sizes) - 2)
            if isinstance(net.activation, str)
            else list(net.activation)
        )
        self.output, self.dtype = net.output, getattr(torch, net.dtype.name)
        self.weights = [self.tensor(w[replica]).requires_grad_() for w in net.weights]
        self.biases = [self.tensor(b[replica]).requires_grad_() for b in net.biases]

    def tensor(self, values: Array) -> Any:
        return torch.tensor(np.array(values), dtype=self.dtype)

    def logits(self, X: Array, masks: Sequence[Array] | None = None) -> Any:
        a = self.tensor(X)
        for layer, name in enumerate(self.names):
            a = ACTIVATIONS[name](a @ self.weights[layer] + self.biases[layer])
            if masks is not None:
                a = a * self.tensor(masks[layer])
        return a @ self.weights[-1] + self.biases[-1]

    def loss(self, X: Array, y: Array, l1: float = 0.0, **options: Any) -> Any:
        logits = self.logits(X, **options)
        if self.output == "sigmoid":
            targets = torch.tensor(y, dtype=self.dtype)
            loss = functional.binary_cross_entropy_with_logits(logits[:, 0], targets)
        else:
            loss = functional.cross_entropy(logits, torch.tensor(y))
        return loss + l1 * sum(w.abs().sum() for w in self.weights)

    def optimizer(self, learning_rate: float, momentum: float, l2: float) -> Any:
        groups = [
            {"params": self.weights, "weight_decay": l2},
            {"params": self.biases, "weight_decay": 0.0},
        ]
        return torch.optim.SGD(groups, lr=learning_rate, momentum=momentum)

    def flat(self) -> Array:
        parts = [
            torch.cat([w, b[None]]).flatten()
            for w, b in zip(self.weights, self.biases, strict=True)
        ]
        result: Array = torch.cat(parts).detach().numpy()
        return result

    def gradient(self) -> Array:
        parts = [
            torch.cat([w.grad, b.grad[None]]).flatten()
            for w, b in zip(self.weights, self.biases, strict=True)
        ]
        result: Array = torch.cat(parts).numpy()
        return result


def problem(classes: int, n: int = 47, seed: int = 3) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    return rng.normal(size=(n, 2)) + y[:, None], y


def network(output: str, activation: str | Sequence[str], dtype: str, **options: Any) -> Network:
    units = {"sigmoid": 1, "softmax": 3}[output]
    return Network((2, 8, 8, units), activation, output, dtype=dtype, **options)


def distance(ours: Array, theirs: Array) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("activation", [*ACTIVATIONS, ("relu", "tanh")], ids=str)
def test_forward_and_loss(activation: str | tuple[str, ...], dtype: str, output: str) -> None:
    net = network(output, activation, dtype, seed=4)
    for biases in net.biases:
        biases[:] = np.linspace(-1, 1, biases.size).reshape(biases.shape)
    X, y = problem(3 if output == "softmax" else 2)
    twin = Twin(net)
    assert distance(net.logits(X)[0], twin.logits(X).detach().numpy()) < TOLERANCE[dtype]
    loss, gradients = net.loss_and_gradients(X, y)
    expected = twin.loss(X, y)
    expected.backward()
    assert loss[0] == pytest.approx(expected.item(), rel=TOLERANCE[dtype])
    assert distance(gradients.flat[0], twin.gradient()) < TOLERANCE[dtype]


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_losses_of_extreme_logits(output: str) -> None:
    """A unit that is sure and wrong: the loss is large and finite, as in PyTorch."""
    net = Network((1, {"sigmoid": 1, "softmax": 2}[output]), output=output, dtype="float64")
    net.weights[0][:] = 1.0 if output == "sigmoid" else np.array([[[-1.0, 1.0]]])
    X, y = np.array([[800.0], [-800.0], [800.0], [-750.0]]), np.array([0, 1, 1, 0])
    loss, _ = net.loss_and_gradients(X, y)
    assert loss[0] == pytest.approx(Twin(net).loss(X, y).item(), rel=1e-12)
    assert 100 < loss[0] < np.inf


STEPS: list[tuple[str, float, float, float]] = [  # activation, momentum, l1, l2
    ("tanh", 0.0, 0.0, 0.0),
    ("tanh", 0.9, 0.001, 0.01),
    ("relu", 0.9, 0.0, 0.02),
    ("leaky_relu", 0.5, 0.002, 0.0),
    ("elu", 0.6, 0.0, 0.01),
    ("gelu", 0.9, 0.001, 0.0),
    ("silu", 0.0, 0.0, 0.02),
    ("softplus", 0.5, 0.001, 0.001),
    ("sigmoid", 0.8, 0.001, 0.003),
    ("linear", 0.7, 0.003, 0.001),
]


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("activation", "momentum", "l1", "l2"), STEPS)
def test_a_hundred_updates(
    activation: str, momentum: float, l1: float, l2: float, dtype: str, output: str
) -> None:
    X, y = problem(3 if output == "softmax" else 2)
    net = network(output, activation, dtype, seed=1)
    twin = Twin(net)
    config = TrainingConfig(0.05, batch_size=10, momentum=momentum, l1=l1, l2=l2)
    trainer = Trainer(net, Dataset(X, y), config=config, seed=5)
    assert trainer.run(updates=100) == 100

    optimizer = twin.optimizer(0.05, momentum, l2)
    for batch in batches(len(X), 10, 100, seed=5):
        optimizer.zero_grad()
        twin.loss(X[batch], y[batch], l1).backward()
        optimizer.step()
    assert distance(net.parameters.flat[0], twin.flat()) < TOLERANCE[dtype]
    start = network(output, activation, dtype, seed=1)
    assert distance(start.parameters.flat[0], twin.flat()) > 0.1, "nothing was learnt"


def test_a_change_of_rate_and_momentum_on_the_way() -> None:
    """The velocity is PyTorch's: a new rate acts at once, on what was gathered before too."""
    X, y = problem(2)
    net = network("sigmoid", "tanh", "float64")
    twin = Twin(net)
    trainer = Trainer(net, Dataset(X, y), config=TrainingConfig(0.05, 10, momentum=0.9))
    trainer.run(updates=23)
    trainer.change(learning_rate=0.2, momentum=0.5)
    trainer.run(updates=40)
    optimizer = twin.optimizer(0.05, 0.9, 0.0)
    for update, batch in enumerate(batches(len(X), 10, 63, seed=0)):
        if update == 23:
            for group in optimizer.param_groups:
                group.update(lr=0.2, momentum=0.5)
        optimizer.zero_grad()
        twin.loss(X[batch], y[batch]).backward()
        optimizer.step()
    assert distance(net.parameters.flat[0], twin.flat()) < 1e-9


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_dropout_with_the_same_masks(output: str) -> None:
    X, y = problem(3 if output == "softmax" else 2)
    net = network(output, ("relu", "tanh"), "float64", replicas=2)
    twins = [Twin(net, replica) for replica in range(2)]
    rates = (0.25, 0.5)
    config = TrainingConfig(0.05, batch_size=10, dropout=rates, momentum=0.5)
    trainer = Trainer(net, Dataset(X, y), config=config, seed=2)
    optimizers = [twin.optimizer(0.05, 0.5, 0.0) for twin in twins]
    cursor = 0
    for batch in batches(len(X), 10, 5, seed=2):  # one epoch
        shares = [np.array(rates).reshape(2, 1, 1)] * 2
        masks = trainer._plan.masks(cursor, cursor + len(batch), shares)
        cursor += len(batch)
        trainer.run(updates=1)
        for replica, (twin, optimizer) in enumerate(zip(twins, optimizers, strict=True)):
            optimizer.zero_grad()
            own = [mask[replica].T for mask in masks]  # points first, as PyTorch has it
            assert 0 < np.mean(own[0] == 0) < 1
            twin.loss(X[batch], y[batch], masks=own).backward()
            optimizer.step()
            assert distance(net.gradients.flat[replica], twin.gradient()) < 1e-9
            assert distance(net.parameters.flat[replica], twin.flat()) < 1e-9


def batches(n: int, size: int, updates: int, seed: int) -> list[Array]:
    """Which points each update takes: epochs one after another, the last batch smaller."""
    result: list[Array] = []
    epoch = 0
    while len(result) < updates:
        order = NumberedStream(seed, "batches").at(epoch).permutation(n)
        result += [order[start : start + size] for start in range(0, n, size)]
        epoch += 1
    return result[:updates]
