"""Any allowed configuration trains, or says that it diverged."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtutor.engine import (
    Augmentation,
    Dataset,
    Network,
    Trainer,
    TrainingConfig,
    load_run,
    make_dataset,
    save_run,
)
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import DATASETS, SURFACES
from nbtutor.engine.features import FEATURES
from nbtutor.engine.history import DETAILS
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.losses import LOSSES
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import SCHEDULES, Schedule, WarmUp
from nbtutor.engine.training import DIVERGED, STOPPED_EARLY

BELOW_ONE = st.floats(0, 1, exclude_max=True)
SEEDS = st.integers(0, 2**63 - 1)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    length, share = draw(st.floats(1e-6, 5)), draw(st.floats(1e-6, 1))
    needed = {"constant": (), "exponential": (share,), "linear_ramp": (share, length)}
    needed |= {"exponential_ramp": (share, length)}
    name = draw(st.sampled_from(sorted(SCHEDULES)))
    schedule = SCHEDULES[name](*needed.get(name, (length,)))
    if draw(st.booleans()) and name != WarmUp.name:
        return WarmUp(length, schedule)
    return schedule


@st.composite
def data_and_units(draw: st.DrawFn) -> tuple[Dataset, str, int]:
    """Points, and the output and units of a network for them."""
    name = draw(st.sampled_from(DATASETS))
    data = make_dataset(name, draw(st.integers(2, 60)), draw(st.floats(0, 0.5)), draw(SEEDS))
    if name in SURFACES:
        return data, "linear", 1
    output = draw(st.sampled_from(["sigmoid", "softmax", "linear"]))
    if data.classes > 2 and output == "sigmoid":
        output = "softmax"
    if output == "linear":  # class numbers are values too
        return data, output, 1
    units = 1 if output == "sigmoid" else draw(st.integers(data.classes, 4))
    if draw(st.booleans()):
        rng = np.random.default_rng(draw(SEEDS))
        data = Dataset(data.X, rng.dirichlet(np.ones(max(units, 2)), len(data)))
    return data, output, units


@st.composite
def runs(draw: st.DrawFn, largest: int) -> Trainer:
    hidden = draw(st.lists(st.integers(1, largest), max_size=4))
    replicas = draw(st.integers(1, 4))
    data, output, units = draw(data_and_units())
    activation: Any = draw(st.sampled_from(sorted(ACTIVATIONS)))
    if draw(st.booleans()):
        activation = [draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in hidden]
    inputs: Any = draw(
        st.none() | st.lists(st.sampled_from(sorted(FEATURES)), min_size=1, unique=True)
    )
    net = Network(
        (len(inputs) if inputs else 2, *hidden, units),
        activation,
        output,
        replicas,
        draw(SEEDS),
        draw(st.sampled_from(["float32", "float64"])),
        loss=draw(st.sampled_from(list(LOSSES[output]))),
        initialization=draw(st.sampled_from(sorted(INITIALIZATIONS))),
        inputs=inputs,
    )
    if draw(st.booleans()):  # someone who forgot to scale
        data = Dataset(data.X * draw(st.sampled_from([1e-4, 100.0, 1e6])), data.y)
    if draw(st.booleans()):  # points for each replica
        data = Dataset(np.stack([data.X] * replicas), np.stack([data.y] * replicas))
    train, validation = data.split(draw(st.floats(0.2, 0.8)))
    measured = draw(st.sampled_from([None, validation]))

    def setting(values: st.SearchStrategy[float]) -> Any:
        each = st.lists(values, min_size=replicas, max_size=replicas).map(tuple)
        return draw(st.just(0.0) | values | each)

    dropout = setting(BELOW_ONE)
    if draw(st.booleans()) and hidden:
        row = st.lists(BELOW_ONE, min_size=len(hidden), max_size=len(hidden))
        rows = draw(st.sampled_from([1, replicas]))
        dropout = draw(st.lists(row, min_size=rows, max_size=rows))
    config = TrainingConfig(
        setting(st.floats(0, 1) | st.floats(0, 1e6)),
        draw(st.integers(1, 70)),
        setting(BELOW_ONE),
        dropout,
        setting(st.floats(0, 0.1) | st.floats(0, 1e6)),
        setting(st.floats(0, 0.1) | st.floats(0, 1e6)),
        draw(st.sampled_from(sorted(OPTIMIZERS))),
        draw(st.none() | schedules()),
        draw(st.none() | st.floats(1e-6, 100)),
        0.0 if output == "linear" else draw(st.just(0.0) | BELOW_ONE),
        draw(
            st.none() | st.builds(Augmentation, st.floats(0, 10), st.floats(0, 180), st.booleans())
        ),
        draw(st.booleans()),
        draw(st.integers(0, 3)) if measured is not None else 0,
    )
    keep, detail = draw(st.integers(0, 3)), draw(st.sampled_from(DETAILS))
    return Trainer(net, train, measured, config, draw(SEEDS), keep=keep, detail=detail)


def check(run: Trainer, slices: int, epochs: int) -> None:
    start = run.network.parameters.flat.copy()
    with np.errstate(all="ignore"):
        well = np.isfinite(run.history.train_loss[0])  # some start beyond the numbers
    while run.epoch < epochs and not run.finished:
        run.run(epochs=epochs - run.epoch, updates=slices)
    gone = [divergence.replica for divergence in run.divergences]
    early = np.flatnonzero(run.status == STOPPED_EARLY)
    assert sorted(gone) == np.flatnonzero(run.status == DIVERGED).tolist()
    assert run.diverged == (len(gone) == run.network.replicas)
    assert run.finished == (len(gone) + len(early) == run.network.replicas)
    assert np.isfinite(run.network.parameters.flat).all()
    history = run.history
    assert np.isfinite(history.train_loss[:, well]).all()
    assert set(np.flatnonzero(~well)) <= set(gone) or run.updates == 0
    if run.network.output == "linear":
        assert np.isnan(history.train_accuracy).all()
    else:
        assert ((history.train_accuracy >= 0) & (history.train_accuracy <= 1)).all()
    assert len(history) == run.epoch + 1
    assert len(history.events) == len(gone) + len(early)
    assert (history.learning_rate >= 0).all()
    assert (history.train_objective[:, well] >= history.train_loss[:, well] - 1e-6).all()
    for divergence in run.divergences:
        assert divergence.update <= run.updates + 1
    if history.detail == "updates":
        assert history.updates["update"].tolist() == list(range(1, run.updates + 1))
    if history.detail != "losses":
        assert (history.dead_units >= 0).all()
        others = np.setdiff1d(range(run.network.replicas), gone)
        assert (history.gradient_norm[1:, others] >= 0).all()
    if run.keep_points.limit:
        assert run.kept[0] == 0
        run.rewind(0)
        np.testing.assert_array_equal(run.network.parameters.flat, start)
        return
    # Without a rate nothing moves, whatever the other settings.
    rates = np.broadcast_to(np.asarray(run.config.learning_rate), run.network.replicas)
    for replica in np.flatnonzero(rates == 0):
        np.testing.assert_array_equal(run.network.parameters.flat[replica], start[replica])


@pytest.mark.slow
@settings(max_examples=300)
@given(run=runs(largest=6), slices=st.integers(1, 50))
def test_two_epochs(run: Trainer, slices: int) -> None:
    check(run, slices, epochs=2)


@pytest.mark.soak
@settings(max_examples=2500)
@given(run=runs(largest=20), slices=st.integers(1, 200))
def test_four_epochs_of_very_many(run: Trainer, slices: int) -> None:
    check(run, slices, epochs=4)


def test_runs_leave_no_memory_behind(tmp_path: Any) -> None:
    """One run after another, with all that a run can do: the memory in use does not grow."""

    def one() -> None:
        train, validation = make_dataset("moons", 60, noise=0.2).split(0.5)
        config = TrainingConfig(0.1, 7, dropout=0.2, optimizer="adam", patience=50)
        net = Network((2, 8, 8, 1), replicas=2)
        run = Trainer(net, train, validation, config, keep=4, detail="updates")
        run.run(epochs=6)
        run.change(batch_size=5, optimizer="sgd")
        run.rewind(run.kept[-1])
        run.fork(activation="relu").run(epochs=2)
        load_run(save_run(run, tmp_path / "run")).run(epochs=2)

    def in_use() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    for _ in range(3):
        one()
    tracemalloc.start()
    try:
        one()
        first = in_use()
        for _ in range(5):
            one()
        growth = in_use() - first
    finally:
        tracemalloc.stop()
    assert growth < 20_000, "a run of these takes some hundred thousand bytes"


def test_a_long_run_needs_no_more_memory_than_its_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtutor.engine.tables.MAX_ROWS", 150)
    run = Trainer(
        Network((2, 8, 1)),
        make_dataset("moons", 40),
        config=TrainingConfig(0.1, 10),
        keep=5,
        detail="updates",
    )
    run.run(epochs=200)  # both tables are full by then
    gc.collect()
    tracemalloc.start()
    try:
        run.run(epochs=20)
        gc.collect()
        first = tracemalloc.get_traced_memory()[0]
        run.run(epochs=200)
        gc.collect()
        growth = tracemalloc.get_traced_memory()[0] - first
    finally:
        tracemalloc.stop()
    assert growth < 20_000
