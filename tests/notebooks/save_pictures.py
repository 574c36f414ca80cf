"""Save the picture of a lesson in its notebook, for whoever reads it with no kernel.

    python -m tests.notebooks.save_pictures notebooks/08-learning-rate.ipynb ...

Runs the lesson's cells, does the first experiment to its end, and puts what it comes to where the
live board will be. The same settings give the same picture.
"""

from __future__ import annotations

import ast
import base64
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from matplotlib import rc_context
from PIL import Image

from nbtutor import Playground
from nbtutor.widgets.tutors.tutor import Tutor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EPOCHS = 300
WIDTH = 1000  # pixels; a notebook is seldom wider
COLOURS = 64


def save_picture(path: Path) -> None:
    """Put the picture into the cell that shows the board."""
    notebook = nbformat.read(path, as_version=4)
    names: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = []
        board = _run(cell.source, names)
        if isinstance(board, Playground | Tutor):
            figure, words = _finish(board)
            data = {"image/png": _png(figure), "text/plain": words}
            alt = {"image/png": {"alt": words}}
            cell.outputs = [nbformat.v4.new_output("display_data", data, metadata=alt)]
    nbformat.write(notebook, path)


def _run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell, and return the value of its last line."""
    *statements, last = ast.parse(source).body
    exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module([last], []), "<cell>", "exec"), names)
        return None
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)


def _finish(board: Playground | Tutor) -> tuple[Figure, str]:
    if isinstance(board, Playground):
        board.train(EPOCHS)
        words = f"The plane and the curves of a run of {EPOCHS} epochs on the {board.dataset}."
    else:
        board.run()
        words = " ".join(f"{chart.title}: {chart.sentence}" for chart in board.work.charts())
    return board.figure(), words


def _png(figure: Figure) -> str:
    """Return the figure as a small PNG file, with few colours and no date."""
    raw, small = io.BytesIO(), io.BytesIO()
    with rc_context({"savefig.dpi": WIDTH / figure.get_figwidth()}):
        figure.savefig(raw, format="png")
    picture = Image.open(raw).convert("RGB").quantize(COLOURS)
    picture.save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        save_picture(Path(argument))
