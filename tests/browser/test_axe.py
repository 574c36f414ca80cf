"""The page by axe-core, the rules that accessibility checkers share."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import OpenBoard


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_board: OpenBoard, scheme: str, width: int) -> None:
    board = open_board(color_scheme=scheme, viewport={"width": width, "height": 800})
    board.play(until_epoch=2, view="status")
    board.button("Pause").click()
    board.idle()
    found = Axe().run(board.page).response["violations"]
    told = [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]}: {node['failureSummary'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
    assert told == []
