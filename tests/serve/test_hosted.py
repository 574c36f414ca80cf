"""Voilà as an extension of a Jupyter server, as on Binder: what it answers, without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nbtutor.serve.course import list_lessons
from tests.serve.hosted import BASE_URL, TOKEN, running_binder
from tests.serve.server import Server, kernel_of, wait_until

pytestmark = pytest.mark.slow

LOGIN = {"Authorization": f"token {TOKEN}"}
PLAYGROUND = f"{BASE_URL}voila/render/notebooks/00-playground.ipynb"


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_binder(root, tmp_path_factory.mktemp("binder")) as running:
        yield running


def addresses(root: Path) -> list[str]:
    lessons = list_lessons(root / "notebooks")
    return [f"{BASE_URL}voila/render/notebooks/{lesson.path}" for lesson in lessons]


@pytest.mark.parametrize("path", ["voila", "voila/tree", "voila/tree/notebooks"])
def test_the_start_page_lists_the_lessons(server: Server, root: Path, path: str) -> None:
    page = server.request(BASE_URL + path, headers=LOGIN)
    assert page.status == 200
    assert re.findall(r'<li><a href="([^"]+)"', page.text) == 2 * addresses(root)
    assert f'class="nbt-course" href="{BASE_URL}voila/tree/notebooks"' in page.text


def test_a_lesson_opens_by_its_link_and_ends_with_its_page(server: Server, root: Path) -> None:
    # As Binder does: the token comes with the link, and a cookie stays.
    page = server.request(f"{PLAYGROUND}?token={TOKEN}")
    assert page.status == 200
    assert "<title>The playground · " in page.text
    assert re.search(rf'rel="next" href="{re.escape(addresses(root)[1])}"', page.text)
    assert "application/vnd.jupyter.widget-view+json" in page.text
    # With either of these, formulas would be drawn by what another host has.
    assert '"fullMathjaxUrl": null' in page.text
    assert '"mathjaxConfig": null' in page.text
    # Nothing but the name of SVG's namespace leads to another host.
    outside = set(re.findall(r"https?://([\w.]+)", page.text))
    assert outside <= {"www.w3.org", "127.0.0.1"}
    # The last cell is for readers of the notebook.
    assert "The lesson is live where" not in page.text

    kernel = kernel_of(page)
    (process,) = [p for p in server.children if any(kernel in part for part in p.cmdline())]
    assert psutil.Process(process.pid).environ()["OMP_NUM_THREADS"] == "1"
    # What the page sends as it is left.
    ended = server.request(
        f"{BASE_URL}voila/api/shutdown/{kernel}",
        data={"_xsrf": page.cookies["_xsrf"]},
        cookies=page.cookies,
    )
    assert ended.status == 204
    wait_until(lambda: server.kernels == 0)


def test_nobody_comes_in_without_the_token(server: Server) -> None:
    page = server.request(PLAYGROUND)
    assert page.status in (302, 403)
    assert server.kernels == 0


def test_an_unknown_lesson_is_told_with_a_way_back(server: Server) -> None:
    page = server.request(f"{BASE_URL}voila/render/notebooks/99-unknown.ipynb", headers=LOGIN)
    assert page.status == 404
    assert "There is no such page" in page.text
    assert f'<a href="{BASE_URL}voila/tree/notebooks">All lessons</a>' in page.text
    assert "Traceback" not in page.text


def test_jupyterlab_is_there_and_asks_no_other_host(server: Server) -> None:
    page = server.request(f"{BASE_URL}lab/tree/notebooks/00-playground.ipynb", headers=LOGIN)
    assert page.status == 200
    found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page.text, re.DOTALL)
    assert found
    settings = json.loads(found[1])
    assert settings["news"] == {"disabled": True}
    assert settings["extensionManager"]["name"] == "read-only"
