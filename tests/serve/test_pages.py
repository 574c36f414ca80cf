"""What the server answers, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.serve.server import Server, running_server, wait_until

FIRST = "/voila/render/00-first.ipynb"


def test_the_start_page_lists_the_lessons_in_order(server: Server) -> None:
    page = server.request("/")
    assert page.status == 200
    listed = re.findall(r'<a href="([^"]+)"><span class="nbt-number">(\d+)</span>', page.text)
    # Once in the menu, once on the page.
    assert listed == 2 * [
        (FIRST, "00"),
        ("/voila/render/01-second.ipynb", "01"),
        ("/voila/render/02-broken.ipynb", "02"),
        ("/voila/render/03-dying.ipynb", "03"),
    ]
    assert "The first lesson" in page.text
    assert "<p>A slider. " in page.text
    assert "Bias &amp; variance &lt;b&gt;" in page.text


def test_a_lesson_has_its_title_and_its_neighbours(server: Server) -> None:
    page = server.request("/voila/render/01-second.ipynb")
    assert page.status == 200
    assert "<title>Bias &amp; variance &lt;b&gt; · " in page.text
    assert re.search(
        rf'rel="prev" href="{FIRST}" aria-label="Previous: The first lesson"', page.text
    )
    assert re.search(r'rel="next" href="/voila/render/02-broken.ipynb"', page.text)
    assert page.text.count('aria-current="page"') == 1


def test_the_first_lesson_has_no_previous_one(server: Server) -> None:
    page = server.request(FIRST)
    assert 'rel="prev"' not in page.text
    assert 'rel="next"' in page.text


def test_a_page_holds_no_source(server: Server) -> None:
    page = server.request(FIRST)
    assert "IntSlider" in page.text  # it has run
    assert "name_that_is_only_in_the_source" not in page.text
    assert "import ipywidgets" not in page.text


def test_an_error_in_a_lesson_shows_neither_source_nor_traceback(server: Server) -> None:
    page = server.request("/voila/render/02-broken.ipynb")
    assert page.status == 200
    assert "This part of the lesson could not be shown" in page.text
    for secret in ("secret_of_the_author", "ZeroDivisionError", "Traceback"):
        assert secret not in page.text


@pytest.mark.parametrize(
    "path", ["/voila/render/99-unknown.ipynb", "/voila/treeless", "/nope", "/login", "/api/kernels"]
)
def test_an_unknown_page_is_told_with_a_way_back(server: Server, path: str) -> None:
    page = server.request(path)
    assert page.status == 404
    assert "There is no such page" in page.text
    assert '<a href="/">All lessons</a>' in page.text
    assert "Traceback" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/voila/render/../outside.ipynb",
        "/voila/render/..%2foutside.ipynb",
        "/voila/render/%2e%2e/outside.ipynb",
        "/voila/render/.hidden.ipynb",
        "/voila/render/helper.py",
        "/voila/files/helper.py",
        "/voila/files/00-first.ipynb",
        "/voila/files/..%2foutside.ipynb",
        "/voila/files/../../../../../../etc/passwd",
        "/voila/static/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/voila/static/../../../../../../../../../../etc/passwd",
        "/voila/templates/nbtutor/static/../index.html.j2",
        "/voila/templates/nbtutor/static/..%2findex.html.j2",
        "/voila/api/contents/..%2foutside.ipynb?content=1",
        "/voila/api/contents/helper.py?content=1",
    ],
)
def test_nothing_else_is_served(server: Server, path: str) -> None:
    page = server.request(path)
    if page.status == 302:
        page = server.request(page.headers["Location"])
    assert page.status >= 400
    for secret in ("SECRET", "root:", "kernel_start", "secret_of_the_author"):
        assert secret not in page.text


def test_contents_are_listed_without_content(server: Server) -> None:
    page = server.request("/voila/api/contents/00-first.ipynb?content=1")
    assert "name_that_is_only_in_the_source" not in page.text


def test_as_many_lessons_are_warm_as_asked_for(notebooks: Path) -> None:
    with running_server(notebooks, "--prewarm", "all") as server:
        wait_until(lambda: server.kernels == 3)  # of four lessons, one ends its kernel
        assert server.request("/voila/render/02-broken.ipynb").status == 200


def test_a_kernel_that_cannot_start_is_told(notebooks: Path) -> None:
    fail = """
from nbtutor.serve.kernels import CourseKernelManager
async def start_kernel(self, **options):
    raise OSError("no more processes")
CourseKernelManager.start_kernel = start_kernel
"""
    with running_server(notebooks, program=fail) as server:
        assert server.request("/").status == 200
        for path in (FIRST, FIRST, "/voila/render/02-broken.ipynb"):
            page = server.request(path)
            assert page.status == 500
            assert "The kernel behind it did not start" in page.text
            assert "Try once more" in page.text
            assert "no more processes" not in page.text
        assert "no more processes" in server.messages


@pytest.mark.parametrize("option", ["template=lab", "theme=dark", "template=../../x"])
def test_a_link_cannot_choose_another_template(server: Server, option: str) -> None:
    page = server.request(f"{FIRST}?{option}")
    assert page.status == 200
    assert 'class="nbt-bar"' in page.text
    assert "fontawesome" not in page.text


def test_another_name_for_this_machine_is_refused(server: Server) -> None:
    # A foreign page that has its own name point here would else be of the same origin.
    assert server.request("/", headers={"Host": "evil.example"}).status == 403
    port = server.url.rstrip("/").rpartition(":")[2]
    assert server.request("/", headers={"Host": f"localhost:{port}"}).status == 200


@pytest.mark.parametrize("path", ["/", FIRST, "/nope"])
def test_a_page_may_load_nothing_from_elsewhere(server: Server, path: str) -> None:
    page = server.request(path)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    links = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert links
    assert not [link for link in links if link.startswith(("http", "//"))]
