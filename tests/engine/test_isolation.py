"""The engine stands alone: importing it loads nothing of the package's other parts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {"ipywidgets", "anywidget", "traitlets", "IPython", "matplotlib", "scipy", "sklearn"}


def test_importing_the_engine_loads_only_the_engine(root: Path) -> None:
    code = "import sys, nbtutor.engine; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=False
    )
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert "nbtutor.engine.network" in loaded
    assert loaded.isdisjoint(HEAVY)
    ours = {name for name in loaded if name.split(".")[0] == "nbtutor"}
    assert {name for name in ours if not name.startswith("nbtutor.engine")} == {"nbtutor"}
