"""The way back: rewind, fork, and the epochs that are kept."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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
from nbtutor.engine.checkpoints import KeepPoints
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.engine.schedules import CosineDecay
from nbtutor.engine.training import DIVERGED, RUNNING, STOPPED_EARLY
from tests.engine.same import assert_same_points, assert_same_runs

Array = np.ndarray

RICH: dict[str, Any] = {
    "batch_size": 7,
    "momentum": 0.8,
    "dropout": 0.2,
    "l1": 1e-3,
    "l2": 1e-2,
    "schedule": CosineDecay(9),
    "clip_norm": 2.0,
    "label_smoothing": 0.1,
    "augmentation": Augmentation(0.1, 20.0, True),
}


def trainer(keep: int = 100, replicas: int = 1, detail: str = "updates", **config: Any) -> Trainer:
    train, validation = make_dataset("moons", 50, noise=0.2, seed=1).split(0.6)
    return Trainer(
        Network((2, 5, 4, 1), replicas=replicas),
        train,
        validation,
        TrainingConfig(**{"learning_rate": 0.05, **config}),
        seed=4,
        keep=keep,
        detail=detail,
    )


def unscaled() -> Dataset:
    data = make_dataset("circle", 50, noise=0.1)
    return Dataset(1000 * data.X, data.y)


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_kept_epoch_leads_to_the_same_end(optimizer: str, replicas: int) -> None:
    run = trainer(optimizer=optimizer, replicas=replicas, **RICH)
    plain = trainer(optimizer=optimizer, replicas=replicas, **RICH)
    for each in (run, plain):
        each.run(epochs=8)
        each.run(updates=2)
    assert run.kept == tuple(range(9))
    for epoch in (8, 7, 3, 0, 5):
        run.rewind(epoch)
        assert (run.epoch, run.progress, len(run.history)) == (epoch, epoch, epoch + 1)
        assert run.kept == tuple(range(epoch + 1))
        assert run.history.updates["update"].tolist() == list(range(1, run.updates + 1))
        run.run(epochs=8 - epoch)
        run.run(updates=2)
        assert_same_runs(run, plain)


def test_the_weights_go_back_to_those_of_the_epoch() -> None:
    run = trainer(**RICH)
    weights = [run.network.parameters.flat.copy()]
    for _ in range(5):
        run.run(epochs=1)
        weights.append(run.network.parameters.flat.copy())
    for epoch in (4, 2, 0):
        run.rewind(epoch)
        np.testing.assert_array_equal(run.network.parameters.flat, weights[epoch])


@pytest.mark.parametrize("epoch", [None, 0, 2, 4])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_fork_without_a_change_repeats_the_run(optimizer: str, epoch: int | None) -> None:
    run = trainer(optimizer=optimizer, replicas=2, **RICH)
    plain = trainer(optimizer=optimizer, replicas=2, **RICH)
    for each in (run, plain):
        each.run(updates=23)  # 5 an epoch
    other = run.fork(epoch)
    assert_same_runs(run, plain)
    other.run(updates=40 - other.updates)
    assert_same_runs(run, plain)  # the fork's training is nothing to it
    run.run(updates=17)
    assert_same_runs(run, other)


def test_a_fork_with_a_change_is_as_if_that_run_had_been_changed() -> None:
    run, changed = trainer(**RICH), trainer(**RICH)
    run.run(epochs=5)
    changed.run(epochs=3)
    other = run.fork(3, learning_rate=0.3, optimizer="adam", activation="relu")
    changed.change(learning_rate=0.3, optimizer="adam", activation="relu")
    assert_same_runs(other, changed)
    for each in (other, changed):
        each.run(epochs=3)
    assert_same_runs(other, changed)
    assert (run.config.optimizer, run.network.activation) == ("sgd", "tanh")
    assert [event.setting for event in other.history.events] == [
        "learning_rate",
        "optimizer",
        "activation",
    ]
    assert run.history.events == []


def test_a_fork_that_is_refused_leaves_no_trace() -> None:
    run, plain = trainer(**RICH), trainer(**RICH)
    for each in (run, plain):
        each.run(epochs=2)
    with pytest.raises(ParameterError, match=r"^epoch must be one that is kept"):
        run.fork(7)
    with pytest.raises(ParameterError, match=r"^dropout"):
        run.fork(1, dropout=1.0)
    with pytest.raises(TypeError, match="unknown setting 'lr'"):
        run.fork(lr=1.0)
    assert_same_runs(run, plain)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10])
def test_what_is_kept_is_spread_evenly_with_the_start(limit: int) -> None:
    run = trainer(keep=limit, detail="losses", batch_size=30)
    for epoch in range(1, 40):
        run.run(epochs=1)
        stride = run.keep_points.stride
        assert run.kept == tuple(range(0, epoch + 1, stride))
        assert len(run.kept) <= limit
        assert stride & (stride - 1) == 0, "a power of two"
        # No more is thinned than is needed: with half the stride there were too many.
        assert stride == 1 or -(-(epoch + 1) // (stride // 2)) > limit
    for epoch in run.kept[::-1]:
        run.rewind(epoch)
        assert run.epoch == epoch


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    run = trainer(keep=0)
    run.run(epochs=3)
    assert run.kept == ()
    with pytest.raises(ParameterError, match=r"one that is kept \(none: make the trainer with"):
        run.rewind(0)


@pytest.mark.parametrize("epoch", [-1, 1, 3, 6, 100, 2.0, "2", None, True, [2], np.ones((2, 2))])
def test_an_epoch_that_is_not_kept(epoch: Any) -> None:
    run = trainer(keep=3)
    run.run(epochs=5)
    before = run.checkpoint()
    assert run.kept == (0, 2, 4)
    with pytest.raises(ParameterError, match=r"^epoch must be"):
        run.rewind(epoch)
    with pytest.raises(ParameterError, match=r"^epoch must be one that is kept \(0, 2, 4\)"):
        run.rewind(3)
    assert_same_points(run.checkpoint(), before)
    assert run.kept == (0, 2, 4)


def test_keeping_is_by_reference_but_nothing_is_written_into_what_is_kept() -> None:
    run = trainer(optimizer="adam", **RICH)
    run.run(epochs=2)
    point = run.keep_points[1]
    parameters, state = point.parameters.copy(), point.optimizer_state.copy()
    run.run(epochs=2)
    run.rewind(1)
    run.run(epochs=2)
    np.testing.assert_array_equal(point.parameters, parameters)
    np.testing.assert_array_equal(point.optimizer_state, state)


@pytest.mark.parametrize("keep", [0, 5])
@pytest.mark.parametrize("wanted", range(4))
def test_points_of_the_keeper(keep: int, wanted: int) -> None:
    points = KeepPoints(keep)
    assert points.wants(wanted) == (keep > 0)
    points.stride = 2
    assert points.wants(wanted) == (keep > 0 and wanted % 2 == 0)


@pytest.mark.parametrize("before", OPTIMIZERS)
@pytest.mark.parametrize("after", OPTIMIZERS)
def test_another_optimizer_does_not_inherit_what_one_gathered(before: str, after: str) -> None:
    """All memories of one slot look alike; a velocity is no mean square."""
    run = trainer(optimizer=before, momentum=0.9)
    run.run(epochs=6)
    run.change(optimizer=after)
    run.rewind(3)
    fresh = trainer(optimizer=before, momentum=0.9)
    fresh.run(epochs=3)
    fresh.change(optimizer=after)
    if before != after:
        assert not fresh._optimizer.state.any()
        assert fresh._optimizer.time == 0
    assert_same_points(run.checkpoint(), fresh.checkpoint())
    for each in (run, fresh):
        each.run(epochs=2)
    assert_same_points(run.checkpoint(), fresh.checkpoint())
    assert not run.divergences


def test_back_from_a_divergence_and_on_with_a_smaller_rate() -> None:
    run = Trainer(
        Network((2, 6, 6, 1), "leaky_relu"), unscaled(), config=TrainingConfig(0.5, 50), keep=50
    )
    run.run(epochs=50)
    assert run.diverged
    (divergence,) = run.divergences
    last = run.epoch
    assert last == divergence.update - 1 == run.kept[-1]
    run.rewind(last)
    assert (run.divergences, run.history.events, run.diverged) == ([], [], False)
    run.run(epochs=1)
    assert run.divergences == [divergence], "the same course again"
    run.rewind(last - 1)
    run.change(learning_rate=1e-9)
    run.run(epochs=3)
    assert (run.epoch, run.divergences) == (last + 2, [])


def test_replicas_that_had_diverged_stay_so_after_a_rewind() -> None:
    """Else the same settings would not take the same course."""

    def fleet() -> Trainer:
        config = TrainingConfig((1e-4, 0.5, 1e-5), 10, momentum=0.5)
        net = Network((2, 6, 6, 1), "leaky_relu", replicas=3)
        return Trainer(net, unscaled(), config=config, keep=100, detail="updates")

    run, plain = fleet(), fleet()
    for each in (run, plain):
        each.run(epochs=12)
    (divergence,) = run.divergences
    assert divergence.replica == 1
    for epoch in (divergence.epoch, 11, divergence.epoch - 1, 0):
        run.rewind(epoch)
        gone = epoch >= divergence.epoch
        assert run.status.tolist() == [RUNNING, DIVERGED if gone else RUNNING, RUNNING]
        assert run.divergences == [divergence] * gone
        run.run(epochs=12 - epoch)
        assert_same_runs(run, plain)
    run.change(learning_rate=(1e-4, 1e-6, 1e-5))
    run.rewind(11)
    assert (run.status == RUNNING).all(), "other settings: all of them may try"
    run.rewind(11)
    assert (run.status == RUNNING).all()


@pytest.mark.parametrize("back", [1, 5, 9, 14])
def test_patience_goes_on_counting_after_a_rewind(back: int) -> None:
    def early() -> Trainer:
        train, validation = make_dataset("moons", 60, noise=0.4, seed=3).split(0.4)
        rates = (0.3, 0.8, 0.05)
        return Trainer(
            Network((2, 8, 8, 1), replicas=3),
            train,
            validation,
            TrainingConfig(rates, patience=4),
            keep=200,
        )

    run, plain = early(), early()
    for each in (run, plain):
        each.run(epochs=40)
    stopped = [int(run.history.epoch[-1])] if run.finished else []
    ends = sorted({round(event.epoch) for event in run.history.events})
    assert len(ends) >= 2, "they stop at different epochs"
    assert (plain.status == STOPPED_EARLY).any()
    for epoch in {back, ends[0], ends[0] - 1, *stopped}:
        run.rewind(epoch)
        run.run(epochs=40 - epoch)
        assert_same_runs(run, plain)


class Walk(RuleBasedStateMachine):
    """Any way through a run is the straight line through its settings."""

    @initialize(
        optimizer=st.sampled_from(sorted(OPTIMIZERS)),
        keep=st.sampled_from([3, 50]),
        replicas=st.integers(1, 2),
        detail=st.sampled_from(["losses", "epochs", "updates"]),
    )
    def begin(self, optimizer: str, keep: int, replicas: int, detail: str) -> None:
        self.options: dict[str, Any] = {
            "optimizer": optimizer,
            "keep": keep,
            "replicas": replicas,
            "detail": detail,
        }
        self.run_ = trainer(**self.options)
        # What was done, as (updates, settings), apart from all detours.
        self.changes: list[tuple[int, dict[str, Any]]] = []
        self.left_alone: list[tuple[Trainer, Any]] = []

    @rule(count=st.integers(0, 12))
    def some_updates(self, count: int) -> None:
        assert self.run_.run(updates=count) == count

    @rule(count=st.integers(0, 3))
    def some_epochs(self, count: int) -> None:
        self.run_.run(epochs=count)

    @rule(
        change=st.fixed_dictionaries(
            {},
            optional={
                "learning_rate": st.floats(0, 0.3),
                "batch_size": st.integers(1, 40),
                "momentum": st.floats(0, 0.9),
                "dropout": st.floats(0, 0.5),
                "l2": st.floats(0, 0.1),
                "clip_norm": st.sampled_from([None, 0.1, 1.0]),
                "label_smoothing": st.sampled_from([0.0, 0.2]),
                "activation": st.sampled_from(["tanh", "relu"]),
                "shuffle": st.booleans(),
            },
        )
    )
    def change(self, change: dict[str, Any]) -> None:
        self.run_.change(**change)
        self.changes.append((self.run_.updates, change))

    @precondition(lambda self: self.changes == [])
    @rule(choice=st.data())
    def rewind(self, choice: st.DataObject) -> None:
        self.run_.rewind(choice.draw(st.sampled_from(self.run_.kept)))

    @precondition(lambda self: self.changes == [])
    @rule(choice=st.data())
    def fork_from_earlier(self, choice: st.DataObject) -> None:
        self.fork(choice.draw(st.sampled_from(self.run_.kept)))

    @rule()
    def fork_from_here(self) -> None:
        self.fork(None)

    def fork(self, epoch: int | None) -> None:
        self.left_alone.append((self.run_, self.run_.checkpoint()))
        self.run_ = self.run_.fork(epoch)

    @rule()
    def save_and_load(self) -> None:
        with TemporaryDirectory() as folder:
            self.run_ = load_run(save_run(self.run_, Path(folder) / "run"))

    @invariant()
    def it_is_a_straight_line(self) -> None:
        if not hasattr(self, "run_"):
            return
        straight = trainer(**self.options)
        for updates, change in self.changes:
            straight.run(updates=updates - straight.updates)
            straight.change(**change)
        straight.run(updates=self.run_.updates - straight.updates)
        if self.options["keep"] == 3:  # a rewind does not undo a thinning
            straight.keep_points = self.run_.keep_points
        assert_same_runs(self.run_, straight)

    def teardown(self) -> None:
        for run, point in getattr(self, "left_alone", []):
            assert_same_points(run.checkpoint(), point)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)


class LongWalk(Walk):
    pass


TestLongWalk = pytest.mark.soak(LongWalk.TestCase)
TestLongWalk.settings = settings(max_examples=300, stateful_step_count=25, deadline=None)
