"""What the server tells, and how: sentences for a person, or one JSON object a line for programs.

Nothing of it says who did something: no address, no token, no query of an address (which may hold
one), no cookie and no name of a browser. Our own events have none to begin with; what Voilà,
Jupyter and Tornado say goes through `Private`.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
from datetime import datetime, timezone
from typing import Any

from tornado.log import access_log
from tornado.web import RequestHandler

EVENTS = "nbtutor.events"

_events = logging.getLogger(EVENTS)

_QUERY = re.compile(r"""\?[^\s'"<>]+""")
_COOKIE = re.compile(r"""\b2\|[^\s'"<>]+""")  # signed by Tornado: a login, or an XSRF token
_MAYBE_ADDRESS = re.compile(
    r"(?<![\w.:])(?:[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*|[0-9.]{7,15})"
)


def tell(event: str, **facts: object) -> None:
    """Log an event of the course.

    Parameters
    ----------
    event
        Its name, in a few words joined by underscores.
    facts
        What belongs to it. Facts that are None are left out.
    """
    known = {name: fact for name, fact in facts.items() if fact is not None}
    words = " ".join(f"{name}={fact}" for name, fact in known.items())
    _events.info("%s %s", event, words, extra={"event": event, "facts": known})


def log_request(handler: RequestHandler) -> None:
    """Log a request that has been answered; Tornado's own line has the query and the address."""
    status, request = handler.get_status(), handler.request
    seconds = round(request.request_time(), 4)
    level = logging.ERROR if status >= 500 and status != 503 else logging.INFO
    access_log.log(
        level,
        "%d %s %s %.1f ms",
        status,
        request.method,
        request.path,
        1000 * seconds,
        extra={
            "event": "request",
            "facts": {
                "method": request.method,
                "path": request.path,
                "status": status,
                "seconds": seconds,
            },
        },
    )


def without_persons(text: str) -> str:
    """Return a text without queries of addresses, cookies and network addresses."""
    text = _QUERY.sub("?...", text)
    text = _COOKIE.sub("(cookie)", text)
    return _MAYBE_ADDRESS.sub(lambda match: _hidden(match.group()), text)


def _hidden(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return text
    return "(address)"


class Private(logging.Filter):
    """Takes out of all messages what tells of a person."""

    _plain = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with a message that tells of nobody."""
        record.msg, record.args = without_persons(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._plain.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = without_persons(record.exc_text)
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, event, and what belongs to the event.

    Messages that are not events of ours are the event ``message``, with the logger's name and the
    text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(
                "T", "milliseconds"
            ),
            "level": record.levelname.lower(),
        }
        event = getattr(record, "event", None)
        if event is None:
            line |= {"event": "message", "logger": record.name, "message": record.getMessage()}
        else:
            line |= {"event": event, **getattr(record, "facts", {})}
        if record.exc_info or record.exc_text:
            line["error"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        return json.dumps(line, default=str)


def logging_config(*, style: str = "text", verbose: bool = False) -> dict[str, Any]:
    """Return the logging of a server, for ``Voila.logging_config`` (Python's own dictionary form).

    Parameters
    ----------
    style
        ``"text"`` tells of faults, in sentences; ``"json"`` of events too, one object a line.
    verbose
        Whether it tells what else the server does, each request included.
    """
    quiet = "INFO" if verbose else "ERROR"
    ours = {"handlers": ["course"], "propagate": False}
    return {
        "filters": {"private": {"()": f"{__name__}.Private"}},
        "formatters": {
            "json": {"()": f"{__name__}.JsonFormatter"},
            "text": {"format": "%(levelname)s %(name)s: %(message)s"},
        },
        "handlers": {
            "course": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": style,
                "filters": ["private"],
            },
        },
        "loggers": {
            "": {"handlers": ["course"], "level": "WARNING"},
            "tornado": {**ours, "level": quiet},
            "CourseServer": {**ours, "level": quiet},
            EVENTS: {**ours, "level": "INFO" if verbose or style == "json" else "ERROR"},
        },
    }
