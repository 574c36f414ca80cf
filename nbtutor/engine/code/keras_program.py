"""A run as a program in Keras 3, with any of its backends."""

from __future__ import annotations

from nbtutor.engine.code.data import data_blocks
from nbtutor.engine.code.parts import loop_blocks, program, smoothing_block, weights_block
from nbtutor.engine.code.recipe import Recipe
from nbtutor.engine.code.text import call, indented

# Keras's own "gelu" is the exact one; keras.ops.gelu is the approximation by tanh.
_ACTIVATIONS = {
    "tanh": 'activation="tanh"',
    "relu": 'activation="relu"',
    "leaky_relu": "activation=leaky_relu",
    "elu": 'activation="elu"',
    "gelu": "activation=keras.ops.gelu",
    "silu": 'activation="silu"',
    "softplus": 'activation="softplus"',
    "sigmoid": 'activation="sigmoid"',
    "linear": 'activation="linear"',
}

_LEAKY_RELU = """\
def leaky_relu(z):
    return keras.ops.leaky_relu(z, negative_slope=0.01)"""

_LOSSES = {
    ("sigmoid", "cross_entropy"): "mean_loss = keras.losses.BinaryCrossentropy(from_logits=True)",
    ("softmax", "cross_entropy"): (
        "mean_loss = keras.losses.CategoricalCrossentropy(from_logits=True)"
    ),
}

_SQUARED_ERROR = '''\
def mean_loss(targets, predictions):
    """Return the squared error, summed over the outputs; the mean over points."""
    errors = keras.ops.sum((predictions - targets) ** 2, axis=-1)
    return keras.ops.mean(errors)'''

_LOSS_ON = """\
def loss_on(x, targets):
    return float(mean_loss(targets, model.predict(x, verbose=0)))"""


def write(recipe: Recipe) -> str:
    """Return the program."""
    blocks = [
        *data_blocks(recipe),
        smoothing_block(recipe),
        weights_block(recipe),
        _LEAKY_RELU if "leaky_relu" in recipe.activations else "",
        _model(recipe),
        _LOSSES.get((recipe.output, recipe.loss), _SQUARED_ERROR),
        _LOSS_ON,
        _compile(recipe),
        *_loop(recipe),
    ]
    imports = ["import keras", "import numpy as np"]
    return program(recipe, "Keras", imports, blocks, _notes(recipe))


def _model(recipe: Recipe) -> str:
    *hidden, outputs = recipe.sizes[1:]
    penalty = ", kernel_regularizer=penalty" if _penalised(recipe) else ""
    rows = [f"keras.Input(({recipe.sizes[0]},)),"]
    for layer, (units, name) in enumerate(zip(hidden, recipe.activations, strict=True)):
        rows.append(_dense(units, f", {_ACTIVATIONS[name]}{penalty}"))
        if recipe.dropout:
            rows.append(f"keras.layers.Dropout({recipe.dropout[layer]!r}),")
    # With cross-entropy the loss is worked out from the logits.
    last = "" if recipe.loss == "cross_entropy" or recipe.output == "linear" else recipe.output
    rows.append(_dense(outputs, (f', activation="{last}"' if last else "") + penalty))
    lines = ["model = keras.Sequential(", "    [", indented(rows, 2), "    ]", ")"]
    if penalty:
        strengths = [f"l1={'L1' if recipe.l1 else '0.0'}", f"l2={'L2 / 2' if _l2(recipe) else 0.0}"]
        lines.insert(0, f"penalty = keras.regularizers.L1L2({', '.join(strengths)})")
    lines.insert(0, f'keras.config.set_floatx("{recipe.dtype}")')
    lines += ["arrays = [array for layer in zip(weights, biases) for array in layer]"]
    return "\n".join([*lines, "model.set_weights(arrays)"])


def _dense(units: int, arguments: str) -> str:
    line = f"keras.layers.Dense({units}{arguments}),"
    if len(line) + 8 <= 88:
        return line
    return f"keras.layers.Dense(\n    {units}{arguments}\n),"


def _compile(recipe: Recipe) -> str:
    name = recipe.optimizer
    arguments, after = "LEARNING_RATE", ""
    if name in ("sgd", "nesterov"):
        kind = "SGD"
        if recipe.momentum:
            arguments += ", momentum=MOMENTUM" + (", nesterov=True" if name == "nesterov" else "")
    elif name == "rmsprop":
        kind = "RMSprop"
        arguments += ", rho=0.99, epsilon=1e-16"  # Keras adds it to the square, not to the root
    elif name == "adam":
        kind = "Adam"
        arguments += ", epsilon=1e-8"
    else:
        kind = "AdamW"
        arguments += f", weight_decay={'L2' if recipe.l2 else '0.0'}, epsilon=1e-8"
        after = 'optimizer.exclude_from_weight_decay(var_names=["bias"])'
    if recipe.clip_norm is not None:
        arguments += ", global_clipnorm=CLIP_NORM"
    lines = [call(f"optimizer = keras.optimizers.{kind}", arguments)]
    if after:
        lines.append(after)
    return "\n".join([*lines, "model.compile(optimizer=optimizer, loss=mean_loss)"])


def _loop(recipe: Recipe) -> list[str]:
    update = ["optimizer.learning_rate = RATE"] if recipe.schedule is not None else []
    update.append("model.train_on_batch(X_BATCH, T_BATCH)")
    return loop_blocks(
        recipe, update, keep="model.get_weights()", restore=["model.set_weights(best)"]
    )


def _l2(recipe: Recipe) -> bool:
    return bool(recipe.l2) and recipe.optimizer != "adamw"


def _penalised(recipe: Recipe) -> bool:
    return bool(recipe.l1) or _l2(recipe)


def _notes(recipe: Recipe) -> list[str]:
    notes = []
    if recipe.dropout:
        notes.append(
            "Data, first weights and batches are those of the run in nbtutor. Keras's dropout "
            "draws random numbers of its own, so the losses are close to that run's, not the same."
        )
    if recipe.momentum and recipe.schedule is not None:
        notes.append(
            "Keras's momentum remembers steps, nbtutor's gradients: while the learning rate "
            "changes the losses differ a little."
        )
    return notes
