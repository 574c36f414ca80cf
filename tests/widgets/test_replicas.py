"""Replicas beside a run: they follow its course, and their numbers are those of the experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import nbtutor
from nbtutor.engine import Dataset, Generator, Network, ParameterError, Trainer
from nbtutor.engine.datasets import make_generator
from nbtutor.engine.random import stream
from nbtutor.engine.training import STOPPED_EARLY
from nbtutor.experiments import bias_variance
from nbtutor.experiments.fleets import fresh_draws
from nbtutor.widgets import protocol, replicas
from nbtutor.widgets.live import LiveRun, Picture
from nbtutor.widgets.replica_pictures import FULL_SCALE, NODES, grid_nodes, zero_lines
from nbtutor.widgets.replicas import BUDGET, Course, Fleet, Spread, fleet_of, spread_of
from nbtutor.widgets.settings import RunSettings
from tests.widgets.conftest import FakeClock

MakeLive = Callable[..., LiveRun]


@pytest.fixture
def nothing_known_yet() -> None:
    """As in a new kernel: the truth of no data set is at hand."""
    replicas._truths.clear()


def tick(live: LiveRun) -> Picture:
    picture = live.tick(live.seq)
    assert picture is not None
    return picture


def fleet(live: LiveRun) -> Fleet:
    found = fleet_of(live.run)
    assert found is not None
    return found


def weights(live: LiveRun) -> np.ndarray:
    return fleet(live).trainer.network.parameters.flat.copy()


# The numbers, by other routes.


@pytest.mark.parametrize(
    ("dataset", "noise", "hidden", "extra"),
    [
        ("moons", 0.3, (4, 2), {}),
        ("spiral", 0.1, (8, 8), {"learning_rate": 0.1, "batch_size": 7, "l2": 0.001}),
        ("sine", 0.2, (6,), {"dropout": 0.2, "optimizer": "adam", "learning_rate": 0.01}),
    ],
)
def test_the_spread_is_that_of_the_experiment(
    dataset: str, noise: float, hidden: tuple[int, ...], extra: dict[str, Any]
) -> None:
    playground = nbtutor.Playground(
        dataset, noise=noise, hidden=hidden, points=100, replicas=6, seed=3, **extra
    )
    playground.train(12)
    spread = playground.spread
    training = {"learning_rate": 0.03, "batch_size": 10} | extra
    result = bias_variance(dataset, hidden, 50, 6, 12, noise=noise, seed=3, **training)
    for name in ("bias2", "variance", "noise", "expected_error"):
        assert getattr(spread, name) == pytest.approx(getattr(result, name), rel=1e-6)
    assert spread.bias2 + spread.variance + spread.noise == pytest.approx(spread.expected_error)
    assert (spread.replicas, spread.epoch, spread.diverged) == (6, 12, 0)
    playground.close()


@pytest.mark.parametrize(("classes", "noise"), [(3, 0.2), (5, 0.0)])
def test_the_error_of_several_classes_is_the_expected_brier_score(
    make_live: MakeLive, classes: int, noise: float
) -> None:
    live = make_live(dataset="blobs", classes=classes, noise=noise, replicas=4, seed=1)
    live.step(epochs=9)
    spread = spread_of(live.run)
    generator = Generator("blobs", noise, classes=classes)
    X = generator.sample(1000, stream(1, "test")).X
    p, q = generator.posterior(X), fleet(live).trainer.network.predict_proba(X).astype(float)
    # E |y - q|², with y one of the unit vectors, each with its probability.
    distances = ((np.eye(classes)[:, None, None] - q[None]) ** 2).sum(axis=-1)
    assert spread.expected_error == pytest.approx((p.T[:, None] * distances).sum(0).mean())
    assert spread.noise == pytest.approx((1 - (p**2).sum(axis=1)).mean())
    assert spread.bias2 == pytest.approx(((q.mean(0) - p) ** 2).sum(-1).mean())
    best = p.mean(axis=0)  # of all answers that are the same for all points
    assert spread.chance == pytest.approx(1 - (best**2).sum())


def test_each_learns_from_a_draw_of_its_own_and_from_weights_of_its_own(
    make_live: MakeLive,
) -> None:
    live = make_live(dataset="moons", noise=0.1, replicas=4, seed=5)
    trainer = fleet(live).trainer
    draws = fresh_draws(make_generator("moons", 0.1), 30, 4, 5, "training draw")
    np.testing.assert_array_equal(trainer.train.X, draws.X)
    assert not np.isin(draws.X, live.run.train.X).any()
    flat = trainer.network.parameters.flat
    assert len({row.tobytes() for row in flat}) == 4
    # The first starts where the run starts.
    np.testing.assert_array_equal(flat[0], live.run.network.parameters.flat[0])
    live.change(redraw=1)
    assert not np.isclose(weights(live)[:, :6], flat[:, :6]).any()


def test_a_shift_between_training_and_validation_is_theirs_too(make_live: MakeLive) -> None:
    live = make_live(dataset="moons", shift=1.0, replicas=3, train_share=0.4)
    trainer = fleet(live).trainer
    assert trainer.validation is not None
    assert trainer.train.X.shape == (3, 24, 2)
    assert trainer.validation.X.shape == (3, 36, 2)
    assert (trainer.train.X[..., 0].max(axis=1) <= trainer.validation.X[..., 0].min(axis=1)).all()


def test_each_stops_early_by_its_own_validation_points(make_live: MakeLive) -> None:
    live = make_live(dataset="moons", noise=0.5, hidden=(16,), learning_rate=1.0, replicas=4)
    live.change(patience=2)
    live.step(epochs=12)
    fleet(live).finish()
    trainer = fleet(live).trainer
    stopped = int((trainer.status == STOPPED_EARLY).sum())
    assert 1 <= stopped <= 4
    alone = Trainer(
        fleet_member(trainer.network, 0),
        Dataset(trainer.train.X[0], trainer.train.y[0]),
        Dataset(trainer.validation.X[0], trainer.validation.y[0]),  # type: ignore[union-attr]
        live.settings.training,
        live.settings.seed,
    )
    alone.run(updates=trainer.updates)
    np.testing.assert_allclose(
        alone.network.parameters.flat[0], trainer.network.parameters.flat[0], rtol=1e-4, atol=1e-5
    )
    news = live.picture().replicas
    assert news is not None
    assert news.note == f"{stopped} of 4 stopped early."


def fleet_member(network: Network, replica: int) -> Network:
    """A network of its own that starts as this replica did."""
    started = Network(**network.settings)
    single = Network(**{**network.settings, "replicas": 1})
    single.parameters.flat[0] = started.parameters.flat[replica]
    return single


# In step with the run.


@pytest.mark.parametrize("speed", ["slow", "normal", "fast"])
def test_they_keep_step(make_live: MakeLive, clock: FakeClock, speed: str) -> None:
    clock.step = 0.001
    live = make_live(replicas=3)
    live.speed = speed
    live.play(True)
    for _ in range(5):
        picture = tick(live)
    assert live.run.trainer.updates == {"slow": 5, "normal": 15}.get(
        speed, live.run.trainer.updates
    )
    assert live.run.trainer.updates - fleet(live).trainer.updates <= (2 if speed == "fast" else 0)
    assert picture.replicas is not None
    assert abs(picture.replicas.epoch - picture.epoch) <= 1


def test_the_run_itself_is_not_changed(make_live: MakeLive) -> None:
    alone, beside = make_live(dropout=0.2), make_live(dropout=0.2, replicas=3)
    for live in (alone, beside):
        live.play(True)
        for _ in range(4):
            tick(live)
    np.testing.assert_array_equal(
        alone.run.network.parameters.flat, beside.run.network.parameters.flat
    )


CHANGES: tuple[dict[str, Any], ...] = (
    {"learning_rate": 0.3},
    {"batch_size": 7},
    {"dropout": 0.3},
    {"l2": 0.01},
    {"l1": 0.01},
    {"activation": "relu"},
    {"optimizer": "adam"},
    {"momentum": 0.9},
    {"schedule": "exponential", "schedule_epochs": 1},
    {"clip_norm": 0.01},
    {"label_smoothing": 0.3},
    {"jitter": 1.0},
    {"dropout": (0.4, 0.0)},
    {"activation": ("relu", "tanh")},
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_live_setting_reaches_them(make_live: MakeLive, change: dict[str, Any]) -> None:
    live, without = make_live(replicas=3), make_live(replicas=3)
    for each in (live, without):
        each.play(True)
        tick(each)
    live.change(**change)
    tick(live)
    tick(without)
    assert np.abs(weights(live) - weights(without)).max() > 0
    assert fleet(live).trainer.config == live.settings.training
    assert fleet(live).trainer.network.activation == live.run.network.activation


@given(
    course=st.lists(st.tuples(st.integers(0, 7), st.sampled_from(CHANGES)), max_size=4),
    end=st.integers(0, 7),
    step=st.sampled_from([0.0, 0.004, 0.05]),
)
def test_switched_on_late_they_take_the_same_course(
    course: list[tuple[int, dict[str, Any]]], end: int, step: float
) -> None:
    """Whatever was changed on the way, and in what portions they catch up."""
    clock = FakeClock()
    early = LiveRun(RunSettings(points=40, replicas=2), clock)
    late = LiveRun(RunSettings(points=40), clock)
    for live in (early, late):
        for updates, change in course:
            live.step(updates=updates)
            live.change(**change)
        live.step(updates=end)
    late.change(replicas=2)
    clock.step = step
    done = 0
    while fleet(late).behind:
        late.follow_replicas()
        assert late.run.trainer.updates >= fleet(late).trainer.updates > done
        done = fleet(late).trainer.updates
    np.testing.assert_array_equal(weights(late), weights(early))


@pytest.mark.usefixtures("nothing_known_yet")
def test_they_catch_up_in_portions_and_say_so(make_live: MakeLive, clock: FakeClock) -> None:
    live = make_live()
    live.step(epochs=100)
    live.change(replicas=3)
    clock.step = 0.001
    picture = live.picture()
    news = picture.replicas
    assert news is not None
    assert news.behind
    assert news.note == "They catch up: epoch 0 of 100."
    portions = 0
    while fleet(live).behind:
        start = clock.now
        live.follow_replicas()
        assert clock.now - start <= BUDGET + 0.005
        portions += 1
    assert portions > 5
    news = live.picture().replicas
    assert news is not None
    assert (news.behind, news.note, news.epoch) == (
        True,
        "Bias and variance are being worked out.",
        100,
    )


def test_a_run_that_plays_goes_on_while_they_catch_up(
    make_live: MakeLive, clock: FakeClock
) -> None:
    live = make_live()
    live.step(epochs=50)
    live.change(replicas=3)
    clock.step = 0.001
    live.play(True)
    frames = 0
    while fleet(live).behind:
        assert tick(live).epoch == 51 + frames
        frames += 1
    assert frames > 2


def test_a_run_waits_for_replicas_that_cannot_keep_pace(
    make_live: MakeLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(fleet: Fleet, seconds: float | None = None, clock: object = None) -> int:
        return fleet.trainer.run(updates=1) if fleet.behind else 0

    monkeypatch.setattr(Fleet, "follow", slowly)
    live = make_live(replicas=3)  # 3 updates an epoch
    live.play(True)
    notes, gaps = set(), []
    for _ in range(60):
        news = tick(live).replicas
        assert news is not None
        notes.add(news.note)
        gaps.append(live.run.trainer.updates - fleet(live).trainer.updates)
    assert max(gaps) <= 3
    assert fleet(live).trainer.epoch >= 19
    assert any(note.endswith("The run waits.") for note in notes)


# Restarts, undo, and off.


def test_a_restart_starts_them_anew_and_undo_brings_them_back(make_live: MakeLive) -> None:
    live = make_live(replicas=3)
    live.step(epochs=4)
    before = weights(live)
    first = fleet(live)
    live.reset()
    assert fleet(live) is not first
    assert fleet(live).trainer.updates == 0
    live.step(epochs=4)
    np.testing.assert_array_equal(weights(live), before)
    live.change(noise=0.3)
    assert fleet(live).trainer.updates == 0
    live.step(epochs=1)
    live.undo()
    assert fleet(live).trainer.epoch == 4
    np.testing.assert_array_equal(weights(live), before)


def test_on_and_off_leave_the_run_as_it_is(make_live: MakeLive) -> None:
    live = make_live()
    live.step(epochs=3)
    run = live.run
    assert live.picture().replicas is None
    assert not live.change(replicas=5)
    assert live.run is run
    live.step(epochs=1)
    assert fleet(live).trainer.epoch == 4
    assert live.run.trainer.history.events == []
    live.change(replicas=0)
    assert live.picture().replicas is None
    assert run.fleet is None
    live.change(replicas=2)
    assert fleet(live).trainer.updates == 0
    live.follow_replicas()
    assert fleet(live).trainer.epoch == 4


def test_a_run_that_goes_back_takes_them_along() -> None:
    live = LiveRun(RunSettings(points=40, replicas=2), FakeClock())
    trainer = live.run.trainer
    start = trainer.checkpoint()
    live.step(epochs=5)
    trainer.restore(start)
    live.change(learning_rate=0.5)
    live.step(epochs=2)
    assert fleet(live).trainer.epoch == 2
    other = LiveRun(RunSettings(points=40, replicas=2, learning_rate=0.5), FakeClock())
    other.step(epochs=2)
    np.testing.assert_allclose(weights(live), weights(other), rtol=1e-6)


def test_a_course_forgets_what_was_undone() -> None:
    a = RunSettings()
    b, c = replace(a, l2=0.1), replace(a, l2=0.2)
    course = Course(a)
    course.note(0, a)
    course.note(5, b)
    course.note(9, c)
    assert course.marks == [(0, a), (5, b), (9, c)]
    course.note(9, b)
    assert course.marks == [(0, a), (5, b)]
    course.note(3, b)
    assert course.marks == [(0, a), (3, b)]
    course.note(0, c)
    assert course.marks == [(0, c)]


# What cannot be.


def test_points_of_ones_own_have_no_replicas(make_live: MakeLive) -> None:
    live = make_live(replicas=3)
    live.step(epochs=2)
    with_source = live.run
    live.draw(live.present_points)
    run = live.run
    assert run.fleet is None
    news = live.picture().replicas
    assert news is not None
    assert (news.behind, news.spread, news.picture) == (False, None, None)
    assert "no known source" in news.note
    live.play(True)
    assert tick(live).epoch == 3
    with pytest.raises(ParameterError, match="no known source"):
        spread_of(run)
    live.undo()
    assert live.run is with_source
    assert fleet(live).trainer.epoch == 2


def test_a_fleet_that_would_fill_the_memory_is_refused(make_live: MakeLive) -> None:
    live = make_live(points=5000, hidden=(64,) * 6, replicas=50)
    news = live.picture().replicas
    assert news is not None
    assert "there is room for 12" in news.note
    live.change(replicas=12)
    assert fleet(live).count == 12


def test_one_replica_has_no_spread(make_live: MakeLive) -> None:
    live = make_live(replicas=1)
    live.step(epochs=1)
    with pytest.raises(ParameterError, match="2 or more"):
        spread_of(live.run)
    news = live.picture().replicas
    assert news is not None
    assert news.note == "Bias and variance need two replicas or more."
    assert news.picture is not None
    assert len(news.picture.counts) == 1


def test_replicas_that_diverge_are_told(make_live: MakeLive) -> None:
    live = make_live(dataset="moons", replicas=4)
    live.step(epochs=1)
    fleet(live).trainer.network.parameters.flat[2] = 1e38
    live.step(epochs=1)
    news = live.picture().replicas
    assert news is not None
    while news is not None and news.behind:
        news = live.picture().replicas
    assert news is not None
    assert news.note == "1 of 4 overflowed and stand still."
    assert spread_of(live.run).diverged == 1
    assert spread_of(live.run).epoch == 2


def test_answers_that_are_no_numbers_are_told(make_live: MakeLive) -> None:
    live = make_live(dataset="sine", replicas=2, activation="relu")
    network = fleet(live).trainer.network
    network.parameters.flat[:] = 1e30
    with pytest.raises(ParameterError, match="too large to compute with"):
        spread_of(live.run)
    news = live.picture().replicas
    assert news is not None
    assert (news.behind, news.note) == (False, "Their answers are too large to compute with.")


@pytest.mark.parametrize("value", [-1, 101, 2.5, True, "30", None])
def test_replicas_are_checked(value: object) -> None:
    with pytest.raises(ParameterError, match="replicas"):
        RunSettings(replicas=value)  # type: ignore[arg-type]


# Pictures.


def test_lines_lie_where_the_field_is_zero() -> None:
    x, y = grid_nodes().T.reshape(2, NODES, NODES)
    fields = np.stack([x - 1, y + 2, 4 - np.hypot(x, y)])[:, None]
    lines, counts = zero_lines(fields)
    assert counts.sum() == len(lines)
    ends = lines.reshape(-1, 2).astype(float) / FULL_SCALE * 12 - 6
    right, down = ends.T
    first, second = np.cumsum(2 * counts.astype(int))[:2]
    np.testing.assert_allclose(right[:first], 1, atol=1e-3)
    np.testing.assert_allclose(-down[first:second], -2, atol=1e-3)
    np.testing.assert_allclose(np.hypot(right, down)[second:], 4, atol=0.01)
    # A straight line from edge to edge, and a circle that closes: each end meets another.
    lengths = np.hypot(*(ends[::2] - ends[1::2]).T)
    assert lengths[: counts[0]].sum() == pytest.approx(12, rel=1e-3)
    assert lengths[counts[:2].sum() :].sum() == pytest.approx(8 * np.pi, rel=2e-3)


def rounded(number: float) -> float:
    return round(float(number), 2)


@given(hnp.arrays(np.float32, (2, 1, 4, 4), elements=st.sampled_from([-2, -1, 1, 3]).map(float)))
def test_every_side_between_signs_is_crossed(fields: np.ndarray) -> None:
    """Each sign change between neighbours has its crossing, and nothing else has."""
    lines, counts = zero_lines(fields)
    assert counts.sum() == len(lines)
    at = 0
    for field, count in zip(fields[:, 0], counts, strict=True):
        own = lines[at : at + count].reshape(-1, 2) * (3 / FULL_SCALE)
        at += count
        expected = set()
        for row in range(4):
            for column in range(4):
                here = field[row, column]
                for down, right in ((0, 1), (1, 0)):
                    if row + down > 3 or column + right > 3:
                        continue
                    there = field[row + down, column + right]
                    if (here > 0) != (there > 0):
                        share = here / (here - there)
                        expected.add((column + right * share, row + down * share))
        found = {tuple(map(rounded, end)) for end in own}
        assert found == {tuple(map(rounded, end)) for end in expected}


@pytest.mark.parametrize(("dataset", "kind"), [("moons", "probability"), ("blobs", "winner")])
def test_replicas_change_their_minds_at_their_lines(
    make_live: MakeLive, dataset: str, kind: str
) -> None:
    live = make_live(dataset=dataset, replicas=3, noise=0.2)
    live.step(epochs=30)
    news = live.picture(full=True).replicas
    assert news is not None
    assert news.picture is not None
    picture, network = news.picture, fleet(live).trainer.network
    assert picture.spread.size == 0
    at = 0
    for replica, count in enumerate(picture.counts):
        pieces = picture.lines[at : at + count].reshape(-1, 2, 2).astype(float)
        at += count
        places = pieces / FULL_SCALE * 12 - 6
        places[..., 1] *= -1
        middle, along = places.mean(axis=1), places[:, 1] - places[:, 0]
        length = np.linalg.norm(along, axis=1)
        across = (along / np.maximum(length, 1e-9)[:, None])[:, ::-1] * (1, -1)
        sides = [network.predict(middle + s * 0.15 * across)[replica] for s in (-1, 1)]
        assert (sides[0] != sides[1])[length > 0.05].mean() > 0.9


@pytest.mark.parametrize("dataset", ["moons", "blobs", "sine"])
def test_the_mean_and_the_deviation_are_those_of_the_networks(
    make_live: MakeLive, dataset: str
) -> None:
    live = make_live(dataset=dataset, replicas=3)
    live.step(epochs=10)
    news = live.picture(full=True).replicas
    assert news is not None
    assert news.picture is not None
    step = 12 / (NODES - 1)
    middles = np.arange(NODES - 1) * step + step / 2 - 6
    x, y = np.meshgrid(middles, -middles)
    points = np.column_stack([x.ravel(), y.ravel()])
    network = fleet(live).trainer.network
    if dataset == "sine":
        answers = network.predict(points)[..., 0].reshape(3, NODES - 1, NODES - 1)
        mean = 128 + 127 * np.clip(answers.mean(axis=0), -1, 1)
        np.testing.assert_allclose(news.picture.mean, mean, atol=2)
        away = np.abs(news.picture.spread - 255 * np.clip(answers.std(axis=0), 0, 1))
        assert (away < 4).mean() > 0.99  # it is bent where it is near zero
        assert len(news.picture.lines) == 0
        return
    answers = network.predict_proba(points).mean(axis=0)
    if dataset == "moons":
        mean = 255 * answers[:, 1].reshape(NODES - 1, -1)
        np.testing.assert_allclose(news.picture.mean, mean, atol=3)
    else:
        winner = answers.argmax(axis=1).reshape(NODES - 1, -1)
        assert (news.picture.mean // 32 == winner).mean() > 0.98


@pytest.mark.usefixtures("nothing_known_yet")
def test_what_is_measured_goes_over_the_wire_once(make_live: MakeLive, clock: FakeClock) -> None:
    live = make_live(replicas=3)
    header, buffers = protocol.encode(live.picture(full=True))
    told = header["replicas"]
    assert told["count"] == 3
    assert told["spread"] is None
    lines = header["arrays"]["replica_lines"]
    assert lines["dtype"] == "uint16"
    assert len(buffers[lines["buffer"]]) == 8 * lines["shape"][0]
    header, _ = protocol.encode(live.picture())
    while header["replicas"]["behind"]:  # the truth is worked out in portions
        header, _ = protocol.encode(live.picture())
    assert set(header["replicas"]["spread"]) == set(vars(spread_of(live.run)))
    header, _ = protocol.encode(live.picture())
    assert "replica_lines" not in header["arrays"]
    header, _ = protocol.encode(live.picture(full=True))
    assert "replica_lines" in header["arrays"]
    live.change(replicas=0)
    header, _ = protocol.encode(live.picture(full=True))
    assert header["replicas"] is None
    assert "replica_lines" not in header["arrays"]


def test_measuring_rests_while_it_plays(
    make_live: MakeLive, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Fleet.measure

    def slowly(fleet: Fleet) -> None:
        clock.now += 0.02
        measure(fleet)

    monkeypatch.setattr(Fleet, "measure", slowly)
    live = make_live(replicas=2)
    live.picture()
    live.play(True)
    clock.step = 0.001
    pictures = [tick(live).replicas for _ in range(30)]
    fresh = [news is not None and news.picture is not None for news in pictures]
    assert 3 <= sum(fresh) <= 15
    live.play(False)
    news = live.picture().replicas
    assert news is not None
    assert not news.behind  # what was left out is made up for


# The playground, and its page.


@pytest.fixture
def playground() -> nbtutor.Playground:
    return nbtutor.Playground("moons", noise=0.2, points=60)


def ask(playground: nbtutor.Playground, **arguments: object) -> list[Mapping[str, Any]]:
    hub, sent = playground.views.status, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub, "send", lambda content, buffers=None: sent.append(content))
        hub._receive(hub, {"type": "act", "name": "follow_replicas", "arguments": arguments}, [])
    return sent


def test_replicas_are_a_setting(playground: nbtutor.Playground) -> None:
    assert playground.replicas == 0
    with pytest.raises(ParameterError, match=r"playground\.replicas = 30"):
        playground.spread  # noqa: B018
    playground.train(3)
    playground.replicas = 7  # a number that the list has not
    assert playground.controls.replicas.value == 7
    assert playground.epoch == 3
    assert isinstance(playground.spread, Spread)
    assert playground.spread.epoch == 3
    playground.controls.replicas.value = 0
    assert playground.replicas == 0
    assert "replicas=7" not in playground.link
    playground.replicas = 12
    assert "replicas=12" in playground.link
    copy = nbtutor.Playground.from_json(playground.to_json())
    copy.train(3)
    assert copy.spread == playground.spread


@pytest.mark.parametrize("rule", ["hide", "lock"])
def test_a_teacher_may_close_the_switch_and_they_work_on(rule: str) -> None:
    taught = nbtutor.Playground(points=60, replicas=3)
    setattr(taught, rule, ["replicas"])
    assert taught.controls.replicas.disabled
    taught.set_state({"replicas": 50})
    assert taught.replicas == 3
    assert "locked here: replicas" in taught.views.status.error
    (answer,) = ask(taught, seen=taught._live.seq)
    assert answer["type"] == "frame"
    taught.train(2)
    assert taught.spread.epoch == 2


def test_a_page_asks_them_on(playground: nbtutor.Playground) -> None:
    playground.train(400)
    playground.replicas = 20
    live = playground._live
    frames = 0
    while True:
        (header,) = ask(playground, seen=live.seq)
        frames += 1
        assert header["epoch"] == 400
        if not header["replicas"]["behind"]:
            break
    assert frames > 2
    told = header["replicas"]["spread"]
    assert told == asdict(playground.spread)
    snapshot = playground.views.status.snapshot["header"]["replicas"]
    assert snapshot["spread"] == told


def test_what_a_page_asks_is_checked(playground: nbtutor.Playground) -> None:
    playground.replicas = 3
    seq = playground._live.seq
    assert ask(playground, seen=seq - 1) == []
    assert ask(playground, seen=seq + 1) == []
    for arguments in ({}, {"seen": "1"}, {"seen": -1}, {"seen": True}, {"seen": seq, "more": 1}):
        (answer,) = ask(playground, **arguments)
        assert answer["type"] == "error"
    playground.playing = True
    assert ask(playground, seen=playground._live.seq) == []
    playground.playing = False
    playground.replicas = 0
    assert ask(playground, seen=playground._live.seq) == []
