"""The page as it opens, before anything is pressed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.board import BASICS, LISTS, PAGES, RARE, SLIDERS, VIEWS, Board
from tests.browser.conftest import OpenBoard

DATA_SETS = ("Circle", "Exclusive or", "Two clouds", "Spiral", "Moons")
BUTTONS = [
    *("Play", "Step", "Epoch", "Reset", "Undo"),
    *DATA_SETS,
    *("Add a layer", "Remove a layer", "Copy link", "Save"),
]
# Names of Python's that a page shows only if something was not translated into words.
INTERNAL = re.compile(r"\b(leaky_relu|train_share|learning_rate|batch_size|IPY_MODEL|Traceback)\b")

OVERFLOW = """() => [document.documentElement.scrollWidth, document.documentElement.clientWidth,
  [...document.querySelectorAll(".nbt-board, .nbt-board *")]
    .filter((e) => e.offsetParent !== null && getComputedStyle(e).overflowX === "visible"
      && !e.closest("svg, .nbt-visually-hidden") && e.scrollWidth > e.clientWidth + 1
      && e.clientWidth > 0 && getComputedStyle(e).display !== "inline"
      && e.getBoundingClientRect().left + e.scrollWidth > innerWidth + 1)
    .map((e) => e.className)]"""


def test_every_view_is_there_idle_and_painted(board: Board) -> None:
    views = board.read()
    views.pop("slow")  # it is seen, and painted, only in slow motion
    assert sorted(views) == sorted(VIEWS)
    assert {view["state"] for view in views.values()} == {"idle"}
    assert {view["epoch"] for view in views.values()} == {"0"}
    assert len({view["seq"] for view in views.values()}) == 1
    for view in ("plane", "network", "curves"):
        colours = (
            board.view(view)
            .locator("canvas")
            .first.evaluate(
                "c => new Set(new Uint32Array("
                "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"
            )
        )
        assert colours > (10 if view == "plane" else 3), view
    expect(board.sentence).to_have_text(re.compile("Press Play"))
    expect(board.complaint).to_be_empty()
    assert board.page.locator("#nbt-notice").is_hidden()
    board.check_no_bad_numbers()
    assert not INTERNAL.search(board.page.locator(".nbt-board").inner_text())


def test_every_control_has_its_name_and_role(board: Board) -> None:
    for name in (BASICS, *PAGES, *BUTTONS):
        expect(board.button(name)).to_have_count(1)
        expect(board.button(name)).to_be_visible()
    for name in (*SLIDERS, *LISTS, *RARE, "Units in layer 1", "Units in layer 2"):
        board.show_control(name)
        expect(board.control(name)).to_have_count(1)
        expect(board.control(name)).to_be_visible()
    expect(board.button("Undo")).to_be_disabled()
    # What has a role that can be operated has a name: none is left over.
    for page in (*PAGES, BASICS):
        board.show_page(page)
        snapshot = board.page.locator(".nbt-board").aria_snapshot()
        roles = "button|slider|combobox|spinbutton|textbox|img|group"
        assert re.findall(rf"^ *- (?:{roles})(?: \[.*\])?:?$", snapshot, re.MULTILINE) == []


def test_a_slider_says_its_value_and_not_its_place(board: Board) -> None:
    # A slider over round numbers stands at one of 13 places; a person hears the number there.
    expect(board.control("Learning rate")).to_have_attribute("aria-valuetext", "0.03")
    expect(board.control("Batch size")).to_have_attribute("aria-valuetext", "10")
    expect(board.control("Training share")).to_have_attribute("aria-valuetext", "50%")
    board.press("Learning rate", "ArrowRight")
    expect(board.control("Learning rate")).to_have_attribute("aria-valuetext", "0.1")


def test_the_chosen_data_set_is_told(board: Board) -> None:
    group = board.page.get_by_role("group", name="Data set")
    expect(group.get_by_role("button", pressed=True)).to_have_accessible_name("Circle")
    board.choose_data("Moons")
    expect(group.get_by_role("button", pressed=True)).to_have_accessible_name("Moons")


def test_the_pictures_are_told_in_words(board: Board) -> None:
    for view, words in (
        ("plane", "250 training and 250 validation points"),
        ("network", "2 hidden layers of 4, 2 units (tanh)"),
        ("curves", "Losses over 0 epochs"),
    ):
        expect(board.view(view).get_by_role("img")).to_have_accessible_name(
            re.compile(re.escape(words))
        )


@pytest.mark.parametrize(("scheme", "ground"), [("light", "#ffffff"), ("dark", "#0f1419")])
def test_the_page_and_the_board_take_the_theme(
    open_board: OpenBoard, scheme: str, ground: str
) -> None:
    board = open_board(color_scheme=scheme)
    colours = board.page.evaluate("""() => {
      const hex = (colour) => "#" + colour.match(/\\d+/g).slice(0, 3)
        .map((part) => Number(part).toString(16).padStart(2, "0")).join("");
      const board = document.querySelector(".nbt-board");
      const text = getComputedStyle(board.querySelector("[data-value] dd"));
      return {page: hex(getComputedStyle(document.body).backgroundColor), text: hex(text.color)};
    }""")
    assert colours["page"] == ground
    assert contrast(colours["text"], ground) >= 7
    # The pictures follow too: the middle of the field is the ground's neighbour.
    before = board.pixels()
    board.page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    board.idle()
    assert board.pixels() != before
    board.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    board.idle()
    assert board.pixels() == before


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_page(open_board: OpenBoard, width: int) -> None:
    board = open_board(viewport={"width": width, "height": 800})
    scroll, client, wide = board.page.evaluate(OVERFLOW)
    assert wide == []
    assert scroll <= client


def test_the_whole_board_fits_a_small_laptop(board: Board) -> None:
    box = board.page.locator(".nbt-board").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    assert box["y"] + box["height"] <= 800


def test_on_a_phone_the_buttons_are_under_the_thumb(open_board: OpenBoard) -> None:
    board = open_board(viewport={"width": 400, "height": 800})
    for place in ("plane", "curves", "network"):
        board.view(place).scroll_into_view_if_needed()
        expect(board.button("Play")).to_be_in_viewport()
    box = board.button("Play").bounding_box()
    assert box is not None
    assert box["y"] > 600
    assert box["height"] >= 36


@pytest.mark.parametrize("page", [BASICS, *PAGES])
def test_the_keyboard_reaches_every_control(board: Board, page: str) -> None:
    board.show_page(page)
    basics = {*DATA_SETS, *SLIDERS, *LISTS} - set(RARE)
    buttons = {*BUTTONS} - {*DATA_SETS, "Undo"}
    wanted = {*buttons, *PAGES.get(page, basics), *PAGES, "Units in layer 1"}
    board.button("Play").focus()
    reached = set()
    for _ in range(75):
        name, ring = board.page.evaluate("""() => {
          const e = document.activeElement;
          const look = () => {
            const {outline, boxShadow, borderColor, backgroundColor} = getComputedStyle(e);
            return [outline, boxShadow, borderColor, backgroundColor].join();
          };
          const focused = look();
          e.blur();
          const ring = look() !== focused;
          e.focus();
          return [e.ariaLabel ?? e.textContent.trim(), ring];
        }""")
        if name in wanted:
            reached.add(name)
            assert ring, f"{name} does not show that it has the focus"
        board.page.keyboard.press("Tab")
    assert wanted - reached == set()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)
