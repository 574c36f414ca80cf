"""A run as a program in scikit-learn, as far as its perceptron goes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from nbtutor.engine.code.data import data_blocks
from nbtutor.engine.code.parts import loop_blocks, program, weights_block
from nbtutor.engine.code.recipe import Recipe
from nbtutor.engine.code.text import indented, literal
from nbtutor.engine.validation import ParameterError

_ACTIVATIONS = {"tanh": "tanh", "relu": "relu", "sigmoid": "logistic", "linear": "identity"}
_SOLVERS = {"sgd": "sgd", "nesterov": "sgd", "adam": "adam"}


def write(recipe: Recipe) -> str:
    """Return the program.

    Raises
    ------
    ParameterError
        If it would need another network or optimizer than scikit-learn has.
    """
    _check(recipe)
    kind = "MLPRegressor" if recipe.output == "linear" else "MLPClassifier"
    imports = ["import numpy as np"]
    if recipe.output != "linear":
        imports.append("from sklearn.metrics import log_loss")
    imports.append(f"from sklearn.neural_network import {kind}")
    blocks = [
        *data_blocks(recipe, numbered=True),
        weights_block(recipe),
        _model(recipe, kind),
        _loss_on(recipe),
        *_loop(recipe),
    ]
    return program(recipe, "scikit-learn", imports, blocks, _notes(recipe))


def _check(recipe: Recipe) -> None:
    """Refuse what scikit-learn's perceptron cannot be."""
    activations = set(recipe.activations)
    problem = ""
    if len(activations) > 1:
        problem = "one activation for all layers"
    elif not activations <= _ACTIVATIONS.keys():
        problem = f"the activations {', '.join(_ACTIVATIONS)}"
    elif recipe.optimizer not in _SOLVERS:
        problem = f"the optimizers {', '.join(_SOLVERS)}"
    elif recipe.output != "linear" and recipe.loss != "cross_entropy":
        problem = "cross-entropy as the loss of classes"
    elif recipe.output == "softmax" and recipe.classes == 2:
        problem = "a sigmoid output for two classes"
    elif recipe.soft:
        problem = "class numbers for labels"
    elif not recipe.learning_rate > 0:
        problem = "learning rates above 0"
    if problem:
        allowed = f"'numpy', 'pytorch' or 'keras' here, as scikit-learn has only {problem}"
        raise ParameterError("library", "sklearn", allowed)


def _model(recipe: Recipe, kind: str) -> str:
    (activation,) = set(recipe.activations) or {"linear"}
    rows = [
        f"hidden_layer_sizes={literal(recipe.sizes[1:-1], before=23, after=1)},",
        f'activation="{_ACTIVATIONS[activation]}",',
        f'solver="{_SOLVERS[recipe.optimizer]}",',
    ]
    if recipe.optimizer == "adam":
        rows.append("learning_rate_init=LEARNING_RATE,")
    else:
        # Its loss for values is half of the squared error, so its gradient is half of ours.
        factor = "2 * " if recipe.output == "linear" else ""
        rows.append(f"learning_rate_init={factor}LEARNING_RATE,")
        rows.append(f"momentum={'MOMENTUM' if recipe.momentum else '0.0'},")
        rows.append(f"nesterovs_momentum={recipe.optimizer == 'nesterov'},")
    rows += ["shuffle=False,", "random_state=0,"]
    first = "X_train[:100], T_train[:100]"
    if recipe.output != "linear":
        first += f", classes=np.arange({recipe.classes})"
    lines = [
        f"model = {kind}(",
        indented(rows),
        ")",
        "# Its arrays are made at the first call; then they get our first weights.",
        f"model.partial_fit({first})",
        "parameters = [*model.coefs_, *model.intercepts_]",
        "for theirs, ours in zip(parameters, [*weights, *biases]):",
        "    theirs[...] = ours",
    ]
    return "\n".join(lines)


def _loss_on(recipe: Recipe) -> str:
    if recipe.output == "linear":
        body = [
            "errors = (model.predict(x) - targets).reshape(len(x), -1)",
            "return (errors**2).sum(axis=1).mean()",
        ]
    else:
        labels = f"labels=np.arange({recipe.classes})"
        # It works with rounded probabilities, the engine with logits.
        largest = round(-math.log(np.finfo(recipe.dtype).eps))
        body = [
            f'"""Return the mean cross-entropy; a point counts {largest} at most."""',
            f"return log_loss(targets, model.predict_proba(x), {labels})",
        ]
    return "def loss_on(x, targets):\n" + indented(body)


def _loop(recipe: Recipe) -> list[str]:
    # alpha is divided by the points of the batch.
    alpha = "0.0"
    if recipe.l2:
        alpha = "L2 / 2 * len(batch)" if recipe.output == "linear" else "L2 * len(batch)"
    update = [
        f"model.set_params(batch_size=len(batch), alpha={alpha})",
        "model.partial_fit(X_BATCH, T_BATCH)",
    ]
    plain = _without(recipe)
    return loop_blocks(
        plain,
        update,
        keep="[p.copy() for p in parameters]",
        restore=["for p, p_best in zip(parameters, best):", "    p[...] = p_best"],
    )


def _without(recipe: Recipe) -> Recipe:
    """Return the recipe without what scikit-learn leaves out."""
    return replace(recipe, schedule=None, label_smoothing=0.0)


def _notes(recipe: Recipe) -> list[str]:
    left_out = [
        name
        for name, there in {
            "dropout": recipe.dropout,
            "the L1 penalty": recipe.l1,
            "label smoothing": recipe.label_smoothing,
            "the clipping of gradients": recipe.clip_norm is not None,
            "the schedule of the learning rate": recipe.schedule is not None,
        }.items()
        if there
    ]
    notes = []
    if left_out:
        notes.append(
            f"Scikit-learn's network cannot do everything that the run in nbtutor does. Left out: "
            f"{', '.join(left_out)}. So the losses are others."
        )
    if recipe.momentum or recipe.optimizer == "adam":
        notes.append(
            "Data, first weights and batches are those of the run in nbtutor. The optimizer also "
            "remembers the call that makes scikit-learn's arrays, so the losses are close to that "
            "run's, not the same."
        )
    return notes
