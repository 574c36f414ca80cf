"""How many learners a server takes, and what the next one is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from nbtutor.serve.seats import Seat, Seats
from tests.serve.server import V1, Response, Server, kernel_of, running_server, wait_until

WARM = "/voila/render/00-first.ipynb"
COLD = "/voila/render/02-broken.ipynb"


@pytest.fixture
def small(notebooks: Path) -> Iterator[Server]:
    """A server with three seats, whose two warm kernels are there."""
    with running_server(notebooks, "--seats", "3") as running:
        wait_until(lambda: running.kernels == 2)
        yield running


def end(server: Server, page: Response) -> None:
    path = f"/voila/api/shutdown/{kernel_of(page)}"
    token = page.cookies["_xsrf"]
    assert server.request(path, data={"_xsrf": token}, cookies=page.cookies).status == 204


def _has_ended(server: Server, kernel_id: str) -> bool:
    return not server.has_kernel(kernel_id)


def test_ten_at_once_get_three_seats(small: Server) -> None:
    with ThreadPoolExecutor(10) as pool:
        pages = list(pool.map(small.request, [WARM, COLD] * 5))
    taken = [page for page in pages if page.status == 200]
    refused = [page for page in pages if page.status == 503]
    assert len(taken) == 3
    assert len(refused) == 7
    for page in refused:
        assert page.headers["Retry-After"] == "10"
        assert "All seats are taken" in page.text
        assert "asks again every few seconds" in page.text
    # Whoever leaves makes room for one, not more.
    end(small, taken[0])
    again = [small.request(COLD), small.request(COLD)]
    assert [page.status for page in again] == [200, 503]
    # The start page needs no seat.
    assert small.request("/").status == 200


def test_the_health_tells_how_full_it_is(small: Server) -> None:
    def health() -> Any:
        answer = small.request("/health")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert not answer.cookies
        return json.loads(answer.text)

    assert health() == {"status": "ok", "taken": 0, "seats": 3}  # warm kernels take none
    page = small.request(COLD)
    assert health()["taken"] == 1
    end(small, page)
    assert health()["taken"] == 0


def test_a_page_that_fails_keeps_no_seat(small: Server) -> None:
    for _ in range(5):
        assert small.request("/voila/render/no-such.ipynb").status == 404
    for _ in range(5):
        page = small.request("/voila/render/03-dying.ipynb")
        assert page.status == 200
        wait_until(partial(_has_ended, small, kernel_of(page)))
    assert [small.request(COLD).status for _ in range(4)] == [200, 200, 200, 503]


def test_a_socket_of_an_older_protocol_is_refused(server: Server) -> None:
    page = server.request(COLD)
    address = server.socket_of(kernel_of(page))
    for offered in (None, ["v2.kernel.websocket.jupyter.org"]):
        with pytest.raises(Exception, match="426"):
            asyncio.run(_open(address, offered))
    asyncio.run(_open(address, ["other", V1]))
    end(server, page)


async def _open(address: str, offered: list[str] | None) -> None:
    connection = await websocket_connect(HTTPRequest(address), subprotocols=offered)
    connection.close()


@given(
    st.integers(0, 4),
    st.lists(st.tuples(st.sampled_from(["take", "give", "leave", "free"]), st.integers(0, 5))),
)
def test_never_more_than_there_are_and_none_is_lost(
    limit: int, steps: list[tuple[str, int]]
) -> None:
    seats = Seats(limit)
    coming: list[Seat] = []
    kernels: list[str] = []
    for number, (step, which) in enumerate(steps):
        if step == "take":
            seat = seats.take()
            full = 0 < limit <= len(coming) + len(kernels)
            assert (seat is None) == full
            coming += [seat] if seat else []
        elif step == "free":
            kernel = kernels.pop(which % len(kernels)) if kernels else "unknown"
            seats.free(kernel)
        elif coming:
            seat = coming.pop(which % len(coming))
            if step == "give":
                seat.give(f"kernel {number}")
                kernels.append(f"kernel {number}")
            seat.leave()
        assert seats.taken == len(coming) + len(kernels)
