"""The section on lesson pages of CONTRIBUTING.md: its programs run and do what it says."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from nbtutor.widgets.tutors import playground as tutors

Run = Callable[[int], tuple[dict[str, Any], Any]]


def programs(root: Path) -> list[str]:
    text = (root / "CONTRIBUTING.md").read_text("utf-8")
    section = text.split("## Make your own lesson page")[1].split("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a program as a cell; return its names and the value of its last line."""
    made: list[tutors.Playground] = []
    original = tutors.Playground.__init__

    def keep(self: tutors.Playground, *args: Any, **settings: Any) -> None:
        original(self, *args, **settings)
        made.append(self)

    monkeypatch.setattr(tutors.Playground, "__init__", keep)

    def execute(number: int) -> tuple[dict[str, Any], Any]:
        tree = ast.parse(programs(root)[number])
        last = tree.body.pop()
        assert isinstance(last, ast.Expr)
        names: dict[str, Any] = {}
        exec(compile(tree, "CONTRIBUTING.md", "exec"), names)
        return names, eval(compile(ast.Expression(last.value), "CONTRIBUTING.md", "eval"), names)

    yield execute
    assert len(made) == 1
    made[0].close()


def below(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    return [widget, *(w for child in getattr(widget, "children", ()) for w in below(child))]


def test_there_are_three(root: Path) -> None:
    assert len(programs(root)) == 3


def test_controls_are_chosen(run: Run) -> None:
    _, shown = run(0)
    assert isinstance(shown, tutors.Playground)
    assert {"l2", "dropout"}.isdisjoint(shown.hide)
    assert {"l1", "learning_rate", "speed"} <= set(shown.hide)
    assert shown.lock == ("dropout",)
    assert shown.points == 40


def test_a_playground_is_taken_apart(run: Run) -> None:
    names, shown = run(1)
    playground = names["playground"]
    assert {playground.views.plane, playground.controls.learning_rate} <= set(below(shown))
    playground.controls.learning_rate.value = 0.3
    assert playground.learning_rate == 0.3
    playground.transport.play.click()
    assert playground.playing
    playground.close()
    assert playground.views.plane.comm is None


def test_a_run_is_followed(run: Run) -> None:
    names, shown = run(2)
    playground, task = names["playground"], names["task"]
    playground.train(1)
    assert task.value.endswith(": not yet.")
    playground.train(200)
    loss = playground.history.validation_loss[-1]
    assert loss < 0.2
    assert task.value == f"Below 0.2 after epoch 201? It is {loss:.2f}: done."
    assert shown.children == (task, playground)
