"""A run as a program in PyTorch."""

from __future__ import annotations

from nbtutor.engine.code.data import data_blocks
from nbtutor.engine.code.parts import loop_blocks, program, smoothing_block, weights_block
from nbtutor.engine.code.recipe import Recipe
from nbtutor.engine.code.text import call, indented

_ACTIVATIONS = {
    "tanh": "nn.Tanh()",
    "relu": "nn.ReLU()",
    "leaky_relu": "nn.LeakyReLU(0.01)",
    "elu": "nn.ELU()",
    "gelu": 'nn.GELU(approximate="tanh")',
    "silu": "nn.SiLU()",
    "softplus": "nn.Softplus()",
    "sigmoid": "nn.Sigmoid()",
    "linear": "nn.Identity()",
}

_LOSSES = {
    ("sigmoid", "cross_entropy"): "return F.binary_cross_entropy_with_logits(logits, targets)",
    ("sigmoid", "squared_error"): "return F.mse_loss(torch.sigmoid(logits), targets)",
    ("softmax", "cross_entropy"): "return F.cross_entropy(logits, targets)",
    ("softmax", "squared_error"): (
        "errors = torch.softmax(logits, dim=1) - targets\n"
        "return (errors**2).sum(dim=1).mean()  # summed over classes"
    ),
    ("linear", "squared_error"): "return ((logits - targets) ** 2).sum(dim=1).mean()",
}

_DROPOUT = '''\
class Dropout(nn.Module):
    """As nn.Dropout, with the masks of nbtutor's run instead of random numbers of its own."""

    mask = None

    def forward(self, x):
        return x * self.mask if self.training else x'''

_LOSS_ON = """\
@torch.no_grad()
def loss_on(x, targets):
    model.eval()
    loss = mean_loss(model(x), targets).item()
    model.train()
    return loss"""


def write(recipe: Recipe) -> str:
    """Return the program."""
    imports = ["import numpy as np", "import torch"]
    functional = _LOSSES[recipe.output, recipe.loss]
    if "F." in functional:
        imports.append("import torch.nn.functional as F")
    imports.append("from torch import nn")
    blocks = [
        *data_blocks(recipe, wrap="torch.from_numpy"),
        smoothing_block(recipe),
        weights_block(recipe),
        _DROPOUT if recipe.dropout else "",
        _model(recipe),
        _first_weights(recipe),
        "def mean_loss(logits, targets):\n" + indented([functional]),
        _LOSS_ON,
        _optimizer(recipe),
        *_loop(recipe),
    ]
    return program(recipe, "PyTorch", imports, blocks, ())


def _model(recipe: Recipe) -> str:
    *hidden, outputs = recipe.sizes[1:]
    layers, inputs = [], recipe.sizes[0]
    for units, activation in zip(hidden, recipe.activations, strict=True):
        layers += [f"nn.Linear({inputs}, {units}),", f"{_ACTIVATIONS[activation]},"]
        if recipe.dropout:
            layers.append("Dropout(),")
        inputs = units
    layers.append(f"nn.Linear({inputs}, {outputs}),")
    lines = ["model = nn.Sequential(", indented(layers), ")"]
    if recipe.dtype == "float64":
        lines.insert(0, "torch.set_default_dtype(torch.float64)")
    return "\n".join(lines)


def _first_weights(recipe: Recipe) -> str:
    dropouts = "dropouts = [layer for layer in model if isinstance(layer, Dropout)]\n"
    return (
        (dropouts if recipe.dropout else "")
        + """\
layers = [layer for layer in model if isinstance(layer, nn.Linear)]
with torch.no_grad():
    for layer, w, b in zip(layers, weights, biases):
        layer.weight.copy_(torch.from_numpy(w.T))  # PyTorch has a row for each unit
        layer.bias.copy_(torch.from_numpy(b))"""
    )


def _optimizer(recipe: Recipe) -> str:
    name, arguments = recipe.optimizer, "model.parameters(), lr=LEARNING_RATE"
    if name in ("sgd", "nesterov"):
        if recipe.momentum:
            arguments += ", momentum=MOMENTUM"
            arguments += ", nesterov=True" if name == "nesterov" else ""
        kind = "SGD"
    elif name == "rmsprop":
        kind = "RMSprop"
        arguments += ", alpha=0.99, eps=1e-8"
    elif name == "adam":
        kind = "Adam"
    else:
        decay = "L2" if recipe.l2 else "0"
        return f"""\
groups = [
    {{"params": [layer.weight for layer in layers], "weight_decay": {decay}}},
    {{"params": [layer.bias for layer in layers], "weight_decay": 0}},
]
optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)"""
    return call(f"optimizer = torch.optim.{kind}", arguments)


def _loop(recipe: Recipe) -> list[str]:
    begin: list[str] = []
    update: list[str] = []
    if recipe.dropout:
        begin = [
            'rng = epoch_rng("dropout", epoch)',
            "uniform = [rng.random((units, n), DTYPE).T for units in SIZES[1:-1]]",
        ]
        update = [
            "for layer, u, p in zip(dropouts, uniform, DROPOUT):",
            "    kept = u[start : start + BATCH_SIZE] >= p",
            "    layer.mask = torch.from_numpy(kept.astype(DTYPE)) / (1 - p)",
        ]
    if recipe.schedule is not None:
        update += ["for group in optimizer.param_groups:", '    group["lr"] = RATE']
    update += ["optimizer.zero_grad()", "loss = mean_loss(model(X_BATCH), T_BATCH)"]
    # By hand, because PyTorch's own weight decay would act on the biases and come after clipping.
    if recipe.l2 and recipe.optimizer != "adamw":
        update.append("loss += L2 / 2 * sum((layer.weight**2).sum() for layer in layers)")
    if recipe.l1:
        update.append("loss += L1 * sum(layer.weight.abs().sum() for layer in layers)")
    update.append("loss.backward()")
    if recipe.clip_norm is not None:
        update.append("nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)")
    update.append("optimizer.step()")
    return loop_blocks(
        recipe,
        update,
        begin=begin,
        keep="copy.deepcopy(model.state_dict())",
        restore=["model.load_state_dict(best)"],
        wrap="torch.from_numpy",
    )
