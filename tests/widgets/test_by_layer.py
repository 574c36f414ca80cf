"""Activation and dropout of every hidden layer: settings, links, controls, and a run's course."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import ParameterError, Trainer
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.widgets import link
from nbtutor.widgets.by_layer import each, fit, settle
from nbtutor.widgets.layer_settings import activation_choices
from nbtutor.widgets.settings import RunSettings
from tests.widgets.test_actions import ask

MIXED = ("tanh", "relu", "gelu")
SHARES = (0.0, 0.1, 0.5)


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60, hidden=(4, 3, 2), activation=MIXED, dropout=SHARES)
    yield made
    made.close()


def labels(playground: nbtutor.Playground) -> list[str]:
    return [event.label for event in playground.history.events]


# The settings.


def test_the_network_and_the_trainer_get_one_for_each_layer() -> None:
    settings = RunSettings(hidden=(4, 3, 2), activation=list(MIXED), dropout=list(SHARES))  # type: ignore[arg-type]
    assert (settings.activation, settings.dropout) == (MIXED, SHARES)
    assert settings.make_network(settings.make_data()).activations == MIXED
    assert settings.training.dropout == (SHARES,)


def test_layers_that_have_the_same_are_told_as_one() -> None:
    same = RunSettings(hidden=(4, 3), activation=("relu", "relu"), dropout=(0.5, 0.5))
    assert same == RunSettings(hidden=(4, 3), activation="relu", dropout=0.5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"activation": MIXED[:2]}, "activation must be one value, or 3, one for each"),
        ({"dropout": (0.1, 0.2, 0.3, 0.4)}, "dropout must be one value, or 3"),
        ({"activation": ()}, "activation must be one value, or one for each hidden layer"),
        ({"activation": ("tanh", "swish", "relu")}, r"activation\[1\] must be one of 'tanh'"),
        ({"dropout": (0.1, 1.0, 0)}, r"dropout\[1\] must be a number from 0 to below 1"),
        ({"dropout": ((0.1, 0.2, 0.3),)}, r"dropout\[0\] must be"),
        ({"dropout": {0.1, 0.2, 0.3}}, "dropout must be"),
        ({"hidden": (), "activation": ("tanh", "relu")}, "one value without hidden layers"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        RunSettings(**{"hidden": (4, 3, 2)} | wrong)


# Layers that come and go.


@given(
    values=st.lists(st.sampled_from([*ACTIVATIONS]), min_size=2, max_size=6),
    layers=st.integers(0, 6),
)
def test_the_last_value_is_repeated_or_cut(values: list[str], layers: int) -> None:
    fitted = fit(settle("activation", tuple(values), len(values)), layers)
    expected = [values[min(layer, len(values) - 1)] for layer in range(layers)]
    assert list(each(fitted, layers)) == expected
    if layers == 0:
        assert fitted == values[0]
    assert not isinstance(fitted, tuple) or len(set(fitted)) > 1


def test_layers_added_and_removed(playground: nbtutor.Playground) -> None:
    playground.hidden = (4, 3, 2, 2)
    assert playground.activation == (*MIXED, "gelu")
    assert playground.dropout == (*SHARES, 0.5)
    assert playground.network.activations[3] == "gelu"
    playground.hidden = (4, 3)
    assert playground._live.settings.activation == ("tanh", "relu")
    assert playground._live.settings.dropout == (0, 0.1)
    playground.hidden = (4,)
    assert (playground.activation, playground.dropout) == ("tanh", 0)
    playground.hidden = (4, 4)
    assert playground.network.activations == ("tanh", "tanh")


def test_without_a_layer_the_first_ones_choice_stays(playground: nbtutor.Playground) -> None:
    playground.activation = ("relu", "tanh", "tanh")
    playground.hidden = ()
    assert (playground.activation, playground.dropout) == ("relu", 0.0)
    playground.train(1)


def test_layers_and_their_activations_at_once(playground: nbtutor.Playground) -> None:
    with playground.hold_trait_notifications():
        playground.activation = ("silu", "elu")
        playground.hidden = (5, 5)
        playground.learning_rate = 0.5
    assert playground.network.sizes == (2, 5, 5, 1)
    assert playground.network.activations == ("silu", "elu")
    assert playground._live.settings.learning_rate == playground.learning_rate == 0.5


def test_undo_brings_the_layers_and_what_they_had_back(playground: nbtutor.Playground) -> None:
    playground.train(1)
    playground.hidden = (4,)
    playground.undo()
    assert (playground.activation, playground.dropout) == (MIXED, SHARES)
    assert playground.views.network.layers == [list(p) for p in zip(MIXED, SHARES, strict=True)]


# In mid-run.


def test_a_change_of_one_layer_goes_on_and_is_told(playground: nbtutor.Playground) -> None:
    playground.train(2)
    before = playground.network.parameters.flat.copy()
    playground.activation = ("tanh", "sigmoid", "gelu")
    playground.dropout = (0.0, 0.1, 0.2)
    np.testing.assert_array_equal(playground.network.parameters.flat, before)
    assert playground.epoch == 2
    assert labels(playground) == [
        "activation of hidden 2: ReLU → Sigmoid",
        "dropout of hidden 3: 0.5 → 0.2",
    ]
    playground.train(1)
    with closing(nbtutor.Playground(points=60, hidden=(4, 3, 2))) as other:
        settings = RunSettings(points=60, hidden=(4, 3, 2))
        train, validation = settings.make_data().split(0.5)
        net = other.network.copy()
        net.activation = MIXED
        run = Trainer(net, train, validation, settings.training)
        run.change(dropout=(SHARES,))
        run.run(epochs=2)
        run.change(activation=("tanh", "sigmoid", "gelu"), dropout=((0.0, 0.1, 0.2),))
        run.run(epochs=1)
    np.testing.assert_array_equal(playground.network.parameters.flat, net.parameters.flat)


def test_the_picture_names_each(playground: nbtutor.Playground) -> None:
    assert playground._live.picture().activation == "tanh, ReLU, GELU"
    playground.activation = "relu"
    assert playground._live.picture().activation == "ReLU"


# Links, JSON, programs, pictures.


def test_a_link_holds_each_layer(playground: nbtutor.Playground) -> None:
    assert "activation=tanh,relu,gelu;dropout=0.0,0.1,0.5" in playground.link
    assert link.decode(playground.link).settings == playground._live.settings
    with closing(nbtutor.Playground()) as other:
        other.open_link(playground.link)
        assert (other.activation, other.dropout) == (MIXED, SHARES)


def test_links_of_before_open() -> None:
    opened = link.decode("#nbt=1;activation=relu;dropout=0.25;hidden=8,8")
    assert opened.settings == RunSettings(activation="relu", dropout=0.25, hidden=(8, 8))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("hidden=4,4;activation=tanh,relu,gelu", "activation must be one value, or 2"),
        ("activation=tanh,", r"activation\[1\] must be one of"),
        ("activation=,", r"activation\[0\] must be one of"),
        ("dropout=0.1,1", r"dropout\[1\] must be"),
        ("dropout=0.1,nan", "dropout must be a number"),
        ("dropout=,", "dropout must be a number"),
        ("hidden=;dropout=0.1,0.2", "without hidden layers"),
    ],
)
def test_a_link_that_does_not_fit_is_refused(end: str, words: str) -> None:
    with pytest.raises(link.LinkError, match=words):
        link.decode(f"#nbt=1;{end}")


@pytest.mark.parametrize("locked", [["hidden"], ["activation", "dropout"]])
def test_a_link_meets_locks(locked: list[str]) -> None:
    """What is locked stays, and what is by layer follows the layers that there are then."""
    with closing(
        nbtutor.Playground(points=60, hidden=(4, 3), activation=("relu", "elu"), lock=locked)
    ) as own:
        own._open_from_page("#nbt=1;points=60;hidden=2,2,2;activation=tanh,silu,gelu;dropout=0.5")
        expected = {
            "hidden": ((4, 3), ("tanh", "silu"), 0.5),
            "activation": ((2, 2, 2), ("relu", "elu", "elu"), 0.0),
        }[locked[0]]
        assert (own.hidden, own.activation, own.dropout) == expected


def test_an_example_meets_a_lock(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    playground.lock = ["activation", "dropout"]
    ask(playground, monkeypatch, name="example", arguments={"name": "xor_without_hidden"})
    assert playground.hidden == ()
    assert (playground.activation, playground.dropout) == ("tanh", 0.0)


def test_json_and_repr(playground: nbtutor.Playground) -> None:
    text = playground.to_json()
    assert json.loads(text)["settings"]["activation"] == list(MIXED)
    with closing(nbtutor.Playground.from_json(text)) as other:
        assert other._live.settings == playground._live.settings
    assert f"activation={MIXED!r}" in repr(playground)
    with closing(eval(repr(playground), {"Playground": nbtutor.Playground})) as again:
        assert again._live.settings == playground._live.settings


def test_programs_and_the_picture(playground: nbtutor.Playground) -> None:
    playground.train(2)
    for library in ("numpy", "pytorch", "keras"):
        assert "0.1" in playground.to_code(library)
    with pytest.raises(ParameterError, match="one activation for all layers"):
        playground.to_code("sklearn")
    playground.activation = ("relu", "relu", "gelu")
    texts = [text.get_text() for axes in playground.figure().axes for text in axes.texts]
    assert any("activation of hidden 1: tanh → ReLU" in text for text in texts)


# The controls for all layers.


def test_the_controls_say_that_layers_differ_and_set_all(playground: nbtutor.Playground) -> None:
    choice, share = playground.controls.activation, playground.controls.dropout
    assert (choice.label, share.label) == ("By layer", "by layer")
    assert (share.index, len(share.options)) == (4, 19), "it stands at the mean, 0.2"
    choice.value = "elu"
    assert playground.network.activations == ("elu",) * 3
    assert [label for label, _ in choice.options] == [a.label for a in ACTIVATIONS.values()]
    share.value = 0.3
    assert playground._live.run.trainer.config.dropout == 0.3
    assert "by layer" not in [label for label, _ in share.options]
    playground.activation = ("elu", "elu", "relu")
    assert choice.label == "By layer"
    # Another mixture, and another number of layers: the entry is brought up to date.
    playground.hidden = (4, 3, 2, 2)
    assert choice.value == ("elu", "elu", "relu", "relu")


def test_a_value_between_the_steps(playground: nbtutor.Playground) -> None:
    playground.dropout = 0.333
    assert playground.controls.dropout.label == "33.3%"
    playground.dropout = 0.95
    assert playground.controls.dropout.options[-2:] == (("85%", 0.85), ("95%", 0.95))
    assert playground.controls.dropout.label == "95%"
    assert playground.dropout == 0.95


def test_a_control_that_shows_another_mixture_changes_the_run_once(
    playground: nbtutor.Playground,
) -> None:
    playground.train(1)
    playground.activation = ("sigmoid", "relu", "gelu")
    playground.dropout = (0.4, 0.1, 0.5)
    assert labels(playground) == [
        "activation of hidden 1: tanh → Sigmoid",
        "dropout of hidden 1: 0 → 0.4",
    ]


# What the page does.


def act(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch, setting: str, **arguments: Any
) -> list[Any]:
    return [
        answer
        for answer in ask(playground, monkeypatch, name=f"layer_{setting}", arguments=arguments)
        if answer["type"] == "error"
    ]


def test_the_page_sets_a_layer(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert act(playground, monkeypatch, "activation", layer=3, value="elu") == []
    assert act(playground, monkeypatch, "dropout", layer=1, value=0.25) == []
    assert playground.activation == ("tanh", "relu", "elu")
    assert playground.dropout == (0.25, 0.1, 0.5)
    assert playground.views.network.layers == [["tanh", 0.25], ["relu", 0.1], ["elu", 0.5]]
    for layer in (1, 2, 3):
        act(playground, monkeypatch, "activation", layer=layer, value="silu")
    assert playground.activation == "silu"
    assert [name for name, _ in playground.views.network.layers] == ["silu"] * 3


@pytest.mark.parametrize(
    ("setting", "arguments"),
    [
        ("activation", {"layer": 4, "value": "tanh"}),
        ("activation", {"layer": 0, "value": "tanh"}),
        ("activation", {"layer": True, "value": "tanh"}),
        ("activation", {"layer": 1.5, "value": "tanh"}),
        ("activation", {"layer": "1", "value": "tanh"}),
        ("activation", {"layer": 1, "value": "swish"}),
        ("activation", {"layer": 1, "value": ["tanh", "tanh", "tanh"]}),
        ("activation", {"layer": 1, "value": None}),
        ("activation", {"layer": 1}),
        ("activation", {"layer": 1, "value": "tanh", "more": 1}),
        ("dropout", {"layer": 1, "value": 1}),
        ("dropout", {"layer": 1, "value": -0.1}),
        ("dropout", {"layer": 1, "value": float("nan")}),
        ("dropout", {"layer": 1, "value": "0.5"}),
        ("dropout", {"layer": 1, "value": {}}),
    ],
)
def test_nonsense_from_the_page_changes_nothing(
    playground: nbtutor.Playground,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    arguments: dict[str, Any],
) -> None:
    before = playground._live.settings
    (answer,) = act(playground, monkeypatch, setting, **arguments)
    assert re.search("Nothing was changed|something unexpected", answer["message"])
    assert playground._live.settings == before
    assert playground.views.status.error == ""


def test_no_layer_has_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(nbtutor.Playground(points=60, hidden=())) as flat:
        assert flat.views.network.layers == []
        (answer,) = act(flat, monkeypatch, "activation", layer=1, value="relu")
        assert "hidden layer" in answer["message"]
        assert flat.activation == "tanh"


@pytest.mark.parametrize("rule", ["hide", "lock"])
@pytest.mark.parametrize("setting", ["activation", "dropout"])
def test_rules_close_the_layers_too(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch, rule: str, setting: str
) -> None:
    setattr(playground, rule, [setting])
    view = playground.views.network
    assert view.locked == [setting]
    assert view.hidden == ([setting] if rule == "hide" else [])
    value = {"activation": "elu", "dropout": 0.3}[setting]
    (answer,) = act(playground, monkeypatch, setting, layer=1, value=value)
    assert f"locked here: {setting}" in answer["message"]
    assert (playground.activation, playground.dropout) == (MIXED, SHARES)
    other = {"activation": ("dropout", 0.3), "dropout": ("activation", "elu")}[setting]
    assert act(playground, monkeypatch, other[0], layer=1, value=other[1]) == []
    setattr(playground, rule, [])
    assert view.locked == view.hidden == []


@pytest.mark.parametrize(
    "state",
    [
        {"activation": ["tanh", "relu"]},
        {"hidden": [4], "activation": ["tanh", "relu"]},
        {"dropout": [0.1]},
        {"dropout": []},
    ],
)
def test_traits_from_the_page_that_do_not_fit_are_refused(
    playground: nbtutor.Playground, state: dict[str, Any]
) -> None:
    before = playground._live.settings
    playground.set_state(state)
    assert "Nothing was changed." in playground.views.status.error
    assert playground._live.settings == before
    assert (playground.hidden, playground.activation) == ((4, 3, 2), MIXED)


def test_the_curves_are_the_functions() -> None:
    z = np.linspace(-3, 3, 41)
    curves = {name: curve for name, _, curve in activation_choices()}
    expected = {
        "tanh": np.tanh(z),
        "relu": np.maximum(z, 0),
        "sigmoid": 1 / (1 + np.exp(-z)),
        "softplus": np.log1p(np.exp(z)),
        "linear": z,
    }
    assert list(curves) == list(ACTIVATIONS)
    for name, values in expected.items():
        np.testing.assert_allclose(curves[name], values, atol=5.1e-4)
