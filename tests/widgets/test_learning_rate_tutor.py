"""Lesson 08's board: its numbers, its exercises, and what a change does."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import nbtutor
from nbtutor.charts import Line, Points, Rule
from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, copies, make_dataset
from nbtutor.widgets.tutors.learning_rate.experiments import EPOCHS, RATES
from tests.widgets.lessons import run_and_draw_each
from tests.widgets.page import deliver


@pytest.fixture
def tutor() -> Iterator[nbtutor.LearningRateTutor]:
    made = nbtutor.LearningRateTutor(points=120, hidden=(4,))
    yield made
    made.close()


def test_each_rate_trains_as_it_would_alone(tutor: nbtutor.LearningRateTutor) -> None:
    """Recomputed with the engine's plain classes, one network at a time."""
    sweep = tutor.run()
    data = make_dataset("moons", n=120, noise=0.2, seed=0)
    train, validation = data.split(0.5)
    for number in (0, 8, 15, 20):
        network = Network((2, 4, 1), "tanh", seed=0, inputs=("x", "y"))
        config = TrainingConfig(learning_rate=float(RATES[number]), batch_size=10)
        trainer = Trainer(network, train, validation, config, seed=0)
        trainer.run(epochs=EPOCHS)
        np.testing.assert_allclose(
            sweep.losses[:, number], trainer.history.train_loss[:, 0], rtol=2e-3
        )


def test_the_charts_show_the_sweep(tutor: nbtutor.LearningRateTutor) -> None:
    sweep = tutor.run()
    curves, u = (view.chart for view in tutor.chart_views[:2])
    faint = [mark for mark in curves.marks if isinstance(mark, Line) and mark.faint]
    np.testing.assert_array_equal([line.y for line in faint], sweep.losses.T)
    shown = {
        float(x): float(y)
        for mark in u.marks
        if isinstance(mark, Points) and mark.name != "diverged"
        for x, y in zip(np.asarray(mark.x), np.asarray(mark.y), strict=True)
    }
    finite = ~sweep.diverged
    expected = dict(zip(RATES[finite].tolist(), sweep.final_losses[finite].tolist(), strict=True))
    assert shown == expected
    assert str(f"{sweep.best_rate:.2g}") in tutor.stage.message


def test_the_limit_is_two_over_the_largest_curvature() -> None:
    """Found from the Hessian of finite differences of the gradient, in all directions."""
    tutor = nbtutor.LearningRateTutor()
    sweep = tutor.run()
    u = tutor.chart_views[1].chart
    limit = next(m.at for m in u.marks if isinstance(m, Rule) and m.label.startswith("limit"))
    trained = tutor.work._trainer.network  # type: ignore[attr-defined]
    network = copies(trained, replica=sweep.best, dtype="float64")
    train, _ = make_dataset("moons", n=400, noise=0.2, seed=0).split(0.5)
    weights, step, columns = network.parameters.flat, 1e-5, []
    for number in range(weights.shape[1]):
        sides = []
        for sign in (1, -1):
            weights[0, number] += sign * step
            sides.append(network.loss_and_gradients(train.X, train.y)[1].flat[0].copy())
            weights[0, number] -= sign * step
        columns.append((sides[0] - sides[1]) / (2 * step))
    hessian = np.array(columns)
    assert limit == pytest.approx(2 / np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1], rel=1e-3)
    tutor.close()


def test_nothing_is_trained_before_play(tutor: nbtutor.LearningRateTutor) -> None:
    assert tutor.stage.done == 0
    assert tutor.stage.state == "idle"
    assert tutor.prediction.outcome == ""


def test_a_setting_starts_the_experiment_again(tutor: nbtutor.LearningRateTutor) -> None:
    tutor.run()
    tutor.controls["batch_size"].value = 32
    assert tutor.settings.batch_size == 32
    assert tutor.stage.done == 0
    with pytest.raises(ParameterError, match="batch_size"):
        tutor.change(batch_size=0)
    assert tutor.settings.batch_size == 32
    tutor.change(learning_rate=0.5)
    assert tutor.controls["learning_rate"].value == 0.5


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(TypeError, match="batch_size"):
        nbtutor.LearningRateTutor(batchsize=3)


def point(tutor: nbtutor.LearningRateTutor, number: int) -> tuple[Points, int]:
    """The point of a rate in the U."""
    for mark in tutor.chart_views[1].chart.marks:
        if isinstance(mark, Points):
            at = np.flatnonzero(np.isclose(np.asarray(mark.x, float), RATES[number]))
            if len(at):
                return mark, int(at[0])
    raise AssertionError(number)


def click(tutor: nbtutor.LearningRateTutor, number: int) -> None:
    mark, at = point(tutor, number)
    content = {"mark": list(tutor.chart_views[1].chart.marks).index(mark), "point": at}
    deliver(tutor.chart_views[1], content)


def test_the_exercises_look_at_the_run() -> None:
    tutor = nbtutor.LearningRateTutor()
    check = tutor.exercises.check
    assert "press Play" in check("good-rate").sentence
    sweep = tutor.run()
    click(tutor, 0)
    low = check("good-rate")
    assert (low.right, "further right" in low.sentence) == (False, True)
    assert check("too-slow").right
    click(tutor, sweep.best)
    assert check("good-rate").right
    assert not check("too-slow").right
    click(tutor, len(RATES) - 1)
    high = check("good-rate")
    assert (high.right, "left" in high.sentence) == (False, True)
    momentum = check("momentum-moves-the-best")
    assert (momentum.right, "Set it to 0.9" in momentum.sentence) == (False, True)
    before = sweep.best_rate
    tutor.change(momentum=0.9)
    assert "press Play" in check("momentum-moves-the-best").sentence
    after = tutor.run()
    click(tutor, 0)
    assert "elsewhere" in check("momentum-moves-the-best").sentence
    click(tutor, after.best)
    found = check("momentum-moves-the-best")
    assert found.right
    assert f"is {after.best_rate:.2g}; without, it is {before:.2g}" in found.sentence
    tutor.close()


def test_every_experiment_runs_to_its_end_and_can_be_drawn(
    tutor: nbtutor.LearningRateTutor,
) -> None:
    run_and_draw_each(tutor)


def test_the_suggestions_are_those_of_the_experiment(tutor: nbtutor.LearningRateTutor) -> None:
    tutor.choose("range_test")
    tests = tutor.run()
    rules = [m for m in tutor.chart_views[0].chart.marks if isinstance(m, Rule)]
    found = {name: rate for name, rate in tests["exponential"].suggestions.items() if rate}
    assert {rule.label: rule.at for rule in rules} == found


@pytest.mark.parametrize("library", ["nbtutor", "NumPy", "PyTorch", "scikit-learn"])
def test_the_programs_are_programs(tutor: nbtutor.LearningRateTutor, library: str) -> None:
    compile(tutor.program.write(library), library, "exec")


def test_its_own_program_gives_the_same_numbers(tutor: nbtutor.LearningRateTutor) -> None:
    sweep = tutor.run()
    names: dict[str, object] = {}
    program = tutor.program.write("nbtutor").replace("sweep.figure()", "")
    exec(compile(program, "program", "exec"), names)
    found = names["sweep"]
    np.testing.assert_allclose(found.final_losses, sweep.final_losses, rtol=1e-4)  # type: ignore[attr-defined]


def test_closing_leaves_nothing_open() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    tutor = nbtutor.LearningRateTutor()
    tutor.close()
    tutor.close()
    assert set(_instances) - before == set()
