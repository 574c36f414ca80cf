"""The page by axe-core, the rules that accessibility checkers share."""

from __future__ import annotations

from tests.browser.board import Board
from tests.browser.looks import each_look
from tests.serve.axe import axe


def test_axe_finds_nothing(board: Board) -> None:
    board.play(until_epoch=2, view="status")
    board.button("Pause").click()
    board.idle()
    for _ in each_look(board.page):
        assert axe(board.page) == []
