"""Who may come in where the server asks for a token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_server.auth import User
from tornado.httpclient import HTTPRequest
from tornado.web import create_signed_value
from tornado.websocket import websocket_connect

from nbtutor.serve.access import CourseIdentityProvider
from nbtutor.serve.command import main
from nbtutor.serve.errors import CannotStart
from nbtutor.serve.login_token import cookie_secret, is_token, new_token, token_from_environment
from tests.serve.server import V1, Response, Server, kernel_of, running_server, write_lesson

TOKEN = "swordfish-and-chips"
FIRST = "/voila/render/00-first.ipynb"
LOOK = (
    "import os\nprint('environment', 'JUPYTER_TOKEN' in os.environ, 'swordfish' in str(os.environ))"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that got its token by the environment."""
    folder = tmp_path_factory.mktemp("asked")
    write_lesson(folder / "00-first.ipynb", "The first lesson", LOOK)
    (folder / "picture.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with running_server(folder, "--prewarm", "0", environment={"JUPYTER_TOKEN": TOKEN}) as running:
        yield running


@pytest.fixture(scope="module")
def cookies(server: Server) -> dict[str, str]:
    """What a browser has once it was let in."""
    form = server.request("/login")
    answer = _log_in(server, form, TOKEN)
    assert answer.status == 302
    return {**form.cookies, **answer.cookies}


def _log_in(server: Server, form: Response, token: str, after: str = "/") -> Response:
    return server.request(
        f"/login?next={after}",
        data={"password": token, "_xsrf": form.cookies["_xsrf"]},
        cookies=form.cookies,
    )


PAGES = [
    "/",
    FIRST,
    "/voila/tree/",
    "/voila/files/picture.svg",
    "/nope",
    f"{FIRST}?token=wrong-one",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_sends_on_to_the_login_and_back(server: Server, path: str) -> None:
    answer = server.request(path)
    assert answer.status == 302
    assert answer.text == ""
    assert not answer.cookies
    login = urlsplit(answer.headers["Location"])
    assert login.path == "/login"
    assert parse_qs(login.query) == {"next": [path]}


@pytest.mark.parametrize(
    "path",
    [
        "/api/kernels/00000000-0000-4000-8000-000000000000",
        "/voila/api/contents/",
        "/voila/api/contents/00-first.ipynb",
    ],
)
def test_a_program_is_refused(server: Server, path: str) -> None:
    assert server.request(path).status == 403
    assert server.request(path, headers={"Authorization": "token wrong-one"}).status == 403
    assert server.request(path, headers={"Authorization": f"token {TOKEN}"}).status in (200, 404)


def test_a_kernel_is_out_of_reach(server: Server, cookies: dict[str, str]) -> None:
    page = server.request(FIRST, cookies=cookies)
    kernel_id = kernel_of(page)
    address = f"{server.socket_of(kernel_id)}?session_id=t"

    async def connect(**headers: str) -> None:
        request = HTTPRequest(address, headers=headers)
        socket = await websocket_connect(request, subprotocols=[V1])
        socket.close()

    with pytest.raises(Exception, match="403"):
        asyncio.run(connect())
    with pytest.raises(Exception, match="403"):
        asyncio.run(connect(Cookie="; ".join(f"{name}=2|1:0|x" for name in cookies)))
    asyncio.run(connect(Cookie="; ".join(f"{name}={value}" for name, value in cookies.items())))
    # Nor does anybody else end it, or hear of the page's request.
    xsrf = {"_xsrf": cookies["_xsrf"]}
    path = f"/voila/api/shutdown/{kernel_id}"
    assert server.request(path, data=xsrf, cookies=xsrf).status == 403
    assert server.request(f"/voila/query/{kernel_id}").status == 404
    assert server.request(path, data=xsrf, cookies=cookies).status == 204


def test_the_health_is_open(server: Server) -> None:
    assert server.request("/health").status == 200


def test_a_link_with_the_token_lets_in_and_is_tidied(server: Server) -> None:
    answer = server.request(f"{FIRST}?seed=3&token={TOKEN}&x=")
    assert answer.status == 302
    assert answer.headers["Location"] == f"{FIRST}?seed=3&x="
    page = server.request(answer.headers["Location"], cookies=answer.cookies)
    assert page.status == 200
    assert TOKEN not in page.text
    assert "environment False False" in page.text
    start = server.request(f"/?token={TOKEN}")
    assert start.headers["Location"] == "/"
    assert "The first lesson" in server.request("/", cookies=start.cookies).text


def test_the_login_page_leads_to_the_lesson_asked_for(server: Server) -> None:
    form = server.request(f"/login?next={FIRST}")
    assert form.status == 200
    assert form.headers["Cache-Control"] == "no-store"
    assert '<label for="nbt-token">' in form.text
    assert "The first lesson" not in form.text
    wrong = _log_in(server, form, "swordfish-and-fries", FIRST)
    assert wrong.status == 401
    assert "That is not the token." in wrong.text
    assert "swordfish" not in wrong.text
    assert not [name for name in wrong.cookies if name != "_xsrf"]
    right = _log_in(server, form, TOKEN, FIRST)
    assert right.status == 302
    assert right.headers["Location"] == FIRST
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie


def test_a_login_leads_to_no_other_host(server: Server) -> None:
    form = server.request("/login")
    for after in ("https://evil.example/", "//evil.example/x", "/%5Cevil.example"):
        location = _log_in(server, form, TOKEN, after).headers["Location"]
        assert urlsplit(location).netloc == ""
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))


def test_a_login_needs_its_own_form(server: Server) -> None:
    assert server.request("/login", data={"password": TOKEN}).status == 403


def test_nobody_learns_a_lesson_s_name(server: Server) -> None:
    for page in (
        server.request("/login"),
        server.request("/login", data={"password": TOKEN}),
        server.request("/nope", data={}),
    ):
        assert "The first lesson" not in page.text
        assert "00-first" not in page.text


def test_who_was_in_still_is_after_a_restart(server: Server, cookies: dict[str, str]) -> None:
    (name,) = cookies.keys() - {"_xsrf"}
    learner = json.dumps(asdict(User("learner")))

    def lets_in(secret: bytes) -> bool:
        cookie = create_signed_value(secret, name, learner).decode()
        return server.request("/", cookies={name: cookie}).status == 200

    # As the one who ran before this one would have signed it.
    assert lets_in(cookie_secret(TOKEN))
    assert not lets_in(cookie_secret("another-token"))
    assert not lets_in(b"")


def test_a_token_is_made_where_none_is_given(notebooks: Path) -> None:
    with running_server(notebooks, "--prewarm", "0", "--token") as server:
        link = urlsplit(server.url)
        token = parse_qs(link.query)["token"][0]
        assert len(token) == 40
        assert server.request("/").status == 302
        assert server.request(f"/?token={token}").headers["Location"] == "/"
        # Whoever reaches the server by another name gets no further than the login.
        assert server.request("/", headers={"Host": "other.example"}).status == 302


def test_a_token_that_is_given_is_not_told(server: Server) -> None:
    assert "token" not in server.url
    server.request(f"{FIRST}?token={TOKEN}")
    assert TOKEN not in "".join(server.output) + server.messages


class TestTheEnvironment:
    def test_it_is_read_and_emptied(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert token_from_environment() is None
        monkeypatch.setenv("JUPYTER_TOKEN", TOKEN)
        assert token_from_environment() == TOKEN
        assert token_from_environment() is None

    def test_a_file_is_read(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        monkeypatch.setenv("JUPYTER_TOKEN_FILE", str(tmp_path / "token"))
        assert token_from_environment() == TOKEN

    @pytest.mark.parametrize(
        ("name", "value", "told"),
        [
            ("JUPYTER_TOKEN", "short", "JUPYTER_TOKEN holds no token: a token has 8 to 200"),
            ("JUPYTER_TOKEN_FILE", "/no/such", "JUPYTER_TOKEN_FILE: cannot read /no/such"),
        ],
    )
    def test_what_is_no_token_is_told(
        self, name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch, notebooks: Path
    ) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(CannotStart, match=told):
            token_from_environment()
        monkeypatch.setenv(name, value)
        assert main(["serve", str(notebooks)]) == 1


@given(st.text(max_size=40))
def test_only_the_token_is_the_token(given: str) -> None:
    provider = CourseIdentityProvider(token=TOKEN)
    assert provider._is_token(given) == (given == TOKEN)
    assert provider._is_token(TOKEN)
    assert not CourseIdentityProvider(token="")._is_token(given)


def test_tokens_are_tokens_and_differ() -> None:
    made = {new_token() for _ in range(50)}
    assert len(made) == 50
    assert all(map(is_token, made))
    assert len({cookie_secret(token) for token in made}) == 50
