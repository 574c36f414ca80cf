"""The page by axe-core, the rules that accessibility checkers share."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

from tests.browser.board import Board
from tests.browser.looks import each_look


def test_axe_finds_nothing(board: Board) -> None:
    board.play(until_epoch=2, view="status")
    board.button("Pause").click()
    board.idle()
    for _ in each_look(board.page):
        found = Axe().run(board.page).response["violations"]
        told = [
            f"{rule['id']} ({rule['impact']}): {node['html'][:160]}: {node['failureSummary'][:200]}"
            for rule in found
            for node in rule["nodes"]
        ]
        assert told == []
