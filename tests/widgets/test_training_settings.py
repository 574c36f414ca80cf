"""Schedules, stop conditions, augmentation, shift and scores, in the live loop and in Python."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.schedules import SCHEDULES
from nbtutor.widgets import link as links
from nbtutor.widgets import protocol
from nbtutor.widgets.live import BUDGET, SHIFTED, LiveRun
from nbtutor.widgets.pages import draw_schedule
from nbtutor.widgets.schedules import SENTENCES, describe_schedule, make_schedule
from nbtutor.widgets.scores import (
    class_accuracies,
    confusion_matrix,
    measure_scores,
    share_explained,
)
from nbtutor.widgets.settings import LIVE, RunSettings, check_setting

MakeLive = Callable[..., LiveRun]

VALUES: dict[str, Any] = {
    "schedule": "cosine",
    "schedule_epochs": 40,
    "schedule_low": 0.2,
    "clip_norm": 0.5,
    "label_smoothing": 0.1,
    "jitter": 0.3,
    "rotation": 15.0,
    "mirror": True,
    "stop_epoch": 90,
    "stop_loss": 0.25,
    "patience": 12,
    "shift": 0.6,
}


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


# Settings


def test_every_one_reaches_the_trainer() -> None:
    settings = RunSettings(**VALUES)
    config = settings.training
    assert config.schedule == make_schedule("cosine", 40, 0.2)
    assert (config.clip_norm, config.label_smoothing, config.patience) == (0.5, 0.1, 12)
    assert config.augmentation == Augmentation(0.3, 15.0, True)
    plain = RunSettings().training
    assert (plain.schedule, plain.clip_norm, plain.augmentation) == (None, None, None)


@pytest.mark.parametrize("name", VALUES)
def test_control_trait_link_and_json_hold_it(name: str, playground: nbtutor.Playground) -> None:
    control = getattr(playground.controls, name)
    value = VALUES[name]
    playground.set_trait(name, value)
    assert control.value == value
    if hasattr(control, "options"):
        control.index = len(control.options) - 1
    value = control.value
    assert getattr(playground, name) == value
    assert links.decode(playground.link).settings == playground._live.settings
    again = nbtutor.Playground.from_json(playground.to_json())
    assert getattr(again, name) == value
    again.close()
    playground.lock = [name]
    assert control.disabled
    other = nbtutor.Playground(points=60)
    other.open_link(playground.link)
    assert getattr(other, name) == value
    other.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schedule", "linear"),
        ("schedule_epochs", 0),
        ("schedule_epochs", 2.5),
        ("schedule_low", 0.0),
        ("schedule_low", 1.5),
        ("clip_norm", -1.0),
        ("label_smoothing", 1.0),
        ("jitter", math.nan),
        ("rotation", 181.0),
        ("mirror", 1),
        ("stop_epoch", -1),
        ("stop_loss", math.inf),
        ("patience", 1.5),
        ("shift", 1.1),
    ],
)
def test_what_is_not_allowed(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=name):
        check_setting(name, value)


def test_a_link_says_on_or_off() -> None:
    assert links.decode("#nbt=1;mirror=on").settings.mirror
    assert not links.decode("#nbt=1;mirror=off").settings.mirror
    with pytest.raises(links.LinkError, match="on or off"):
        links.decode("#nbt=1;mirror=true")


@pytest.mark.parametrize("name", [n for n in VALUES if n != "shift"])
def test_it_acts_in_mid_run(name: str, make_live: MakeLive) -> None:
    assert name in LIVE
    live = make_live(schedule="step", points=60)
    live.step(epochs=2)
    assert not live.change(**{name: VALUES[name]})
    assert live.run.trainer.epoch == 2
    assert (
        live.run.trainer.config == RunSettings(**{"schedule": "step", name: VALUES[name]}).training
    )


def test_a_change_is_an_event_of_the_run(make_live: MakeLive) -> None:
    live = make_live(points=60)
    live.step(epochs=2)
    live.change(schedule="step", schedule_epochs=10)
    live.change(clip_norm=0.5)
    live.change(jitter=0.2, mirror=True)
    assert [event.label for event in live.run.trainer.history.events] == [
        "schedule off → steps (10, 0.1)",
        "clip norm off → 0.5",
        "augmentation off → jitter 0.2, mirror",
    ]


def test_labels_of_a_regression_are_not_smoothed(make_live: MakeLive) -> None:
    live = make_live(dataset="sine", points=60, label_smoothing=0.2)
    live.step(epochs=1)
    assert live.run.trainer.config.label_smoothing == 0


@pytest.mark.parametrize("library", ["numpy", "pytorch"])
def test_the_program_has_them_all(library: str) -> None:
    made = nbtutor.Playground(points=40, **{**VALUES, "stop_loss": 0.0, "stop_epoch": 0})
    made.train(3)
    code = made.to_code(library)
    made.close()
    compile(code, library, "exec")
    for words in ("def factor(epochs):", "0.5", "0.1", "PATIENCE = 12"):
        assert words in code


def test_the_numpy_program_ends_at_its_losses(capsys: pytest.CaptureFixture[str]) -> None:
    made = nbtutor.Playground(points=60, schedule="triangular", schedule_epochs=4, shift=0.5)
    made.train(5)
    exec(made.to_code(), {})
    _, *losses = re.findall(r"[\d.]+", capsys.readouterr().out.splitlines()[-1])
    history = made.history
    made.close()
    expected = history.train_loss[-1], history.validation_loss[-1]
    assert list(map(float, losses)) == pytest.approx(expected, abs=1e-5)


# Schedules


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_has_its_length_and_low(name: str) -> None:
    schedule = make_schedule(name, 20, 0.2)
    factors = [schedule(e) if schedule else 1.0 for e in (0, 10, 20, 40)]
    half = (1 + 0.2) / 2
    expected = {
        "constant": [1, 1, 1, 1],
        "step": [1, 1, 0.2, 0.04],
        "exponential": [1, math.sqrt(0.2), 0.2, 0.04],
        "cosine": [1, half, 0.2, 0.2],
        "warm_up": [0.2, half, 1, 1],
        "triangular": [0.2, 1, 0.2, 0.2],
        "triangular2": [0.2, 1, 0.2, 0.2],
        "exp_range": [0.2, 0.2 + 0.8 * math.sqrt(0.5), 0.2, 0.2],
        "one_cycle": [0.2, 1 - (1 - 2e-5) * (1 - math.cos(math.pi * 2 / 7)) / 2, 2e-5, 2e-5],
        "linear_ramp": [0.2, half, 1, 1],
        "exponential_ramp": [0.2, math.sqrt(0.2), 1, 1],
    }
    assert factors == pytest.approx(expected[name], rel=1e-6)


@given(
    name=st.sampled_from(list(SCHEDULES)),
    length=st.integers(1, 100_000),
    low=st.floats(1e-4, 1),
    rate=st.sampled_from([1e-5, 0.03, 10.0]),
)
def test_every_schedule_can_be_told_and_drawn(
    name: str, length: int, low: float, rate: float
) -> None:
    assert set(SENTENCES) == set(SCHEDULES)
    assert re.fullmatch(r"[A-Z][^{}]+\.", describe_schedule(name, length, low))
    drawn = draw_schedule(name, length, low, rate)
    assert ("<polyline" in drawn) == (name != "constant")
    heights = [float(y) for y in re.findall(r",([-\d.e]+)(?=[ \"])", drawn.partition("/>")[0])]
    assert all(0 <= y <= 44 for y in heights)


def test_the_present_rate_is_that_of_the_next_update(make_live: MakeLive) -> None:
    live = make_live(points=60, schedule="cosine", schedule_epochs=10, schedule_low=0.1)
    for epochs in (3, 4, 5):
        picture = live.picture()
        progress = live.run.trainer.progress
        expected = 0.03 * (0.1 + 0.9 * (1 + math.cos(math.pi * min(progress / 10, 1))) / 2)
        assert picture.learning_rate == pytest.approx(expected)
        assert protocol.encode(picture)[0]["learning_rate"] == picture.learning_rate
        live.step(epochs=epochs)
    assert live.run.trainer.history.learning_rate[-1, 0] == pytest.approx(0.003)
    assert make_live().picture().learning_rate is None


def test_the_run_is_that_of_the_engine_with_the_schedule(make_live: MakeLive) -> None:
    settings = {n: v for n, v in VALUES.items() if not n.startswith("stop") and n != "patience"}
    live = make_live(points=80, dataset="moons", noise=0.1, **settings)
    live.step(epochs=12)
    train, validation = make_dataset("moons", 80, 0.1, 0).split(0.5, 0.6)
    network = Network((2, 4, 2, 1), "tanh", seed=0, inputs=("x", "y"))
    config = TrainingConfig(
        schedule=make_schedule("cosine", 40, 0.2),
        clip_norm=0.5,
        label_smoothing=0.1,
        augmentation=Augmentation(0.3, 15.0, True),
    )
    plain = Trainer(network, train, validation, config, 0)
    plain.run(epochs=12)
    np.testing.assert_array_equal(live.run.network.parameters.flat, plain.network.parameters.flat)


def test_divergence_is_explained_by_the_rate_of_that_moment(make_live: MakeLive) -> None:
    live = make_live(
        points=60, activation="linear", learning_rate=10.0, l2=10.0,
        schedule="linear_ramp", schedule_epochs=100, schedule_low=0.001,
    )  # fmt: skip
    live.step(epochs=100)
    rate = live.run.learning_rate
    assert 0.1 < rate < 5
    assert f"Learning rate {rate:g} times L2 10" in live.message


# Stop conditions


@pytest.mark.parametrize("speed", ["slow", "normal", "fast"])
def test_it_pauses_at_an_epoch_and_can_go_on(speed: str, make_live: MakeLive, clock: Any) -> None:
    live = make_live(points=40, stop_epoch=3)
    live.speed = speed
    clock.step = BUDGET / 9.5
    live.play(True)
    for _ in range(100):
        if live.tick(live.seq) is None:
            break
    assert (live.state, live.run.trainer.epoch) == ("paused", 3)
    assert live.message == "Stopped at epoch 3, as asked. Press Play to go on."
    live.play(True)
    assert live.message == "Training."
    for _ in range(10):
        live.tick(live.seq)
    assert live.playing
    assert live.run.trainer.updates > 6


@pytest.mark.parametrize("speed", ["normal", "fast"])
def test_it_pauses_at_a_validation_loss_once(speed: str, make_live: MakeLive, clock: Any) -> None:
    plain = make_live(dataset="gaussians", points=100)
    plain.step(epochs=40)
    losses = plain.run.trainer.history.validation_loss[:, 0]
    first = int(np.flatnonzero(losses <= 0.1)[0])
    assert first > 1
    live = make_live(dataset="gaussians", points=100, stop_loss=0.1)
    live.speed = speed
    clock.step = BUDGET / 9.5
    live.play(True)
    for _ in range(200):
        if live.tick(live.seq) is None:
            break
    assert (live.state, live.run.trainer.epoch) == ("paused", first)
    said = f"Stopped at epoch {first}: the validation loss is {losses[first]:.4g}, "
    assert live.message.startswith(f"{said}and was to reach 0.1. ")
    live.play(True)
    for _ in range(10):
        live.tick(live.seq)
    assert live.playing
    # Another loss counts anew.
    live.change(stop_loss=0.2)
    live.tick(live.seq)
    for _ in range(30):
        live.tick(live.seq)
    assert "was to reach 0.2" in live.message


def test_early_stopping_puts_the_best_weights_back(make_live: MakeLive) -> None:
    settings: dict[str, Any] = {
        "dataset": "moons", "noise": 0.4, "points": 60, "learning_rate": 0.3, "hidden": (8, 8),
    }  # fmt: skip
    live = make_live(**settings, patience=5)
    live.play(True)
    for _ in range(1000):
        if live.tick(live.seq) is None:
            break
    assert live.state == "paused"
    best, last = (int(n) for n in re.findall(r"(?:of|at) epoch (\d+)", live.message)[::-1])
    assert last == best + 5 == live.run.trainer.epoch
    plain = make_live(**settings)
    plain.step(epochs=last)
    losses = plain.run.trainer.history.validation_loss[:, 0]
    assert losses[1:].argmin() + 1 == best
    again = make_live(**settings)
    again.step(epochs=best)
    np.testing.assert_array_equal(
        live.run.network.parameters.flat, again.run.network.parameters.flat
    )
    # The figures are those of the weights that are back, and the curve is marked.
    picture = live.snapshot()
    assert picture.validation_loss == pytest.approx(losses[best])
    assert picture.train_accuracy == again.snapshot().train_accuracy
    assert picture.events[-1].label == f"stopped early: best at epoch {best}"
    live.play(True)
    for _ in range(3):
        live.tick(live.seq)
    assert live.run.trainer.epoch == last + 3


def test_training_from_python_heeds_them_too(playground: nbtutor.Playground) -> None:
    playground.stop_epoch = 4
    playground.train(10)
    assert playground.epoch == 4
    assert playground.views.status.message.startswith("Stopped at epoch 4")
    playground.train(10)
    assert playground.epoch == 14


# Train and validation from different distributions


def test_with_a_shift_the_sets_lie_apart_and_the_verdict_says_so(make_live: MakeLive) -> None:
    live = make_live(dataset="circle", shift=1.0, learning_rate=0.1)
    assert live.run.train.X[:, 0].max() <= live.run.validation.X[:, 0].min()
    live.step(epochs=60)
    verdict = live.run.judge(layers=False).verdict
    assert verdict.verdict == "overfit"
    assert verdict.sentence.endswith(SHIFTED)
    plain = make_live(dataset="circle")
    plain.step(epochs=60)
    assert "shift" not in plain.run.judge(layers=False).verdict.sentence


# Scores


@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60),
)
def test_a_confusion_matrix_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    true, predicted = np.array(pairs).T
    matrix = confusion_matrix(predicted, true, 4)
    np.testing.assert_array_equal(
        matrix, metrics.confusion_matrix(true, predicted, labels=range(4))
    )
    recalls = metrics.recall_score(
        true, predicted, labels=range(4), average=None, zero_division=np.nan
    )
    np.testing.assert_allclose(class_accuracies(matrix), recalls)


def test_the_share_explained_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    true, predicted = rng.normal(size=50), rng.normal(size=50)
    assert share_explained(predicted, true) == pytest.approx(metrics.r2_score(true, predicted))
    assert math.isnan(share_explained(predicted[:3], np.ones(3)))


def test_scores_are_measured_only_while_somebody_looks(make_live: MakeLive) -> None:
    live = make_live(dataset="blobs", classes=4, points=100)
    live.step(epochs=5)
    assert protocol.encode(live.picture())[0]["scores"] is None
    live.watch_scores = True
    sent = protocol.encode(live.picture())[0]["scores"]
    run = live.run
    scores = measure_scores(run.network, run.train, run.validation)
    assert scores.train.confusion is not None
    assert sent["train"] == scores.train.confusion.tolist()
    assert np.sum(sent["train"]) == np.sum(sent["validation"]) == 50
    predicted = run.network.predict(run.validation.X)[0]
    assert np.trace(sent["validation"]) == (predicted == run.validation.y).sum()


def test_of_a_regression_the_share_explained_is_sent(make_live: MakeLive) -> None:
    live = make_live(dataset="plane", points=100)
    live.step(epochs=5)
    live.watch_scores = True
    sent = protocol.encode(live.picture())[0]["scores"]
    run = live.run
    error = ((run.network.predict(run.validation.X)[0, :, 0] - run.validation.y) ** 2).mean()
    assert sent["validation"] == pytest.approx(1 - error / run.validation.y.var())
