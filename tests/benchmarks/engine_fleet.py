"""One update of 32 networks at once, against one network and against 32 one after another.

Run it from the top of the source tree: ``python -m tests.benchmarks.engine_fleet``.
"""

from __future__ import annotations

from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

REPLICAS = 32
UPDATES = 100
BATCHES = (1, 10, 32)
BAR = 4.0


def trainer(replicas: int, batch: int, seed: int = 0) -> Trainer:
    data = make_dataset("moons", 320, noise=0.2)
    net = Network((2, 8, 8, 1), replicas=replicas, seed=seed)
    return Trainer(net, data, config=TrainingConfig(0.03, batch))


def measure(repeats: int = 15) -> list[Comparison]:
    """Return the fleet against one network, and 32 single ones against the fleet."""
    found = []
    for batch in BATCHES:
        one, fleet = trainer(1, batch), trainer(REPLICAS, batch)
        singles = [trainer(1, batch, seed) for seed in range(REPLICAS)]

        def run_one(one: Trainer = one) -> None:
            one.run(updates=UPDATES)

        def run_fleet(fleet: Trainer = fleet) -> None:
            fleet.run(updates=UPDATES)

        def run_singles(singles: list[Trainer] = singles) -> None:
            for single in singles:
                single.run(updates=UPDATES)

        with one_thread():
            times = medians({"one": run_one, "fleet": run_fleet, "singles": run_singles}, repeats)
        one_us, fleet_us, singles_us = (times[k] / UPDATES for k in ("one", "fleet", "singles"))
        what, name = f"one update, batch {batch}", f"{REPLICAS} replicas"
        bar = BAR if batch == 10 else None
        found += [
            Comparison(what, "1 network", one_us, name, fleet_us, at_most=bar),
            Comparison(what, name, fleet_us, f"{REPLICAS} networks in turn", singles_us),
        ]
    return found


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{table(measure())}")


if __name__ == "__main__":
    main()
