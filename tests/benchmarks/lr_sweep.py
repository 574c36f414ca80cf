"""24 learning rates at once, against the same 24 one after another.

Run it from the top of the source tree: ``python -m tests.benchmarks.lr_sweep``.
"""

from __future__ import annotations

import numpy as np

from nbtutor.engine import Network, TrainingConfig, make_dataset
from nbtutor.experiments import lr_sweep
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

RATES = np.geomspace(1e-3, 30, 24)
EPOCHS = 10
BATCHES = (1, 2, 5, 10, 32, 200)
BAR = 8.0


def measure(repeats: int = 7) -> list[Comparison]:
    """Return the sweep against sweeps of one rate each, by batch size; the work is the same."""
    data = make_dataset("moons", 200, noise=0.2)
    network = Network((2, 8, 8, 1))
    found = []
    for batch in BATCHES:
        config = TrainingConfig(batch_size=batch)

        def at_once(config: TrainingConfig = config) -> None:
            lr_sweep(network, data, rates=RATES, epochs=EPOCHS, config=config)

        def in_turn(config: TrainingConfig = config) -> None:
            for rate in RATES:
                lr_sweep(network, data, rates=[rate], epochs=EPOCHS, config=config)

        with one_thread():
            times = medians({"at once": at_once, "in turn": in_turn}, repeats)
        what = f"{len(RATES)} learning rates, {EPOCHS} epochs of 200 points, batch {batch}"
        found.append(
            Comparison(
                what,
                "at once",
                times["at once"],
                "one after another",
                times["in turn"],
                at_least=BAR if batch == 1 else None,
            )
        )
    return found


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{table(measure())}")


if __name__ == "__main__":
    main()
