"""The class of the benchmark plays, at a size that proves nothing: no time is looked at."""

from __future__ import annotations

import asyncio

from tests.benchmarks.class_load import Plan, play, storm
from tests.serve.server import running_server

SMALL = Plan(learners=2, seconds=1.0, arrive_every=0.0, drag_every=0.2)


def test_a_class_plays_at_once() -> None:
    with running_server() as server:
        load = asyncio.run(play(server, SMALL))
        assert len(load.rates) == len(load.kernels_mb) == 2
        assert load.slowest > 0
        assert load.latencies_ms
        assert min(load.latencies_ms) > 0
        assert load.cpu.keys() == {"kernels", "server", "learners"}
        assert load.server_mb > 0
        live, told = asyncio.run(storm(server, SMALL))
        assert len(live) == 2
        assert told == []
