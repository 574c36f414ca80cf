"""What the server tells, and that none of it tells who did something."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.serve.logs import JsonFormatter, Private, without_persons
from tests.serve.server import kernel_of, running_server, wait_until

TOKEN = "swordfish-and-chips"
FIRST = "/voila/render/00-first.ipynb"
SECOND = "/voila/render/01-second.ipynb"


def _read(messages: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in messages.splitlines()]


# What Voilà still knows of a page that is left. It keeps that for warm kernels: here, for each.
LOOK = """
from nbtutor.serve.kernels import CourseKernelManager, RequestInfoSocketHandler
remove = CourseKernelManager.remove_kernel
def remove_kernel(self, kernel_id):
    RequestInfoSocketHandler.send_updates({"kernel_id": kernel_id, "payload": {}})
    before = len(RequestInfoSocketHandler._cache)
    removed = remove(self, kernel_id)
    print("known", before, len(RequestInfoSocketHandler._cache), flush=True)
    return removed
CourseKernelManager.remove_kernel = remove_kernel
"""


def test_events_are_objects_of_one_line(notebooks: Path) -> None:
    options = ("--log", "json", "--seats", "1", "--prewarm", "0")
    with running_server(notebooks, *options, program=LOOK) as server:
        page = server.request(FIRST)
        kernel = kernel_of(page)
        assert server.request(SECOND).status == 503
        path = f"/voila/api/shutdown/{kernel}"
        cookies = page.cookies
        server.request(path, data={"_xsrf": cookies["_xsrf"]}, cookies=cookies)
        assert server.wait_for_line("known (.*)")[1] == "1 0"
        server.stop()
        told = _read(server.messages)
    assert [line["event"] for line in told] == ["started", "page", "full", "page_left", "stopped"]
    assert all(line["time"].endswith("+00:00") and line["level"] == "info" for line in told)
    started, opened, full, left, _ = told
    assert started["seats"] == 1
    assert 0 < opened.pop("seconds") < 60
    assert opened.items() >= {"lesson": "00-first.ipynb", "kernel": kernel, "taken": 1}.items()
    assert full.items() >= {"lesson": "01-second.ipynb", "taken": 1}.items()
    assert 0 < left["seconds"] < 60
    assert left.items() >= {"kernel": kernel, "taken": 0}.items()


# A lesson that fails as the page is made, so that Tornado tells all it knows of the request.
FAIL = """
from nbtutor.serve.kernels import CourseKernelManager
async def start_kernel(self, **options):
    raise OSError("no more processes")
CourseKernelManager.start_kernel = start_kernel
"""


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_message_tells_of_a_person(style: str, notebooks: Path) -> None:
    options = ("--log", style, "--verbose", "--prewarm", "0")
    with running_server(
        notebooks, *options, program=FAIL, environment={"JUPYTER_TOKEN": TOKEN}
    ) as server:
        agent = {"User-Agent": "Lynx/of-anna", "X-Forwarded-For": "198.51.100.23, 2001:db8::7"}
        link = server.request(f"{SECOND}?token={TOKEN}&name=anna", headers=agent)
        cookies = {**link.cookies, "anna": "2|1:0|biscuit"}
        assert server.request(f"{SECOND}?name=anna", headers=agent, cookies=cookies).status == 500
        name = next(iter(link.cookies))
        server.request("/?name=anna", headers=agent, cookies={name: "2|1:0|10:1|1:a|biscuit|00"})
        server.request("/nope?name=anna", headers=agent, cookies=cookies)
        server.request(f"/login?token=wrong-{TOKEN}", data={"password": "wrong-one"}, headers=agent)
        server.request(
            "/", headers={**agent, "Origin": "http://evil.example"}, data={"name": "anna"}
        )
        wait_until(lambda: "/nope" in server.messages)
        server.stop()
        messages = server.messages
    assert "no more processes" in messages
    assert "01-second" in messages
    for secret in (
        TOKEN,
        "anna",
        "biscuit",
        "Lynx",
        "198.51.100",
        "2001:db8",
        "127.0.0.1",
        "wrong-",
    ):
        assert secret not in messages, messages
    if style == "json":
        assert {"request", "message"} <= {line["event"] for line in _read(messages)}
        (failed,) = (line for line in _read(messages) if "Traceback" in line.get("error", ""))
        assert failed["level"] == "error"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GET /x?token=abc (127.0.0.1)", "GET /x?... ((address))"),
        ("uri='/x?a=1&b=2', remote_ip='::1'", "uri='/x?...', remote_ip='(address)'"),
        ("from fe80::1ff:fe23:4567:890a at 12:30:45", "from (address) at 12:30:45"),
        ("::ffff:10.0.0.7 came", "(address) came"),
        (
            "Invalid cookie signature b'2|1:0|10:17|8:username|abc='",
            "Invalid cookie signature b'(cookie)'",
        ),
        ("Why? Because version 3.11.2 says so: ok.", "Why? Because version 3.11.2 says so: ok."),
        (
            "kernel 1b4db7eb-4057-5ddf-91e0-36dec72071f5",
            "kernel 1b4db7eb-4057-5ddf-91e0-36dec72071f5",
        ),
    ],
)
def test_what_tells_of_a_person_is_left_out(said: str, kept: str) -> None:
    assert without_persons(said) == kept


@given(st.ip_addresses().map(str), st.sampled_from(["", "(", "'", " ", "ip="]))
def test_no_network_address_is_told(address: str, before: str) -> None:
    assert address not in without_persons(
        f"it came{before and ' ' + before}{' ' * (not before)}{address} today"
    )


@given(st.text(), st.text())
def test_any_message_is_one_line_of_json(message: str, fact: str) -> None:
    try:
        raise ValueError(message)
    except ValueError:
        record = logging.makeLogRecord(
            {"msg": "%s", "args": (message,), "name": "x", "exc_info": sys.exc_info()}
        )
    assert Private().filter(record)
    line = JsonFormatter().format(record)
    assert len(line.splitlines()) == 1
    told = json.loads(line)
    assert told["event"] == "message"
    assert "ValueError" in told["error"]
    event = logging.makeLogRecord({"event": "page", "facts": {"lesson": fact}, "msg": ""})
    assert json.loads(JsonFormatter().format(event))["lesson"] == fact
