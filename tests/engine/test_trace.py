"""One update taken apart: against PyTorch, finite differences, and the trainer itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import (
    Augmentation,
    Dataset,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    UpdateTrace,
    make_dataset,
    trace_update,
)
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import CosineDecay
from tests.engine.same import assert_same_runs

Array = np.ndarray

OUTPUTS = [
    ("sigmoid", "cross_entropy"),
    ("sigmoid", "squared_error"),
    ("softmax", "cross_entropy"),
    ("softmax", "squared_error"),
    ("linear", "squared_error"),
]
UNITS = {"sigmoid": 1, "softmax": 3, "linear": 2}
DROPPED = ((0.3, 0.5),)


def problem(output: str, n: int = 43) -> Dataset:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3 if output == "softmax" else 2, n)
    X = rng.normal(size=(n, 2)) + y[:, None]
    return Dataset(X, rng.normal(size=(n, 2)) if output == "linear" else y)


def make_trainer(
    output: str = "sigmoid",
    loss: str = "cross_entropy",
    config: TrainingConfig | None = None,
    updates: int = 7,
    **options: Any,
) -> Trainer:
    sizes = (2, 5, 4, UNITS[output])
    options = {"dtype": "float64", "activation": ("tanh", "silu"), **options}
    net = Network(sizes, output=output, loss=loss, seed=2, **options)
    config = config or TrainingConfig(0.1, batch_size=9)
    trainer = Trainer(net, problem(output), config=config, seed=4)
    trainer.run(updates=updates)
    return trainer


def autograd(trace: UpdateTrace, output: str, loss: str) -> dict[str, list[Array]]:
    """The same update in PyTorch, from the batch, the weights and the masks alone."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    weights = [torch.tensor(w[0]).requires_grad_() for w in trace.before.weights]
    biases = [torch.tensor(b[0]).requires_grad_() for b in trace.before.biases]
    a, sums, outputs = torch.tensor(trace.inputs[0]), [], []
    activations = [torch.tanh, functional.silu]
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = a @ w + b
        z.retain_grad()
        sums.append(z)
        if layer < 2:
            outputs.append(activations[layer](z))
            a = outputs[-1] * torch.tensor(trace.masks[layer][0])
    t = torch.tensor(trace.targets[0])
    if output == "linear":
        outputs.append(z)
        losses = ((z - t) ** 2).sum(dim=1)
    elif output == "sigmoid":
        outputs.append(torch.sigmoid(z))
        if loss == "cross_entropy":
            losses = functional.binary_cross_entropy_with_logits(z, t, reduction="none")[:, 0]
        else:
            losses = ((outputs[-1] - t) ** 2)[:, 0]
    else:
        outputs.append(torch.softmax(z, dim=1))
        if loss == "cross_entropy":
            losses = -(t * torch.log_softmax(z, dim=1)).sum(dim=1)
        else:
            losses = ((outputs[-1] - t) ** 2).sum(dim=1)
    losses.mean().backward()
    n = len(losses)
    return {
        "sums": [z.detach().numpy() for z in sums],
        "outputs": [o.detach().numpy() for o in outputs],
        "losses": [losses.detach().numpy()],
        "deltas": [z.grad.numpy() * n for z in sums],
        "weights": [w.grad.numpy() for w in weights],
        "biases": [b.grad.numpy() for b in biases],
    }


@pytest.mark.parametrize("dropout", [0.0, DROPPED], ids=["whole", "dropped"])
@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_every_number_is_that_of_autograd(output: str, loss: str, dropout: Any) -> None:
    config = TrainingConfig(0.1, batch_size=9, dropout=dropout)
    trace = trace_update(make_trainer(output, loss, config))
    theirs = autograd(trace, output, loss)
    for name in ("sums", "outputs", "deltas"):
        for ours, expected in zip(getattr(trace, name), theirs[name], strict=True):
            np.testing.assert_allclose(ours[0], expected, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(trace.losses[0], theirs["losses"][0], rtol=1e-9)
    for layer in range(3):
        for name in ("weights", "biases"):
            ours = getattr(trace.gradient, name)[layer][0]
            np.testing.assert_allclose(ours, theirs[name][layer], rtol=1e-9, atol=1e-12)
    dropped = [float((mask == 0).mean()) for mask in trace.masks]
    assert all(share > 0 for share in dropped) if dropout else dropped == [0, 0]


@pytest.mark.parametrize(("output", "loss"), OUTPUTS)
def test_the_gradient_is_that_of_finite_differences(output: str, loss: str) -> None:
    """Of the mean loss of the batch, told from its points and not from the trace."""
    trainer = make_trainer(output, loss)
    trace = trace_update(trainer)
    net = trainer.network.copy()
    X, y = trainer.train.X[trace.indices], trainer.train.y[trace.indices]
    step = 1e-6
    for place in range(0, net.parameters.flat.shape[1], 5):
        mean_losses = []
        for sign in (1, -1):
            net.parameters.flat[:] = trace.before.flat
            net.parameters.flat[0, place] += sign * step
            mean_losses.append(net.loss_and_gradients(X, y)[0][0])
        slope = (mean_losses[0] - mean_losses[1]) / (2 * step)
        assert trace.gradient.flat[0, place] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_gradient_is_the_mean_of_the_points() -> None:
    trace = trace_update(make_trainer(config=TrainingConfig(0.1, 9, dropout=DROPPED)))
    for layer, delta in enumerate(trace.deltas):
        each = np.einsum("rni,rnu->rniu", trace.received(layer), delta)
        np.testing.assert_allclose(trace.gradient.weights[layer], each.mean(axis=1), rtol=1e-9)
        np.testing.assert_allclose(trace.gradient.biases[layer], delta.mean(axis=1), rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_next_update_is_the_one_that_was_told(optimizer: str, dtype: str) -> None:
    """Bit for bit, with everything on, over an epoch's end and a batch that is left over."""
    config = TrainingConfig(
        *(0.05, 9),
        optimizer=optimizer,
        momentum=0.7,
        l1=0.01,
        l2=0.02,
        clip_norm=0.5,
        dropout=DROPPED,
        label_smoothing=0.1,
        schedule=CosineDecay(3, 0.1),
        augmentation=Augmentation(jitter=0.1, rotation=20),
    )
    trainer = make_trainer("softmax", config=config, updates=0, dtype=dtype)
    witness = make_trainer("softmax", config=config, updates=0, dtype=dtype)
    for _ in range(11):
        before = trainer.network.parameters.flat.copy()
        trace = trace_update(trainer)
        trainer.run(updates=1)
        witness.run(updates=1)
        np.testing.assert_array_equal(trace.before.flat, before)
        np.testing.assert_array_equal(trace.after.flat, trainer.network.parameters.flat)
        assert trace.update == trainer.updates
        assert not np.array_equal(trace.before.flat, trace.after.flat)
    assert_same_runs(trainer, witness)
    assert trainer.epoch == 2


def test_looking_changes_nothing() -> None:
    trainer, witness = make_trainer(), make_trainer()
    trace = trace_update(trainer)
    kept = trace.after.flat.copy(), trace.sums[0].copy()
    assert_same_runs(trainer, witness)
    trainer.run(epochs=2)
    witness.run(epochs=2)
    assert_same_runs(trainer, witness)
    np.testing.assert_array_equal(trace.after.flat, kept[0])
    np.testing.assert_array_equal(trace.sums[0], kept[1])


def test_the_indices_are_the_batch() -> None:
    trainer = make_trainer(updates=0)
    seen: list[int] = []
    for _ in range(5):
        trace = trace_update(trainer)
        np.testing.assert_allclose(trace.inputs[0], trainer.train.X[trace.indices])
        np.testing.assert_array_equal(trace.targets[0, :, 0], trainer.train.y[trace.indices])
        seen += list(trace.indices)
        trainer.run(updates=1)
    assert sorted(seen) == list(range(43)), "an epoch has every point once"
    assert trainer.epoch == 1


def test_points_in_order_and_named_inputs() -> None:
    data = make_dataset("circle", 40, seed=1)
    net = Network((3, 4, 1), inputs=("x", "x2", "xy"), seed=1)
    trainer = Trainer(net, data, config=TrainingConfig(batch_size=6, shuffle=False))
    trainer.run(updates=2)
    trace = trace_update(trainer)
    assert list(trace.indices) == [12, 13, 14, 15, 16, 17]
    x, y = data.X[trace.indices].T
    np.testing.assert_allclose(trace.inputs[0], np.column_stack([x, x**2, x * y]), rtol=1e-6)


def test_penalties_rate_and_direction() -> None:
    config = TrainingConfig(0.1, 9, l1=0.02, l2=0.3, schedule=CosineDecay(10), momentum=0.5)
    trainer = make_trainer(config=config, updates=3)
    trace = trace_update(trainer)
    for w, penalty in zip(trace.before.weights, trace.penalty.weights, strict=True):
        np.testing.assert_allclose(penalty, 0.02 * np.sign(w) + 0.3 * w)
    assert not any(bias.any() for bias in trace.penalty.biases)
    np.testing.assert_allclose(trace.direction.flat, trace.gradient.flat + trace.penalty.flat)
    rate = 0.1 * (1 + np.cos(np.pi * trainer.progress / 10)) / 2
    assert trace.learning_rate[0] == pytest.approx(rate)
    velocity = 0.5 * trace.state_before[0] + trace.direction.flat
    np.testing.assert_allclose(trace.state_after[0], velocity)
    np.testing.assert_allclose(trace.after.flat, trace.before.flat - rate * velocity)


def test_the_decay_of_adamw_is_no_gradient() -> None:
    trace = trace_update(make_trainer(config=TrainingConfig(0.1, 9, l2=0.3, optimizer="adamw")))
    assert not trace.penalty.flat.any()
    assert trace.time == 8


def test_a_clipped_direction() -> None:
    trace = trace_update(make_trainer(config=TrainingConfig(0.1, 9, clip_norm=1e-3)))
    assert np.linalg.norm(trace.direction.flat) == pytest.approx(1e-3, rel=1e-2)
    assert np.linalg.norm(trace.gradient.flat) > 1e-2


def test_a_fleet_is_its_networks() -> None:
    fleet = Trainer(
        Network((2, 4, 1), replicas=3, seed=1, dtype="float64"),
        problem("sigmoid"),
        config=TrainingConfig((0.1, 0.2, 0.3), 9, dropout=0.4),
    )
    fleet.run(updates=3)
    trace = trace_update(fleet)
    for replica, rate in enumerate((0.1, 0.2, 0.3)):
        net = Network((2, 4, 1), dtype="float64")
        net.parameters.flat[:] = trace.before.flat[replica]
        single = Trainer(net, problem("sigmoid"), config=TrainingConfig(rate, 9, dropout=0.4))
        point = single.checkpoint()
        single.restore(type(point)(**{**vars(point), "cursor": 27, "updates": 3}))
        alone = trace_update(single)
        np.testing.assert_allclose(trace.sums[1][replica], alone.sums[1][0])
        np.testing.assert_allclose(trace.deltas[0][replica], alone.deltas[0][0], atol=1e-15)
        np.testing.assert_array_equal(trace.masks[0][replica], alone.masks[0][0])
        np.testing.assert_allclose(trace.after.flat[replica], alone.after.flat[0])


def test_no_hidden_layer() -> None:
    net = Network((2, 1), dtype="float64")
    trace = trace_update(Trainer(net, problem("sigmoid"), config=TrainingConfig(0.1, 9)))
    assert trace.masks == trace.slopes == []
    error = trace.outputs[0][0, :, 0] - trace.targets[0, :, 0]
    np.testing.assert_allclose(trace.deltas[0][0, :, 0], error)


def test_an_update_that_would_overflow_tells_no_weights_that_will_not_be() -> None:
    net = Network((2, 4, 1), activation="relu", seed=1)
    config = TrainingConfig(1e6, 9, l2=1e6)
    trainer = Trainer(net, problem("sigmoid"), config=config)
    while not trainer.finished:
        trace = trace_update(trainer)
        trainer.run(updates=1)
        np.testing.assert_array_equal(trace.after.flat, trainer.network.parameters.flat)
    with pytest.raises(ParameterError, match="can go on"):
        trace_update(trainer)


def test_early_stopping_at_the_end_of_the_epoch_is_no_part_of_the_update() -> None:
    """Its best weights are put back after the update, which is told as it is."""
    data = make_dataset("moons", 60, 0.4, seed=1)
    train, validation = data.split(0.5)
    config = TrainingConfig(3.0, batch_size=30, patience=1)
    trainer = Trainer(Network((2, 8, 1), seed=1), train, validation, config)
    while not trainer.finished:
        trace = trace_update(trainer)
        trainer.run(updates=1)
    step = trace.before.flat - trace.learning_rate[:, None] * trace.direction.flat
    np.testing.assert_allclose(trace.after.flat, step, rtol=1e-6)
    assert not np.array_equal(trace.after.flat, trainer.network.parameters.flat)


def test_what_is_no_trainer() -> None:
    with pytest.raises(ParameterError, match="trainer"):
        trace_update(Network((2, 1)))  # type: ignore[arg-type]
