"""The files that a run is saved as, read back by other means."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nbtutor
from nbtutor.engine import ParameterError
from nbtutor.engine.datasets import DATASETS
from nbtutor.widgets.exports import EXPORTS, make_file

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground("moons", points=60, noise=0.1)
    made.train(4)
    yield made
    made.close()


def test_the_table_has_every_number_of_the_history(playground: nbtutor.Playground) -> None:
    data = make_file(playground, "csv").data
    table = np.genfromtxt(io.BytesIO(data), delimiter=",", names=True)
    assert len(table) == 5
    assert table.dtype.names == (
        *("epoch", "update", "train_loss", "validation_loss"),
        *("train_accuracy", "validation_accuracy", "learning_rate"),
    )
    for name in table.dtype.names:
        np.testing.assert_array_equal(table[name], getattr(playground.history, name))
    assert playground.to_csv().encode() == data


def test_there_is_no_accuracy_in_the_table_of_regression() -> None:
    playground = nbtutor.Playground("sine", points=60)
    playground.train(1)
    rows = list(csv.DictReader(io.StringIO(playground.to_csv())))
    assert [row["train_accuracy"] for row in rows] == ["", ""]
    assert float(rows[1]["train_loss"]) == playground.history.train_loss[1]
    playground.close()


def test_settings_make_the_same_playground(playground: nbtutor.Playground) -> None:
    document = json.loads(make_file(playground, "json").data)
    again = nbtutor.Playground(**document["settings"])
    again.train(4)
    assert again.history.train_loss.tolist() == playground.history.train_loss.tolist()
    again.close()


@pytest.mark.parametrize("dataset", DATASETS)
def test_pictures_of_all_problems(dataset: str) -> None:
    playground = nbtutor.Playground(dataset, points=60)
    playground.train(1)
    png, svg = (make_file(playground, kind).data for kind in ("png", "svg"))
    assert png.startswith(PNG)
    assert int.from_bytes(png[16:20]) == 1800  # 9 inches of 200 dots
    assert int.from_bytes(png[20:24]) == 800
    root = ET.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<script" not in svg
    playground.close()


@pytest.mark.parametrize("library", ["numpy", "pytorch", "keras", "sklearn"])
def test_programs(playground: nbtutor.Playground, library: str) -> None:
    file = make_file(playground, library)
    assert file.name == f"nbtutor-moons-{library}.py"
    assert file.data.decode() == playground.to_code(library)
    compile(file.data, file.name, "exec")


def test_the_program_that_is_saved_ends_at_the_runs_losses(
    playground: nbtutor.Playground,
) -> None:
    program = make_file(playground, "numpy").data
    run = subprocess.run([sys.executable, "-"], input=program, capture_output=True, check=True)
    last = run.stdout.decode().splitlines()[-1]
    loss = float(last.split()[4].rstrip(","))
    assert loss == pytest.approx(playground.history.train_loss[-1], abs=1e-5)


def test_names_are_fit_for_files() -> None:
    playground = nbtutor.Playground("multi_gaussian", points=60)
    names = [make_file(playground, what).name for what in ("csv", "json", "numpy")]
    assert names == [
        "nbtutor-multi-gaussian.csv",
        "nbtutor-multi-gaussian-settings.json",
        "nbtutor-multi-gaussian-numpy.py",
    ]
    assert len({(export.label, export.ending) for export in EXPORTS.values()}) == len(EXPORTS)
    playground.close()


def test_an_unknown_file_is_refused(playground: nbtutor.Playground) -> None:
    with pytest.raises(ParameterError, match="'csv'"):
        make_file(playground, "csw")


# The wire.


@pytest.fixture
def sent(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[dict[str, Any], Any]]:
    messages: list[tuple[dict[str, Any], Any]] = []
    hub = playground.views.status
    monkeypatch.setattr(
        hub, "send", lambda content, buffers=None: messages.append((content, buffers))
    )
    return messages


def test_the_page_gets_the_file_it_asks_for(
    playground: nbtutor.Playground, sent: list[tuple[dict[str, Any], Any]]
) -> None:
    playground.playing = True
    sent.clear()
    playground.views.status._handle_custom_msg({"type": "export", "what": "csv"}, [])
    ((content, buffers),) = sent
    assert content == {
        "type": "file",
        "what": "csv",
        "name": "nbtutor-moons.csv",
        "mime": "text/csv",
    }
    assert buffers == [playground.to_csv().encode()]
    assert playground.playing


def test_a_program_that_cannot_be_made_is_told_and_the_run_goes_on(
    playground: nbtutor.Playground, sent: list[tuple[dict[str, Any], Any]]
) -> None:
    playground.activation = "gelu"
    playground.playing = True
    sent.clear()
    playground.views.status._handle_custom_msg({"type": "export", "what": "sklearn"}, [])
    ((content, _),) = sent
    assert content["type"] == "error"
    assert content["message"].startswith("The file cannot be made. ")
    assert playground.playing


def test_the_menu_lists_every_file(playground: nbtutor.Playground) -> None:
    listed = [tuple(pair) for pair in playground.views.share.files]
    assert listed == [(name, export.label) for name, export in EXPORTS.items()]
