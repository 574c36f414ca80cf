"""What the tests of the widgets share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nbtutor.widgets.live import LiveRun
from nbtutor.widgets.settings import RunSettings


class FakeClock:
    """A clock that moves on by `step` seconds each time it is read."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 100.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_live(clock: FakeClock) -> Callable[..., LiveRun]:
    def make(**settings: object) -> LiveRun:
        return LiveRun(RunSettings(**{"points": 60, **settings}), clock)  # type: ignore[arg-type]

    return make
