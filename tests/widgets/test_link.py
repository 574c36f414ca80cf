"""Links: what is written can be read, and what a stranger has written does no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import ParameterError
from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.datasets import DATASETS
from nbtutor.engine.features import FEATURES
from nbtutor.engine.initializations import INITIALIZATIONS
from nbtutor.engine.optimizers import OPTIMIZERS
from nbtutor.widgets import link as links
from nbtutor.widgets import live
from nbtutor.widgets.access import NAMES
from nbtutor.widgets.display import DISPLAY
from nbtutor.widgets.link import (
    MAX_LENGTH,
    MAX_PASSED_ON,
    PROPERTIES,
    Link,
    LinkError,
    decode,
    encode,
)
from nbtutor.widgets.live import SPEEDS
from nbtutor.widgets.own_points import MAX_CLASSES, MAX_POINTS
from nbtutor.widgets.protocol import MAX_LINK
from nbtutor.widgets.settings import MAX_LAYERS, MAX_UNITS, WORDS, RunSettings

shares = st.floats(0, 0.5)
penalties = st.floats(0, 1000)
run_settings = st.builds(
    RunSettings,
    dataset=st.sampled_from(DATASETS),
    noise=shares,
    label_noise=shares,
    classes=st.integers(2, MAX_CLASSES),
    points=st.integers(10, 5000),
    train_share=st.floats(0.1, 0.9),
    inputs=st.lists(st.sampled_from(list(FEATURES)), min_size=1, unique=True),
    hidden=st.lists(st.integers(1, MAX_UNITS), max_size=MAX_LAYERS),
    activation=st.sampled_from(list(ACTIVATIONS)),
    loss=st.sampled_from(["cross_entropy", "squared_error"]),
    initialization=st.sampled_from(list(INITIALIZATIONS)),
    redraw=st.integers(0, 999_999),
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    momentum=st.floats(0, 1, exclude_max=True),
    learning_rate=penalties,
    batch_size=st.integers(1, 5000),
    dropout=st.floats(0, 1, exclude_max=True),
    l1=penalties,
    l2=penalties,
    seed=st.integers(0, 999_999),
)
names = st.lists(st.sampled_from(NAMES), unique=True).map(tuple)
any_link = st.builds(Link, run_settings, st.sampled_from(list(SPEEDS)), names, names)


@given(any_link)
def test_what_is_written_is_read(link: Link) -> None:
    text = encode(link)
    assert decode(text) == link
    assert len(text) <= MAX_PASSED_ON
    assert encode(link, whole=True) == text
    # A mail program may escape it, and a person may paste the whole address.
    assert decode(quote(text.removeprefix("#"), safe="")) == link
    assert decode(f"http://127.0.0.1:8866/voila/render/00.ipynb{text}") == link
    # It is an address's end as it stands: nothing in it has to be escaped.
    assert quote(text, safe="#;=,+") == text


def test_the_defaults_need_no_words() -> None:
    assert encode(Link()) == "#nbt=1"
    assert decode("#nbt=1") == Link()


def test_a_link_can_be_read_by_a_person() -> None:
    settings = RunSettings("spiral", hidden=(8, 8), inputs=("x", "sin_x"), learning_rate=1e-5)
    text = encode(Link(settings, "fast", ("step",), ("seed", "dataset")))
    assert text == (
        "#nbt=1;dataset=spiral;inputs=x,sin_x;hidden=8,8;learning_rate=1e-05;speed=fast;"
        "hide=step;lock=seed,dataset"
    )
    assert decode("#nbt=1;hidden=").settings.hidden == ()


def test_every_setting_has_a_place_with_the_present_default() -> None:
    # Whoever changes a default has to raise VERSION, or links that are out change their meaning.
    settings = {field.name: field.default for field in fields(RunSettings)}
    others = {"speed": "normal", "hide": (), "lock": ()} | DISPLAY
    assert {name: default for name, (_, default) in PROPERTIES.items()} == settings | others
    assert list(WORDS) == [name for name in PROPERTIES if name not in others]


# Links that were given out. They have to open in every later version as they did in theirs.
GIVEN_OUT: list[tuple[str, dict[str, Any]]] = [
    ("#nbt=1", {}),
    (
        "#nbt=1;dataset=blobs;noise=0.2;label_noise=0.1;classes=4;points=300;train_share=0.7;"
        "inputs=x,y,x2;hidden=8,8,3;activation=relu;loss=squared_error;initialization=he_normal;"
        "redraw=2;optimizer=adam;momentum=0.9;learning_rate=0.003;batch_size=32;dropout=0.2;"
        "l1=0.001;l2=0.01;seed=7",
        {
            "dataset": "blobs",
            "noise": 0.2,
            "label_noise": 0.1,
            "classes": 4,
            "points": 300,
            "train_share": 0.7,
            "inputs": ("x", "y", "x2"),
            "hidden": (8, 8, 3),
            "activation": "relu",
            "loss": "squared_error",
            "initialization": "he_normal",
            "redraw": 2,
            "optimizer": "adam",
            "momentum": 0.9,
            "learning_rate": 0.003,
            "batch_size": 32,
            "dropout": 0.2,
            "l1": 0.001,
            "l2": 0.01,
            "seed": 7,
        },
    ),
]
DEFAULTS_OF_1: dict[str, Any] = {
    "dataset": "circle",
    "noise": 0,
    "label_noise": 0,
    "classes": 3,
    "points": 500,
    "train_share": 0.5,
    "inputs": ("x", "y"),
    "hidden": (4, 2),
    "activation": "tanh",
    "loss": "cross_entropy",
    "initialization": "xavier_uniform",
    "redraw": 0,
    "optimizer": "sgd",
    "momentum": 0,
    "learning_rate": 0.03,
    "batch_size": 10,
    "dropout": 0,
    "l1": 0,
    "l2": 0,
    "seed": 0,
}


@pytest.mark.parametrize(("text", "values"), GIVEN_OUT)
def test_a_link_that_was_given_out_opens(text: str, values: dict[str, Any]) -> None:
    link = decode(text)
    assert link.settings == RunSettings(**(DEFAULTS_OF_1 | values))
    assert link.unknown == ()


def test_an_old_link_means_the_defaults_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "VERSION", 2)
    monkeypatch.setattr(links, "OLD_DEFAULTS", {1: {"learning_rate": 0.5}})
    assert decode("#nbt=1;seed=3").settings == RunSettings(learning_rate=0.5, seed=3)
    assert decode("#nbt=1;learning_rate=0.1").settings.learning_rate == 0.1
    assert decode("#nbt=2;seed=3").settings == RunSettings(seed=3)


def test_a_newer_link_opens_but_for_what_is_new() -> None:
    link = decode("#nbt=9;seed=3;cosmos=30;<b>=1")
    assert link.settings == RunSettings(seed=3)
    assert link.unknown == ("'cosmos'", "'<b>'")
    words = links.describe_unknown(link.unknown)
    assert words.endswith("were left out: 'cosmos', '<b>'.")
    assert links.describe_unknown(()) == ""
    many = links.describe_unknown(tuple(map(str, range(300))))
    assert many.endswith("0, 1, 2, 3, 4 and 295 more.")


BROKEN = [
    *("", "#", "#nbt", "#nbt=", "#nbt=0", "#nbt=-1", "#nbt=1.0", "#nbt=1e3", "#nbt=²", "#nbt=x"),
    *("#NBT=1", "#seed=3", "#seed=3;nbt=1", ";;;", "javascript:alert(1)"),
    *("#nbt=1;seed=", "#nbt=1;seed", "#nbt=1;seed=-1", "#nbt=1;seed=1e5", "#nbt=1;seed=1_0"),
    *("#nbt=1;seed=" + "9" * 12, "#nbt=1;seed=" + "9" * 1900, "#nbt=1;seed=1;seed=1"),
    *("#nbt=1;seed=٣", "#nbt=1;seed= 3", "#nbt=1;noise=nan", "#nbt=1;noise=inf", "#nbt=1;noise=.1"),
    *("#nbt=1;learning_rate=1e999", "#nbt=1;learning_rate=-0.1", "#nbt=1;l2=0x10"),
    *("#nbt=1;hidden=8,,8", "#nbt=1;hidden=,", "#nbt=1;hidden=0", "#nbt=1;hidden=99"),
    *("#nbt=1;hidden=" + ",".join("8" * 7), "#nbt=1;hidden=(8,8)", "#nbt=1;inputs="),
    *("#nbt=1;dataset=<script>alert(1)</script>", "#nbt=1;dataset=__class__", "#nbt=1;dataset=%00"),
    *(
        "#nbt=1;lock=__init__",
        "#nbt=1;hide=everything",
        "#nbt=1;speed=9",
        "#nbt=1;" + "x" * MAX_LENGTH,
    ),
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_link_is_refused_in_words(text: str) -> None:
    with pytest.raises(LinkError) as caught:
        decode(text)
    assert 10 < len(str(caught.value)) < 700
    assert str(caught.value).endswith((".", "?"))


@given(st.text(max_size=200) | st.text("nbt=1;,#%<>0123456789abcdefghide_", max_size=60))
@example("nbt=1;__proto__=1;constructor=2;toString=3")
@example("%")
@example("#nbt=1;%ff%fe=%00;" + "%25" * 50)
def test_any_text_is_read_or_refused(text: str) -> None:
    for tried in (text, "#nbt=1;" + text):
        try:
            link = decode(tried)
        except LinkError:
            continue
        assert decode(encode(link)).values == link.values
        assert links.describe_unknown(link.unknown).isprintable()


# JSON.


@given(any_link)
def test_json_gives_the_same(link: Link) -> None:
    assert links.from_json(links.to_json(link)) == link


def test_json_holds_all_settings_as_keywords() -> None:
    document = json.loads(links.to_json(Link(RunSettings("moons", seed=5))))
    assert document["format"] == "nbtutor settings"
    assert document["version"] == 1
    assert RunSettings(**document["settings"]) == RunSettings("moons", seed=5)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ValueError),
        ("[]", ValueError),
        ('{"settings": {}}', ValueError),
        ('{"format": "nbtutor settings", "settings": {"sead": 1}}', TypeError),
        ('{"format": "nbtutor settings", "settings": [1]}', TypeError),
        ('{"format": "nbtutor settings", "settings": {"seed": -1}}', ParameterError),
        ('{"format": "nbtutor settings", "speed": []}', ParameterError),
        ('{"format": "nbtutor settings", "lock": "seed"}', ParameterError),
    ],
)
def test_json_of_a_stranger_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        links.from_json(text)


# The playground and its links.


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


@pytest.fixture
def sent(playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    hub = playground.views.status
    monkeypatch.setattr(hub, "send", lambda content, buffers=None: messages.append(content))
    return messages


def open_from_page(playground: nbtutor.Playground, link: str) -> None:
    playground.views.status._handle_custom_msg({"type": "open", "link": link}, [])


def test_the_link_follows_every_change(playground: nbtutor.Playground) -> None:
    hub = playground.views.status
    assert playground.link == hub.link == "#nbt=1;points=60"
    playground.controls.hidden.value = (3,)
    playground.speed = "slow"
    playground.lock = ["seed"]
    assert playground.link == hub.link == "#nbt=1;points=60;hidden=3;speed=slow;lock=seed"
    playground.train(1)
    playground.hidden = ()
    playground.undo()
    assert hub.link == "#nbt=1;points=60;hidden=3;speed=slow;lock=seed"


def test_a_page_without_its_kernel_has_what_brings_all_of_it_back(
    playground: nbtutor.Playground,
) -> None:
    hub = playground.views.status
    assert hub.recovery == playground.link
    angle = np.linspace(0, 7, MAX_POINTS)
    for answers in (np.arange(MAX_POINTS) % 5, angle - 3.5):
        playground.data = np.column_stack([5.9 * np.cos(angle), angle - 3]), answers
        playground.learning_rate = 0.1
        assert len(playground.link) < MAX_PASSED_ON < len(hub.recovery) <= MAX_LENGTH <= MAX_LINK
        with closing(nbtutor.Playground()) as other:
            open_from_page(other, hub.recovery)
            assert other.data == playground.data
            assert other.link == playground.link
    # Where links are locked in Python, none opens: so there is none.
    playground.lock = ["link"]
    assert hub.recovery == ""
    playground.lock = ()
    assert hub.recovery.startswith("#nbt=1;")


def test_a_link_is_opened_at_once_and_by_one_restart(
    playground: nbtutor.Playground, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    playground.train(2)
    before = playground.network
    sent.clear()
    made: list[RunSettings] = []

    class CountedRun(live.Run):
        def __init__(self, settings: RunSettings) -> None:
            made.append(settings)
            super().__init__(settings)

    monkeypatch.setattr(live, "Run", CountedRun)
    text = "#nbt=1;dataset=spiral;points=80;hidden=8,8;learning_rate=0.1;seed=3;speed=fast"
    open_from_page(playground, text)
    assert len(made) == 1
    assert [message["full"] for message in sent] == [True]
    assert (playground.dataset, playground.hidden, playground.speed) == ("spiral", (8, 8), "fast")
    assert playground.controls.learning_rate.value == 0.1
    assert playground.epoch == 0
    assert playground.link == text
    assert playground.views.status.error == ""
    # The trained run is not lost.
    playground.undo()
    assert playground.network is before
    assert (playground.dataset, playground.epoch) == ("circle", 2)


def test_a_link_to_the_present_settings_leaves_the_run(playground: nbtutor.Playground) -> None:
    playground.train(2)
    open_from_page(playground, playground.link)
    assert playground.epoch == 2


def test_a_run_from_a_link_gives_the_same_numbers(playground: nbtutor.Playground) -> None:
    other = nbtutor.Playground("moons", noise=0.2, points=70, hidden=(5,), dropout=0.1, seed=4)
    playground.learning_rate = 1.0
    playground.train(1)
    playground.open_link(other.link)
    for each in (playground, other):
        each.train(3)
    assert playground.history.validation_loss.tolist() == other.history.validation_loss.tolist()
    other.close()


def test_unknown_names_are_told_and_the_rest_opens(playground: nbtutor.Playground) -> None:
    open_from_page(playground, "#nbt=1;seed=3;cosmos=30")
    assert playground.seed == 3
    assert playground.views.status.error.endswith("left out: 'cosmos'.")
    playground.train(1)
    assert playground.views.status.error == ""


@pytest.mark.parametrize("text", [t for t in BROKEN if len(t) < MAX_LINK])
def test_a_broken_link_changes_nothing_and_is_told(
    playground: nbtutor.Playground, sent: list[dict[str, Any]], text: str
) -> None:
    playground.train(1)
    before, link = playground.network, playground.link
    sent.clear()
    open_from_page(playground, text)
    assert playground.network is before
    assert playground.link == link
    error = playground.views.status.error
    assert error.startswith("The link could not be opened, and nothing was changed. ")
    assert [message["full"] for message in sent] == [True]
    with pytest.raises(LinkError):
        playground.open_link(text)


def test_json_makes_the_same_playground(playground: nbtutor.Playground) -> None:
    playground.hidden = (3, 3)
    playground.lock = ("seed",)
    playground.speed = "fast"
    again = nbtutor.Playground.from_json(playground.to_json())
    assert again.link == playground.link
    assert again._live.settings == playground._live.settings
    again.close()
