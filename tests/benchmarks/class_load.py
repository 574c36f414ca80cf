"""A class at one server: how many learners play at once, and what becomes of thirty in one second.

Run it from the top of the source tree: ``python -m tests.benchmarks.class_load``; ``--quick`` is a
try that proves nothing. It needs the extra ``test``, and a machine that does nothing else.

A learner is a page without a browser (`tests.serve.learner`): it opens the playground over HTTP
and a websocket, presses Play, asks for pictures up to three ahead (as pages do whose answers are
slow) and at most 60 times a second, and moves the learning rate every few seconds. A real class has
its browsers on machines of its own; here what stands in for them takes a share of the same cores,
which is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import psutil

from tests.benchmarks.live_browser import Figure, cpu, memory, p95, table
from tests.serve.learner import Full, Learner
from tests.serve.server import Server, running_server, wait_until

LESSON = "00-playground.ipynb"
AHEAD = 3
FRAMES_BAR = 10.0
LATENCY_BAR_MS = 150.0
KERNEL_BAR_MB = 90.0
SERVER_BAR_MB = 250.0
STORM_BAR_SECONDS = 20.0
ORPHAN_BAR_SECONDS = 70.0
GROWTH_BAR = 2.0


@dataclass(frozen=True)
class Plan:
    """How many, and how long."""

    learners: int = 30
    seconds: float = 30.0
    arrive_every: float = 0.5
    drag_every: float = 3.0
    seed: int = 0


QUICK = Plan(learners=3, seconds=3.0, drag_every=1.0)


@dataclass
class Load:
    """What a class found."""

    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    kernels_mb: list[tuple[float, float]] = field(default_factory=list)
    server_mb: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def slowest(self) -> float:
        """Frames a second of the learner who got fewest."""
        return min(self.rates)


async def play(server: Server, plan: Plan) -> Load:
    """Let a class come one by one, and play all together."""
    learners = [Learner(server, AHEAD) for _ in range(plan.learners)]
    for learner in learners:
        await learner.open(LESSON)
        await asyncio.sleep(plan.arrive_every)
    await asyncio.gather(*(learner.play() for learner in learners))
    await asyncio.gather(*(learner.frame() for learner in learners))
    found = Load()
    kernels = [_kernel_of(learner, server) for learner in learners]
    groups = {
        "kernels": kernels,
        "server": [psutil.Process(server.process.pid)],
        "learners": [psutil.Process()],
    }
    before = {name: cpu(group) for name, group in groups.items()}
    start = time.perf_counter()
    drags = _drag_all(learners, plan, found)
    await asyncio.sleep(plan.seconds)
    end = time.perf_counter()
    found.rates = [
        sum(start <= frame <= end for frame in learner.frames) / (end - start)
        for learner in learners
    ]
    found.cpu = {n: 100 * (cpu(group) - before[n]) / (end - start) for n, group in groups.items()}
    for drag in drags:
        drag.cancel()
    found.kernels_mb = [memory(kernel) for kernel in kernels]
    found.server_mb = memory(groups["server"][0])[0]
    for learner in learners:
        learner.close()
    return found


def _drag_all(learners: Sequence[Learner], plan: Plan, found: Load) -> list[asyncio.Task[None]]:
    """Let each learner drag, with chances of their own, until the tasks are cancelled."""
    return [
        asyncio.create_task(_drag(learner, plan, random.Random(plan.seed + number), found))
        for number, learner in enumerate(learners)
    ]


async def _drag(learner: Learner, plan: Plan, chance: random.Random, found: Load) -> None:
    """Move the learning rate now and then, not in step with the others."""
    slider = learner.find(description="Learning rate")
    while True:
        await asyncio.sleep(plan.drag_every * chance.uniform(0.5, 1.5))
        seconds = await learner.set(slider, {"index": chance.randrange(4, 8)})
        found.latencies_ms.append(1000 * seconds)


def _kernel_of(learner: Learner, server: Server) -> psutil.Process:
    """Return the process behind a page."""
    return next(
        child
        for child in server.children
        if any(learner.kernel_id in part for part in child.cmdline())
    )


async def storm(server: Server, plan: Plan) -> tuple[list[float], list[float]]:
    """Let all come within one second; return the seconds until each is live, and each was told.

    A learner who is told to wait comes again when the server says.
    """
    told: list[float] = []

    async def come(number: int) -> float:
        await asyncio.sleep(number / plan.learners)
        start = time.perf_counter()
        learner = Learner(server, AHEAD)
        while True:
            try:
                await learner.open(LESSON)
                break
            except Full as full:
                told.append(time.perf_counter() - start)
                await asyncio.sleep(full.seconds)
        await learner.play()
        await learner.frame()
        live = time.perf_counter() - start
        await asyncio.sleep(1.0)
        learner.close()
        return live

    return list(await asyncio.gather(*(come(number) for number in range(plan.learners)))), told


def measure(plan: Plan) -> list[Figure]:
    """A class that comes one by one, its orphans, and one that comes in a second."""
    figures = []
    with running_server() as server:
        pool = server.kernels
        load = asyncio.run(play(server, plan))
        figures += _told(load, plan)
        start = time.perf_counter()
        wait_until(lambda: server.kernels <= max(pool, 2), 2 * ORPHAN_BAR_SECONDS)
        gone = time.perf_counter() - start
        figures.append(
            _at_most(f"orphans of {plan.learners} gone after", gone, "s", ORPHAN_BAR_SECONDS)
        )
    with running_server() as server:
        wait_until(lambda: server.kernels >= 2)
        live, _ = asyncio.run(storm(server, plan))
        figures.append(
            Figure(
                f"storm of {plan.learners}: live after",
                statistics.median(live),
                p95(live),
                "s",
            )
        )
        figures.append(_at_most("storm: the last is live after", max(live), "s", STORM_BAR_SECONDS))
    return figures


def _told(load: Load, plan: Plan) -> list[Figure]:
    latencies = load.latencies_ms
    rss, pss = (list(part) for part in zip(*load.kernels_mb, strict=True))
    shares = ", ".join(f"{name} {share:.0f}" for name, share in load.cpu.items())
    return [
        Figure(
            f"{plan.learners} learners, frames each", statistics.median(load.rates), None, "1/s"
        ),
        _fewest("the one who gets fewest", load),
        Figure(
            f"slider to picture ({len(latencies)} moves)",
            statistics.median(latencies),
            p95(latencies),
            "ms",
            f"p95 at most {LATENCY_BAR_MS:.0f}",
            p95(latencies) <= LATENCY_BAR_MS,
        ),
        _at_most("largest kernel, resident (RSS)", max(rss), "MB", KERNEL_BAR_MB),
        Figure("kernel, its share (PSS)", statistics.median(pss), None, "MB"),
        _at_most("server, resident (RSS)", load.server_mb, "MB", SERVER_BAR_MB),
        Figure(f"CPU ({shares})", sum(load.cpu.values()), None, "% of a core"),
    ]


def _at_most(what: str, value: float, unit: str, bar: float) -> Figure:
    return Figure(what, value, None, unit, f"at most {bar:.0f}", value <= bar)


def _fewest(what: str, load: Load) -> Figure:
    reached = load.slowest >= FRAMES_BAR
    return Figure(what, load.slowest, None, "1/s", f"at least {FRAMES_BAR:.0f}", reached)


def largest(plan: Plan, counts: Sequence[int]) -> list[Figure]:
    """Classes of several sizes, to see how many a machine holds at 10 frames a second."""
    figures = []
    for count in counts:
        with running_server() as server:
            load = asyncio.run(play(server, replace(plan, learners=count)))
        told = f"{count} learners: fewest frames (slider p95 {p95(load.latencies_ms):.0f} ms)"
        figures.append(_fewest(told, load))
    return figures


async def soak(server: Server, plan: Plan, minutes: int) -> list[Figure]:
    """Let a class play on, and compare its memory with that of the first tenth of the time."""
    learners = [Learner(server, AHEAD) for _ in range(plan.learners)]
    for learner in learners:
        await learner.open(LESSON)
        await learner.play()
    kernels = [_kernel_of(learner, server) for learner in learners]
    own = psutil.Process(server.process.pid)
    drags = _drag_all(learners, plan, Load())
    kernel_mb, server_mb = [], []
    for minute in range(minutes):
        await asyncio.sleep(60)
        kernel_mb.append(max(memory(kernel)[0] for kernel in kernels))
        server_mb.append(memory(own)[0])
        print(f"minute {minute + 1}: {kernel_mb[-1]:.1f} {server_mb[-1]:.1f} MB", flush=True)
    for task in drags:
        task.cancel()
    epochs = min(learner.epoch for learner in learners)
    frames = min(len(learner.frames) for learner in learners)
    for learner in learners:
        learner.close()

    def growth(values: list[float]) -> float:
        return 100 * (values[-1] / values[minutes // 10] - 1)

    return [
        Figure(
            f"{minutes} min, {frames} frames, {epochs:.0f} epochs: kernel",
            kernel_mb[-1],
            None,
            "MB",
        ),
        _at_most("growth of the largest kernel", growth(kernel_mb), "%", GROWTH_BAR),
        _at_most("growth of the server", growth(server_mb), "%", GROWTH_BAR),
    ]


def section(quick: bool) -> str:
    """Return what the report says of a class."""
    return table(measure(QUICK if quick else Plan()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--largest", type=int, nargs="*", help="class sizes to try as well")
    parser.add_argument("--soak", type=int, metavar="MINUTES", help="play on, and nothing else")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else Plan(learners=options.learners)
    if options.soak:
        with running_server() as server:
            print(table(asyncio.run(soak(server, plan, options.soak))))
        return
    print(table(measure(plan)))
    if options.largest:
        print(table(largest(plan, options.largest)))


if __name__ == "__main__":
    main()
