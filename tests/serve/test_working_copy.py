"""A learner's files are never overwritten."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtutor.serve.errors import CannotStart
from nbtutor.serve.working_copy import copy_new
from tests.conftest import FullDisk

names = st.sampled_from(["00-a.ipynb", "01-b.ipynb", "02-c.ipynb", "pictures/p.png"])
folders = st.dictionaries(names, st.binary(max_size=20))


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@given(course=folders, mine=folders)
def test_what_is_there_stays_and_what_is_missing_comes(
    course: dict[str, bytes], mine: dict[str, bytes]
) -> None:
    with tempfile.TemporaryDirectory() as top:
        source, folder = Path(top, "course"), Path(top, "mine")
        source.mkdir()
        _write(source, course)
        _write(folder, mine)
        result = copy_new(source, folder)
        assert _read(folder) == {**course, **mine}
        assert set(result.added) == course.keys() - mine.keys()
        assert set(result.kept) == {n for n in course.keys() & mine if course[n] != mine[n]}
        assert set(result.same) == {n for n in course.keys() & mine if course[n] == mine[n]}
        again = copy_new(source, folder)
        assert again.added == ()
        assert again.kept == result.kept


def test_traces_of_editors_are_not_copied(tmp_path: Path) -> None:
    source = tmp_path / "course"
    _write(
        source,
        {
            "00-a.ipynb": b"a",
            ".ipynb_checkpoints/00-a-checkpoint.ipynb": b"b",
            "__pycache__/x.pyc": b"c",
        },
    )
    assert copy_new(source, tmp_path / "mine").added == ("00-a.ipynb",)


def test_a_folder_or_a_dangling_link_of_that_name_is_kept(tmp_path: Path) -> None:
    source, folder = tmp_path / "course", tmp_path / "mine"
    _write(source, {"00-a.ipynb": b"a", "01-b.ipynb": b"b"})
    (folder / "00-a.ipynb").mkdir(parents=True)
    (folder / "01-b.ipynb").symlink_to(tmp_path / "nowhere")
    assert copy_new(source, folder).kept == ("00-a.ipynb", "01-b.ipynb")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    source = tmp_path / "course"
    _write(source, {"00-a.ipynb": b"a"})
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(CannotStart, match="mine"):
        copy_new(source, tmp_path / "mine")


def test_a_disk_that_takes_no_more(tmp_path: Path, full_disk: FullDisk) -> None:
    source, folder = tmp_path / "course", tmp_path / "mine"
    _write(source, {"00-a.ipynb": b"a", "01-b.ipynb": b"b" * 9_000, "02-c.ipynb": b"c"})
    with full_disk(2_000), pytest.raises(CannotStart, match=r"cannot copy the notebooks to .*mine"):
        copy_new(source, folder)
    # No half of a lesson stays, which would be taken for the learner's own.
    assert _read(folder) == {"00-a.ipynb": b"a"}
    copy_new(source, folder)
    assert _read(folder) == _read(source)
