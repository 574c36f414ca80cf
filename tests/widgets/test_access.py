"""Hidden and locked controls: not for the page, whatever it sends, but for Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ipywidgets
import pytest

import nbtutor
from nbtutor.engine import ParameterError
from nbtutor.widgets.access import NAMES, RUNS, SHARING, TRANSPORT
from nbtutor.widgets.display import DISPLAY

CONTROLS = [n for n in NAMES if n not in ("data", "weights", *SHARING, *DISPLAY, *RUNS)]


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


def control(playground: nbtutor.Playground, name: str) -> ipywidgets.Widget:
    owner = playground.transport if name in TRANSPORT else playground.controls
    return getattr(owner, name)


def send(widget: ipywidgets.Widget, **data: Any) -> None:
    """Deliver a message as the kernel does: to the handler of the widget's comm."""
    widget.comm.handle_msg({"content": {"data": data}, "buffers": []})


def error(playground: nbtutor.Playground) -> str:
    return str(playground.views.status.error)


# For each kind of control, a message with which an honest page would change the setting.
CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "dataset": ("", {"index": 3}),
    "noise": ("", {"value": 0.3}),
    "classes": ("", {"value": 4}),
    "inputs": ("buttons.x2", {"value": True}),
    "activation": ("", {"index": 2}),
    "learning_rate": ("", {"index": 0}),
    "optimizer": ("", {"index": 3}),
    "speed": ("", {"index": 3}),
    "seed": ("", {"value": 9}),
    "hidden": ("units.0", {"value": 9}),
}


def part(widget: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        if step.isdigit():
            widget = widget[int(step)]
        else:
            widget = widget[step] if isinstance(widget, dict) else getattr(widget, step)
    return widget


@pytest.mark.parametrize("rule", ["hide", "lock"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_closed_setting_is_changed_by_python_only(
    playground: nbtutor.Playground, name: str, rule: str
) -> None:
    path, state = CHANGES[name]
    widget = part(control(playground, name), path)
    before = getattr(playground, name)
    send(widget, method="update", state=state)
    changed = getattr(playground, name)
    assert changed != before  # so the message is one that works
    playground.train(2)
    setattr(playground, rule, [name])
    values = {key: widget.get_state()[key] for key in state}
    back = {**state, **dict.fromkeys(state, 1)}
    for data in (
        {"method": "update", "state": back},
        {"method": "custom", "content": {"event": "click"}},
    ):
        send(widget, **data)
        assert error(playground).startswith("Nothing was changed. This is locked here: ")
        assert getattr(playground, name) == changed
        assert {key: widget.get_state()[key] for key in state} == values
    assert playground.epoch in (0, 2)
    playground.set_state({name: before})
    assert getattr(playground, name) == changed
    # Python may.
    setattr(playground, name, before)
    assert getattr(playground, name) == before
    assert error(playground) == "" or name == "speed"
    setattr(playground, rule, [])
    send(widget, method="update", state=state)
    assert getattr(playground, name) == changed


@pytest.mark.parametrize("name", TRANSPORT)
def test_a_locked_button_does_nothing(playground: nbtutor.Playground, name: str) -> None:
    playground.train(1)
    playground.reset()
    playground.train(2)
    playground.lock = [name]
    button = control(playground, name)
    assert button.disabled
    network, updates = playground.network, playground._live.run.trainer.updates
    send(button, method="custom", content={"event": "click"})
    assert playground.network is network
    assert playground._live.run.trainer.updates == updates
    assert not playground.playing
    assert "locked" in error(playground)
    playground.set_state({"playing": True})
    assert playground.playing == (name != "play")
    playground.playing = False
    playground.lock = []
    assert not button.disabled
    send(button, method="custom", content={"event": "click"})
    assert error(playground) == ""


def test_buttons_that_add_layers_are_guarded_too(playground: nbtutor.Playground) -> None:
    layers = playground.controls.hidden
    playground.lock = ["hidden"]
    assert layers.add.disabled
    assert layers.remove.disabled
    for button in (layers.add, layers.remove):
        send(button, method="custom", content={"event": "click"})
    send(layers.units[5], method="update", state={"value": 3})  # not in sight now
    assert playground.hidden == (4, 2)
    playground.hidden = (3,)
    assert layers.add.disabled  # also after Python's change
    playground.lock = []
    assert not layers.add.disabled


def test_a_locked_control_still_answers_who_asks_for_its_state(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    playground.lock = ["noise"]
    sent: list[Any] = []
    monkeypatch.setattr(playground.controls.noise, "send_state", lambda *a: sent.append(a))
    send(playground.controls.noise, method="request_state")
    assert len(sent) == 1
    assert error(playground) == ""
    send(playground.controls.noise, method="update", state={"value": 0.4})
    assert len(sent) == 2  # the page gets the true value back


@pytest.mark.parametrize("name", CONTROLS)
def test_what_is_hidden_is_not_shown_and_what_is_locked_is_disabled(
    playground: nbtutor.Playground, name: str
) -> None:
    widget = control(playground, name)
    playground.hide = [name]
    assert widget.layout.display == "none"
    assert "nbt-hidden" in widget._dom_classes
    playground.hide = []
    playground.lock = [name]
    assert widget.layout.display is None
    assert "nbt-hidden" not in widget._dom_classes
    assert widget.disabled
    playground.lock = []
    assert widget.disabled == (name == "undo")  # there is nothing to undo


def test_sharing_can_be_hidden_and_locked(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, share = playground.views.status, playground.views.share
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(hub, "send", lambda content, buffers=None: sent.append(content))
    playground.hide, playground.lock = ["link"], ["save"]
    assert (share.hidden, share.locked) == (["link"], ["link", "save"])
    hub._handle_custom_msg({"type": "open", "link": "#nbt=1;seed=5"}, [])
    assert playground.seed == 0
    assert error(playground) == "Nothing was changed. This is locked here: link."
    hub._handle_custom_msg({"type": "export", "what": "csv"}, [])
    assert [message["type"] for message in sent] == ["error"]
    assert "locked" in sent[0]["message"]


def test_a_link_hides_and_locks_and_a_later_one_lifts_only_its_own() -> None:
    playground = nbtutor.Playground(points=60, hide=["noise"], lock=["seed"])
    hub = playground.views.status
    text = "#nbt=1;seed=7;noise=0.3;l2=0.1;points=60;hide=step;lock=l2"
    hub._handle_custom_msg({"type": "open", "link": text}, [])
    assert list(playground.hide) == ["noise", "step"]
    assert list(playground.lock) == ["seed", "l2"]
    assert playground.l2 == 0.1
    # What was locked in Python, no link changes; and that is told.
    assert (playground.seed, playground.noise) == (0, 0)
    assert "locked" in error(playground)
    assert "noise" in error(playground)
    assert "seed" in error(playground)
    hub._handle_custom_msg({"type": "open", "link": "#nbt=1;points=60"}, [])
    assert list(playground.hide) == ["noise"]
    assert list(playground.lock) == ["seed"]
    assert playground.l2 == 0
    assert error(playground) == ""
    playground.close()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"hide": ["sead"]}, r"an entry of hide must be .* Did you mean 'seed'"),
        ({"lock": ["learning rate"]}, r"an entry of lock must be .*'learning_rate'"),
        ({"lock": "seed"}, r"lock must be a sequence of names"),
        ({"hide": [3]}, r"an entry of hide must be"),
        ({"hide": None}, r"hide must be a sequence"),
    ],
)
def test_a_wrong_name_is_told_with_the_near_one(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        nbtutor.Playground(**rules)


def test_repr_tells_what_is_closed() -> None:
    playground = nbtutor.Playground(points=60, hide=["seed"], lock=["step", "step"])
    again = eval(repr(playground), {"Playground": nbtutor.Playground})
    assert (again.hide, again.lock) == (("seed",), ("step",))
    for each in (playground, again):
        each.close()
