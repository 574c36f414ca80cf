"""The optimizers against PyTorch's, update by update, and what they remember."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine.optimizers import OPTIMIZERS, SGD, Adam, Optimizer, clip_gradient

Array = np.ndarray

REPLICAS, PARAMETERS, WEIGHTS = 3, 11, 8  # the last three parameters are biases
WITH_MOMENTUM = ("sgd", "nesterov")
RATES = {"sgd": 0.05, "nesterov": 0.05, "rmsprop": 0.01, "adam": 0.03, "adamw": 0.03}

_rng = np.random.default_rng(0)
_ROOT = _rng.normal(size=(PARAMETERS, PARAMETERS))
CURVATURE = _ROOT @ _ROOT.T / PARAMETERS
TARGET = _rng.normal(size=PARAMETERS)
START = _rng.normal(size=(REPLICAS, PARAMETERS))
DECAY = np.where(np.arange(PARAMETERS) < WEIGHTS, 0.3, 0.0)[None]


def gradient_at(w: Array, time: int) -> Array:
    """Of a quadratic with waves on it, and a part that changes from update to update."""
    noise = np.random.default_rng(time).normal(size=PARAMETERS)
    result: Array = (w - TARGET) @ CURVATURE + 0.5 * np.cos(3 * w) + 0.1 * noise
    return result


def run(
    optimizer: Optimizer,
    w: Array,
    updates: int,
    learning_rate: Any,
    momentum: Any = None,
    decay: Array | None = None,
) -> list[Array]:
    """Return the parameters after each update."""
    rate = np.asarray(learning_rate, w.dtype)
    momentum = None if momentum is None else np.asarray(momentum, w.dtype)
    path = []
    for _ in range(updates):
        gradient = gradient_at(w, optimizer.time).astype(w.dtype)
        before = gradient.copy()
        optimizer.step(w, gradient, rate, momentum, decay)
        np.testing.assert_array_equal(gradient, before)
        path.append(w.copy())
    return path


def run_torch(
    name: str, start: Array, rates: list[float], momentum: float = 0.0, decay: Array | None = None
) -> list[Array]:
    """The same for one replica, with a learning rate for each update."""
    torch: Any = pytest.importorskip("torch")
    kinds = {
        "sgd": torch.optim.SGD,
        "nesterov": torch.optim.SGD,
        "rmsprop": torch.optim.RMSprop,
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    options: dict[str, Any] = {}
    if name in WITH_MOMENTUM:
        options = {"momentum": momentum, "nesterov": name == "nesterov" and momentum > 0}
    tensors = [torch.tensor(part) for part in (start[:WEIGHTS], start[WEIGHTS:])]
    strengths = [0.0, 0.0] if decay is None else [float(decay[0]), float(decay[-1])]
    groups = [
        {"params": [tensor], "weight_decay": strength}
        for tensor, strength in zip(tensors, strengths, strict=True)
    ]
    optimizer = kinds[name](groups, lr=rates[0], **options)
    path = []
    for time, rate in enumerate(rates):
        gradient = gradient_at(torch.cat(tensors).numpy(), time)
        for tensor, part in zip(tensors, (gradient[:WEIGHTS], gradient[WEIGHTS:]), strict=True):
            tensor.grad = torch.tensor(part)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        path.append(torch.cat(tensors).numpy().copy())
    return path


def distance(ours: Array, theirs: Array) -> float:
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


@pytest.mark.parametrize("momentum", [None, 0.0, 0.9])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_hundred_updates(name: str, momentum: float | None) -> None:
    w = START[:1].copy()
    path = run(OPTIMIZERS[name](w), w, 100, RATES[name], momentum)
    theirs = run_torch(name, START[0], [RATES[name]] * 100, momentum or 0.0)
    for own, other in zip(path, theirs, strict=True):
        assert distance(own[0], other) < 1e-11
    assert distance(START[0], path[-1][0]) > 0.3, "nothing moved"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_settings_of_each_replica(name: str) -> None:
    scales, momenta = np.array([[0.1], [1.0], [2.0]]), np.array([[0.0], [0.5], [0.9]])
    w, rates = START.copy(), RATES[name] * scales
    path = run(OPTIMIZERS[name](w), w, 100, rates, momenta)
    for replica in range(REPLICAS):
        theirs = run_torch(name, START[replica], [rates[replica, 0]] * 100, momenta[replica, 0])
        for own, other in zip(path, theirs, strict=True):
            assert distance(own[replica], other) < 1e-11


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_that_changes(name: str) -> None:
    w, rates = START[:1].copy(), [RATES[name] * 0.97**time for time in range(100)]
    optimizer = OPTIMIZERS[name](w)
    path = [run(optimizer, w, 1, rate, 0.8)[0] for rate in rates]
    for own, other in zip(path, run_torch(name, START[0], rates, 0.8), strict=True):
        assert distance(own[0], other) < 1e-11


@pytest.mark.parametrize("each", [False, True], ids=["decay for all", "decay of each replica"])
def test_decoupled_decay(each: bool) -> None:
    decay = DECAY * np.array([[1.0], [0.0], [3.0]]) if each else DECAY
    w, rates = START.copy(), np.array([[0.03], [0.01], [0.1]])
    path = run(OPTIMIZERS["adamw"](w), w, 100, rates, decay=decay)
    for replica in range(REPLICAS):
        own_decay = np.broadcast_to(decay, w.shape)[replica]
        theirs = run_torch("adamw", START[replica], [rates[replica, 0]] * 100, decay=own_decay)
        for own, other in zip(path, theirs, strict=True):
            assert distance(own[replica], other) < 1e-11
    still = START.copy()
    without = run(OPTIMIZERS["adamw"](still), still, 100, rates)
    assert distance(path[-1], without[-1]) > 0.01


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_only_a_decoupled_optimizer_uses_the_decay(name: str) -> None:
    paths = []
    for decay in (None, DECAY):
        w = START.copy()
        paths.append(run(OPTIMIZERS[name](w), w, 1, RATES[name], decay=decay)[-1])
    assert np.array_equal(paths[0], paths[1]) != OPTIMIZERS[name].decoupled
    np.testing.assert_array_equal(paths[0][:, WEIGHTS:], paths[1][:, WEIGHTS:])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_follows_float64(name: str) -> None:
    paths = []
    for dtype in ("float32", "float64"):
        w = START.astype(dtype)
        optimizer = OPTIMIZERS[name](w)
        paths.append(run(optimizer, w, 50, np.full((REPLICAS, 1), RATES[name]), 0.5))
        assert w.dtype == optimizer.state.dtype == dtype
    assert distance(paths[0][-1], paths[1][-1]) < 1e-5


@pytest.mark.parametrize("momentum", [None, 0.0])
def test_nesterov_without_momentum_is_sgd(momentum: float | None) -> None:
    paths = []
    for name in WITH_MOMENTUM:
        w = START.copy()
        paths.append(run(OPTIMIZERS[name](w), w, 20, 0.05, momentum)[-1])
    np.testing.assert_array_equal(paths[0], paths[1])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_and_time_bring_it_back(name: str) -> None:
    w, rate = START.copy(), RATES[name]
    optimizer = OPTIMIZERS[name](w)
    run(optimizer, w, 20, rate, 0.9)
    assert optimizer.time == 20
    assert optimizer.state.shape == (OPTIMIZERS[name].slots, *w.shape)
    saved = w.copy(), optimizer.state.copy(), optimizer.time
    straight = run(optimizer, w, 20, rate, 0.9)

    w[:], optimizer.state, optimizer.time = saved
    np.testing.assert_array_equal(run(optimizer, w, 20, rate, 0.9), straight)

    other, elsewhere = OPTIMIZERS[name](w), saved[0].copy()
    other.state[:], other.time = saved[1], saved[2]
    np.testing.assert_array_equal(run(other, elsewhere, 20, rate, 0.9), straight)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_reset_forgets_one_replica_alone(name: str) -> None:
    optimizer = OPTIMIZERS[name](START)
    w = START.copy()
    run(optimizer, w, 10, RATES[name], 0.9)
    assert (optimizer.state != 0).all()
    before = optimizer.state.copy()
    optimizer.reset(1)
    assert (optimizer.state[:, 1] == 0).all()
    np.testing.assert_array_equal(optimizer.state[:, [0, 2]], before[:, [0, 2]])
    assert optimizer.time == 10


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_with_every_replica_reset_it_is_as_new(name: str) -> None:
    paths = []
    optimizer = OPTIMIZERS[name](START)
    for _ in range(2):
        w = START.copy()
        paths.append(run(optimizer, w, 10, RATES[name], 0.9))
        for replica in range(REPLICAS):
            optimizer.reset(replica)
        assert optimizer.time == 0
    np.testing.assert_array_equal(paths[0], paths[1])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_replica_without_a_gradient_stays(name: str) -> None:
    """So a trainer stops a replica that has diverged."""
    w = START.copy()
    optimizer = OPTIMIZERS[name](w)
    gradient = np.ones_like(w)
    gradient[1] = 0
    for _ in range(5):
        optimizer.step(w, gradient, np.array(0.1), np.array(0.9))
    np.testing.assert_array_equal(w[1], START[1])
    assert (w[0] != START[0]).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_makes_no_array(name: str) -> None:
    w = np.ones((2, 50_000))
    optimizer, gradient = OPTIMIZERS[name](w), np.full_like(w, 0.5)
    rate, momentum, decay = np.full((2, 1), 0.1), np.full((2, 1), 0.9), np.ones((1, 50_000))
    optimizer.step(w, gradient, rate, momentum, decay)
    tracemalloc.start()
    optimizer.step(w, gradient, rate, momentum, decay)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < w.nbytes / 10


def test_the_registry_knows_them_by_their_names() -> None:
    assert list(OPTIMIZERS) == ["sgd", "nesterov", "rmsprop", "adam", "adamw"]
    assert all(name == optimizer.name for name, optimizer in OPTIMIZERS.items())
    assert [name for name in OPTIMIZERS if OPTIMIZERS[name].decoupled] == ["adamw"]
    assert len({optimizer.label for optimizer in OPTIMIZERS.values()}) == 5


def test_the_first_step_of_adam_is_as_long_as_the_rate() -> None:
    """Whatever the gradient's size: the closed form that the bias corrections are there for."""
    w = np.zeros((1, 3))
    Adam(w).step(w, np.array([[1e-3, -2.0, 5e4]]), np.array(0.1))
    np.testing.assert_allclose(w, np.array([[-0.1, 0.1, -0.1]]), rtol=1e-4)


def test_momentum_in_a_constant_field() -> None:
    """The velocity tends to g / (1 - momentum)."""
    w = np.zeros((1, 1))
    sgd = SGD(w)
    for _ in range(500):
        sgd.step(w, np.ones((1, 1)), np.array(0.1), np.array(0.9))
    assert sgd.state.item() == pytest.approx(10)


@given(
    scale=st.floats(-6, 6).map(lambda power: 10.0**power),
    limit=st.floats(0.01, 100),
    seed=st.integers(0, 1000),
)
def test_clipping_is_that_of_torch(scale: float, limit: float, seed: int) -> None:
    torch: Any = pytest.importorskip("torch")
    gradient = np.random.default_rng(seed).normal(size=(REPLICAS, PARAMETERS)) * scale
    gradient *= np.array([[1.0], [0.1], [0.0]])
    original = gradient.copy()
    norms = clip_gradient(gradient, limit)
    for replica in range(REPLICAS):
        tensor = torch.zeros(PARAMETERS, dtype=torch.float64)
        tensor.grad = torch.tensor(original[replica])
        norm = torch.nn.utils.clip_grad_norm_([tensor], limit)
        assert norms[replica] == pytest.approx(norm.item(), rel=1e-12)
        np.testing.assert_allclose(gradient[replica], tensor.grad.numpy(), rtol=1e-12)


def test_clipping_with_a_limit_for_each_replica() -> None:
    gradient = np.array([[3.0, 4.0], [3.0, 4.0], [0.3, 0.4]])
    norms = clip_gradient(gradient, np.array([1.0, 100.0, 1.0]))
    np.testing.assert_allclose(norms, [5, 5, 0.5])
    expected = np.array([[0.6, 0.8], [3, 4], [0.3, 0.4]])
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)


def test_clipping_a_huge_gradient_in_float32() -> None:
    """Its square overflows, it does not."""
    gradient = np.array([[3e30, 4e30]], np.float32)
    assert clip_gradient(gradient, 1.0).item() == pytest.approx(5e30)
    np.testing.assert_allclose(gradient, [[0.6, 0.8]], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_clipping_does_not_hide_an_overflow(bad: float) -> None:
    gradient: Array = np.array([[bad, 1.0], [3.0, 4.0]])
    with np.errstate(invalid="ignore"):
        norms = clip_gradient(gradient, 1.0)
    assert not np.isfinite(norms[0])
    assert np.isnan(gradient[0, 0])
    np.testing.assert_allclose(gradient[1], [0.6, 0.8], rtol=1e-6)
