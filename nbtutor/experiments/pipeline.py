"""A training pipeline as an object, so that it can be checked, and broken on purpose."""

from __future__ import annotations

import numpy as np

from nbtutor.engine import Dataset, Generator, Network, Trainer, TrainingConfig
from nbtutor.engine.random import stream
from nbtutor.engine.validation import check_integer, check_sizes, check_type
from nbtutor.experiments.situation import output_layer

Array = np.ndarray


class Pipeline:
    """Where the data, the network and the trainer come from.

    Make a subclass to check a pipeline of your own: `data`, `network` and `trainer` are all that
    `sanity` asks for.

    Parameters
    ----------
    dataset : str, default "circle"
    noise : float, default 0.1
        From 0 to 0.5.
    n_train, n_validation : int, default 200
        Points.
    hidden : sequence of int, default (8,)
    config : TrainingConfig, optional
        With one number for each setting. Without regularisation, as the notes advise for the first
        checks.
    epochs : int, default 60
        How long the pipeline trains.

    Attributes
    ----------
    classes : int
    """

    def __init__(
        self,
        dataset: str = "circle",
        noise: float = 0.1,
        n_train: int = 200,
        n_validation: int = 200,
        hidden: tuple[int, ...] = (8,),
        config: TrainingConfig | None = None,
        epochs: int = 60,
    ) -> None:
        self.generator = Generator(dataset, noise)
        self.n_train = check_integer("n_train", n_train, low=4, high=100_000)
        self.n_validation = check_integer("n_validation", n_validation, low=4, high=100_000)
        self.hidden = check_sizes("hidden", hidden, max_layers=16, max_units=1024)
        self.config = TrainingConfig(learning_rate=0.3) if config is None else config
        check_type("config", self.config, TrainingConfig)
        self.epochs = check_integer("epochs", epochs, low=1, high=1_000_000)
        self.classes = self.generator.classes

    def data(self, seed: int) -> tuple[Dataset, Dataset]:
        """Return training and validation points, scaled as the net receives them.

        Both are scaled by the mean and standard deviation of the training points alone.
        """
        train = self.generator.sample(self.n_train, stream(seed, "train"))
        validation = self.generator.sample(self.n_validation, stream(seed, "validation"))
        mean, deviation = train.X.mean(axis=0), train.X.std(axis=0)
        scaled = [Dataset((part.X - mean) / deviation, part.y) for part in (train, validation)]
        return scaled[0], scaled[1]

    def network(self, seed: int, replicas: int = 1, dtype: str = "float32") -> Network:
        """Return an untrained network."""
        units, output = output_layer(self.classes)
        sizes = (2, *self.hidden, units)
        return Network(sizes, output=output, replicas=replicas, seed=seed, dtype=dtype)

    def trainer(
        self, network: Network, train: Dataset, validation: Dataset | None, seed: int
    ) -> Trainer:
        """Return a trainer that is ready to run."""
        return Trainer(network, train, validation, self.config, seed)


class Wrapped(Pipeline):
    """A pipeline that is another one in all but what a subclass changes.

    Parameters
    ----------
    pipeline : Pipeline
    """

    def __init__(self, pipeline: Pipeline) -> None:
        check_type("pipeline", pipeline, Pipeline)
        self.inner = pipeline
        self.classes, self.epochs = pipeline.classes, pipeline.epochs

    def data(self, seed: int) -> tuple[Dataset, Dataset]:
        """Return what the inner pipeline does."""
        return self.inner.data(seed)

    def network(self, seed: int, replicas: int = 1, dtype: str = "float32") -> Network:
        """Return what the inner pipeline does."""
        return self.inner.network(seed, replicas, dtype)

    def trainer(
        self, network: Network, train: Dataset, validation: Dataset | None, seed: int
    ) -> Trainer:
        """Return what the inner pipeline does."""
        return self.inner.trainer(network, train, validation, seed)
