"""One picture of lesson 10: nbtutor against the same picture written with scikit-learn.

Run it from the top of the source tree: ``python -m tests.benchmarks.bias_variance_frame``.

A picture is two epochs of 30 networks, 2-8-8-1, each on 100 points of its own at batch 10, their
answers at 1000 test points and 40 x 40 points of the plane, the error taken apart, and the maps of
the mean, of bias² and of variance. nbtutor's also has the charts made and encoded for the page, as
the lesson does between a tick of the browser and its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from nbtutor import BiasVarianceTutor
from nbtutor.charts import encode
from nbtutor.engine import Generator
from nbtutor.experiments.fleets import fresh_draws, plane_grid
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.bias_variance.experiments import Live
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

REPLICAS = 30
EPOCHS = 2


def nbtutor_frame() -> Callable[[], object]:
    live = Live(RunSettings(**{**BiasVarianceTutor.DEFAULTS, "replicas": REPLICAS}))

    def frame() -> object:
        done, total = live.progress
        if done >= total:
            live.take(live.settings.changed(l2=1e-4 - live.settings.l2))  # so many epochs more
        live.advance(3600.0)
        return [encode(chart) for chart in live.charts()]

    return frame


def scikit_learn_frame() -> Callable[[], object]:
    kind = import_module("sklearn.neural_network").MLPClassifier
    generator = Generator("moons", 0.3)
    train = fresh_draws(generator, 100, REPLICAS, 0, "training draw")
    points = np.concatenate([generator.sample(1000, np.random.default_rng(0)).X, plane_grid(40)[1]])
    truth = generator.posterior(points)[:, 1]
    models = [
        kind((8, 8), "tanh", batch_size=10, learning_rate_init=0.03, alpha=0.0, random_state=r)
        for r in range(REPLICAS)
    ]

    def frame() -> object:
        answers = []
        for model, X, y in zip(models, train.X, train.y, strict=True):
            for _ in range(EPOCHS):
                model.partial_fit(X, y, classes=(0, 1))
            answers.append(model.predict_proba(points)[:, 1])
        mean = np.mean(answers, axis=0)
        return mean, (truth - mean) ** 2, np.var(answers, axis=0)

    return frame


def measure(repeats: int = 15) -> list[Comparison]:
    """Return the picture both ways."""
    names = ("nbtutor", "scikit-learn")
    first, second = names
    with one_thread():
        times = medians({first: nbtutor_frame(), second: scikit_learn_frame()}, repeats)
    what = f"one picture of {REPLICAS} networks"
    return [Comparison(what, first, times[first], second, times[second])]


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{table(measure())}")


if __name__ == "__main__":
    main()
