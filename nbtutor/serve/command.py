"""The ``nbtutor`` command."""

from __future__ import annotations

import argparse
import re
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from nbtutor import __version__

from .course import PREWARM, find_notebooks
from .errors import CannotStart, MissingPackage
from .login_token import FORM, is_token, new_token, token_from_environment
from .sockets import DEFAULT_PORT, open_sockets
from .working_copy import CopyResult, copy_new

_WORKING_FOLDER = "nbtutor-course"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    argv
        Its arguments; those of this process if None.
    """
    options = _parser().parse_args(argv)
    try:
        return _COMMANDS[options.command](options)
    except KeyboardInterrupt:
        return 130  # a server sees to it itself
    except CannotStart as error:
        print(f"nbtutor: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nbtutor",
        usage="nbtutor [serve | lab | config] [FOLDER] [options]\n"
        "       nbtutor site OUT [options]",
        description="Learn neural networks on live ones. Ctrl-C stops it.",
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=tuple(_COMMANDS),
        default="serve",
        metavar="COMMAND",
        help="serve: the lessons as pages, nothing to edit (the default)\n"
        "lab: your own copy of the notebooks, in JupyterLab\n"
        "site: files for any web server; Python is in the browser\n"
        "config: print where a plain voila finds the settings",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="serve: notebooks to serve instead of the course's\n"
        f"lab: folder of your copy (default: ./{_WORKING_FOLDER});\n"
        "     what is there already is never changed\n"
        "site: where the files go (OUT)",
    )
    parser.add_argument(
        "--notebooks",
        type=Path,
        metavar="DIR",
        help="site: notebooks to take instead of the course's",
    )
    parser.add_argument(
        "--pyodide",
        metavar="PLACE",
        help="site: address or folder of the Python for browsers",
    )
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help=f"port to listen on (default: {DEFAULT_PORT} or the next free one)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1, local only)",
    )
    parser.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        help="only print the address",
    )
    serve = parser.add_argument_group("for a class, with serve")
    serve.add_argument(
        "--token",
        nargs="?",
        const="",
        type=_token,
        metavar="TOKEN",
        help="ask for this token, or with none here for a new one;\n"
        "other users of this machine see it here, but not in the\n"
        "variables JUPYTER_TOKEN or JUPYTER_TOKEN_FILE",
    )
    serve.add_argument(
        "--seats",
        type=_seats,
        default=0,
        metavar="N",
        help="pages open at once (default: as many as come)",
    )
    serve.add_argument(
        "--prewarm",
        type=_prewarm,
        default=PREWARM,
        metavar="N|all",
        help="the first N lessons open without a wait: a kernel is kept\n"
        f"ready for each, 30 to 60 MB (default: {PREWARM})",
    )
    serve.add_argument(
        "--base-url",
        type=_base_url,
        default="/",
        metavar="PATH",
        help="path of all addresses, behind a proxy (default: /)",
    )
    serve.add_argument(
        "--public-name",
        type=_public_name,
        metavar="NAME",
        help="name of the proxy, such as course.example.org",
    )
    serve.add_argument(
        "--log",
        choices=("text", "json"),
        default="text",
        help="text: faults only (the default); json: events too, an\n"
        "object a line, without anything that tells who it was",
    )
    parser.add_argument("--verbose", action="store_true", help="tell all that the server does")
    parser.add_argument("--version", action="version", version=f"nbtutor {__version__}")
    return parser


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:
        msg = f"{text!r} is not a port: a whole number from 0 to 65535"
        raise argparse.ArgumentTypeError(msg)
    return port


def _base_url(text: str) -> str:
    parts = text.strip("/").split("/")
    if parts == [""]:
        return "/"
    if not all(re.fullmatch(r"[\w.~-]+", part) and part.strip(".") for part in parts):
        msg = f"{text!r} is no path of an address: such as /course/"
        raise argparse.ArgumentTypeError(msg)
    return f"/{'/'.join(parts)}/"


def _seats(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        msg = f"{text!r} is no number of seats: a whole number from 1 to 10000"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _prewarm(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) > 100:
        msg = f"{text!r} is no number of lessons: a whole number from 0 to 100, or all"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _token(text: str) -> str:
    # The value itself stays out of the message: it may be a good one with a slip in it.
    if text and not is_token(text):
        msg = f"this is no token: it needs {FORM}; FOLDER comes before it"
        raise argparse.ArgumentTypeError(msg)
    return text


def _public_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", text):
        msg = f"{text!r} is no name of a host: such as course.example.org"
        raise argparse.ArgumentTypeError(msg)
    return text.lower()


def _serve(options: argparse.Namespace) -> int:
    notebooks = find_notebooks() if options.folder is None else options.folder.resolve()
    if not notebooks.is_dir():
        msg = f"FOLDER {options.folder}: there is no such folder"
        raise CannotStart(msg)
    held = token_from_environment()  # in any case: it is not for kernels
    token: str | None = options.token or held
    generated = token is None and options.token is not None
    if generated:
        token = new_token()
    sockets = open_sockets(options.host, options.port)
    address = _address(options.host, sockets[0].getsockname()[1]) + options.base_url[1:]

    _end_at_ctrl_c()
    # Imported late: Voilà takes half a second, which `--help` and an error need not wait for.
    from .application import CourseServer
    from .logs import logging_config
    from .settings import add_template_path, voila_settings

    def ready() -> None:
        # A token that was given is known, and the terminal may be looked at by others.
        link = f"{address}?token={token}" if generated else address
        print(f"nbtutor is ready at {link} (Ctrl-C stops it)", flush=True)
        if options.browser:
            # Without the token: a browser's arguments are seen by all users of the machine.
            _open_browser(address)

    add_template_path()
    config = voila_settings(
        notebooks,
        host=options.host,
        public_name=options.public_name,
        base_url=options.base_url,
        token=token,
        seats=options.seats,
        prewarm=options.prewarm,
    )
    config.Voila.config_file_paths = []
    config.Voila.logging_config = logging_config(style=options.log, verbose=options.verbose)
    server = CourseServer(sockets, ready, config=config)
    server.initialize([])
    server.start()
    return 0


def _end_at_ctrl_c() -> None:
    """Let Ctrl-C end this process, until the server that comes sees to it.

    Python would raise an error wherever it is just then. In some places, such as what is called
    when an object is forgotten, that goes no further, and the server would start all the same.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _lab(options: argparse.Namespace) -> int:
    folder: Path = options.folder or Path(_WORKING_FOLDER)
    result = copy_new(find_notebooks(), folder)
    print(_told(result, folder), flush=True)

    _end_at_ctrl_c()
    from .lab import run_lab

    def ready(address: str) -> None:
        print(f"JupyterLab is ready at {address} (Ctrl-C stops it)", flush=True)
        if options.browser:
            _open_browser(address)

    # JupyterLab opens its own socket, so this one only finds a port that is free.
    sockets = open_sockets(options.host, options.port)
    port = sockets[0].getsockname()[1]
    for opened in sockets:
        opened.close()
    return run_lab(
        folder.resolve(), host=options.host, port=port, verbose=options.verbose, ready=ready
    )


def _site(options: argparse.Namespace) -> int:
    if options.folder is None:
        msg = "OUT is missing: nbtutor site OUT, where OUT is a new or an empty folder"
        raise CannotStart(msg)
    notebooks: Path = options.notebooks or find_notebooks()
    if not notebooks.is_dir():
        msg = f"--notebooks {notebooks}: there is no such folder"
        raise CannotStart(msg)

    try:
        from .site.build import build_site
        from .site.pyodide import DEFAULT
    except ModuleNotFoundError as error:
        raise MissingPackage((error.name or "").split(".")[0]) from None

    def say(what: str) -> None:
        print(f"{what} …", flush=True)

    site = build_site(notebooks, options.folder, options.pyodide or DEFAULT, say)
    lessons = "1 lesson" if len(site.lessons) == 1 else f"{len(site.lessons)} lessons"
    print(f"{options.folder} holds {lessons} in {site.files} files, {site.size / 1e6:.0f} MB.")
    if site.first_visit is not None:
        print(f"A learner's first lesson fetches {site.first_visit / 1e6:.0f} MB.")
    if site.missing:
        print(
            f"This Pyodide has no {', '.join(site.missing)}: the lessons need none of it, but the "
            "notebooks for editing were left out."
        )
    print(f"Try it: {sys.executable} -m http.server --directory {options.folder}")
    return 0


def _config(options: argparse.Namespace) -> int:
    from .settings import CONFIG_FOLDER

    print(CONFIG_FOLDER)
    return 0


_COMMANDS = {"serve": _serve, "lab": _lab, "site": _site, "config": _config}


def _told(result: CopyResult, folder: Path) -> str:
    """Return a sentence that says what became of the working folder."""
    parts = []
    if result.added:
        parts.append(f"added {_files(result.added)}")
    if result.kept:
        parts.append(f"kept {_files(result.kept)} of yours as they are")
    if result.same:
        parts.append(f"found {_files(result.same)} up to date")
    return f"Working folder {folder}: {', '.join(parts) or 'nothing to copy'}."


def _files(names: Sequence[str]) -> str:
    return "1 file" if len(names) == 1 else f"{len(names)} files"


def _address(host: str, port: int) -> str:
    name = socket.gethostname() if host in ("", "0.0.0.0", "::") else host
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _open_browser(address: str) -> None:
    # Some browsers keep the call waiting until they are closed.
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


if __name__ == "__main__":
    raise SystemExit(main())
