"""The built site: its pages as they are without a script, and what is refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbtutor.serve.command import main
from nbtutor.serve.course import find_notebooks
from nbtutor.serve.errors import CannotStart
from nbtutor.serve.site.build import MARK, build_site
from nbtutor.serve.site.markdown import to_html
from nbtutor.serve.site.pages import Kernel, write_pages
from nbtutor.serve.site.pyodide import DEFAULT, find_pyodide
from tests.serve.server import write_lesson

ADDRESS = re.compile(r"""(?:src|href)="([^"]*)"|url\(([^)]*)\)""")


def quiet(_: str) -> None:
    """Print nothing."""


def lesson_data(page: Path) -> dict[str, Any]:
    found = re.search(r'id="nbt-lesson-data">(.*?)</script>', page.read_text("utf-8"))
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_each_lesson_has_a_page_with_its_text_and_pictures(site: Path) -> None:
    lessons = sorted(find_notebooks().glob("*.ipynb"))
    assert [path.stem for path in sorted((site / "lessons").glob("*.html"))] == [
        path.stem for path in lessons
    ]
    for path in lessons:
        page = (site / "lessons" / f"{path.stem}.html").read_text("utf-8")
        assert 'class="nbt-still" alt="' in page
        assert 'alt=""' not in page
        assert page.count("<h1") == 1
        # The last cell is for readers of the notebook.
        assert "The lesson is live where" in path.read_text("utf-8")
        assert "The lesson is live where" not in page
        # Formulas need no script.
        visible = re.sub(
            r"<script.*?</script>|<(?:code|pre).*?</(?:code|pre)>", "", page, flags=re.S
        )
        assert not re.search(r"\$|\\[a-z]+\{", visible)


def test_every_address_leads_to_a_file_of_the_site(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) == 7
    for page in pages:
        addresses = {first or second for first, second in ADDRESS.findall(page.read_text("utf-8"))}
        for address in addresses:
            if not address.startswith(("data:", "#")):
                assert "://" not in address, f"{page.name}: {address}"
                assert (page.parent / address).is_file(), f"{page.name}: {address}"


def test_a_page_knows_what_its_kernel_fetches(site: Path) -> None:
    page = site / "lessons" / "00-playground.html"
    data = lesson_data(page)
    for address in (*data["wheels"], *data["modules"].values(), f"{data['pyodide']}pyodide.mjs"):
        assert (page.parent / address).is_file()
    assert any("numpy" in address for address in data["sizes"])
    for address, size in data["sizes"].items():
        assert (page.parent / address).stat().st_size == size
    assert "nbtutor.Playground" in data["cells"][0]["source"]


def test_the_list_of_packages_names_what_is_there(site: Path) -> None:
    lock = json.loads((site / "pyodide/pyodide-lock.json").read_text("utf-8"))
    assert "numpy" in lock["packages"]
    for package in lock["packages"].values():
        assert (site / "pyodide" / package["file_name"]).is_file()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "notebooks"
    made.mkdir()
    return made


KERNEL = Kernel("https://example.org/pyodide/", ["wheels/a.whl"], {"wheels/a.whl": 7}, {})


def test_an_address_elsewhere_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    write_lesson(folder / "01-one.ipynb", "One", "1")
    write_pages(folder, tmp_path / "site", KERNEL, "")
    data = lesson_data(tmp_path / "site/lessons/01-one.html")
    assert data["pyodide"] == "https://example.org/pyodide/"
    assert data["wheels"] == ["../wheels/a.whl"]


def test_a_cell_cannot_close_its_script(folder: Path, tmp_path: Path) -> None:
    source = "x = '</script><script>alert(1)</script>'"
    write_lesson(folder / "01-one.ipynb", "<b>One</b>", source)
    write_pages(folder, tmp_path / "site", KERNEL, "")
    page = tmp_path / "site/lessons/01-one.html"
    assert lesson_data(page)["cells"][0]["source"] == source
    assert "alert(1)</script>" not in page.read_text("utf-8")
    assert "<title>&lt;b&gt;One" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("markdown", "wanted"),
    [
        ("[next](08-learning-rate.ipynb)", 'href="08-learning-rate.html"'),
        ("[part](08-learning-rate.ipynb#try)", 'href="08-learning-rate.html#try"'),
        ("[far](https://example.org/a.ipynb)", 'href="https://example.org/a.ipynb"'),
        ("$w_1 x$", "<msub><mi>w</mi><mn>1</mn></msub>"),
        ("$$\\frac{1}{2}$$", 'display="block"'),
        ("```python\nx = 1\n```", '<pre tabindex="0">'),
    ],
)
def test_markdown(markdown: str, wanted: str) -> None:
    assert wanted in to_html(markdown)


def test_a_folder_that_holds_something_else_is_left_alone(pyodide: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(CannotStart, match="holds something else; give a new or an empty one"):
        build_site(find_notebooks(), tmp_path, str(pyodide), quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_site_does_not_go_into_the_notebooks(
    pyodide: Path, folder: Path, tmp_path: Path
) -> None:
    write_lesson(folder / "01-one.ipynb", "One", "1")
    with pytest.raises(CannotStart, match="inside the folder of the notebooks"):
        build_site(folder, folder / "out", str(pyodide), quiet)
    assert [path.name for path in folder.iterdir()] == ["01-one.ipynb"]


def test_an_earlier_site_is_built_anew(pyodide: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_lesson(folder / "01-one.ipynb", "One", "1")
    assert [each.title for each in build_site(folder, out, str(pyodide), quiet).lessons] == ["One"]
    (folder / "01-one.ipynb").rename(folder / "02-two.ipynb")
    built = build_site(folder, out, str(pyodide), quiet)
    assert [path.name for path in (out / "lessons").iterdir()] == ["02-two.html"]
    assert (out / MARK).is_file()
    files = [path for path in out.rglob("*") if path.is_file()]
    assert (built.files, built.size) == (len(files), sum(path.stat().st_size for path in files))
    # Without what JupyterLite's kernel asks for, there is no JupyterLite; it is said which.
    assert "sqlite3" in built.missing
    assert not (out / "notebooks").exists()


def test_a_broken_pyodide_is_refused_before_anything_is_written(
    pyodide: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "pyodide"
    broken.mkdir()
    for path in pyodide.iterdir():
        (broken / path.name).symlink_to(path)
    (numpy,) = broken.glob("numpy-*.whl")
    numpy.unlink()
    with pytest.raises(CannotStart, match=rf"{re.escape(numpy.name)} is missing"):
        find_pyodide(str(broken))
    numpy.write_bytes(b"something else")
    with pytest.raises(CannotStart, match="is not the file that its list of packages says"):
        find_pyodide(str(broken))
    (broken / "pyodide.mjs").unlink()
    with pytest.raises(CannotStart, match=r"holds no pyodide\.mjs"):
        build_site(find_notebooks(), tmp_path / "out", str(broken), quiet)
    assert not (tmp_path / "out").exists()


def test_a_package_may_be_written_in_several_ways(pyodide: Path, tmp_path: Path) -> None:
    for path in pyodide.iterdir():
        (tmp_path / path.name).symlink_to(path)
    lock = json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))
    lock["packages"]["numpy"]["depends"] = ["Open_BLAS"]
    lock["packages"]["open-blas"] = {"file_name": "blas.whl", "sha256": "", "depends": []}
    (tmp_path / "pyodide-lock.json").unlink()
    (tmp_path / "pyodide-lock.json").write_text(json.dumps(lock), "utf-8")
    with pytest.raises(CannotStart, match=r"blas\.whl is missing"):
        find_pyodide(str(tmp_path))


@pytest.mark.parametrize("source", ["nowhere", "ftp://example.org/pyodide"])
def test_a_pyodide_that_is_nowhere_is_refused(source: str) -> None:
    with pytest.raises(CannotStart, match=f"--pyodide {source}: neither an address .* nor"):
        find_pyodide(source)


def test_an_address_is_taken_as_a_folder() -> None:
    assert find_pyodide("https://example.org/p").address == "https://example.org/p/"
    assert find_pyodide(DEFAULT).address == DEFAULT


def test_the_command(
    pyodide: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lesson(folder / "01-one.ipynb", "One", "1")
    out = tmp_path / "out"
    arguments = ["site", str(out), "--pyodide", str(pyodide), "--notebooks", str(folder)]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert f"{out} holds 1 lesson in " in said
    assert "A learner's first lesson fetches " in said
    assert "One" in (out / "index.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "OUT is missing: nbtutor site OUT"),
        (("out", "--notebooks", "gone"), "--notebooks gone: there is no such folder"),
        (("out", "--notebooks", "empty"), "empty holds no notebooks"),
        (("out", "--pyodide", "gone"), "--pyodide gone: neither an address"),
    ],
)
def test_the_command_says_what_is_wrong(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(["site", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_the_command_says_how_to_get_what_is_missing(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['latex2mathml'] = None; "
        "from nbtutor.serve.command import main; sys.exit(main(['site', 'out']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "latex2mathml, which is not installed here: python -m pip install" in result.stderr
    assert "Traceback" not in result.stderr
