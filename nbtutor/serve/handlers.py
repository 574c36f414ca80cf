"""The pages of the course: what answers which address."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import tornado.web
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.handlers import path_regex
from jupyter_server.utils import url_path_join
from voila.app import Voila
from voila.handler import BaseVoilaHandler
from voila.static_file_handler import AllowListFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from .logs import tell
from .seats import Seat, Usher

FULL = "All seats are taken"

RETRY_AFTER = 10
"""Seconds after which a page that found no seat asks again."""


def course_handlers(voila: Voila, *, login: bool) -> list[Any]:
    """Return the handlers that come before Voilà's own.

    Parameters
    ----------
    voila
        The server, with its settings made.
    login
        Whether there is a token to log in with.
    """
    configuration = {"voila_configuration": voila.voila_configuration}
    lesson = {**configuration, "template_paths": voila.template_paths, "config": voila.config}
    handlers: list[Any] = [
        ("health", HealthHandler),
        ("voila/files/(.*)", CourseFileHandler, {**configuration, "path": voila.root_dir}),
    ]
    if not voila.notebook_path:  # or the one lesson has Voilà's address, which catches all others
        handlers += [
            ("", StartPageHandler, configuration),
            (f"voila/tree{path_regex}", StartPageHandler, configuration),
            ("voila/render/(.*)", LessonHandler, lesson),
        ]
    if login:
        handlers += [
            ("login", LoginHandler, configuration),
            # Voilà's socket that tells a kernel of its page's request asks nobody who they are.
            ("voila/query/.*", tornado.web.ErrorHandler, {"status_code": 404}),
        ]
    return [(url_path_join(voila.server_url, path), *rest) for path, *rest in handlers]


class _Entrance:
    """A page that a link with the token may lead to."""

    async def prepare(self: Any) -> None:
        """Answer a link with the token by the cookie, and send on to the address without it.

        Or it would stay in the browser's history, and in every link that is copied from there.
        """
        await super().prepare()  # type: ignore[misc]
        if "token" in self.request.query_arguments and not self._finished:
            query = parse_qsl(self.request.query, keep_blank_values=True)
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            self.redirect(f"{self.request.path}?{rest}" if rest else self.request.path)


class StartPageHandler(_Entrance, TornadoVoilaTreeHandler):
    """The list of lessons."""


class LessonHandler(_Entrance, TornadoVoilaHandler):
    """A lesson's page: it gets a seat, and the XSRF cookie that its shutdown beacon must show."""

    _seat: Seat | None = None

    @tornado.web.authenticated
    async def get(self, path: str | None = None) -> None:
        """Answer with the lesson, or say that all seats are taken."""
        _ = self.xsrf_token  # reading it is what sets the cookie
        seats = self.kernel_manager.seats
        self._seat = seats.take()
        if self._seat is None:
            tell("full", lesson=path, taken=seats.taken)
            raise tornado.web.HTTPError(503, reason=FULL)
        try:
            await super().get(path)
        finally:
            self._seat.leave()
        tell(
            "page",
            lesson=path,
            kernel=self._seat.kernel_id,
            seconds=round(self.request.request_time(), 3),
            taken=seats.taken,
        )

    def write_error(self, status_code: int, **details: Any) -> None:
        """Answer with a page that a person can read, and programs when to ask again."""
        if status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", str(RETRY_AFTER))
        super().write_error(status_code, **details)

    @property
    def kernel_manager(self) -> Any:
        """Voilà's; while a page is made, what it starts for the page gets the page's seat."""
        manager = super().kernel_manager
        return manager if self._seat is None else Usher(manager, self._seat)


class CourseFileHandler(BaseVoilaHandler, AllowListFileHandler):
    """Pictures and other files beside the lessons; Voilà's own handler asks for no login."""

    def initialize(self, voila_configuration: Any, path: str) -> None:
        """Serve what the configuration allows, from a folder."""
        super().initialize(voila_configuration=voila_configuration)
        AllowListFileHandler.initialize(
            self,
            allowlist=voila_configuration.file_allowlist,
            denylist=voila_configuration.file_denylist,
            path=path,
        )

    @tornado.web.authenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer with the file."""
        await super().get(path, include_body)


class LoginHandler(BaseVoilaHandler, LoginFormHandler):
    """The page that asks for the token."""

    def _render(self, message: dict[str, str] | None = None) -> None:
        """Answer with the page; a message says that what was typed is not the token."""
        self.set_header("Cache-Control", "no-store")
        next_page = self.get_argument("next", default=self.base_url)
        self.write(self.render_template("login.html", next_page=next_page, wrong=bool(message)))


class HealthHandler(tornado.web.RequestHandler):
    """Whether the server answers, and how full it is; for what watches over it.

    It asks for no login and tells nothing of anybody.
    """

    def get(self) -> None:
        """Answer with JSON: status, pages open, and how many may be (null for as many as come)."""
        seats = self.settings["kernel_manager"].seats
        self.set_header("Cache-Control", "no-store")
        self.write({"status": "ok", "taken": seats.taken, "seats": seats.limit or None})


class SocketHandler(VoilaKernelWebsocketHandler):
    """A kernel's websocket, as `nbtutor.serve.kernels.PromptConnection` lets it be used."""

    def write_error(self, status_code: int, **_details: Any) -> None:
        """Refuse in a line. Jupyter's page for it needs files that Voilà does not have."""
        self.finish(f"{status_code} {self._reason}\n")


class UnknownPageHandler(BaseVoilaHandler):
    """Every address that no other handler knows."""

    def initialize(self) -> None:
        """Be what ``default_handler_class`` asks for: it gets no arguments."""
        super().initialize(voila_configuration=self.settings["voila"].voila_configuration)

    async def prepare(self) -> None:
        """Refuse, with a page that a person can read."""
        await super().prepare()
        if not self._finished:
            raise tornado.web.HTTPError(404)
