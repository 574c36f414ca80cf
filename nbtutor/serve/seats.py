"""How many learners a server takes.

A seat is a page's: it is taken when the page is asked for, belongs to the page's kernel from when
that is known, and is free again when the kernel has ended. Kernels that wait in Voilà's pool are
nobody's, and take no seat; they are the server's own reserve.
"""

from __future__ import annotations

import time
from typing import Any


class Seats:
    """The seats of a server.

    Parameters
    ----------
    limit : int
        How many there are; 0 for as many as come.

    """

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit
        self._coming = 0
        self._since: dict[str, float] = {}

    @property
    def taken(self) -> int:
        """How many pages have one, those that are being made included."""
        return self._coming + len(self._since)

    def take(self) -> Seat | None:
        """Return a seat, or None if all are taken."""
        if 0 < self.limit <= self.taken:
            return None
        self._coming += 1
        return Seat(self)

    def free(self, kernel_id: str) -> float | None:
        """Take the seat of a kernel back; return for how many seconds it had one, if it had."""
        since = self._since.pop(kernel_id, None)
        return None if since is None else time.monotonic() - since


class Seat:
    """The seat of a page that is being made.

    Attributes
    ----------
    kernel_id
        The kernel that it was given to, or None.
    """

    def __init__(self, seats: Seats) -> None:
        self.kernel_id: str | None = None
        self._seats = seats
        self._waits = True

    def give(self, kernel_id: str) -> None:
        """Let it be the kernel's; `Seats.free` ends that."""
        self.kernel_id = kernel_id
        self._seats._since[kernel_id] = time.monotonic()
        self.leave()

    def leave(self) -> None:
        """Give it back, unless a kernel has it."""
        if self._waits:
            self._waits = False
            self._seats._coming -= 1


class Usher:
    """A kernel manager for the making of one page, which gives the page's seat to its kernel.

    Parameters
    ----------
    manager
        Voilà's, which does all the work.
    seat : Seat
    """

    def __init__(self, manager: Any, seat: Seat) -> None:
        self._manager = manager
        self._seat = seat

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    async def start_kernel(self, **kwargs: Any) -> str:
        """Start a kernel, which nobody waits for."""
        kernel_id: str = await self._manager.start_kernel(**kwargs)
        self._seat.give(kernel_id)
        return kernel_id

    def get_pool_size(self, lesson: str) -> int:
        """Return how many kernels wait for a page of a lesson, of those that live."""
        self._manager.drop_dead()
        size: int = self._manager.get_pool_size(lesson)
        return size

    async def get_rendered_notebook(self, *args: Any, **kwargs: Any) -> Any:
        """Take a kernel out of the pool."""
        found = await self._manager.get_rendered_notebook(*args, **kwargs)
        self._seat.give(found[2])
        return found
