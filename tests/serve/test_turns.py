"""Whose picture is made next, without a server."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.serve.traffic import Refusal
from nbtutor.serve.turns import MOST_IN_LINE, Tick, Turns


@dataclass
class Alarm:
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Room:
    """Kernels that are done with a tick when a test says so."""

    at_once: int = 2
    working: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.turns = Turns(self.at_once, self._later)

    def _later(self, _seconds: float, call: Callable[[], None]) -> Alarm:
        self.alarms.append(Alarm(call))
        return self.alarms[-1]

    def ask(self, kernel: str, socket: str = "page") -> None:
        self.asked += 1
        name = f"{kernel} {self.asked}"

        def send() -> None:
            self.working.append(name)
            self.served.append(name)

        self.turns.ask(kernel, Tick(name, socket, send))

    def finish(self) -> str:
        """Let the tick be done that has been worked on for longest, and return whose it was."""
        name = self.working.pop(0)
        kernel = name.split()[0]
        self.turns.done(kernel, name)
        return kernel

    def time_out(self) -> None:
        """Let the time pass that a tick may take, for all that are being worked on."""
        self.working.clear()
        for alarm in [alarm for alarm in self.alarms if not alarm.cancelled]:
            alarm.cancelled = True
            alarm.call()

    @property
    def kernels(self) -> list[str]:
        """Whose ticks were sent, in order."""
        return [name.split()[0] for name in self.served]


def test_where_there_is_room_nothing_waits() -> None:
    room = Room(at_once=2)
    room.ask("ann")
    room.ask("bob")
    assert room.kernels == ["ann", "bob"]


def test_the_third_waits_for_one_of_two() -> None:
    room = Room(at_once=2)
    for kernel in ("ann", "bob", "cem"):
        room.ask(kernel)
    assert room.kernels == ["ann", "bob"]
    room.finish()
    assert room.kernels == ["ann", "bob", "cem"]


def test_with_room_a_page_may_ask_ahead() -> None:
    room = Room(at_once=2)
    room.ask("ann")
    room.ask("ann")
    assert room.kernels == ["ann", "ann"]


def test_who_asks_for_more_gets_no_more_turns() -> None:
    room = Room(at_once=1)
    for kernel in ("bob", "ann", "ann", "ann", "cem", "bob"):
        room.ask(kernel)
    while room.working:
        room.finish()
    assert room.kernels == ["bob", "ann", "cem", "bob", "ann", "ann"]


def test_who_moved_something_goes_first() -> None:
    room = Room(at_once=1)
    for kernel in ("ann", "bob", "cem", "dee"):
        room.ask(kernel)
    room.turns.moved("dee")
    room.finish()
    assert room.kernels == ["ann", "dee"]


def test_who_moves_while_at_work_goes_first_next_time() -> None:
    room = Room(at_once=1)
    room.ask("ann")
    room.ask("bob")
    room.turns.moved("ann")
    room.ask("ann")
    room.finish()
    assert room.kernels == ["ann", "ann"]


def test_who_keeps_moving_does_not_keep_the_others_out() -> None:
    room = Room(at_once=1)
    room.ask("bob")
    room.ask("ann")
    for _ in range(40):
        room.turns.moved("ann")
        room.ask(room.finish())
    count = Counter(room.kernels)
    assert count["bob"] >= count["ann"] / 2 - 1


def test_a_move_that_was_seen_gives_no_second_turn_ahead() -> None:
    room = Room(at_once=1)
    room.ask("bob")
    room.ask("ann")
    room.turns.moved("ann")
    room.finish()  # ann's picture with what she moved is being made
    room.ask("bob")
    room.ask("cem")
    room.ask("ann")
    room.finish()
    assert room.kernels == ["bob", "ann", "bob"]


def test_a_kernel_that_does_not_answer_holds_nobody_up() -> None:
    room = Room(at_once=1)
    room.ask("ann")
    room.ask("bob")
    room.time_out()
    assert room.kernels == ["ann", "bob"]
    room.turns.done("ann", room.served[0])  # too late, and of no effect
    room.ask("cem")
    assert room.kernels == ["ann", "bob"]


def test_of_another_message_no_turn_ends() -> None:
    room = Room(at_once=1)
    room.ask("ann")
    room.ask("bob")
    room.turns.done("ann", "a slider's")
    room.turns.done("bob", "a slider's")
    assert room.kernels == ["ann"]


def test_a_page_that_is_gone_asks_for_nothing() -> None:
    room = Room(at_once=1)
    room.ask("ann")
    room.ask("bob", "first tab")
    room.ask("cem")
    room.ask("bob", "second tab")
    room.turns.leave("bob", "first tab")
    room.turns.leave("cem", "page")
    room.finish()
    assert room.served == ["ann 1", "bob 4"]


def test_so_many_wait_and_no_more() -> None:
    room = Room(at_once=1)
    room.ask("ann")
    for _ in range(MOST_IN_LINE):
        room.ask("bob")
    with pytest.raises(Refusal):
        room.ask("bob")
    room.ask("cem")  # the others are not to blame


steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "moved", "finish", "finish", "time out", "leave"]),
        st.sampled_from("abcde"),
        st.sampled_from(["left", "right"]),
    ),
    max_size=60,
)


@given(steps, st.integers(1, 3))
def test_all_get_their_turn_in_order(steps: list[tuple[str, str, str]], at_once: int) -> None:
    room = Room(at_once)
    expected: dict[str, list[tuple[int, str]]] = defaultdict(list)  # what waits of each kernel
    for step, kernel, socket in steps:
        if step == "ask":
            room.ask(kernel, socket)
            expected[kernel].append((room.asked, socket))
        elif step == "moved":
            room.turns.moved(kernel)
        elif step == "finish" and room.working:
            room.finish()
        elif step == "time out":
            room.time_out()
        elif step == "leave":
            room.turns.leave(kernel, socket)
            sent = {int(name.split()[1]) for name in room.served}
            expected[kernel] = [
                (number, other)
                for number, other in expected[kernel]
                if other != socket or number in sent
            ]
        assert len(room.working) <= at_once
    while room.working:
        room.finish()
    for kernel, wanted in expected.items():
        got = [int(name.split()[1]) for name in room.served if name.startswith(kernel)]
        assert got == [number for number, _ in wanted]


@given(st.integers(2, 6), st.integers(1, 3), st.data())
def test_nobody_waits_longer_than_two_rounds(count: int, at_once: int, data: st.DataObject) -> None:
    room = Room(at_once)
    kernels = [str(number) for number in range(count)]
    for kernel in kernels:
        room.ask(kernel)
    for _ in range(30):
        for kernel in data.draw(st.lists(st.sampled_from(kernels), max_size=count)):
            room.turns.moved(kernel)
        room.ask(room.finish())
    # Between two turns of one kernel each of the others has at most two.
    last = dict.fromkeys(kernels, 0)
    for number, kernel in enumerate(room.kernels, 1):
        assert number - last[kernel] <= 2 * count + 2 * at_once
        last[kernel] = number
