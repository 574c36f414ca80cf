"""Who may come in: everybody, or who has the token.

The token is Jupyter's own: `Voila.token`, or the environment's ``JUPYTER_TOKEN`` or
``JUPYTER_TOKEN_FILE``. Who shows it once, in a link or on the login page, gets a cookie. The server
knows nobody by name.
"""

from __future__ import annotations

import hmac
from typing import Any

from jupyter_server.auth import IdentityProvider, User
from tornado.web import RequestHandler

from . import handlers
from .logs import tell


class CourseIdentityProvider(IdentityProvider):
    """Jupyter's token and cookie, and the pages of the course.

    Voilà asks its identity provider for handlers and puts them before its own: the one place where
    an ordinary setting can bring pages in. So a plain ``voila`` has ours too.
    """

    @property
    def auth_enabled(self) -> bool:
        """Whether anybody is asked for anything."""
        return bool(self.token)

    def get_handlers(self) -> list[Any]:
        """Return the handlers of the course, and the login page where there is a token."""
        return handlers.course_handlers(self.parent, login=self.auth_enabled)

    def generate_anonymous_user(self, handler: RequestHandler) -> User:
        """Return who is in: a learner like any other."""
        return User("learner")

    async def get_user_token(self, handler: RequestHandler) -> User | None:
        """Return who shows the token, in the link or in a header."""
        # Jupyter's own comparison takes the longer the more of the token is right. It comes after
        # this one, when there is nothing left to find out.
        if not self._is_token(self.get_token(handler)):
            return None
        return await super().get_user_token(handler)

    def process_login_form(self, handler: RequestHandler) -> User | None:
        """Return who has typed the token into the login page."""
        right = self._is_token(handler.get_argument("password", default=""))
        tell("login" if right else "login_refused")
        return self.generate_anonymous_user(handler) if right else None

    def _is_token(self, given: str | None) -> bool:
        """Compare with the token, in a time that does not tell how much of it is right."""
        return bool(self.token and given) and hmac.compare_digest(
            str(given).encode(), self.token.encode()
        )
