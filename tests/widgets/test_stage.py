"""The stage of a lesson: portions of work, asked for by the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nbtutor.engine import ParameterError
from nbtutor.widgets.views import Stage
from nbtutor.widgets.views.stage import BUDGET
from tests.widgets.page import deliver


class Count:
    """Work that counts to five."""

    def __init__(self) -> None:
        self.done = 0
        self.budgets: list[float] = []
        self.failure: Exception | None = None

    def advance(self, seconds: float) -> None:
        if self.failure is not None:
            raise self.failure
        self.budgets.append(seconds)
        self.done += 1

    @property
    def progress(self) -> tuple[int, int]:
        return self.done, 5

    def tell(self) -> str:
        return f"{self.done} done"


class Seen:
    """A stage, what it drew, and what it sent."""

    def __init__(self) -> None:
        self.drawn: list[int] = []
        self.sent: list[Any] = []
        self.stage = Stage(Count, self.draw, clock=lambda: 0.0)
        self.stage.send = lambda content, buffers=None: self.sent.append(content)

    @property
    def work(self) -> Count:
        return self.stage.work  # type: ignore[return-value]

    def draw(self) -> None:
        self.drawn.append(self.work.done)

    def ask(self, **message: Any) -> None:
        deliver(self.stage, message)

    def tick(self, seen: int | None = None, window: int = 1, again: bool = False) -> None:
        seen = self.stage.seq if seen is None else seen
        self.ask(type="tick", seen=seen, window=window, again=again)

    def press(self, name: str) -> None:
        self.ask(type="act", name=name, arguments={})


@pytest.fixture
def seen() -> Iterator[Seen]:
    made = Seen()
    yield made
    made.stage.close()


def test_nothing_is_done_before_play(seen: Seen) -> None:
    assert (seen.stage.state, seen.stage.message) == ("idle", "Press Play.")
    seen.tick()
    assert seen.work.done == 0
    assert seen.sent == []


def test_a_tick_does_one_portion_and_draws_it(seen: Seen) -> None:
    seen.press("play")
    assert seen.stage.playing
    seen.tick()
    assert seen.work.budgets == [BUDGET]
    assert seen.drawn == [1]
    assert (seen.stage.done, seen.stage.total, seen.stage.message) == (1, 5, "1 done")
    assert seen.sent == [{"type": "beat", "seq": 1, "took_ms": 0.0}]


def test_a_tick_whose_answer_is_on_its_way_is_left_alone(seen: Seen) -> None:
    seen.stage.play()
    seen.tick(seen=0)
    seen.tick(seen=0)
    assert seen.work.done == 1
    seen.tick(seen=0, window=2)
    assert seen.work.done == 2


def test_one_that_asks_again_trains_nothing(seen: Seen) -> None:
    seen.stage.play()
    seen.tick(again=True)
    assert seen.work.done == 0
    assert seen.sent[-1]["type"] == "beat"


def test_it_ends_by_itself_and_play_starts_anew(seen: Seen) -> None:
    seen.stage.play()
    for _ in range(9):
        seen.tick()
    assert seen.work.done == 5
    assert (seen.stage.playing, seen.stage.state, seen.stage.finished) == (False, "paused", True)
    first = seen.work
    seen.press("play")
    assert seen.work is not first
    assert seen.stage.playing


def test_pause_and_start_again(seen: Seen) -> None:
    seen.stage.play()
    seen.tick()
    seen.press("play")
    assert (seen.stage.state, seen.work.done) == ("paused", 1)
    seen.press("restart")
    assert (seen.stage.state, seen.work.done, seen.stage.done) == ("idle", 0, 0)
    assert seen.drawn[-1] == 0


def test_it_runs_without_a_browser(seen: Seen) -> None:
    seen.stage.run()
    assert seen.work.done == 5
    assert seen.drawn == [5]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ParameterError("rate", 3, "at most 2"), "rate must be at most 2"),
        (RuntimeError("no memory"), "Something went wrong, and the run is paused: no memory"),
    ],
)
def test_what_goes_wrong_is_told_and_pauses(seen: Seen, failure: Exception, told: str) -> None:
    seen.stage.play()
    seen.work.failure = failure
    seen.tick()
    assert told in seen.stage.error
    assert not seen.stage.playing
    seen.work.failure = None
    seen.press("play")
    assert seen.stage.error == ""


def test_the_page_sets_nothing(seen: Seen) -> None:
    seen.stage.set_state({"playing": True, "message": "<script>"})
    assert not seen.stage.playing
    seen.ask(type="tick", seen=-1, window=1, again=False)
    assert [message["type"] for message in seen.sent] == ["error", "error"]
