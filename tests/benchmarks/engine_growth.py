"""How the cost of one update grows with units, points and replicas.

Run it from the top of the source tree: ``python -m tests.benchmarks.engine_growth``.

The cost of the work is what should stay level or fall: the time of an update divided by its
multiply-adds. Where it is more than `CLIFF` times that of the row above, the row is marked. An
update is a batch that is ready, forward, backward and a step of SGD. The rows over the points in
the data set have whole epochs instead, divided by their updates: shuffling and the loss of all
points, once an epoch, are in them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.batches import Plan, Points
from nbtutor.engine.optimizers import SGD
from nbtutor.engine.update import Update
from tests.benchmarks.engine_timing import machine, medians, one_thread

UNITS = (4, 8, 16, 32, 64, 128, 256)
POINTS_IN_BATCH = (100, 300, 1_000, 3_000, 10_000)
POINTS_IN_DATA = (100, 300, 1_000, 3_000, 10_000)
FLEETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BATCH = 10
HIDDEN = 8
CLIFF = 2.0
TURN = 5e-3
"""Seconds of one turn: long enough that the clock, and caches gone cold, do not count."""

NOTE = f"""\
One update of a 2-{HIDDEN}-{HIDDEN}-1 network at batch {BATCH}, one replica, where nothing else is
said. The cost of a multiply-add should stay level or fall from row to row; where it is more than
{CLIFF:g} times that of the row above, the row is marked as a cliff.

What is seen:

- An update is about 20 NumPy calls, about half a microsecond each whatever they work on, and small
  networks pay for little else: the first rows of each part take nearly the same time. From 128
  units, 1,000 points or 32 replicas on the arithmetic outweighs the calls, and the cost of a
  multiply-add levels out: lowest over units, where the products are large; highest over replicas,
  as a product of 8 x 8 by 8 x {BATCH} is too small for BLAS to get up to speed.
- From 1 to 2 replicas an update takes about twice as long, so a replica's share stays what it was.
  That is a step in the cost of the calls: a stack needs `matmul` (1.2 µs) where one network does
  with `dot` (0.5 µs), and work element by element has to step over the row of ones between the
  replicas' blocks (1 µs in place of 0.3). Eight replicas then take 1.3 times the time of two.
- The number of points in the data set is of no account to an update, which sees its batch. Small
  sets pay a little for the end of an epoch (shuffling, losses, history), as it comes more often.
- The nearest step lies beyond the table, where the layer's product has more than 1,000,000
  multiply-adds: from 13,900 points at 8 units, 3,700 at 16, 930 at 32, or 316 units at batch 10 on,
  a multiply-add costs 15 to 30 % more. It comes at the same count in all these shapes, whatever
  the size of their arrays, so it is not the caches: there OpenBLAS goes over from its kernel for
  small matrices to the one that first copies them into blocks.
- Batches that fill the processor's vectors (16, 32, 64 points) cost up to a tenth less than those
  of a point more, in a fleet.
"""


@dataclass(frozen=True)
class Case:
    """One row to be measured.

    Attributes
    ----------
    title : str
    run : callable
        Does some updates.
    updates : int
        How many.
    multiply_adds : int
        Of one update, all replicas together.
    replicas : int
    """

    title: str
    run: Callable[[], object]
    updates: int
    multiply_adds: int
    replicas: int = 1


@dataclass(frozen=True)
class Cost:
    """What a case took."""

    title: str
    update_us: float
    multiply_adds: int
    replicas: int

    @property
    def work_ns(self) -> float:
        """Nanoseconds for one multiply-add."""
        return 1e3 * self.update_us / self.multiply_adds


def multiply_adds(network: Network, n: int) -> int:
    """Return those of one update with `n` points: three matrix products a layer.

    They are the weighted sums, the gradient by the weights (biases included in both), and the error
    signal of the layer below, which the lowest layer does not need.
    """
    layers = list(pairwise(network.sizes))
    blocks = sum((inputs + 1) * units for inputs, units in layers)
    below = sum(inputs * units for inputs, units in layers[1:])
    return network.replicas * n * (2 * blocks + below)


def one_update(title: str, hidden: int, n: int, replicas: int = 1) -> Case:
    """Return updates of a 2-hidden-hidden-1 network with always the same `n` points."""
    network = Network((2, hidden, hidden, 1), replicas=replicas)
    plan = Plan(network, Points(network, make_dataset("moons", n, noise=0.2)), seed=0)
    config = TrainingConfig(0.03, batch_size=n)
    update = Update(network, plan, SGD(network.parameters.flat), config)
    run, times = filling_a_turn(lambda: update(0, 0))
    return Case(title, run, times, multiply_adds(network, n), replicas)


def one_epoch(title: str, n: int) -> Case:
    """Return epochs of `n` points."""
    network = Network((2, HIDDEN, HIDDEN, 1))
    data = make_dataset("moons", n, noise=0.2)
    trainer = Trainer(network, data, config=TrainingConfig(0.03, BATCH))
    run, times = filling_a_turn(lambda: trainer.run(epochs=1))
    return Case(title, run, times * n // BATCH, multiply_adds(network, BATCH))


def filling_a_turn(work: Callable[[], object]) -> tuple[Callable[[], object], int]:
    """Return something that does `work` as often as a turn has time for, and how often that is."""
    work()  # makes its arrays
    start, times = time.perf_counter(), 0
    while time.perf_counter() - start < TURN or not times:
        work()
        times += 1

    def run() -> None:
        for _ in range(times):
            work()

    return run, times


def sweeps() -> Iterator[list[Case]]:
    """Yield the rows that belong together, the smallest first."""
    yield [one_update(f"{units} units in both hidden layers", units, BATCH) for units in UNITS]
    yield [one_update(f"{n:,} points in the batch", HIDDEN, n) for n in POINTS_IN_BATCH]
    yield [one_epoch(f"{n:,} points in the data set", n) for n in POINTS_IN_DATA]
    yield [one_update(f"replicas: {r}", HIDDEN, BATCH, r) for r in FLEETS]


def measure(repeats: int = 25) -> list[list[Cost]]:
    """Return the cost of every row; the rows of a sweep take turns."""
    found = []
    for cases in sweeps():
        with one_thread():
            times = medians({case.title: case.run for case in cases}, repeats)
        found.append(
            [
                Cost(
                    case.title, times[case.title] / case.updates, case.multiply_adds, case.replicas
                )
                for case in cases
            ]
        )
    return found


def table(costs: list[list[Cost]]) -> str:
    """Return the costs as a Markdown table, cliffs marked."""
    lines = [
        "| what | one update | for each replica | multiply-adds | each | to the row above |",
        "|---|---|---|---|---|---|",
    ]
    for sweep in costs:
        above: Cost | None = None
        for cost in sweep:
            growth = "" if above is None else f"{cost.work_ns / above.work_ns:.2f}"
            mark = " **cliff**" if is_cliff(above, cost) else ""
            lines.append(
                f"| {cost.title} | {cost.update_us:,.1f} µs "
                f"| {cost.update_us / cost.replicas:,.1f} µs | {cost.multiply_adds:,} "
                f"| {cost.work_ns:.3f} ns | {growth}{mark} |"
            )
            above = cost
    return "\n".join(lines)


def is_cliff(above: Cost | None, cost: Cost) -> bool:
    """Return whether the same work costs far more than in the row above."""
    return above is not None and cost.work_ns > CLIFF * above.work_ns


def section(costs: list[list[Cost]]) -> str:
    """Return the table, what to see in it, and the cliffs by name."""
    found = [
        cost.title for sweep in costs for above, cost in pairwise(sweep) if is_cliff(above, cost)
    ]
    verdict = f"Cliffs, to be explained: {', '.join(found)}." if found else "No row is a cliff."
    return f"{NOTE}\n{verdict}\n\n{table(costs)}"


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{section(measure())}")


if __name__ == "__main__":
    main()
