"""Dials: what an experiment lets a learner turn, beside the settings of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest

from nbtutor.charts import Axis, Chart
from nbtutor.engine import ParameterError
from nbtutor.widgets.dials import Choice, Slider, Steps
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.tutor import Experiment, Tutor


class Product(Experiment):
    """Computes at once, and has nothing to train."""

    label: ClassVar[str] = "Product"
    DIALS: ClassVar = {
        "factor": Slider("Factor", 2.0, -4.0, 4.0, 0.25),
        "scale": Steps("Scale", 1.0, (0.1, 1.0, 10.0)),
        "sign": Choice("Sign", "plus", {"plus": "Plus", "minus": "Minus"}),
    }
    SETTINGS: ClassVar[Sequence[str]] = ("noise",)

    def __init__(self, settings: RunSettings, factor: float, scale: float, sign: str) -> None:
        self.noise = settings.noise
        self.factor, self.scale, self.sign = factor, scale, sign

    def turn(self, **dials: Any) -> bool:
        if "sign" in dials:
            return False
        vars(self).update(dials)
        return True

    def advance(self, seconds: float) -> None:
        raise AssertionError("there is nothing to run")

    @property
    def progress(self) -> tuple[int, int]:
        return 0, 0

    @property
    def result(self) -> float:
        return self.factor * self.scale * (1 if self.sign == "plus" else -1)

    def tell(self) -> str:
        return f"It is {self.result:g}."

    def formulas(self) -> list[str]:
        return [f"{self.factor:g} < {self.scale:g}"]

    def charts(self) -> list[Chart]:
        return [Chart(self.tell(), Axis("x"), Axis("y"))]


class Still(Product):
    """Has neither dials nor settings nor formulas."""

    label: ClassVar[str] = "Still"
    DIALS: ClassVar = {}
    SETTINGS: ClassVar[Sequence[str]] = ()

    def __init__(self, settings: RunSettings) -> None:
        super().__init__(settings, 1.0, 1.0, "plus")

    def formulas(self) -> list[str]:
        return []


class ProductTutor(Tutor):
    CONTROLS = ("noise", "seed")
    EXPERIMENTS: ClassVar = {"product": Product, "still": Still}
    CHARTS = 1


@pytest.fixture
def tutor() -> Iterator[ProductTutor]:
    made = ProductTutor()
    yield made
    made.close()


def shown(tutor: Tutor) -> set[str]:
    """The labels of all controls in sight."""
    panels = [p for p in tutor.panels.values() if p.box.layout.display != "none"]
    dials = [control for panel in panels for control in panel.controls.values()]
    settings = [c for c in tutor.controls.values() if c.layout.display != "none"]
    return {control.description for control in (*dials, *settings)}


def test_a_dial_is_answered_at_once(tutor: ProductTutor) -> None:
    work = tutor.work
    tutor.panels["product"].controls["factor"].value = -3.0
    assert tutor.work is work
    assert tutor.stage.message == tutor.chart_views[0].chart.title == "It is -3."
    assert tutor._formulas.value == "-3 &lt; 1"


def test_one_that_cannot_be_taken_starts_again_where_the_dials_stand(tutor: ProductTutor) -> None:
    tutor.turn(factor=3, scale=10)
    work = tutor.work
    tutor.turn(sign="minus")
    assert tutor.work is not work
    assert tutor.run() == -30
    tutor.change(noise=0.3)
    assert (tutor.work.noise, tutor.work.result) == (0.3, -30)  # type: ignore[attr-defined]


def test_the_controls_follow(tutor: ProductTutor) -> None:
    tutor.turn(factor=3, scale=0.25, sign="minus")
    values = {name: c.value for name, c in tutor.panels["product"].controls.items()}
    assert values == {"factor": 3, "scale": 0.25, "sign": "minus"}


def test_what_is_not_allowed_changes_nothing(tutor: ProductTutor) -> None:
    with pytest.raises(ParameterError, match=r"scale must be .* 0.1 .* 10"):
        tutor.turn(factor=1, scale=11)
    with pytest.raises(ParameterError, match="Did you mean 'minus'"):
        tutor.turn(sign="minsu")
    with pytest.raises(TypeError, match=r"unknown dial 'faktor'; .* factor, scale, sign"):
        tutor.turn(faktor=1)
    assert tutor.run() == 2


def test_each_experiment_has_its_own_controls_in_sight(tutor: ProductTutor) -> None:
    assert shown(tutor) == {"Factor", "Scale", "Sign", "Noise"}
    tutor.turn(factor=4)
    tutor.choose("still")
    assert shown(tutor) == set()
    assert tutor._formulas.layout.display == "none"
    with pytest.raises(TypeError, match="has none"):
        tutor.turn(factor=1)
    tutor.choose("product")
    assert tutor.run() == 4, "a dial stays where it was"


def test_there_is_nothing_to_play(tutor: ProductTutor) -> None:
    work = tutor.work
    tutor.stage.play()
    assert not tutor.stage.playing
    assert tutor.work is work
    assert (tutor.stage.state, tutor.stage.total) == ("idle", 0)


def test_a_slider_shows_as_many_digits_as_its_step_has() -> None:
    assert Slider("a", 0, 0, 1, 0.25).control().readout_format == ".2f"
    assert Slider("a", 0, 0, 10, 1).control().readout_format == ".0f"
