"""Settings that change in mid-run: checked first, applied at once, noted in the history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Event, Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.schedules import Constant, CosineDecay


def trainer(**options: Any) -> Trainer:
    train = make_dataset("moons", 50, noise=0.2)
    return Trainer(Network((2, 5, 4, 1), **options), train, config=TrainingConfig(0.1, 10))


def test_an_event_says_what_and_where() -> None:
    run = trainer()
    run.run(updates=12)  # an epoch has five
    run.change(learning_rate=0.5)
    run.run(updates=3)
    run.change(batch_size=50, activation="relu")
    assert run.history.events == [
        Event(2.4, 12, "learning rate 0.1 → 0.5", "learning_rate", "0.1"),
        Event(3.0, 15, "batch size 10 → 50", "batch_size", "10"),
        Event(3.0, 15, "activation tanh → ReLU", "activation", "tanh"),
    ]


def test_a_slider_that_is_dragged_is_one_event() -> None:
    run = trainer()
    run.run(updates=5)
    for rate in (0.2, 0.3, 0.4):
        run.change(learning_rate=rate)
    assert [event.label for event in run.history.events] == ["learning rate 0.1 → 0.4"]
    run.change(learning_rate=0.1)
    assert run.history.events == [], "back where it was"
    run.change(learning_rate=0.2)
    run.run(updates=1)
    run.change(learning_rate=0.3)
    labels = [event.label for event in run.history.events]
    assert labels == ["learning rate 0.1 → 0.2", "learning rate 0.2 → 0.3"]


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({"momentum": 0.9}, "momentum 0 → 0.9"),
        ({"dropout": 0.25}, "dropout 0 → 0.25"),
        ({"l1": 1e-5}, "L1 0 → 1e-05"),
        ({"l2": 3}, "L2 0 → 3"),
        ({"activation": ("tanh", "relu")}, "activation of hidden 2: tanh → ReLU"),
        ({"dropout": ((0.2, 0.0),)}, "dropout of hidden 1: 0 → 0.2"),
    ],
)
def test_labels(settings: dict[str, Any], label: str) -> None:
    run = trainer()
    run.run(updates=1)
    run.change(**settings)
    assert [event.label for event in run.history.events] == [label]


def test_each_layer_that_changes_is_told() -> None:
    run = trainer(activation=("relu", "tanh"))
    run.run(updates=1)
    run.change(activation=("sigmoid", "gelu"), dropout=((0.1, 0.5),))
    run.run(updates=1)
    run.change(activation="gelu", dropout=0.5)
    assert [(event.label, event.setting, event.before) for event in run.history.events] == [
        ("activation of hidden 1: ReLU → Sigmoid", "activation of hidden 1", "ReLU"),
        ("activation of hidden 2: tanh → GELU", "activation of hidden 2", "tanh"),
        ("dropout of hidden 1: 0 → 0.1", "dropout of hidden 1", "0"),
        ("dropout of hidden 2: 0 → 0.5", "dropout of hidden 2", "0"),
        ("activation of hidden 1: Sigmoid → GELU", "activation of hidden 1", "Sigmoid"),
        ("dropout of hidden 1: 0.1 → 0.5", "dropout of hidden 1", "0.1"),
    ]
    run.change(activation=("gelu", "gelu"), dropout=((0.5, 0.5),))
    assert len(run.history.events) == 6, "the same in other words"


def test_tables_of_several_replicas_are_told_whole() -> None:
    run = trainer(replicas=2)
    run.run(updates=1)
    run.change(dropout=((0.1, 0.2), (0.3, 0.4)))
    (event,) = run.history.events
    assert event.label == "dropout 0 → ((0.1, 0.2), (0.3, 0.4))"


def test_turns_of_several_layers_in_a_pause_are_one_event_for_each() -> None:
    run = trainer()
    run.run(updates=5)
    for pair in (("relu", "tanh"), ("relu", "gelu"), ("silu", "gelu"), ("silu", "elu")):
        run.change(activation=pair)
    labels = [event.label for event in run.history.events]
    assert labels == ["activation of hidden 1: tanh → SiLU", "activation of hidden 2: tanh → ELU"]
    run.change(activation=("silu", "tanh"))
    assert [event.setting for event in run.history.events] == ["activation of hidden 1"]
    # What lies between in time is not passed over.
    run.change(activation="relu")
    run.change(activation="gelu")
    run.change(activation=("gelu", "elu"))
    assert [event.label for event in run.history.events] == [
        *("activation of hidden 1: tanh → ReLU", "activation of hidden 2: tanh → ReLU"),
        *("activation ReLU → GELU", "activation of hidden 2: GELU → ELU"),
    ]


def test_what_is_set_before_the_start_is_no_event() -> None:
    run = trainer()
    run.change(learning_rate=0.5, activation="relu")
    assert run.history.events == []
    assert (run.config.learning_rate, run.network.activation) == (0.5, "relu")


def test_no_change_is_no_event() -> None:
    run = trainer()
    run.run(updates=1)
    run.change(learning_rate=0.1, activation="tanh", batch_size=10)
    assert run.history.events == []


def test_a_change_acts_from_the_next_update() -> None:
    changed, other = trainer(), trainer()
    changed.run(updates=7)
    changed.change(learning_rate=0.0)
    changed.run(updates=9)
    other.run(updates=7)
    np.testing.assert_array_equal(changed.network.parameters.flat, other.network.parameters.flat)
    changed.change(learning_rate=0.1)
    changed.run(updates=1)
    assert not np.array_equal(changed.network.parameters.flat, other.network.parameters.flat)


@pytest.mark.parametrize("setting", ["l1", "l2", "dropout", "momentum"])
def test_every_setting_acts(setting: str) -> None:
    changed, other = trainer(), trainer()
    for run in (changed, other):
        run.run(updates=3)
    changed.change(**{setting: 0.5})
    for run in (changed, other):
        run.run(updates=2)
    assert not np.array_equal(changed.network.parameters.flat, other.network.parameters.flat)
    assert (changed.epoch, changed.updates) == (1, 5)


def test_a_new_activation_keeps_weights_and_place() -> None:
    run = trainer()
    run.run(updates=7)
    weights, entries = run.network.parameters.flat.copy(), len(run.history)
    run.change(activation="sigmoid")
    np.testing.assert_array_equal(run.network.parameters.flat, weights)
    assert (run.epoch, run.updates, len(run.history)) == (1, 7, entries)
    assert run.network.activation == "sigmoid"
    run.run(updates=3)
    # The update after it is that of a sigmoid network with these weights.
    fresh = trainer(activation="sigmoid")
    fresh.network.parameters.flat[:] = weights
    fresh.epoch, fresh._cursor = 1, 20
    fresh.run(updates=3)
    np.testing.assert_array_equal(run.network.parameters.flat, fresh.network.parameters.flat)


def test_an_unknown_name_is_a_type_error_that_lists_the_known() -> None:
    run = trainer()
    with pytest.raises(TypeError, match=r"unknown setting 'lr'; known are learning_rate, .*activa"):
        run.change(learning_rate=0.5, lr=0.1)
    assert run.config.learning_rate == 0.1


@pytest.mark.parametrize(
    ("good", "bad", "name"),
    [
        ({"learning_rate": 0.5}, {"dropout": 1.0}, "dropout"),
        ({"learning_rate": 0.5}, {"activation": "swish"}, "activation"),
        ({"learning_rate": 0.5}, {"activation": None}, "activation"),
        ({"learning_rate": 0.5}, {"activation": ("tanh",)}, "activation"),
        ({"activation": "relu"}, {"batch_size": 0}, "batch_size"),
        ({"activation": "relu"}, {"l2": float("nan")}, "l2"),
        ({"activation": "relu", "l1": 0.1}, {"momentum": (0.1, 0.2)}, "momentum"),
        ({"batch_size": 3}, {"learning_rate": "fast"}, "learning_rate"),
    ],
)
def test_one_bad_value_changes_nothing(
    good: dict[str, Any], bad: dict[str, Any], name: str
) -> None:
    run = trainer()
    for settings in ({**good, **bad}, {**bad, **good}):
        with pytest.raises(ParameterError, match=f"^{name}") as caught:
            run.change(**settings)
        assert caught.value.name == name
        assert run.config == TrainingConfig(0.1, 10)
        assert run.network.activation == "tanh"
        assert run.history.events == []


def test_the_config_may_be_swapped_whole() -> None:
    run = trainer()
    run.config = TrainingConfig(0.0)
    before = run.network.parameters.flat.copy()
    run.run(epochs=1)
    np.testing.assert_array_equal(run.network.parameters.flat, before)
    with pytest.raises(ParameterError, match="learning_rate must be one number, or 1"):
        run.config = TrainingConfig((0.1, 0.2))
    assert run.config == TrainingConfig(0.0)


def test_a_config_is_frozen() -> None:
    with pytest.raises(AttributeError):
        TrainingConfig().learning_rate = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("setting", "value", "label"),
    [
        ("schedule", CosineDecay(50, 0.1), "schedule off → cosine decay (50, 0.1)"),
        ("schedule", Constant(), "schedule off → constant"),
        ("clip_norm", 0.5, "clip norm off → 0.5"),
        ("augmentation", Augmentation(0.3, mirror=True), "augmentation off → jitter 0.3, mirror"),
        ("augmentation", Augmentation(rotation=20), "augmentation off → rotation 20"),
    ],
)
def test_every_kind_of_setting_is_told_in_words(setting: str, value: object, label: str) -> None:
    train = make_dataset("moons", 20)
    run = Trainer(Network((2, 2, 1)), train)
    run.run(epochs=1)
    run.change(**{setting: value})
    assert [event.label for event in run.history.events] == [label]
