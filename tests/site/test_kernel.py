"""The kernel of a static lesson, in a process of its own: it changes the comms of its process."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """\
import json, sys
from nbtutor.serve.site.kernel import BrowserKernel
posted = []
kernel = BrowserKernel(lambda message, buffers: posted.append((json.loads(message), buffers)))
outputs = [json.loads(kernel.run(source)) for source in json.load(sys.stdin)]
"""


def run(program: str, *cells: str) -> Any:
    """Run cells, and then a program that prints JSON."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM + program],
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_cells_share_their_names_and_show_their_values() -> None:
    cells = ("x = 20", "print('said')\nx + 1", "display(x)\nNone", "x;")
    outputs = run("print(json.dumps(outputs))", *cells)
    assert outputs == [
        [],
        [
            {"output_type": "stream", "name": "stdout", "text": "said\n"},
            {"output_type": "execute_result", "data": {"text/plain": "21"}},
        ],
        [{"output_type": "display_data", "data": {"text/plain": "20"}}],
        [],
    ]


@pytest.mark.parametrize(
    ("cell", "name", "words"),
    [
        ("1 / 0", "ZeroDivisionError", "division by zero"),
        ("x =", "SyntaxError", "invalid syntax"),
        ("import nbtutor\nnbtutor.Playground('square')", "ParameterError", "'square'"),
    ],
)
def test_what_goes_wrong_is_said_without_a_traceback(cell: str, name: str, words: str) -> None:
    ((error,), (after,)) = run("print(json.dumps(outputs))", cell, "1")
    assert (error["output_type"], error["ename"]) == ("error", name)
    assert words in error["evalue"]
    assert "Traceback" not in json.dumps(error)
    assert after["data"] == {"text/plain": "1"}


PLAY = """
opened = [message for message, _ in posted if message["msg_type"] == "comm_open"]
assert all(message["content"]["target_name"] == "jupyter.widget" for message in opened)
shown = outputs[0][0]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
assert shown in [message["content"]["comm_id"] for message in opened]
hub = next(m["content"]["comm_id"] for m in reversed(opened)
    if m["content"]["data"]["state"].get("view") == "status")
def send(content):
    del posted[:]
    message = {"msg_type": "comm_msg", "metadata": {},
        "content": {"comm_id": hub, "data": content}}
    kernel.receive(json.dumps(message), [])
send({"method": "custom", "content": {"type": "sync"}})
frames = [(m["content"]["data"], b) for m, b in posted
    if m["content"]["data"].get("method") == "custom"]
print(json.dumps([
    [data["content"], [len(buffer) for buffer in buffers]] for data, buffers in frames]))
"""


def test_a_widget_answers_the_page() -> None:
    frames = run(PLAY, "import nbtutor\nplayground = nbtutor.Playground('circle')\nplayground")
    assert len(frames) == 1
    content, sizes = frames[0]
    assert content["type"] == "frame"
    assert sum(sizes) > 1000
