"""Output units and losses: against formulas written here, finite differences, and PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.features import FEATURES, expand
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.losses import LOSSES
from tests.engine.test_gradients import activate

Array = np.ndarray

STEP = 1e-6
UNITS = {"sigmoid": 1, "softmax": 3, "linear": 2}
COMBINATIONS = [(output, loss) for output in LOSSES for loss in LOSSES[output]]


def textbook(net: Network, replica: int, X: Array, y: Array, l1: float, l2: float) -> float:
    """The objective of one replica, from weights and biases apart; `y` as probabilities."""
    names = [net.activation] * 9 if isinstance(net.activation, str) else list(net.activation)
    a = X
    for layer, (weights, biases) in enumerate(zip(net.weights, net.biases, strict=True)):
        z = a @ weights[replica] + biases[replica]
        a = activate(names[layer], z) if layer < len(net.sizes) - 2 else z
    match net.output:
        case "sigmoid":
            p = 1 / (1 + np.exp(-a[:, 0]))
            truth = y[:, 1]
            if net.loss == "cross_entropy":
                losses = -truth * np.log(p) - (1 - truth) * np.log(1 - p)
            else:
                losses = (p - truth) ** 2
        case "softmax":
            p = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
            if net.loss == "cross_entropy":
                losses = -(y * np.log(p)).sum(axis=1)
            else:
                losses = ((p - y) ** 2).sum(axis=1)
        case _:
            losses = ((a - y) ** 2).sum(axis=1)
    penalty = sum(
        l1 * np.abs(w[replica]).sum() + l2 / 2 * (w[replica] ** 2).sum() for w in net.weights
    )
    return float(losses.mean() + penalty)


def truths(output: str, kind: str, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """The truth as it is given, and as the textbook takes it."""
    if output == "linear":
        values = rng.normal(size=(n, UNITS[output]))
        return values, values
    classes = max(UNITS[output], 2)
    if kind == "soft":
        soft = rng.dirichlet(np.ones(classes), n)
        return soft, soft
    labels = rng.integers(0, classes, n)
    return labels, np.eye(classes)[labels]


def check_gradient(net: Network, X: Array, y: Array, truth: Array, l1: float, l2: float) -> None:
    loss, gradients = net.loss_and_gradients(X, y, l1=l1, l2=l2)
    flat = net.parameters.flat
    for replica in range(net.replicas):
        points = X if X.ndim == 2 else X[replica]
        own = truth if truth.ndim == 2 else truth[replica]
        assert loss[replica] == pytest.approx(textbook(net, replica, points, own, l1, l2), 1e-12)
        numeric = np.empty(flat.shape[1])
        for place in range(flat.shape[1]):
            value = flat[replica, place]
            sides = []
            for step in (STEP, -STEP):
                flat[replica, place] = value + step
                sides.append(textbook(net, replica, points, own, l1, l2))
            flat[replica, place] = value
            numeric[place] = (sides[0] - sides[1]) / (2 * STEP)
        scale = np.abs(numeric).max()
        np.testing.assert_allclose(gradients.flat[replica], numeric, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize("kind", ["classes", "soft"])
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_every_activation_and_loss(
    activation: str, output: str, loss: str, kind: str
) -> None:
    if (output, kind) == ("linear", "soft"):
        return
    for seed, (l1, l2) in enumerate([(0.0, 0.0), (0.05, 0.0), (0.0, 0.2), (0.03, 0.1)]):
        rng = np.random.default_rng(seed)
        net = Network((2, 4, 3, UNITS[output]), activation, output, loss=loss, dtype="float64")
        net.parameters.flat[:] = rng.uniform(0.2, 0.9, net.parameters.flat.shape)
        net.parameters.flat[:] *= rng.choice([-1, 1], net.parameters.flat.shape)
        check_gradient(net, rng.normal(size=(6, 2)), *truths(output, kind, rng, 6), l1, l2)


@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
@pytest.mark.parametrize("initialization", INITIALIZATIONS)
def test_gradients_where_every_initialization_starts(
    initialization: str, output: str, loss: str
) -> None:
    """Without penalties: those have a kink where a weight is zero."""
    rng = np.random.default_rng(1)
    net = Network(
        (2, 4, 3, UNITS[output]),
        "tanh",
        output,
        loss=loss,
        initialization=initialization,
        dtype="float64",
    )
    X = rng.normal(size=(9, 2)) / (30 if initialization == "too_large" else 1)
    check_gradient(net, X, *truths(output, "classes", rng, 9), 0.0, 0.0)


@pytest.mark.parametrize("own_points", [False, True])
@pytest.mark.parametrize("kind", ["classes", "soft"])
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_gradients_of_a_fleet_with_a_truth_for_each(
    output: str, loss: str, kind: str, own_points: bool
) -> None:
    rng = np.random.default_rng(4)
    net = Network((2, 3, UNITS[output]), "tanh", output, 3, loss=loss, dtype="float64")
    pairs = [truths(output, kind, rng, 5) for _ in range(3)]
    y, truth = (np.stack(side) for side in zip(*pairs, strict=True))
    X = rng.normal(size=(3, 5, 2) if own_points else (5, 2))
    check_gradient(net, X, y, truth, 0.01, 0.05)


def test_the_weight_of_a_point_is_one_share() -> None:
    """The mean over the points, the sum over the outputs, and no factor of one half."""
    net = Network((1, 2), output="linear", initialization="zeros", dtype="float64")
    loss, gradients = net.loss_and_gradients([[1.0], [3.0]], [[2.0, 1.0], [0.0, 5.0]])
    assert loss[0] == pytest.approx((4 + 1 + 0 + 25) / 2)
    np.testing.assert_allclose(gradients.biases[0][0], [-2 * (2 + 0) / 2, -2 * (1 + 5) / 2])
    np.testing.assert_allclose(gradients.weights[0][0], [[-2 * 2 / 2, -2 * (1 + 15) / 2]])


# Against PyTorch.


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("kind", ["classes", "soft"])
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS)
def test_losses_and_slopes_are_pytorchs(
    output: str, loss: str, kind: str, smoothing: float
) -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    rng = np.random.default_rng(3)
    net = Network((2, UNITS[output]), output=output, loss=loss, dtype="float64")
    given_, truth = truths(output, kind, rng, 11)
    targets = net.prepare_targets(given_, 11)
    if smoothing:
        targets = net.smoothed(targets, np.array(smoothing))
    values = rng.normal(0, 3, (11, UNITS[output]))
    logits = torch.tensor(values, requires_grad=True)
    t = torch.tensor(truth)
    if output == "linear":
        expected = functional.mse_loss(logits, t, reduction="none").sum(dim=1)
    elif output == "softmax" and loss == "cross_entropy":
        labels = t if kind == "soft" else torch.tensor(given_)
        expected = functional.cross_entropy(
            logits, labels, label_smoothing=smoothing, reduction="none"
        )
    else:
        t = t * (1 - smoothing) + smoothing / t.shape[1]
        if output == "softmax":
            p = torch.softmax(logits, dim=1)
            expected = functional.mse_loss(p, t, reduction="none").sum(dim=1)
        elif loss == "cross_entropy":
            expected = functional.binary_cross_entropy_with_logits(
                logits[:, 0], t[:, 1], reduction="none"
            )
        else:
            expected = functional.mse_loss(torch.sigmoid(logits[:, 0]), t[:, 1], reduction="none")
    expected.mean().backward()
    unit = LOSSES[output][loss]
    np.testing.assert_allclose(
        unit.losses(values.T, targets), expected.detach().numpy(), rtol=1e-10, atol=1e-14
    )
    delta = np.empty_like(values.T)
    unit.delta(values.T, targets, np.array(unit.delta_factor(11)), delta)
    np.testing.assert_allclose(delta.T, logits.grad.numpy(), rtol=1e-10, atol=1e-16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "loss"), COMBINATIONS[:-1])
def test_extreme_logits(output: str, loss: str, dtype: str) -> None:
    """A loss that is large and finite where it is wrong, zero where it is right; no warning."""
    net = Network((1, UNITS[output]), output=output, loss=loss, dtype=dtype)
    size = UNITS[output]
    net.weights[0][:] = np.linspace(-1, 1, size) if size > 1 else 1.0
    huge = 1e4 if dtype == "float32" else 1e8
    X = np.array([[huge], [-huge]])
    top = size - 1 if size > 1 else 1
    right, _ = net.loss_and_gradients(X, np.array([top, 0]))
    np.testing.assert_allclose(right, 0, atol=1e-12)
    wrong, gradients = net.loss_and_gradients(X, np.array([0, top]))
    gap = 2 * huge if output == "softmax" else huge
    expected = gap if loss == "cross_entropy" else 2 if output == "softmax" else 1
    np.testing.assert_allclose(wrong, expected, rtol=1e-6)
    assert np.isfinite(gradients.flat).all()
    # With squared error nothing is learnt there; with cross-entropy all the more.
    assert gradients.flat.any() == (loss == "cross_entropy")
    p = net.predict_proba(X)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1)
    assert net.predict(X).tolist() == [[top, 0]]


@given(
    logits=st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=5),
    truth=st.lists(st.floats(0.01, 1), min_size=5, max_size=5),
)
def test_no_loss_is_below_that_of_the_truth(logits: list[float], truth: list[float]) -> None:
    """Cross-entropy is least, and is the entropy, where prediction and truth are one (Gibbs)."""
    t = np.array(truth[: len(logits)])
    t /= t.sum()
    unit = LOSSES["softmax"]["cross_entropy"]
    entropy = -(t * np.log(t)).sum()
    np.testing.assert_allclose(unit.losses(np.log(t)[:, None], t[:, None]), entropy, rtol=1e-12)
    assert unit.losses(np.array(logits)[:, None], t[:, None])[0] >= entropy - 1e-9
    brier = LOSSES["softmax"]["squared_error"]
    assert brier.losses(np.log(t)[:, None], t[:, None])[0] == pytest.approx(0, abs=1e-15)
    assert 0 <= brier.losses(np.array(logits)[:, None], t[:, None])[0] <= 2


def test_the_mean_of_a_regression_is_found() -> None:
    """The best constant under squared error is the mean; gradient descent goes there."""
    X, y = np.zeros((5, 1)), np.array([1.0, 2.0, 4.0, 8.0, 0.0])
    net = Network((1, 1), output="linear", dtype="float64")
    Trainer(net, Dataset(X, y), config=TrainingConfig(0.1, 5)).run(epochs=200)
    np.testing.assert_allclose(net.predict(X), 3, rtol=1e-12)
    loss, _ = net.loss_and_gradients(X, y)
    np.testing.assert_allclose(loss, y.var(), rtol=1e-12)


def test_least_squares() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    net = Network((3, 2), output="linear", dtype="float64")
    Trainer(net, Dataset(X, y), config=TrainingConfig(0.3, 50)).run(epochs=500)
    solution, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), y, rcond=None)
    np.testing.assert_allclose(net.parameters.layers[0][0], solution, atol=1e-10)


# Shapes and errors.


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("own", [False, True])
def test_a_linear_output_gives_values(own: bool, replicas: int) -> None:
    net = Network((2, 4, 2), output="linear", replicas=replicas, seed=2)
    X = np.random.default_rng(0).normal(size=(replicas, 6, 2) if own else (6, 2))
    values = net.predict(X)
    assert values.shape == (replicas, 6, 2)
    np.testing.assert_array_equal(values, net.logits(X))
    np.testing.assert_array_equal(values, net.layer_outputs(X)[-1])
    with pytest.raises(ValueError, match="no probabilities; use predict"):
        net.predict_proba(X)
    assert net.loss == "squared_error"


@pytest.mark.parametrize("replicas", [1, 2])
def test_values_of_one_unit_in_every_shape(replicas: int) -> None:
    n = 5
    net = Network((2, 3, 1), output="linear", replicas=replicas)
    X, y = np.ones((n, 2)), np.arange(float(n))
    expected = net.prepare_targets(y, n)
    assert expected.shape == (1, n)
    np.testing.assert_array_equal(net.prepare_targets(y[:, None], n), expected)
    each = np.stack([y + r for r in range(replicas)])
    own = net.prepare_targets(each, n)
    np.testing.assert_array_equal(net.prepare_targets(each[..., None], n), own)
    assert own.shape == ((1, n) if replicas == 1 else (replicas, 1, n))
    np.testing.assert_array_equal(own.reshape(replicas, n), each)
    hostile: list[Any] = [y[:4], each[:, :4], np.ones((n, 2)), np.ones((replicas + 1, n))]
    for bad in (*hostile, 1.0, [[1.0], [2]]):
        with pytest.raises(ParameterError, match=r"^y must be finite numbers of shape \(5,\)"):
            net.loss_and_gradients(X, bad)


@pytest.mark.parametrize("shape", [(1, 7), (3, 1, 7), (4, 2, 7)])
def test_no_value_is_simply_right_or_wrong(shape: tuple[int, ...]) -> None:
    correct = LOSSES["linear"]["squared_error"].correct(np.ones(shape), np.ones(shape))
    assert correct.shape == (*shape[:-2], 7)
    assert np.isnan(correct).all()
    with pytest.raises(ValueError, match="predicts values, not classes"):
        LOSSES["linear"]["squared_error"].classes(np.ones(shape))


def test_regression_data_of_each_replica_trains() -> None:
    data = make_dataset("sine", 30, 0.1).sample_fleet(30, 3, np.random.default_rng(0))
    assert data.y.shape == (3, 30)
    net = Network((2, 8, 1), output="linear", replicas=3, dtype="float64")
    singles = []
    for replica in range(3):
        single = Network((2, 8, 1), output="linear", dtype="float64")
        single.parameters.flat[:] = net.parameters.flat[replica]
        Trainer(single, Dataset(data.X[replica], data.y[replica])).run(epochs=3)
        singles.append(single.parameters.flat[0])
    run = Trainer(net, data)
    run.run(epochs=3)
    np.testing.assert_allclose(net.parameters.flat, singles, rtol=1e-10)
    assert np.isnan(run.history.train_accuracy).all()
    assert np.isfinite(run.history.train_loss).all()


BAD_TRUTHS: list[tuple[str, Any]] = [
    ("softmax", [[0.5, 0.5, 0.1]] * 2),
    ("softmax", [[1.5, -0.5, 0.0]] * 2),
    ("softmax", [[0.5, 0.5]] * 2),
    ("softmax", [[0.5, 0.5, np.nan]] * 2),
    ("softmax", [[1, 0, 0]] * 2),  # whole numbers are class numbers
    ("softmax", [0.0, 1.0]),
    ("softmax", [0, 3]),
    ("softmax", [0, -1]),
    ("sigmoid", [0.3, 0.7]),
    ("sigmoid", [[0.3], [0.7]]),
    ("sigmoid", [[0.3, 0.6]] * 2),
    ("sigmoid", [0, 2]),
    ("linear", [1.0, 2.0]),  # two units
    ("linear", [[1.0, np.inf]] * 2),
    ("linear", [[1.0, 1e39]] * 2),  # beyond float32
    ("linear", [["1", "2"]] * 2),
    ("linear", [[1.0, 2.0, 3.0]] * 2),
]


@pytest.mark.parametrize(("output", "truth"), BAD_TRUTHS, ids=str)
def test_truths_that_are_none(output: str, truth: Any) -> None:
    net = Network((2, UNITS[output]), output=output)
    X = [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(ParameterError, match=r"^y must be") as caught:
        net.loss_and_gradients(X, truth)
    assert ("finite numbers" if output == "linear" else "or probabilities of") in str(caught.value)
    with pytest.raises(ParameterError, match=r"^y must be"):
        Trainer(net, Dataset(np.array(X), np.array(truth)))


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_accuracy_with_soft_labels_is_that_of_the_likeliest_class(output: str) -> None:
    net = Network((2, UNITS[output]), output=output, replicas=2, seed=5)
    rng = np.random.default_rng(2)
    X, soft = rng.normal(size=(40, 2)), rng.dirichlet(np.ones(max(UNITS[output], 2)), 40)
    found = net.evaluate(net.prepare_inputs(X), net.prepare_targets(soft, 40))
    expected = (net.predict(X) == soft.argmax(axis=1)).mean(axis=1)
    np.testing.assert_allclose(found.accuracy, expected)
    assert 0 < expected.min() < 1
    np.testing.assert_allclose(found.loss, net.loss_and_gradients(X, soft)[0], rtol=1e-6)
    assert found.loss.shape == found.accuracy.shape == (2,)


def test_a_class_number_is_its_probability_one() -> None:
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(20, 2)), rng.integers(0, 2, 20)
    for output, units in (("sigmoid", 1), ("softmax", 2)):
        for loss in LOSSES[output]:
            net = Network((2, 3, units), output=output, loss=loss)
            first, gradients = net.loss_and_gradients(X, y)
            flat = gradients.flat.copy()
            second, gradients = net.loss_and_gradients(X, np.eye(2)[y])
            np.testing.assert_array_equal(first, second)
            np.testing.assert_array_equal(flat, gradients.flat)


# Dead units.


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, ("relu", "sigmoid")], ids=str)
def test_dead_units_against_brute_force(activation: Any, replicas: int) -> None:
    rng = np.random.default_rng(0)
    net = Network((2, 12, 9, 1), activation, replicas=replicas, dtype="float64")
    for biases in net.biases[:2]:
        biases[:] = rng.normal(0, 20, biases.shape)
    X = rng.normal(size=(25, 2))
    found = net.dead_units(X)
    expected = np.zeros((replicas, 2), np.int64)
    names = [activation] * 2 if isinstance(activation, str) else activation
    for replica in range(replicas):
        a = X
        for layer, name in enumerate(names):
            z = a @ net.weights[layer][replica] + net.biases[layer][replica]
            slopes, outputs = np.empty_like(z), np.empty_like(z)
            ACTIVATIONS[name].output(z, outputs)
            ACTIVATIONS[name].derivative(z, outputs.copy(), slopes)
            expected[replica, layer] = (np.abs(slopes) <= 1e-6).all(axis=0).sum()
            a = outputs
    np.testing.assert_array_equal(found, expected, strict=True)
    if activation in ("relu", "sigmoid", "tanh"):
        assert found.any(), "none is dead: the test has no case"
        assert (found < [12, 9]).all()
    if activation in ("leaky_relu", "linear"):
        assert not found.any()


def test_a_dead_unit_learns_nothing() -> None:
    net = Network((2, 6, 1), "relu", dtype="float64")
    net.biases[0][0, :2] = -100
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    assert net.dead_units(X).tolist() == [[2]]
    _, gradients = net.loss_and_gradients(X, y)
    assert not gradients.layers[0][0, :, :2].any()
    assert gradients.layers[0][0, :, 2:].any(axis=0).all()
    assert Network((2, 1)).dead_units(X).shape == (1, 0)


# Named inputs.


@pytest.mark.parametrize("names", [("x", "y"), ("y", "x2", "sin_x"), tuple(FEATURES)], ids=str)
@pytest.mark.parametrize("replicas", [1, 2])
def test_named_inputs_are_the_inputs_expanded(names: tuple[str, ...], replicas: int) -> None:
    sizes = (len(names), 4, 1)
    named = Network(sizes, replicas=replicas, inputs=names)
    plain = Network(sizes, replicas=replicas)
    train, validation = make_dataset("circle", 40, noise=0.1).split(0.5)
    wide, wider = (Dataset(expand(data.X, names), data.y) for data in (train, validation))
    config = TrainingConfig(0.05, 7, momentum=0.5)
    runs = [Trainer(named, train, validation, config), Trainer(plain, wide, wider, config)]
    for run in runs:
        run.run(epochs=3)
    np.testing.assert_array_equal(named.parameters.flat, plain.parameters.flat)
    for column in ("train_loss", "validation_loss", "validation_accuracy"):
        first, second = (getattr(run.history, column) for run in runs)
        np.testing.assert_array_equal(first, second)
    X = validation.X
    for ask in ("predict", "predict_proba", "logits", "dead_units"):
        ours, theirs = getattr(named, ask)(X), getattr(plain, ask)(expand(X, names))
        np.testing.assert_array_equal(ours, theirs)


def test_named_inputs_that_are_none() -> None:
    with pytest.raises(ParameterError, match=r"^inputs must be 3 names, as many as"):
        Network((3, 1), inputs=("x", "y"))
    with pytest.raises(ParameterError, match=r"^X must be .* of shape \(n, 2\)"):
        Network((3, 1), inputs=("x", "y", "xy")).predict(np.ones((4, 3)))


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "linear"])
def test_a_copy_is_a_network_of_its_own(output: str) -> None:
    net = Network((2, 3, UNITS[output]), "relu", output, 2, seed=6, dtype="float64")
    net.parameters.flat[:] += 1
    twin = net.copy()
    assert twin.settings == net.settings
    np.testing.assert_array_equal(twin.parameters.flat, net.parameters.flat)
    twin.parameters.flat[:] = 0
    twin.activation = "tanh"
    assert net.parameters.flat.all()
    assert net.activation == "relu"
