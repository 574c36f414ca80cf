"""Whole runs with every optimizer and remedy: as PyTorch's, and a fleet is its networks.

Where a fleet is compared with networks alone, it is to rounding only: a stack of matrices and a
matrix alone may be multiplied in another order of sums. Where one fleet is compared with another
of the same shape, it is bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Augmentation, Dataset, Network, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.random import NumberedStream
from nbtutor.engine.schedules import CosineDecay, Schedule, StepDecay, Triangular, WarmUp
from nbtutor.engine.training import DIVERGED, RUNNING, STOPPED_EARLY

Array = np.ndarray

SEED, BATCH, UPDATES = 5, 8, 100
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "l2": {"l2": 0.05, "momentum": 0.5},
    "l1": {"l1": 0.01},
    "clipped": {"clip_norm": 0.05, "l2": 0.3},
    "cosine": {"schedule": CosineDecay(12.5, 0.1), "momentum": 0.8},
    "steps": {"schedule": StepDecay(1.3, 0.5)},
    "warm up": {"schedule": WarmUp(2.2, Triangular(1.7))},
    "smoothed": {"label_smoothing": 0.2},
    "dropout": {"dropout": ((0.4, 0.1),)},
    "in order": {"shuffle": False},
    "all": {
        "momentum": 0.7,
        "l1": 0.002,
        "l2": 0.03,
        "clip_norm": 0.2,
        "schedule": WarmUp(3, CosineDecay(9)),
        "label_smoothing": 0.1,
        "dropout": ((0.2, 0.3),),
    },
}


def problem(output: str) -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2 if output == "sigmoid" else 3, 45)
    X = rng.normal(size=(45, 2)) + y[:, None]
    return X, rng.normal(size=(45, 2)) if output == "linear" else y


def run_in_torch(net: Network, X: Array, y: Array, config: TrainingConfig) -> Array:
    """Train a copy in PyTorch, float64; the schedule through LambdaLR."""
    torch = pytest.importorskip("torch")
    functional, n = torch.nn.functional, len(X)
    weights = [torch.tensor(w[0]).requires_grad_() for w in net.weights]
    biases = [torch.tensor(b[0]).requires_grad_() for b in net.biases]
    every = [*weights, *biases]
    rate, l2 = float(config.learning_rate), float(config.l2)  # type: ignore[arg-type]
    kind, options = {
        "sgd": (torch.optim.SGD, {"momentum": config.momentum}),
        "nesterov": (torch.optim.SGD, {"momentum": config.momentum, "nesterov": True}),
        "rmsprop": (torch.optim.RMSprop, {}),
        "adam": (torch.optim.Adam, {}),
        "adamw": (torch.optim.AdamW, {}),
    }[config.optimizer]
    if config.momentum == 0:
        options = {}  # PyTorch has no Nesterov momentum of 0
    decays = l2 if config.optimizer == "adamw" else 0.0
    groups = [
        {"params": weights, "weight_decay": decays},
        {"params": biases, "weight_decay": 0.0},
    ]
    optimizer = kind(groups, lr=rate, **options)
    progress = batch_progress(n)
    if config.schedule is not None:
        schedule = config.schedule
        lr = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: schedule(progress[step][2]))
    for epoch, start, _ in progress[:UPDATES]:
        order = NumberedStream(SEED, "batches").at(epoch).permutation(n)
        points = (order if config.shuffle else np.arange(n))[start : start + BATCH]
        a = torch.tensor(X[points])
        uniform = NumberedStream(SEED, "dropout").at(epoch)
        for layer in range(len(weights) - 1):
            a = torch.tanh(a @ weights[layer] + biases[layer])
            kept = uniform.random((a.shape[1], n)).T[start : start + BATCH]
            share = config.dropout[0][layer] if config.dropout else 0.0  # type: ignore[index]
            a = a * torch.tensor((kept >= share) / (1 - share))
        logits = a @ weights[-1] + biases[-1]
        smoothing = config.label_smoothing
        if net.output == "linear":
            loss = ((logits - torch.tensor(y[points])) ** 2).sum(dim=1).mean()
        elif net.output == "sigmoid":
            t = torch.tensor(y[points] * (1 - smoothing) + smoothing / 2)
            loss = functional.binary_cross_entropy_with_logits(logits[:, 0], t)
        else:
            t = torch.tensor(y[points])
            loss = functional.cross_entropy(logits, t, label_smoothing=smoothing)
        loss = loss + config.l1 * sum(w.abs().sum() for w in weights)
        if config.optimizer != "adamw":
            loss = loss + l2 / 2 * sum((w**2).sum() for w in weights)
        optimizer.zero_grad()
        loss.backward()
        if config.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(every, config.clip_norm)
        optimizer.step()
        if config.schedule is not None:
            lr.step()
    parts = [torch.cat([w, b[None]]).flatten() for w, b in zip(weights, biases, strict=True)]
    result: Array = torch.cat(parts).detach().numpy()
    return result


def batch_progress(n: int) -> list[tuple[int, int, float]]:
    """Epoch, first point and progress in epochs of every update."""
    return [(epoch, s, epoch + s / n) for epoch in range(30) for s in range(0, n, BATCH)]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_hundred_updates_are_pytorchs(optimizer: str, case: str) -> None:
    output = ("sigmoid", "softmax", "linear")[list(CASES).index(case) % 3]
    settings = dict(CASES[case])
    if output == "linear":
        settings.pop("label_smoothing", None)
    rate = {"sgd": 0.1, "nesterov": 0.1}.get(optimizer, 0.01)
    config = TrainingConfig(rate, BATCH, optimizer=optimizer, **settings)
    X, y = problem(output)
    sizes = (2, 7, 6, {"sigmoid": 1, "softmax": 3, "linear": 2}[output])
    net = Network(sizes, "tanh", output, dtype="float64", seed=2)
    start = net.parameters.flat[0].copy()
    expected = run_in_torch(net, X, y, config)
    Trainer(net, Dataset(X, y), config=config, seed=SEED).run(updates=UPDATES)
    moved = np.linalg.norm(expected - start)
    assert moved > 0.05, "nothing was learnt"
    assert np.linalg.norm(net.parameters.flat[0] - expected) < 1e-6 * moved


# A fleet is its networks.

EACH: dict[str, dict[str, Any]] = {
    "learning_rate": {"learning_rate": (0.01, 0.1, 0.4)},
    "momentum": {"momentum": (0.0, 0.5, 0.9)},
    "dropout": {"dropout": (0.0, 0.2, 0.5)},
    "dropout by layer": {"dropout": ((0.0, 0.5), (0.3, 0.0), (0.1, 0.2))},
    "l1": {"l1": (0.0, 0.001, 0.05)},
    "l2": {"l2": (0.0, 0.01, 0.3)},
    "everything": {
        "learning_rate": (0.01, 0.1, 0.2),
        "momentum": (0.0, 0.5, 0.9),
        "dropout": ((0.0, 0.5), (0.3, 0.0), (0.1, 0.2)),
        "l1": (0.0, 0.001, 0.01),
        "l2": (0.1, 0.0, 0.01),
        "clip_norm": 0.3,
        "schedule": WarmUp(1, CosineDecay(5)),
        "label_smoothing": 0.1,
        "augmentation": Augmentation(0.1, 30.0, True),
    },
}


def data() -> tuple[Dataset, Dataset]:
    return make_dataset("moons", 61, noise=0.3, seed=4).split(0.5)


def single(fleet: Network, replica: int) -> Network:
    net = Network(fleet.sizes, fleet.activation, fleet.output, dtype=fleet.dtype.name)
    net.parameters.flat[:] = fleet.parameters.flat[replica]
    return net


def alone(config: dict[str, Any], replica: int) -> dict[str, Any]:
    """The settings of one replica of three."""
    own = dict(config)
    for name, value in config.items():
        if isinstance(value, tuple) and len(value) == 3:
            own[name] = (value[replica],) if isinstance(value[replica], tuple) else value[replica]
    return own


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", EACH)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_replicas_with_settings_of_their_own(optimizer: str, case: str, dtype: str) -> None:
    rate = {"sgd": 0.1, "nesterov": 0.1}.get(optimizer, 0.01)
    config: dict[str, Any] = {"learning_rate": rate, "optimizer": optimizer, **EACH[case]}
    train, validation = data()
    net = Network((2, 6, 5, 1), "tanh", replicas=3, dtype=dtype)
    if "optimizer" not in case and case != "everything":
        net.parameters.flat[:] = net.parameters.flat[:1].copy()  # only the setting differs
    singles = [
        Trainer(single(net, r), train, validation, TrainingConfig(**alone(config, r)))
        for r in range(3)
    ]
    fleet = Trainer(net, train, validation, TrainingConfig(**config))
    for run in (fleet, *singles):
        run.run(epochs=4)
    # float32 has seven digits; Adam and RMSprop divide by small numbers at first.
    close = {"float32": 1e-3, "float64": 1e-9}[dtype]
    for replica, run in enumerate(singles):
        ours, theirs = net.parameters.flat[replica], run.network.parameters.flat[0]
        np.testing.assert_allclose(ours, theirs, rtol=close, atol=close)
        for name in ("train_loss", "validation_loss", "train_objective", "learning_rate"):
            own = getattr(fleet.history, name)[:, replica]
            np.testing.assert_allclose(own, getattr(run.history, name)[:, 0], rtol=close)
    uses_it = case != "momentum" or optimizer in ("sgd", "nesterov")
    assert (len(np.unique(fleet.history.train_loss[-1])) == 3) == uses_it


def test_a_fleet_of_equal_networks_stays_equal_bit_for_bit() -> None:
    train, _ = data()
    net = Network((2, 6, 5, 1), replicas=4)
    net.parameters.flat[:] = net.parameters.flat[:1].copy()
    config = TrainingConfig((0.1,) * 4, dropout=(0.2,) * 4, optimizer="adam", l2=(0.1,) * 4)
    Trainer(net, train, config=config).run(epochs=5)
    assert (net.parameters.flat == net.parameters.flat[0]).all()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_replicas_that_stop_early_at_different_epochs(optimizer: str) -> None:
    train, validation = make_dataset("moons", 60, noise=0.5, seed=6).split(0.4)
    scale = 1.0 if optimizer in ("sgd", "nesterov") else 0.05
    rates = (1.0 * scale, 0.5 * scale, 0.1 * scale)
    config: dict[str, Any] = {
        "learning_rate": rates,
        "optimizer": optimizer,
        "patience": 5,
        "momentum": 0.5,
        "l2": 1e-3,
    }
    net = Network((2, 8, 8, 1), "tanh", replicas=3, dtype="float64")
    singles = [
        Trainer(single(net, r), train, validation, TrainingConfig(**alone(config, r)))
        for r in range(3)
    ]
    fleet = Trainer(net, train, validation, TrainingConfig(**config))
    for run in (fleet, *singles):
        run.run(epochs=200)
        assert run.finished
        assert not run.diverged
        assert (run.status == STOPPED_EARLY).all()
    stops = {run.epoch for run in singles}
    assert len(stops) > 1, "they stop at different epochs"
    assert fleet.epoch == max(stops)
    assert sorted(event.epoch for event in fleet.history.events) == sorted(
        event.epoch for run in singles for event in run.history.events
    )
    assert fleet.best is not None
    for replica, run in enumerate(singles):
        ours, theirs = net.parameters.flat[replica], run.network.parameters.flat[0]
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)
        np.testing.assert_array_equal(ours, fleet.best.parameters[replica])
        own = fleet.history.train_loss[: len(run.history), replica]
        np.testing.assert_allclose(own, run.history.train_loss[:, 0], rtol=1e-6)


def unscaled() -> Dataset:
    points = make_dataset("circle", 50, noise=0.1)
    return Dataset(1000 * points.X, points.y)


# What makes replica 1 overflow. Steps of Adam and RMSprop are about as long as the rate at most and
# do not: there its memory is spoilt on the way.
OVERFLOW: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": (1e-5, 5.0, 1e-6)},
    "nesterov": {"learning_rate": (1e-5, 5.0, 1e-6)},
    "rmsprop": {"learning_rate": (1e-3, 0.01, 1e-3), "l2": (0.0, 0.2, 0.1)},
    "adam": {"learning_rate": (1e-3, 0.01, 1e-3), "l2": (0.0, 0.2, 0.1)},
    "adamw": {"learning_rate": (1e-3, 1.0, 1e-3), "l2": (0.0, 50.0, 0.1)},
}


def fleet_with(optimizer: str, bad: bool, **settings: Any) -> Trainer:
    config: dict[str, Any] = {**OVERFLOW[optimizer], "optimizer": optimizer, **settings}
    if not bad:
        for name in ("learning_rate", "l2"):
            if name in OVERFLOW[optimizer]:
                first, _, third = config[name]
                config[name] = (first, 0.0, third)
    activation = "tanh" if optimizer == "adamw" else "linear"
    net = Network((2, 6, 6, 6, 6, 6, 1), activation, replicas=3)
    return Trainer(net, unscaled(), config=TrainingConfig(**config), detail="updates")


def train(run: Trainer, updates: int, bad: bool = True) -> None:
    """Train on; the memory of replica 1 is spoilt after 12 updates, where nothing else does it."""
    first = max(12 - run.updates, 0)
    if bad and run.config.optimizer in ("rmsprop", "adam") and 0 < first <= updates:
        run.run(updates=first)
        run._optimizer.state[:, 1] = np.nan
        updates -= first
    run.run(updates=updates)


REMEDIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "dropout": {"dropout": 0.2},
    "schedule": {"schedule": StepDecay(3, 0.9)},
}


@pytest.mark.parametrize("way", ["at once", "one by one"])
@pytest.mark.parametrize("remedy", REMEDIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_replica_that_overflows_touches_no_other(optimizer: str, remedy: str, way: str) -> None:
    settings = REMEDIES[remedy]
    run, well = (fleet_with(optimizer, bad, **settings) for bad in (True, False))
    for each in (run, well):
        for _ in range(1 if way == "at once" else 45):
            train(each, 45 if way == "at once" else 1, bad=each is run)
    assert not well.divergences
    (found,) = run.divergences
    assert found.replica == 1
    assert 1 < found.update < 45, "in the middle"
    assert run.status.tolist() == [RUNNING, DIVERGED, RUNNING]
    assert (run.epoch, run.updates) == (well.epoch, well.updates) == (9, 45)
    others = [0, 2]
    np.testing.assert_array_equal(
        run.network.parameters.flat[others], well.network.parameters.flat[others]
    )
    ours, theirs = run.history.to_arrays(), well.history.to_arrays()
    for name, column in ours.items():
        if column.ndim == 1:
            np.testing.assert_array_equal(column, theirs[name], name)
        else:
            np.testing.assert_array_equal(column[:, others], theirs[name][:, others], name)
    assert np.isfinite(run.history.train_loss).all()
    assert run.history.updates["update"].tolist() == list(range(1, 46)), "none is there twice"


@pytest.mark.parametrize("end", ["diverged", "stopped early"])
@pytest.mark.parametrize("remedy", REMEDIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_has_stopped_does_not_move_one_bit(optimizer: str, remedy: str, end: str) -> None:
    if end == "diverged":
        run = fleet_with(optimizer, True, **REMEDIES[remedy])
    else:
        points, validation = make_dataset("moons", 60, noise=0.5, seed=6).split(0.4)
        scale = 1.0 if optimizer in ("sgd", "nesterov") else 0.05
        config = TrainingConfig(
            (0.001 * scale, 3 * scale, 0.001 * scale),
            optimizer=optimizer,
            l2=0.1,
            l1=0.01,
            patience=4,
            **REMEDIES[remedy],
        )
        run = Trainer(Network((2, 8, 8, 1), replicas=3), points, validation, config)
    while (run.status == RUNNING).all():
        train(run, 1, bad=end == "diverged")
        assert run.updates < 2000, "nothing stopped: the test has no case"
    stopped = np.flatnonzero(run.status != RUNNING)
    assert stopped.tolist() == [1]
    weights = run.network.parameters.flat[1].copy()
    assert np.isfinite(weights).all()
    others = run.network.parameters.flat[[0, 2]].copy()
    run.run(updates=25)
    run.run(epochs=1)
    assert run.status[1] != RUNNING
    np.testing.assert_array_equal(run.network.parameters.flat[1], weights)
    assert not run._optimizer.state[:, 1].any()
    assert (run.network.parameters.flat[[0, 2]] != others).any(axis=1).all(), "the others go on"


def test_the_time_of_adam_is_that_of_the_others() -> None:
    run = fleet_with("adamw", True)
    run.run(epochs=9)
    assert run._optimizer.time == 45


@pytest.mark.parametrize("schedule", [StepDecay(1.5, 0.5), CosineDecay(4), WarmUp(2)], ids=str)
def test_the_rate_that_is_written_down_is_the_one_in_force(schedule: Schedule) -> None:
    train, _ = data()  # 30 points, 4 updates an epoch
    config = TrainingConfig((0.1, 0.2), BATCH, schedule=schedule)
    run = Trainer(Network((2, 3, 1), replicas=2, dtype="float64"), train, config=config)
    fine = Trainer(
        Network((2, 3, 1), replicas=2, dtype="float64"), train, config=config, detail="updates"
    )
    for each in (run, fine):
        each.run(epochs=5)
    n = len(train)
    starts = [(e, s) for e in range(5) for s in range(0, n, BATCH)]
    factors = np.array([schedule(e + s / n) for e, s in starts])
    rates = fine.history.updates["learning_rate"]
    np.testing.assert_allclose(rates, factors[:, None] * [0.1, 0.2], rtol=1e-12)
    per_epoch = len(starts) // 5
    np.testing.assert_allclose(
        run.history.learning_rate[1:], rates[per_epoch - 1 :: per_epoch], rtol=1e-12
    )
    np.testing.assert_allclose(run.history.learning_rate[0], schedule(0.0) * np.array([0.1, 0.2]))
