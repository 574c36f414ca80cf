"""A run as a program in NumPy: forward, backward and step as a textbook has them."""

from __future__ import annotations

from nbtutor.engine.code.data import data_blocks
from nbtutor.engine.code.parts import loop_blocks, program, smoothing_block, weights_block
from nbtutor.engine.code.recipe import Recipe
from nbtutor.engine.code.text import assign, indented

_ACTIVATIONS: dict[str, tuple[str, str]] = {
    "tanh": ("return np.tanh(z)", "return 1 - np.tanh(z) ** 2"),
    "relu": ("return np.maximum(z, 0)", "return (z > 0).astype(z.dtype)"),
    "leaky_relu": (
        "return np.where(z > 0, z, 0.01 * z)",
        "return np.where(z > 0, 1, 0.01).astype(z.dtype)",
    ),
    "elu": (
        "return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))",
        "return np.exp(np.minimum(z, 0))",
    ),
    "gelu": (
        "t = np.tanh(0.7978845608028654 * (z + 0.044715 * z**3))\nreturn z * (1 + t) / 2",
        "t = np.tanh(0.7978845608028654 * (z + 0.044715 * z**3))\n"
        "inner = 0.7978845608028654 * (1 + 3 * 0.044715 * z**2)\n"
        "return (1 + t) / 2 + z / 2 * (1 - t**2) * inner",
    ),
    "silu": (
        "return z * (1 + np.tanh(z / 2)) / 2  # z times the sigmoid of z",
        "s = (1 + np.tanh(z / 2)) / 2\nreturn s + z * s * (1 - s)",
    ),
    "softplus": ("return np.logaddexp(z, 0)", "return (1 + np.tanh(z / 2)) / 2"),
    "sigmoid": (
        "return (1 + np.tanh(z / 2)) / 2  # 1 / (1 + exp(-z)), but cannot overflow",
        "return sigmoid(z) * (1 - sigmoid(z))",
    ),
    "linear": ("return z", "return np.ones_like(z)"),
}

_SIGMOID = """\
def probability(logits):
    return (1 + np.tanh(logits / 2)) / 2  # 1 / (1 + exp(-z)), but cannot overflow"""

_SOFTMAX = """\
def probability(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)"""

# The function of the output, the mean loss, and its gradient by the logits.
_LOSSES: dict[tuple[str, str], tuple[str, str, str]] = {
    ("sigmoid", "cross_entropy"): (
        _SIGMOID,
        '"""Return the mean cross-entropy, which computed like this cannot overflow."""\n'
        "return np.mean(np.logaddexp(logits, 0) - targets * logits)",
        "return (probability(logits) - targets) / len(targets)",
    ),
    ("sigmoid", "squared_error"): (
        _SIGMOID,
        '"""Return the mean squared error."""\n'
        "return np.mean((probability(logits) - targets) ** 2)",
        "p = probability(logits)\nreturn 2 * (p - targets) * p * (1 - p) / len(targets)",
    ),
    ("softmax", "cross_entropy"): (
        _SOFTMAX,
        '"""Return the mean cross-entropy, which computed like this cannot overflow."""\n'
        "shifted = logits - logits.max(axis=1, keepdims=True)\n"
        "log_sum = np.log(np.exp(shifted).sum(axis=1))\n"
        "return np.mean(log_sum - (targets * shifted).sum(axis=1))",
        "return (probability(logits) - targets) / len(targets)",
    ),
    ("softmax", "squared_error"): (
        _SOFTMAX,
        '"""Return the squared error, summed over classes; the mean over points."""\n'
        "return np.mean(((probability(logits) - targets) ** 2).sum(axis=1))",
        "p = probability(logits)\n"
        "error = p - targets\n"
        "error -= (p * error).sum(axis=1, keepdims=True)\n"
        "return 2 * p * error / len(targets)",
    ),
    ("linear", "squared_error"): (
        "",
        '"""Return the squared error, summed over outputs; the mean over points."""\n'
        "return np.mean(((logits - targets) ** 2).sum(axis=1))",
        "return 2 * (logits - targets) / len(targets)",
    ),
}

_FORWARD = '''\
def forward(x{arguments}):
    """Return the inputs of every layer, and the weighted sums of every layer."""
    inputs, sums = [x], []
    for layer in range(len(weights)):
        sums.append(inputs[-1] @ weights[layer] + biases[layer])
        if layer < len(weights) - 1:
            {output}
    return inputs, sums'''

_BACKWARD = '''\
def backward(x, targets{arguments}):
    """Return the gradient of the mean loss by every array of weights, then of biases."""
    inputs, sums = forward(x{passed})
    delta = loss_slope(sums[-1], targets)
    by_weights, by_biases = [], []
    for layer in reversed(range(len(weights))):
        by_weights.insert(0, inputs[layer].T @ delta)
        by_biases.insert(0, delta.sum(axis=0))
        if layer > 0:
            {delta}
    return by_weights + by_biases'''

_LOSS_ON = """\
def loss_on(x, targets):
    _, sums = forward(x)
    return mean_loss(sums[-1], targets)"""

# What is remembered, and what is done with parameter p, gradient g and what is remembered of them.
_MOMENTUM = ("velocities = [np.zeros_like(p) for p in parameters]",)
_STEPS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "plain": ((), "p, g in zip(parameters, gradients)", "p -= rate * g"),
    "sgd": (
        _MOMENTUM,
        "p, g, v in zip(parameters, gradients, velocities)",
        "v *= MOMENTUM\nv += g\np -= rate * v",
    ),
    "nesterov": (
        _MOMENTUM,
        "p, g, v in zip(parameters, gradients, velocities)",
        "v *= MOMENTUM\nv += g\np -= rate * (g + MOMENTUM * v)",
    ),
    "rmsprop": (
        ("squares = [np.zeros_like(p) for p in parameters]",),
        "p, g, s in zip(parameters, gradients, squares)",
        "s *= 0.99\ns += (1 - 0.99) * g**2\np -= rate * g / (np.sqrt(s) + 1e-8)",
    ),
    "adam": (
        (
            "means = [np.zeros_like(p) for p in parameters]",
            "squares = [np.zeros_like(p) for p in parameters]",
        ),
        "p, g, m, s in zip(parameters, gradients, means, squares)",
        "m *= 0.9\n"
        "m += (1 - 0.9) * g\n"
        "s *= 0.999\n"
        "s += (1 - 0.999) * g**2\n"
        "m_corrected = m / (1 - 0.9**update)\n"
        "s_corrected = s / (1 - 0.999**update)\n"
        "p -= rate * m_corrected / (np.sqrt(s_corrected) + 1e-8)",
    ),
}
_STEPS["adamw"] = _STEPS["adam"]


def write(recipe: Recipe) -> str:
    """Return the program."""
    blocks = [
        *data_blocks(recipe),
        smoothing_block(recipe),
        weights_block(recipe),
        *_activation_blocks(recipe),
        *_loss_blocks(recipe),
        *_passes(recipe),
        _LOSS_ON,
        *_step_blocks(recipe),
        *_loop(recipe),
    ]
    return program(recipe, "NumPy", ["import numpy as np"], blocks, ())


def _activation_blocks(recipe: Recipe) -> list[str]:
    blocks = []
    for name in sorted(set(recipe.activations)):
        output, slope = _ACTIVATIONS[name]
        blocks.append(f"def {name}(z):\n" + indented([output]))
        blocks.append(f"def {name}_slope(z):\n" + indented([slope]))
    if len(set(recipe.activations)) > 1:
        slopes = [f"{name}_slope" for name in recipe.activations]
        lists = [assign("ACTIVATIONS", list(recipe.activations)), assign("SLOPES", slopes)]
        blocks.append("\n".join(lists))
    return blocks


def _loss_blocks(recipe: Recipe) -> list[str]:
    probability, loss, slope = _LOSSES[recipe.output, recipe.loss]
    return [
        probability,
        "def mean_loss(logits, targets):\n" + indented([loss]),
        "def loss_slope(logits, targets):\n"
        + indented(['"""Return the gradient of the mean loss by the logits."""', slope]),
    ]


def _passes(recipe: Recipe) -> list[str]:
    if not recipe.activations:
        return [_NO_HIDDEN_FORWARD, _NO_HIDDEN_BACKWARD]
    activation, slope = recipe.activations[0], f"{recipe.activations[0]}_slope"
    if len(set(recipe.activations)) > 1:
        activation, slope = "ACTIVATIONS[layer]", "SLOPES[layer - 1]"
    output = f"inputs.append({activation}(sums[-1]))"
    delta = f"delta = (delta @ weights[layer].T) * {slope}(sums[layer - 1])"
    forward = {"arguments": "", "output": output}
    backward = {"arguments": "", "passed": "", "delta": delta}
    if recipe.dropout:
        forward = {
            "arguments": ", masks=None",
            "output": f"{output}\n            if masks:\n                "
            "inputs[-1] = inputs[-1] * masks[layer]",
        }
        backward = {
            "arguments": ", masks",
            "passed": ", masks",
            "delta": f"{delta}\n            delta *= masks[layer - 1]",
        }
    return [_FORWARD.format(**forward), _BACKWARD.format(**backward)]


_NO_HIDDEN_FORWARD = '''\
def forward(x):
    """Return the inputs and the weighted sums of the only layer."""
    return [x], [x @ weights[0] + biases[0]]'''

_NO_HIDDEN_BACKWARD = '''\
def backward(x, targets):
    """Return the gradient of the mean loss by the weights, and by the biases."""
    _, sums = forward(x)
    delta = loss_slope(sums[0], targets)
    return [x.T @ delta, delta.sum(axis=0)]'''


def _step_blocks(recipe: Recipe) -> list[str]:
    plain = recipe.optimizer in ("sgd", "nesterov") and not recipe.momentum
    memory, loop, body = _STEPS["plain" if plain else recipe.optimizer]
    adam = recipe.optimizer in ("adam", "adamw")
    lines = [f"for {loop}:", indented([body])]
    if recipe.optimizer == "adamw" and recipe.l2:
        lines = ["for w in weights:", "    w -= rate * L2 * w", *lines]
    head = f"def step(gradients, rate{', update' if adam else ''}):"
    setup = ["parameters = weights + biases", *memory]
    if adam:
        setup.append("update = 0")
    return ["\n".join(setup), "\n".join([head, indented(lines)])]


def _loop(recipe: Recipe) -> list[str]:
    begin: list[str] = []
    update = ["gradients = backward(X_BATCH, T_BATCH)"]
    if recipe.dropout:
        begin = [
            'rng = epoch_rng("dropout", epoch)',
            "uniform = [rng.random((units, n), DTYPE).T for units in SIZES[1:-1]]",
        ]
        update = [
            "rows = slice(start, start + BATCH_SIZE)",
            "kept = [u[rows] >= p for u, p in zip(uniform, DROPOUT)]",
            "masks = [k.astype(DTYPE) / (1 - p) for k, p in zip(kept, DROPOUT)]",
            "gradients = backward(X_BATCH, T_BATCH, masks)",
        ]
    coupled = recipe.l2 and recipe.optimizer != "adamw"
    terms = ["L1 * np.sign(w)"] * bool(recipe.l1) + ["L2 * w"] * bool(coupled)
    if terms:
        update += ["for w, g in zip(weights, gradients):", f"    g += {' + '.join(terms)}"]
    if recipe.clip_norm is not None:
        update += [
            "norm = np.sqrt(sum((g**2).sum() for g in gradients))",
            "shrink = min(1.0, CLIP_NORM / (float(norm) + 1e-6))",
            "gradients = [g * shrink for g in gradients]",
        ]
    if recipe.optimizer in ("adam", "adamw"):
        update += ["update += 1", "step(gradients, RATE, update)"]
    else:
        update.append("step(gradients, RATE)")
    return loop_blocks(
        recipe,
        update,
        begin=begin,
        keep="[p.copy() for p in parameters]",
        restore=["for p, p_best in zip(parameters, best):", "    p[...] = p_best"],
    )
