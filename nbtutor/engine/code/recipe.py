"""All that makes a run, read from its trainer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbtutor.engine.activations import ACTIVATIONS
from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.batches import Points
from nbtutor.engine.changes import name_of_layer
from nbtutor.engine.config import TrainingConfig
from nbtutor.engine.datasets import Dataset, Generator, RegressionGenerator
from nbtutor.engine.history import Event
from nbtutor.engine.network import Network
from nbtutor.engine.random import stream
from nbtutor.engine.schedules import Schedule
from nbtutor.engine.training import DIVERGED, Trainer
from nbtutor.engine.validation import ParameterError, check_integer, check_type

Array = np.ndarray

DEFAULT_EPOCHS = 100
MAX_WRITTEN = 200_000
"""Numbers of data or weights that a program may hold at most."""
MAX_REPLAYED = 20_000
"""Updates of a run that are tried again to see that nothing was missed, in about half a second."""


@dataclass(frozen=True)
class Recipe:
    """What a program needs to know.

    Attributes
    ----------
    sizes, activations, output, loss, initialization, inputs
        As `Network` has them; one activation for each hidden layer.
    dtype : str
        "float32" or "float64".
    learning_rate, momentum, l1, l2 : float
        The momentum is 0 for an optimizer that has none.
    dropout : tuple of float
        One share for each hidden layer; () if nothing is dropped.
    optimizer, schedule, batch_size, clip_norm, label_smoothing, augmentation, shuffle, patience
        As `TrainingConfig` has them.
    epochs : int
    train : Dataset
    validation : Dataset or None
    generator : Generator, RegressionGenerator or None
        None if the data has to be written out.
    points : int
        Of training and validation together.
    data_seed, weight_seed, seed : int
    first_weights : list of ndarray of shape (inputs + 1, units), or None
        One block a layer, its last row the biases. None if the seed gives them.
    notes : tuple of str
        In what the run is not what the program does.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    output: str
    loss: str
    initialization: str
    inputs: tuple[str, ...] | None
    dtype: str
    learning_rate: float
    momentum: float
    l1: float
    l2: float
    dropout: tuple[float, ...]
    optimizer: str
    schedule: Schedule | None
    batch_size: int
    clip_norm: float | None
    label_smoothing: float
    augmentation: Augmentation | None
    shuffle: bool
    patience: int
    epochs: int
    train: Dataset
    validation: Dataset | None
    generator: Generator | RegressionGenerator | None
    points: int
    data_seed: int
    weight_seed: int
    seed: int
    first_weights: list[Array] | None
    notes: tuple[str, ...]

    @property
    def classes(self) -> int:
        """How many there are; 0 for a linear output."""
        return {"sigmoid": 2, "softmax": self.sizes[-1], "linear": 0}[self.output]

    @property
    def soft(self) -> bool:
        """Whether the labels are probabilities."""
        return self.output != "linear" and self.train.y.dtype.kind == "f"


def read_recipe(trainer: Trainer, epochs: int | None) -> Recipe:
    """Return the recipe of a run, for as many epochs or those that it has done.

    Raises
    ------
    ParameterError
        If there is no program for it.
    """
    check_type("trainer", trainer, Trainer)
    net, config = trainer.network, trainer.config
    if net.replicas != 1:
        raise ParameterError(
            "trainer", f"one of {net.replicas} replicas", "one of a single network"
        )
    if epochs is None:
        epochs = trainer.epoch or DEFAULT_EPOCHS
    train = _single(trainer.train)
    validation = None if trainer.validation is None else _single(trainer.validation)
    total = len(train) + (0 if validation is None else len(validation))
    data_seed = _data_seed(trainer, train, validation, total)
    first_weights = _first_weights(trainer)
    return Recipe(
        sizes=net.sizes,
        activations=net.activations,
        output=net.output,
        loss=net.loss,
        initialization=net.initialization,
        inputs=net.inputs,
        dtype=net.dtype.name,
        learning_rate=_number(config.learning_rate),
        momentum=_number(config.momentum) if config.optimizer in ("sgd", "nesterov") else 0.0,
        l1=_number(config.l1),
        l2=_number(config.l2),
        dropout=_dropout(config, len(net.sizes) - 2),
        optimizer=config.optimizer,
        schedule=config.schedule,
        batch_size=min(config.batch_size, len(train)),
        clip_norm=config.clip_norm,
        label_smoothing=config.label_smoothing,
        augmentation=config.augmentation,
        shuffle=config.shuffle,
        patience=config.patience,
        epochs=check_integer("epochs", epochs, low=1, high=1_000_000),
        train=train,
        validation=validation,
        generator=None if data_seed is None else train.generator,
        points=total,
        data_seed=trainer.seed if data_seed is None else data_seed,
        weight_seed=net.seed,
        seed=trainer.seed,
        first_weights=first_weights,
        notes=_notes(trainer, first_weights),
    )


def _number(value: object) -> float:
    return float(np.asarray(value).reshape(-1)[0])


def _dropout(config: TrainingConfig, layers: int) -> tuple[float, ...]:
    if not np.any(config.dropout):
        return ()
    return tuple(float(p) for p in np.broadcast_to(np.asarray(config.dropout).reshape(-1), layers))


def _single(data: Dataset) -> Dataset:
    """Return data of shape (1, n, ...) without its first axis."""
    if data.X.ndim == 2:
        return data
    y = data.y[0] if len(data.y) == 1 else data.y
    return Dataset(data.X[0], y, data.generator)


def _data_seed(
    trainer: Trainer, train: Dataset, validation: Dataset | None, total: int
) -> int | None:
    """Return the seed that draws this very data; None if it has to be written out."""
    if train.generator is not None:
        for seed in dict.fromkeys((trainer.seed, trainer.network.seed, 0)):
            drawn = train.generator.sample(total, stream(seed, "data"))
            parts = [drawn.X[: len(train)], drawn.y[: len(train)]]
            wanted = [train.X, train.y]
            if validation is not None:
                parts += [drawn.X[len(train) :], drawn.y[len(train) :]]
                wanted += [validation.X, validation.y]
            if all(map(np.array_equal, parts, wanted)):
                return seed
    sets = [train] if validation is None else [train, validation]
    count = sum(data.X.size + data.y.size for data in sets)
    if count > MAX_WRITTEN:
        hint = "A program has to write out data that no generator gives."
        allowed = f"a run on at most {MAX_WRITTEN:,} numbers"
        raise ParameterError("trainer", f"one on {count:,}", allowed, hint)
    return None


def _first_weights(trainer: Trainer) -> list[Array] | None:
    """Return the weights that the run began with, or None if they are those of the seed."""
    net = trainer.network
    fresh = Network(**net.settings)
    if trainer.updates == 0:
        now = net.parameters.layers
        known = np.array_equal(net.parameters.flat, fresh.parameters.flat)
    else:
        now, known = None, _gives_the_first_loss(fresh, trainer)
        if not known and 0 in trainer.kept:
            fresh.parameters.flat[:] = trainer.keep_points[0].parameters
            now = fresh.parameters.layers
    if known:
        return None
    if now is None:
        hint = "Ask for the program before training, or make the trainer with keep=1 or more."
        allowed = "a run whose first weights are known"
        raise ParameterError("trainer", "one that began with weights of its own", allowed, hint)
    count = net.parameters.flat.size
    if count > MAX_WRITTEN:
        allowed = f"a run that begins with the weights of its seed, or at most {MAX_WRITTEN:,}"
        raise ParameterError("trainer", f"one with {count:,} weights of its own", allowed)
    return [layer[0].copy() for layer in now]


def _gives_the_first_loss(net: Network, trainer: Trainer) -> bool:
    """Return whether this network has the loss that the history begins with.

    Where the points were changed in mid-run, those of the beginning are not known any more; the
    weights are then taken for the seed's, unless the first ones were kept.
    """
    if any(event.setting == "points" for event in trainer.history.events):
        kept = 0 in trainer.kept
        first = trainer.keep_points[0].parameters if kept else net.parameters.flat
        return np.array_equal(first, net.parameters.flat)
    points, loss = Points(net, trainer.train), trainer.history.train_loss[0, 0]
    net.activation = _first_activations(trainer)
    return bool(np.isclose(points.evaluate().loss[0], loss, rtol=1e-6))


def _first_activations(trainer: Trainer) -> list[str]:
    """Return what the hidden layers had before any was changed, by going the events back."""
    names = list(trainer.network.activations)
    by_label = {activation.label: name for name, activation in ACTIVATIONS.items()}
    for event in reversed(trainer.history.events):
        if event.setting == "activation":
            names = [by_label.get(event.before, name) for name in names]
        for layer in range(len(names)):
            if event.setting == name_of_layer("activation", layer + 1):
                names[layer] = by_label.get(event.before, names[layer])
    return names


def _takes_the_same_course(trainer: Trainer, first_weights: list[Array] | None) -> bool:
    """Return whether the run, tried again with the present settings, has the same losses."""
    net = Network(**trainer.network.settings)
    for layer, first in zip(net.parameters.layers, first_weights or (), strict=False):
        layer[0] = first
    again = Trainer(net, trainer.train, trainer.validation, trainer.config, trainer.seed)
    batches = -(-len(trainer.train) // trainer.config.batch_size)
    longest = max(MAX_REPLAYED // batches, 1)
    entry = np.flatnonzero(trainer.history.epoch <= longest)[-1]
    again.run(epochs=int(trainer.history.epoch[entry]))
    losses = again.history.train_loss[-1, 0], trainer.history.train_loss[entry, 0]
    return bool(np.isclose(*losses, rtol=1e-6))


def _notes(trainer: Trainer, first_weights: list[Array] | None) -> tuple[str, ...]:
    notes = []
    events = [event for event in trainer.history.events if event.setting]
    changes = [event for event in events if not event.by_hand]
    # What was set before the first update is in the first weights.
    set_by_hand = [event for event in events if event.by_hand and event.update > 0]
    if changes:
        notes.append(
            f"Settings were changed in the course of the run ({_tell(changes)}). The program has "
            "the last ones from the start, so its losses are others."
        )
    if set_by_hand:
        notes.append(
            f"Weights were set by hand in the course of the run ({_tell(set_by_hand)}). The "
            "program does not do that, so its losses are others."
        )
    untold = trainer.epoch and not events
    if untold and not _takes_the_same_course(trainer, first_weights):
        notes.append(
            "Settings or weights were changed by hand in the course of the run. The program has "
            "the last settings from the start, so its losses are others."
        )
    if trainer.status[0] == DIVERGED:
        notes.append(
            f"The weights overflowed at update {trainer.divergences[-1].update}, where nbtutor "
            "stopped. The program goes on, and its losses may become NaN."
        )
    return tuple(notes)


def _tell(events: list[Event]) -> str:
    return ", ".join(f"{event.label} at epoch {event.epoch:g}" for event in events)
