"""The part of a program that makes or reads the data, and turns it into inputs and targets."""

from __future__ import annotations

import numpy as np

from nbtutor.engine.augmentation import Augmentation
from nbtutor.engine.code.recipe import Recipe
from nbtutor.engine.code.text import assign, indented
from nbtutor.engine.datasets import DOMAIN, Dataset, Generator

# The shapes of `families`, for all classes at once: from the class numbers y and the uniform random
# numbers u, the coordinates. CLASSES stands for how many classes there are.
_SHAPES = {
    "circle": """\
radius = np.where(y == 0, 2.5 * u[:, 0], 3.5 + 1.5 * u[:, 0])
angle = 2 * np.pi * u[:, 1]
points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])""",
    "xor": """\
x = 5 * (2 * u[:, 0] - 1)
side = np.where(x >= 0, 1, -1)
height = np.where(y == 0, 1, -1) * side * u[:, 1] * 5
points = np.column_stack([x, height])
points += 0.3 * np.where(points >= 0, 1, -1)""",
    "gaussians": """\
centre = np.where(y == 0, 2.0, -2.0)
points = np.column_stack([centre, centre])""",
    "spiral": """\
radius = 5 * u[:, 0]
angle = 1.75 * 2 * np.pi * u[:, 0] + y * np.pi
points = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])""",
    "moons": """\
angle = np.pi * u[:, 0]
points = np.column_stack([np.cos(angle), np.sin(angle)])
points[y == 1] = (1, 0.5) - points[y == 1]
points = 3 * (points - (0.5, 0.25))""",
    "rings": """\
radius = (2 * y + u[:, 0]) * (5 / (2 * CLASSES - 1))
angle = 2 * np.pi * u[:, 1]
points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])""",
    "blobs": """\
angle = 2 * np.pi * y / CLASSES
points = 4 * np.column_stack([np.cos(angle), np.sin(angle)])""",
    "spirals": """\
radius = 5 * u[:, 0]
angle = (3.5 / CLASSES * u[:, 0] + y / CLASSES) * 2 * np.pi
points = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])""",
    "checkerboard": """\
place = np.minimum(8 * u[:, 0], np.nextafter(8, 0))  # which of eight squares, and where
square = np.floor(place)
row = square // 2
column = 2 * (square % 2) + (row + y) % 2
points = np.column_stack([column, row]) * 2.5 - 5 + 0.2
points += np.column_stack([place - square, u[:, 1]]) * 2.1""",
}

# The standard deviation of the noise on the position.
_BLURS = {
    "circle": "2 * NOISE",
    "xor": "2 * NOISE",
    "gaussians": "(0.5 + 7 * NOISE) ** 0.5",
    "spiral": "NOISE",
    "moons": "3 * NOISE",
    "rings": "NOISE",
    "blobs": "(0.5 + 7 * NOISE) ** 0.5",
    "spirals": "NOISE",
    "checkerboard": "NOISE",
}

_SURFACES = {
    "sine": "y = np.sin(points[:, 0])",
    "plane": "y = np.clip((points[:, 0] + points[:, 1]) / 12, -1, 1)",
    "multi_gaussian": """\
y = np.zeros(POINTS)
for column, centre_x in enumerate((-4, 0, 4)):
    for row, centre_y in enumerate((-3, 3)):
        square = (points[:, 0] - centre_x) ** 2 + (points[:, 1] - centre_y) ** 2
        y += (-1) ** (column + row) * np.exp(-square / (2 * 1.2**2))""",
}

_FEATURES = {
    "x": "x",
    "y": "y",
    "x2": "x**2",
    "y2": "y**2",
    "xy": "x * y",
    "sin_x": "np.sin(x)",
    "sin_y": "np.sin(y)",
    "noise": "noise(points)",
}

_NOISE = '''\
def noise(points):
    """Return numbers that depend on nothing but the bits of a point (SplitMix64)."""
    bits = (points.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    mixed = (bits[:, 0] << np.uint64(32)) | bits[:, 1]
    mixed += np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return 2 * ((mixed >> np.uint64(11)) * 2.0**-53) - 1'''


def data_blocks(recipe: Recipe, *, numbered: bool = False, wrap: str = "") -> list[str]:
    """Return the code that gives ``X_train`` and ``T_train``, and the same for validation.

    Parameters
    ----------
    recipe : Recipe
    numbered : bool
        Whether a target is a class number, and not one number for each output unit.
    wrap : str
        A function that makes the library's arrays of NumPy's.
    """
    made = _written(recipe) if recipe.generator is None else [_generated(recipe)]
    sets = [_prepared("train", recipe, wrap)]
    if recipe.validation is not None:
        sets.append(_prepared("validation", recipe, wrap))
    noise = _NOISE if recipe.inputs and "noise" in recipe.inputs else ""
    return [*made, noise, _inputs(recipe), _targets(recipe, numbered), "\n".join(sets)]


def augmentation_block(augmentation: Augmentation) -> str:
    """Return the function that changes the training points at random."""
    lines = [
        '"""Return the points a little changed."""',
        "n = len(points)",
        f"angle = np.radians({augmentation.rotation!r}) * (2 * rng.random(n) - 1)",
        f"side = np.where({augmentation.mirror} & (rng.random(n) < 0.5), -1, 1)",
        f"jitter = {augmentation.jitter!r} * rng.standard_normal(points.shape)",
        "x, y = side * points[:, 0], points[:, 1]",
        "cos, sin = np.cos(angle), np.sin(angle)",
        "return np.column_stack([cos * x - sin * y, sin * x + cos * y]) + jitter",
    ]
    if not (augmentation.rotation or augmentation.mirror):
        # The numbers for turning and mirroring are drawn in any case.
        lines[2:] = [
            "rng.random((2, len(points)))  # for turning and mirroring, which are off",
            f"return points + {augmentation.jitter!r} * rng.standard_normal(points.shape)",
        ]
        del lines[1]
    return "def augment(points, rng):\n" + indented(lines)


def _generated(recipe: Recipe) -> str:
    generator = recipe.generator
    settings = generator.settings if generator is not None else {}
    words = f'{recipe.points} points of "{settings["name"]}"'
    if recipe.validation is not None:
        words += ", the first of them to train on"
    lines = [
        f"# The data: {words}.",
        f'rng = np.random.Generator(np.random.PCG64(seeds({_seed_name(recipe)}, "data")))',
    ]
    if isinstance(generator, Generator):
        lines += _classified(recipe, generator)
    else:
        low, high = DOMAIN[0], DOMAIN[1]
        lines += [
            f"points = {low!r} + {high - low!r} * rng.random((POINTS, 2))",
            _SURFACES[settings["name"]],
        ]
        if settings["noise"]:
            lines.append("y += NOISE * rng.standard_normal(POINTS)")
    return "\n".join(lines)


def _classified(recipe: Recipe, generator: Generator) -> list[str]:
    family, classes = generator.family, generator.classes
    if generator.balance is None:
        lines = [f"y = rng.permutation(np.arange(POINTS) % {classes})"]
    else:
        settings = {**generator.settings, "label_noise": 0.0}
        labels = Generator(**settings).sample(recipe.points, np.random.default_rng()).y
        counts = np.bincount(labels, minlength=classes).tolist()
        lines = [assign("COUNTS", counts), "y = np.repeat(np.arange(len(COUNTS)), COUNTS)"]
        lines.append("y = rng.permutation(y)")
    if family.dimensions:
        lines.append(f"u = rng.random((POINTS, {family.dimensions}))")
    lines.append(_SHAPES[family.name].replace("CLASSES", str(classes)))
    if family.blur(generator.noise) or generator.label_noise:
        width = _BLURS[family.name]
        lines.append(f"points += {width} * rng.standard_normal((POINTS, 2))")
    if generator.label_noise:
        lines += [
            f"changed = rng.random(POINTS) < {generator.label_noise!r}  # wrong labels",
            f"other = (y + rng.integers(1, {classes}, POINTS)) % {classes}",
            "y = np.where(changed, other, y)",
        ]
    return lines


def _written(recipe: Recipe) -> list[str]:
    """Return the data as text, and what reads it."""
    columns = recipe.train.X.shape[1]
    kind = ""
    last = f"rows[:, {columns}]" if recipe.train.y.ndim == 1 else f"rows[:, {columns}:]"
    if recipe.train.y.dtype.kind != "f":
        kind = ".astype(int)"
    reader = f'''\
def read(text):
    """Return the points, and what is true of them."""
    rows = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1, ndmin=2)
    return rows[:, :{columns}], {last}{kind}'''
    blocks = [f'TRAIN_DATA = """\\\n{_csv(recipe.train)}"""']
    if recipe.validation is not None:
        blocks.append(f'VALIDATION_DATA = """\\\n{_csv(recipe.validation)}"""')
    return [*blocks, reader]


def _csv(data: Dataset) -> str:
    y = data.y.reshape(len(data), -1)
    names = [f"x{i + 1}" for i in range(data.X.shape[1])]
    names += ["y"] if y.shape[1] == 1 else [f"y{i + 1}" for i in range(y.shape[1])]
    rows = [
        ",".join(map(repr, [*point, *values]))
        for point, values in zip(data.X.tolist(), y.tolist(), strict=True)
    ]
    return "\n".join([",".join(names), *rows, ""])


def _inputs(recipe: Recipe) -> str:
    if recipe.inputs is None:
        return ""
    columns = ", ".join(_FEATURES[name] for name in recipe.inputs)
    unpack = "x, y = points.T" if set(recipe.inputs) - {"noise"} else ""
    lines = ['"""Return the inputs of the network, made from the coordinates."""', unpack]
    lines += [f"columns = [{columns}]", "return np.column_stack(columns).astype(DTYPE)"]
    return "def inputs_of(points):\n" + indented(filter(None, lines))


def inputs_from(points: str, recipe: Recipe) -> str:
    """Return the expression for the network's inputs at the points called so."""
    return f"{points}.astype(DTYPE)" if recipe.inputs is None else f"inputs_of({points})"


def _targets(recipe: Recipe, numbered: bool) -> str:
    if recipe.output == "linear":
        expression = "y.astype(DTYPE)" if numbered else "y.reshape(len(y), -1).astype(DTYPE)"
    elif numbered:
        expression = "y"
    elif recipe.output == "sigmoid":
        expression = f"y[:, {'1:' if recipe.soft else 'None'}].astype(DTYPE)"
    else:
        expression = (
            "y.astype(DTYPE)" if recipe.soft else f"np.eye({recipe.classes}, dtype=DTYPE)[y]"
        )
    lines = [
        '"""Return the inputs of the network and what it should answer."""',
        f"return {inputs_from('points', recipe)}, {expression}",
    ]
    return "def prepare(points, y):\n" + indented(lines)


def _prepared(name: str, recipe: Recipe, wrap: str) -> str:
    if recipe.generator is None:
        lines = [f"points_{name}, y_{name} = read({name.upper()}_DATA)"]
        arguments = "points_train, y_train"
        if name != "train" or recipe.augmentation is None:  # then nobody asks for the points again
            lines, arguments = [], f"*read({name.upper()}_DATA)"
    elif recipe.validation is None:
        lines, arguments = ["points_train = points"] if recipe.augmentation else [], "points, y"
    else:
        cut = "[:TRAIN]" if name == "train" else "[TRAIN:]"
        lines, arguments = [], f"points{cut}, y{cut}"
        if name == "train" and recipe.augmentation:
            lines = [f"points_train = points{cut}"]
    made = f"prepare({arguments})"
    lines.append(f"X_{name}, T_{name} = {f'map({wrap}, {made})' if wrap else made}")
    return "\n".join(lines)


def _seed_name(recipe: Recipe) -> str:
    return "SEED" if recipe.data_seed == recipe.seed else "DATA_SEED"
