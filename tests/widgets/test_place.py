"""Back to the same place in a lesson, after its kernel has ended."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbtutor.widgets.dials import Choice, Dial, Slider, Steps
from nbtutor.widgets.link import LinkError
from nbtutor.widgets.tutors.activation import ActivationTutor
from nbtutor.widgets.tutors.batch_size import BatchSizeTutor
from nbtutor.widgets.tutors.bias_variance import BiasVarianceTutor
from nbtutor.widgets.tutors.learning_rate import LearningRateTutor
from nbtutor.widgets.tutors.place import Place, decode, encode
from nbtutor.widgets.tutors.regularization import RegularizationTutor
from nbtutor.widgets.tutors.tutor import Tutor
from tests.widgets.page import deliver

TUTORS = (
    ActivationTutor,
    BatchSizeTutor,
    BiasVarianceTutor,
    LearningRateTutor,
    RegularizationTutor,
)
EXPERIMENTS = [(kind, name) for kind in TUTORS for name in kind.EXPERIMENTS]
CHANGED = {
    "dataset": "moons",
    "noise": 0.15,
    "learning_rate": 0.1,
    "batch_size": 25,
    "momentum": 0.5,
    "activation": "relu",
    "optimizer": "adam",
    "l2": 0.001,
    "dropout": 0.2,
    "train_share": 0.4,
    "hidden": (8, 8),
    "seed": 7,
}


def turned(dial: Dial) -> Any:
    """Return another value of a dial than it has at first."""
    match dial:
        case Choice():
            return next(name for name in dial.options if name != dial.start)
        case Slider():
            return dial.low
        case Steps():
            return dial.steps[-1]
    raise AssertionError(dial)


@pytest.mark.parametrize(("kind", "experiment"), EXPERIMENTS)
def test_another_board_comes_to_the_same_place(kind: type[Tutor], experiment: str) -> None:
    tutor, other = kind(), kind()
    tutor.choose(experiment)
    changed = {n: v for n, v in CHANGED.items() if n in tutor.CONTROLS}
    tutor.change(**changed)
    dials = kind.EXPERIMENTS[experiment].DIALS
    tutor.turn(**{name: turned(dial) for name, dial in dials.items()})
    assert changed
    deliver(other.stage, {"type": "open", "link": tutor.stage.recovery})
    assert other.stage.error == ""
    assert other.settings == tutor.settings
    assert other.panels[experiment].values == tutor.panels[experiment].values
    assert type(other.work) is type(tutor.work)
    assert other.stage.recovery == tutor.stage.recovery
    for name, control in other.controls.items():
        assert control.value == tutor.controls[name].value
    tutor.close()
    other.close()


def test_a_page_comes_back_once_and_goes_on_from_there() -> None:
    tutor = LearningRateTutor()
    link = encode(Place("LearningRateTutor", "range_test", {"learning_rate": 0.3}))
    deliver(tutor.stage, {"type": "open", "link": link})
    tutor.change(learning_rate=0.01)
    deliver(tutor.stage, {"type": "open", "link": link})  # a second view of it
    assert tutor.settings.learning_rate == 0.01
    tutor.close()


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("#nbt-lesson=1;tutor=BatchSizeTutor;experiment=race;seed=9", ""),
        ("#nbt-lesson=1;tutor=LearningRateTutor;experiment=no-such;seed=9", "experiment"),
        ("#nbt-lesson=1;tutor=LearningRateTutor;experiment=range_test;seed=-9", "seed"),
        (
            "#nbt-lesson=1;tutor=LearningRateTutor;experiment=range_test;learning_rate=1e9",
            "learning_",
        ),
        ("#nbt-lesson=7;tutor=LearningRateTutor", "#nbt-lesson=1"),
        ("#nbt=1;dataset=spiral", "#nbt-lesson=1"),
    ],
)
def test_what_cannot_be_followed_is_said_and_changes_no_setting(link: str, told: str) -> None:
    tutor = LearningRateTutor()
    before = tutor.settings
    deliver(tutor.stage, {"type": "open", "link": link})
    assert told in tutor.stage.error
    assert bool(told) == bool(tutor.stage.error)
    assert tutor.settings == before
    tutor.close()


def test_a_link_sets_nothing_that_the_lesson_has_no_control_for() -> None:
    tutor = LearningRateTutor()
    before = tutor.settings
    link = (
        "#nbt-lesson=1;tutor=LearningRateTutor;experiment=range_test;points=5000;dial.no-such=1;x"
    )
    deliver(tutor.stage, {"type": "open", "link": link})
    assert tutor.settings == before
    assert tutor.stage.error == ""
    tutor.close()


@given(st.text(max_size=60) | st.text(alphabet="#nbt-leso=1;dial.%3B", max_size=60))
@example("#nbt-lesson=1;hidden=;learning_rate=nan")
@example("#nbt-lesson=1;" + "x" * 3_000)
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"#nbt-lesson=1;tutor=ActivationTutor;{text}"):
        try:
            place = decode(whole)
        except LinkError:
            continue
        assert isinstance(place, Place)


values = st.text(max_size=12) | st.sampled_from(["nan", "inf", "-1", "1e400", "1_0", "0x1", ""])


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["w1", "b", "activation", "points"]), values))
def test_a_dial_takes_only_what_it_may(dials: dict[str, str]) -> None:
    tutor = ActivationTutor()
    name = next(n for n, kind in tutor.EXPERIMENTS.items() if {"w1", "b"} <= {*kind.DIALS})
    before = dict(tutor.panels[name].values)
    deliver(
        tutor.stage, {"type": "open", "link": encode(Place("ActivationTutor", name, {}, dials))}
    )
    after = tutor.panels[name].values
    allowed = tutor.EXPERIMENTS[name].DIALS
    assert all(allowed[n].check(n, value) == value for n, value in after.items())
    assert after == before or not tutor.stage.error
    tutor.close()
