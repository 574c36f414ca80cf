"""Lesson 09's board: its numbers, its exercises, and what a change does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

import nbtutor
from nbtutor.charts import Bars, Chart, Contours, Field, Line, Points
from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.datasets import DOMAIN
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.batch_size.scaling_rule import (
    SAME,
    SCALED,
    WARM,
    ScalingResult,
    ScalingRule,
)
from nbtutor.widgets.tutors.batch_size.size_race import EPOCHS, SizeRace, sizes_for, thin
from nbtutor.widgets.tutors.batch_size.spike_detective import SpikeDetective, find_mislabelled
from nbtutor.widgets.tutors.batch_size.width_sweep import WIDTHS, WidthSweep
from nbtutor.widgets.tutors.plane_marks import SIDE, answer_marks, ring_marks
from tests.widgets.lessons import run_and_draw_each

SMALL: dict[str, Any] = {"points": 128, "hidden": (4,), "seed": 0}


@pytest.fixture
def tutor() -> Iterator[nbtutor.BatchSizeTutor]:
    made = nbtutor.BatchSizeTutor(**SMALL)
    yield made
    made.close()


@pytest.fixture
def shipped() -> Iterator[nbtutor.BatchSizeTutor]:
    """As the lesson has it, for what depends on how the run ends."""
    made = nbtutor.BatchSizeTutor()
    yield made
    made.close()


def mark_of(chart: Chart, name: str, kind: type = object) -> Any:
    return next(m for m in chart.marks if isinstance(m, kind) and m.name == name)  # type: ignore[union-attr]


def click(tutor: nbtutor.BatchSizeTutor, view: int, name: str, point: int, kind: type) -> None:
    """Choose a point as the page does."""
    marks = list(tutor.chart_views[view].chart.marks)
    place = next(i for i, m in enumerate(marks) if isinstance(m, kind) and m.name == name)  # type: ignore[union-attr]
    content = {"mark": place, "point": point}
    tutor.chart_views[view].comm.handle_msg(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
    )


# Batch sizes.


def test_each_size_trains_as_it_would_alone(tutor: nbtutor.BatchSizeTutor) -> None:
    """Recomputed with the engine's plain classes, the batches put together by hand."""
    result = tutor.run()
    data = make_dataset("moons", n=128, noise=0.1, seed=0, label_noise=0.05)
    train, validation = data.split(0.5)
    assert result.sizes.tolist() == [1, 4, 16, 64]
    for number, size in enumerate(result.sizes):
        network = Network((2, 4, 1), "tanh", seed=0, inputs=("x", "y"))
        trainer = Trainer(network, train, validation, TrainingConfig(batch_size=int(size)), seed=0)
        batches = []
        for _ in range(EPOCHS * 64 // size):
            points = trainer.next_work()[0]
            p = network.predict_proba(train.X[points])[0]
            batches.append(log_loss(train.y[points], p, labels=[0, 1]))
            trainer.run(updates=1)
        np.testing.assert_allclose(
            result.losses[:, number], trainer.history.train_loss[:, 0], rtol=1e-5
        )
        late = np.array(batches[len(batches) // 2 :])
        spread = np.sqrt(np.mean((late[1:] - late[:-1]) ** 2) / 2)
        assert result.spreads[number] == pytest.approx(spread, rel=1e-3)


def test_the_law_is_that_of_drawing_without_replacement(tutor: nbtutor.BatchSizeTutor) -> None:
    """Against batches that are drawn: their mean losses' standard deviation."""
    result = tutor.run()
    work = tutor.work
    assert isinstance(work, SizeRace)
    rng = np.random.default_rng(0)
    train = work._run.train
    for number, size in enumerate(result.sizes[:-1]):
        p = work._trainers[number].network.predict_proba(train.X)[0]
        losses = -np.log(p[np.arange(len(train)), train.y])
        order = rng.permuted(np.tile(np.arange(len(train)), (4000, 1)), axis=1)[:, :size]
        assert result.law[number] == pytest.approx(losses[order].mean(axis=1).std(), rel=0.05)
    assert result.law[-1] == 0


def test_the_times_are_measured_and_the_memory_counted(tutor: nbtutor.BatchSizeTutor) -> None:
    assert np.isnan(tutor.work.result.seconds).all()
    result = tutor.run()
    assert (result.seconds > 0).all()
    # 17 parameters; a point: two inputs, its target, four numbers a hidden unit, two an output.
    assert result.bytes.tolist() == [
        4 * (2 * 17 + size * (2 + 1 + 16 + 2)) for size in (1, 4, 16, 64)
    ]
    cost = tutor.chart_views[3].chart
    memory = mark_of(cost, "memory")
    np.testing.assert_allclose(memory.y, result.bytes / result.bytes[0])


def test_a_size_is_chosen_by_its_point_or_its_curve(tutor: nbtutor.BatchSizeTutor) -> None:
    result = tutor.run()
    click(tutor, 2, "measured", 2, Points)
    assert "batches of 16" in tutor.chart_views[0].chart.title
    assert f"varies by {result.spreads[2]:.2g}" in tutor.stage.message
    click(tutor, 1, "all", 3, Line)
    assert "batches of 64" in tutor.chart_views[0].chart.title
    click(tutor, 0, "all points", 3, Line)
    assert "batches of 64" in tutor.chart_views[0].chart.title


def test_an_axis_that_cuts_losses_off_says_so(shipped: nbtutor.BatchSizeTutor) -> None:
    shipped.run()
    for point, size in enumerate((1, 4, 16, 64, 256)):
        click(shipped, 2, "measured", point, Points)
        chart = shipped.chart_views[0].chart
        assert chart.y.limits == (0, 2)  # the same for all sizes
        highest = float(np.max(mark_of(chart, "update", Line).y))
        assert (highest > 2) == (size == 1)
        assert ("cut off at 2" in chart.y.label) == (size == 1)


def test_the_sizes_are_powers_of_four_and_all() -> None:
    assert sizes_for(256) == (1, 4, 16, 64, 256)
    assert sizes_for(300) == (1, 4, 16, 64, 256, 300)
    assert sizes_for(1) == (1,)
    # Beyond 20,000 updates a history is thinned, and neighbours are none any more.
    assert sizes_for(2500) == (4, 16, 64, 256, 1024, 2500)


def test_a_thinned_line_keeps_its_spikes() -> None:
    rng = np.random.default_rng(1)
    x, y = np.arange(9001.0), rng.random(9001)
    y[[17, 4000, 9000]] = 5, -3, 9
    few_x, few_y = thin(x, y)
    assert len(few_x) <= 2001
    assert (np.diff(few_x) > 0).all()
    assert {5.0, -3.0, 9.0} <= set(few_y)
    assert set(zip(few_x, few_y, strict=True)) <= set(zip(x, y, strict=True))
    np.testing.assert_array_equal(thin(x[:50], y[:50])[1], y[:50])


def test_a_rate_that_diverges_is_told() -> None:
    tutor = nbtutor.BatchSizeTutor(**SMALL, activation="relu", learning_rate=1000.0)
    result = tutor.run()
    assert np.isnan(result.losses[-1]).any()
    assert "diverged" in tutor.stage.message
    for name in ("detective", "scaling", "widths"):
        tutor.choose(name)
        tutor.run()
        assert tutor.stage.finished
        tutor.figure()
    tutor.close()


# The spike detective.


def test_the_wrong_labels_are_those_that_the_points_without_noise_do_not_have() -> None:
    """Counted by where the points lie: without noise on the position, the moons are apart."""
    settings = RunSettings(dataset="moons", points=2000, label_noise=0.1, seed=4)
    wrong = find_mislabelled(settings)
    data = make_dataset("moons", 2000, seed=4, label_noise=0.1)
    nearest = data.posterior(data.X).argmax(axis=1)
    np.testing.assert_array_equal(wrong, (nearest != data.y)[:1000])
    assert 70 < wrong.sum() < 130
    shifted = settings.changed(shift=0.7)
    train, _ = data.split(0.5, 0.7)
    by_place = train.posterior(train.X).argmax(axis=1) != train.y
    np.testing.assert_array_equal(find_mislabelled(shifted), by_place)


def test_what_the_detective_says_is_true(shipped: nbtutor.BatchSizeTutor) -> None:
    """Every spike, recomputed from the weights by scikit-learn's loss."""
    shipped.choose("detective")
    result = shipped.run()
    detective = shipped.work
    assert isinstance(detective, SpikeDetective)
    late = result.losses[len(result.losses) // 2 :]
    assert result.threshold == pytest.approx(late.mean() + 3 * late.std())
    assert len(result.spikes) == (late > result.threshold).sum() > 5
    train = detective._trainer.train
    for number, place in enumerate(result.spikes):
        click(shipped, 0, "spike", number, Points)
        culprit = detective.culprit
        assert culprit is not None
        replay = culprit.replay
        assert replay.update == place + 1
        p = replay.network.predict_proba(train.X[replay.points])[0]
        y = train.y[replay.points]
        assert log_loss(y, p, labels=[0, 1]) == pytest.approx(result.losses[place], rel=1e-4)
        each = -np.log(p[np.arange(len(y)), y])
        share = each[detective.mislabelled[replay.points]].sum() / each.sum()
        assert culprit.share == pytest.approx(share, rel=1e-4)
        assert f"{share:.0%}" in shipped.chart_views[2].chart.title
        assert (
            f"Update {place + 1:,} has a loss of {result.losses[place]:.3g}"
            in shipped.stage.message
        )


def test_the_charts_show_the_batch(shipped: nbtutor.BatchSizeTutor) -> None:
    shipped.choose("detective")
    result = shipped.run()
    assert [view.layout.display for view in shipped.chart_views] == [None, None, "none", "none"]
    click(shipped, 0, "spike", 0, Points)
    assert [view.layout.display for view in shipped.chart_views] == [None] * 4
    detective = shipped.work
    assert isinstance(detective, SpikeDetective)
    culprit = detective.culprit
    assert culprit is not None
    _, plane, shares, around = (view.chart for view in shipped.chart_views)
    train, points = detective._trainer.train, culprit.replay.points
    shown = [
        (float(x), float(y), label)
        for label in (0, 1)
        for mark in plane.marks
        if isinstance(mark, Points) and mark.name == f"class {label}"
        for x, y in zip(np.asarray(mark.x), np.asarray(mark.y), strict=True)
    ]
    expected = [(*train.X[point].tolist(), int(train.y[point])) for point in points]
    assert sorted(shown) == sorted(expected)
    heights = [float(h) for m in shares.marks if isinstance(m, Bars) for h in np.asarray(m.high)]
    assert sum(heights) == pytest.approx(1)
    wrong = mark_of(shares, "mislabelled", Bars)
    assert np.sum(wrong.high) == pytest.approx(culprit.share)
    batch = mark_of(around, "its batch", Line)
    assert result.losses[result.spikes[0]] in np.asarray(batch.y)


def test_a_ring_is_about_its_point() -> None:
    (ring,) = ring_marks("mislabelled", [(2.0, -3.0), (-4.0, 5.0)])
    assert isinstance(ring, Contours)
    values = np.asarray(ring.values)
    side = values.shape[1]
    cell = (DOMAIN[1] - DOMAIN[0]) / side
    for picture, (x, y) in zip(values, [(2.0, -3.0), (-4.0, 5.0)], strict=True):
        rows, columns = np.nonzero(picture > 0.5)
        assert DOMAIN[0] + (columns.mean() + 0.5) * cell == pytest.approx(x, abs=cell)
        assert DOMAIN[2] + (rows.mean() + 0.5) * cell == pytest.approx(y, abs=cell)
        assert len(rows) * cell**2 == pytest.approx(np.pi * 0.45**2, rel=0.15)
    assert ring_marks("mislabelled", np.zeros((0, 2))) == []


def test_the_plane_is_the_networks_answer() -> None:
    network = Network((2, 3, 1), seed=7)
    field, _ = answer_marks(network)
    assert isinstance(field, Field)
    step = (DOMAIN[1] - DOMAIN[0]) / SIDE
    for row, column in ((0, 0), (10, 50), (59, 3)):
        point = [DOMAIN[0] + (column + 0.5) * step, DOMAIN[2] + (row + 0.5) * step]
        expected = network.predict_proba([point])[0, 0, 1]
        assert np.asarray(field.values)[row, column] == pytest.approx(expected, rel=1e-5)


def test_without_spikes_the_detective_says_so(tutor: nbtutor.BatchSizeTutor) -> None:
    tutor.choose("detective")
    tutor.change(batch_size=64)
    tutor.stage.run()
    assert "Take a smaller batch" in tutor.stage.message
    assert "Take a smaller batch" in tutor.exercises.check("culprit").sentence


# The scaling rule.


def test_each_way_trains_as_it_would_alone(tutor: nbtutor.BatchSizeTutor) -> None:
    """The warm-up's rates set by hand, epoch by epoch and update by update."""
    tutor.choose("scaling")
    result = tutor.run()
    assert result.factors.tolist() == [1, 2, 4, 8, 16]
    data = make_dataset("moons", n=128, noise=0.1, seed=0, label_noise=0.05)
    train, validation = data.split(0.5)
    for k, number in ((4, 2), (16, 4)):
        updates = 64 // (4 * k)
        for way in (SAME, SCALED, WARM):
            network = Network((2, 4, 1), "tanh", seed=0, inputs=("x", "y"), replicas=5)
            config = TrainingConfig(learning_rate=0.03, batch_size=4 * k)
            trainer = Trainer(network, train, validation, config, seed=0)
            for update in range(EPOCHS * updates):
                rate = 0.03 if way == SAME else 0.03 * k
                if way == WARM:
                    rise = min(update / updates / 5, 1)
                    rate = 0.03 + rise * (0.03 * k - 0.03)
                trainer.change(learning_rate=rate)
                trainer.run(updates=1)
            ended = trainer.history.train_loss[-1]
            np.testing.assert_allclose(result.losses[way][number], ended, rtol=1e-4)
            held_out = trainer.history.validation_loss[-1]
            np.testing.assert_allclose(result.validation_losses[way][number], held_out, rtol=1e-4)


def test_how_much_of_the_gap_is_closed() -> None:
    losses = {SAME: [[0.2], [0.4], [0.6]], SCALED: [[0.2], [0.25], [0.7]]}
    tables = {way: np.array(table) for way, table in losses.items()}
    result = ScalingResult(np.array([1, 2, 4]), tables, tables)
    closed = result.closed(SCALED)
    assert np.isnan(closed[0])
    np.testing.assert_allclose(closed[1:], [0.75, -0.25])
    lower = ScalingResult(
        np.array([1, 2, 4]), {**tables, SAME: tables[SAME] - [[0], [0.3], [0]]}, tables
    )
    assert np.isnan(lower.closed(SCALED)[1])


# Parameters and samples.


def test_the_widths_are_trained_on_few_points(tutor: nbtutor.BatchSizeTutor) -> None:
    tutor.choose("widths")
    result = tutor.run()
    assert result.parameters.tolist() == [4 * width + 1 for width in WIDTHS]
    assert result.samples == 32
    data = make_dataset("moons", n=128, noise=0.1, seed=0, label_noise=0.05)
    train, validation = data.split(0.5)
    few, _ = train.split(0.5)
    for number in (1, 4):
        network = Network((2, WIDTHS[number], 1), "tanh", seed=0, inputs=("x", "y"))
        config = TrainingConfig(batch_size=4, momentum=0.9)
        trainer = Trainer(network, few, validation, config, seed=0)
        trainer.run(epochs=60)
        for column, table in (
            ("train_loss", result.losses),
            ("validation_loss", result.validation_losses),
        ):
            history = getattr(trainer.history, column)[:, 0]
            np.testing.assert_allclose(table[:, number], history, rtol=1e-4)


def test_the_samples_are_a_dial(tutor: nbtutor.BatchSizeTutor) -> None:
    tutor.choose("widths")
    tutor.turn(samples=16)
    assert tutor.run().samples == 16
    tutor.turn(samples=256)
    assert tutor.work.result.samples == 64  # there are no more
    with pytest.raises(ParameterError, match="samples"):
        tutor.turn(samples=1)


# The exercises.


def test_calm_enough(shipped: nbtutor.BatchSizeTutor) -> None:
    check = shipped.exercises.check
    assert "press Play" in check("calm-enough").sentence
    shipped.run()
    found = {}
    for point in range(5):
        click(shipped, 2, "measured", point, Points)
        found[point] = check("calm-enough")
    assert [outcome.right for outcome in found.values()] == [False, True, False, False, False]
    assert "larger batch" in found[0].sentence
    assert "smaller batch" in found[4].sentence


def test_an_exercise_that_cannot_be_solved_says_so(shipped: nbtutor.BatchSizeTutor) -> None:
    shipped.change(seed=17)
    shipped.stage.run()
    for point in range(5):
        click(shipped, 2, "measured", point, Points)
        outcome = shipped.exercises.check("calm-enough")
        assert (outcome.right, "no size does both" in outcome.sentence) == (False, True)


def test_the_culprit(shipped: nbtutor.BatchSizeTutor) -> None:
    check = shipped.exercises.check
    shipped.run()
    assert "Spike detective" in check("culprit").sentence
    shipped.choose("detective")
    result = shipped.run()
    assert "not chosen" in check("culprit").sentence
    outcomes = []
    for number in range(len(result.spikes)):
        click(shipped, 0, "spike", number, Points)
        outcome = check("culprit")
        detective = shipped.work
        assert isinstance(detective, SpikeDetective)
        assert detective.culprit is not None
        assert outcome.right == (detective.culprit.share > 0.5)
        outcomes.append(outcome)
    wrong = [outcome.sentence for outcome in outcomes if not outcome.right]
    assert wrong
    assert all("Click another spike" in sentence for sentence in wrong)
    shipped.change(batch_size=1)
    shipped.stage.run()
    click(shipped, 0, "spike", 0, Points)
    assert "2 or more" in check("culprit").sentence


def test_rescue(shipped: nbtutor.BatchSizeTutor) -> None:
    check = shipped.exercises.check
    shipped.choose("scaling")
    assert "press Play" in check("rescue").sentence
    shipped.run()
    rule = shipped.work
    assert isinstance(rule, ScalingRule)
    for point, k in enumerate(rule.factors):
        click(shipped, 0, SAME, point, Points)
        outcome = check("rescue")
        closed = rule.result.closed(SCALED)[point]
        assert outcome.right == (k >= 8 and closed >= 0.8)
        if k < 8:
            assert "larger one" in outcome.sentence
        elif not outcome.right:
            assert "smaller k" in outcome.sentence
    shipped.change(batch_size=128)
    shipped.stage.run()
    assert "smaller batch" in check("rescue").sentence


def test_parameters_and_samples(shipped: nbtutor.BatchSizeTutor) -> None:
    check = shipped.exercises.check
    shipped.choose("widths")
    assert "press Play" in check("parameters-and-samples").sentence
    shipped.run()
    rights = []
    for point in range(len(WIDTHS)):
        click(shipped, 0, "training", point, Points)
        outcome = check("parameters-and-samples")
        rights.append(outcome.right)
        if not outcome.right:
            hint = "further right" if point < 2 else "A narrower one"
            assert hint in outcome.sentence
    # Two layers of 4: 12 + 20 + 5 = 37 parameters for 32 samples; two of 2: 6 + 6 + 3 = 15.
    assert rights == [width == 4 for width in WIDTHS]
    assert isinstance(shipped.work, WidthSweep)


# The board.


def test_nothing_is_trained_before_play(tutor: nbtutor.BatchSizeTutor) -> None:
    assert (tutor.stage.done, tutor.stage.state, tutor.prediction.outcome) == (0, "idle", "")
    tutor.run()
    assert "lowest training loss" in tutor.prediction.outcome


def test_a_change_starts_again_and_plays_on(tutor: nbtutor.BatchSizeTutor) -> None:
    tutor.run()
    tutor.controls["learning_rate"].value = 0.1
    assert (tutor.stage.done, tutor.stage.state) == (0, "playing")
    with pytest.raises(ParameterError, match="label_noise"):
        tutor.change(label_noise=0.9)
    assert tutor.settings.label_noise == 0.05


@pytest.mark.parametrize("dataset", ["sine", "blobs", "own", "moon"])
def test_data_whose_truth_it_cannot_know_is_refused(
    tutor: nbtutor.BatchSizeTutor, dataset: str
) -> None:
    with pytest.raises(ParameterError, match="two classes"):
        nbtutor.BatchSizeTutor(dataset=dataset)
    before = tutor.settings
    with pytest.raises(ParameterError, match="two classes"):
        tutor.change(dataset=dataset)
    assert tutor.settings == before
    tutor.change(dataset="circle")
    assert tutor.settings.dataset == "circle"


def test_every_experiment_runs_to_its_end_and_can_be_drawn(
    tutor: nbtutor.BatchSizeTutor,
) -> None:
    run_and_draw_each(tutor)


@pytest.mark.parametrize("library", ["nbtutor", "NumPy", "PyTorch", "scikit-learn"])
def test_the_programs_are_programs(tutor: nbtutor.BatchSizeTutor, library: str) -> None:
    for name in tutor.EXPERIMENTS:
        tutor.choose(name)
        compile(tutor.program.write(library), library, "exec")


def test_its_own_program_gives_the_same_numbers(tutor: nbtutor.BatchSizeTutor) -> None:
    result = tutor.run()
    names: dict[str, Any] = {}
    exec(compile(tutor.program.write("nbtutor"), "program", "exec"), names)
    np.testing.assert_allclose([*names["losses"].values()], result.losses[-1], rtol=1e-5)
    np.testing.assert_allclose([*names["spreads"].values()], result.spreads, rtol=1e-4)


def test_the_program_in_numpy_ends_where_the_chosen_size_does(
    tutor: nbtutor.BatchSizeTutor, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tutor.run()
    click(tutor, 2, "measured", 2, Points)
    program = tutor.program.write("NumPy")
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    said = re.search(rf"epoch {EPOCHS}: train loss ([0-9.]+)", capsys.readouterr().out)
    assert said is not None
    assert float(said[1]) == pytest.approx(result.losses[-1, 2], rel=1e-4)


def test_closing_leaves_nothing_open() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    tutor = nbtutor.BatchSizeTutor()
    tutor.close()
    tutor.close()
    assert set(_instances) - before == set()
