"""One update at 2-8-8-1: nbtutor against scikit-learn and PyTorch.

Run it from the top of the source tree: ``python -m tests.benchmarks.engine_update``.

All train the same network, tanh and cross-entropy, by plain SGD on 320 shuffled points, in whole
epochs; an update's time is an epoch's divided by its updates. So each pays for its own shuffling,
and nbtutor also for measuring the loss of all points once an epoch.

- scikit-learn fit: ``MLPClassifier.fit`` with ``max_iter`` epochs, from the start each time;
- scikit-learn partial_fit: one call with one batch, which is one update;
- PyTorch eager: ``nn.Sequential``, ``BCEWithLogitsLoss`` and ``optim.SGD`` on the CPU.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

POINTS = 320
RATE = 0.03
BATCHES = (1, 10, 32)
BAR = 10.0
DATA = make_dataset("moons", POINTS, noise=0.2)


def nbtutor_epochs(batch: int, epochs: int) -> Callable[[], object]:
    trainer = Trainer(Network((2, 8, 8, 1)), DATA, config=TrainingConfig(RATE, batch))
    return lambda: trainer.run(epochs=epochs)


def classifier(batch: int, epochs: int) -> Any:
    return import_module("sklearn.neural_network").MLPClassifier(
        (8, 8),
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
        random_state=0,
    )


def scikit_learn_fit(batch: int, epochs: int) -> Callable[[], object]:
    model = classifier(batch, epochs)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it did not converge: it was not meant to
            model.fit(DATA.X, DATA.y)
        assert model.n_iter_ == epochs

    return run


def scikit_learn_partial_fit(batch: int, updates: int) -> Callable[[], object]:
    model = classifier(batch, 1)
    X, y = DATA.X[:batch], DATA.y[:batch]

    def run() -> None:
        for _ in range(updates):
            model.partial_fit(X, y, classes=(0, 1))

    return run


def pytorch_eager(batch: int, epochs: int) -> Callable[[], object]:
    torch = import_module("torch")
    X, y = torch.tensor(DATA.X, dtype=torch.float32), torch.tensor(DATA.y, dtype=torch.float32)
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 8),
        torch.nn.Tanh(),
        torch.nn.Linear(8, 8),
        torch.nn.Tanh(),
        torch.nn.Linear(8, 1),
    )
    loss_function = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)

    def run() -> None:
        for _ in range(epochs):
            order = torch.randperm(POINTS)
            shuffled_X, shuffled_y = X[order], y[order]
            for start in range(0, POINTS, batch):
                optimizer.zero_grad()
                logits = net(shuffled_X[start : start + batch])[:, 0]
                loss_function(logits, shuffled_y[start : start + batch]).backward()
                optimizer.step()

    return run


def measure(repeats: int = 15) -> list[Comparison]:
    """Return nbtutor against each of the others, for each batch size."""
    found = []
    for batch in BATCHES:
        per_epoch = POINTS // batch
        # Long enough that a run's start, and caches gone cold in the others' turns, do not count.
        epochs = 2000 // per_epoch
        updates = epochs * per_epoch
        single = 100
        ways = {
            "nbtutor": nbtutor_epochs(batch, epochs),
            "scikit-learn fit": scikit_learn_fit(batch, epochs),
            "scikit-learn partial_fit": scikit_learn_partial_fit(batch, single),
        }
        if find_spec("torch"):
            ways["PyTorch eager"] = pytorch_eager(batch, epochs)
        with one_thread():
            times = medians(ways, repeats)
        found += [
            Comparison(
                f"one update, batch {batch}",
                "nbtutor",
                times["nbtutor"] / updates,
                other,
                times[other] / (single if other == "scikit-learn partial_fit" else updates),
                at_least=BAR if batch == 10 and other != "scikit-learn partial_fit" else None,
            )
            for other in ways
            if other != "nbtutor"
        ]
    return found


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{table(measure())}")


if __name__ == "__main__":
    main()
