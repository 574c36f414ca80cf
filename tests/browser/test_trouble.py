"""A kernel that dies or hangs, and messages that no honest page sends."""

from __future__ import annotations

import itertools
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.board import Board
from tests.browser.conftest import Watch
from tests.serve.server import wait_until

ENDED = "The kernel has ended. What you see stays."


def test_a_kernel_killed_in_mid_run(board: Board, watch: Watch) -> None:
    watch.allow(r"Cannot send")
    watch.allow(r"Failed to load resource")
    watch.allow(r"WebSocket")
    board.play(until_epoch=5)
    picture = board.view("plane").locator("canvas").first
    board.kernel.kill()
    expect(board.sentence).to_have_text(ENDED, timeout=15_000)
    board.wait_for_state("error")
    # The last picture stays.
    assert board.epoch >= 5
    expect(picture).to_be_visible()
    assert "nbt" in (board.view("plane").get_attribute("class") or "")
    colours = picture.evaluate(
        "c => new Set(new Uint32Array("
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )
    assert colours > 10
    board.page.reload()
    board.wait_for_first_picture()
    board.play(until_epoch=3)


def test_a_kernel_killed_while_paused(board: Board, watch: Watch) -> None:
    watch.allow(r"Cannot send")
    watch.allow(r"Failed to load resource")
    watch.allow(r"WebSocket")
    board.play(until_epoch=2)
    board.pause()
    picture = board.pixels()
    board.kernel.kill()
    kernel_id = board.page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
    )
    wait_until(lambda: not board.server.has_kernel(kernel_id))
    # Nothing was asked of it: the page itself looks after its kernel, now and then and as one comes
    # back to it.
    board.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    notice = board.page.locator("#nbt-notice")
    expect(notice).to_contain_text("The kernel behind this page has ended")
    expect(board.sentence).to_have_text(ENDED)
    assert board.pixels() == picture
    notice.get_by_role("button", name="Start again with these settings").click()
    board.wait_for_first_picture()
    board.wait_for_exactly(0)
    board.play(until_epoch=3)


def test_a_kernel_that_hangs_is_called_busy_and_goes_on(board: Board) -> None:
    board.play(until_epoch=3)
    kernel = board.kernel
    kernel.send_signal(signal.SIGSTOP)
    try:
        expect(board.sentence).to_have_text(re.compile("The kernel is busy"), timeout=10_000)
        assert {view["state"] for view in board.read().values()} == {"busy"}
    finally:
        kernel.send_signal(signal.SIGCONT)
    board.wait_for_state("playing")
    board.wait_for_epoch(board.epoch + 3)
    expect(board.sentence).to_have_text("Training.")
    # The tries of the waiting page did not train: one epoch for each picture, as always.
    played = [f.custom for f in board.traffic.frames if f.custom["state"] == "playing"]
    for before, after in itertools.pairwise(played):
        assert after["epoch"] - before["epoch"] <= 1


FORGED = [
    {"type": "tick", "seen": "17", "window": 1, "again": False},
    {"type": "tick", "seen": 1e308, "window": 1, "again": False},
    {"type": "tick", "seen": -1, "window": 1, "again": False},
    {"type": "tick", "seen": 0, "window": 10**9, "again": False},
    {"type": "tick", "seen": 0, "window": 1, "again": False, "epochs": 10**9},
    {"type": "run", "code": "1/0"},
    {"type": None},
    [1, 2, 3],
    "tick",
    None,
]


def test_malformed_messages_change_nothing(board: Board) -> None:
    board.play(until_epoch=2)
    board.pause()
    for content in FORGED:
        before, picture = board.read(), board.pixels()
        board.traffic.forget()
        board.page.evaluate("(data) => forge(data)", {"method": "custom", "content": content})
        board.page.wait_for_function(
            "() => /unexpected/.test(document.querySelector('.nbt-error').textContent)"
        )
        board.idle()
        assert board.read() == before, content
        assert board.pixels() == picture, content
        answers = [m.custom for m in board.traffic.received if m.custom]
        assert [answer["type"] for answer in answers] == ["error"], content
    board.play(until_epoch=board.epoch + 3)


@pytest.mark.parametrize(
    "state",
    [
        {"playing": True},
        {"snapshot": {}},
        {"error": "<img src=x onerror=alert(1)>"},
        {"_esm": "export default {}"},
        {"view": "plane"},
    ],
    ids=lambda state: next(iter(state)),
)
def test_the_status_is_not_set_from_the_page(board: Board, state: dict[str, object]) -> None:
    board.play(until_epoch=2)
    board.pause()
    before, picture = board.read(), board.pixels()
    update = {"method": "update", "state": state, "buffer_paths": []}
    board.page.evaluate("(data) => forge(data)", update)
    expect(board.complaint).to_have_text(re.compile("not set from the page"))
    board.idle()
    assert board.read() == before
    assert board.pixels() == picture
    # And what is asked for in full is what was there.
    board.page.evaluate("() => forge({method: 'custom', content: {type: 'sync'}})")
    board.wait_for_picture_after(int(before["plane"]["seq"]))
    assert board.pixels() == picture
    assert board.read()["plane"]["epoch"] == before["plane"]["epoch"]
    board.play(until_epoch=board.epoch + 2)


NOT_ALLOWED: list[dict[str, object]] = [
    {"learning_rate": "fast"},
    {"learning_rate": -1},
    {"hidden": [10**9]},
    {"dataset": "../../etc/passwd"},
    {"seed": 1e308},
    {"children": []},
]


def test_a_setting_that_is_not_allowed_changes_nothing(board: Board) -> None:
    comm = board_model(board)
    for state in NOT_ALLOWED:
        board.play(until_epoch=board.epoch + 2)
        # What was said before, a press of Play has cleared.
        expect(board.complaint).to_be_empty()
        board.pause()
        before, picture = board.read(), board.pixels()
        update = {"method": "update", "state": state, "buffer_paths": []}
        board.page.evaluate("([data, comm]) => forge(data, comm)", [update, comm])
        expect(board.complaint).to_have_text(re.compile("Nothing was changed"))
        board.idle()
        assert board.read()["plane"]["epoch"] == before["plane"]["epoch"]
        assert board.pixels() == picture
        expect(board.button("Play")).to_be_visible()


def board_model(board: Board) -> str:
    """The id of the playground's own model: the one that has a learning rate in its state."""
    for message in board.traffic.received:
        states = message.content.get("data", {}).get("states", {})
        for model_id, model in states.items():
            if "learning_rate" in model["state"]:
                return str(model_id)
    raise AssertionError("the page was not told of the playground's model")
