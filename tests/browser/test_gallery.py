"""The gallery of examples, the sweep of rates, and the keys, as a learner uses them."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import nbtutor
from nbtutor.widgets.gallery import EXAMPLES
from nbtutor.widgets.sweep import RATES
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard
from tests.serve.axe import axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def open_examples(board: Board) -> Locator:
    board.button("Examples").first.click()
    panel = board.page.locator(".nbt-gallery")
    expect(panel.get_by_role("heading", name="Examples")).to_be_visible()
    return panel


def choose(board: Board, name: str) -> None:
    open_examples(board).locator(f"[data-example={name}]").click()


def open_sweep(board: Board) -> Locator:
    open_examples(board).get_by_role("button", name="Sweep rates").click()
    sweep = board.page.locator(".nbt-sweep")
    expect(sweep).to_be_visible()
    return sweep


def click_into(board: Board) -> None:
    """Bring the focus into the playground, as a person does: beside the controls."""
    board.page.locator(".nbt-heading", has_text="Network").click()


def test_known_good_and_known_bad_settings_with_a_comment_on_why(board: Board) -> None:
    panel = open_examples(board)
    cards = panel.locator(".nbt-card")
    expect(cards).to_have_count(len(EXAMPLES))
    for card, example in zip(cards.all(), EXAMPLES.values(), strict=True):
        # Told apart by a word, not by colour alone.
        word = {"works": "Works", "fails": "Fails"}[example.kind]
        expect(card).to_have_accessible_name(f"{example.title} {word} {example.sentence}")
    board.page.keyboard.press("Escape")
    expect(board.button("Examples")).to_be_focused()

    board.play(until_epoch=2)
    board.pause()
    epoch = board.epoch
    choose(board, "xor_without_hidden")
    expect(panel).to_be_hidden()
    expect(board.sentence).to_contain_text(EXAMPLES["xor_without_hidden"].sentence)
    expect(board.button("Exclusive or")).to_have_attribute("aria-pressed", "true")
    expect(board.view("verdict")).to_contain_text("3 parameters")  # a line
    # It fails, as it says.
    for _ in range(5):
        board.button("Epoch").click()
    board.wait_for_epoch(5)
    assert float(board.value("train-loss")) > 0.65
    # And the run before it is still there.
    board.button("Undo").click()
    board.wait_for_exactly(epoch)
    expect(board.button("Circle")).to_have_attribute("aria-pressed", "true")


def test_an_example_leaves_locked_settings_as_they_are(open_board: OpenBoard) -> None:
    board = open_board("04-taught.ipynb")
    choose(board, "same_weights")
    expect(board.complaint).to_have_text(
        "Locked here, and not as in the example: data set. It may go another way."
    )
    expect(board.button("Moons")).to_have_attribute("aria-pressed", "true")
    board.show_control("First weights")
    expect(board.control("First weights").locator("option:checked")).to_have_text("All the same")


def test_sweeps_with_what_converged_and_what_did_not(board: Board) -> None:
    sweep = open_sweep(board)
    sweep.get_by_role("button", name="Start the sweep").click()
    expect(sweep).to_have_attribute("data-state", "done", timeout=60_000)
    with closing(nbtutor.Playground()) as same:
        expected = same.sweep()
    told = {
        item.get_attribute("data-outcome"): item.inner_text()
        for item in sweep.locator("[data-outcome]").all()
    }
    assert set(told) == set(expected.outcomes) == {"slow", "converged", "too high", "diverged"}
    # One shape for each outcome, and each shape where its loss and rate are.
    marks = sweep.locator(".nbt-sweep-figure .nbt-sweep-mark")
    shapes = {(m.get_attribute("d"), m.get_attribute("class")) for m in marks.all()}
    assert len({shape for shape, _ in shapes}) == len(shapes) == 4
    places = [
        [float(x) for x in re.findall(r"[\d.]+", mark.get_attribute("transform") or "")]
        for mark in marks.all()
    ]
    assert len(places) == len(RATES)
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    by_height = sorted(range(len(RATES)), key=lambda place: -places[place][1])
    assert by_height == sorted(range(len(RATES)), key=lambda p: expected.final_losses[p])

    # A click takes a rate.
    best = expected.best
    assert best is not None
    figure = sweep.get_by_role("slider")
    figure.click(position={"x": places[best][0], "y": 100})
    expect(figure).to_have_attribute("aria-valuetext", re.compile(f"^{RATES[best]:g}: .*converged"))
    expect(board.page.locator(".widget-readout", has_text=f"{RATES[best]:g}").first).to_be_visible()
    board.idle()
    assert board.setting("Learning rate") == f"{RATES[best]:g}"
    # By keyboard too.
    figure.focus()
    for key in ("ArrowRight", "Enter"):
        figure.press(key)
    expect(sweep.get_by_role("button", name=f"Take {RATES[best + 1]:g}")).to_be_disabled()
    assert board.setting("Learning rate") == f"{RATES[best + 1]:g}"
    board.page.keyboard.press("Escape")
    # What belongs to other settings says so.
    board.choose_data("Spiral")
    sweep = open_sweep(board)
    expect(sweep).to_contain_text("Other settings have changed since")
    assert axe(board.page) == []


def test_a_sweep_goes_on_while_it_plays_and_can_be_stopped(board: Board) -> None:
    board.press("Batch size", "Home")
    board.play(until_epoch=2)
    sweep = open_sweep(board)
    sweep.get_by_role("button", name="Start the sweep").click()
    expect(sweep).to_have_attribute("data-state", "running")
    bar = sweep.get_by_role("progressbar", name="Epochs of the sweep")
    board.page.wait_for_function("bar => bar.value > 0", arg=bar.element_handle())
    board.wait_for_epoch(board.epoch + 3)  # the pictures do not wait for it
    sweep.get_by_role("button", name="Stop").click()
    expect(sweep).to_have_attribute("data-state", re.compile("stopped|done"))
    board.page.keyboard.press("Escape")
    board.pause()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_panel_by_keyboard(open_board: OpenBoard, width: int, scheme: str) -> None:
    board = open_board(viewport={"width": width, "height": 800}, color_scheme=scheme)
    button = board.button("Examples")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(board.button("Sweep rates")).to_be_focused()
    for name in list(EXAMPLES)[:3]:
        board.page.keyboard.press("Tab")
        expect(board.page.locator(f"[data-example={name}]")).to_be_focused()
    assert axe(board.page) == []
    assert board.page.evaluate("document.documentElement.scrollWidth") <= width
    board.page.keyboard.press("Enter")
    expect(button).to_be_focused()
    board.view("status").scroll_into_view_if_needed()  # it is painted where it is seen
    expect(board.sentence).to_contain_text(EXAMPLES[list(EXAMPLES)[2]].sentence)


def test_shortcuts_are_listed_and_work(board: Board) -> None:
    click_into(board)
    keyboard = board.page.keyboard
    updates = board.view("status").locator("[data-value=updates] dd")
    keyboard.press(".")
    expect(updates).to_have_text("1")
    keyboard.press("ArrowRight")
    expect(updates).to_have_text("2")
    keyboard.press("e")
    board.wait_for_exactly(1)
    keyboard.press("n")
    board.wait_for_exactly(0)
    keyboard.press("u")
    board.wait_for_exactly(1)
    keyboard.press("r")
    board.wait_for_exactly(0)
    keyboard.press("Space")
    board.wait_for_epoch(3)
    keyboard.press("p")
    board.wait_for_state("paused")
    log = board.button("Logarithmic loss axis")
    keyboard.press("l")
    expect(log).to_have_attribute("aria-pressed", "true")

    keyboard.press("?")
    dialog = board.page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    for label in ("Space", "p", ".", "→", "e", "r", "n", "u", "l", "?"):
        expect(dialog.locator("kbd").get_by_text(label, exact=True)).to_have_count(1)
    assert axe(board.page) == []
    seen = board.seq
    keyboard.press("r")  # nothing, while the list is open
    keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert board.seq == seen
    keyboard.press("e")  # the focus is where it was
    board.wait_for_picture_after(seen)

    board.button("Keys").click()
    expect(dialog).to_be_visible()
    board.button("Close").click()
    expect(board.button("Keys")).to_be_focused()


def test_keys_are_left_alone_where_they_have_a_meaning(board: Board) -> None:
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    for name in ("Seed", "Optimizer", "Momentum"):
        board.show_control(name)
        board.control(name).focus()
        for key in ("r", "e", "l"):
            board.page.keyboard.press(key)
    # Space presses the button that has the focus, once.
    board.button("Epoch").focus()
    board.page.keyboard.press("Space")
    board.wait_for_exactly(2)
    # Outside the playground, and with a modifier, nothing is ours.
    board.page.keyboard.press("Control+e")
    board.page.get_by_role("heading", name="The playground").click()
    board.page.evaluate("() => document.activeElement.blur()")
    board.page.keyboard.press("e")
    board.idle()
    assert board.epoch == 2


def test_a_key_of_a_locked_button_says_so(open_board: OpenBoard) -> None:
    board = open_board("04-taught.ipynb")
    click_into(board)
    board.page.keyboard.press("e")
    expect(board.complaint).to_have_text("Nothing was changed. This is locked here: epoch button.")
    board.page.keyboard.press(".")
    expect(board.complaint).to_have_text("Nothing was changed. This is locked here: step button.")
    assert board.epoch == 0


def test_a_forged_action_is_refused(board: Board) -> None:
    board.play(until_epoch=2)
    board.pause()
    board.page.evaluate(
        "() => forge({method: 'custom', content: "
        "{type: 'act', name: 'example', arguments: {name: '__class__'}}})"
    )
    expect(board.complaint).to_contain_text("Nothing was changed. name must be one of")
    board.page.evaluate(
        "() => forge({method: 'custom', content: "
        "{type: 'act', name: 'take_rate', arguments: {rate: 1e300}}})"
    )
    expect(board.complaint).to_contain_text("one of the sweep")
    assert board.setting("Learning rate") == "0.03"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_teacher_composes(open_board: OpenBoard, width: int, scheme: str) -> None:
    board = open_board(
        "07-composed.ipynb", viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    plane, curves = board.view("plane"), board.view("curves")
    for view in (plane, curves):
        box = view.bounding_box()
        assert box is not None
        assert box["width"] >= 240
        assert box["x"] + box["width"] <= width
    board.button("Play").click()
    board.wait_for_epoch(2, view="status")
    # The control is the run's, and has its name outside the board too.
    board.control("Learning rate").press("ArrowRight")
    expect(curves.get_by_role("img")).to_have_accessible_name(
        re.compile(r"learning rate 0\.03 → 0\.1"), timeout=20_000
    )
    board.button("Pause").click()
    plane.scroll_into_view_if_needed()
    expect(plane).to_have_attribute("data-state", "paused")
    expect(plane).to_have_attribute("data-epoch", board.read()["status"]["epoch"])
    assert len(set(board.colours())) > 20
    assert axe(board.page) == []
    assert board.page.evaluate("document.documentElement.scrollWidth") <= width
    board.button("Reset").click()
    board.wait_for_exactly(0)
