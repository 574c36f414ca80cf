"""The command line, without a browser."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nbtutor
from nbtutor.serve import sockets
from nbtutor.serve.command import main
from nbtutor.serve.errors import CannotStart
from nbtutor.serve.sockets import open_sockets
from tests.serve.server import running_server


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_help_fits_a_screen() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbtutor.serve.command", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "80"},
        cwd=Path(nbtutor.__file__).parents[1],
    )
    lines = done.stdout.splitlines()
    assert len(lines) <= 37
    assert max(map(len, lines)) <= 80
    for option in ("serve", "lab", "--port", "--host", "--no-browser", "--version"):
        assert option in done.stdout


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"nbtutor {nbtutor.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "70000"], "'70000' is not a port: a whole number from 0 to 65535"),
        (["--port", "x"], "'x' is not a port"),
        (["--seats", "0"], "'0' is no number of seats: a whole number from 1 to 10000"),
        (["--base-url", "/a b/"], "'/a b/' is no path of an address: such as /course/"),
        (["--base-url", "/../x"], "'/../x' is no path of an address"),
        (["--prewarm", "some"], "'some' is no number of lessons: a whole number from 0 to 100"),
        (["--prewarm", "-1"], "--prewarm"),
        (["--token", "short"], "this is no token: it needs 8 to 200 letters, digits and . _ ~ -"),
        (["--token", "white space and more"], "this is no token"),
        (["--public-name", "http://x/"], "'http://x/' is no name of a host: such as course."),
        (["--log", "xml"], "invalid choice: 'xml'"),
        (["--prot"], "unrecognized arguments: --prot"),
        (["sevre"], "invalid choice: 'sevre'"),
    ],
)
def test_wrong_arguments_are_told(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(
    taken: int, notebooks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(notebooks), "--port", str(taken)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"nbtutor: port {taken} is already in use: choose another one")


def test_a_folder_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(tmp_path / "nowhere")]) == 1
    assert "nowhere: there is no such folder" in capsys.readouterr().err


def test_a_host_that_is_not_this_machine_is_told() -> None:
    with pytest.raises(CannotStart, match=r"--host 203\.0\.113\.7: this machine has no such"):
        open_sockets("203.0.113.7", 0)


def test_the_next_free_port_is_taken_where_none_is_asked_for(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "DEFAULT_PORT", taken)
    opened = open_sockets("127.0.0.1", None)
    try:
        assert taken < opened[0].getsockname()[1] < taken + 50
    finally:
        for each in opened:
            each.close()


def test_it_says_where_it_is_once_and_nothing_else(notebooks: Path) -> None:
    with running_server(notebooks) as server:
        assert server.request("/").status == 200
        server.stop()
        assert server.output == [f"nbtutor is ready at {server.url} (Ctrl-C stops it)"]
        assert server.messages == ""
