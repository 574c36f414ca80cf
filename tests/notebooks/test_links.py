"""The links to the lessons: what is committed is what the tool writes, and each leads somewhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest

from nbtutor.serve.course import list_lessons
from tests.notebooks.save_links import BADGE, CELL, save_links

GITHUB = "https://github.com/some-owner/some.name"
ELSEWHERE = "https://git.example.org/a/b/course.git"
URLS = '[project.urls]\nRepository = "{}"\n\n[project.scripts]'


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of what the links are made from and written to."""
    shutil.copytree(root / "notebooks", tmp_path / "notebooks")
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    return tmp_path


def publish(tree: Path, repository: str) -> None:
    """Give the tree a public address, and write its links."""
    path = tree / "pyproject.toml"
    text = re.sub(r"^\[project\.urls\]\n(?:\w.*\n)+\n", "", path.read_text("utf-8"), flags=re.M)
    path.write_text(text.replace("[project.scripts]", URLS.format(repository)), "utf-8")
    save_links(tree)


def texts(tree: Path) -> dict[str, str]:
    """Every file that the tool writes."""
    paths = [tree / "README.md", *sorted((tree / "notebooks").glob("*.ipynb"))]
    return {path.name: path.read_text("utf-8") for path in paths}


def live(path: Path) -> str:
    """The cell of a notebook that says where the lesson is live."""
    *_, last = nbformat.read(path, as_version=4).cells
    assert last.id == CELL
    text: str = last.source
    return text


def places(text: str) -> list[str]:
    """Where on the server the links to Binder in a text lead."""
    links = [urlsplit(link) for link in re.findall(r"\((https://mybinder\.org/v2/[^)]*)\)", text)]
    return [parse_qs(link.query)["urlpath"][0] for link in links]


def test_what_is_committed_is_what_the_tool_writes(root: Path, tree: Path) -> None:
    save_links(tree)
    assert texts(tree) == texts(root), "run: python -m tests.notebooks.save_links"


@pytest.mark.parametrize("repository", [GITHUB, ELSEWHERE])
def test_each_lesson_has_a_link_as_page_and_as_notebook(tree: Path, repository: str) -> None:
    publish(tree, repository)
    lessons = sorted((tree / "notebooks").glob("*.ipynb"))
    readme = places((tree / "README.md").read_text("utf-8"))
    assert readme[0] == "voila/tree/notebooks"
    assert (tree / readme[0].removeprefix("voila/tree/")).is_dir()
    for path in lessons:
        page, notebook = places(live(path))
        assert tree / page.removeprefix("voila/render/") == path
        assert tree / notebook.removeprefix("lab/tree/") == path
    assert readme[1:] == [place for path in lessons for place in places(live(path))]


@pytest.mark.parametrize(
    ("repository", "source"),
    [
        (GITHUB, "gh/some-owner/some.name/HEAD"),
        (f"{GITHUB}.git", "gh/some-owner/some.name/HEAD"),
        (ELSEWHERE, f"git/{ELSEWHERE}/HEAD"),
    ],
)
def test_a_link_names_the_repository_as_binder_does(
    tree: Path, repository: str, source: str
) -> None:
    publish(tree, repository)
    (link,) = re.findall(rf"\[!\[[^]]*\]\({re.escape(BADGE)}\)\]\((\S+)\)", readme_of(tree))
    path = urlsplit(link).path.removeprefix("/v2/")
    assert unquote(path) == source
    # An address is one part of the path.
    assert path.count("/") == (3 if source.startswith("gh") else 2)


def test_a_notebook_asks_no_other_host_for_a_picture(tree: Path) -> None:
    publish(tree, GITHUB)
    for path in (tree / "notebooks").glob("*.ipynb"):
        assert "![" not in live(path)
        assert "<" not in live(path)


def test_an_address_is_changed_and_taken_back(root: Path, tree: Path) -> None:
    publish(tree, GITHUB)
    once = texts(tree)
    publish(tree, ELSEWHERE)
    assert "some-owner" not in "".join(texts(tree).values())
    publish(tree, GITHUB)
    assert texts(tree) == once
    shutil.copy(root / "pyproject.toml", tree)
    save_links(tree)
    assert texts(tree) == texts(root)


def test_an_address_that_is_none_is_refused(tree: Path) -> None:
    with pytest.raises(ValueError, match=r"Repository = 'owner/name' in pyproject\.toml is no pub"):
        publish(tree, "owner/name")


def test_the_readme_names_the_lessons_that_there_are(root: Path) -> None:
    first, *others = list_lessons(root / "notebooks")
    rows = re.findall(r"^\| \[(\d\d) (.+)\]\((\S+)\) \|", readme_of(root), flags=re.M)
    assert rows == [(each.number, each.title, f"notebooks/{each.path}") for each in others]
    assert f"[{first.title}](notebooks/{first.path})" in readme_of(root)


def readme_of(tree: Path) -> str:
    return (tree / "README.md").read_text("utf-8")
