"""The diagram as a control: layers, units, weights and biases that a page or Python sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import nbtutor
from nbtutor.engine import ParameterError
from tests.widgets.page import deliver


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


class Page:
    """Asks for acts as a page does, and keeps what comes back."""

    def __init__(self, playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub = playground.views.status
        self.answers: list[dict[str, Any]] = []
        monkeypatch.setattr(
            self.hub, "send", lambda content, buffers=None: self.answers.append(content)
        )

    def act(self, name: str, /, **arguments: object) -> dict[str, Any]:
        content = {"type": "act", "name": name, "arguments": arguments}
        deliver(self.hub, content)
        return self.answers[-1]


@pytest.fixture
def page(playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(playground, monkeypatch)


WEIGHT = {"layer": 0, "source": 1, "unit": 2, "value": 1.25, "continued": False}
BIAS = {"layer": 2, "unit": 0, "value": -0.5, "continued": False}


def test_layers_and_units_are_changed_from_the_page(
    playground: nbtutor.Playground, page: Page
) -> None:
    page.act("add_layer")
    assert playground.hidden == (4, 2, 4)
    page.act("add_units", layer=2, count=1)
    page.act("add_units", layer=2, count=1)
    page.act("add_units", layer=1, count=-1)
    assert playground.hidden == (3, 4, 4)
    page.act("set_units", layer=3, units=64)
    assert playground.hidden == playground.controls.hidden.value == (3, 4, 64)
    page.act("add_units", layer=3, count=1)
    assert playground.hidden == (3, 4, 64)
    for _ in range(4):
        page.act("remove_layer")
    assert playground.hidden == ()
    for _ in range(6):
        page.act("add_layer")
    assert playground.hidden == (4,) * 6
    assert page.act("add_layer")["type"] == "error"
    assert playground.hidden == (4,) * 6


def test_the_last_unit_of_a_layer_stays(playground: nbtutor.Playground, page: Page) -> None:
    page.act("set_units", layer=1, units=1)
    page.act("add_units", layer=1, count=-1)
    assert playground.hidden == (1, 2)


def test_weights_and_biases_are_set_from_the_page(
    playground: nbtutor.Playground, page: Page
) -> None:
    picture = page.act("set_weight", **WEIGHT)
    assert playground.network.weights[0][0, 1, 2] == 1.25
    assert picture["type"] == "frame"
    assert picture["full"]
    picture = page.act("set_bias", **BIAS)
    assert playground.network.biases[2][0, 0] == -0.5
    assert [label[:24] for _, label in picture["events"]] == [
        "w(y → hidden 1, unit 3) ",
        "b(the output) 0 → −0.5",
    ]
    assert picture["message"] == "b(the output) is -0.5 now."
    assert picture["train_loss"] == playground.history.train_loss[-1]


def test_while_it_plays_it_trains_on_from_there(playground: nbtutor.Playground, page: Page) -> None:
    playground.playing = True
    before = playground._live.run.trainer.updates
    page.act("set_weight", **WEIGHT)
    picture = page.act("set_weight", **{**WEIGHT, "value": 2.0, "continued": True})
    assert playground.playing
    assert picture["state"] == "playing"
    assert picture["updates"] > before
    assert len(picture["events"]) == 1
    assert picture["events"][0][1].endswith("→ 2")


def test_in_mid_epoch_the_losses_shown_are_those_of_now(
    playground: nbtutor.Playground, page: Page
) -> None:
    playground.train(2)
    playground.transport.step.click()
    picture = page.act("set_bias", **BIAS)
    data = playground._live.run.validation
    p = playground.network.predict_proba(data.X)[0, np.arange(len(data)), data.y]
    assert picture["validation_loss"] == pytest.approx(-np.log(p.astype(float)).mean(), rel=1e-4)
    assert picture["validation_loss"] != playground.history.validation_loss[-1]


def test_python_does_the_same(playground: nbtutor.Playground, page: Page) -> None:
    playground.set_weight(0, 1, 2, 1.25)
    playground.set_bias(2, 0, -0.5)
    assert playground.network.weights[0][0, 1, 2] == 1.25
    assert playground.network.biases[2][0, 0] == -0.5
    assert page.answers[-1]["events"][1][1] == "b(the output) 0 → −0.5"
    with pytest.raises(ParameterError, match="unit must be a whole number from 0 to 3, not 4"):
        playground.set_weight(0, 1, 4, 1.0)
    with pytest.raises(ParameterError, match="source"):
        playground.set_weight(0, None, 3, 1.0)  # type: ignore[arg-type]


def test_undo_brings_back_what_was_set(playground: nbtutor.Playground) -> None:
    playground.set_weight(0, 1, 2, 1.25)  # not trained, but no longer as it was made
    playground.reset()
    assert playground.network.weights[0][0, 1, 2] != 1.25
    playground.undo()
    assert playground.network.weights[0][0, 1, 2] == 1.25
    playground.undo()
    assert playground.network.weights[0][0, 1, 2] != 1.25
    assert playground.history.events == []


def test_a_run_that_has_ended_stays_so(page: Page, playground: nbtutor.Playground) -> None:
    playground.optimizer, playground.loss = "sgd", "squared_error"
    playground.dataset, playground.activation = "plane", "linear"
    playground.learning_rate = 1000
    with pytest.warns(RuntimeWarning):
        playground.train(50)
    playground.network.parameters.flat[:] = 0.5
    picture = page.act("set_bias", **BIAS)
    assert picture["state"] == "error"
    assert "Training stopped" in picture["message"]


HOSTILE: list[tuple[str, Mapping[str, object]]] = [
    ("add_layer", {"by": 1}),
    ("add_units", {"layer": 0, "count": 1}),
    ("add_units", {"layer": 3, "count": 1}),
    ("add_units", {"layer": 1, "count": 10**9}),
    ("add_units", {"layer": 1, "count": True}),
    ("add_units", {"layer": [1], "count": 1}),
    ("set_units", {"layer": 1, "units": 65}),
    ("set_units", {"layer": 1, "units": 0}),
    ("set_units", {"layer": 1, "units": "8"}),
    ("set_units", {"layer": 1, "units": 8, "more": 0}),
    ("set_weight", {**WEIGHT, "value": "1"}),
    ("set_weight", {**WEIGHT, "value": 1e9}),
    ("set_weight", {**WEIGHT, "value": float("nan")}),
    ("set_weight", {**WEIGHT, "value": None}),
    ("set_weight", {**WEIGHT, "source": None}),
    ("set_weight", {**WEIGHT, "source": 2}),
    ("set_weight", {**WEIGHT, "unit": -1}),
    ("set_weight", {**WEIGHT, "layer": 3}),
    ("set_weight", {**WEIGHT, "layer": 0.5}),
    ("set_weight", {**WEIGHT, "continued": 1}),
    ("set_weight", BIAS),
    ("set_bias", WEIGHT),
    ("set_bias", {**BIAS, "unit": {}}),
    ("set_bias", {**BIAS, "value": -1001}),
]


@pytest.mark.parametrize(("name", "arguments"), HOSTILE)
def test_what_no_honest_page_sends_changes_nothing(
    playground: nbtutor.Playground, page: Page, name: str, arguments: Mapping[str, object]
) -> None:
    before = playground.network.parameters.flat.copy()
    answer = page.act(name, **arguments)
    assert answer["type"] == "error"
    assert playground.hidden == (4, 2)
    np.testing.assert_array_equal(playground.network.parameters.flat, before)
    assert playground.history.events == []


def test_without_a_hidden_layer_there_are_no_units_to_add(
    playground: nbtutor.Playground, page: Page
) -> None:
    playground.hidden = ()
    assert "no hidden layer" in page.act("add_units", layer=1, count=1)["message"]


@pytest.mark.parametrize("rule", ["hide", "lock"])
def test_a_teacher_closes_the_diagram(
    playground: nbtutor.Playground, page: Page, rule: str
) -> None:
    setattr(playground, rule, ["hidden"])
    assert "locked here: layers" in page.act("add_layer")["message"]
    assert "locked here: layers" in page.act("set_units", layer=1, units=3)["message"]
    assert page.act("set_bias", **BIAS)["type"] == "frame"
    setattr(playground, rule, ["weights"])
    before = playground.network.parameters.flat.copy()
    for name, arguments in (("set_weight", WEIGHT), ("set_bias", BIAS)):
        assert "locked here: weights and biases" in page.act(name, **arguments)["message"]
    np.testing.assert_array_equal(playground.network.parameters.flat, before)
    network = playground.views.network
    assert network.locked == ["weights"]
    assert network.hidden == (["weights"] if rule == "hide" else [])
    page.act("add_layer")
    assert playground.hidden == (4, 2, 4)


def test_the_row_of_boxes_is_still_there_for_a_teacher_and_is_closed() -> None:
    playground = nbtutor.Playground(points=60)
    layers = playground.controls.hidden
    layers.add.click()
    assert playground.hidden == (4, 2, 4)
    assert layers.comm is not None
    playground.close()
    assert layers.comm is None
    assert layers.units[5].comm is None
