"""Settings to learn from: some that work, some that fail, each with one sentence on why.

Every sentence is held by claims, which a test measures on runs of several seeds and prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from nbtutor.engine.validation import check_choice
from nbtutor.widgets.layer_statistics import measure_layers
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings

_TAIL = 50  # epochs at the end of a run whose loss tells how quiet it is


def _gap(run: Run) -> float:
    last = run.trainer.history.last()
    return last["validation_loss"] - last["train_loss"]


def _jumps(run: Run) -> float:
    losses = run.trainer.history.train_loss[-_TAIL:, 0]
    return float(np.diff(losses).std() / losses.mean())


def _dead_share(run: Run) -> float:
    dead = run.network.count_dead(run.network.prepare_inputs(run.train.X))[0]
    return float(dead.sum() / sum(run.settings.hidden))


def _gradient_share(run: Run) -> float:
    layers = measure_layers(run.trainer, *run.give_verdict.training_points)
    sizes = [layer[0].size for layer in run.network.parameters.layers]
    first, last = (layers[i].gradient / np.sqrt(sizes[i]) for i in (0, -1))
    return float(first / last)


def _different_units(run: Run) -> float:
    return float(len(np.unique(run.network.weights[0][0].round(6), axis=1).T))


def _at_the_end(column: str) -> Callable[[Run], float]:
    return lambda run: float(run.trainer.history.last()[column])


MEASURES: Mapping[str, Callable[[Run], float]] = MappingProxyType(
    {
        "training loss": _at_the_end("train_loss"),
        "training accuracy": _at_the_end("train_accuracy"),
        "validation accuracy": _at_the_end("validation_accuracy"),
        "gap": _gap,
        "jumps": _jumps,
        "dead share": _dead_share,
        "gradient share": _gradient_share,
        "different units": _different_units,
    }
)
"""What a claim may be about, measured at the end of a run.

"gap" is the validation loss less the training loss; "jumps" the standard deviation of the training
loss's change from epoch to epoch over its mean, in the last 50 epochs; "dead share" the dead units
over all hidden ones; "gradient share" the root mean square of the first layer's gradient over that
of the output layer; "different units" those of the first hidden layer with weights of their own.
"""


@dataclass(frozen=True)
class Claim:
    """Something that holds at the end of an example's run.

    Attributes
    ----------
    measure : str
        A name in `MEASURES`.
    least, most : float
        Between these it lies.
    changed : mapping
        Settings that are changed first: what mends the example, or what breaks it.
    """

    measure: str
    least: float = -np.inf
    most: float = np.inf
    changed: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, value: float) -> bool:
        """Whether a measured value is as claimed."""
        return self.least <= value <= self.most


@dataclass(frozen=True)
class Example:
    """Settings with a name, and what is to be learned from them.

    Attributes
    ----------
    name : str
        Its name in `EXAMPLES`.
    title : str
        As a person reads it.
    kind : {"works", "fails"}
    sentence : str
        Why it works or fails.
    settings : mapping
        Arguments of `RunSettings`; what is left out has its default.
    epochs : int
        How long to watch.
    speed : {"slow", "normal", "fast"}
        How fast to watch.
    claims : tuple of Claim
        What the sentence says, to be measured after so many epochs.
    """

    name: str
    title: str
    kind: Literal["works", "fails"]
    sentence: str
    settings: Mapping[str, Any]
    epochs: int
    claims: tuple[Claim, ...]
    speed: str = "normal"

    @property
    def note(self) -> str:
        """What is told when it is loaded."""
        return f"{self.title}. {self.sentence} Press Play and watch {self.epochs} epochs."

    def run(self, seed: int = 0, changed: Mapping[str, Any] | None = None) -> Run:
        """Train it to its end.

        Parameters
        ----------
        seed : int
        changed : mapping, optional
            Settings that differ from the example's.
        """
        run = Run(RunSettings(**{**self.settings, "seed": seed, **(changed or {})}))
        run.advance(epochs=self.epochs)
        return run

    def measure(self, claim: Claim, seed: int = 0) -> float:
        """Train it, with the claim's changes, and return what the claim is about."""
        return MEASURES[claim.measure](self.run(seed, claim.changed))


_EXAMPLES = (
    Example(
        name="xor_without_hidden",
        title="XOR without a hidden layer",
        kind="fails",
        sentence=(
            "Without a hidden layer the boundary is one straight line, and no line parts the "
            "corners of XOR."
        ),
        settings={"dataset": "xor", "hidden": ()},
        epochs=100,
        claims=(
            Claim("training loss", least=0.65),
            Claim("training accuracy", most=0.8),
            Claim("validation accuracy", least=0.95, changed={"inputs": ("x", "y", "xy")}),
        ),
    ),
    Example(
        name="xor_with_product",
        title="XOR with the input xy",
        kind="works",
        sentence=(
            "The product xy has one sign in each class, so a line in the inputs is enough and no "
            "hidden layer is needed."
        ),
        settings={"dataset": "xor", "hidden": (), "inputs": ("x", "y", "xy")},
        epochs=100,
        claims=(
            Claim("validation accuracy", least=0.95),
            Claim("training accuracy", most=0.8, changed={"inputs": ("x", "y")}),
        ),
    ),
    Example(
        name="circle_with_squares",
        title="Circle with x² and y²",
        kind="works",
        sentence=(
            "A circle is a straight line in x² and y², so these two inputs do the work of a "
            "hidden layer."
        ),
        settings={"dataset": "circle", "hidden": (), "inputs": ("x2", "y2")},
        epochs=100,
        claims=(
            Claim("validation accuracy", least=0.95),
            Claim("training accuracy", most=0.8, changed={"inputs": ("x", "y")}),
        ),
    ),
    Example(
        name="linear_layers",
        title="Two layers of linear units",
        kind="fails",
        sentence=(
            "A chain of linear layers is one linear layer, so more of them bend the boundary no "
            "further than none."
        ),
        settings={"dataset": "circle", "hidden": (8, 8), "activation": "linear"},
        epochs=100,
        claims=(
            Claim("training loss", least=0.65),
            Claim("validation accuracy", least=0.95, changed={"activation": "tanh"}),
        ),
    ),
    Example(
        name="spiral_with_adam",
        title="Spiral with Adam",
        kind="works",
        sentence=(
            "Adam scales the step of every weight by the size of its own gradients, and winds the "
            "boundary up where plain SGD at the same rate has hardly begun."
        ),
        settings={
            "dataset": "spiral",
            "hidden": (8, 8),
            "optimizer": "adam",
            "learning_rate": 0.01,
        },
        epochs=200,
        claims=(
            Claim("training accuracy", least=0.8),
            Claim("training loss", most=0.4),
            Claim("training loss", least=0.5, changed={"optimizer": "sgd"}),
        ),
    ),
    Example(
        name="checkerboard_with_width",
        title="Checkerboard, 32 units",
        kind="works",
        sentence=(
            "The first layer draws the edges of the squares and the second joins them, for which "
            "sixteen units each are enough and two units in all are not."
        ),
        settings={
            "dataset": "checkerboard",
            "hidden": (16, 16),
            "optimizer": "adam",
            "learning_rate": 0.01,
        },
        epochs=300,
        claims=(
            Claim("training accuracy", least=0.9),
            Claim("validation accuracy", least=0.85),
            Claim("training accuracy", most=0.75, changed={"hidden": (2,)}),
        ),
    ),
    Example(
        name="rate_too_high",
        title="Spiral with a rate too high",
        kind="fails",
        sentence=(
            "Every step overshoots the valley that it aims at, so the loss jumps about and does "
            "not settle."
        ),
        settings={"dataset": "spiral", "hidden": (8, 8), "learning_rate": 3.0},
        epochs=200,
        claims=(
            Claim("training loss", least=0.5),
            Claim("jumps", least=0.2),
            Claim("training loss", most=0.5, changed={"learning_rate": 0.1}),
        ),
    ),
    Example(
        name="momentum_too_high",
        title="Momentum too high",
        kind="fails",
        sentence=(
            "At this rate a momentum of 0.95 adds up so many old steps that the weights fly past "
            "every good place."
        ),
        settings={
            "dataset": "moons",
            "noise": 0.2,
            "hidden": (8, 8),
            "learning_rate": 0.3,
            "momentum": 0.95,
        },
        epochs=100,
        claims=(
            Claim("training loss", least=0.2),
            Claim("jumps", least=0.2),
            Claim("training loss", most=0.2, changed={"momentum": 0.0}),
        ),
    ),
    Example(
        name="batch_of_one",
        title="Batches of one point",
        kind="fails",
        sentence=(
            "Each step follows a single point, so the loss jumps from epoch to epoch where the "
            "full batch comes down smoothly."
        ),
        settings={
            "dataset": "gaussians",
            "noise": 0.4,
            "hidden": (8,),
            "learning_rate": 0.3,
            "batch_size": 1,
        },
        epochs=150,
        claims=(
            Claim("jumps", least=0.03),
            Claim("jumps", most=0.003, changed={"batch_size": 250}),
        ),
    ),
    Example(
        name="same_weights",
        title="All first weights the same",
        kind="fails",
        sentence=(
            "Units that start the same get the same gradient and stay the same, so eight units "
            "are worth one."
        ),
        settings={
            "dataset": "circle",
            "hidden": (8,),
            "initialization": "constant",
            "learning_rate": 0.1,
        },
        epochs=200,
        claims=(
            Claim("different units", most=1),
            Claim("training accuracy", most=0.8),
            Claim("validation accuracy", least=0.95, changed={"initialization": "xavier_uniform"}),
        ),
    ),
    Example(
        name="dead_relus",
        title="Dead ReLUs",
        kind="fails",
        sentence=(
            "From first weights this large the first steps throw half of the ReLUs below zero for "
            "every point, where their gradient is zero and they do not come back."
        ),
        settings={
            "dataset": "circle",
            "hidden": (8, 8),
            "activation": "relu",
            "initialization": "too_large",
            "learning_rate": 1.0,
        },
        epochs=10,
        speed="slow",
        claims=(
            Claim("dead share", least=0.35, most=0.7),
            Claim("validation accuracy", most=0.8),
            Claim("validation accuracy", least=0.95, changed={"initialization": "he_normal"}),
        ),
    ),
    Example(
        name="vanishing_gradients",
        title="Six layers of sigmoids",
        kind="fails",
        sentence=(
            "The slope of a sigmoid is at most a quarter, so on its way back through six layers "
            "next to nothing of the gradient is left for the first."
        ),
        settings={
            "dataset": "circle",
            "hidden": (8, 8, 8, 8, 8, 8),
            "activation": "sigmoid",
            "learning_rate": 0.1,
        },
        epochs=100,
        claims=(
            Claim("gradient share", most=0.01),
            Claim("training loss", least=0.65),
            Claim("validation accuracy", least=0.95, changed={"activation": "tanh"}),
        ),
    ),
    Example(
        name="overfit_twenty_points",
        title="Twenty points, 64 units",
        kind="fails",
        sentence=(
            "With more parameters than points the network learns every noisy point by heart, and "
            "the validation loss climbs while the training loss falls."
        ),
        settings={
            "dataset": "moons",
            "noise": 0.4,
            "points": 40,
            "hidden": (64,),
            "optimizer": "adam",
            "learning_rate": 0.03,
        },
        epochs=500,
        claims=(
            Claim("training accuracy", least=0.98),
            Claim("gap", least=0.6),
            Claim("gap", most=0.6, changed={"points": 1000}),
        ),
    ),
    Example(
        name="memorised_labels",
        title="Wrong labels learned by heart",
        kind="fails",
        sentence=(
            "Three labels in ten are wrong, and with nothing to hold its weights small the network "
            "bends its boundary around them."
        ),
        settings={
            "dataset": "moons",
            "noise": 0.1,
            "label_noise": 0.3,
            "points": 100,
            "hidden": (64,),
            "optimizer": "adam",
            "learning_rate": 0.03,
        },
        epochs=500,
        claims=(
            Claim("training accuracy", least=0.8),
            Claim("gap", least=0.6),
            Claim("gap", most=0.6, changed={"l2": 0.03}),
        ),
    ),
    Example(
        name="dropout_on_three_units",
        title="Dropout on three units",
        kind="fails",
        sentence=(
            "Each of three units is needed for the circle, and dropout takes every one away at "
            "half of the updates."
        ),
        settings={"dataset": "circle", "hidden": (3,), "dropout": 0.5, "learning_rate": 0.1},
        epochs=200,
        claims=(
            Claim("training loss", least=0.3),
            Claim("training loss", most=0.15, changed={"dropout": 0.0}),
        ),
    ),
    Example(
        name="l2_too_strong",
        title="L2 too strong",
        kind="fails",
        sentence=(
            "The penalty pulls the weights to zero faster than the data can make them grow, so "
            "the network says one half everywhere."
        ),
        settings={"dataset": "circle", "hidden": (8, 8), "l2": 0.3, "learning_rate": 0.1},
        epochs=100,
        claims=(
            Claim("training loss", least=0.65),
            Claim("training loss", most=0.1, changed={"l2": 0.0}),
        ),
    ),
)

EXAMPLES: Mapping[str, Example] = MappingProxyType({each.name: each for each in _EXAMPLES})
"""The examples by name, in the order of the page."""


def find_example(name: Any) -> Example:
    """Return an example by its name.

    Raises
    ------
    ParameterError
        If there is none; near names are suggested.
    """
    return EXAMPLES[check_choice("name", name, EXAMPLES)]
