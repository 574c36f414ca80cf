"""The parts that every program has: its head, random numbers, first weights and training loop."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nbtutor.engine.code.data import augmentation_block, inputs_from
from nbtutor.engine.code.recipe import Recipe
from nbtutor.engine.code.schedules import schedule_block
from nbtutor.engine.code.text import assign, docstring, indented, join

Array = np.ndarray

SEEDS = '''\
def seeds(seed, name, *key):
    """Return the seed for one use of randomness, apart from all others."""
    key = (zlib.crc32(name.encode()), *key)
    return np.random.SeedSequence(seed, spawn_key=key)'''

EPOCH_RNG = '''\
def epoch_rng(name, epoch):
    """Return the random numbers that belong to one epoch."""
    bits = np.random.Philox(seeds(SEED, name), counter=[0, 0, 0, epoch])
    return np.random.Generator(bits)'''

_DRAWS = {
    "xavier_uniform": "limit = np.sqrt(6 / (inputs + units))\n"
    "weights.append(rng.uniform(-limit, limit, (inputs, units)).astype(DTYPE))",
    "xavier_normal": "width = np.sqrt(2 / (inputs + units))\n"
    "weights.append(rng.normal(0, width, (inputs, units)).astype(DTYPE))",
    "he_uniform": "limit = np.sqrt(6 / inputs)\n"
    "weights.append(rng.uniform(-limit, limit, (inputs, units)).astype(DTYPE))",
    "he_normal": "width = np.sqrt(2 / inputs)\n"
    "weights.append(rng.normal(0, width, (inputs, units)).astype(DTYPE))",
    "zeros": "weights.append(np.zeros((inputs, units), DTYPE))",
    "constant": "weights.append(np.full((inputs, units), 0.5, DTYPE))",
    "too_small": "weights.append(rng.normal(0, 0.001, (inputs, units)).astype(DTYPE))",
    "too_large": "weights.append(rng.normal(0, 10.0, (inputs, units)).astype(DTYPE))",
}


def weights_block(recipe: Recipe) -> str:
    """Return the code that gives ``weights`` and ``biases``, each a list with one array a layer.

    A layer's weights have shape (inputs, units).
    """
    if recipe.first_weights is not None:
        layers = [_short(layer) for layer in recipe.first_weights]
        lines = [
            "# The first weights, layer by layer: a row for each input, and the biases.",
            assign("LAYERS", layers),
            "weights = [np.array(rows[:-1], DTYPE) for rows in LAYERS]",
            "biases = [np.array(rows[-1], DTYPE) for rows in LAYERS]",
        ]
        return "\n".join(lines)
    name = "SEED" if recipe.weight_seed == recipe.seed else "WEIGHT_SEED"
    lines = ["# The first weights. Biases start at zero.", "weights, biases = [], []"]
    if "rng" in _DRAWS[recipe.initialization]:
        draw = f'rng = np.random.Generator(np.random.PCG64(seeds({name}, "weights", 0)))'
        lines.insert(1, draw)
    body = [_DRAWS[recipe.initialization], "biases.append(np.zeros(units, DTYPE))"]
    lines += ["for inputs, units in pairwise(SIZES):", indented(body)]
    return "\n".join(lines)


def smoothing_block(recipe: Recipe) -> str:
    """Return the code for targets with label smoothing, ``T_smooth``."""
    if not recipe.label_smoothing:
        return ""
    even = f"SMOOTHING / {recipe.classes}"
    return f"T_smooth = (1 - SMOOTHING) * T_train + {even}  # label smoothing"


def loop_blocks(
    recipe: Recipe,
    update: Sequence[str],
    *,
    begin: Sequence[str] = (),
    keep: str,
    restore: Sequence[str],
    wrap: str = "",
) -> list[str]:
    """Return the training loop, with what it needs and what it reports.

    Parameters
    ----------
    recipe : Recipe
    update : sequence of str
        What is done with each ``batch``, an array of numbers of points. It may use ``x_epoch`` and
        ``t_epoch``, which the indices belong to, ``start`` and ``rate``.
    begin : sequence of str
        What is done at the start of an epoch.
    keep : str
        An expression for a copy of the weights.
    restore : sequence of str
        What brings the copy ``best`` back.
    wrap : str
        A function that makes the library's array of NumPy's.
    """
    blocks = []
    inputs = "X_train"
    rows = []
    if recipe.shuffle:
        rows.append('order = epoch_rng("batches", epoch).permutation(n)')
    else:
        rows.append("order = np.arange(n)")
    if recipe.augmentation is not None:
        blocks.append(augmentation_block(recipe.augmentation))
        rows.append('changed = augment(points_train, epoch_rng("augmentation", epoch))')
        made = inputs_from("changed", recipe)
        rows.append(f"X_epoch = {f'{wrap}({made})' if wrap else made}")
        inputs = "X_epoch"
    rate = "LEARNING_RATE"
    if recipe.schedule is not None:
        blocks.append(schedule_block(recipe.schedule))
        rate = "LEARNING_RATE * factor(epoch + start / n)"
    targets = "T_smooth" if recipe.label_smoothing else "T_train"
    values = {"X_BATCH": f"{inputs}[batch]", "T_BATCH": f"{targets}[batch]", "RATE": rate}
    inner = ["batch = order[start : start + BATCH_SIZE]"]
    for line in update:
        for word, value in values.items():
            line = re.sub(rf"\b{word}\b", value, line)
        inner.append(line)
    rows = ["if epoch % 10 == 0:", "    report(epoch)", *rows]
    rows += [*begin, "for start in range(0, n, BATCH_SIZE):", indented(inner)]
    head = ["# Training.", "n = len(X_train)"]
    if recipe.patience:
        head.append("best_loss, best_epoch, best = np.inf, 0, None")
        rows += [
            "loss = loss_on(X_validation, T_validation)",
            "if loss < best_loss:",
            f"    best_loss, best_epoch, best = loss, epoch, {keep}",
            "elif epoch - best_epoch >= PATIENCE:  # early stopping",
            indented([*restore, "break"]),
        ]
    loop = [*head, "for epoch in range(EPOCHS):", indented(rows), "report(epoch + 1)"]
    return [*blocks, _report(recipe), "\n".join(loop)]


def program(
    recipe: Recipe,
    library: str,
    imports: Sequence[str],
    blocks: Sequence[str],
    notes: Sequence[str],
) -> str:
    """Return a whole program: head, imports, constants, and the blocks.

    Parameters
    ----------
    recipe : Recipe
    library : str
        As a person calls it.
    imports : sequence of str
        Those of the library, with NumPy's.
    blocks : sequence of str
    notes : sequence of str
        What the reader must know: in what it is not the same run.
    """
    body = join(blocks)
    helpers = [EPOCH_RNG] if "epoch_rng(" in body else []
    if "seeds(" in body + "".join(helpers):
        helpers.insert(0, SEEDS)
    body = join([*helpers, *blocks])
    standard = [name for name in ("copy", "math", "zlib") if re.search(rf"(?<!\.)\b{name}\.", body)]
    constants = [
        assign(name, value) for name, value in _constants(recipe) if re.search(rf"\b{name}\b", body)
    ]
    if re.search(r"\bDTYPE\b", body):
        constants.append(f"DTYPE = np.{recipe.dtype}")
    shape = "-".join(map(str, recipe.sizes))
    title = f"A {shape} network in {library}."
    notes = [*recipe.notes, *notes] or [
        "It makes the same data, first weights and batches as the run in nbtutor that it was "
        "written from, and ends at the same losses, up to rounding."
    ]
    standard = [f"import {name}" for name in standard]
    if "pairwise(" in body:
        standard.append("from itertools import pairwise")
    head = [docstring(title, notes), "\n".join(standard)]
    return join([*head, "\n".join(imports), "\n".join(constants), *helpers, *blocks])


def _constants(recipe: Recipe) -> list[tuple[str, object]]:
    return [
        ("SEED", recipe.seed),
        ("DATA_SEED", recipe.data_seed),
        ("WEIGHT_SEED", recipe.weight_seed),
        ("POINTS", recipe.points),
        ("TRAIN", len(recipe.train)),
        ("NOISE", 0.0 if recipe.generator is None else recipe.generator.noise),
        ("SIZES", recipe.sizes),
        ("EPOCHS", recipe.epochs),
        ("BATCH_SIZE", recipe.batch_size),
        ("LEARNING_RATE", recipe.learning_rate),
        ("MOMENTUM", recipe.momentum),
        ("DROPOUT", recipe.dropout),
        ("L1", recipe.l1),
        ("L2", recipe.l2),
        ("CLIP_NORM", recipe.clip_norm),
        ("SMOOTHING", recipe.label_smoothing),
        ("PATIENCE", recipe.patience),
    ]


def _report(recipe: Recipe) -> str:
    lines = ['"""Print the losses after so many epochs, without penalties and dropout."""']
    lines.append("train = loss_on(X_train, T_train)")
    if recipe.validation is None:
        lines.append('print(f"epoch {epoch}: train loss {train:.6f}")')
    else:
        lines.append("held_out = loss_on(X_validation, T_validation)")
        lines.append('losses = f"train loss {train:.6f}, validation loss {held_out:.6f}"')
        lines.append('print(f"epoch {epoch}: {losses}")')
    return "def report(epoch):\n" + indented(lines)


def _short(layer: Array) -> list[list[float]]:
    """Return an array as lists, with the fewest digits that give the same numbers."""
    return [[float(str(number)) for number in row] for row in layer]
