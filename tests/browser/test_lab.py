"""A learner's session in JupyterLab."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.board import Board
from tests.browser.conftest import PLAYGROUND, Watch
from tests.browser.lesson import LessonPage
from tests.browser.test_diagram import type_number
from tests.browser.test_draw import TABLE, open_tools, place
from tests.browser.test_gallery import choose, open_sweep
from tests.browser.test_slow_motion import go_on, panel, start
from tests.browser.test_timeline import scrub, train
from tests.browser.wire import Traffic
from tests.serve.server import Server, running_server, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where JupyterLab keeps what was open last, to open it again: not in the user's home."""
    return tmp_path_factory.mktemp("workspaces")


@pytest.fixture
def lab(tmp_path: Path, workspaces: Path) -> Iterator[tuple[Server, Path]]:
    """``nbtutor lab`` with an empty working folder."""
    folder = tmp_path / "course"
    own = f"import os; os.environ['JUPYTERLAB_WORKSPACES_DIR'] = {str(workspaces)!r}"
    with running_server(folder, command="lab", program=own) as running:
        yield running, folder


@pytest.fixture
def page(
    lab: tuple[Server, Path], new_context: Callable[..., BrowserContext], watch: Watch
) -> Iterator[Page]:
    # JupyterLab asks for themes and settings that a fresh user does not have.
    watch.allow(r"Failed to load resource: the server responded with a status of 404")
    context = new_context(viewport={"width": 1600, "height": 1000})
    yield context.new_page()
    # Before the server stops, or the page would complain that it is gone.
    for page in context.pages:
        page.close()


def notebook_url(server: Server, lesson: str) -> str:
    address, _, token = server.url.partition("?")
    # Each lesson has a workspace of its own, in which no other is open.
    place = "" if lesson == PLAYGROUND else f"/workspaces/{lesson[:2]}"
    return f"{address.removesuffix('/lab')}/lab{place}/tree/{lesson}?{token}"


def open_notebook(page: Page, server: Server, link: str = "", lesson: str = PLAYGROUND) -> Board:
    """Open a lesson's notebook and wait until its kernel is there."""
    board = Board(page, Traffic(page), server)
    page.set_default_timeout(30_000)
    page.goto(notebook_url(server, lesson) + link)
    expect(page.locator(".jp-Notebook h1")).to_be_visible(timeout=60_000)
    expect(page.locator(".jp-Notebook-ExecutionIndicator").first).to_have_attribute(
        "data-status", "idle", timeout=30_000
    )
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=30_000)
    return board


def menu(page: Page, name: str, item: str) -> None:
    page.get_by_role("menubar").get_by_text(name, exact=True).click()
    page.locator(".lm-Menu-item", has_text=re.compile(f"^{re.escape(item)}")).first.click()


@pytest.mark.timeout(240)
def test_a_session(page: Page, lab: tuple[Server, Path], watch: Watch) -> None:
    server, folder = lab
    board = open_notebook(page, server)
    notebook = page.locator(".jp-Notebook")
    # Before anything runs, the notebook shows its static picture.
    expect(notebook.locator(".jp-OutputArea img").first).to_be_visible()

    menu(page, "Run", "Run All Cells")
    board.view("plane").first.wait_for(timeout=60_000)
    page.locator(".nbt-board").first.scroll_into_view_if_needed()
    expect(board.view("plane")).to_have_attribute("data-seq", re.compile(r"\d+"), timeout=60_000)

    board.button("Play").click()
    board.wait_for_epoch(3, view="plane")
    board.press("Learning rate", "ArrowRight")
    expect(board.curves).to_have_accessible_name(re.compile("learning rate 0.03 → 0.1"))
    board.wait_for_epoch(board.epoch + 3, view="plane")

    # Saved, it holds a picture and no stream.
    page.locator(".jp-Notebook").first.click(position={"x": 5, "y": 5})
    page.keyboard.press("ControlOrMeta+s")
    wait_until(lambda: has_widget(folder / PLAYGROUND))
    assert (folder / PLAYGROUND).stat().st_size < 2_000_000
    board.wait_for_epoch(board.epoch + 3, view="plane")

    # A kernel that starts again has forgotten the run, and the board says so.
    watch.allow(r"Cannot send|Widget model|widget model|model not found|Model class")
    menu(page, "Kernel", "Restart Kernel…")
    page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    expect(board.sentence).to_have_text(
        re.compile("The kernel does not answer. If it has stopped, run the notebook again"),
        timeout=30_000,
    )
    menu(page, "Run", "Run All Cells")
    # A board is painted when it comes into sight, and JupyterLab has scrolled to the last cell.
    expect(page.locator(".nbt-board")).to_have_count(1, timeout=60_000)
    expect(board.view("status")).to_be_attached(timeout=60_000)
    board.view("status").scroll_into_view_if_needed()
    expect(board.sentence).to_have_text(re.compile("Press Play"), timeout=30_000)
    board.button("Play").click()
    board.wait_for_epoch(3, view="plane")
    board.button("Pause").click()
    expect(board.view("plane")).to_have_attribute("data-state", "paused")
    # JupyterLab asks everybody whether it may fetch news, and here there are none.
    expect(page.get_by_text(re.compile("Jupyter news"))).to_have_count(0)


@pytest.mark.timeout(240)
def test_keys_in_a_notebook_are_the_playgrounds(page: Page, lab: tuple[Server, Path]) -> None:
    server, _ = lab
    board = open_notebook(page, server)
    menu(page, "Run", "Run All Cells")
    board.view("status").wait_for(timeout=60_000)
    board.view("status").scroll_into_view_if_needed()
    cells = page.locator(".jp-Notebook .jp-Cell")
    count = cells.count()
    page.locator(".nbt-heading", has_text="Network").click()
    page.keyboard.press("e")
    updates = board.view("status").locator("[data-value=updates] dd")
    expect(updates).to_have_text("25")
    # JupyterLab's own: delete the cell, add one above or below, cut it, make it text.
    for key in ("d", "d", "a", "b", "x", "m"):
        page.keyboard.press(key)
    page.keyboard.press(".")
    expect(updates).to_have_text("26")
    board.button("Reset").focus()
    for key in ("d", "d", "x", "Enter"):
        page.keyboard.press(key)
    expect(updates).to_have_text("0")
    assert cells.count() == count
    # With Ctrl, and outside, its keys are its own.
    with page.expect_response(re.compile("/api/contents/")):
        page.keyboard.press("ControlOrMeta+s")
    page.locator(".jp-Notebook .jp-MarkdownCell").first.click(position={"x": 5, "y": 5})
    page.keyboard.press("b")
    expect(cells).to_have_count(count + 1)


@pytest.mark.timeout(240)
def test_two_tabs_on_one_kernel_share_one_clock(page: Page, lab: tuple[Server, Path]) -> None:
    server, folder = lab
    one = open_notebook(page, server)
    menu(page, "Run", "Run All Cells")
    one.view("plane").first.wait_for(timeout=60_000)
    page.keyboard.press("ControlOrMeta+s")
    wait_until(lambda: has_widget(folder / PLAYGROUND))

    other = open_notebook(page.context.new_page(), server)
    other.view("plane").first.wait_for(timeout=60_000)
    for board in (one, other):
        board.page.locator(".nbt-board").first.scroll_into_view_if_needed()
    one.button("Play").click()
    one.wait_for_epoch(10, view="plane")
    other.wait_for_epoch(one.epoch, view="plane")
    other.button("Pause").click()
    for board in (one, other):
        expect(board.view("plane")).to_have_attribute("data-state", "paused")
        board.idle()
    assert one.read()["plane"]["seq"] == other.read()["plane"]["seq"]
    assert one.epoch == other.epoch
    # Both asked; each picture was made once, went to both, and was one epoch at most.
    played = [f.custom for f in other.traffic.frames if f.custom["state"] == "playing"]
    numbers = [frame["seq"] for frame in played]
    assert numbers == sorted(set(numbers))
    for before, after in itertools.pairwise(played):
        assert after["epoch"] - before["epoch"] <= after["seq"] - before["seq"]
    assert one.traffic.ticks != []
    assert other.traffic.ticks != []


def has_widget(path: Path) -> bool:
    """Whether the saved notebook shows the live widget, with a picture for those without one."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except ValueError:  # it is being written
        return False
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return any("application/vnd.jupyter.widget-view+json" in part for part in data)


@pytest.mark.timeout(240)
def test_a_link_opens_in_a_notebook(page: Page, lab: tuple[Server, Path]) -> None:
    server, _ = lab
    board = open_notebook(page, server, "#nbt=1;dataset=spiral;hidden=8,8;seed=3;lock=seed")
    menu(page, "Run", "Run All Cells")
    board.view("status").wait_for(timeout=60_000)
    board.view("status").scroll_into_view_if_needed()
    expect(board.sentence).to_have_text("The settings of the link are here. Press Play.")
    expect(board.page.get_by_role("spinbutton", name="Units in layer 2")).to_have_value("8")
    # An address that is copied here has no key to the server.
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    board.button("Copy link").click()
    expect(board.sentence).to_have_text("Link copied.")
    address = page.evaluate("() => navigator.clipboard.readText()")
    assert "token" not in address
    assert address.endswith("#nbt=1;dataset=spiral;hidden=8,8;seed=3;lock=seed")
    with page.expect_download() as download:
        board.button("Save").click()
        board.button("Run as CSV").click()
    assert download.value.suggested_filename == "nbtutor-spiral.csv"


@pytest.mark.timeout(300)
def test_every_part_of_the_board_in_a_notebook(page: Page, lab: tuple[Server, Path]) -> None:
    server, _ = lab
    board = open_notebook(page, server)
    menu(page, "Run", "Run All Cells")
    board.view("status").wait_for(timeout=60_000)
    board.view("status").scroll_into_view_if_needed()
    expect(board.view("plane")).to_have_attribute("data-seq", re.compile(r"\d+"))

    # The network's diagram: a layer more, and a weight by hand.
    board.button("Add a layer").click()
    expect(page.get_by_role("spinbutton", name="Units in layer 3")).to_be_visible()
    type_number(board, "Bias of hidden 1, unit 2", "1.5")

    # Slow motion, with the numbers in the formulas.
    start(board)
    go_on(board, 2)
    expect(panel(board)).to_contain_text("tanh(")
    board.button("Leave").click()
    expect(panel(board)).to_be_hidden()

    # Points drawn with mouse and keys; a table pasted; back to generated ones.
    pad = open_tools(board)
    page.mouse.click(*place(pad, -5, -5))
    expect(board.sentence).to_have_text(re.compile("501 points"))
    pad.focus()
    for key in ("2", "ArrowRight", "Enter"):
        pad.press(key)
    expect(board.sentence).to_have_text(re.compile("502 points"))
    board.button("CSV…").click()
    page.get_by_role("textbox", name="Table").fill(TABLE)
    board.button("Use these points").click()
    expect(board.sentence).to_have_text(re.compile("40 points"))
    board.button("Draw").click()
    board.choose_data("Moons")

    # Replicas, verdict with layers and scores; scrubbing, and a run kept.
    board.control("Replicas").select_option(label="10")
    train(board, 5)
    expect(board.view("replicas").locator(".nbt-spread-entry")).to_have_count(4)
    board.button("Scores").click()
    expect(board.view("verdict").locator(".nbt-confusion").first).to_be_visible()
    board.button("Layers").click()
    expect(board.view("verdict").get_by_role("row", name=re.compile("^Hidden 1 "))).to_be_visible()
    board.button("Layers").click()
    epoch = scrub(board, "ArrowLeft", "ArrowLeft")
    board.button("Play").click()
    board.wait_for_epoch(epoch + 2, "plane")
    board.button("Pause").click()
    expect(page.get_by_role("button", name=re.compile("kept"))).to_be_visible()

    # The sweep of rates, and an example.
    sweep = open_sweep(board)
    sweep.get_by_role("button", name="Start the sweep").click()
    expect(sweep).to_have_attribute("data-state", "done", timeout=60_000)
    page.keyboard.press("Escape")
    choose(board, "xor_without_hidden")
    expect(board.view("status")).to_have_attribute("data-state", "idle")
    board.check_no_bad_numbers()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "name",
    [
        "10-bias-variance",
        *(  # made of the same parts
            pytest.param(name, marks=pytest.mark.soak)
            for name in ("01-activation", "08-learning-rate", "09-batch-size", "14-regularise")
        ),
    ],
)
def test_a_lesson_in_a_notebook(page: Page, lab: tuple[Server, Path], name: str) -> None:
    server, _ = lab
    open_notebook(page, server, lesson=f"{name}.ipynb")
    # The picture stands in for the board until it is there.
    expect(page.locator(".jp-OutputArea img").first).to_be_attached()
    menu(page, "Run", "Run All Cells")
    lesson = LessonPage(page)
    for part in ("prediction", "stage", "exercises", "program"):
        lesson.part(part).scroll_into_view_if_needed(timeout=60_000)
        expect(lesson.part(part)).to_have_attribute("data-seq", re.compile(r"\d"))
    question = lesson.part("prediction")
    question.get_by_role("radio").first.check()
    question.get_by_role("button", name="This is my answer").click()
    expect(question.get_by_role("status")).not_to_be_empty()
    lesson.stage.scroll_into_view_if_needed()
    if name == "01-activation":
        lesson.choose("Race")
    lesson.stage.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "() => Number(document.querySelector('[data-view=stage]').dataset.epoch) > 3"
    )
    chart = lesson.charts().first
    chart.scroll_into_view_if_needed()
    expect(chart.get_by_role("img")).to_have_attribute("aria-label", re.compile(r"\d"))
    lesson.part("exercises").get_by_role("button", name="Check").first.click()
    expect(lesson.part("exercises").get_by_role("status").first).not_to_be_empty()
