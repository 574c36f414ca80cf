"""The list of lessons."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbtutor.serve import course
from nbtutor.serve.course import find_notebooks, list_lessons
from nbtutor.serve.errors import CannotStart
from nbtutor.serve.pages import course_context
from tests.serve.server import write_lesson


def test_lessons_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("10-last", "00-first", "02-second"):
        write_lesson(tmp_path / f"{name}.ipynb", name.title())
    assert [lesson.number for lesson in list_lessons(tmp_path)] == ["00", "02", "10"]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("Plain", "Plain"),
        ("The **bold** and the *slanted* `code`", "The bold and the slanted code"),
        ("See [the docs](https://example.org/a_b)", "See the docs"),
        ("Trailing marks ##", "Trailing marks"),
        ("2 * 3 * 4 stays", "2 * 3 * 4 stays"),
    ],
)
def test_a_title_is_plain_text(tmp_path: Path, heading: str, title: str) -> None:
    write_lesson(tmp_path / "00-a.ipynb", heading)
    assert list_lessons(tmp_path)[0].title == title


def test_the_summary_is_the_first_paragraph(tmp_path: Path) -> None:
    write_lesson(tmp_path / "00-a.ipynb", "A", summary="One\nline.\n\nAnother paragraph.")
    assert list_lessons(tmp_path)[0].summary == "One line."


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": [{}]}', '{"cells": 3}', "\xff"])
def test_a_broken_notebook_is_listed_by_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "03-learning_rate.ipynb").write_text(content, encoding="latin-1")
    lesson = list_lessons(tmp_path)[0]
    assert (lesson.number, lesson.title, lesson.summary) == ("03", "Learning rate", "")


def test_an_edited_lesson_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "00-a.ipynb"
    write_lesson(path, "Before")
    assert list_lessons(tmp_path)[0].title == "Before"
    write_lesson(path, "After")
    os.utime(path, ns=(1, 1))
    assert list_lessons(tmp_path)[0].title == "After"


def test_neighbours(tmp_path: Path) -> None:
    for name in ("0", "1", "2"):
        write_lesson(tmp_path / f"{name}.ipynb", name)
    found = [
        tuple(context[key] and context[key]["title"] for key in ("previous", "lesson", "next"))
        for context in (course_context(tmp_path, "/", f"{name}.ipynb") for name in ("0", "1", "2"))
    ]
    assert found == [(None, "0", "1"), ("0", "1", "2"), ("1", "2", None)]
    start = course_context(tmp_path, "/")
    assert (start["previous"], start["lesson"], start["next"]) == (None, None, None)


def test_addresses_follow_the_base_url_and_are_quoted(tmp_path: Path) -> None:
    write_lesson(tmp_path / "00 what?.ipynb", "What")
    context = course_context(tmp_path, "/course/")
    assert context["lessons"][0]["url"] == "/course/voila/render/00%20what%3F.ipynb"


def test_notebooks_inside_the_package_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "nbtutor"
    package.mkdir()
    monkeypatch.setattr(course, "_PACKAGE", package)
    (tmp_path / "notebooks").mkdir()
    # Without a project beside it, that folder is somebody else's.
    with pytest.raises(CannotStart, match="notebooks are missing"):
        find_notebooks()
    (tmp_path / "pyproject.toml").touch()
    assert find_notebooks() == tmp_path / "notebooks"
    (package / "notebooks").mkdir()
    assert find_notebooks() == package / "notebooks"
