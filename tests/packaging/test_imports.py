"""Imports go one way: engine <- experiments <- charts <- figures <- widgets <- serve."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LAYERS = ("engine", "experiments", "charts", "figures", "widgets", "serve")
PACKAGE = Path(__file__).resolve().parents[2] / "nbtutor"
MODULES = sorted(path for layer in LAYERS for path in (PACKAGE / layer).rglob("*.py"))

# What a layer may import from outside, where that is limited at all.
OUTSIDE = {
    "engine": {"numpy"},
    "experiments": {"numpy", "joblib"},  # joblib is an extra: jobs.py alone asks for it
    "charts": {"numpy"},
    "figures": {"numpy", "matplotlib"},
}


def imports(source: str, package: tuple[str, ...]) -> set[str]:
    """Full names of all that a module imports, also inside its functions."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def offences(source: str, package: tuple[str, ...]) -> list[str]:
    """Imports that go up, or outside further than the layer may; ``package`` holds the module."""
    layer = package[1]
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    wrong = []
    for name in sorted(imports(source, package)):
        top, *rest = name.split(".")
        if top == "nbtutor":
            if rest[:1] != ["__version__"] and (not rest or rest[0] not in allowed):
                wrong.append(f"{layer} imports {name}: only {', '.join(allowed)} are below it")
        elif layer in OUTSIDE and top not in sys.stdlib_module_names | OUTSIDE[layer]:
            wrong.append(f"{layer} imports {name}: only {', '.join(sorted(OUTSIDE[layer]))} may be")
        elif name.startswith("matplotlib.pyplot"):
            wrong.append(f"{layer} imports {name}: pyplot keeps global state, use Figure and Agg")
    return wrong


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    package = ("nbtutor", *path.relative_to(PACKAGE).parent.parts)
    assert offences(path.read_text("utf-8"), package) == []


def test_the_engine_is_looked_at() -> None:
    assert any(path.parent.name == "engine" for path in MODULES)


@pytest.mark.parametrize(
    ("source", "layer", "wrong"),
    [
        ("from nbtutor.engine import Network", "experiments", False),
        ("from ..engine import Network", "widgets", False),
        ("from .network import Network", "engine", False),
        ("from nbtutor import __version__", "serve", False),
        ("import numpy as np\nfrom collections import abc", "engine", False),
        ("from nbtutor.widgets import Playground", "engine", True),
        ("from ..figures import plane", "experiments", True),
        ("from .. import widgets", "figures", True),
        ("from nbtutor import Playground", "widgets", True),
        ("def f():\n    import nbtutor.serve", "widgets", True),
        ("import scipy.stats", "engine", True),
        ("from matplotlib import pyplot", "figures", True),
    ],
)
def test_the_check_itself(source: str, layer: str, wrong: bool) -> None:
    assert bool(offences(source, ("nbtutor", layer))) == wrong


def test_the_engine_loads_neither_widgets_nor_matplotlib() -> None:
    code = "import sys, nbtutor.engine; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert "numpy" in loaded
    assert loaded.isdisjoint({"ipywidgets", "anywidget", "traitlets", "IPython", "matplotlib"})
