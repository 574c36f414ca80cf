"""A playground's state in the end of the page's address, hidden and locked controls."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import BASICS, Board
from tests.browser.conftest import PLAYGROUND, OpenBoard

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator

SETTINGS = ("Noise", "Learning rate", "Batch size", "Dropout", "L1", "L2", "Activation", "Speed")
RARE = ("Optimizer", "Momentum", "Seed", "First weights", "Schedule", "Shift", "Patience")
STATUS = ("epoch", "updates", "train-loss", "validation-loss", "train-accuracy")


def settings(board: Board) -> dict[str, str]:
    """What the controls show."""
    shown: dict[str, str] = {}
    for name in (*SETTINGS, *RARE):
        board.show_control(name)
        shown[name] = board.setting(name)
    board.show_page(BASICS)
    group = board.page.get_by_role("group", name="Data set")
    shown["data"] = group.get_by_role("button", pressed=True).inner_text()
    layers = board.page.get_by_role("spinbutton", name=re.compile("Units in layer"))
    shown["layers"] = ",".join(box.input_value() for box in layers.all())
    return shown


def opened(board: Board) -> list[str]:
    """The links that the page has sent to the kernel."""
    return [m.custom["link"] for m in board.traffic.sent if m.custom.get("type") == "open"]


def told_as_locked(board: Board) -> Locator:
    expect(board.complaint).to_have_text(re.compile("Nothing was changed. This is locked here: "))
    return board.complaint


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    made = new_context()
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    return made


def test_a_copied_link_opens_the_same_in_another_tab(
    open_board: OpenBoard, context: BrowserContext
) -> None:
    board = open_board(context=context)
    board.choose_data("Spiral")
    board.press("Learning rate", "ArrowRight")
    board.press("Noise", "ArrowRight", "ArrowRight")
    board.press("L2", "ArrowRight")
    board.control("Activation").select_option("ReLU")
    board.control("Speed").select_option("As fast as it can")
    board.press("Momentum", "ArrowRight")
    board.press("Seed", "ArrowUp", "ArrowUp")
    board.show_control("First weights")
    board.control("First weights").select_option(index=2)
    board.show_control("Schedule")
    board.control("Schedule").select_option("Cosine decay")
    board.press("Shift", "ArrowRight")
    board.page.get_by_role("checkbox", name="Mirror half of them").check()
    board.press("Patience", "ArrowRight")
    board.show_page(BASICS)
    board.button("Add a layer").click()
    board.button("sin x").click()
    board.button("New weights").click()
    board.wait_for_picture_after(board.seq - 1)
    assert "#" not in board.page.url  # only a copy changes the address

    board.button("Copy link").click()
    expect(board.sentence).to_have_text("Link copied.")
    address = board.page.evaluate("() => navigator.clipboard.readText()")
    assert board.page.url == address
    assert "#nbt=1;dataset=spiral;" in address
    assert "token" not in address

    again = open_board(PLAYGROUND + "#" + address.partition("#")[2], context=context)
    expect(again.sentence).to_have_text("The settings of the link are here. Press Play.")
    assert settings(again) == settings(board)
    assert [again.value(name) for name in STATUS] == [board.value(name) for name in STATUS]
    assert again.pixels() == board.pixels()
    # It took one message and one restart, and Python reads the same from it.
    assert opened(again) == [address[address.index("#") :]]
    with closing(nbtutor.Playground()) as same:
        same.open_link(address)
        assert same.hidden == (4, 2, 4)
        loss = same.history.train_loss[0]
    assert float(again.value("train-loss")) == pytest.approx(loss, abs=0.0006)
    expect(again.complaint).to_be_empty()


def test_a_changed_address_opens_the_new_link_and_loses_no_run(board: Board) -> None:
    board.play(until_epoch=3)
    board.pause()
    epoch = board.epoch
    board.page.evaluate("() => { location.hash = '#nbt=1;dataset=xor;hidden=5;seed=3' }")
    board.wait_for_state("idle")
    assert settings(board)["data"] == "Exclusive or"
    assert settings(board)["layers"] == "5"
    board.page.evaluate("() => { location.hash = '#what-you-see' }")  # a heading's, not ours
    board.idle()
    assert opened(board) == ["#nbt=1;dataset=xor;hidden=5;seed=3"]
    board.button("Undo").click()
    board.wait_for_exactly(epoch)
    assert settings(board)["data"] == "Circle"


HOSTILE = [
    "#nbt=1;dataset=<img src=x onerror=window.hacked=1>",
    "#nbt=1;dataset=%3Cscript%3Ewindow.hacked=1%3C/script%3E",
    "#nbt=1;learning_rate=1e999",
    "#nbt=1;hidden=" + "9" * 3000,
    "#nbt=1;lock=__proto__",
    "#nbt%3D%ff",
]


def test_a_broken_or_hostile_link_gives_the_defaults_and_a_message(
    open_board: OpenBoard, board: Board
) -> None:
    defaults = settings(board)
    broken = open_board(PLAYGROUND + HOSTILE[0])
    for link in HOSTILE:
        broken.page.evaluate("link => { location.hash = link }", link)
        expect(broken.complaint).to_have_text(
            re.compile("The link could not be opened, and nothing was changed.")
        )
        assert "Traceback" not in broken.page.locator("body").inner_text()
        assert settings(broken) == defaults
        assert broken.page.evaluate("() => window.hacked") is None
        broken.button("Step").click()
        expect(broken.complaint).to_be_empty()
    unknown = "#nbt=1;constructor=1;__proto__=2;<b>x</b>=3;seed=5"
    broken.page.evaluate("link => { location.hash = link }", unknown)
    expect(broken.complaint).to_contain_text("left out: 'constructor', '__proto__', '<b>x</b>'.")
    assert settings(broken)["Seed"] == "5"
    broken.check_no_bad_numbers()


def test_hidden_and_locked_in_a_link(open_board: OpenBoard) -> None:
    link = (
        "#nbt=1;hide=step,noise,save,optimizer;lock=dataset,learning_rate,activation,reset,inputs"
    )
    board = open_board(PLAYGROUND + link)
    for name in ("Step", "Save"):
        expect(board.button(name)).to_be_hidden()
    expect(board.control("Noise")).to_be_hidden()
    for name in ("Spiral", "Reset", "x²"):
        expect(board.button(name)).to_be_disabled()
    expect(board.control("Learning rate")).to_be_disabled()
    expect(board.control("Batch size")).to_be_enabled()
    board.press("Learning rate", "ArrowRight")
    assert board.setting("Learning rate") == "0.03"
    expect(board.control("Activation")).to_be_disabled()
    for name in ("Play", "Epoch", "Copy link", "Add a layer"):
        expect(board.button(name)).to_be_enabled()
    expect(board.page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    # The copied link hides the same.
    board.button("Copy link").click()
    assert board.page.url.endswith(link)


def test_a_page_that_is_tampered_with_is_refused(open_board: OpenBoard) -> None:
    board = open_board("04-taught.ipynb")
    assert settings_of_data(board) == "Moons"
    expect(board.button("Step")).to_be_hidden()
    expect(board.button("Epoch")).to_be_disabled()
    for selector in (".nbt-epoch", ".nbt-step", ".nbt-datasets button"):
        button = board.page.locator(selector).first
        button.evaluate("button => { button.disabled = false; button.click(); }")
        told_as_locked(board)
        board.button("Reset").click()
        expect(board.complaint).to_be_empty()
    assert board.value("updates") == "0"
    assert settings_of_data(board) == "Moons"  # the page has the true state back
    # Neither does a link open what was closed in Python.
    board.page.evaluate("() => { location.hash = '#nbt=1;dataset=xor;l2=0.1;seed=3' }")
    expect(board.complaint).to_have_text(
        "The link has settings that are locked here, and were left out: data set, seed."
    )
    assert settings_of_data(board) == "Moons"
    assert board.setting("L2") == "0.1"
    expect(board.control("L1")).to_be_disabled()


def settings_of_data(board: Board) -> str:
    group = board.page.get_by_role("group", name="Data set")
    return group.get_by_role("button", pressed=True).inner_text()


def test_of_two_playgrounds_the_first_takes_the_link(open_board: OpenBoard) -> None:
    board = open_board("03-two.ipynb#nbt=1;hidden=3,3,3;seed=7")
    seeds = board.page.get_by_role("spinbutton", name="Seed", exact=True)
    expect(seeds.nth(0)).to_have_value("7")
    board.idle(30)
    expect(seeds.nth(1)).to_have_value("2")
    board.page.evaluate("() => { location.hash = '#nbt=1;seed=8' }")
    expect(seeds.nth(0)).to_have_value("8")
    board.idle(30)
    expect(seeds.nth(1)).to_have_value("2")
    assert len(opened(board)) == 2


def test_where_there_is_no_clipboard_the_address_can_be_selected(board: Board) -> None:
    board.page.evaluate("() => { delete Navigator.prototype.clipboard }")
    board.choose_data("Moons")
    expect(board.sentence).to_have_text(re.compile("New data set"))
    board.button("Copy link").click()
    field = board.page.get_by_role("textbox", name="Address with the link")
    expect(field).to_be_focused()
    expect(field).to_have_value(board.page.url)
    assert board.page.url.endswith("#nbt=1;dataset=moons")
    selected = board.page.evaluate("() => getSelection().toString()")
    assert selected in ("", board.page.url)  # a field's selection is its own in some browsers
    start, end = field.evaluate("f => [f.selectionStart, f.selectionEnd]")
    assert (start, end) == (0, len(board.page.url))
    expect(board.sentence).to_have_text(re.compile("could not be put on the clipboard"))
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(board.button("Copy link")).to_be_focused()
