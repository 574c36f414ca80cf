"""The experiments of lesson 01 as programs, which compute the numbers that the page shows."""

from __future__ import annotations

from collections.abc import Mapping

from nbtutor.engine import code
from nbtutor.engine.activations import GELU_CUBIC, GELU_LINEAR, LEAKY_SLOPE
from nbtutor.engine.validation import ParameterError
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import OWN, RunSettings
from nbtutor.widgets.tutors.activation.by_hand import Neuron, Softmax
from nbtutor.widgets.tutors.activation.runs import EPOCHS, RACERS, RUNS, UNITS, DeadUnits, Race
from nbtutor.widgets.tutors.tutor import Experiment

LIBRARIES = {"nbtutor": "nbtutor"} | {
    label: name for name, label in code.LIBRARIES.items() if name != "keras"
}
"""What there is a program for: how `to_code` calls it, by the name that a person reads."""

_NUMPY: Mapping[str, tuple[str, str]] = {
    "sigmoid": ("1 / (1 + np.exp(-z))", "a * (1 - a)"),
    "tanh": ("np.tanh(z)", "1 - a**2"),
    "relu": ("max(z, 0.0)", "float(z > 0)"),
    "leaky_relu": (f"max(z, {LEAKY_SLOPE} * z)", f"1.0 if z > 0 else {LEAKY_SLOPE}"),
    "elu": ("z if z > 0 else np.expm1(z)", "1.0 if z > 0 else np.exp(z)"),
    "gelu": (
        f"z / 2 * (1 + np.tanh({GELU_LINEAR} * z + {GELU_CUBIC} * z**3))",
        f"a / z + z / 2 * (1 - (2 * a / z - 1) ** 2) * ({GELU_LINEAR} + {3 * GELU_CUBIC} * z**2)"
        " if z else 0.5",
    ),
    "silu": ("z / (1 + np.exp(-z))", "(1 + a * np.exp(-z)) / (1 + np.exp(-z))"),
    "softplus": ("np.log1p(np.exp(z))", "1 / (1 + np.exp(-z))"),
    "linear": ("z", "1.0"),
}
"""f(z) and f'(z) by activation, as a person would write them."""

_TORCH: Mapping[str, str] = {
    "sigmoid": "torch.sigmoid(z)",
    "tanh": "torch.tanh(z)",
    "relu": "F.relu(z)",
    "leaky_relu": f"F.leaky_relu(z, {LEAKY_SLOPE})",
    "elu": "F.elu(z)",
    "gelu": "F.gelu(z, approximate='tanh')",
    "silu": "F.silu(z)",
    "softplus": "F.softplus(z)",
    "linear": "z * 1",
}


def write_program(work: Experiment, settings: RunSettings, library: str) -> str:
    """Return the present experiment as a program.

    Parameters
    ----------
    work : Experiment
    settings : RunSettings
    library : str
        A name from `LIBRARIES`.

    Raises
    ------
    ParameterError
        If the library cannot do what the experiment does.
    """
    if isinstance(work, Neuron):
        return _write_neuron(work, library)
    if isinstance(work, Softmax):
        return _write_softmax(work, library)
    if isinstance(work, Race):
        return _write_run(settings.changed(hidden=(UNITS,), activation="relu"), library, race=True)
    assert isinstance(work, DeadUnits)
    changes = {"hidden": (UNITS,), "activation": "relu", "learning_rate": work.rate}
    return _write_run(settings.changed(**changes), library, race=False)


def _write_neuron(neuron: Neuron, library: str) -> str:
    x, y = (float(value) for value in neuron.probe)
    w1, w2, b, name = neuron.w1, neuron.w2, neuron.b, neuron.activation
    numbers = f"x, y = {x!r}, {y!r}\nw1, w2, b = {w1!r}, {w2!r}, {b!r}\n"
    if library == "NumPy":
        output, slope = _NUMPY[name]
        return (
            f"import numpy as np\n\n{numbers}"
            f"z = w1 * x + w2 * y + b\na = {output}\nslope = {slope}\nz, a, slope\n"
        )
    if library == "PyTorch":
        return (
            f"import torch\nimport torch.nn.functional as F\n\n{numbers}"
            "z = torch.tensor(w1 * x + w2 * y + b, dtype=torch.float64, requires_grad=True)\n"
            f"a = {_TORCH[name]}\na.backward()\nslope = z.grad  # autograd's f'(z)\n"
            "z.item(), a.item(), slope.item()\n"
        )
    if library == "scikit-learn":
        if name != "sigmoid":
            hint = "Choose Sigmoid: one sigmoid neuron is scikit-learn's logistic regression."
            raise ParameterError("activation", name, "'sigmoid' for scikit-learn", hint)
        return (
            "import numpy as np\nfrom sklearn.linear_model import LogisticRegression\n\n"
            f"{numbers}"
            "neuron = LogisticRegression()  # not trained: its weights are set by hand\n"
            "neuron.classes_ = np.array([0, 1])\n"
            "neuron.coef_, neuron.intercept_ = np.array([[w1, w2]]), np.array([b])\n"
            "z = neuron.decision_function([[x, y]])[0]\n"
            "a = neuron.predict_proba([[x, y]])[0, 1]\nslope = a * (1 - a)\nz, a, slope\n"
        )
    return (
        "import numpy as np\nfrom nbtutor.engine.activations import ACTIVATIONS\n\n"
        f"{numbers}"
        "z = np.array([w1 * x + w2 * y + b])\na, slope = np.empty_like(z), np.empty_like(z)\n"
        f"ACTIVATIONS[{name!r}].output(z, a)\nACTIVATIONS[{name!r}].derivative(z, a, slope)\n"
        "z[0], a[0], slope[0]\n"
    )


def _write_softmax(work: Softmax, library: str) -> str:
    scores, temperature = work.scores.tolist(), work.temperature
    numbers = f"scores, T = np.array({scores!r}), {temperature!r}\n"
    if library == "PyTorch":
        return (
            "import torch\n\n"
            f"scores, T = torch.tensor({scores!r}, dtype=torch.float64), {temperature!r}\n"
            "p = torch.softmax(scores / T, dim=0)\np\n"
        )
    if library == "scikit-learn":
        return (
            "import numpy as np\nfrom sklearn.utils.extmath import softmax\n\n"
            f"{numbers}p = softmax(scores[None, :] / T)[0]\np\n"
        )
    if library == "NumPy":
        return (
            f"import numpy as np\n\n{numbers}"
            "powers = np.exp((scores - scores.max()) / T)\np = powers / powers.sum()\np\n"
        )
    return (
        "import numpy as np\nfrom nbtutor.widgets.tutors.activation.by_hand import softmax\n\n"
        f"{numbers}p = softmax(scores, T)\np\n"
    )


def _write_run(settings: RunSettings, library: str, *, race: bool) -> str:
    """Return the training of a ReLU network; by nbtutor, the whole race or the counts of it."""
    if library != "nbtutor":
        return code.to_code(Run(settings).trainer, LIBRARIES[library], epochs=EPOCHS)
    s = settings
    if s.dataset == OWN:
        hint = "The programs of the other libraries carry the points with them."
        raise ParameterError("dataset", OWN, "one with a name for this program", hint)
    net = Run(s).network
    classes = f", classes={net.sizes[-1]}" if net.output == "softmax" else ""
    head = (
        "from nbtutor.engine import Network, Trainer, TrainingConfig, make_dataset\n\n"
        f"data = make_dataset({s.dataset!r}, n={s.points}, noise={s.noise}, seed={s.seed}"
        f"{classes})\n"
        f"train, validation = data.split({s.train_share})\n"
        f"config = TrainingConfig(learning_rate={s.learning_rate}, batch_size={s.batch_size})\n"
    )
    network = f"Network({net.sizes}, name, {net.output!r}, replicas={RUNS}, seed={s.seed})"
    if race:
        return (
            f"{head}losses = {{}}\nfor name in {tuple(RACERS)!r}:\n"
            f"    network = {network}\n"
            f"    trainer = Trainer(network, train, validation, config, {s.seed})\n"
            f"    trainer.run(epochs={EPOCHS})\n"
            "    losses[name] = trainer.history.train_loss[-1]\nlosses\n"
        )
    return (
        f"{head}name = 'relu'\nnetwork = {network}\n"
        f"trainer = Trainer(network, train, validation, config, {s.seed})\n"
        f"trainer.run(epochs={EPOCHS})\n"
        "dead = network.dead_units(train.X).sum()  # slope 0 at every training point\ndead\n"
    )
