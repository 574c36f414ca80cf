"""Lesson 10's board: its numbers, its exercises, and what a change does in mid-run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import nbtutor
from nbtutor.charts import Bars, Contours, Field, Line, Points
from nbtutor.engine import Generator, Network, ParameterError, Trainer, TrainingConfig
from nbtutor.engine.random import stream
from nbtutor.experiments import BiasVarianceResult, bias_variance, bias_variance_sweep
from nbtutor.widgets import replicas
from nbtutor.widgets.tutors.bias_variance.experiments import COUNTS, EPOCHS, SIZES, Live
from nbtutor.widgets.tutors.bias_variance.networks import SIDE
from tests.widgets.lessons import run_and_draw_each
from tests.widgets.page import deliver

Tutor = nbtutor.BiasVarianceTutor
SMALL: dict[str, Any] = {"points": 30, "hidden": (4,), "replicas": 6}
SAME: dict[str, Any] = {"optimizer": "adam", "learning_rate": 0.03, "batch_size": 10}


@pytest.fixture
def tutor() -> Iterator[Tutor]:
    made = Tutor(**SMALL)
    yield made
    made.close()


def tick(tutor: Tutor) -> None:
    message = {"type": "tick", "seen": tutor.stage.seq, "window": 1, "again": False}
    deliver(tutor.stage, message)


def charts(tutor: Tutor) -> list[Any]:
    return [view.chart for view in tutor.chart_views if view.layout.display != "none"]


# Numbers.


def test_each_network_trains_as_it_would_alone(tutor: Tutor) -> None:
    found = tutor.run()
    fleet = Network((2, 4, 1), "tanh", seed=0, replicas=6, inputs=("x", "y"))
    for number in (0, 5):
        train = Generator("moons", 0.3).sample(30, stream(0, "training draw", number))
        alone = Network((2, 4, 1), "tanh", inputs=("x", "y"))
        alone.parameters.flat[0] = fleet.parameters.flat[number]
        Trainer(alone, train, config=TrainingConfig(**SAME)).run(epochs=EPOCHS)
        expected = alone.predict_proba(found.test.X)[0, :, 1]
        np.testing.assert_allclose(found.predictions[number], expected, atol=2e-3)


def by_plain_numpy(found: BiasVarianceResult) -> tuple[float, float, float, float]:
    """The parts by their definitions, point by point, and the error on both labels."""
    noise, bias2, variance, error = [], [], [], []
    posterior = Generator("moons", 0.3).posterior(found.test.X)[:, 1]
    for p, answers in zip(posterior, found.predictions.T, strict=True):
        mean = sum(answers) / len(answers)
        noise.append(p * (1 - p))
        bias2.append((mean - p) ** 2)
        variance.append(sum((q - mean) ** 2 for q in answers) / len(answers))
        error.append(sum(p * (1 - q) ** 2 + (1 - p) * q**2 for q in answers) / len(answers))
    return tuple(float(np.mean(part)) for part in (noise, bias2, variance, error))  # type: ignore[return-value]


def test_the_parts_are_those_of_the_definitions(tutor: Tutor) -> None:
    found = tutor.run()
    noise, bias2, variance, error = by_plain_numpy(found)
    assert noise + bias2 + variance == pytest.approx(error, abs=1e-12)
    said = (found.noise, found.bias2, found.variance, found.expected_error)
    assert said == pytest.approx((noise, bias2, variance, error), abs=1e-12)


def test_mlxtend_would_say_the_same(tutor: Tutor) -> None:
    """`mlxtend.evaluate.bias_variance_decomp` knows labels only: its bias holds the noise, too."""
    found = tutor.run()
    q, truth = found.predictions, found.truth
    errors, biases = [], []
    for label, chance in ((1, truth), (0, 1 - truth)):
        errors.append(chance * ((q - label) ** 2).mean(axis=0))
        biases.append(chance * (q.mean(axis=0) - label) ** 2)
    variance = np.sum((q.mean(axis=0) - q) ** 2) / q.size
    assert found.expected_error == pytest.approx(sum(errors).mean())
    assert found.bias2 + found.noise == pytest.approx(sum(biases).mean())
    assert found.variance == pytest.approx(variance)


def test_the_page_comes_to_the_same_numbers(tutor: Tutor) -> None:
    tutor.stage.play()
    while tutor.stage.playing:
        tick(tutor)
    played = tutor.work.result
    other = Tutor(**SMALL)
    np.testing.assert_allclose(played.predictions, other.run().predictions, atol=1e-6)
    other.close()


def test_the_charts_show_the_numbers(tutor: Tutor) -> None:
    found = tutor.run()
    lines, bars, bias2, variance = charts(tutor)
    field = next(m for m in lines.marks if isinstance(m, Field))
    np.testing.assert_allclose(np.asarray(field.values), found.mean_map, atol=1e-6)
    sheets = [m for m in lines.marks if isinstance(m, Contours)]
    own, best = np.asarray(sheets[0].values), np.asarray(sheets[1].values)
    far = np.abs(found.fields - 0.5) > 1e-3
    np.testing.assert_array_equal((own > 0.5)[far], (found.fields > 0.5)[far])
    np.testing.assert_allclose(best[0], found.truth_map)
    heights = [
        float(np.asarray(m.high)[0]) - float(np.asarray(m.low)[0])
        for m in bars.marks
        if isinstance(m, Bars)
    ]
    parts = [found.noise, found.bias2, found.variance]
    assert heights == pytest.approx([*parts, found.expected_error])
    assert sum(heights[:3]) == pytest.approx(heights[3])
    drawn = next(m for m in bars.marks if isinstance(m, Points))
    assert drawn.y == pytest.approx([found.measured_error])
    # In the middle there are points everywhere, so the maps are what they are called.
    middle = slice(SIDE // 2 - 3, SIDE // 2 + 3)
    for chart, expected in ((bias2, found.bias2_map), (variance, found.variance_map)):
        shown = next(m for m in chart.marks if isinstance(m, Field))
        inside = np.asarray(shown.values)[middle, middle] * 0.25
        np.testing.assert_allclose(inside, expected[middle, middle], atol=1e-6)
        assert np.asarray(shown.values)[0, -1] < 0.01  # and where none come, they are empty
    assert f"{found.expected_error:.3f}" in tutor.stage.message


def test_a_sweep_is_that_of_the_experiment() -> None:
    tutor = Tutor(points=20, replicas=3)
    tutor.choose("sizes")
    swept = tutor.run()
    expected = bias_variance_sweep(
        *("hidden", SIZES), n_train=20, replicas=3, epochs=EPOCHS, noise=0.3, side=2, **SAME
    )
    assert swept.values == expected.values
    for name in ("bias2", "variance", "noise", "expected_error", "bias2_unbiased", "errors"):
        ours, theirs = getattr(swept, name), getattr(expected, name)
        np.testing.assert_allclose(ours, theirs, atol=5e-3, err_msg=name)
    u = charts(tutor)[0]
    total = next(m for m in u.marks if isinstance(m, Line) and m.name == "error")
    np.testing.assert_array_equal(total.y, swept.expected_error)
    lowest = next(m for m in u.marks if isinstance(m, Points))
    assert np.asarray(lowest.x).tolist() == [swept.expected_error.argmin()]
    tutor.close()


def test_the_variance_splits_by_the_law_of_total_variance() -> None:
    tutor = Tutor(points=20, hidden=(2,))
    tutor.choose("sources")
    found = tutor.run()
    theirs = bias_variance(
        *("moons", (2,), 20, 100, EPOCHS), noise=0.3, weight_draws=10, side=2, **SAME
    )
    table = theirs.predictions.reshape(10, 10, -1)
    # The part of the weights: how networks of one draw of the points differ, on average.
    assert found.given_data == pytest.approx(table.var(axis=1, ddof=1).mean(), abs=2e-3)
    assert theirs.split is not None
    assert found.total == pytest.approx(theirs.split.total, abs=2e-3)
    shared, other, bars, course = charts(tutor)
    lines = {m.name: np.asarray(m.y) for m in course.marks if isinstance(m, Line)}
    assert lines["points"][-1] == pytest.approx(found.data)
    assert lines["points"][0] == pytest.approx(0, abs=1e-9)  # nothing has been learned yet
    heights = [np.asarray(m.high)[0] for m in bars.marks if isinstance(m, Bars)]
    assert heights == pytest.approx([found.data, found.total, found.total])
    for chart in (shared, other):
        sheet = next(m for m in chart.marks if isinstance(m, Contours))
        assert np.asarray(sheet.values).shape[0] == 10
    tutor.close()


# What a change does.


def test_a_setting_is_taken_in_mid_run(tutor: Tutor) -> None:
    """As by the engine's own classes, with the change at the same place."""
    fleet = Network((2, 4, 1), "tanh", seed=0, replicas=6, inputs=("x", "y"))
    draws = [Generator("moons", 0.3).sample(30, stream(0, "training draw", r)) for r in range(6)]
    tutor.stage.play()
    while tutor.stage.done < 50:
        tick(tutor)
    at = tutor.stage.done
    tutor.change(l2=0.1, activation="relu")
    assert tutor.stage.playing
    assert tutor.stage.total == at + EPOCHS
    while tutor.stage.playing:
        tick(tutor)
    data = type(draws[0])(
        np.stack([d.X for d in draws]), np.stack([d.y for d in draws]), draws[0].generator
    )
    trainer = Trainer(fleet, data, config=TrainingConfig(**SAME))
    trainer.run(epochs=at)
    trainer.change(l2=0.1, activation="relu")
    trainer.run(epochs=EPOCHS)
    found = tutor.work.result
    expected = fleet.predict_proba(found.test.X)[..., 1]
    np.testing.assert_allclose(found.predictions, expected, atol=2e-3)
    assert f"changed at epoch {at}" in tutor.stage.message


def test_other_data_come_in_mid_run(tutor: Tutor) -> None:
    tutor.run()
    work = tutor.work
    tutor.change(noise=0.1, points=60)
    assert tutor.work is work
    assert (tutor.stage.done, tutor.stage.playing) == (EPOCHS, True)
    while tutor.stage.playing:
        tick(tutor)
    found = tutor.work.result
    assert found.test.generator.noise == 0.1
    expected = Generator("moons", 0.1).sample(60, stream(0, "training draw", 3))
    np.testing.assert_array_equal(found.train.X[3], expected.X)
    p = Generator("moons", 0.1).posterior(found.test.X)[:, 1]
    assert found.noise == pytest.approx((p * (1 - p)).mean())


@pytest.mark.parametrize("change", [{"hidden": (5,)}, {"dataset": "xor"}, {"replicas": 10}])
def test_other_networks_start_anew_and_play_on(tutor: Tutor, change: dict[str, Any]) -> None:
    tutor.stage.play()
    for _ in range(3):
        tick(tutor)
    work = tutor.work
    tutor.change(**change)
    assert tutor.work is not work
    assert (tutor.stage.done, tutor.stage.playing) == (0, True)


def test_nothing_is_trained_before_play(tutor: Tutor) -> None:
    tutor.change(l2=0.1, noise=0.1)
    assert (tutor.stage.done, tutor.stage.playing, tutor.stage.state) == (0, False, "idle")
    names = {m.name for m in charts(tutor)[0].marks if isinstance(m, Points)}
    assert names == {"class 0 of one draw", "class 1 of one draw"}
    assert tutor.prediction.outcome == ""


def test_what_is_true_is_worked_out_while_it_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_truths", {})
    tutor = Tutor(**SMALL)
    assert charts(tutor)[1].marks == ()
    tutor.stage.play()
    tick(tutor)
    assert charts(tutor)[1].marks == ()
    assert "Epoch 2" in tutor.stage.message
    while charts(tutor)[1].marks == ():
        tick(tutor)
    assert tutor.stage.playing
    tutor.close()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"dataset": "rings"}, "two classes"),
        ({"dataset": "sine"}, "two classes"),
        ({"dataset": "own", "data": ([[0, 0], [1, 1], [2, 2]] * 4, [0, 1, 1] * 4)}, "no known"),
        ({"replicas": 1}, "replicas"),
        ({"patience": 5}, "no validation set"),
        ({"hidden": (64,) * 6, "points": 5000, "replicas": 100}, "6 or fewer"),
    ],
)
def test_what_does_not_fit_is_refused(tutor: Tutor, settings: dict[str, Any], named: str) -> None:
    before, work = tutor.settings, tutor.work
    with pytest.raises(ParameterError, match=named):
        tutor.change(**settings)
    assert tutor.settings == before
    assert tutor.work is work
    with pytest.raises(ParameterError, match=named):
        Tutor(**settings)


def test_a_control_goes_back_when_its_value_is_refused(tutor: Tutor) -> None:
    tutor.change(hidden=(64, 64, 64), points=500, replicas=30)
    tutor.controls["points"].value = 5000
    assert tutor.controls["points"].value == 500
    assert "Nothing was changed" in tutor.stage.error
    tutor.change(points=30)
    tutor._choice.value = "sources"  # 100 networks are too many of this size
    assert tutor._choice.value == "live"
    assert "Nothing was changed" in tutor.stage.error
    assert isinstance(tutor.work, Live)


def test_networks_that_overflow_are_told_of(tutor: Tutor) -> None:
    tutor.change(optimizer="sgd", learning_rate=1000.0, activation="linear")
    with np.errstate(all="ignore"):
        tutor.stage.run()
    assert "overflowed" in tutor.stage.message
    assert tutor.stage.finished


def test_only_data_sets_with_two_classes_are_offered(tutor: Tutor) -> None:
    offered = [name for _, name in tutor.controls["dataset"].options]
    assert offered == ["circle", "xor", "gaussians", "spiral", "moons", "checkerboard"]
    assert tutor.controls["dataset"].value == "moons"
    assert 0 not in tutor.controls["replicas"].counts


# Exercises.


def test_the_exercises_of_the_live_networks() -> None:
    tutor = Tutor(replicas=10)
    check = tutor.exercises.check
    assert "press Play" in check("variance-largest").sentence
    tutor.run()
    wrong = check("variance-largest")
    assert (wrong.right, "Noise is still the largest" in wrong.sentence) == (False, True)
    tutor.change(points=20, noise=0.2)
    assert "press Play" in check("variance-largest").sentence
    tutor.run()
    assert check("variance-largest").right
    assert "too free" in check("bias-largest").sentence
    tutor.change(hidden=(), noise=0.1)
    tutor.run()
    assert check("bias-largest").right
    assert "too simple" in check("variance-largest").sentence
    tutor.close()


@pytest.mark.slow
def test_the_exercise_on_sizes() -> None:
    tutor = Tutor(replicas=20)
    check = tutor.exercises.check
    tutor.run()
    assert 'choose "Sizes"' in check("near-the-lowest").sentence
    tutor.choose("sizes")
    swept = tutor.run()
    assert "It fell and then rose" in tutor.prediction.outcome
    assert "press Play" in check("near-the-lowest").sentence
    tutor.choose("live")
    tutor.run()
    assert "Take 32 + 32" in check("near-the-lowest").sentence
    tutor.change(hidden=(32, 32))
    tutor.run()
    assert "Variance is the larger part" in check("near-the-lowest").sentence
    tutor.change(l2=1.0)
    tutor.run()
    assert "too much" in check("near-the-lowest").sentence
    tutor.change(noise=0.1)
    tutor.run()
    assert "Sizes had noise 0.3, and here it is 0.1" in check("near-the-lowest").sentence
    tutor.change(noise=0.3, l2=0.01)
    tutor.stage.restart()
    found = tutor.run()
    right = check("near-the-lowest")
    assert right.right
    assert found.expected_error <= 1.1 * swept.expected_error.min()
    tutor.close()


def test_the_exercise_on_sources() -> None:
    tutor = Tutor(points=20, hidden=(3,))
    check = tutor.exercises.check
    assert "press Play" in check("weights-matter-more").sentence
    tutor.choose("sources")
    tutor.run()
    assert "more points" in check("weights-matter-more").sentence
    tutor.change(dataset="xor", points=100)
    tutor.run()
    assert check("weights-matter-more").right
    tutor.close()


def test_a_place_of_the_curve_is_picked() -> None:
    tutor = Tutor(points=20, replicas=3, hidden=(2,))
    tutor.choose("points")
    tutor.run()
    total = next(m for m in charts(tutor)[0].marks if isinstance(m, Line) and m.name == "error")
    number = list(charts(tutor)[0].marks).index(total)
    deliver(tutor.chart_views[0], {"mark": number, "point": 1})
    assert charts(tutor)[1].title == f"You look at {COUNTS[1]} points"
    tutor.close()


# Around it.


def test_every_experiment_runs_to_its_end_and_can_be_drawn(tutor: Tutor) -> None:
    tutor.change(points=20, replicas=2, hidden=(2,))
    run_and_draw_each(tutor)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("library", ["nbtutor", "scikit-learn", "PyTorch"])
def test_the_programs_come_to_such_numbers(library: str, capsys: pytest.CaptureFixture) -> None:  # type: ignore[type-arg]
    if library == "PyTorch" and find_spec("torch") is None:
        pytest.skip("needs PyTorch")
    tutor = Tutor(points=20, replicas=5, hidden=(3,), l2=0.01, batch_size=20)
    found = tutor.run()
    program = tutor.program.write(library).replace("result.figure()", "")
    names: dict[str, Any] = {}
    exec(compile(program, "program", "exec"), names)
    if library == "nbtutor":
        np.testing.assert_allclose(names["result"].predictions, found.predictions, atol=2e-3)
    else:
        said = [float(part) for part in capsys.readouterr().out.replace("=", "+").split("+")]
        assert sum(said[:3]) == pytest.approx(said[3], abs=2e-4)
        # Other draws and other first weights: alike, not the same.
        assert said[0] == pytest.approx(found.noise, rel=0.2)
        assert said[3] == pytest.approx(found.expected_error, rel=0.2)
        assert said[2] == pytest.approx(found.variance, rel=0.5)
    tutor.close()


def test_a_program_that_could_not_do_the_same_is_refused(tutor: Tutor) -> None:
    tutor.change(dropout=0.2)
    with pytest.raises(ParameterError, match="dropout"):
        tutor.program.write("scikit-learn")
    compile(tutor.program.write("PyTorch"), "program", "exec")
    tutor.change(optimizer="adamw", l1=0.1, l2=0.1, activation="gelu")
    compile(tutor.program.write("PyTorch"), "program", "exec")
    tutor.change(schedule="cosine")
    for library in ("nbtutor", "scikit-learn", "PyTorch"):
        with pytest.raises(ParameterError, match="schedule"):
            tutor.program.write(library)


def test_closing_leaves_nothing_open() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    tutor = Tutor(**SMALL)
    tutor.close()
    tutor.close()
    assert set(_instances) - before == set()
