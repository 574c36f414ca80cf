"""A weight or a bias that is set by hand in mid-run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbtutor.engine import (
    Network,
    ParameterError,
    Place,
    Trainer,
    TrainingConfig,
    load_run,
    make_dataset,
    save_run,
)
from nbtutor.engine.code import to_code
from nbtutor.engine.places import unit_name

WEIGHT, BIAS = Place(0, 1, 2), Place(1, None, 0)


def make_trainer(keep: int = 0) -> Trainer:
    data = make_dataset("moons", 80, 0.1, 3)
    train, validation = data.split(0.5)
    network = Network((2, 4, 1), seed=1, inputs=("x", "y"))
    config = TrainingConfig(learning_rate=0.05, optimizer="adam", batch_size=8, l2=0.01)
    return Trainer(network, train, validation, config, 5, keep=keep)


def cross_entropy(trainer: Trainer, validation: bool) -> float:
    """The loss by its own formula, from the probabilities."""
    data = trainer.validation if validation else trainer.train
    assert data is not None
    p = np.asarray(trainer.network.predict_proba(data.X), np.float64).reshape(len(data), 2)
    return float(-np.log(p[np.arange(len(data)), data.y]).mean())


@pytest.mark.parametrize("place", [WEIGHT, BIAS])
def test_it_is_set_and_nothing_else(place: Place) -> None:
    trainer = make_trainer()
    trainer.run(updates=7)
    before = trainer.checkpoint()
    trainer.set_parameter(place, 1.25)
    after = trainer.checkpoint()
    changed = np.flatnonzero(before.parameters != after.parameters)
    assert len(changed) == 1
    weights, biases = trainer.network.weights, trainer.network.biases
    assert (weights[0][0, 1, 2] if place is WEIGHT else biases[1][0, 0]) == 1.25
    np.testing.assert_array_equal(before.optimizer_state, after.optimizer_state)
    assert before.optimizer_state.any()
    assert (before.optimizer_time, before.updates, before.cursor) == (7, 7, after.cursor)
    assert after.optimizer_time == 7


def test_the_run_goes_on_as_one_that_had_this_weight() -> None:
    trainer, other = make_trainer(), make_trainer()
    for each in (trainer, other):
        each.run(updates=7)
    trainer.set_parameter(WEIGHT, 1.25)
    other.network.weights[0][0, 1, 2] = 1.25
    for each in (trainer, other):
        each.run(epochs=3)
    np.testing.assert_array_equal(trainer.network.parameters.flat, other.network.parameters.flat)
    np.testing.assert_array_equal(trainer.history.train_loss, other.history.train_loss)


@pytest.mark.parametrize("updates", [0, 10])  # five an epoch
def test_at_the_end_of_an_epoch_its_entry_is_measured_anew(updates: int) -> None:
    trainer = make_trainer()
    trainer.run(updates=updates)
    entries = len(trainer.history)
    loss = trainer.history.train_loss[-1, 0]
    trainer.set_parameter(BIAS, 2.0)
    assert len(trainer.history) == entries
    assert trainer.history.train_loss[-1, 0] != loss
    for name, validation in (("train_loss", False), ("validation_loss", True)):
        expected = cross_entropy(trainer, validation)
        assert getattr(trainer.history, name)[-1, 0] == pytest.approx(expected, rel=1e-4)
        assert trainer.measured()[name] == getattr(trainer.history, name)[-1, 0]
    squares = sum((w**2).sum() for w in trainer.network.weights)
    objective = cross_entropy(trainer, False) + 0.01 / 2 * squares
    assert trainer.history.train_objective[-1, 0] == pytest.approx(objective, rel=1e-4)


def test_in_mid_epoch_the_entries_stay_and_it_is_measured_now() -> None:
    trainer = make_trainer()
    trainer.run(updates=7)
    before = trainer.history.train_loss.copy()
    assert trainer.measured()["train_loss"] == before[-1, 0]
    trainer.set_parameter(BIAS, 2.0)
    np.testing.assert_array_equal(trainer.history.train_loss, before)
    measured = trainer.measured()
    assert measured["train_loss"] == pytest.approx(cross_entropy(trainer, False), rel=1e-4)
    assert measured["validation_loss"] == pytest.approx(cross_entropy(trainer, True), rel=1e-4)
    trainer.run(updates=1)
    assert trainer.measured()["train_loss"] == pytest.approx(cross_entropy(trainer, False), 1e-4)
    trainer.run(epochs=1)
    assert trainer.measured() == trainer.history.last()


def test_without_a_validation_set_there_is_no_number_of_it() -> None:
    data = make_dataset("moons", 40, 0.1, 3)
    trainer = Trainer(Network((2, 4, 1), seed=1), data)
    trainer.run(updates=1)
    trainer.set_parameter(BIAS, 2.0)
    assert np.isnan(trainer.measured()["validation_loss"])


def test_the_history_has_a_note() -> None:
    trainer = make_trainer()
    trainer.run(updates=7)
    trainer.network.weights[0][0, 1, 2] = 0.31
    trainer.set_parameter(WEIGHT, -1.25)
    trainer.set_parameter(WEIGHT, 1.25)  # nothing was trained between the two
    trainer.set_parameter(BIAS, 0.5)
    labels = [event.label for event in trainer.history.events]
    assert labels[0] == "w(y → hidden 1, unit 3) 0.31 → 1.25"
    assert labels[1].startswith("b(the output) ")
    assert trainer.history.events[0].epoch == 1.4
    assert trainer.history.events[0].by_hand
    assert len(labels) == 2


def test_a_drag_while_it_trains_is_one_note() -> None:
    trainer = make_trainer()
    trainer.run(updates=7)
    trainer.network.weights[0][0, 1, 2] = 0.31
    for number, value in enumerate((0.5, 0.75, -0.5)):
        trainer.set_parameter(WEIGHT, value, continued=number > 0)
        trainer.run(updates=1)
    trainer.set_parameter(WEIGHT, 2.0)  # another hand
    labels = [event.label for event in trainer.history.events]
    assert labels[0] == "w(y → hidden 1, unit 3) 0.31 → −0.5"
    assert len(labels) == 2
    assert trainer.history.events[0].update == 9


def test_put_back_it_leaves_no_note_and_the_same_losses() -> None:
    trainer = make_trainer()
    trainer.run(epochs=2)
    last, value = trainer.history.last(), float(trainer.network.weights[0][0, 1, 2])
    trainer.set_parameter(WEIGHT, 2.0)
    trainer.set_parameter(WEIGHT, value)
    assert trainer.history.events == []
    assert trainer.history.last() == last


def test_what_is_kept_of_a_whole_epoch_is_what_was_set() -> None:
    trainer = make_trainer(keep=10)
    trainer.run(epochs=2)
    trainer.set_parameter(BIAS, 2.0)
    losses = trainer.history.train_loss.copy()
    trainer.run(epochs=2)
    after = trainer.network.parameters.flat.copy()
    trainer.rewind(2)
    assert trainer.network.biases[1][0, 0] == 2
    np.testing.assert_array_equal(trainer.history.train_loss, losses)
    assert len(trainer.history.events) == 1
    trainer.run(epochs=2)
    np.testing.assert_array_equal(trainer.network.parameters.flat, after)


def test_going_back_before_it_forgets_it() -> None:
    trainer, other = make_trainer(keep=10), make_trainer(keep=10)
    for each in (trainer, other):
        each.run(epochs=4)
    trainer.rewind(2)
    trainer.run(updates=2)
    trainer.set_parameter(BIAS, 2.0)
    trainer.run(epochs=1)
    trainer.rewind(2)
    assert trainer.history.events == []
    trainer.run(epochs=2)
    np.testing.assert_array_equal(trainer.network.parameters.flat, other.network.parameters.flat)


def test_a_run_that_is_stored_still_measures_now(tmp_path: Path) -> None:
    trainer = make_trainer()
    trainer.run(updates=7)
    trainer.set_parameter(BIAS, 2.0)
    stored = save_run(trainer, tmp_path / "run.npz")
    assert load_run(stored).measured() == pytest.approx(trainer.measured())


@pytest.mark.parametrize(
    "place",
    [Place(2, 0, 0), Place(-1, 0, 0), Place(0, 2, 0), Place(0, 0, 4), Place(0, 0, -1),
     Place(True, 0, 0), Place(0, 0.5, 0)],  # type: ignore[arg-type]
)  # fmt: skip
def test_a_place_that_is_none_is_refused(place: Place) -> None:
    trainer = make_trainer()
    before = trainer.network.parameters.flat.copy()
    with pytest.raises(ParameterError):
        trainer.set_parameter(place, 1.0)
    np.testing.assert_array_equal(trainer.network.parameters.flat, before)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1001, -1e30, "1", None, True])
def test_a_value_that_is_none_is_refused(value: object) -> None:
    trainer = make_trainer()
    before = trainer.network.parameters.flat.copy()
    with pytest.raises(ParameterError, match=r"value must be a number from -1000 to 1000"):
        trainer.set_parameter(WEIGHT, value)  # type: ignore[arg-type]
    np.testing.assert_array_equal(trainer.network.parameters.flat, before)
    assert trainer.history.events == []


def test_a_value_that_overflows_is_refused() -> None:
    data = make_dataset("plane", 40, 0.1, 3)
    net = Network((2, *(64,) * 6, 1), "linear", "linear", seed=1)
    trainer = Trainer(net, data)
    for layer in net.parameters.layers[1:]:
        layer[:] = 900
    trainer.network.weights[0][:] = 0
    before = net.parameters.flat.copy()
    with pytest.raises(ParameterError, match="too large to compute with"):
        trainer.set_parameter(Place(0, 0, 0), 1000)
    np.testing.assert_array_equal(net.parameters.flat, before)


def test_units_have_the_names_that_a_person_reads() -> None:
    several = Network((3, 2, 3), output="softmax", inputs=("x", "x2", "noise"))
    assert unit_name(several, 0, 1) == "x²"
    assert unit_name(several, 1, 1) == "hidden 1, unit 2"
    assert unit_name(several, 2, 0) == "output class 0"
    bare = Network((3, 2, 2), output="linear")
    assert unit_name(bare, 0, 1) == "input 2"
    assert unit_name(bare, 2, 1) == "output 2"


def test_a_program_tells_that_it_does_not_do_it() -> None:
    trainer = make_trainer()
    trainer.run(epochs=2)
    trainer.set_parameter(WEIGHT, 1.25)
    program = " ".join(to_code(trainer).replace("#", " ").split())
    assert "Weights were set by hand in the course of the run" in program
    assert "w(y → hidden 1, unit 3)" in program


def test_a_program_begins_with_what_was_set_before_training() -> None:
    trainer = make_trainer(keep=5)
    trainer.set_parameter(WEIGHT, 1.25)
    trainer.run(epochs=2)
    program = to_code(trainer)
    assert "set by hand" not in program
    assert "1.25" in program
