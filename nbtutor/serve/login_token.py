"""The token that a server may ask for: what it looks like and where it comes from."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from .errors import CannotStart

FORM = "8 to 200 letters, digits and . _ ~ -"

# Shorter ones are found by trying, and the others would have to be escaped in a link.
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,200}")


def is_token(text: str) -> bool:
    """Tell whether a text can be a token."""
    return _TOKEN.fullmatch(text) is not None


def new_token() -> str:
    """Return a token that nobody guesses: 160 random bits."""
    return secrets.token_hex(20)


def token_from_environment() -> str | None:
    """Return the token that Jupyter's variables hold, if any, and take it out of there.

    ``JUPYTER_TOKEN`` is the token, ``JUPYTER_TOKEN_FILE`` a file with it. Kernels inherit the
    environment, and have no use for it.
    """
    given = os.environ.pop("JUPYTER_TOKEN", "")
    file = os.environ.pop("JUPYTER_TOKEN_FILE", "")
    if given:
        name = "JUPYTER_TOKEN"
    elif file:
        name = "JUPYTER_TOKEN_FILE"
        try:
            given = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{name}: cannot read {file}: {error}"
            raise CannotStart(msg) from error
    else:
        return None
    if not is_token(given):
        msg = f"{name} holds no token: a token has {FORM}"
        raise CannotStart(msg)
    return given


def cookie_secret(token: str) -> bytes:
    """Return the key that cookies are signed with.

    It follows from the token: after a restart with the same token all who were in still are, and
    with another one nobody is.
    """
    return hashlib.blake2b(token.encode(), person=b"nbtutor cookies").digest()
