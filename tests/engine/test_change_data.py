"""Other points in mid-run."""

from __future__ import annotations

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.code import to_code


def make_trainer(**settings: object) -> Trainer:
    train, validation = make_dataset("circle", n=60, seed=0).split(0.5)
    network = Network((2, 5, 1), "tanh", "sigmoid", seed=1)
    config = TrainingConfig(learning_rate=0.1, batch_size=7, **settings)  # type: ignore[arg-type]
    return Trainer(network, train, validation, config, seed=2)


def test_before_any_training_it_is_a_run_on_the_other_points() -> None:
    other, held_out = make_dataset("xor", n=50, seed=3).split(0.6)
    changed = make_trainer(dropout=0.2, optimizer="adam")
    changed.change_data(other, held_out)
    changed.run(epochs=4)
    fresh = Trainer(
        Network((2, 5, 1), "tanh", "sigmoid", seed=1), other, held_out, changed.config, seed=2
    )
    fresh.run(epochs=4)
    assert (changed.network.parameters.flat == fresh.network.parameters.flat).all()
    for column in ("train_loss", "validation_loss", "train_accuracy", "epoch", "update"):
        ours, theirs = getattr(changed.history, column), getattr(fresh.history, column)
        assert ours.tolist() == theirs.tolist()
    assert changed.history.events == []


def test_in_mid_run_the_weights_stay_and_the_batches_are_of_the_new_points() -> None:
    trainer = make_trainer()
    trainer.run(epochs=3)
    trainer.run(updates=2)
    weights = trainer.network.parameters.flat.copy()
    other, held_out = make_dataset("xor", n=50, seed=3).split(0.6)
    trainer.change_data(other, held_out)
    assert (trainer.network.parameters.flat == weights).all()
    assert (trainer.epoch, trainer.progress) == (3, 3.0)  # the begun epoch is broken off
    # One epoch by another route: a fresh trainer over the same weights, moved to epoch 3.
    copy = Trainer(trainer.network.copy(), other, held_out, trainer.config, seed=2)
    copy.restore(trainer.checkpoint())
    copy.run(epochs=1)
    trainer.run(epochs=1)
    assert (copy.network.parameters.flat == trainer.network.parameters.flat).all()
    assert trainer.history.epoch.tolist() == [0, 1, 2, 3, 4]


def test_the_newest_entry_is_measured_on_the_new_points() -> None:
    trainer = make_trainer()
    trainer.run(epochs=3)
    other, held_out = make_dataset("xor", n=50, seed=3).split(0.6)
    trainer.change_data(other, held_out)
    for data, column in ((other, "train_loss"), (held_out, "validation_loss")):
        p = trainer.network.predict_proba(data.X)[0, :, -1]
        loss = -np.log(np.where(data.y == 1, p, 1 - p)).mean()
        assert getattr(trainer.history, column)[-1, 0] == pytest.approx(loss, rel=1e-5)
    assert [event.label for event in trainer.history.events] == ["points 60 → 50"]


def test_a_stroke_of_changes_is_one_event() -> None:
    trainer = make_trainer()
    trainer.run(epochs=2)
    for k, n in enumerate((61, 62, 70)):
        trainer.change_data(*make_dataset("circle", n=n, seed=0).split(0.5), go_on=k > 0)
        trainer.run(epochs=1)
    trainer.change_data(*make_dataset("circle", n=70, seed=1).split(0.5))
    events = [(event.epoch, event.label) for event in trainer.history.events]
    assert events == [(2, "points 60 → 70"), (5, "points changed")]


def test_what_the_network_cannot_take_changes_nothing() -> None:
    trainer = make_trainer()
    trainer.run(epochs=1)
    train = trainer.train
    many = Dataset(np.zeros((6, 2)), np.arange(6) % 3)
    with pytest.raises(ParameterError):
        trainer.change_data(many)
    assert trainer.train is train
    assert trainer.run(epochs=1) > 0


def test_a_program_of_such_a_run_says_so() -> None:
    trainer = make_trainer()
    trainer.run(epochs=2)
    trainer.change_data(*make_dataset("xor", n=50, seed=3).split(0.6))
    trainer.run(epochs=2)
    program = to_code(trainer, "numpy")
    assert "points 60 → 50 at epoch" in " ".join(program.split())
