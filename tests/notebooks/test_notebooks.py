"""Every lesson runs from top to bottom, and is in order as a file."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbtutor.serve.settings import NOT_ON_PAGES

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
MAX_PICTURE = 100_000
MAX_LINES = 8
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def notebook(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_are_lessons() -> None:
    assert [path.name for path in NOTEBOOKS][:1] == ["00-playground.ipynb"]


@pytest.mark.slow
def test_it_runs(notebook: Any, path: Path, tmp_path: Path) -> None:
    client = NotebookClient(
        notebook,
        timeout=100,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    outputs = [out for cell in code(notebook) for out in cell.outputs]
    assert [out for out in outputs if out.output_type in ("error", "stream")] == []
    shown = [out for out in outputs if "application/vnd.jupyter.widget-view+json" in out.data]
    assert shown, "no widget is shown"
    # Where there is no browser at work, a sentence stands in for the widget.
    assert all(out.data["text/plain"] for out in shown)


def test_it_is_valid(notebook: Any) -> None:
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata, "it holds the state of live widgets"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_it_starts_with_its_title(notebook: Any) -> None:
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    titles = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in outside_fences(cell.source)
        if line.startswith("# ")
    ]
    assert len(titles) == 1


def test_its_code_is_short(notebook: Any) -> None:
    for cell in code(notebook):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert 0 < len(lines) <= MAX_LINES, cell.source
        assert cell.execution_count is None


def test_it_holds_nothing_but_small_pictures(notebook: Any) -> None:
    for cell in code(notebook):
        for output in cell.outputs:
            assert output.output_type == "display_data"
            assert set(output.data) == {"image/png", "text/plain"}
            assert "0x" not in output.data["text/plain"]
            picture = decode(output.data["image/png"])
            assert picture.startswith(PNG)
            assert len(picture) < MAX_PICTURE


def test_a_picture_stands_in_for_the_board(notebook: Any, path: Path) -> None:
    pictures = [output for cell in code(notebook) for output in cell.outputs]
    mend = f"save it with: python -m tests.notebooks.save_pictures notebooks/{path.name}"
    assert len(pictures) == 1, mend
    (picture,) = pictures
    assert picture.metadata["image/png"]["alt"] == picture.data["text/plain"] != "", mend


def test_its_page_links_to_nothing_outside(notebook: Any) -> None:
    on_page = [c for c in notebook.cells if NOT_ON_PAGES not in c.metadata.get("tags", [])]
    text = "\n".join(c.source for c in on_page if c.cell_type == "markdown")
    for address in ("http://", "https://"):
        assert f"]({address}" not in text


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outside_fences(source: str) -> list[str]:
    lines, fenced = [], False
    for line in source.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            lines.append(line)
    return lines


def decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except binascii.Error as error:
        msg = "the picture is not base64"
        raise AssertionError(msg) from error
