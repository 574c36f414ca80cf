"""What a page asks a playground to do by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import nbtutor
from nbtutor.engine import ParameterError
from nbtutor.widgets.protocol import read_arguments
from tests.widgets.page import deliver


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


def ask(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch, **message: Any
) -> list[Any]:
    """Send an act as a page does, and return what comes back."""
    hub, answers = playground.views.status, []
    monkeypatch.setattr(hub, "send", lambda content, buffers=None: answers.append(content))
    content = {"type": "act", "arguments": {}, **message}
    deliver(hub, content)
    return answers


def test_an_action_gets_its_arguments(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Mapping[str, object]] = []
    playground.views.status.offer("paint", taken.append, "hidden")
    assert ask(playground, monkeypatch, name="paint", arguments={"size": 3}) == []
    assert taken == [{"size": 3}]


def test_an_action_that_nobody_offers_is_refused(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    (answer,) = ask(playground, monkeypatch, name="__init__")
    assert answer["type"] == "error"
    assert "no action '__init__'" in answer["message"]


def test_what_is_not_allowed_is_told(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paint(arguments: Mapping[str, object]) -> None:
        (size,) = read_arguments(arguments, "size")
        raise ParameterError("size", size, "at most 2")

    playground.views.status.offer("paint", paint, "hidden")
    (answer,) = ask(playground, monkeypatch, name="paint", arguments={"size": 3})
    assert "Nothing was changed." in answer["message"]
    assert "size" in answer["message"]
    (answer,) = ask(playground, monkeypatch, name="paint", arguments={"colour": 3})
    assert "something unexpected" in answer["message"]
    assert playground.views.status.error == ""


@pytest.mark.parametrize("rule", ["hide", "lock"])
def test_a_closed_control_closes_its_actions(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    taken: list[Mapping[str, object]] = []
    playground.views.status.offer("paint", taken.append, "hidden")
    setattr(playground, rule, ["hidden"])
    (answer,) = ask(playground, monkeypatch, name="paint")
    assert "locked here: layers" in answer["message"]
    assert taken == []
    setattr(playground, rule, [])
    assert ask(playground, monkeypatch, name="paint") == []
    assert taken == [{}]
