"""Runs written as programs: they are run without nbtutor, and have to end at the same losses."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
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
    make_dataset,
)
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.code import PROGRAMS, to_code
from nbtutor.engine.datasets import DATASETS
from nbtutor.engine.features import FEATURES
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import (
    SCHEDULES,
    Constant,
    CosineDecay,
    ExponentialDecay,
    ExponentialRamp,
    ExpRange,
    LinearRamp,
    OneCycle,
    Schedule,
    StepDecay,
    Triangular,
    Triangular2,
    WarmUp,
)

Array = np.ndarray
EPOCHS = 11  # no multiple of 10, so that the last line is not one of every tenth epoch


def own_data(n: int, outputs: int, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Three columns that no generator of ours gives."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = np.tanh(X @ rng.normal(size=(3, outputs)))
    return Dataset(X, y if outputs > 1 else y[:, 0]).split(0.7)


def run(
    data: tuple[Dataset, Dataset | None],
    hidden: tuple[int, ...] = (6, 5),
    activation: str | tuple[str, ...] = "tanh",
    *,
    output: str = "sigmoid",
    seed: int = 5,
    dtype: str = "float32",
    network: dict[str, Any] | None = None,
    **config: Any,
) -> Trainer:
    train, validation = data
    network = dict(network or {})
    inputs = len(network["inputs"]) if "inputs" in network else train.X.shape[1]
    outputs = {"sigmoid": 1, "softmax": max(train.classes, 2)}.get(output)
    if outputs is None:
        outputs = 1 if train.y.ndim == 1 else train.y.shape[1]
    sizes = (inputs, *hidden, outputs)
    net = Network(sizes, activation, output, seed=network.pop("seed", seed), dtype=dtype, **network)
    return Trainer(net, train, validation, TrainingConfig(**{"learning_rate": 0.05} | config), seed)


def toy(name: str = "circle", n: int = 120, seed: int = 5, **options: Any) -> tuple[Any, Any]:
    return make_dataset(name, n, options.pop("noise", 0.1), seed, **options).split(0.6)


def rounded(train: Dataset, validation: Dataset) -> tuple[Dataset, Dataset]:
    return Dataset(train.X.round(2), train.y), Dataset(validation.X.round(2), validation.y)


def soft(data: tuple[Dataset, Dataset], classes: int) -> tuple[Dataset, Dataset]:
    first, second = (
        Dataset(part.X.round(3), 0.8 * np.eye(classes)[part.y] + 0.2 / classes) for part in data
    )
    return first, second


def pretrained() -> Trainer:
    trainer = run(toy())
    trainer.network.parameters.flat[:] *= 1.5
    trainer.network.biases[0][:] = 0.25
    return trainer


def after_rewind() -> Trainer:
    train, validation = toy("xor")
    net = Network((2, 4, 1), seed=5)
    net.parameters.flat[:] += 0.1
    return Trainer(net, train, validation, seed=5, keep=20)


ALL_SCHEDULES: list[Schedule] = [
    Constant(),
    StepDecay(3, 0.5),
    ExponentialDecay(0.9),
    CosineDecay(8, 0.1),
    WarmUp(3, CosineDecay(6), 0.2),
    WarmUp(2.5),
    Triangular(2, 0.1),
    Triangular2(1.5, 0.2),
    ExpRange(2, 0.1, 0.9),
    OneCycle(9),
    OneCycle(8, rise=0.0),
    OneCycle(8, rise=1.0),
    LinearRamp(0.1, 8),
    ExponentialRamp(0.01, 8),
    WarmUp(2, OneCycle(7)),
]

# Every case differs from the first in what its name says. All are runs in which a rounding error
# stays small: rates are modest, and there are few updates.
CASES: dict[str, Callable[[], Trainer]] = {
    "plain": lambda: run(toy()),
    **{
        f"activation {name}": partial(run, toy(), activation=name) for name in ACTIVATIONS
    },
    **{
        f"optimizer {name}": partial(
            run,
            toy(),
            optimizer=name,
            learning_rate=0.005 if name in ("rmsprop", "adam", "adamw") else 0.05,
            momentum=0.8,
            l2=0.01,
        )
        for name in OPTIMIZERS
    },
    **{
        f"weights {name}": partial(
            run,
            toy(),
            network={"initialization": name},
            learning_rate=1e-4 if name == "too_large" else 0.05,
        )
        for name in INITIALIZATIONS
    },
    **{
        f"schedule {number} {schedule.name}": partial(
            run, toy(), schedule=schedule, momentum=0.5
        )
        for number, schedule in enumerate(ALL_SCHEDULES)
    },
    "no hidden layer": lambda: run(toy(), ()),
    "two activations": lambda: run(toy(), activation=("relu", "tanh")),
    "many layers": lambda: run(toy(), (3,) * 25, activation=("relu", "tanh") * 12 + ("elu",)),
    "float64": lambda: run(toy(), dtype="float64", momentum=0.9),
    "l1": lambda: run(toy(), l1=0.002),
    "l1 and l2": lambda: run(toy(), l1=0.001, l2=0.02),
    "dropout": lambda: run(toy(), dropout=0.2),
    "dropout by layer": lambda: run(toy(), dropout=((0.1, 0.4),), dtype="float64"),
    "clipping": lambda: run(toy(), clip_norm=0.05, l2=0.05),
    "squared error": lambda: run(toy(), network={"loss": "squared_error"}, learning_rate=0.3),
    "smoothing": lambda: run(toy(), label_smoothing=0.2),
    "softmax": lambda: run(toy("blobs"), output="softmax"),
    "softmax of two": lambda: run(toy(), output="softmax"),
    "softmax, smoothing": lambda: run(toy("rings"), output="softmax", label_smoothing=0.1),
    "softmax, squared error": lambda: run(
        toy("blobs"), output="softmax", network={"loss": "squared_error"}
    ),
    "regression": lambda: run(toy("plane"), output="linear", learning_rate=0.02, l2=0.01),
    "regression with adam": lambda: run(
        toy("plane"), output="linear", learning_rate=0.003, optimizer="adam", l2=0.01
    ),
    "inputs": lambda: run(toy("xor"), network={"inputs": list(FEATURES)}, learning_rate=0.003),
    "noise as the only input": lambda: run(toy(), network={"inputs": ["noise"]}),
    "jitter": lambda: run(toy(), augmentation=Augmentation(jitter=0.1)),
    "turned and mirrored": lambda: run(
        toy(), augmentation=Augmentation(0.1, 20, True), network={"inputs": ["x", "y", "x2"]},
        learning_rate=0.003,
    ),
    "in the order of the data": lambda: run(toy(), shuffle=False),
    "one batch": lambda: run(toy(), batch_size=1000, learning_rate=0.5),
    "early stopping": lambda: run(toy(noise=0.5, n=60), learning_rate=0.5, patience=2),
    "no validation": lambda: run((toy()[0], None)),
    "shares and wrong labels": lambda: run(
        toy("spirals", classes=4, balance=(0.4, 0.3, 0.2, 0.1), label_noise=0.2), output="softmax"
    ),
    "wrong labels without noise": lambda: run(toy(noise=0.0, label_noise=0.3)),
    "three seeds": lambda: run(toy(seed=0), seed=8, network={"seed": 3}),
    "weights of its own": pretrained,
    "weights of its own, rewound": after_rewind,
    "own data": lambda: run(own_data(70, 1), output="linear"),
    "own data, two outputs": lambda: run(own_data(70, 2), output="linear"),
    "own data, jitter": lambda: run(
        own_data(70, 2), output="linear", augmentation=Augmentation(jitter=0.1)
    ),
    "own data, classes": lambda: run(rounded(*toy("blobs")), output="softmax"),
    "own data, no validation": lambda: run((own_data(40, 1)[0], None), output="linear"),
    "soft labels": lambda: run(soft(toy(), 2)),
    "soft labels of three": lambda: run(soft(toy("blobs"), 3), output="softmax"),
}  # fmt: skip

# Runs one program after another, each as a process of its own would, and says where each begins.
DRIVER = """\
import runpy, sys, warnings
sys.modules["nbtutor"] = None
warnings.simplefilter("error")
for name in sys.argv[1:]:
    print("program", name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_default_dtype(sys.modules["torch"].float32)
    runpy.run_path(name, run_name="__main__")
"""


class Library:
    """The programs of all cases for one library, and what they print."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.trainers: dict[str, Trainer] = {}
        self.refused: dict[str, str] = {}

    def write(self, case: str, trainer: Trainer) -> None:
        try:
            code = to_code(trainer, self.name, epochs=EPOCHS)
        except ParameterError as error:
            self.refused[case] = str(error)
        else:
            self.trainers[case] = trainer
            self.path(case).write_text(code, encoding="utf-8")

    def path(self, case: str) -> Path:
        return self.folder / f"{re.sub('[^a-z0-9]+', '_', case)}.py"

    def run(self, cases: Iterable[str]) -> dict[str, str]:
        """Return what each program printed."""
        cases = list(cases)
        names = [self.path(case).name for case in cases]
        command = [sys.executable, "-I", "-c", DRIVER, *names]
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-500:] + result.stderr
        _, *parts = result.stdout.split("program ")
        return dict(zip(cases, parts, strict=True))


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Library]:
    """The programs, written before the runs; then the runs themselves."""
    made = {name: Library(name, tmp_path_factory.mktemp(name)) for name in PROGRAMS}
    for case, make in CASES.items():
        trainer = make()
        for library in made.values():
            library.write(case, trainer)
        trainer.run(epochs=EPOCHS)
    return made


@pytest.fixture(scope="module")
def numpy_output(libraries: dict[str, Library]) -> dict[str, str]:
    return libraries["numpy"].run(CASES)


@pytest.fixture(scope="module")
def pytorch_output(libraries: dict[str, Library]) -> dict[str, str]:
    pytest.importorskip("torch")
    return libraries["pytorch"].run(CASES)


@pytest.fixture(scope="module")
def sklearn_output(libraries: dict[str, Library]) -> dict[str, str]:
    library = libraries["sklearn"]
    whole = [c for c in library.trainers if "Left out" not in library.path(c).read_text("utf-8")]
    return library.run(whole)


def losses(output: str) -> list[float]:
    """The losses of the last line."""
    return [float(number) for number in re.findall(r"loss (\S+?)(?:,|$)", output.strip())[-2:]]


def expected(trainer: Trainer) -> list[float]:
    """The losses of the network as it is now, after early stopping too."""
    measured = [trainer._train.evaluate()]
    if trainer._validation is not None:
        measured.append(trainer._validation.evaluate())
    return [float(evaluation.loss[0]) for evaluation in measured]


def check(trainer: Trainer, output: str, tolerance: float) -> None:
    last = losses(output.splitlines()[-1])
    assert last == pytest.approx(expected(trainer), rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_numpy(case: str, libraries: dict[str, Library], numpy_output: dict[str, str]) -> None:
    assert not libraries["numpy"].refused
    check(libraries["numpy"].trainers[case], numpy_output[case], 1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_pytorch(case: str, libraries: dict[str, Library], pytorch_output: dict[str, str]) -> None:
    assert not libraries["pytorch"].refused
    check(libraries["pytorch"].trainers[case], pytorch_output[case], 1e-5)


def test_all_pieces_are_among_the_cases() -> None:
    trainers = [make() for make in CASES.values()]
    assert {t.config.optimizer for t in trainers} == OPTIMIZERS.keys()
    assert {t.network.initialization for t in trainers} == INITIALIZATIONS.keys()
    assert {name for t in trainers for name in t.network.activations} == ACTIVATIONS.keys()
    schedules = [t.config.schedule for t in trainers]
    assert {schedule.name for schedule in schedules if schedule} == SCHEDULES.keys()


@pytest.mark.parametrize("case", CASES)
def test_the_run_learns_something(case: str, libraries: dict[str, Library]) -> None:
    """Else a program that does nothing would pass."""
    history = libraries["numpy"].trainers[case].history
    if case not in ("weights zeros", "weights too_large", "weights too_small", "many layers"):
        assert abs(history.train_loss[-1, 0] - history.train_loss[0, 0]) > 1e-3


@pytest.mark.parametrize("case", [case for case in CASES if case != "weights of its own"])
def test_asked_for_after_training_it_is_the_same(case: str, libraries: dict[str, Library]) -> None:
    library = libraries["numpy"]
    trainer = library.trainers[case]
    before = trainer.checkpoint()
    assert to_code(trainer, epochs=EPOCHS) == library.path(case).read_text("utf-8")
    np.testing.assert_array_equal(trainer.network.parameters.flat, before.parameters)
    assert trainer.epoch == before.epoch


def formatted(folder: Path) -> None:
    """Check what a learner's own ruff would say, with its usual settings."""
    for command in (["format", "--check", "--diff"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(folder)]
        result = subprocess.run(ruff, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.parametrize("library", PROGRAMS)
def test_programs_are_formatted(library: str, libraries: dict[str, Library]) -> None:
    formatted(libraries[library].folder)


@pytest.mark.parametrize("library", PROGRAMS)
def test_programs_need_no_nbtutor(library: str, libraries: dict[str, Library]) -> None:
    for path in libraries[library].folder.glob("*.py"):
        source = path.read_text("utf-8")
        compile(source, path.name, "exec")
        assert not re.search("^(import|from) nbtutor", source, re.MULTILINE)


def test_scikit_learn(libraries: dict[str, Library], sklearn_output: dict[str, str]) -> None:
    library = libraries["sklearn"]
    assert len(library.trainers) > 30
    same, close = 0, 0
    for case, output in sklearn_output.items():
        source = library.path(case).read_text("utf-8")
        exact = "close to that" not in source
        if case == "weights too_large":  # there log_loss, which takes probabilities, saturates
            assert "a point counts 16 at most" in source
            continue
        check(library.trainers[case], output, 1e-5 if exact else 0.04)
        same, close = same + exact, close + (not exact)
    assert same > 15
    assert close > 3


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("activation gelu", "has only the activations tanh"),
        ("two activations", "has only one activation"),
        ("optimizer rmsprop", "has only the optimizers sgd"),
        ("squared error", "has only cross-entropy"),
        ("softmax of two", "has only a sigmoid output for two classes"),
        ("soft labels", "has only class numbers"),
    ],
)
def test_what_scikit_learn_cannot_be(case: str, reason: str, libraries: dict[str, Library]) -> None:
    assert reason in libraries["sklearn"].refused[case]


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("dropout", "dropout"),
        ("l1", "the L1 penalty"),
        ("smoothing", "label smoothing"),
        ("clipping", "the clipping of gradients"),
        ("schedule 3 cosine", "the schedule of the learning rate"),
    ],
)
def test_what_scikit_learn_leaves_out(case: str, words: str, libraries: dict[str, Library]) -> None:
    source = libraries["sklearn"].path(case).read_text("utf-8")
    assert f"Left out: {words}" in " ".join(source.split())


def test_keras_says_where_it_differs(libraries: dict[str, Library]) -> None:
    library = libraries["keras"]
    assert not library.refused
    assert "random numbers of its own" in library.path("dropout").read_text("utf-8")
    assert "random numbers of its own" not in library.path("plain").read_text("utf-8")


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("name", DATASETS)
def test_a_program_makes_the_very_points(name: str, noise: float) -> None:
    options: dict[str, Any] = {}
    if name in ("rings", "blobs", "spirals"):
        options = {"classes": 5, "label_noise": 0.1}
    data = make_dataset(name, 200, noise, 11, **options)
    outputs = {0: "linear", 2: "sigmoid"}.get(data.classes, "softmax")
    trainer = run((data, None), (2,), output=outputs, seed=11)
    found: dict[str, Any] = {}
    exec(to_code(trainer, "numpy", epochs=1), found)
    np.testing.assert_array_equal(found["points"], data.X)
    np.testing.assert_array_equal(found["y"], data.y)


def test_it_trains_as_long_as_the_run() -> None:
    trainer = run(toy())
    assert "\nEPOCHS = 100\n" in to_code(trainer)
    trainer.run(epochs=3)
    assert "\nEPOCHS = 3\n" in to_code(trainer)
    trainer.run(updates=2)
    before = trainer.network.parameters.flat.copy()
    assert "\nEPOCHS = 3\n" in to_code(trainer)
    assert "\nEPOCHS = 20\n" in to_code(trainer, epochs=20)
    np.testing.assert_array_equal(trainer.network.parameters.flat, before)
    assert trainer.epoch == 3


def test_it_says_that_settings_were_changed() -> None:
    trainer = run(toy())
    trainer.change(l2=0.1)  # before the first update it is no change
    assert "changed" not in to_code(trainer)
    trainer.run(epochs=2)
    trainer.change(learning_rate=0.5, activation="relu")
    trainer.run(epochs=1)
    words = " ".join(to_code(trainer).split())
    assert "learning rate 0.05 → 0.5 at epoch 2" in words
    assert "its losses are others" in words


def test_a_run_whose_layers_had_other_activations_began_with_the_weights_of_its_seed() -> None:
    trainer = run(toy(), activation=("relu", "gelu"))
    trainer.run(epochs=2)
    for later in ("tanh", ("tanh", "elu"), ("silu", "elu")):
        trainer.change(activation=later)
        trainer.run(epochs=1)
    program = to_code(trainer)
    assert "activation of hidden 1: ReLU → tanh at epoch 2" in " ".join(program.split())
    assert "weights.append(rng.uniform(-limit, limit" in program


@pytest.mark.parametrize("what", ["first weights", "weights", "config", "nothing"])
def test_it_notices_a_change_behind_the_trainers_back(what: str) -> None:
    trainer = run(toy())
    if what == "first weights":
        trainer.network.biases[0][:] = 0.2
    trainer.run(epochs=2)
    if what == "weights":
        trainer.network.weights[0][:] *= 1.1
    elif what == "config":
        trainer.config = replace(trainer.config, learning_rate=0.2)
    trainer.run(epochs=2)
    noticed = "changed by hand" in " ".join(to_code(trainer).split())
    assert noticed == (what != "nothing")


def test_it_says_that_the_weights_overflowed() -> None:
    trainer = run(toy("plane"), (), output="linear", learning_rate=1e6)
    trainer.run(epochs=5)
    assert trainer.diverged
    assert "The weights overflowed at update" in to_code(trainer, epochs=5)


def test_what_has_no_program() -> None:
    train, _ = toy()
    with pytest.raises(ParameterError, match="single network"):
        to_code(Trainer(Network((2, 3, 1), replicas=2), train))
    with pytest.raises(ParameterError, match="'pytorch'"):
        to_code(run(toy()), "torch")
    with pytest.raises(ParameterError, match="epochs"):
        to_code(run(toy()), epochs=0)
    large = Dataset(np.zeros((70_000, 2)), np.zeros(70_000))
    with pytest.raises(ParameterError, match="at most 200,000 numbers"):
        to_code(run((large, None), output="linear"))


def test_first_weights_that_are_not_known() -> None:
    """Weights of one's own are written out while they are known; after that, it is said."""
    train, validation = toy()
    net = Network((2, 3, 1), seed=5)
    net.parameters.flat[:] += 0.1
    trainer = Trainer(net, train, validation, seed=5)
    assert "LAYERS" in to_code(trainer)
    trainer.run(epochs=3)
    with pytest.raises(ParameterError, match="first weights are known"):
        to_code(trainer)


def test_numbers_of_any_length_are_formatted(tmp_path: Path) -> None:
    """The formatter breaks lines that are too long, and so do we."""
    schedules = [
        OneCycle(2e8 / 3, 1 / 3, 0.1 / 3, 1e-7 / 3),
        StepDecay(1 / 3, 2 / 3),
        WarmUp(1 / 3, ExpRange(1e5 / 3, 1 / 3, 2 / 3), 1 / 3),
        CosineDecay(1 / 3, 1 / 3),
        WarmUp(2e5 / 3, OneCycle(1e5 / 3, 2 / 3, 1 / 3, 1 / 7), 1 / 3),
    ]
    data = make_dataset("blobs", 3003, 0.5 / 3, 1, classes=8, balance=(0.125,) * 8)
    for number, (schedule, optimizer) in enumerate(zip(schedules, OPTIMIZERS, strict=True)):
        trainer = run(
            data.split(0.5),
            (101, 99, 100) * number * 2,
            "leaky_relu",
            output="softmax",
            seed=1 if number else 2**62,
            network={"seed": 2**61, "inputs": list(FEATURES)},
            schedule=schedule,
            learning_rate=1e-7 / 3,
            l1=1e-9,
            l2=2e5 / 3,
            clip_norm=1e11 / 3,
            optimizer=optimizer,
            momentum=1 / 3,
            dropout=1 / 3,
            label_smoothing=1 / 3,
            augmentation=Augmentation(1 / 3, 10 / 3, True),
            patience=1_000_000,
        )
        for library in ("numpy", "pytorch", "keras"):
            path = tmp_path / f"{library}{number}.py"
            path.write_text(to_code(trainer, library), encoding="utf-8")
    wide = run(toy(), (101, 99, 100) * 8, l1=1e-9, l2=2e5 / 3, momentum=1 / 3)
    (tmp_path / "wide.py").write_text(to_code(wide, "sklearn"), encoding="utf-8")
    formatted(tmp_path)
