"""Hostile values for every public parameter: always a ParameterError that helps, never silence."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import (
    Augmentation,
    Dataset,
    Generator,
    Network,
    ParameterError,
    Trainer,
    TrainingConfig,
    load_run,
    make_dataset,
    save_run,
)
from nbtutor.engine.datasets import DATASETS
from nbtutor.engine.history import DETAILS
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import StepDecay

ENORMOUS = 10**5000  # too long for Python to print, and no float

NO_NUMBERS: list[Any] = [
    None,
    True,
    False,
    np.True_,
    "",
    "0.1",
    "fast",
    b"1",
    1 + 2j,
    object(),
    {},
    {0.1},
    len,
    math.nan,
    math.inf,
    -math.inf,
    np.float32("nan"),
    np.datetime64("2020-01-01"),
    ENORMOUS,
    -ENORMOUS,
    Fraction(ENORMOUS),
]
ARRAYS_OF_NO_USE: list[Any] = [[], (), [[0.1]], np.array([]), np.array(0.1), np.ones((2, 2))]
BEYOND_THE_FLOATS: list[Any] = [1e300, -1e300]


def numbers(low: float, high: float, *, below: bool = False) -> st.SearchStrategy[Any]:
    """What is no number from `low` to `high` (to below it, where `below`)."""
    outside = [math.nextafter(low, -math.inf), high if below else math.nextafter(high, math.inf)]
    return (
        st.sampled_from([*NO_NUMBERS, *BEYOND_THE_FLOATS, *outside])
        | st.floats(max_value=low, exclude_max=True)
        | st.floats(min_value=high, exclude_min=not below)
        | st.integers(max_value=math.ceil(low) - 1)
        | st.integers(min_value=math.floor(high) + 1)
        | st.text(max_size=5)
    )


def per_replica(low: float, high: float, *, below: bool = False) -> st.SearchStrategy[Any]:
    bad = numbers(low, high, below=below)
    among_good = bad.map(lambda value: (low, value))
    return bad | among_good | among_good.map(list) | st.sampled_from(ARRAYS_OF_NO_USE)


def dropout() -> st.SearchStrategy[Any]:
    """No table may pass that is not one of numbers, with rows of equal length."""
    tables = [[[0.1], [0.2, 0.3]], [[0.1], 0.2], [[1.0]], [["half"]], [[]], [[[0.1]]]]
    others = per_replica(0, 1, below=True).filter(lambda value: value is not ARRAYS_OF_NO_USE[2])
    return st.sampled_from(tables) | others


def integers(low: int, high: int) -> st.SearchStrategy[Any]:
    return (
        st.sampled_from([*NO_NUMBERS, *ARRAYS_OF_NO_USE, float(low), low + 0.5, high + 1, low - 1])
        | st.integers(max_value=low - 1)
        | st.integers(min_value=high + 1)
        | st.text(max_size=5)
    )


def names(*known: str) -> st.SearchStrategy[Any]:
    wrong = [known[0].upper(), known[0] + " ", known[0].encode(), list(known), *NO_NUMBERS, 0, 1]
    return st.sampled_from(wrong) | st.text().filter(lambda text: text not in known)


SEEDS = integers(0, 2**63 - 1)
ACTIVATIONS = (
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "sigmoid",
    "linear",
)
SIZES = st.sampled_from(
    [
        *NO_NUMBERS,
        *ARRAYS_OF_NO_USE,
        3,
        "211",
        (2,),
        (2, 0, 1),
        (2, -1, 1),
        (2, 1.0),
        (2, True, 1),
        (2, None, 1),
        (2, "8", 1),
        (2, 8, 2),
        (2, ENORMOUS, 1),
        (2, 5000, 1),
        (2, *[3] * 40, 1),
        (2, (8,), 1),
        {2: 8},
        [math.nan, 1],
        (2, *[4096] * 30, 1),
    ]
)
BATCH_SIZES = integers(1, 10_000_000)
COUNTS = integers(0, 1_000_000_000)
POINTS = st.sampled_from(
    [
        *(value for value in NO_NUMBERS if value is not True and value is not False),
        True,
        1.0,
        [],
        [[]],
        [1.0, 2.0],
        [[1.0]],
        [[1.0, 2.0, 3.0]],
        [[1.0, 2.0], [3.0]],
        [[1.0, math.nan]],
        [[1.0, math.inf]],
        [[1.0, None]],
        [["1", "2"]],
        [[1.0, 2j]],
        [[1.0, 1e300]],
        [[1.0, ENORMOUS]],
        [[[[1.0, 2.0]]]],
        np.ones((3, 5, 2)),
        np.empty((0, 2)),
        np.array([[1 + 0j, 2]]),
        np.array([["2020-01-01", "2020-01-02"]], "datetime64[D]"),
        np.array([[object(), object()]]),
    ]
)
LABELS = st.sampled_from(
    [
        *NO_NUMBERS,
        0,
        1,
        [],
        [0, 1],  # there are three points
        [0],
        [0, 1, 1, 0],
        [0, 1, 2],
        [0, 1, -1],
        [0, 1, ENORMOUS],
        [0.0, 1.0, 1.0],
        [0, 1, math.nan],
        [0, 1, None],
        ["0", "1", "1"],
        [[0, 1], [1]],
        [[0], [1], [1]],
        [[0, 1, 1]],  # there are two replicas
        np.zeros((3, 3), int),
        np.zeros((2, 3, 1), int),
    ]
)

X, Y = np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 0.0]]), np.array([0, 1, 1])


def network(**options: Any) -> Network:
    return Network((2, 3, 1), **options)


def trainer(**options: Any) -> Trainer:
    return Trainer(**{"network": network(), "train": Dataset(X, Y), **options})


def dataset(**options: Any) -> Dataset:
    return make_dataset(**{"name": "moons", "n": 10, **options})


class Parameter:
    """A public parameter: where it is passed, and values that it must refuse."""

    def __init__(
        self,
        place: str,
        call: Callable[[Any], object],
        bad: st.SearchStrategy[Any],
        called: str = "",
    ) -> None:
        self.place, self.call, self.bad = place, call, bad
        self.name = called or place.rsplit(".", 1)[-1]


NOT_OF_THE_ENGINE = st.sampled_from(
    [None, 0, 1, "", "moons", {}, [], object(), (X, Y), math.nan, Network, Dataset]
)
SOMETHING_ELSE = NOT_OF_THE_ENGINE.filter(lambda value: value is not None)
NO_FLAGS = st.sampled_from([None, 0, 1, 1.0, "True", "", [], (True,), np.array(True), np.True_])
PATHS = st.sampled_from([None, 0, 5, True, b"run", [], {}, 1.5, "", ".", "a\0b", object()])
INPUTS = st.sampled_from(
    [
        *(value for value in NO_NUMBERS if value is not None),
        *ARRAYS_OF_NO_USE,
        "x",
        "xy",
        ("x",),
        ("x", "x"),
        ("x", "y", "xy"),
        ("x", "z"),
        ("X", "Y"),
        (None, "y"),
        ["x", 1],
        {"x": 1, "y": 2},
    ]
)


def config_parameters() -> list[Parameter]:
    bad = {
        "learning_rate": per_replica(0, 1e6),
        "momentum": per_replica(0, 1, below=True),
        "dropout": dropout(),
        "l1": per_replica(0, 1e6),
        "l2": per_replica(0, 1e6),
        "batch_size": BATCH_SIZES,
        "optimizer": names(*OPTIMIZERS),
        "schedule": SOMETHING_ELSE | st.sampled_from([StepDecay, {"name": "constant"}, "cosine"]),
        "clip_norm": numbers(0, 1e12) | st.just(0.0),
        "label_smoothing": numbers(0, 1, below=True),
        "augmentation": SOMETHING_ELSE | st.sampled_from([Augmentation, {"jitter": 0.1}]),
        "shuffle": NO_FLAGS,
        "patience": integers(0, 1_000_000_000),
    }
    found = []
    for name, values in bad.items():

        def construct(value: Any, name: str = name) -> object:
            return TrainingConfig(**{name: value})

        def change(value: Any, name: str = name) -> None:
            trainer().change(**{name: value})

        found.append(Parameter(f"TrainingConfig.{name}", construct, values))
        found.append(Parameter(f"Trainer.change.{name}", change, values))
    return found


PENALTIES = per_replica(0, 1e6) | st.just((0.1, 0.1, 0.1))

PARAMETERS = [
    Parameter("Network.sizes", Network, SIZES),
    Parameter(
        "Network.activation",
        lambda value: network(activation=value),
        names(*ACTIVATIONS) | st.sampled_from([("tanh", "relu"), ("Tanh",), (None,), [["tanh"]]]),
    ),
    Parameter(
        "Network.output", lambda value: network(output=value), names("sigmoid", "softmax", "linear")
    ),
    Parameter(
        "Network.loss",
        lambda value: network(loss=value),
        names("cross_entropy", "squared_error"),
    ),
    Parameter(
        "Network.loss of a linear output",
        lambda value: Network((2, 1), output="linear", loss=value),
        st.sampled_from(["cross_entropy", "mse", 1, []]),
        called="loss",
    ),
    Parameter(
        "Network.initialization",
        lambda value: network(initialization=value),
        names(*INITIALIZATIONS),
    ),
    Parameter("Network.inputs", lambda value: network(inputs=value), INPUTS),
    Parameter("Network.replicas", lambda value: network(replicas=value), integers(1, 4096)),
    Parameter("Network.seed", lambda value: network(seed=value), SEEDS),
    Parameter("Network.dtype", lambda value: network(dtype=value), names("float32", "float64")),
    Parameter("Network.predict.X", lambda v: network().predict(v), POINTS),
    Parameter("Network.predict_proba.X", lambda v: network().predict_proba(v), POINTS),
    Parameter("Network.logits.X", lambda v: network().logits(v), POINTS),
    Parameter("Network.dead_units.X", lambda v: network().dead_units(v), POINTS),
    Parameter("Network.named_inputs.X", lambda v: network(inputs=("x", "y2")).predict(v), POINTS),
    Parameter("Network.hidden_outputs.X", lambda v: network().layer_outputs(v)[:-1], POINTS),
    Parameter("Network.loss_and_gradients.X", lambda v: network().loss_and_gradients(v, Y), POINTS),
    Parameter(
        "Network.loss_and_gradients.y",
        lambda v: network(replicas=2).loss_and_gradients(X, v),
        LABELS,
    ),
    Parameter(
        "Network.loss_and_gradients.l1",
        lambda v: network(replicas=2).loss_and_gradients(X, Y, l1=v),
        PENALTIES,
    ),
    Parameter(
        "Network.loss_and_gradients.l2",
        lambda v: network(replicas=2).loss_and_gradients(X, Y, l2=v),
        PENALTIES,
    ),
    *config_parameters(),
    Parameter("Trainer.network", lambda v: trainer(network=v), NOT_OF_THE_ENGINE),
    Parameter("Trainer.train", lambda v: trainer(train=v), NOT_OF_THE_ENGINE),
    Parameter("Trainer.validation", lambda v: trainer(validation=v), SOMETHING_ELSE),
    Parameter("Trainer.config", lambda v: trainer(config=v), SOMETHING_ELSE),
    Parameter("Trainer.seed", lambda v: trainer(seed=v), SEEDS),
    Parameter("Trainer.keep", lambda v: trainer(keep=v), integers(0, 10_000)),
    Parameter("Trainer.detail", lambda v: trainer(detail=v), names(*DETAILS)),
    Parameter("Trainer.rewind.epoch", lambda v: trainer(keep=9).rewind(v), integers(0, 0)),
    Parameter("Trainer.fork.epoch", lambda v: trainer(keep=9).fork(v), integers(0, 0)),
    Parameter("Augmentation.jitter", lambda v: Augmentation(jitter=v), numbers(0, 1e6)),
    Parameter("Augmentation.rotation", lambda v: Augmentation(rotation=v), numbers(0, 180)),
    Parameter("Augmentation.mirror", lambda v: Augmentation(mirror=v), NO_FLAGS),
    Parameter("save_run.trainer", lambda v: save_run(v, "nowhere/run"), NOT_OF_THE_ENGINE),
    Parameter("save_run.path", lambda v: save_run(trainer(), v), PATHS),
    Parameter("load_run.path", load_run, PATHS),
    Parameter("Trainer.train.X", lambda v: trainer(train=Dataset(v, Y)), POINTS),
    Parameter(
        "Trainer.train.y",
        lambda v: trainer(network=network(replicas=2), train=Dataset(X, v)),
        LABELS,
    ),
    Parameter("Trainer.validation.X", lambda v: trainer(validation=Dataset(v, Y)), POINTS),
    Parameter("Trainer.run.epochs", lambda v: trainer().run(epochs=v), COUNTS),
    Parameter("Trainer.run.updates", lambda v: trainer().run(updates=v), COUNTS),
    Parameter(
        "Trainer.run.seconds",
        lambda v: trainer().run(seconds=v, epochs=1),
        st.sampled_from([*NO_NUMBERS, *ARRAYS_OF_NO_USE, -1, -1e-300, -1e300]),
    ),
    Parameter(
        "Trainer.change.activation", lambda v: trainer().change(activation=v), names(*ACTIVATIONS)
    ),
    Parameter(
        "make_dataset.name",
        lambda v: dataset(name=v),
        names(*DATASETS),
        called="dataset",
    ),
    Parameter("make_dataset.n", lambda v: dataset(n=v), integers(2, 1_000_000)),
    Parameter("make_dataset.noise", lambda v: dataset(noise=v), numbers(0, 0.5)),
    Parameter("make_dataset.seed", lambda v: dataset(seed=v), SEEDS),
    Parameter("Generator.noise", lambda v: Generator("moons", v), numbers(0, 0.5)),
    Parameter("Dataset.posterior.points", lambda v: dataset().posterior(v), POINTS),
    Parameter(
        "Dataset.sample.n",
        lambda v: dataset().sample(v, np.random.default_rng(0)),
        integers(1, 1_000_000),
    ),
    Parameter("Dataset.sample.rng", lambda v: dataset().sample(3, v), NOT_OF_THE_ENGINE),
    Parameter(
        "Dataset.split.share",
        lambda v: dataset().split(v),
        numbers(0, 1, below=True) | st.sampled_from([0, 0.0, *ARRAYS_OF_NO_USE]),
    ),
]
# None is a way to say "not given" here.
MAY_BE_NONE = {
    "Network.loss",
    "Trainer.change.clip_norm",
    "Trainer.fork.epoch",
    "Trainer.run.epochs",
    "Trainer.run.seconds",
    "Trainer.run.updates",
    "TrainingConfig.clip_norm",
}


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.place)
@settings(max_examples=60)
@given(choice=st.data())
def test_a_hostile_value_is_refused(parameter: Parameter, choice: st.DataObject) -> None:
    value = choice.draw(parameter.bad)
    if value is None and parameter.place in MAY_BE_NONE:
        return
    with pytest.raises(ParameterError) as caught:
        parameter.call(value)
    error = caught.value
    assert error.name.split("[")[0] == parameter.name
    assert str(error).startswith(f"{error.name} must be {error.allowed}, not ")
    assert len(error.allowed) > 5
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    "call",
    [
        lambda: network(units=3),
        lambda: TrainingConfig(lr=0.1),  # type: ignore[call-arg]
        lambda: trainer(epochs=3),
        lambda: trainer().run(steps=3),  # type: ignore[call-arg]
        lambda: trainer().change(steps=3),
        lambda: dataset(points=3),
        lambda: Augmentation(epochs=3),  # type: ignore[call-arg]
        lambda: trainer().fork(steps=3),
        lambda: TrainingConfig.from_dict({"lr": 3}),
    ],
)
def test_an_unknown_keyword_is_a_type_error(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"units|lr|epochs|steps|points"):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: dataset(name="checkers"),
            "dataset must be one of 'circle', 'xor', 'gaussians', 'spiral', 'moons', 'rings', "
            "'blobs', 'spirals', 'checkerboard', 'sine', 'plane', 'multi_gaussian', "
            "not 'checkers'. Did you mean 'checkerboard'?",
        ),
        (lambda: network(activation="ReLU"), "Did you mean 'relu'"),
        (
            lambda: TrainingConfig(dropout=1.0),
            "dropout must be a number from 0 to below 1, not 1.0.",
        ),
        (
            lambda: TrainingConfig(batch_size=0),
            "batch_size must be a whole number from 1 to 10,000,000, not 0.",
        ),
        (lambda: Network((2, 8, 2)), "Use output='sigmoid' for one output unit and 'softmax'"),
        (lambda: Network((2, 8, 1), output="softmax"), "a shape that ends in 2 or more here"),
        (
            lambda: network().predict([[1.0, 2.0], [math.nan, math.nan]]),
            "not '2 entries that are NaN or infinite'. Remove or fill those rows first.",
        ),
        (lambda: network().predict(np.ones((4, 3))), "of shape (n, 2) or (1, n, 2)"),
        (
            lambda: Trainer(network(replicas=3), Dataset(X, Y), config=TrainingConfig((0.1, 0.2))),
            "learning_rate must be one number, or 3, one for each replica, not (0.1, 0.2).",
        ),
    ],
)
def test_messages_help(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        call()
    assert message in str(caught.value)


def test_a_parameter_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="noise"):
        dataset(noise=3)


def test_data_of_ones_own_has_no_truth() -> None:
    own = Dataset(X, Y)
    for call in (lambda: own.posterior(X), lambda: own.sample(3, np.random.default_rng(0))):
        with pytest.raises(ValueError, match="one's own is not known"):
            call()


GOOD: list[tuple[Callable[[Any], object], list[Any]]] = [
    (lambda v: TrainingConfig(learning_rate=v), [0, 1, 1e6, np.float32(0.1), np.int8(1)]),
    (lambda v: TrainingConfig(learning_rate=v), [Fraction(1, 3), [0.1], (0.1, 1), np.ones(3)]),
    (lambda v: TrainingConfig(momentum=v, dropout=v), [0, 0.0, 0.999, math.nextafter(1, 0)]),
    (lambda v: TrainingConfig(batch_size=v), [1, np.int64(7), np.uint8(200), 10_000_000]),
    (Network, [(2, 1), [2, 3, 1], np.array([2, 3, 1]), range(3, 0, -1), (np.int32(2), 4096, 1)]),
    (lambda v: network(activation=v), ["relu", ["relu"], ("relu",), np.array(["relu"])]),
    (lambda v: network(seed=v), [0, 2**63 - 1, np.uint64(3)]),
    (lambda v: network().predict(v), [X, X.tolist(), X.astype("float32"), [[1, 2]], X[:, ::-1]]),
    (lambda v: TrainingConfig(clip_norm=v), [None, 1e-12, 1, np.float32(2), 1e12]),
    (lambda v: TrainingConfig(label_smoothing=v), [0, 0.999, np.float32(0.5)]),
    (lambda v: TrainingConfig(patience=v), [0, np.int16(3), 1_000_000_000]),
    (lambda v: TrainingConfig(dropout=v), [[[0.1, 0.2]], np.full((2, 3), 0.4), ((0.0,), (0.9,))]),
    (lambda v: network(inputs=v), [("x", "y"), ["xy", "noise"], np.array(["x2", "sin_y"])]),
    (lambda v: network(loss=v), [None, "cross_entropy", "squared_error"]),
    (lambda v: trainer(keep=v), [0, np.int8(5), 10_000]),
    (lambda v: Augmentation(v, v), [0, 1, np.float32(1.5), 180]),
    (lambda v: dataset(noise=v), [0, 0.5, np.float64(0.1)]),
    (lambda v: dataset(n=v), [2, 3, 100_000]),
    (lambda v: dataset().split(v), [1e-9, 0.5, 1 - 1e-9]),
]


@pytest.mark.parametrize(
    ("call", "value"), [(call, value) for call, values in GOOD for value in values]
)
def test_an_allowed_value_is_accepted(call: Callable[[Any], object], value: Any) -> None:
    assert call(value) is not None


@pytest.mark.parametrize("share", [1e-9, 0.5, 1 - 1e-9])
def test_one_point_cannot_be_split(share: float) -> None:
    one = dataset().sample(1, np.random.default_rng(0))
    with pytest.raises(ParameterError, match="data must be at least two points to be split"):
        one.split(share)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_may_be_text_or_a_path(kind: Callable[[str], Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save_run(trainer(), kind(f"{folder}/run"))
        assert load_run(kind(str(path))).updates == 0
