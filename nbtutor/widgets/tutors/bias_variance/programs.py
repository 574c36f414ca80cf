"""Lesson 10's live experiment as a program, for three libraries."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any

from nbtutor.engine.validation import ParameterError
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.tutors.bias_variance.experiments import CONTROLS, EPOCHS

_BESIDE = ("momentum", "l1", "train_share", "classes", "redraw", "stop_epoch", "stop_loss")
"""Settings without a control that a program can have, or that change nothing here."""

_DRAWS = """\
import numpy as np
{imports}
from nbtutor.engine import Generator

generator = Generator({dataset!r}, {noise})
test = generator.sample(1000, np.random.default_rng({seed})).X
truth = generator.posterior(test)[:, 1]  # P(class 1)
predictions = []
for draw in range({replicas}):
    data = generator.sample({points}, np.random.default_rng([{seed}, draw]))
"""

_PARTS = """
q = np.array(predictions)
noise = (truth * (1 - truth)).mean()
bias2 = ((truth - q.mean(axis=0)) ** 2).mean()
variance = q.var(axis=0).mean()
error = (truth * (1 - q) ** 2 + (1 - truth) * q**2).mean()
print(f"{noise:.4f} + {bias2:.4f} + {variance:.4f} = {error:.4f}")
"""

_SKLEARN = """\
    network = MLPClassifier(
        {hidden},
        activation={activation!r},
        solver={solver!r},
        alpha={alpha!r},
        learning_rate_init={rate!r},
        momentum={momentum!r},
        nesterovs_momentum={nesterov},
        batch_size={batch_size},
        max_iter={epochs},
        n_iter_no_change={epochs},
        random_state=draw,
    )
    network.fit(data.X, data.y)
    predictions.append(network.predict_proba(test)[:, 1])
"""

_PYTORCH = """\
    torch.manual_seed(draw)
    X, y = torch.tensor(data.X).float(), torch.tensor(data.y).float()
    network = torch.nn.Sequential(
{layers}
    )
    weights = [p for p in network.parameters() if p.ndim == 2]
    biases = [p for p in network.parameters() if p.ndim == 1]
    optimizer = torch.optim.{optimizer}
    for epoch in range({epochs}):
        for batch in torch.randperm(len(X)).split({batch_size}):
            logits = network(X[batch])[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y[batch])
{penalties}            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
    with torch.no_grad():
        answers = torch.sigmoid(network(torch.tensor(test).float()))
    predictions.append(answers[:, 0].double().numpy())
"""

_SKLEARN_ACTIVATIONS = {
    "tanh": "tanh",
    "relu": "relu",
    "sigmoid": "logistic",
    "linear": "identity",
}
_TORCH_ACTIVATIONS = {
    "tanh": "Tanh",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softplus": "Softplus",
    "sigmoid": "Sigmoid",
    "linear": "Identity",
}


def write_nbtutor(settings: RunSettings) -> str:
    """Return a program that comes to the lesson's own numbers.

    Raises
    ------
    ParameterError
        If a setting is not in it; so in all that follows.
    """
    s = _checked(settings)
    return (
        "from nbtutor.experiments import bias_variance\n\n"
        "result = bias_variance(\n"
        f"    {s.dataset!r},\n    hidden={s.hidden},\n    n_train={s.points},\n"
        f"    replicas={s.replicas},\n    epochs={EPOCHS},\n    noise={s.noise},\n"
        f"    activation={s.activation!r},\n    seed={s.seed},\n"
        f"    learning_rate={s.learning_rate},\n    batch_size={s.batch_size},\n"
        f"    optimizer={s.optimizer!r},\n    momentum={s.momentum},\n"
        f"    l1={s.l1},\n    l2={s.l2},\n    dropout={s.dropout},\n)\n"
        "result.noise, result.bias2, result.variance, result.expected_error\n"
        "result.figure()\n"
    )


def write_sklearn(settings: RunSettings) -> str:
    """Return a program that does the same with scikit-learn's networks.

    The draws and the first weights are others, so the numbers differ by chance.
    """
    s = _checked(settings)
    for name, value in (("dropout", s.dropout), ("l1", s.l1)):
        if value:
            raise ParameterError(name, value, "0 with scikit-learn, whose networks do without")
    _look_up("optimizer", s.optimizer, {"sgd": "", "nesterov": "", "adam": ""}, "scikit-learn")
    body = _SKLEARN.format(
        hidden=s.hidden,
        activation=_look_up("activation", s.activation, _SKLEARN_ACTIVATIONS, "scikit-learn"),
        solver="adam" if s.optimizer == "adam" else "sgd",
        alpha=s.l2 * s.batch_size,  # it divides its penalty by the points of a batch
        rate=s.learning_rate,
        momentum=s.momentum,
        nesterov=s.optimizer == "nesterov",
        batch_size=min(s.batch_size, s.points),
        epochs=EPOCHS,
    )
    return _draws(s, "from sklearn.neural_network import MLPClassifier") + body + _PARTS


def write_pytorch(settings: RunSettings) -> str:
    """Return a program that does the same with PyTorch; see `write_sklearn` on its numbers."""
    s = _checked(settings)
    layers = []
    for inputs, units in pairwise((2, *s.hidden)):
        kind = _look_up("activation", s.activation, _TORCH_ACTIVATIONS, "PyTorch")
        layers += [f"Linear({inputs}, {units})", f"{kind}()"]
        layers += [f"Dropout({s.dropout})"] if s.dropout else []
    layers.append(f"Linear({(2, *s.hidden)[-1]}, 1)")
    optimizers = {
        "sgd": f"SGD(network.parameters(), lr={s.learning_rate}, momentum={s.momentum})",
        "nesterov": f"SGD(network.parameters(), lr={s.learning_rate}, momentum={s.momentum}, "
        f"nesterov={s.momentum > 0})",
        "rmsprop": f"RMSprop(network.parameters(), lr={s.learning_rate})",
        "adam": f"Adam(network.parameters(), lr={s.learning_rate})",
        "adamw": "AdamW(\n        [dict(params=weights), dict(params=biases, weight_decay=0.0)], "
        f"lr={s.learning_rate}, weight_decay={s.l2}\n    )",
    }
    room, penalties = " " * 12, ""
    if s.l2 and s.optimizer != "adamw":
        penalties += f"{room}loss = loss + {s.l2} / 2 * sum((w**2).sum() for w in weights)\n"
    if s.l1:
        penalties += f"{room}loss = loss + {s.l1} * sum(w.abs().sum() for w in weights)\n"
    body = _PYTORCH.format(
        layers="\n".join(f"        torch.nn.{layer}," for layer in layers),
        optimizer=_look_up("optimizer", s.optimizer, optimizers, "PyTorch"),
        penalties=penalties,
        batch_size=s.batch_size,
        epochs=EPOCHS,
    )
    return _draws(s, "import torch") + body + _PARTS


def _draws(s: RunSettings, imports: str) -> str:
    return _DRAWS.format(
        imports=imports,
        dataset=s.dataset,
        noise=s.noise,
        seed=s.seed,
        replicas=s.replicas,
        points=s.points,
    )


def _checked(settings: RunSettings) -> RunSettings:
    """Return the settings if a program can have them all."""
    usual = RunSettings()
    for name in (field.name for field in fields(RunSettings)):
        value = getattr(settings, name)
        if name not in (*CONTROLS, *_BESIDE) and value != getattr(usual, name):
            raise ParameterError(name, value, f"{getattr(usual, name)!r} for a program")
    if isinstance(settings.dropout, tuple):
        raise ParameterError("dropout", settings.dropout, "one number for a program")
    return settings


def _look_up(name: str, value: Any, known: dict[str, str], library: str) -> str:
    if isinstance(value, tuple) or value not in known:
        raise ParameterError(name, value, f"one of {', '.join(known)} with {library}")
    return known[value]
