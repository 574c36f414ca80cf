"""The network: its start, its shapes, and what scikit-learn says of the same weights."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from nbtutor.engine import Network


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_without_weights_the_loss_is_that_of_a_guess(classes: int) -> None:
    net = Network((2, 4, classes), output="softmax", replicas=2, dtype="float64")
    net.parameters.flat[:] = 0
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % classes
    loss, _ = net.loss_and_gradients(X, y)
    np.testing.assert_allclose(loss, np.log(classes), rtol=1e-14)
    np.testing.assert_allclose(net.predict_proba(X), 1 / classes, rtol=1e-14)


def test_without_weights_a_sigmoid_guesses_too() -> None:
    net = Network((2, 4, 1), dtype="float64")
    net.parameters.flat[:] = 0
    X, y = np.ones((3, 2)), np.array([0, 1, 1])
    assert net.loss_and_gradients(X, y)[0][0] == pytest.approx(np.log(2), rel=1e-14)
    np.testing.assert_array_equal(net.predict_proba(X), np.full((1, 3, 2), 0.5))


def test_the_start_is_glorots() -> None:
    net = Network((30, 50, 20, 1), replicas=40)
    for weights, biases in zip(net.weights, net.biases, strict=True):
        inputs, units = weights.shape[1:]
        limit = np.sqrt(6 / (inputs + units))
        assert np.abs(weights).max() <= np.float32(limit)
        assert np.abs(weights).max() > 0.99 * limit
        # A uniform distribution has this standard deviation, 2 / (inputs + units) as Glorot asks.
        assert weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert weights.mean() == pytest.approx(0, abs=5 * weights.std() / np.sqrt(weights.size))
        assert not biases.any()


def test_the_start_depends_on_the_seed_and_the_replica() -> None:
    def start(**options: int) -> np.ndarray:
        return Network((2, 8, 1), **options).parameters.flat  # type: ignore[arg-type]

    np.testing.assert_array_equal(start(seed=3), start(seed=3))
    assert not np.array_equal(start(seed=3), start(seed=4))
    fleet = start(seed=3, replicas=5)
    assert len(np.unique(fleet[:, 0])) == 5
    np.testing.assert_array_equal(fleet[:1], start(seed=3))
    np.testing.assert_array_equal(fleet[:3], start(seed=3, replicas=3))


def test_initialize_sets_the_first_weights_again() -> None:
    net = Network((2, 3, 1), replicas=2, seed=9)
    first = net.parameters.flat.copy()
    net.parameters.flat[:] = 7
    net.initialize()
    np.testing.assert_array_equal(net.parameters.flat, first)


def test_float32_starts_where_float64_does() -> None:
    single, double = (Network((2, 5, 1), seed=1, dtype=d) for d in ("float32", "float64"))
    np.testing.assert_array_equal(single.parameters.flat, double.parameters.flat.astype("float32"))


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize("own", [False, True], ids=["shared points", "own points"])
def test_shapes(own: bool, output: str) -> None:
    outputs = {"sigmoid": 1, "softmax": 4}[output]
    classes = max(outputs, 2)
    net = Network((3, 5, 2, outputs), output=output, replicas=6)
    X = np.random.default_rng(0).normal(size=(6, 7, 3) if own else (7, 3))
    assert [w.shape for w in net.weights] == [(6, 3, 5), (6, 5, 2), (6, 2, outputs)]
    assert [b.shape for b in net.biases] == [(6, 5), (6, 2), (6, outputs)]
    assert net.logits(X).shape == (6, 7, outputs)
    assert [h.shape for h in net.layer_outputs(X)[:-1]] == [(6, 7, 5), (6, 7, 2)]
    assert net.predict(X).shape == (6, 7)
    probabilities = net.predict_proba(X)
    assert probabilities.shape == (6, 7, classes)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-6)
    np.testing.assert_array_equal(net.predict(X), probabilities.argmax(axis=-1))


def test_what_is_returned_is_ones_own() -> None:
    """A second question does not change the first answer."""
    net = Network((2, 4, 1))
    X = np.random.default_rng(0).normal(size=(5, 2))
    answers = [net.logits(X), net.predict_proba(X), *net.layer_outputs(X)[:-1]]
    kept = [answer.copy() for answer in answers]
    net.predict_proba(-3 * X)
    net.loss_and_gradients(-3 * X, np.zeros(5, int))
    for answer, before in zip(answers, kept, strict=True):
        np.testing.assert_array_equal(answer, before)


def test_many_sizes_of_batch_in_turn() -> None:
    """Workspaces are kept for a few sizes only; a forgotten one is made again."""
    net = Network((2, 4, 1), seed=1, dtype="float64")
    X = np.random.default_rng(0).normal(size=(40, 2))
    whole = net.logits(X)[0]
    for n in [*range(1, 40), 3, 2, 1, 40]:
        np.testing.assert_allclose(net.logits(X[:n])[0], whole[:n], rtol=1e-12)


def test_weights_may_be_written_to() -> None:
    net = Network((2, 1), dtype="float64")
    net.weights[0][0] = [[2.0], [-1.0]]
    net.biases[0][0] = 0.5
    assert net.logits(np.array([[3.0, 4.0]])).item() == pytest.approx(2 * 3 - 4 + 0.5)


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64])
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_classes_may_be_any_kind_of_whole_number(output: str, kind: type) -> None:
    net = Network((2, 3, {"sigmoid": 1, "softmax": 2}[output]), output=output)
    X = np.random.default_rng(0).normal(size=(6, 2))
    y = np.array([0, 1, 1, 0, 1, 1])
    expected = net.loss_and_gradients(X, y)[0]
    np.testing.assert_array_equal(net.loss_and_gradients(X, y.astype(kind))[0], expected)


@pytest.mark.parametrize("theirs", ["tanh", "relu", "logistic", "identity"])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("hidden", [(5,), (6, 4)], ids=str)
def test_scikit_learn_predicts_the_same(hidden: tuple[int, ...], classes: int, theirs: str) -> None:
    neural_network = pytest.importorskip("sklearn.neural_network")
    rng = np.random.default_rng(0)
    y = np.arange(60) % classes
    X = rng.normal(size=(60, 2)) + y[:, None]
    model = neural_network.MLPClassifier(
        hidden, activation=theirs, solver="sgd", learning_rate_init=0.1, max_iter=1, random_state=0
    )
    for _ in range(30):
        model.partial_fit(X, y, classes=range(classes))
    ours = {"logistic": "sigmoid", "identity": "linear"}.get(theirs, theirs)
    units, output = (1, "sigmoid") if classes == 2 else (3, "softmax")
    net = Network((2, *hidden, units), ours, output, dtype="float64")
    for layer, (weights, biases) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        net.weights[layer][0] = weights
        net.biases[layer][0] = biases
    np.testing.assert_allclose(net.predict_proba(X)[0], model.predict_proba(X), atol=1e-12)
    np.testing.assert_array_equal(net.predict(X)[0], model.predict(X))
    log_loss = pytest.importorskip("sklearn.metrics").log_loss
    loss, _ = net.loss_and_gradients(X, y)
    assert loss[0] == pytest.approx(log_loss(y, model.predict_proba(X)), rel=1e-12)


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
@pytest.mark.parametrize("replicas", [1, 3])
def test_a_copy_learns_by_itself(replicas: int, copier: Callable[[Network], Network]) -> None:
    """Its layers are views of its own parameters, so an update reaches them, and only them."""
    net = Network((2, 3, 1), "relu", replicas=replicas, seed=1, initialization="he_normal")
    net.activation = "gelu"
    net.parameters.flat[:] += 0.25
    X, y = np.random.default_rng(0).normal(size=(6, 2)), np.array([0, 1, 1, 0, 1, 1])
    before = net.logits(X)
    copied = copier(net)
    assert copied.settings == net.settings
    np.testing.assert_array_equal(copied.logits(X), before)
    copied.parameters.flat[:] -= 0.1 * copied.loss_and_gradients(X, y)[1].flat
    assert not np.array_equal(copied.weights[0], net.weights[0])
    assert not np.array_equal(copied.logits(X), before)
    np.testing.assert_array_equal(net.logits(X), before)


@pytest.mark.parametrize("replicas", [1, 3])
def test_point_losses_are_the_logarithms_of_the_probabilities(replicas: int) -> None:
    X = np.random.default_rng(0).normal(size=(7, 2))
    y = np.array([0, 1, 1, 0, 1, 0, 0])
    network = Network((2, 4, 1), replicas=replicas, dtype="float64")
    inputs, targets = network.prepare_inputs(X), network.prepare_targets(y, 7)
    losses = network.point_losses(network.forward(inputs), targets)
    expected = -np.log(network.predict_proba(X)[:, np.arange(7), y])
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
