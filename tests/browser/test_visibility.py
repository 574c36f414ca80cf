"""What is not seen is not trained."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.browser.board import Board
from tests.browser.conftest import PLAYGROUND
from tests.serve.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOOK = """
window.ticks = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (payload) {
  if (payload instanceof ArrayBuffer && new TextDecoder().decode(payload).includes('"type":"tick"'))
    window.ticks += 1;
  return send.call(this, payload);
};
"""
PLANE = "document.querySelector('[data-view=plane]')"


class Tab:
    """A tab of a real window. Playwright keeps its own pages visible whatever is in front."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._pump = page  # its calls let the answers in
        self._protocol = browser.new_browser_cdp_session()
        self._answers: dict[int, dict[str, Any]] = {}
        self._protocol.on("Target.receivedMessageFromTarget", self._receive)
        self._context = self._protocol.send("Target.createBrowserContext")["browserContextId"]
        self.target, self._session = self.open(window=True)

    def open(self, *, window: bool = False) -> tuple[str, str]:
        """Open one more tab in the same window, in front; return its target and session."""
        made = {"url": "about:blank", "browserContextId": self._context, "newWindow": window}
        target = self._protocol.send("Target.createTarget", made)["targetId"]
        options = {"targetId": target, "flatten": False}
        return target, self._protocol.send("Target.attachToTarget", options)["sessionId"]

    def bring_to_front(self) -> None:
        self._protocol.send("Target.activateTarget", {"targetId": self.target})

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = len(self._answers) + 1
        message = json.dumps({"id": number, "method": method, "params": params})
        self._answers[number] = {}
        self._protocol.send(
            "Target.sendMessageToTarget", {"sessionId": self._session, "message": message}
        )
        end = time.monotonic() + 30
        while not self._answers[number]:
            assert time.monotonic() < end, f"no answer to {method} {params}"
            self._pump.evaluate("() => new Promise(requestAnimationFrame)")
        return self._answers[number]

    def evaluate(self, script: str) -> Any:
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )["result"]
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        end = time.monotonic() + 30
        while not self.evaluate(f"!!({condition})"):
            assert time.monotonic() < end, f"not so after 30 s: {condition}"

    def close(self) -> None:
        self._protocol.send("Target.disposeBrowserContext", {"browserContextId": self._context})
        self._protocol.detach()

    def _receive(self, event: dict[str, Any]) -> None:
        message = json.loads(event["message"])
        if "id" in message:
            self._answers[message["id"]] = message


def test_a_tab_in_the_background_trains_nothing(
    browser: Browser, server: Server, board: Board
) -> None:
    tab = Tab(browser, board.page)
    try:
        tab.send("Page.enable")
        tab.send("Page.addScriptToEvaluateOnNewDocument", source=HOOK)
        tab.send("Page.navigate", url=f"{server.url}voila/render/{PLAYGROUND}")
        tab.wait_for(f"{PLANE}?.dataset.seq")
        tab.evaluate("document.querySelector('.nbt-play').click()")
        tab.wait_for(f"{PLANE}.dataset.epoch > 3")
        assert tab.evaluate("document.visibilityState") == "visible"

        tab.open()
        tab.wait_for("document.visibilityState === 'hidden'")
        # A timer of the hidden page itself: what was on its way then has come.
        rest = "new Promise((done) => setTimeout(done, 1000))"
        tab.evaluate(rest)
        before = tab.evaluate(f"[window.ticks, {PLANE}.dataset.seq]")
        tab.evaluate(rest)
        assert tab.evaluate(f"[window.ticks, {PLANE}.dataset.seq]") == before

        tab.bring_to_front()
        tab.wait_for("document.visibilityState === 'visible'")
        tab.wait_for(f"Number({PLANE}.dataset.seq) > {before[1]} + 3")
        assert tab.evaluate(f"{PLANE}.dataset.state") == "playing"
    finally:
        tab.close()


def test_a_board_out_of_sight_trains_nothing(board: Board) -> None:
    board.page.set_viewport_size({"width": 400, "height": 500})
    board.play(until_epoch=3, view="status")
    # Off the screen's top. The text of the lesson is long enough to hide all of it.
    board.page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")
    views = board.page.locator(".nbt-board").bounding_box()
    assert views is not None
    assert views["y"] + views["height"] < 0
    board.idle(frames=20)
    board.traffic.forget()
    before = board.read()
    board.idle(frames=40)
    assert board.traffic.ticks == []
    assert board.read() == before
    board.page.evaluate("() => scrollTo(0, 0)")
    board.wait_for_epoch(int(before["status"]["epoch"]) + 3, view="status")


def test_one_view_in_sight_is_enough(board: Board) -> None:
    board.page.set_viewport_size({"width": 400, "height": 500})
    board.play(until_epoch=3, view="status")
    board.view("curves").evaluate("view => view.scrollIntoView()")
    board.wait_for_epoch(int(board.read()["status"]["epoch"]) + 5, view="curves")
    # The others are drawn when they come into sight again, not before.
    assert int(board.read()["status"]["epoch"]) < int(board.read()["curves"]["epoch"])
