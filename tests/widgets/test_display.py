"""What the plane shows: two choices, in Python, from the page, in links and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import nbtutor
from nbtutor.engine import ParameterError
from nbtutor.widgets import link as links
from nbtutor.widgets.display import DISPLAY, check_display


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


@pytest.mark.parametrize(("name", "default"), DISPLAY.items())
def test_view_trait_link_and_json_hold_it(
    name: str, default: bool, playground: nbtutor.Playground
) -> None:
    plane = playground.views.plane
    assert getattr(playground, name) is getattr(plane, name) is default
    plane.set_state({name: not default})  # from the page
    assert getattr(playground, name) is not default
    assert getattr(links.decode(playground.link), name) is not default
    again = nbtutor.Playground.from_json(playground.to_json())
    assert getattr(again.views.plane, name) is not default
    again.open_link("#nbt=1")
    assert getattr(again.views.plane, name) is default
    again.close()
    setattr(playground, name, default)
    assert getattr(plane, name) is default
    assert playground.link == "#nbt=1;points=60"


def test_it_changes_nothing_of_the_run(playground: nbtutor.Playground) -> None:
    playground.train(2)
    trainer, seq = playground._live.run.trainer, playground._live.seq
    playground.discretize = True
    playground.show_validation = False
    assert playground._live.run.trainer is trainer
    assert (playground.epoch, playground._live.seq) == (2, seq)


@pytest.mark.parametrize(
    "state",
    [{}, {"discretize": 1}, {"discretize": True, "view": "curves"}, {"hidden": []}, {"hub": "x"}],
)
def test_a_hostile_update_is_refused(
    state: dict[str, Any], playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(playground.views.status, "send", lambda m, buffers=None: sent.append(m))
    before = playground.views.plane.get_state()
    playground.views.plane.set_state(state)
    assert playground.views.plane.get_state() == before
    assert [message["type"] for message in sent] == ["error"]


@pytest.mark.parametrize("rule", ["hide", "lock"])
def test_a_teacher_closes_it(
    rule: str, playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(playground.views.status, "send", lambda m, buffers=None: sent.append(m))
    setattr(playground, rule, ["discretize"])
    plane = playground.views.plane
    assert plane.locked == ["discretize"]
    assert plane.hidden == (["discretize"] if rule == "hide" else [])
    plane.set_state({"discretize": True})
    assert not playground.discretize
    assert "locked here: output in steps" in sent[0]["message"]
    playground.open_link("#nbt=1;show_validation=off")
    assert not playground.show_validation
    # The page's own link may not open it.
    playground._open_from_page("#nbt=1;discretize=on")
    assert not playground.discretize


@pytest.mark.parametrize("value", [1, "on", None])
def test_what_is_not_allowed(value: object) -> None:
    with pytest.raises(ParameterError, match="discretize"):
        check_display("discretize", value)
