"""Lesson 01's board: its numbers against PyTorch and SciPy, its dials, and its exercises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import scipy.special

import nbtutor
from nbtutor.charts import Bars, Chart, Field, Line, Points
from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.widgets.tutors.activation.by_hand import (
    POINTS,
    SHOWN_ACTIVATIONS,
    SIDE,
    TEMPERATURES,
    Neuron,
    Softmax,
    activate,
    crossing,
    softmax,
)
from nbtutor.widgets.tutors.activation.programs import LIBRARIES
from nbtutor.widgets.tutors.activation.runs import (
    ALL_UNITS,
    EPOCHS,
    RACERS,
    RUNS,
    SHOWN_EPOCHS,
    SWITCH,
    UNITS,
    WAYS,
    DeadUnits,
    Race,
)
from tests.widgets.lessons import run_and_draw_each

Z = np.concatenate([np.linspace(-8, 8, 161), [-40.0, 40.0]])


@pytest.fixture
def tutor() -> Iterator[nbtutor.ActivationTutor]:
    made = nbtutor.ActivationTutor(points=120)
    yield made
    made.close()


def neuron(tutor: nbtutor.ActivationTutor) -> Neuron:
    assert isinstance(tutor.work, Neuron)
    return tutor.work


def mark_of(chart: Chart, kind: type, name: str) -> Any:
    return next(m for m in chart.marks if type(m) is kind and getattr(m, "name", "") == name)


# One neuron.


@pytest.mark.parametrize("name", SHOWN_ACTIVATIONS)
def test_outputs_and_slopes_are_those_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    functions = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.nn.functional.relu,
        "leaky_relu": torch.nn.functional.leaky_relu,
        "elu": torch.nn.functional.elu,
        "gelu": lambda z: torch.nn.functional.gelu(z, approximate="tanh"),
        "silu": torch.nn.functional.silu,
        "softplus": torch.nn.functional.softplus,
        "linear": lambda z: z * 1,
    }
    z = torch.tensor(Z, dtype=torch.float64, requires_grad=True)
    a = functions[name](z)
    a.sum().backward()
    output, slope = activate(name, Z)
    np.testing.assert_allclose(output, a.detach().numpy(), atol=1e-7)
    np.testing.assert_allclose(slope, z.grad.numpy(), atol=1e-7)


def test_the_neuron_answers_with_a_weighted_sum(tutor: nbtutor.ActivationTutor) -> None:
    tutor.turn(w1=0.7, w2=-2.1, b=1.5, activation="tanh")
    answer, (x, y) = tutor.run(), neuron(tutor).probe
    z = 0.7 * x - 2.1 * y + 1.5
    assert answer.z == pytest.approx(z)
    assert answer.output == pytest.approx(np.tanh(z))
    assert answer.slope == pytest.approx(1 / np.cosh(z) ** 2)
    # By finite differences of the whole neuron.
    step = 1e-6
    for number, name in enumerate(("w1", "w2", "b")):
        weights = {"w1": 0.7, "w2": -2.1, "b": 1.5}
        ends = []
        for sign in (1, -1):
            w = weights | {name: weights[name] + sign * step}
            ends.append(np.tanh(w["w1"] * x + w["w2"] * y + w["b"]))
        assert answer.gradient[number] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


def test_the_accuracy_is_that_of_logistic_regression(tutor: nbtutor.ActivationTutor) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    data = make_dataset("gaussians", POINTS, 0.1, 0)
    model = linear_model.LogisticRegression().fit(data.X, data.y)
    w1, w2 = (round(float(w), 1) for w in model.coef_[0])
    tutor.turn(w1=w1, w2=w2, b=round(float(model.intercept_[0]), 1))
    model.coef_, model.intercept_ = np.array([[w1, w2]]), np.array([neuron(tutor).b])
    assert tutor.run().accuracy == model.score(data.X, data.y)


def test_the_formulas_are_true(tutor: nbtutor.ActivationTutor) -> None:
    tutor.turn(w1=-1.5, w2=0.5, b=-0.2)
    line, outputs, mean = neuron(tutor).formulas()
    sum_, _, z = line.replace("\N{MINUS SIGN}", "-").replace("\u00d7", "*").rpartition(" = ")
    assert eval(sum_.rpartition(" = ")[2]) == pytest.approx(float(z.strip("()")), abs=0.03)
    answer = tutor.run()
    assert f"f(z) = {answer.output:.3f}" in outputs
    assert f"f\u2032(z) = {answer.slope:.3f}" in outputs
    assert mean.endswith(f"= {answer.mean:.2f}")
    assert all(part in tutor._formulas.value for part in (outputs, mean))


def test_zero_is_written_without_a_sign(tutor: nbtutor.ActivationTutor) -> None:
    tutor.turn(w1=0, w2=0, b=0, activation="tanh")
    x, y = (f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in neuron(tutor).probe)
    assert f"= 0.0 \u00d7 ({x}) + 0.0 \u00d7 ({y}) + 0.0 = 0.00" in neuron(tutor).formulas()[0]


def test_the_mean_over_the_plane_by_symmetry(tutor: nbtutor.ActivationTutor) -> None:
    """Without a bias, the plane has as much on one side as on the other."""
    tutor.turn(w1=1.3, w2=0.4, b=0)
    assert tutor.run().mean == pytest.approx(0.5)
    tutor.turn(activation="tanh")
    assert tutor.run().mean == pytest.approx(0, abs=1e-12)


def test_larger_weights_leave_the_line_where_it_is(tutor: nbtutor.ActivationTutor) -> None:
    tutor.turn(w1=0.5, w2=-0.3, b=0.4)
    before = mark_of(tutor.chart_views[1].chart, Line, "z = 0")
    accuracy = tutor.run().accuracy
    tutor.turn(w1=5, w2=-3, b=4)
    after = mark_of(tutor.chart_views[1].chart, Line, "z = 0")
    np.testing.assert_allclose([before.x, before.y], [after.x, after.y])
    assert tutor.run().accuracy == accuracy


@pytest.mark.parametrize("name", SHOWN_ACTIVATIONS)
def test_the_picture_changes_sides_on_the_line(tutor: nbtutor.ActivationTutor, name: str) -> None:
    """Row 0 of a field is the lowest y, and the line lies where z is 0 whatever the activation."""
    tutor.turn(w1=0, w2=1, b=-2.5, activation=name)
    picture = tutor.chart_views[1].chart
    field, line = mark_of(picture, Field, "output"), mark_of(picture, Line, "z = 0")
    np.testing.assert_allclose(line.y, 2.5)
    values = np.asarray(field.values)
    assert values.shape == (SIDE, SIDE)
    assert values[-1, 0] > values[0, 0]
    row = round((2.5 + 6) / 12 * SIDE)
    middle = activate(name, np.zeros(1))[0][0]
    expected = {"sigmoid": 0.5, "tanh": 0.5, "softplus": 0.5 + 0.5 * middle / 3.5}.get(name, 0.5)
    assert values[row, 0] == pytest.approx(expected, abs=0.05)


def test_lines_that_leave_the_plane() -> None:
    assert crossing(0, 0, 0) is None
    assert crossing(0, 0, 3) is None
    assert crossing(1, 0, 7) is None
    for line, ends in (((1, 0, -2), [[2, -6], [2, 6]]), ((1, -1, 0), [[-6, -6], [6, 6]])):
        assert np.array_equal(crossing(*line), ends)  # type: ignore[arg-type]
    slanted = crossing(1, 2, 3)
    assert slanted is not None
    np.testing.assert_allclose(slanted @ [1, 2] + 3, 0, atol=1e-12)


def test_the_axis_follows_a_sum_that_is_far_away(tutor: nbtutor.ActivationTutor) -> None:
    tutor.turn(w1=-5, w2=-5, b=10)
    chart = tutor.chart_views[0].chart
    assert chart.x.limits is not None
    assert chart.x.limits[0] <= tutor.run().z <= chart.x.limits[1]


def click(tutor: nbtutor.ActivationTutor, chart: int, name: str, point: int) -> None:
    view = tutor.chart_views[chart]
    names = [getattr(mark, "name", "") for mark in view.chart.marks]
    view.comm.handle_msg(
        {
            "content": {
                "data": {
                    "method": "custom",
                    "content": {"mark": names.index(name), "point": point},
                }
            },
            "buffers": [],
        }
    )


def test_a_clicked_point_is_looked_at(tutor: nbtutor.ActivationTutor) -> None:
    mark = mark_of(tutor.chart_views[1].chart, Points, "class 0")
    click(tutor, 1, "class 0", 3)
    place = (np.asarray(mark.x)[3], np.asarray(mark.y)[3])
    assert tuple(neuron(tutor).probe) == place
    assert f"{abs(place[0]):.2f}" in tutor._formulas.value
    click(tutor, 1, "z = 0", 0)
    click(tutor, 0, "output f(z)", 9)
    assert tuple(neuron(tutor).probe) == place, "a line is no point to look at"


def test_other_points_make_another_neuron_with_the_same_weights(
    tutor: nbtutor.ActivationTutor,
) -> None:
    tutor.turn(w1=2, activation="gelu")
    before = neuron(tutor)
    tutor.turn(points="circle")
    assert neuron(tutor) is not before
    assert (neuron(tutor).w1, neuron(tutor).activation) == (2, "gelu")
    tutor.change(seed=5)
    assert neuron(tutor).points == "circle"


@pytest.mark.parametrize(
    ("dials", "words"),
    [
        ({"w1": 6}, "w1 must be"),
        ({"b": float("nan")}, "b must be"),
        ({"activation": "rule"}, "Did you mean 'relu'"),
        ({"w1": 1, "points": "spirals"}, "points must be one of"),
    ],
)
def test_nonsense_is_refused(
    tutor: nbtutor.ActivationTutor, dials: dict[str, object], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        tutor.turn(**dials)
    assert neuron(tutor).w1 == 1


# Softmax.


def test_probabilities_are_those_of_scipy(tutor: nbtutor.ActivationTutor) -> None:
    tutor.choose("softmax")
    scores = {"score_a": -5.0, "score_b": 4.4, "score_c": 4.5, "score_d": 0.1}
    for temperature in (TEMPERATURES[0], 1.0, TEMPERATURES[-1]):
        tutor.turn(temperature=temperature, **scores)
        expected = scipy.special.softmax(np.array(list(scores.values())) / temperature)
        np.testing.assert_allclose(tutor.run(), expected, rtol=1e-9, atol=1e-300)
        bars, lines = (view.chart for view in tutor.chart_views[:2])
        highs = [m.high for m in bars.marks if isinstance(m, Bars)]
        np.testing.assert_allclose(np.ravel(highs), expected)  # type: ignore[arg-type]
        for number, name in enumerate("ABCD"):
            line = mark_of(lines, Line, name)
            at = np.interp(np.log(temperature), np.log(line.x), line.y)
            assert at == pytest.approx(expected[number], abs=0.01)


def test_its_two_ends() -> None:
    scores = np.array([2.0, 1.0, 0.0, -1.0])
    np.testing.assert_allclose(softmax(scores, TEMPERATURES[0]), [1, 0, 0, 0], atol=1e-8)
    np.testing.assert_allclose(softmax(scores, 1e6), 0.25, atol=1e-5)
    # A score that is larger by T makes the probability larger by the factor e.
    p = softmax(np.array([3.0, 2.5]), 0.5)
    assert p[0] / p[1] == pytest.approx(np.e)


# What is trained.


def test_a_racer_runs_as_it_would_alone(tutor: nbtutor.ActivationTutor) -> None:
    """Recomputed with the engine's plain classes, and its means with PyTorch's functions."""
    tutor.choose("race")
    losses = tutor.run()
    data = make_dataset("circle", n=120, noise=0.1, seed=0)
    train, validation = data.split(0.5)
    for name in ("sigmoid", "gelu"):
        network = Network((2, UNITS, 1), name, seed=0, inputs=("x", "y"))
        trainer = Trainer(network, train, validation, TrainingConfig(batch_size=10), seed=0)
        trainer.run(epochs=EPOCHS)
        np.testing.assert_allclose(losses[name][:, 0], trainer.history.train_loss[:, 0], rtol=2e-3)
    shapes = {name: entry.shape for name, entry in losses.items()}
    assert shapes == dict.fromkeys(RACERS, (EPOCHS + 1, RUNS))


def test_the_laps_are_means_over_units_and_points(tutor: nbtutor.ActivationTutor) -> None:
    tutor.choose("race")
    race = tutor.work
    assert isinstance(race, Race)
    train, _ = make_dataset("circle", n=120, noise=0.1, seed=0).split(0.5)
    fleet = Network((2, UNITS, 1), "tanh", replicas=RUNS, seed=0)
    z = train.X @ fleet.weights[0] + fleet.biases[0][:, None]
    assert race.laps["tanh"][0].mean == pytest.approx(np.tanh(z).mean(), abs=1e-5)
    assert race.laps["tanh"][0].slope == pytest.approx((1 - np.tanh(z) ** 2).mean(), abs=1e-5)
    assert race.laps["relu"][0].slope == pytest.approx((z > 0).mean(), abs=1e-5)
    tutor.run()
    assert all(len(laps) == EPOCHS + 1 for laps in tutor.work.laps.values())  # type: ignore[attr-defined]
    assert "sigmoid ended highest" in tutor.prediction.outcome


def test_dead_units_are_those_the_engine_calls_dead(tutor: nbtutor.ActivationTutor) -> None:
    tutor.choose("dead_units")
    tutor.turn(rate=3)
    off = tutor.run()
    assert off["relu"][-1] > 0
    train, validation = make_dataset("circle", n=120, noise=0.1, seed=0).split(0.5)
    for name, rate in (("relu", 3.0), ("low", 0.3)):
        network = Network((2, UNITS, 1), "relu", replicas=RUNS, seed=0, inputs=("x", "y"))
        trainer = Trainer(
            *(network, train, validation, TrainingConfig(learning_rate=rate, batch_size=10)), seed=0
        )
        counts = [int(network.dead_units(train.X).sum())]
        for _ in range(EPOCHS):
            trainer.run(epochs=1)
            counts.append(int(network.dead_units(train.X).sum()))
        assert off[name] == counts
    # The remedies start from where ReLU stood.
    assert off["then_low"][0] == off["then_leaky"][0] == off["relu"][SWITCH]
    assert len(off["then_low"]) == EPOCHS - SWITCH + 1


def test_the_atlas_shows_where_units_are_on(tutor: nbtutor.ActivationTutor) -> None:
    tutor.choose("dead_units")
    tutor.turn(rate=3)
    tutor.run()
    work = tutor.work
    assert isinstance(work, DeadUnits)
    for look in WAYS:
        tutor.turn(look=look)
        assert tutor.work is work, "to look elsewhere trains nothing again"
        atlas = tutor.chart_views[0].chart
        assert WAYS[look] in atlas.title
        fields = [mark for mark in atlas.marks if isinstance(mark, Field)]
        assert len(fields) == UNITS * len(SHOWN_EPOCHS)
    # The last row is the network as it is now: asked point by point, through its outputs.
    network = work._trainers["then_leaky"].network
    x = -6 + 12 * (np.arange(20) + 0.5) / 20
    grid = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    outputs = network.layer_outputs(grid)[0][0]
    for unit, field in enumerate(fields[-UNITS:]):
        on = np.asarray(field.values) > 0.5
        np.testing.assert_array_equal(on, (outputs[:, unit] > 0).reshape(20, 20))
    crosses = [mark for mark in atlas.marks if isinstance(mark, Points)]
    train, _ = make_dataset("circle", n=120, noise=0.1, seed=0).split(0.5)
    silent = (network.layer_outputs(train.X)[0][0] <= 0).all(axis=0)
    last = [x - 0.5 for x, y in zip(*crosses_of(crosses), strict=True) if y < -7]
    assert sorted(last) == np.flatnonzero(silent).tolist()


def crosses_of(marks: list[Points]) -> tuple[list[float], list[float]]:
    xs = [float(x) for mark in marks for x in np.ravel(np.asarray(mark.x))]
    ys = [float(y) for mark in marks for y in np.ravel(np.asarray(mark.y))]
    return xs, ys


# The exercises.


def test_the_exercises_on_the_neuron(tutor: nbtutor.ActivationTutor) -> None:
    check = tutor.exercises.check
    assert "through both clouds" in check("separate").sentence
    tutor.turn(w1=1, w2=1)
    assert "the wrong way round" in check("separate").sentence
    tutor.turn(w1=0, w2=0)
    assert "no line at all" in check("separate").sentence
    tutor.turn(w1=-1, w2=-1, b=8)
    found = check("separate")
    assert (found.right, "move it by the bias" in found.sentence) == (False, True)
    tutor.turn(b=0)
    assert check("separate").right
    tutor.turn(points="circle")
    assert 'Choose "Two clouds"' in check("separate").sentence
    tutor.turn(w1=0.1, w2=0, points="gaussians")
    flat = check("saturate")
    assert (flat.right, "far from 0" in flat.sentence) == (False, True)
    tutor.turn(w1=-5, w2=-5)
    assert check("saturate").right
    tutor.turn(activation="relu")
    assert "asks for a sigmoid" in check("saturate").sentence


def test_the_exercise_on_the_softmax(tutor: nbtutor.ActivationTutor) -> None:
    check = tutor.exercises.check
    assert 'Choose "Softmax"' in check("confident").sentence
    tutor.choose("softmax")
    assert isinstance(tutor.work, Softmax)
    assert "try a lower" in check("confident").sentence
    tutor.turn(temperature=0.1)
    assert "try a higher" in check("confident").sentence
    tutor.turn(temperature=next(t for t in TEMPERATURES if 0.43 < t < 0.46))
    assert check("confident").right
    tutor.turn(score_b=2)
    assert "share the highest score" in check("confident").sentence


def test_the_exercises_on_dead_units() -> None:
    tutor = nbtutor.ActivationTutor()
    check = tutor.exercises.check
    assert "press Play" in check("kill").sentence
    tutor.choose("dead_units")
    assert "press Play" in check("wake").sentence
    tutor.run()
    low = check("kill")
    assert (low.right, "Raise the learning rate" in low.sentence) == (False, True)
    assert "No unit was dead" in check("wake").sentence
    tutor.turn(rate=3)
    assert "press Play" in check("kill").sentence, "another rate makes other runs"
    off = tutor.run()
    killed = check("kill")
    assert killed.right
    assert f"{off['relu'][-1]} of {ALL_UNITS}" in killed.sentence
    assert "no remedy" in check("wake").sentence
    tutor.turn(look="then_low")
    assert "0 times any rate is 0" in check("wake").sentence
    tutor.turn(look="then_leaky")
    woken = check("wake")
    assert woken.right
    assert f"{off['then_leaky'][0]} units were off" in woken.sentence
    tutor.close()


# The programs.


def outcome(program: str) -> object:
    """Run a program, and return what its last line says."""
    *lines, last = program.rstrip().splitlines()
    names: dict[str, object] = {}
    exec(compile("\n".join(lines), "program", "exec"), names)
    return eval(last, names)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", SHOWN_ACTIVATIONS)
def test_programs_of_the_neuron(tutor: nbtutor.ActivationTutor, library: str, name: str) -> None:
    if library == "PyTorch":
        pytest.importorskip("torch")
    tutor.turn(w1=0.8, w2=0.4, b=-0.3, activation=name)
    if library == "scikit-learn" and name != "sigmoid":
        with pytest.raises(ParameterError, match="Choose Sigmoid"):
            tutor.program.write(library)
        return
    for point in (0, 1):
        click(tutor, 1, f"class {point}", 0)
        answer = tutor.run()
        found = [float(value) for value in outcome(tutor.program.write(library))]  # type: ignore[attr-defined]
        assert found == pytest.approx([answer.z, answer.output, answer.slope], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("library", LIBRARIES)
def test_programs_of_the_softmax(tutor: nbtutor.ActivationTutor, library: str) -> None:
    if library == "PyTorch":
        pytest.importorskip("torch")
    tutor.choose("softmax")
    tutor.turn(score_c=3.3, temperature=0.5)
    found = np.asarray(outcome(tutor.program.write(library)))
    np.testing.assert_allclose(found, tutor.run(), rtol=1e-9)


@pytest.mark.parametrize("dataset", ["circle", "blobs", "sine"])
def test_the_programs_of_what_is_trained_give_the_same_numbers(
    tutor: nbtutor.ActivationTutor, dataset: str
) -> None:
    tutor.change(dataset=dataset)
    tutor.choose("race")
    losses = tutor.run()
    found = outcome(tutor.program.write("nbtutor"))
    for name in RACERS:
        np.testing.assert_allclose(found[name], losses[name][-1], rtol=1e-4)  # type: ignore[index]
    tutor.choose("dead_units")
    tutor.turn(rate=3)
    assert outcome(tutor.program.write("nbtutor")) == tutor.run()["relu"][-1]


def test_a_program_needs_the_name_of_the_data() -> None:
    points = ([[0.0, 0.0], [1.0, 1.0]] * 10, [0, 1] * 10)
    tutor = nbtutor.ActivationTutor(dataset="own", data=points)
    tutor.choose("race")
    with pytest.raises(ParameterError, match="carry the points"):
        tutor.program.write("nbtutor")
    compile(tutor.program.write("NumPy"), "NumPy", "exec")
    tutor.close()


@pytest.mark.parametrize("experiment", ["race", "dead_units"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_programs_are_programs(
    tutor: nbtutor.ActivationTutor, experiment: str, library: str
) -> None:
    tutor.choose(experiment)
    compile(tutor.program.write(library), library, "exec")


# The board.


def test_every_experiment_runs_to_its_end_and_can_be_drawn(
    tutor: nbtutor.ActivationTutor,
) -> None:
    run_and_draw_each(tutor)


@pytest.mark.parametrize("settings", [{"dataset": "blobs"}, {"dataset": "sine"}, {"hidden": ()}])
def test_other_settings_run_too(settings: dict[str, object]) -> None:
    tutor = nbtutor.ActivationTutor(points=60, **settings)
    for name in ("race", "dead_units"):
        tutor.choose(name)
        tutor.run()
        assert tutor.stage.finished
    tutor.close()


def test_a_rate_that_diverges_ends_all_the_same() -> None:
    tutor = nbtutor.ActivationTutor(dataset="sine", points=200)
    tutor.choose("dead_units")
    tutor.turn(rate=5)
    tutor.run()
    assert tutor.stage.finished
    assert tutor.figure().axes
    for name in ("kill", "wake"):
        assert tutor.exercises.check(name).sentence
    tutor.close()


def test_closing_leaves_nothing_open() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    tutor = nbtutor.ActivationTutor()
    tutor.close()
    tutor.close()
    assert set(_instances) - before == set()
