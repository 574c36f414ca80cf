"""One frame of the playground: nbtutor against the same frame written with scikit-learn.

Run it from the top of the source tree: ``python -m tests.benchmarks.engine_frame``.

A frame is one epoch of 250 points at batch 10 (25 updates at 2-8-8-1), the loss of the training
and of the validation points, and the output of all 17 units on 100 x 100 points of the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from nbtutor.engine import Dataset, Network, Trainer, TrainingConfig, make_dataset
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

SIDE = 100
Fields = list[np.ndarray]


def data() -> tuple[Dataset, Dataset]:
    return make_dataset("moons", 500, noise=0.2).split(0.5)


def grid() -> np.ndarray:
    axis = np.linspace(-6, 6, SIDE)
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


def nbtutor_frame(batch: int = 10) -> Callable[[], Fields]:
    train, validation = data()
    net = Network((2, 8, 8, 1))
    trainer = Trainer(net, train, validation, TrainingConfig(0.03, batch))
    points = grid()

    def frame() -> Fields:
        trainer.run(epochs=1)  # measures both losses at its end
        return net.layer_outputs(points)

    return frame


def scikit_learn_frame() -> Callable[[], Fields]:
    log_loss = import_module("sklearn.metrics").log_loss
    model = import_module("sklearn.neural_network").MLPClassifier(
        (8, 8),
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=10,
        learning_rate_init=0.03,
        momentum=0.0,
        nesterovs_momentum=False,
        random_state=0,
    )
    train, validation = data()
    points = grid()

    def frame() -> Fields:
        model.partial_fit(train.X, train.y, classes=(0, 1))  # one epoch
        for part in (train, validation):
            log_loss(part.y, model.predict_proba(part.X))
        fields, outputs = [], points
        for weights, biases in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
            outputs = np.tanh(outputs @ weights + biases)
            fields.append(outputs)
        return [*fields, model.predict_proba(points)[:, 1]]

    return frame


def measure(repeats: int = 25) -> list[Comparison]:
    """Return the frame both ways."""
    with one_thread():
        times = medians({"nbtutor": nbtutor_frame(), "scikit-learn": scikit_learn_frame()}, repeats)
    names = ("nbtutor", "scikit-learn")
    first, second = names
    return [Comparison("one frame", first, times[first], second, times[second])]


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{table(measure())}")


if __name__ == "__main__":
    main()
