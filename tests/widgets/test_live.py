"""The live loop, driven by a fake clock: nothing here waits, and nothing knows of Jupyter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbtutor.engine import History, Network, ParameterError, Trainer, make_dataset
from nbtutor.widgets.live import (
    BUDGET,
    LONGEST_BUDGET,
    MAX_CURVE_ROWS,
    MAX_MARKS,
    LiveRun,
    Picture,
    curve_rows,
)
from nbtutor.widgets.settings import RunSettings

MakeLive = Callable[..., LiveRun]


def tick(live: LiveRun, window: int = 1) -> Picture:
    picture = live.tick(live.seq, window)
    assert picture is not None
    return picture


def play(live: LiveRun, pictures: int) -> list[Picture]:
    live.play(True)
    return [tick(live) for _ in range(pictures)]


def test_live_needs_no_jupyter() -> None:
    code = (
        "import sys, types\n"
        "import nbtutor\n"
        "pkg = types.ModuleType('nbtutor.widgets')\n"
        "pkg.__path__ = [nbtutor.__path__[0] + '/widgets']\n"
        "sys.modules['nbtutor.widgets'] = pkg\n"
        "import nbtutor.widgets.live, nbtutor.widgets.protocol\n"
        "unwanted = {'ipywidgets', 'traitlets', 'anywidget', 'IPython', 'matplotlib'}\n"
        "print(sorted(unwanted & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_the_live_run_equals_plain_training(make_live: MakeLive) -> None:
    live = make_live(dataset="moons", noise=0.2, hidden=(5, 3), dropout=0.2, seed=3)
    play(live, 7)

    settings = live.settings
    train, validation = make_dataset("moons", 60, 0.2, 3).split(0.5)
    trainer = Trainer(
        Network((2, 5, 3, 1), "tanh", seed=3), train, validation, settings.training, seed=3
    )
    trainer.run(epochs=7)
    np.testing.assert_array_equal(live.run.trainer.history.train_loss, trainer.history.train_loss)
    np.testing.assert_array_equal(live.run.network.parameters.flat, trainer.network.parameters.flat)


@pytest.mark.parametrize(("speed", "updates"), [("slow", 1), ("normal", 3)])
def test_speed_says_how_much_a_picture_trains(
    make_live: MakeLive, speed: str, updates: int
) -> None:
    live = make_live()  # 30 training points in batches of 10: 3 updates an epoch
    live.speed = speed
    play(live, 4)
    assert live.run.trainer.updates == 4 * updates


def test_fast_trains_until_the_budget_is_spent(make_live: MakeLive, clock: Any) -> None:
    live = make_live()
    live.speed = "fast"
    live.play(True)
    clock.step = BUDGET / 9.5
    tick(live)
    # The clock is read once to set the deadline, and after each update.
    assert live.run.trainer.updates == 10


def test_a_slow_machine_still_gets_its_picture(make_live: MakeLive, clock: Any) -> None:
    live = make_live(batch_size=1)
    live.play(True)
    clock.step = 10 * BUDGET
    tick(live)
    assert live.run.trainer.updates == 1  # of 30 in the epoch; the rest follows
    clock.step = 0
    tick(live)
    assert live.run.trainer.epoch == 1


@pytest.mark.parametrize(
    ("drawing", "budget"),
    [(0.001, BUDGET), (0.03, 0.03), (0.5, LONGEST_BUDGET)],
    ids=["fast", "slow", "very slow"],
)
def test_the_budget_follows_what_a_picture_takes(
    make_live: MakeLive, clock: Any, drawing: float, budget: float
) -> None:
    live = make_live()
    paint = live.run.paint

    def paint_slowly() -> Any:
        clock.now += drawing
        return paint()

    live.run.paint = paint_slowly  # type: ignore[assignment]
    live.speed = "fast"
    live.play(True)
    assert live.budget == BUDGET
    for _ in range(30):
        clock.step = BUDGET / 4  # while it trains; the deadline ends that
        tick(live)
    assert live.budget == pytest.approx(budget, rel=0.5)
    before = live.run.trainer.updates
    tick(live)
    assert live.run.trainer.updates - before == pytest.approx(live.budget / clock.step, abs=2)


def test_nothing_trains_unless_it_plays(make_live: MakeLive) -> None:
    live = make_live()
    assert live.tick(live.seq) is None
    live.play(True)
    tick(live)
    live.play(False)
    assert live.tick(live.seq) is None
    assert live.run.trainer.epoch == 1


def test_two_views_share_one_clock(make_live: MakeLive) -> None:
    live = make_live()
    live.play(True)
    seen = live.seq
    assert live.tick(seen) is not None
    assert live.tick(seen) is None, "the second view's answer is on its way already"
    assert live.run.trainer.epoch == 1


@given(window=st.integers(1, 4), lag=st.integers(0, 6))
def test_no_more_pictures_on_their_way_than_the_window(window: int, lag: int) -> None:
    live = LiveRun(RunSettings(points=20))
    live.play(True)
    for _ in range(lag):
        tick(live, window)
    assert (live.tick(live.seq - lag, window) is not None) == (lag < window)


def test_a_window_is_never_larger_than_the_limit(make_live: MakeLive) -> None:
    live = make_live()
    live.play(True)
    start = live.seq
    answers = [live.tick(start, 1000) for _ in range(10)]
    assert sum(answer is not None for answer in answers) == 4


def test_the_first_picture_is_full_and_later_ones_hold_what_is_new(make_live: MakeLive) -> None:
    live = make_live()
    first = live.picture()
    assert first.structure is not None
    assert len(first.curve) == 1
    pictures = play(live, 5)
    assert all(picture.structure is None for picture in pictures)
    rows = np.concatenate([first.curve, *(picture.curve for picture in pictures)])
    np.testing.assert_array_equal(rows, live.run.trainer.history.rows())
    assert [picture.seq for picture in pictures] == [2, 3, 4, 5, 6]


def test_events_are_sent_once(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 2)
    live.change(learning_rate=0.5)
    assert [event.label for event in tick(live).events] == ["learning rate 0.03 → 0.5"]
    assert tick(live).events == []
    assert len(live.picture(full=True).events) == 1


def test_the_newest_marks_are_sent_and_the_run_keeps_them_all(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 2)
    for change in range(MAX_MARKS + 30):
        live.change(learning_rate=0.01 * (1 + change % 2))
        play(live, 1)
    kept = live.run.trainer.history.events
    assert len(kept) == MAX_MARKS + 30
    for picture in (live.picture(full=True), live.snapshot()):
        assert picture.events == kept[30:]


def test_a_slider_dragged_in_a_pause_leaves_one_mark(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 2)
    live.play(False)
    for rate in (0.1, 0.3, 1.0):
        live.change(learning_rate=rate)
    assert [e.label for e in live.run.trainer.history.events] == ["learning rate 0.03 → 1"]
    live.change(learning_rate=0.03)
    assert live.run.trainer.history.events == []


@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.1},
        {"batch_size": 3},
        {"dropout": 0.3},
        {"l1": 0.01},
        {"l2": 0.01},
        {"activation": "relu"},
    ],
)
def test_live_settings_go_on(make_live: MakeLive, change: dict[str, object]) -> None:
    live = make_live()
    play(live, 3)
    assert live.change(**change) is False
    assert live.playing
    assert live.run.trainer.epoch == 3
    assert len(live.run.trainer.history.events) == 1
    tick(live)
    assert live.run.trainer.epoch == 4


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"dataset": "xor"}, "data set"),
        ({"noise": 0.2}, "noise"),
        ({"train_share": 0.7}, "training share"),
        ({"hidden": (3,)}, "layers"),
        ({"seed": 5}, "seed"),
        ({"points": 80}, "number of points"),
    ],
)
def test_other_settings_start_again_and_say_so(
    make_live: MakeLive, change: dict[str, object], word: str
) -> None:
    live = make_live()
    play(live, 3)
    earlier = live.run
    assert live.change(**change) is True
    assert live.run.trainer.epoch == 0
    assert not live.playing
    assert live.message == f"New {word}, so the run starts again. Press Play."
    live.undo()
    assert live.run is earlier
    assert live.message == "The earlier run is back, at epoch 3."


def test_an_unchanged_value_changes_nothing(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 2)
    assert live.change(dataset="circle", learning_rate=0.03) is False
    assert live.run.trainer.history.events == []


def test_a_dragged_noise_slider_does_not_lose_the_long_run(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 5)
    for noise in (0.05, 0.1, 0.15, 0.2):
        live.change(noise=noise)
    live.undo()
    assert live.run.trainer.epoch == 5
    assert live.settings.noise == 0


def test_a_refused_value_leaves_everything(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 2)
    with pytest.raises(ParameterError, match="learning_rate"):
        live.change(learning_rate=-1)
    assert live.settings.learning_rate == 0.03
    assert live.playing
    assert live.run.trainer.epoch == 2


def test_reset_repeats_the_same_run(make_live: MakeLive) -> None:
    live = make_live()
    play(live, 4)
    losses = live.run.trainer.history.train_loss
    live.reset()
    assert live.state == "idle"
    play(live, 4)
    np.testing.assert_array_equal(live.run.trainer.history.train_loss, losses)


def test_states(make_live: MakeLive) -> None:
    live = make_live()
    states: list[str] = [live.state]
    play(live, 1)
    states.append(live.state)
    live.play(False)
    states.append(live.state)
    assert states == ["idle", "playing", "paused"]


def test_divergence_stops_explains_and_keeps_the_last_good_state(make_live: MakeLive) -> None:
    live = make_live(activation="relu", learning_rate=10.0, l2=5.0)
    pictures = play(live, 1)
    while live.playing:
        pictures.append(tick(live))
    last = pictures[-1]
    assert last.state == "error"
    update = live.run.trainer.divergences[0].update
    assert f"at update {update:,}" in last.message
    assert "10 times L2 5 is 50" in last.message
    assert np.isfinite(live.run.network.parameters.flat).all()
    assert np.isfinite(last.train_loss)
    assert np.isfinite(last.weights).all()
    assert len(pictures) < 20


def test_after_divergence_a_lower_rate_and_reset_train_again(make_live: MakeLive) -> None:
    live = make_live(activation="relu", learning_rate=10.0, l2=5.0)
    play(live, 1)
    while live.playing:
        tick(live)
    reason = live.message
    live.change(learning_rate=0.03, l2=0.0)
    live.play(True)
    assert not live.playing, "the weights are beyond repair"
    assert live.message == reason, "the new rate is not to blame"
    live.reset()
    play(live, 3)
    assert live.state == "playing"
    assert live.run.trainer.epoch == 3


def test_structure_tells_points_apart(make_live: MakeLive) -> None:
    live = make_live(dataset="spiral", train_share=0.8)
    structure = live.picture(full=True).structure
    assert structure is not None
    held_out = structure.points[:, 3] == 1
    assert held_out.sum() == 12
    np.testing.assert_allclose(structure.points[~held_out, :2], live.run.train.X, rtol=1e-6)
    np.testing.assert_array_equal(structure.points[held_out, 2], live.run.validation.y)
    x, y = structure.input_pictures
    assert (np.diff(x.astype(int), axis=1) > 0).all()  # x grows to the right
    assert (np.diff(y.astype(int), axis=0) < 0).all()  # y grows upwards


@given(
    losses=hnp.arrays(
        np.float32,
        st.integers(1, 9000),
        elements=st.floats(0, 10, width=32),
    )
)
def test_a_thinned_curve_keeps_ends_and_extremes(losses: np.ndarray) -> None:
    history = History(1)
    for epoch, loss in enumerate(losses):
        history.append(epoch, train_loss=loss, validation_loss=loss)
    thin = curve_rows(history)
    assert len(thin) <= MAX_CURVE_ROWS
    assert thin[0, 0] == 0
    assert thin[-1, 0] == len(losses) - 1
    assert (np.diff(thin[:, 0]) > 0).all()
    assert thin[:, 1].max() == losses.max()
    assert thin[:, 1].min() == losses.min()
