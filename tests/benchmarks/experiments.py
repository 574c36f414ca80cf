"""`bias_variance` against the same work done with scikit-learn, one fit after another.

Run it from the top of the source tree: ``python -m tests.benchmarks.experiments``.

Both sides draw 50 training sets of 100 points, train a 2-8-8-1 network on each for 200 epochs of
plain SGD with the same batch size and rate, and ask all of them for their probabilities on the same
1000 test points and 40 x 40 points of the plane. nbtutor also works out the truth, the
decomposition and a loss an epoch; scikit-learn's `MLPClassifier` also keeps a loss an epoch.
"""

from __future__ import annotations

import warnings
from importlib import import_module

import numpy as np

from nbtutor.engine import Generator
from nbtutor.experiments import bias_variance
from nbtutor.experiments.fleets import fresh_draws, plane_grid
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

REPLICAS, EPOCHS, POINTS, NOISE, RATE = 50, 200, 100, 0.3, 0.1
BATCHES = (10, 32)
BAR = 30.0


def ours(batch: int) -> None:
    bias_variance(
        "moons",
        (8, 8),
        POINTS,
        REPLICAS,
        EPOCHS,
        noise=NOISE,
        learning_rate=RATE,
        batch_size=batch,
    )


def scikit_learn(batch: int) -> None:
    generator = Generator("moons", NOISE)
    train = fresh_draws(generator, POINTS, REPLICAS, 0, "training draw")
    asked = np.concatenate([generator.sample(1000, np.random.default_rng(0)).X, plane_grid(40)[1]])
    for replica in range(REPLICAS):
        model = import_module("sklearn.neural_network").MLPClassifier(
            (8, 8),
            activation="tanh",
            solver="sgd",
            alpha=0.0,
            batch_size=batch,
            learning_rate_init=RATE,
            momentum=0.0,
            nesterovs_momentum=False,
            max_iter=EPOCHS,
            n_iter_no_change=EPOCHS + 1,
            random_state=replica,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it did not converge: it was not meant to
            model.fit(train.X[replica], train.y[replica])
        assert model.n_iter_ == EPOCHS
        model.predict_proba(asked)


def measure(repeats: int = 3) -> list[Comparison]:
    """Return the whole experiment on both sides, for each batch size."""
    found = []
    for batch in BATCHES:
        ways = {
            "ours": lambda batch=batch: ours(batch),
            "theirs": lambda batch=batch: scikit_learn(batch),
        }
        with one_thread():
            times = medians(ways, repeats)
        found.append(
            Comparison(
                f"{REPLICAS} networks, {EPOCHS} epochs, batch {batch}",
                "bias_variance",
                times["ours"],
                f"{REPLICAS} scikit-learn fits",
                times["theirs"],
                at_least=BAR if batch == BATCHES[0] else None,
            )
        )
    return found


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{table(measure())}")


if __name__ == "__main__":
    main()
