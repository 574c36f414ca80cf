"""Whose picture is made next, where more learners play than there are processors.

Left to the operating system, all kernels of a class work at once and each is slow, so that a slider
answers after everybody's picture. Here only so many requests for a picture (ticks) are with kernels
at once. The others stand in line: one of each kernel at a time, and first whoever has just moved
something. Whatever else a page sends, a slider's value or a click, never waits here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .traffic import TOO_MANY, Refusal

MOST_IN_LINE = 64
"""Ticks that may wait of one kernel. A page asks for at most four pictures ahead."""

LONGEST = 0.25
"""Seconds after which a tick no longer counts as being worked on: a picture takes a tenth of a
second at most, so its kernel does something else, or is dead."""


Later = Callable[[float, Callable[[], None]], Any]
"""Calls a function after some seconds, unless what it returns is cancelled."""


@dataclass(frozen=True)
class Tick:
    """A request for a picture.

    Parameters
    ----------
    id : str
        Of its message.
    socket : hashable
        Where it came from.
    send : callable
        Gives it to the kernel.
    """

    id: str
    socket: Hashable
    send: Callable[[], None]


class Turns:
    """The line in which ticks wait to be sent.

    A kernel stands in it once, with the oldest of its ticks, and again at the end with the next: so
    all get as many turns. Who moved something goes ahead, but not twice running: else those who
    keep moving a slider would leave nothing to the others.

    Parameters
    ----------
    at_once : int
        How many ticks kernels may work on at the same time. A few for each processor: with one
        each, a processor would have nothing to do while an answer is passed on.
    later : callable
        See `Later`; ``loop.call_later``.
    """

    def __init__(self, at_once: int, later: Later) -> None:
        self._at_once, self._later = at_once, later
        self._ticks: dict[Hashable, deque[Tick]] = {}
        self._line: deque[Hashable] = deque()
        self._ahead: deque[Hashable] = deque()  # stand before the line
        self._working: dict[tuple[Hashable, str], Any] = {}  # timers of the ticks that were sent
        self._moved: set[Hashable] = set()
        self._owing: set[Hashable] = set()  # went ahead, and have not stood in line since

    def ask(self, kernel: Hashable, tick: Tick) -> None:
        """Send a tick to its kernel as soon as it is the kernel's turn.

        Raises
        ------
        Refusal
            If too many wait already.
        """
        ticks = self._ticks.setdefault(kernel, deque())
        if len(ticks) >= MOST_IN_LINE:
            raise Refusal(TOO_MANY, "more than the kernel can work off")
        ticks.append(tick)
        if len(ticks) == 1:
            self._stand(kernel)
            self._go_on()

    def moved(self, kernel: Hashable) -> None:
        """Let a kernel's next tick go first: the learner has moved something, and looks for it."""
        self._moved.add(kernel)
        if kernel in self._line and kernel not in self._owing:
            self._line.remove(kernel)
            self._ahead.append(kernel)

    def done(self, kernel: Hashable, message: str) -> None:
        """Note that a kernel is done with a message, and let the next have its turn."""
        timer = self._working.pop((kernel, message), None)
        if timer is not None:
            timer.cancel()
            self._go_on()

    def leave(self, kernel: Hashable, socket: Hashable) -> None:
        """Forget the ticks that came by a socket that is closed."""
        kept = deque(tick for tick in self._ticks.pop(kernel, ()) if tick.socket is not socket)
        if kept:
            self._ticks[kernel] = kept
            return
        for line in (self._line, self._ahead):
            if kernel in line:
                line.remove(kernel)
        self._moved.discard(kernel)
        self._owing.discard(kernel)

    def _stand(self, kernel: Hashable) -> None:
        first = kernel in self._moved and kernel not in self._owing
        (self._ahead if first else self._line).append(kernel)

    def _go_on(self) -> None:
        while (self._ahead or self._line) and len(self._working) < self._at_once:
            if self._ahead:
                kernel = self._ahead.popleft()
                self._owing.add(kernel)
            else:
                kernel = self._line.popleft()
                self._owing.discard(kernel)
            self._moved.discard(kernel)
            ticks = self._ticks[kernel]
            tick = ticks.popleft()
            if ticks:
                self._stand(kernel)
            else:
                del self._ticks[kernel]
            late = partial(self._late, (kernel, tick.id))
            self._working[kernel, tick.id] = self._later(LONGEST, late)
            tick.send()

    def _late(self, sent: tuple[Hashable, str]) -> None:
        """Count a tick no longer that has not been answered."""
        self._working.pop(sent, None)
        self._go_on()
