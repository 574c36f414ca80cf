"""A run in a file: what comes back is what went in, and what is no run is refused."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import (
    Augmentation,
    Dataset,
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
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import (
    SCHEDULES,
    CosineDecay,
    ExponentialRamp,
    LinearRamp,
    Schedule,
    StepDecay,
    WarmUp,
)
from tests.conftest import FullDisk
from tests.engine.same import assert_same_runs

Array = np.ndarray

RICH: dict[str, Any] = {
    "batch_size": 7,
    "momentum": (0.8, 0.0),
    "dropout": ((0.2, 0.1), (0.0, 0.3)),
    "l1": 1e-3,
    "l2": 1e-2,
    "schedule": WarmUp(2, CosineDecay(9)),
    "clip_norm": 2.0,
    "label_smoothing": 0.1,
    "augmentation": Augmentation(0.1, 20.0, True),
    "shuffle": False,
    "patience": 3,
}


def trainer(detail: str = "losses", keep: int = 0, **config: Any) -> Trainer:
    train, validation = make_dataset("moons", 50, noise=0.3, seed=1).split(0.6)
    net = Network((2, 5, 4, 1), ("tanh", "relu"), replicas=2, seed=8, loss="squared_error")
    settings = TrainingConfig(**{"learning_rate": 0.05, **config})
    return Trainer(net, train, validation, settings, seed=2**63 - 1, keep=keep, detail=detail)


def check_round_trip(run: Trainer, folder: Path, updates: int = 9) -> Trainer:
    """What is loaded is the same, and goes on as the run itself does."""
    again = load_run(save_run(run, folder / "run.npz"))
    assert_same_runs(run, again)
    for data, other in ((run.train, again.train), (run.validation, again.validation)):
        assert (data is None) == (other is None)
        if data is not None and other is not None:
            np.testing.assert_array_equal(data.X, other.X, strict=True)
            np.testing.assert_array_equal(data.y, other.y, strict=True)
            assert (data.generator is None) == (other.generator is None)
            if data.generator is not None and other.generator is not None:
                assert data.generator.settings == other.generator.settings
                assert type(data.generator) is type(other.generator)
    for each in (run, again):
        each.run(updates=updates)
    assert_same_runs(run, again)
    return again


@pytest.mark.parametrize("updates", [0, 1, 5, 12, 63], ids=lambda n: f"after {n}")
@pytest.mark.parametrize("detail", DETAILS)
def test_a_run_goes_on_as_if_it_had_never_stopped(
    detail: str, updates: int, tmp_path: Path
) -> None:
    run = trainer(detail, keep=4, optimizer="adam", **RICH)
    run.run(updates=updates)
    run.change(learning_rate=0.1)
    run.run(updates=2)
    check_round_trip(run, tmp_path)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str, tmp_path: Path) -> None:
    run = trainer(optimizer=optimizer, l2=0.01, momentum=0.9, keep=50)
    run.run(updates=8)
    run.change(optimizer="sgd" if optimizer != "sgd" else "adam")
    run.run(epochs=1)
    again = check_round_trip(run, tmp_path)
    for each in (run, again):
        each.rewind(1)
        each.run(epochs=2)
    assert_same_runs(run, again)


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_with_what_is_known_of_it(name: str, tmp_path: Path) -> None:
    data = make_dataset(name, 40, noise=0.1, seed=3)
    outputs = {"sigmoid": 1, "softmax": max(data.classes, 2), "linear": 1}
    output = "linear" if data.task == "regression" else "softmax"
    run = Trainer(Network((2, 4, outputs[output]), output=output), *data.split(0.5))
    run.run(updates=3)
    again = check_round_trip(run, tmp_path)
    points = data.X[:5]
    ask = (lambda d: d.mean(points)) if output == "linear" else (lambda d: d.posterior(points))
    np.testing.assert_array_equal(ask(again.train), ask(run.train))


def test_data_of_ones_own_and_soft_labels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, soft = rng.normal(size=(20, 3)), rng.dirichlet((1, 1, 1), 20)
    run = Trainer(Network((3, 4, 3), output="softmax"), Dataset(X, soft), Dataset(X[:5], soft[:5]))
    assert check_round_trip(run, tmp_path).train.generator is None
    fleet = Dataset(rng.normal(size=(2, 9, 2)), rng.normal(size=(2, 9)))
    run = Trainer(Network((2, 4, 1), output="linear", replicas=2, dtype="float64"), fleet)
    check_round_trip(run, tmp_path)


def test_inputs_initialization_and_dtype(tmp_path: Path) -> None:
    net = Network(
        (3, 4, 2),
        output="softmax",
        dtype="float64",
        initialization="he_normal",
        inputs=("x", "xy", "noise"),
    )
    again = check_round_trip(Trainer(net, make_dataset("xor", 30)), tmp_path)
    assert again.network.settings == net.settings
    assert again.network.parameters.flat.dtype == np.float64


def test_a_run_that_has_diverged(tmp_path: Path) -> None:
    data = make_dataset("circle", 50, noise=0.1)
    net = Network((2, 6, 6, 1), "leaky_relu", replicas=2)
    config = TrainingConfig((1e-5, 0.5), 10, momentum=0.5)
    run = Trainer(net, Dataset(1000 * data.X, data.y), config=config, detail="updates", keep=9)
    run.run(epochs=9)
    (found,) = run.divergences
    again = check_round_trip(run, tmp_path)
    assert again.divergences == [found]
    assert not again.finished
    for each in (run, again):
        each.change(learning_rate=0.5)
        each.run(epochs=9)
    assert_same_runs(run, again)


def test_a_run_that_has_stopped_early(tmp_path: Path) -> None:
    run = trainer(patience=2, learning_rate=(1.0, 0.5), momentum=0.9, batch_size=3, keep=90)
    run.run(epochs=90)
    assert run.finished
    again = check_round_trip(run, tmp_path)
    assert again.finished
    for each in (run, again):
        each.rewind(each.kept[-2])
        each.run(epochs=90)
    assert_same_runs(run, again)
    run = trainer(patience=40, learning_rate=0.05)
    run.run(epochs=5)
    assert check_round_trip(run, tmp_path).best is not None


def test_a_long_history_is_thinned_at_the_same_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtutor.engine.tables.MAX_ROWS", 300)
    run = trainer("updates", batch_size=30)
    run.run(epochs=290)
    check_round_trip(run, tmp_path, updates=700)
    assert run.history.thinned > 0


def test_settings_given_as_numpys_numbers(tmp_path: Path) -> None:
    run = trainer(
        batch_size=np.int64(5),
        patience=np.uint8(9),
        learning_rate=np.array([0.1, 0.2], np.float32),
        label_smoothing=np.float32(0.1),
        dropout=np.array([[0.1, 0.2]]),
    )
    check_round_trip(run, tmp_path)


# The file itself.


@pytest.mark.parametrize(
    ("given_", "written"), [("run", "run.npz"), ("run.npz", "run.npz"), ("a.b", "a.b.npz")]
)
def test_the_name_of_the_file(given_: str, written: str, tmp_path: Path) -> None:
    for path in (tmp_path / given_, str(tmp_path / given_)):
        assert save_run(trainer(), path) == tmp_path / written
    assert [file.name for file in tmp_path.iterdir()] == [written]


@pytest.mark.parametrize("given_", ["run", "run.npz", "a.b"])
def test_it_is_found_by_the_name_that_it_was_saved_with(given_: str, tmp_path: Path) -> None:
    run = trainer()
    run.run(epochs=2)
    save_run(run, tmp_path / given_)
    for path in (tmp_path / given_, str(tmp_path / given_)):
        assert load_run(path).epoch == 2


def test_a_name_without_an_ending_comes_first(tmp_path: Path) -> None:
    run = trainer()
    for name in ("own", "own.npz"):
        save_run(run, tmp_path / "other").rename(tmp_path / name)
        run.run(epochs=1)
    assert (load_run(tmp_path / "own").epoch, load_run(tmp_path / "own.npz").epoch) == (0, 1)


def test_others_may_read_it_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    path = save_run(trainer(), tmp_path / "run")
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_it_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    run = trainer()
    save_run(run, tmp_path / "run")
    run.run(epochs=2)
    save_run(run, tmp_path / "run")
    assert load_run(tmp_path / "run.npz").epoch == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_a_full_disk_costs_nothing(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer()
    before = save_run(run, tmp_path / "run").read_bytes()

    def half(file: io.BufferedWriter, **arrays: Array) -> None:
        file.write(b"PK half of it")
        raise error

    monkeypatch.setattr(np, "savez_compressed", half)
    run.run(epochs=1)
    with pytest.raises(type(error)):
        save_run(run, tmp_path / "run")
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]
    assert (tmp_path / "run.npz").read_bytes() == before


def test_a_disk_that_takes_no_more(tmp_path: Path, full_disk: FullDisk) -> None:
    run = trainer()
    before = save_run(run, tmp_path / "run").read_bytes()
    run.run(epochs=2)
    with full_disk(2_000), pytest.raises(OSError, match=r"the run was not saved .*run\.npz"):
        save_run(run, tmp_path / "run")
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]
    assert (tmp_path / "run.npz").read_bytes() == before
    # The run is not harmed: with room again, it is saved as it is.
    found = load_run(save_run(run, tmp_path / "run"))
    assert found.updates == run.updates
    assert np.array_equal(found.network.parameters.flat, run.network.parameters.flat)


def test_what_a_link_leads_to_is_not_written(tmp_path: Path) -> None:
    folder, outside = tmp_path / "mine", tmp_path / "outside.npz"
    folder.mkdir()
    outside.write_text("of somebody else")
    (folder / "run.npz").symlink_to(outside)
    save_run(trainer(), folder / "run")
    assert outside.read_text() == "of somebody else"
    assert not (folder / "run.npz").is_symlink()


def test_a_name_that_cannot_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "run.npz").mkdir()
    with pytest.raises(OSError, match=r"run\.npz"):
        save_run(trainer(), tmp_path / "run")
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save_run(trainer(), tmp_path / "nowhere" / "run")
    with pytest.raises(FileNotFoundError):
        load_run(tmp_path / "run.npz")
    with pytest.raises(FileNotFoundError, match=r"run\.npz"):
        load_run(tmp_path / "run")
    with pytest.raises(OSError, match="directory"):
        load_run(tmp_path)


NO_PATHS: list[Any] = [None, 5, b"run", [], {}, 1.5, "", ".", "a\0b", ..., True]


@pytest.mark.parametrize("path", NO_PATHS, ids=repr)
def test_what_is_no_path(path: Any) -> None:
    with pytest.raises(ParameterError, match=r"^path must be a"):
        save_run(trainer(), path)
    with pytest.raises(ParameterError, match=r"^path must be a"):
        load_run(path)


@pytest.mark.parametrize("run", [None, 1, Network((2, 1)), "run"], ids=repr)
def test_what_is_no_trainer(run: Any, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"^trainer must be"):
        save_run(run, tmp_path / "run")


# What is no run.


def refused(path: Path, hint: str | None = None) -> None:
    with pytest.raises(ParameterError, match=hint) as caught:
        load_run(path)
    assert caught.value.name == "path"
    assert str(path) in str(caught.value) or len(str(path)) > 70
    assert len(str(caught.value)) < 1000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    run = trainer("updates", keep=2, patience=9)
    run.run(epochs=3)
    run.change(learning_rate=0.3)
    run.run(updates=1)
    return save_run(run, tmp_path_factory.mktemp("whole") / "run").read_bytes()


def test_a_file_that_is_cut_off(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    for length in [*range(0, len(whole), max(len(whole) // 60, 1)), len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path)


@settings(max_examples=150)
@given(place=st.floats(0, 1, exclude_max=True), damage=st.binary(min_size=1, max_size=40))
def test_a_file_that_is_damaged(
    place: float, damage: bytes, whole: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Either it is found out, or what was hit does not matter: then the run is the run."""
    start = int(place * len(whole))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes((whole[:start] + damage + whole[start + len(damage) :])[: len(whole)])
    try:
        run = load_run(path)
    except ParameterError as error:
        assert error.name == "path"
    else:
        path.write_bytes(whole)
        assert_same_runs(run, load_run(path))


@settings(max_examples=60)
@given(content=st.binary(max_size=300))
def test_any_bytes(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.npz"
    for start in (b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00"):
        path.write_bytes(start + content)
        refused(path)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_nothing_in_a_file_is_executed(whole: bytes, tmp_path: Path) -> None:
    path, sprung = tmp_path / "run.npz", tmp_path / "sprung"
    trap = np.array([Trap(sprung)], dtype=object)
    pickle.loads(pickle.dumps(trap))
    sprung.rmdir()  # so it would work
    path.write_bytes(pickle.dumps(trap))
    refused(path, "holds no run")
    np.save(path, trap, allow_pickle=True)
    Path(f"{path}.npy").unlink(missing_ok=True)
    refused(path)
    for name in parts(whole):
        np.savez(path, **{**parts(whole), name: trap})  # type: ignore[arg-type]
        refused(path)
    np.savez(path, **parts(whole), other=trap)  # type: ignore[arg-type]
    refused(path)
    assert not sprung.exists()


def parts(whole: bytes) -> dict[str, Array]:
    with np.load(io.BytesIO(whole)) as file:
        return {name: file[name] for name in file.files}


def test_other_files_of_numpys(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    refused(path, "holds no run")
    np.savez(path, np.ones(3))
    refused(path, "holds no run")
    np.savez(path, header=np.ones(3))
    refused(path, "holds no run")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "3",
        '"nbtutor run"',
        "{}",
        '{"format": "another"}',
        '{"format": "nbtutor run"}',
        '{"format": "nbtutor run", "version": null}',
        '{"format": "nbtutor run", "version": "one"}',
        '{"format": "nbtutor run", "version": Infinity}',
        '{"format": "nbtutor run", "version": 1}',
        '{"format": "nbtutor run", "version": ' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
    ids=lambda text: text[:45],
)
def test_headers_of_no_use(text: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", header=np.array(text))
    refused(tmp_path / "run.npz")


def test_a_newer_version(whole: bytes, tmp_path: Path) -> None:
    write(tmp_path / "run.npz", whole, {"version": 2})
    refused(tmp_path / "run.npz", "has version 2, this nbtutor reads up to 1: update nbtutor")


def header(whole: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(str(parts(whole)["header"]))
    return found


def write(
    path: Path, whole: bytes, changes: dict[str, Any], arrays: dict[str, Array] | None = None
) -> None:
    text = json.dumps({**header(whole), **changes})
    np.savez(path, **{**parts(whole), **(arrays or {}), "header": np.array(text)})  # type: ignore[arg-type]


def test_an_array_that_says_it_is_enormous(tmp_path: Path) -> None:
    """A header may claim any shape; nothing of the kind may be taken for granted."""
    path = tmp_path / "run.npz"
    for shape in ("(1000000000000,)", "(1000000, 1000000, 1000000)", "(-1,)", "(1, 2", "(2.5,)"):
        claim = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
        claim = claim.ljust(117) + b"\n"
        magic = b"\x93NUMPY\x01\x00" + len(claim).to_bytes(2, "little")
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("header.npy", magic + claim + b"\0" * 64)
        refused(path, "holds no run")


@pytest.mark.parametrize("method", [1, 6, 9, 98, 0xFFFF])
def test_a_way_to_compress_that_is_unknown(method: int, whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    data = whole.replace(b"PK\x01\x02" + whole[whole.index(b"PK\x01\x02") + 4 :][:6], b"", 0)
    place = data.index(b"PK\x01\x02") + 10
    path.write_bytes(data[:place] + method.to_bytes(2, "little") + data[place + 2 :])
    refused(path)
    place = data.index(b"PK\x01\x02") + 8  # a flag that says: encrypted
    path.write_bytes(data[:place] + b"\x01\x00" + data[place + 2 :])
    refused(path)


HOSTILE: list[Any] = [None, -1, 0, 2.5, 10**30, "x", [], {}, float("inf")]


@pytest.mark.slow
def test_any_part_of_the_header_may_be_wrong(whole: bytes, tmp_path: Path) -> None:
    """It is refused; or it makes a run that can be trained, for it may mean something else."""
    path = tmp_path / "run.npz"
    found = 0
    for name, value in header(whole).items():
        for bad in HOSTILE:
            write(path, whole, {name: bad})
            found += survives(path)
        if isinstance(value, dict):
            for key in value:
                write(path, whole, {name: {k: v for k, v in value.items() if k != key}})
                found += survives(path)
                for bad in HOSTILE:
                    write(path, whole, {name: {**value, key: bad}})
                    found += survives(path)
        if isinstance(value, list):
            write(path, whole, {name: value[:-1]})
            found += survives(path)
    assert found > 30, "not all of it matters"


def survives(path: Path) -> bool:
    try:
        run = load_run(path)
    except ParameterError as error:
        assert error.name == "path"
        return False
    run.run(epochs=1, updates=3)
    run.fork().run(updates=1)
    if run.kept:
        run.rewind(run.kept[-1])
        run.run(updates=1)
    return True


def test_arrays_that_are_missing_or_do_not_fit(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    arrays = parts(whole)
    assert len(arrays) > 30
    for name, array in arrays.items():
        if name == "header":
            continue
        rest = {key: value for key, value in arrays.items() if key != name}
        np.savez(path, **rest)  # type: ignore[arg-type]
        refused(path)
        one_more = np.concatenate([array, array[:1]]) if array.size else np.ones((1, *array.shape))
        for other in (array[..., None], array[:0], one_more, np.array("x"), array.astype("U3")):
            if other.shape == array.shape and other.dtype == array.dtype:
                continue  # nothing can be cut off from what is empty
            write(path, whole, {}, {name: other})
            if not name.endswith("/y"):
                refused(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers(bad: float, whole: bytes, tmp_path: Path) -> None:
    weights = parts(whole)["now/parameters"].copy()
    weights[0, 3] = bad
    write(tmp_path / "run.npz", whole, {}, {"now/parameters": weights})
    refused(tmp_path / "run.npz", "damaged")


@pytest.mark.parametrize("status", [3, -1, 100])
def test_a_status_that_is_none(status: int, whole: bytes, tmp_path: Path) -> None:
    write(tmp_path / "run.npz", whole, {}, {"now/status": np.array([0, status])})
    refused(tmp_path / "run.npz", "damaged")


# Settings as JSON.

SHARES = st.floats(0, 1, exclude_max=True)
LENGTHS = st.floats(1e-6, 1e9)
PLAIN = st.builds(CosineDecay, LENGTHS, SHARES) | st.builds(StepDecay, LENGTHS, SHARES)
SCHEDULE: st.SearchStrategy[Schedule] = (
    PLAIN
    | st.builds(WarmUp, LENGTHS, PLAIN, SHARES)
    | st.builds(LinearRamp, SHARES, LENGTHS)
    | st.builds(ExponentialRamp, st.floats(1e-300, 1), LENGTHS)
)


def each(values: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=4).map(tuple)


@given(
    config=st.builds(
        TrainingConfig,
        learning_rate=each(st.floats(0, 1e6)),
        batch_size=st.integers(1, 10_000_000),
        momentum=each(SHARES),
        dropout=each(SHARES) | st.just(((0.1, 0.2), (0.0, 0.3))),
        l1=each(st.floats(0, 1e6)),
        l2=each(st.floats(0, 1e6)),
        optimizer=st.sampled_from(sorted(OPTIMIZERS)),
        schedule=st.none() | SCHEDULE,
        clip_norm=st.none() | st.floats(0, 1e12, exclude_min=True),
        label_smoothing=SHARES,
        augmentation=st.none()
        | st.builds(Augmentation, st.floats(0, 1e6), st.floats(0, 180), st.booleans()),
        shuffle=st.booleans(),
        patience=st.integers(0, 10**9),
    )
)
def test_settings_as_json_and_back(config: TrainingConfig) -> None:
    text = json.dumps(config.to_dict(), allow_nan=False)
    again = TrainingConfig.from_dict(json.loads(text))
    assert again == config
    assert again.to_dict() == config.to_dict()


def test_every_schedule_is_stored(tmp_path: Path) -> None:
    for name, kind in SCHEDULES.items():
        needed = {"step": (1.5,), "exponential": (0.9,), "linear_ramp": (0.1, 3)}
        needed |= {"exponential_ramp": (0.1, 3), "constant": (), "warm_up": (2,)}
        run = trainer(schedule=kind(*needed.get(name, (3,))))
        run.run(updates=3)
        check_round_trip(run, tmp_path)


@pytest.mark.parametrize("number", [np.float32(0.5), np.int64(1)], ids=repr)
def test_settings_of_a_schedule_given_as_numpys_numbers(number: Any) -> None:
    config = TrainingConfig(
        schedule=WarmUp(number, CosineDecay(number, number), number),
        augmentation=Augmentation(number, number),
        clip_norm=number,
    )
    again = TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config


def test_a_setting_that_is_unknown() -> None:
    with pytest.raises(TypeError, match="lr"):
        TrainingConfig.from_dict({"lr": 0.1})
    with pytest.raises(ParameterError, match="optimizer"):
        TrainingConfig.from_dict({"optimizer": "adan"})
    assert TrainingConfig.from_dict({}) == TrainingConfig()
