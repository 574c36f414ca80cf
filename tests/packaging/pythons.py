"""Other Pythons of this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def find_python(version: str) -> Path | None:
    """Return a Python of a version such as 3.12, if the machine has one that runs."""
    named = shutil.which(f"python{version}")
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    candidates = [Path(sys.executable), *([Path(named)] if named else []), *kept]
    for candidate in candidates:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        # A shim of that name may be there with no Python behind it.
        answer = subprocess.run(
            [candidate, "-c", code], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0 and answer.stdout.strip() == version:
            return candidate
    return None
