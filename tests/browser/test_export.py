"""Files that a page saves, read back by other means."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard
from tests.serve.axe import axe

FILES = [
    *("Run as CSV", "Points as CSV", "Settings as JSON", "Picture as PNG", "Picture as SVG"),
    *("Program for NumPy", "Program for PyTorch", "Program for Keras", "Program for scikit-learn"),
]


def save(board: Board, label: str, folder: Path) -> Path:
    """Choose from the menu, and return the file that the browser has saved."""
    board.button("Save").click()
    with board.page.expect_download() as download:
        board.button(label).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    expect(board.sentence).to_have_text(f"Downloaded {path.name}.")
    return path


def test_every_file_of_a_run(board: Board, tmp_path: Path) -> None:
    board.choose_data("Moons")
    board.press("Learning rate", "ArrowRight")
    board.play(until_epoch=4)
    board.pause()
    epochs = board.epoch

    with closing(nbtutor.Playground("moons", learning_rate=0.1)) as same:
        same.train(epochs)
        table = np.genfromtxt(save(board, "Run as CSV", tmp_path), delimiter=",", names=True)
        assert len(table) == epochs + 1
        for name in ("epoch", "train_loss", "validation_loss", "validation_accuracy"):
            np.testing.assert_array_equal(table[name], getattr(same.history, name))
        assert f"{table['train_loss'][-1]:.3f}".startswith(board.value("train-loss")[:4])

        points = save(board, "Points as CSV", tmp_path).read_text(encoding="utf-8")
        assert points == same.points_to_csv()

        path = save(board, "Settings as JSON", tmp_path)
        assert path.name == "nbtutor-moons-settings.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        with closing(nbtutor.Playground(**document["settings"])) as again:
            assert again.link == same.link
        code = save(board, "Program for NumPy", tmp_path).read_text(encoding="utf-8")
        assert code == same.to_code("numpy")

    png = save(board, "Picture as PNG", tmp_path).read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    assert ET.parse(save(board, "Picture as SVG", tmp_path)).getroot().tag.endswith("}svg")
    for library in ("PyTorch", "Keras", "scikit-learn"):
        program = save(board, f"Program for {library}", tmp_path)
        compile(program.read_bytes(), program.name, "exec")
    expect(board.complaint).to_be_empty()


def test_a_file_is_saved_while_it_plays_and_the_run_goes_on(board: Board, tmp_path: Path) -> None:
    board.play(until_epoch=2)
    path = save(board, "Run as CSV", tmp_path)
    assert len(path.read_text(encoding="utf-8").splitlines()) > 2
    board.wait_for_epoch(board.epoch + 3)
    board.pause()


def test_a_program_that_cannot_be_made_is_told(board: Board) -> None:
    board.control("Activation").select_option("GELU")
    board.button("Save").click()
    board.button("Program for scikit-learn").click()
    expect(board.complaint).to_contain_text("The file cannot be made. ")
    board.wait_for_state("idle")
    board.button("Step").click()
    expect(board.view("status").locator("[data-value=updates] dd")).to_have_text("1")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_menu_by_keyboard(open_board: OpenBoard, width: int, scheme: str) -> None:
    board = open_board(viewport={"width": width, "height": 800}, color_scheme=scheme)
    button = board.button("Save")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    for name in FILES:
        expect(board.button(name)).to_be_focused()
        expect(board.button(name)).to_be_in_viewport(ratio=1)
        board.page.keyboard.press("Tab")
    expect(board.button(FILES[0])).to_be_hidden()  # the focus has left
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Enter")
    assert axe(board.page) == []
    board.page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(board.button(FILES[0])).to_be_hidden()
    button.press("Space")
    board.page.mouse.click(5, 400)
    expect(board.button(FILES[0])).to_be_hidden()


def test_a_forged_wish_for_a_file_is_refused(board: Board) -> None:
    board.play(until_epoch=2)
    board.page.evaluate(
        "() => forge({method: 'custom', content: {type: 'export', what: '../../etc/passwd'}})"
    )
    expect(board.complaint).to_contain_text("what must be one of csv, points, json")
    # One that the page's own code did not ask for is left alone: nothing is downloaded.
    downloads: list[str] = []
    board.page.on("download", lambda download: downloads.append(download.suggested_filename))
    board.page.evaluate("() => forge({method: 'custom', content: {type: 'export', what: 'csv'}})")
    board.wait_for_epoch(board.epoch + 10)
    files = [m.custom for m in board.traffic.received if m.custom.get("type") == "file"]
    assert [file["what"] for file in files] == ["csv"]
    assert downloads == []
    board.pause()
