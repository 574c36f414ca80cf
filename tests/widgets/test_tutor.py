"""What a change of a setting does to the experiment of a lesson, and to its playing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from nbtutor.charts import Axis, Chart
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.tutor import KEPT, Experiment, Tutor
from tests.widgets.page import deliver

END = 5


class Count(Experiment):
    """Counts to five, and five further with each new learning rate."""

    label: ClassVar[str] = "Count"

    def __init__(self, settings: RunSettings) -> None:
        self._settings = settings
        self._done, self._end = 0, END

    def advance(self, seconds: float) -> None:
        self._done += 1

    @property
    def progress(self) -> tuple[int, int]:
        return self._done, self._end

    @property
    def result(self) -> int:
        return self._done

    def tell(self) -> str:
        return f"{self._done} at rate {self._settings.learning_rate:g}"

    def charts(self) -> list[Chart]:
        return [Chart(self.tell(), Axis("x"), Axis("y"))]

    def take(self, settings: RunSettings) -> bool:
        if settings != self._settings.changed(learning_rate=settings.learning_rate):
            return False
        self._settings, self._end = settings, self._done + END
        return True


class CountTutor(Tutor):
    CONTROLS = ("learning_rate", "noise")
    EXPERIMENTS: ClassVar = {"count": Count}
    CHARTS = 1


class LiveTutor(CountTutor):
    KEEPS_PLAYING = True


def tick(tutor: Tutor) -> None:
    message = {"type": "tick", "seen": tutor.stage.seq, "window": 1, "again": False}
    deliver(tutor.stage, message)


@pytest.fixture(params=[CountTutor, LiveTutor])
def tutor(request: pytest.FixtureRequest) -> Iterator[Tutor]:
    made = request.param()
    yield made
    made.close()


def test_what_can_be_taken_in_mid_run_goes_on(tutor: Tutor) -> None:
    work = tutor.work
    tutor.stage.play()
    tick(tutor)
    tick(tutor)
    tutor.change(learning_rate=0.5)
    assert tutor.work is work
    assert (tutor.stage.done, tutor.stage.total) == (2, 2 + END)
    assert tutor.chart_views[0].chart.title == tutor.stage.message == "2 at rate 0.5"
    assert tutor.stage.playing  # it was, and nothing has stopped it


@pytest.mark.parametrize("kind", [CountTutor, LiveTutor])
def test_what_starts_again_plays_on_where_the_lesson_says_so(kind: type[Tutor]) -> None:
    tutor = kind()
    tutor.stage.play()
    tick(tutor)
    pauses = []
    tutor.stage.send_state = lambda key=None: pauses.append(tutor.stage.playing)
    tutor.controls["noise"].value = 0.3
    assert tutor.work.result == 0
    assert tutor.stage.playing == kind.KEEPS_PLAYING
    # The page is told the end of it only.
    assert set(pauses) == {kind.KEEPS_PLAYING}
    tutor.close()


def test_a_finished_run_plays_on_but_a_paused_one_stays(tutor: Tutor) -> None:
    tutor.run()
    tutor.change(noise=0.2)
    assert tutor.stage.playing == tutor.KEEPS_PLAYING
    tutor.stage.play(False)
    tutor.change(noise=0.3)
    assert not tutor.stage.playing
    assert tutor.stage.state == "idle"


def test_nothing_plays_before_the_learner_says_so(tutor: Tutor) -> None:
    tutor.change(noise=0.3)
    tutor.change(learning_rate=0.5)
    assert not tutor.stage.playing
    assert tutor.stage.done == 0


def test_a_control_goes_back_where_its_value_is_refused(tutor: Tutor) -> None:
    before = tutor.settings
    tutor.controls["noise"].max = 2
    tutor.controls["noise"].value = 1.5
    assert tutor.settings == before
    assert tutor.controls["noise"].value == before.noise
    assert "Nothing was changed. noise must be" in tutor.stage.error


class DataTutor(Tutor):
    CONTROLS = ("dataset",)
    EXPERIMENTS: ClassVar = {"count": Count}
    CHARTS = 1


def test_points_of_ones_own_are_offered_only_where_there_are_some() -> None:
    points = ([[0.0, 0.0], [1.0, 1.0]] * 10, [0, 1] * 10)
    for settings, offered in (({}, False), ({"dataset": "own", "data": points}, True)):
        tutor = DataTutor(**settings)
        names = [name for _, name in tutor.controls["dataset"].options]
        assert ("own" in names) == offered
        assert len(tutor.controls["dataset"].tooltips) == len(names)
        tutor.close()


class Other(Count):
    label: ClassVar[str] = "Other"


class TwoTutor(CountTutor):
    EXPERIMENTS: ClassVar = {"count": Count, "other": Other}


def test_what_was_left_is_there_for_who_comes_back() -> None:
    tutor = TwoTutor()
    tutor.run()
    first = tutor.work
    tutor.choose("other")
    assert (tutor.work.progress[0], tutor.stage.state) == (0, "idle")
    tutor.choose("count")
    assert tutor.work is first
    assert (tutor.stage.state, tutor.stage.done) == ("paused", END)
    # With other settings it is another; with the same ones it is as it was.
    tutor.change(noise=0.3)
    assert tutor.work.progress[0] == 0
    tutor.change(noise=0.0)
    assert tutor.work is first
    assert tutor.stage.message == tutor.work.tell()
    # Start again is what it says.
    tutor.stage.restart()
    assert tutor.work is not first
    tutor.close()


def test_what_took_other_settings_is_not_found_at_its_old_place() -> None:
    tutor = TwoTutor()
    tutor.run()
    first, rate = tutor.work, tutor.settings.learning_rate
    tutor.choose("other")
    tutor.choose("count")
    tutor.change(learning_rate=1.0)
    assert tutor.work is first
    tutor.choose("other")
    tutor.change(learning_rate=rate)
    tutor.choose("count")
    assert tutor.work is not first
    tutor.choose("other")
    tutor.change(learning_rate=1.0)
    tutor.choose("count")
    assert tutor.work is first
    tutor.close()


def test_only_so_many_are_kept() -> None:
    tutor = TwoTutor()
    for step in range(KEPT + 3):
        tutor.change(noise=step / 100)
        tutor.run()
    works = len(tutor._left)
    assert works == KEPT
    tutor.change(noise=0.0)
    assert tutor.work.progress[0] == 0  # the oldest is gone
    tutor.close()


def test_what_is_done_is_shown_as_it_was_and_does_not_play_again() -> None:
    tutor = LiveTutor()
    tutor.run()
    tutor.change(noise=0.3)
    tutor.run()
    tutor.change(noise=0.0)
    assert (tutor.stage.done, tutor.stage.playing) == (END, False)
    tutor.close()
