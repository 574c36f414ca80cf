"""Trains networks of every kind and prints what came out: the same here and in a browser."""

import json
from typing import Any

import numpy as np

from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset

KINDS: list[tuple[str, tuple[int, ...], str, dict[str, Any]]] = [
    ("circle", (4, 2), "tanh", {}),
    ("spiral", (8, 8), "relu", {"optimizer": "adam", "learning_rate": 0.01}),
    ("moons", (6,), "sigmoid", {"dropout": 0.2, "l2": 0.001}),
    ("xor", (3, 3), "tanh", {"optimizer": "nesterov", "momentum": 0.9}),
]

# Each sum may round its last digit otherwise, and a run makes such differences grow: in float32 it
# is followed for as long as they are small.
for dtype, epochs in (("float32", 5), ("float64", 30)):
    for name, hidden, activation, settings in KINDS:
        data = make_dataset(name, n=200, noise=0.1, seed=3)
        network = Network((2, *hidden, 1), activation=activation, output="sigmoid", dtype=dtype)
        config = TrainingConfig(**{"learning_rate": 0.03, "batch_size": 10} | settings)
        trainer = Trainer(network, data, data, config, 5)
        trainer.run(epochs=epochs)
        print(
            json.dumps(
                {
                    "run": f"{name} {dtype}",
                    "points": np.asarray(data.X, dtype=float).ravel().tolist(),
                    "loss": trainer.history.train_loss.ravel().tolist(),
                    "weights": network.parameters.flat.ravel().tolist(),
                }
            )
        )
