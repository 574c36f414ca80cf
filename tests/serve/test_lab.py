"""``nbtutor lab``: a copy of one's own in JupyterLab."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from nbtutor.serve.course import find_notebooks, list_lessons
from tests.serve.server import running_server

pytestmark = pytest.mark.slow


def test_jupyterlab_opens_the_copy_and_keeps_what_was_there(tmp_path: Path) -> None:
    lessons = [lesson.path for lesson in list_lessons(find_notebooks())]
    folder = tmp_path / "nbtutor-course"
    folder.mkdir()
    mine = folder / lessons[0]
    mine.write_text("my own work")
    with running_server(command="lab", cwd=tmp_path) as lab:
        assert mine.read_text() == "my own work"
        assert "kept 1 file of yours" in lab.output[0]
        token = parse_qs(urlsplit(lab.url).query)["token"][0]
        headers = {"Authorization": f"token {token}"}
        page = lab.request("/lab", headers=headers)
        assert page.status == 200
        assert "JupyterLab" in page.text
        listed = json.loads(lab.request("/api/contents", headers=headers).text)["content"]
        assert {entry["name"] for entry in listed} >= set(lessons)
        # Unlike the lesson pages, it runs whatever it is given: never without the token.
        assert lab.request("/api/contents").status == 403
        assert lab.request("/api/kernels", data={}).status == 403
        children = lab.children
        assert lab.stop(signal.SIGTERM) == 0
        assert not [child for child in children if child.is_running()]


def test_ctrl_c_stops_it_without_a_question(tmp_path: Path) -> None:
    with running_server(tmp_path / "mine", command="lab") as lab:
        assert (tmp_path / "mine").is_dir()
        token = parse_qs(urlsplit(lab.url).query)["token"][0]
        headers = {"Authorization": f"token {token}"}
        assert lab.request("/api/kernels", headers=headers, method="POST").status == 201
        children = lab.children
        assert children
        assert lab.stop(signal.SIGINT) == 0
        # In good order, though no terminal asked for it: its kernels have ended before it.
        assert not [child for child in children if child.is_running()]
