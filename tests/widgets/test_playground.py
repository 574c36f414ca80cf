"""The playground as Python sees it: traits, controls, the hub's messages, closing."""

from __future__ import annotations

import gc
import re
import warnings
from collections.abc import Iterator
from typing import Any

import ipywidgets
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset

LIVE_VALUES = {
    "activation": "relu",
    "learning_rate": 0.05,
    "batch_size": 7,
    "dropout": 0.25,
    "l1": 0.002,
    "l2": 0.02,
}
RESTART_VALUES = {
    "dataset": "spiral",
    "noise": 0.15,
    "train_share": 0.7,
    "hidden": (3, 3, 3),
    "seed": 12,
}


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    # A clock that stands still: a busy machine must not cut an epoch in two.
    made._live._clock = lambda: 0.0
    yield made
    made.close()


@pytest.mark.parametrize("library", ["numpy", "pytorch", "keras", "sklearn"])
def test_a_program_of_the_run(playground: nbtutor.Playground, library: str) -> None:
    playground.learning_rate = 0.25
    playground.train(epochs=3)
    code = playground.to_code(library)
    compile(code, library, "exec")
    assert "\nLEARNING_RATE = 0.25\n" in code
    assert "\nEPOCHS = 3\n" in code
    assert "\nEPOCHS = 7\n" in playground.to_code(library, epochs=7)


def test_its_program_ends_at_its_losses(
    playground: nbtutor.Playground, capsys: pytest.CaptureFixture[str]
) -> None:
    playground.train(epochs=5)
    exec(playground.to_code(), {})
    epoch, *losses = re.findall(r"[\d.]+", capsys.readouterr().out.splitlines()[-1])
    history = playground.history
    assert epoch == "5"
    expected = history.train_loss[-1], history.validation_loss[-1]
    assert list(map(float, losses)) == pytest.approx(expected, abs=1e-5)


class Wire:
    """Stands between a hub and the browser, and keeps what is sent."""

    def __init__(self, playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub = playground.views.status
        self.sent: list[dict[str, Any]] = []
        monkeypatch.setattr(
            self.hub, "send", lambda content, buffers=None: self.sent.append(content)
        )

    def receive(self, content: object) -> None:
        """Deliver a message as ipywidgets does."""
        self.hub._handle_custom_msg(content, [])

    def tick(self, seen: int | None = None, *, again: bool = False) -> None:
        seen = self.hub.live.seq if seen is None else seen
        self.receive({"type": "tick", "seen": seen, "window": 1, "again": again})


@pytest.fixture
def wire(playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(playground, monkeypatch)


def test_training_in_python_gives_the_engines_numbers() -> None:
    playground = nbtutor.Playground(
        dataset="moons", noise=0.2, hidden=(5,), learning_rate=0.1, dropout=0.1, l2=0.001, seed=7
    )
    playground.train(epochs=4)
    train, validation = make_dataset("moons", 500, 0.2, 7).split(0.5)
    config = TrainingConfig(learning_rate=0.1, dropout=0.1, l2=0.001)
    trainer = Trainer(Network((2, 5, 1), seed=7), train, validation, config, seed=7)
    trainer.run(epochs=4)
    np.testing.assert_array_equal(
        playground.history.validation_loss, trainer.history.validation_loss[:, 0]
    )
    np.testing.assert_array_equal(playground.network.weights[1], trainer.network.weights[1])
    assert playground.epoch == 4
    playground.close()


@pytest.mark.parametrize(("name", "value"), [*LIVE_VALUES.items(), *RESTART_VALUES.items()])
def test_python_moves_the_control_and_the_run(
    playground: nbtutor.Playground, name: str, value: object
) -> None:
    playground.train(2)
    setattr(playground, name, value)
    assert getattr(playground.controls, name).value == value
    assert getattr(playground._live.settings, name) == value
    assert playground.epoch == (2 if name in LIVE_VALUES else 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation", "sigmoid"),
        ("learning_rate", 0.3),
        ("batch_size", 32),
        ("dropout", 0.5),
        ("l1", 0.01),
        ("l2", 0.1),
        ("dataset", "xor"),
        ("noise", 0.3),
        ("train_share", 0.8),
        ("seed", 99),
        ("speed", "fast"),
    ],
)
def test_a_control_moves_the_trait_and_the_run(
    playground: nbtutor.Playground, name: str, value: object
) -> None:
    getattr(playground.controls, name).value = value
    assert getattr(playground, name) == value
    owner = playground._live if name == "speed" else playground._live.settings
    assert getattr(owner, name) == value


def test_layers_are_added_removed_and_resized(playground: nbtutor.Playground) -> None:
    layers = playground.controls.hidden
    layers.add.click()
    assert playground.hidden == (4, 2, 4)
    layers.units[0].value = 7
    assert playground.hidden == (7, 2, 4)
    assert list(playground.network.sizes) == [2, 7, 2, 4, 1]
    for _ in range(5):
        layers.add.click()
    assert len(playground.hidden) == 6
    assert layers.add.disabled
    for _ in range(6):
        layers.remove.click()
    assert playground.hidden == ()
    assert layers.remove.disabled
    assert list(playground.network.sizes) == [2, 1]


def test_a_value_between_the_steps_becomes_a_step(playground: nbtutor.Playground) -> None:
    ladder = playground.controls.learning_rate
    playground.learning_rate = 0.07
    assert ladder.value == 0.07
    assert [step for _, step in ladder.options] == sorted(step for _, step in ladder.options)
    assert playground._live.run.trainer.history.events == []  # before any update: nothing to mark


def test_buttons(playground: nbtutor.Playground) -> None:
    buttons = playground.transport
    assert buttons.undo.disabled
    buttons.step.click()
    assert playground._live.run.trainer.updates == 1
    buttons.epoch.click()
    assert playground.epoch == 1
    buttons.play.click()
    assert playground.playing
    assert buttons.play.description == "Pause"
    buttons.play.click()
    assert not playground.playing
    assert buttons.play.description == "Play"
    weights = playground.network.parameters.flat.copy()
    buttons.reset.click()
    assert playground.epoch == 0
    assert not buttons.undo.disabled
    buttons.undo.click()
    assert playground.epoch == 1
    np.testing.assert_array_equal(playground.network.parameters.flat, weights)


def test_undo_brings_the_settings_back_too(playground: nbtutor.Playground) -> None:
    playground.train(3)
    playground.hidden = (6,)
    playground.dataset = "xor"
    playground.undo()
    assert playground.hidden == (4, 2)
    assert playground.dataset == "circle"
    assert playground.controls.hidden.value == (4, 2)
    assert playground.controls.dataset.value == "circle"
    assert playground.epoch == 3


def test_epoch_can_be_observed(playground: nbtutor.Playground, wire: Wire) -> None:
    seen: list[int] = []
    playground.observe(lambda change: seen.append(change["new"]), "epoch")
    playground.playing = True
    wire.tick()
    wire.tick()
    assert seen == [1, 2]


BAD_VALUES: list[tuple[str, object]] = [
    ("learning_rate", -1),
    ("learning_rate", float("nan")),
    ("learning_rate", "0.1"),
    ("learning_rate", True),
    ("hidden", (0,)),
    ("hidden", (4,) * 7),
    ("hidden", 4),
    ("hidden", "44"),
    ("hidden", (2.5,)),
    ("dropout", 1.0),
    ("batch_size", 0),
    ("batch_size", 2.5),
    ("l1", -0.1),
    ("l2", float("inf")),
    ("noise", 0.6),
    ("train_share", 0),
    ("seed", -1),
    ("points", 5),
    ("activation", "rellu"),
    ("dataset", "spirla"),
    ("dataset", None),
]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_argument_is_named_with_what_is_allowed(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=f"^{name} must be .*, not ") as caught:
        nbtutor.Playground(**{name: value})  # type: ignore[arg-type]
    assert caught.value.allowed in str(caught.value)


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_attribute_changes_nothing(
    playground: nbtutor.Playground, name: str, value: object
) -> None:
    playground.train(1)
    before = getattr(playground, name)
    with pytest.raises(ParameterError, match=name):
        setattr(playground, name, value)
    assert getattr(playground, name) == before
    assert playground.epoch == 1


def test_an_unknown_keyword_is_named_with_the_near_one() -> None:
    with pytest.raises(TypeError, match=r"'lerning_rate'.*'learning_rate'"):
        nbtutor.Playground(lerning_rate=0.1)


def test_an_unknown_data_set_is_named_with_the_near_one() -> None:
    with pytest.raises(ParameterError, match="'spiral'"):
        nbtutor.Playground("spirall")


def test_divergence_in_python_warns_and_keeps_finite_weights() -> None:
    playground = nbtutor.Playground(points=60, activation="relu", learning_rate=10, l2=5)
    with pytest.warns(RuntimeWarning, match="at update"):
        playground.train(50)
    assert np.isfinite(playground.network.parameters.flat).all()
    assert playground.views.status.state == "error"
    playground.close()


def test_repr_makes_the_same_playground(playground: nbtutor.Playground) -> None:
    playground.hidden = (3, 2)
    again = eval(repr(playground), {"Playground": nbtutor.Playground})
    assert again._live.settings == playground._live.settings
    again.close()


# The wire.


def test_a_tick_is_answered_once(playground: nbtutor.Playground, wire: Wire) -> None:
    playground.playing = True
    seen = wire.hub.live.seq
    wire.sent.clear()
    wire.tick(seen)
    wire.tick(seen)
    assert [message["type"] for message in wire.sent] == ["frame"]
    assert playground.epoch == 1


def test_a_change_while_playing_is_shown_at_once(
    playground: nbtutor.Playground, wire: Wire
) -> None:
    playground.playing = True
    wire.tick()
    wire.sent.clear()
    seen = wire.hub.live.seq
    playground.controls.learning_rate.value = 0.3
    assert [(m["seq"], m["full"], m["epoch"]) for m in wire.sent] == [(seen + 1, False, 2)]
    assert [label for _, label in wire.sent[0]["events"]] == ["learning rate 0.03 → 0.3"]
    wire.tick(seen)  # was on its way already: the change's picture is its answer
    assert len(wire.sent) == 1
    wire.tick()
    assert playground.epoch == 3


def test_a_retry_gets_everything_and_trains_nothing(
    playground: nbtutor.Playground, wire: Wire
) -> None:
    playground.playing = True
    wire.tick()
    wire.sent.clear()
    wire.tick(0, again=True)
    assert [message["full"] for message in wire.sent] == [True]
    assert playground.epoch == 1


def test_sync_gets_everything(playground: nbtutor.Playground, wire: Wire) -> None:
    wire.receive({"type": "sync"})
    assert wire.sent[-1]["full"]
    assert wire.sent[-1]["seq"] == wire.hub.live.seq


@pytest.mark.parametrize(
    "message", [None, [], {"type": "tick"}, {"type": "eval", "code": "1"}, {"type": {}}]
)
def test_a_hostile_message_is_answered_and_changes_nothing(
    playground: nbtutor.Playground, wire: Wire, message: object
) -> None:
    playground.playing = True
    wire.tick()
    wire.sent.clear()
    wire.receive(message)
    assert [m["type"] for m in wire.sent] == ["error"]
    assert playground.playing
    assert playground.epoch == 1


def test_a_fault_in_the_run_is_told_and_pauses(
    playground: nbtutor.Playground, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    playground.playing = True

    def fail(*_: object) -> None:
        msg = "boom"
        raise RuntimeError(msg)

    monkeypatch.setattr(wire.hub.live, "tick", fail)
    wire.tick()
    assert "boom" in wire.hub.error
    assert not playground.playing
    monkeypatch.undo()
    playground.train(1)
    assert wire.hub.error == ""


def test_divergence_in_the_browser_ends_playing(wire_of_diverging: Wire) -> None:
    wire = wire_of_diverging
    for _ in range(30):
        wire.tick()
    last = wire.sent[-1]
    assert last["state"] == "error"
    assert "update" in last["message"]
    assert wire.hub.state == "error"
    assert not wire.hub.playing


@pytest.fixture
def wire_of_diverging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    playground = nbtutor.Playground(points=60, activation="relu", learning_rate=10, l2=5)
    playground.playing = True
    yield Wire(playground, monkeypatch)
    playground.close()


@pytest.mark.parametrize(
    "state",
    [
        {"learning_rate": "0.1"},
        {"learning_rate": 1e999},
        {"hidden": [0]},
        {"hidden": "abc"},
        {"playing": 1},
        {"children": []},
        {"_view_name": "X"},
        {"epoch": 10},
        {"learning_rate": 0.5, "noise": 7},
    ],
)
def test_state_from_the_page_is_not_trusted(
    playground: nbtutor.Playground, state: dict[str, Any]
) -> None:
    playground.train(1)
    children = playground.children
    playground.set_state(state)
    assert playground.views.status.error.startswith("Nothing was changed. ")
    assert playground.learning_rate == 0.03
    assert playground.noise == 0
    assert playground.children == children
    assert playground.epoch == 1


def test_state_from_the_page_that_is_allowed_is_taken(playground: nbtutor.Playground) -> None:
    playground.set_state({"learning_rate": 0.5, "hidden": [3]})
    assert playground.learning_rate == 0.5
    assert playground.hidden == (3,)
    assert playground.views.status.error == ""


def test_the_status_cannot_be_set_from_the_page(playground: nbtutor.Playground, wire: Wire) -> None:
    before = wire.hub.message
    wire.hub.set_state({"message": "<img onerror=alert(1)>"})
    assert wire.hub.message == before
    assert wire.sent[-1]["type"] == "error"


def test_the_snapshot_is_the_present_state(playground: nbtutor.Playground) -> None:
    playground.train(2)
    header = playground.views.status.snapshot["header"]
    assert header["epoch"] == 2
    assert header["full"]
    assert header["seq"] == playground._live.seq


def test_the_live_stream_is_no_synced_trait(playground: nbtutor.Playground, wire: Wire) -> None:
    playground.playing = True
    before = wire.hub.snapshot
    for _ in range(5):
        wire.tick()
    assert wire.hub.snapshot is before


actions = st.lists(
    st.one_of(
        st.tuples(st.just("learning_rate"), st.sampled_from([1e-5, 0.03, 3.0, 10.0])),
        st.tuples(st.just("batch_size"), st.sampled_from([1, 10, 500])),
        st.tuples(st.just("dropout"), st.sampled_from([0.0, 0.5, 0.9])),
        st.tuples(st.just("l2"), st.sampled_from([0.0, 1.0, 10.0])),
        st.tuples(st.just("activation"), st.sampled_from(["tanh", "relu", "linear"])),
        st.tuples(st.just("hidden"), st.sampled_from([(), (1,), (8, 8)])),
        st.tuples(st.just("noise"), st.sampled_from([0.0, 0.5])),
        st.tuples(st.just("click"), st.sampled_from(["play", "step", "epoch", "reset", "undo"])),
        st.tuples(st.just("tick"), st.integers(1, 3)),
    ),
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(actions)
def test_any_sequence_of_actions_leaves_a_consistent_finite_state(
    sequence: list[tuple[str, Any]],
) -> None:
    playground = nbtutor.Playground(points=30)
    hub = playground.views.status
    for name, value in sequence:
        if name == "click":
            getattr(playground.transport, value).click()
        elif name == "tick":
            for _ in range(value):
                tick = {"type": "tick", "seen": hub.live.seq, "window": 1, "again": False}
                hub._handle_custom_msg(tick, [])
        else:
            setattr(playground, name, value)
        for setting, control in vars(playground.controls).items():
            assert control.value == getattr(playground, setting)
            if setting != "speed":
                assert getattr(playground._live.settings, setting) == control.value
        assert hub.error == ""
        assert np.isfinite(playground.network.parameters.flat).all()
        assert playground.epoch == playground._live.run.trainer.epoch
        assert playground.playing == playground._live.playing == hub.playing
    playground.close()


# What is left behind.


def test_close_leaves_nothing_and_may_be_called_again() -> None:
    from ipywidgets.widgets.widget import _instances

    before = set(_instances)
    playground = nbtutor.Playground(points=30)
    playground.hidden = (1, 2, 3)
    playground.close()
    playground.close()
    gc.collect()
    left = [type(_instances[key]).__name__ for key in set(_instances) - before]
    assert left == []


def test_a_refused_playground_leaves_nothing() -> None:
    from ipywidgets.widgets.widget import _instances

    before = len(_instances)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ParameterError):
            nbtutor.Playground(noise=3)
        gc.collect()
    assert len(_instances) == before


def test_matplotlib_is_loaded_only_for_a_figure(playground: nbtutor.Playground) -> None:
    import subprocess
    import sys

    code = (
        "import sys, nbtutor\n"
        "p = nbtutor.Playground(points=30); p.train(1)\n"
        "print('matplotlib' in sys.modules)\n"
        "p.figure(); print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "True", "False"]


def test_controls_are_ordinary_widgets(playground: nbtutor.Playground) -> None:
    box = ipywidgets.HBox([playground.controls.learning_rate, playground.views.plane])
    playground.controls.learning_rate.value = 0.1
    assert playground.learning_rate == 0.1
    box.close()
