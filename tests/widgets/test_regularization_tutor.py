"""Lesson 14's board: its numbers, its exercises, and what a change does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss

import nbtutor
from nbtutor.charts import Bars, Contours, Field, Line, Points, Rule
from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.random import stream
from nbtutor.experiments import REGULARIZERS, prescribe
from nbtutor.widgets.fields import plane_points
from nbtutor.widgets.tutors.plane_marks import SIDE, PlaneField
from nbtutor.widgets.tutors.regularization.experiments import (
    FRESH,
    EarlyStopping,
    LiveRemedies,
    Penalties,
)
from nbtutor.widgets.tutors.regularization.overfit import EPOCHS
from nbtutor.widgets.tutors.regularization.ranking import RemedyRanking, situation_of

SEED = nbtutor.RegularizationTutor.DEFAULTS["seed"]


class QuickRanking(RemedyRanking):
    NETWORKS: ClassVar[int] = 4
    EPOCHS: ClassVar[int] = 12


class QuickTutor(nbtutor.RegularizationTutor):
    EXPERIMENTS: ClassVar = {
        **nbtutor.RegularizationTutor.EXPERIMENTS,
        "ranking": QuickRanking,
    }


@pytest.fixture
def tutor() -> Iterator[nbtutor.RegularizationTutor]:
    made = QuickTutor()
    yield made
    made.close()


def plain(**config: Any) -> Trainer:
    """The shipped run, from the engine's plain classes."""
    data = make_dataset("moons", n=300, noise=0.3, seed=SEED)
    train, validation = data.split(0.1)
    assert len(train) == 30
    network = Network((2, 16, 16, 1), "tanh", seed=SEED, inputs=("x", "y"))
    settings = TrainingConfig(**{"learning_rate": 0.1, "batch_size": 10, **config})
    return Trainer(network, train, validation, settings, SEED)


def weights_of(network: Network) -> np.ndarray:
    return np.concatenate([layer[0].ravel() for layer in network.weights])


# One run.


def test_a_remedy_in_mid_run_is_the_engines_change(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.run()
    tutor.controls["l2"].value = 0.03
    found = tutor.run()
    with_it, without = plain(), plain()
    with_it.run(epochs=EPOCHS)
    with_it.change(l2=0.03)
    for trainer in (with_it, without):
        trainer.run(epochs=2 * EPOCHS - trainer.epoch)
    assert found.epoch == 2 * EPOCHS
    for trainer, train, validation in (
        (with_it, found.train_loss, found.validation_loss),
        (without, found.bare_train_loss, found.bare_validation_loss),
    ):
        assert train == pytest.approx(trainer.history.train_loss[-1, 0], rel=1e-5)
        assert validation == pytest.approx(trainer.history.validation_loss[-1, 0], rel=1e-5)
    assert found.gap < found.bare_gap
    assert f"Gap {found.gap:.2f}; without remedies {found.bare_gap:.2f}" in [
        chart.title for chart in tutor.work.charts()
    ]


def test_the_histogram_counts_the_weights_and_no_bias(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.change(l1=0.03)
    found = tutor.run()
    trainer = plain(l1=0.03)
    trainer.run(epochs=EPOCHS)
    weights = weights_of(trainer.network)
    assert len(weights) == 2 * 16 + 16 * 16 + 16
    chart = tutor.work.charts()[2]
    (bars,) = (mark for mark in chart.marks if isinstance(mark, Bars))
    low, high = np.asarray(bars.left)[0], np.asarray(bars.right)[-1]
    np.testing.assert_array_equal(bars.high, np.histogram(weights, 41, (low, high))[0])
    assert np.asarray(bars.high).sum() == len(weights)
    assert found.near_zero == pytest.approx((np.abs(weights) < 0.01).mean())
    assert found.near_zero_first == pytest.approx(
        (np.abs(trainer.network.weights[0]) < 0.01).mean()
    )
    assert found.near_zero > 0.5


def test_the_plane_shows_what_the_network_answers() -> None:
    network = plain().network
    field = PlaneField(network)()
    answers = network.predict_proba(plane_points(SIDE))[0, :, 1].reshape(SIDE, SIDE)
    np.testing.assert_allclose(field[::-1], answers, atol=1e-6)
    lowest = plane_points(SIDE).reshape(SIDE, SIDE, 2)[::-1][0, 0]
    np.testing.assert_allclose(lowest, [-5.9, -5.9], atol=1e-9)


def test_the_run_without_remedies_is_beside_it_only_with_one(
    tutor: nbtutor.RegularizationTutor,
) -> None:
    def names() -> list[str]:
        plane, losses, weights = tutor.work.charts()
        kinds = (Contours, Line)
        marks = [*plane.marks, *losses.marks, *weights.marks]
        return [mark.name for mark in marks if isinstance(mark, kinds)]

    assert "no remedy" not in names()
    assert "without" not in tutor.work.tell()
    tutor.change(dropout=0.5)
    assert names().count("no remedy") == 3
    assert "without remedies" in tutor.work.tell()


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"jitter": 0.5}, False),
        ({"batch_size": 2}, False),
        ({"dropout": 0.2}, False),
        ({"l1": 0.01}, False),
        ({"l2": 0.01}, False),
        ({"points": 1000}, True),
        ({"inputs": ("x", "y", "noise")}, True),
        ({"hidden": (3,)}, True),
        ({"noise": 0.1}, True),
        ({"seed": 3}, True),
    ],
)
def test_what_can_change_in_mid_run_does_and_the_rest_starts_again(
    tutor: nbtutor.RegularizationTutor, change: dict[str, Any], again: bool
) -> None:
    tutor.stage.play()
    tick(tutor)
    work, done = tutor.work, tutor.stage.done
    assert done > 0
    tutor.change(**change)
    assert tutor.stage.playing
    assert (tutor.work is not work) == again
    assert tutor.stage.done == (0 if again else done)
    assert tutor.stage.total == EPOCHS + (0 if again else done)


def test_patience_is_no_matter_of_this_run(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.change(patience=1)
    found = tutor.run()
    trainer = plain()
    trainer.run(epochs=EPOCHS)
    assert found.epoch == EPOCHS
    assert found.validation_loss == pytest.approx(trainer.history.validation_loss[-1, 0], rel=1e-5)
    assert tutor.stage.total == EPOCHS


def test_a_changes_mark_is_where_it_was_made(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.run()
    tutor.change(l1=0.01)
    tutor.run()
    rules = [mark for mark in tutor.work.charts()[1].marks if isinstance(mark, Rule)]
    assert [(rule.label, rule.at) for rule in rules] == [("L1 0 → 0.01", EPOCHS)]


def test_a_long_run_is_thinned_and_keeps_its_ends(tutor: nbtutor.RegularizationTutor) -> None:
    for l2 in (0.01, 0.02, 0.03):
        tutor.change(l2=l2)
        tutor.run()
    tutor.change(l2=0.04)
    tutor.stage.play()
    tick(tutor)
    losses = tutor.work.charts()[1]
    (line,) = (m for m in losses.marks if isinstance(m, Line) and m.name == "training")
    epochs = np.asarray(line.x)
    assert len(epochs) < 420
    assert (epochs[0], epochs[-1]) == (0, tutor.work.result.epoch)
    assert (np.diff(epochs) > 0).all()


def test_a_run_that_diverges_says_so_and_can_start_again() -> None:
    tutor = nbtutor.RegularizationTutor(learning_rate=1000, l2=10)
    tutor.run()
    assert tutor.stage.finished
    assert "Training stopped" in tutor.stage.message
    tutor.change(learning_rate=0.1)
    assert tutor.stage.done == 0
    tutor.run()
    assert tutor.stage.done == EPOCHS
    tutor.close()


# Early stopping.


@pytest.mark.parametrize("patience", [5, 50])
def test_early_stopping_is_what_prechelt_says(
    tutor: nbtutor.RegularizationTutor, patience: int
) -> None:
    """Found from the whole curve by hand; the loss by another library, on a run of that length."""
    tutor.choose("early_stopping")
    tutor.change(patience=patience)
    found = tutor.run()
    best = 0
    for epoch, loss in enumerate(found.validation_loss):
        if loss < found.validation_loss[best] or epoch == 1:
            best = epoch
        if epoch - best >= patience:
            break
    assert (found.best_epoch, found.stop_epoch) == (best, best + patience)
    fresh = make_dataset("moons", n=10, noise=0.3, seed=SEED).sample(
        FRESH, stream(SEED, "fresh points")
    )
    for epochs, loss in ((best, found.restored_loss), (EPOCHS, found.end_loss)):
        trainer = plain()
        trainer.run(epochs=epochs)
        answers = trainer.network.predict_proba(fresh.X)[0]
        assert loss == pytest.approx(log_loss(fresh.y, answers), rel=1e-4)
    losses, plane = tutor.work.charts()
    rules = {mark.label: mark.at for mark in losses.marks if isinstance(mark, Rule)}
    assert rules == {f"best {best}": best, f"stop {best + patience}": best + patience}
    assert [m.name for m in plane.marks if isinstance(m, Contours)] == [
        *("the run that goes on", "boundary")
    ]


def test_without_patience_nothing_stops(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.choose("early_stopping")
    tutor.change(patience=0)
    found = tutor.run()
    assert found.stop_epoch == 0
    assert found.restored_loss == found.end_loss
    assert "Patience is off" in tutor.stage.message
    tutor.change(patience=500)
    tutor.run()
    assert "has ended before 500 epochs" in tutor.stage.message


# L1 or L2.


def test_each_penalty_trains_as_it_would_alone(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.choose("penalties")
    tutor.change(l2=0.1)
    found = tutor.run()
    for place, penalty in enumerate(({}, {"l1": 0.01}, {"l2": 0.1})):
        trainer = plain(**penalty)
        trainer.run(epochs=EPOCHS)
        np.testing.assert_allclose(found.weights[place], weights_of(trainer.network), atol=0.02)
        assert found.validation_loss[place] == pytest.approx(
            trainer.history.validation_loss[-1, 0], rel=0.02
        )
    titles = [chart.title for chart in tutor.work.charts()]
    assert titles == [
        f"L1 0.01: {found.near_zero[1]:.0%} near zero; no penalty {found.near_zero[0]:.0%}",
        f"L2 0.1: {found.near_zero[2]:.0%} near zero; no penalty {found.near_zero[0]:.0%}",
    ]


# Remedies ranked.


def test_the_ranking_is_the_experiments(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.choose("ranking")
    found = tutor.run()
    situation = situation_of(tutor.settings, QuickRanking.EPOCHS)
    assert (situation.n_train, situation.hidden, situation.spurious) == (30, (16, 16), 1)
    expected = prescribe(situation, remedies=REGULARIZERS, replicas=4, seed=SEED)
    assert found.names == expected.names
    np.testing.assert_array_equal(found.validation_loss, expected.validation_loss)
    ranking, losses = tutor.work.charts()
    ticks = ranking.y.ticks
    assert ticks is not None
    lower = (found.validation_loss < found.before_validation).sum(axis=1)
    assert [word.split()[-1] for _, word in ticks] == [f"{count}/4" for count in lower]
    intervals = [m for m in ranking.marks if isinstance(m, Line) and not m.faint]
    changes = found.validation_loss - found.before_validation
    for line, row in zip(intervals, changes, strict=True):
        margins = stats.t.interval(0.95, 3, row.mean(), stats.sem(row))
        np.testing.assert_allclose(np.asarray(line.x), margins, rtol=1e-5)
    training = next(m for m in losses.marks if isinstance(m, Points) and m.name == "training")
    assert np.asarray(training.x)[0] == pytest.approx(found.before_train.mean())
    assert losses.y.ticks is not None
    assert [word for _, word in losses.y.ticks][:2] == ["no remedy", "more data"]


def test_the_ranking_can_be_seen_while_it_grows(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.choose("ranking")
    seen = set()
    while not tutor.stage.finished:
        tutor.work.advance(0)
        result = tutor.work.result
        seen.add(-1 if result is None else len(result.names))
        tutor.figure() if len(seen) == 1 else tutor.work.charts()
        assert tutor.work.tell()
    assert seen == {-1, *range(11)}


def test_a_row_of_the_ranking_can_be_chosen(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.choose("ranking")
    found = tutor.run()
    click_row(tutor, 3)
    assert tutor.work.chosen == found.names[3]  # type: ignore[attr-defined]
    title = tutor.chart_views[0].chart.title
    assert f"{found.half_width[3]:.2f}" in title
    # A point of the other chart says nothing of the ranking.
    losses = tutor.chart_views[1].chart
    place = next(n for n, mark in enumerate(losses.marks) if isinstance(mark, Points))
    send(tutor.chart_views[1], mark=place, point=0)
    assert tutor.work.chosen == found.names[3]  # type: ignore[attr-defined]


def test_the_prediction_is_answered_by_the_ranking(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.run()
    assert tutor.prediction.outcome == ""
    tutor.choose("ranking")
    found = tutor.run()
    effect = found.effect[found.names.index("more_data")]
    assert f"more data {effect:+.2f}".replace("-", "−") in tutor.prediction.outcome


# The board.


def tick(tutor: nbtutor.RegularizationTutor) -> None:
    send(tutor.stage, type="tick", seen=tutor.stage.seq, window=1, again=False)


def send(view: Any, **content: Any) -> None:
    view.comm.handle_msg(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
    )


def click_row(tutor: nbtutor.RegularizationTutor, row: int) -> None:
    lines = [
        number
        for number, mark in enumerate(tutor.chart_views[0].chart.marks)
        if isinstance(mark, Line) and not mark.faint
    ]
    send(tutor.chart_views[0], mark=lines[row], point=0)


def test_nothing_is_trained_before_play(tutor: nbtutor.RegularizationTutor) -> None:
    assert (tutor.stage.done, tutor.stage.state) == (0, "idle")
    assert tutor.prediction.outcome == ""
    tutor.change(l2=0.1, points=1000)
    assert (tutor.stage.done, tutor.stage.playing) == (0, False)


def test_only_the_controls_that_do_something_are_in_sight(
    tutor: nbtutor.RegularizationTutor,
) -> None:
    for name in tutor.EXPERIMENTS:
        tutor.choose(name)
        shown = {n for n, control in tutor.controls.items() if control.layout.display != "none"}
        assert ("patience" in shown) == (name == "early_stopping")
        assert ("points" in shown) == (name == "live")
        assert {"noise", "seed"} <= shown


def test_every_experiment_can_be_drawn(tutor: nbtutor.RegularizationTutor) -> None:
    for name in tutor.EXPERIMENTS:
        tutor.choose(name)
        tutor.figure()
        tutor.run()
        figure = tutor.figure()
        charts = tutor.work.charts()
        assert [ax.get_title(loc="left") for ax in figure.axes] == [c.title for c in charts]
        shown = [view for view in tutor.chart_views if view.layout.display != "none"]
        assert len(shown) == len(charts)
        assert all(chart.sentence for chart in charts)


def test_huge_weights_can_be_drawn(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.work._run.network.parameters.flat[:] *= 1e30  # type: ignore[attr-defined]
    plane, _, weights = tutor.work.charts()
    (field,) = (mark for mark in plane.marks if isinstance(mark, Field))
    assert np.asarray(field.values).shape == (SIDE, SIDE)
    assert weights.x.limits is not None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dataset": "spirals"}, "dataset must be one of .*moons.*two classes"),
        ({"activation": ("tanh", "relu")}, "activation must be one name for all layers"),
        ({"l2": -1}, "l2"),
    ],
)
def test_what_is_not_allowed_changes_nothing(
    tutor: nbtutor.RegularizationTutor, settings: dict[str, Any], words: str
) -> None:
    before = tutor.settings
    with pytest.raises(ParameterError, match=words):
        tutor.change(**settings)
    assert tutor.settings == before
    with pytest.raises(ParameterError, match=words):
        nbtutor.RegularizationTutor(**settings)


# The exercises look at the learner's own run.


def test_halving_the_gap(tutor: nbtutor.RegularizationTutor) -> None:
    def check() -> tuple[bool, str]:
        outcome = tutor.exercises.check("halve-the-gap")
        return outcome.right, outcome.sentence

    assert "press Play" in check()[1]
    tutor.run()
    assert "No remedy yet" in check()[1]
    tutor.change(batch_size=2)
    tutor.stage.restart()
    tutor.run()
    right, words = check()
    assert (right, "made it wider" in words) == (False, True)
    tutor.change(batch_size=10, l2=0.001)
    tutor.stage.restart()
    tutor.run()
    right, words = check()
    assert (right, "stronger" in words) == (False, True)
    tutor.change(l1=0.001)
    assert "more than one" in check()[1]
    tutor.change(l1=0.0, l2=1.0)
    tutor.run()
    right, words = check()
    assert (right, "underfits" in words) == (False, True)
    tutor.change(l2=0.0)
    tutor.stage.restart()
    tutor.run()
    tutor.change(l2=0.03)
    tutor.run()
    right, words = check()
    assert right, words
    assert f"{tutor.work.result.gap:.2f}" in words
    tutor.change(l2=0.0, points=1000)
    tutor.stage.play()
    tick(tutor)
    assert "Let it train to epoch 200" in check()[1]


def test_half_of_the_weights(tutor: nbtutor.RegularizationTutor) -> None:
    def check() -> tuple[bool, str]:
        outcome = tutor.exercises.check("half-of-the-weights")
        return outcome.right, outcome.sentence

    assert "press Play" in check()[1]
    tutor.run()
    assert "L1 is 0" in check()[1]
    tutor.change(l2=0.01)
    assert check() == (False, "Put L2 back. L1 is 0: raise it.")
    tutor.change(l2=0.0, l1=0.0001)
    tutor.run()
    right, words = check()
    assert (right, "raise L1" in words) == (False, True)
    tutor.change(l1=1.0)
    tutor.run()
    right, words = check()
    assert (right, "jumps over zero" in words) == (False, True)
    tutor.change(l1=0.03)
    tutor.run()
    assert check()[0]


def test_too_impatient(tutor: nbtutor.RegularizationTutor) -> None:
    def check() -> tuple[bool, str]:
        outcome = tutor.exercises.check("impatient")
        return outcome.right, outcome.sentence

    assert "Early stopping" in check()[1]
    tutor.choose("early_stopping")
    tutor.run()
    right, words = check()
    assert (right, "lowest of all" in words) == (False, True)
    tutor.change(patience=0)
    tutor.run()
    assert "not stopped at all" in check()[1]
    tutor.change(patience=2)
    found = tutor.run()
    right, words = check()
    assert right
    assert f"At epoch {found.validation_loss.argmin()}" in words


def test_an_unreliable_remedy(tutor: nbtutor.RegularizationTutor) -> None:
    def check() -> tuple[bool, str]:
        outcome = tutor.exercises.check("unreliable")
        return outcome.right, outcome.sentence

    assert "Remedies ranked" in check()[1]
    tutor.choose("ranking")
    found = tutor.run()
    assert "Click a row" in check()[1]
    harmed = (found.validation_loss >= found.before_validation).sum(axis=1)
    assert harmed.max() >= 3, "the quick ranking has nothing to find"
    click_row(tutor, int(harmed.argmax()))
    assert check()[0]
    click_row(tutor, int(harmed.argmin()))
    right, words = check()
    assert (right, f"of {harmed.min()} of 4" in words) == (False, True)


# The programs.


@pytest.mark.parametrize("library", ["nbtutor", "NumPy", "PyTorch", "scikit-learn"])
def test_the_programs_are_programs(tutor: nbtutor.RegularizationTutor, library: str) -> None:
    for name in tutor.EXPERIMENTS:
        tutor.choose(name)
        compile(tutor.program.write(library), library, "exec")


def test_its_own_program_gives_the_same_numbers(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.change(l2=0.01, jitter=0.5, dropout=0.2, inputs=("x", "y", "noise"), hidden=(8,))
    found = tutor.run()
    names: dict[str, Any] = {}
    exec(compile(tutor.program.write("nbtutor"), "program", "exec"), names)
    losses = names["trainer"].history.validation_loss[:, 0]
    assert losses[-1] == pytest.approx(found.validation_loss, rel=1e-5)
    tutor.choose("early_stopping")
    stopped = tutor.run()
    exec(compile(tutor.program.write("nbtutor"), "program", "exec"), names)
    assert names["trainer"].epoch == stopped.stop_epoch
    assert names["trainer"].best.epoch[0] == stopped.best_epoch


def test_the_rankings_program_gives_the_same_numbers(tutor: nbtutor.RegularizationTutor) -> None:
    tutor.choose("ranking")
    found = tutor.run()
    program = tutor.program.write("nbtutor").replace("ranking.figure()", "")
    quick = program.replace("epochs=300", "epochs=12").replace("replicas=20", "replicas=4")
    names: dict[str, Any] = {}
    exec(compile(quick, "program", "exec"), names)
    np.testing.assert_allclose(names["ranking"].effect, found.effect, rtol=1e-4)


def test_the_numpy_program_gives_the_same_numbers(
    tutor: nbtutor.RegularizationTutor, capsys: pytest.CaptureFixture[str]
) -> None:
    tutor.change(l1=0.003, dropout=0.2)
    found = tutor.run()
    exec(compile(tutor.program.write("NumPy"), "program", "exec"), {"__name__": "__main__"})
    last = capsys.readouterr().out.splitlines()[-1]
    said = re.fullmatch(r"epoch 300: train loss (\S+), validation loss (\S+)", last)
    assert said is not None
    assert float(said[1]) == pytest.approx(found.train_loss, abs=1e-3)
    assert float(said[2]) == pytest.approx(found.validation_loss, abs=1e-3)


def test_experiments_have_their_own_words() -> None:
    kinds = (LiveRemedies, EarlyStopping, Penalties, RemedyRanking)
    assert len({kind.label for kind in kinds}) == 4


def test_closing_leaves_nothing_open() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    tutor = nbtutor.RegularizationTutor()
    tutor.choose("early_stopping")
    tutor.close()
    tutor.close()
    assert set(_instances) - before == set()


def test_settings_are_frozen_by_the_run(tutor: nbtutor.RegularizationTutor) -> None:
    """The same settings give the same numbers, whatever was tried between."""
    first = tutor.run()
    tutor.change(l2=0.1)
    tutor.run()
    tutor.stage.restart()
    tutor.change(l2=0.0)
    assert tutor.settings == replace(tutor.settings, l2=0.0)
    tutor.stage.restart()
    assert tutor.run() == first
