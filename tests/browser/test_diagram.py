"""The network's diagram as a control: layers and units, fields and weights, and numbers by hand."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard
from tests.browser.test_truth import _COLOURS, check_field, check_numbers, number
from tests.serve.axe import axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator

BIAS = "Bias of hidden 1, unit 2"
WEIGHT = "Weight from input x to hidden 1, unit 2"
OUTPUT = "Bias of the output"


def part(board: Board, name: str) -> Locator:
    """A unit or a link of the diagram."""
    return board.page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}(:|$)"))


def editor(board: Board, name: str) -> Locator:
    return board.page.get_by_role("dialog", name=name, exact=True)


def open_editor(board: Board, name: str) -> Locator:
    part(board, name).press("Enter")
    panel = editor(board, name)
    expect(panel).to_be_visible()
    return panel


def type_number(board: Board, name: str, text: str) -> None:
    """Set a number by hand, and wait until the page has it from the kernel."""
    panel = open_editor(board, name)
    seq = board.seq
    field = panel.get_by_role("textbox")
    field.fill(text)
    field.press("Enter")
    board.page.wait_for_function(
        "seq => +document.querySelector('[data-view=network]').dataset.seq > seq", arg=seq
    )
    field.press("Escape")
    expect(panel).to_be_hidden()
    expect(part(board, name)).to_be_focused()


def title(board: Board) -> Locator:
    return board.view("plane").get_by_role("heading")


def network(board: Board) -> Locator:
    return board.view("network").get_by_role("img")


def shows(board: Board, *layers: int) -> None:
    words = f"{len(layers)} hidden layers? of {', '.join(map(str, layers))} units"
    expect(network(board)).to_have_accessible_name(re.compile(words))


def test_layers_and_units_are_added_and_removed_on_the_diagram(board: Board) -> None:
    diagram = board.view("network")
    for name in ("Add a layer", "Remove a layer", "Add a unit to layer 1"):
        expect(diagram.get_by_role("button", name=name, exact=True)).to_be_visible()
    board.button("Add a layer").click()
    shows(board, 4, 2, 4)
    board.button("Add a unit to layer 2").click(click_count=3)
    shows(board, 4, 5, 4)
    board.button("Remove a unit from layer 1").click()
    shows(board, 3, 5, 4)
    field = board.control("Units in layer 3")
    field.fill("20")
    field.press("Enter")
    shows(board, 3, 5, 20)
    # Eight are drawn, and the rest is counted.
    expect(diagram.get_by_text("+12 more")).to_be_visible()
    expect(diagram.get_by_role("button", name=re.compile("hidden 3, unit 8:"))).not_to_have_count(0)
    expect(diagram.get_by_role("button", name=re.compile("hidden 3, unit 9:"))).to_have_count(0)
    field.fill("64")
    field.press("Enter")
    expect(board.button("Add a unit to layer 3")).to_be_disabled()
    board.button("Remove a layer").click()
    shows(board, 3, 5)
    for count in (1, 0):
        board.button("Remove a layer").click()
        expect(diagram.get_by_role("spinbutton")).to_have_count(count)
    expect(board.button("Remove a layer")).to_be_disabled()
    expect(network(board)).to_have_accessible_name(re.compile("no hidden layer"))
    for count in range(1, 7):
        board.button("Add a layer").click()
        expect(diagram.get_by_role("spinbutton")).to_have_count(count)
    expect(board.button("Add a layer")).to_be_disabled()
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    with closing(nbtutor.Playground(hidden=(4,) * 6)) as same:
        same.train(epochs=1)
        check_numbers(board, same)


def test_hovering_a_unit_shows_its_field_large(board: Board) -> None:
    board.play(until_epoch=30)
    board.pause()
    with closing(nbtutor.Playground()) as same:
        board.catch_up(same)
        for name, heading in (
            ("Input y", "Plane: input y"),
            ("Bias of hidden 1, unit 3", "Plane: hidden 1, unit 3"),
            ("Bias of hidden 2, unit 1", "Plane: hidden 2, unit 1"),
            (OUTPUT, "Plane: the output"),
        ):
            part(board, name).hover()
            expect(title(board)).to_have_text(heading)
            check_signs(board, same, name)
        board.button("Reset").hover()
        expect(title(board)).to_have_text("Plane")
        check_field(board, same)


def check_signs(board: Board, same: nbtutor.Playground, name: str) -> None:
    """The large field is blue where the unit's output is negative, and orange where positive."""
    side = np.linspace(-5.73, 5.73, 20)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    outputs = outputs_of(same, points, name)
    board.idle()
    canvas = board.view("plane").locator("canvas").first
    colours = np.array(
        canvas.evaluate(
            _COLOURS,
            points.tolist(),
        )
    )
    sure = np.abs(outputs) > 0.25
    assert sure.sum() > 100
    orange = colours[:, 0] > colours[:, 2]
    assert (orange == (outputs > 0))[sure].mean() > 0.99  # the boundary's line lies over some


def outputs_of(same: nbtutor.Playground, points: np.ndarray, name: str) -> np.ndarray:
    """What a unit answers, from -1 to 1, by the formula of the network and its weights."""
    a = points
    if name.startswith("Input"):
        return a[:, 1] / 6
    target = re.search(r"hidden (\d), unit (\d)", name)
    pairs = list(zip(same.network.weights, same.network.biases, strict=True))
    for layer, (weights, biases) in enumerate(pairs, 1):
        z = a @ weights[0] + biases[0]
        a = np.tanh(z)
        if target and layer == int(target[1]):
            return np.asarray(a[:, int(target[2]) - 1])
    return np.asarray(np.tanh(z[:, 0] / 2))  # 2 p - 1


def test_hovering_a_link_shows_its_weight_live(board: Board) -> None:
    tip = board.view("network").locator(".nbt-tip")
    hover_link(board, WEIGHT)
    expect(tip).to_have_text(re.compile(rf"^{WEIGHT}: "))
    with closing(nbtutor.Playground()) as same:
        first = same.network.weights[0][0, 0, 1]
        assert number(tip.inner_text().split(": ")[1]) == pytest.approx(first, abs=6e-4)
        board.page.keyboard.press("Escape")
        before = tip.inner_text()
        board.page.evaluate(
            "() => [...document.querySelectorAll('button')]"
            ".find((b) => b.textContent === 'Play').click()"
        )
        board.wait_for_epoch(20)
        expect(tip).not_to_have_text(before)
        assert tip.inner_text().startswith(WEIGHT)
        board.page.evaluate(
            "() => [...document.querySelectorAll('button')]"
            ".find((b) => b.textContent === 'Pause').click()"
        )
        board.wait_for_state("paused")
        board.idle()
        board.catch_up(same)
        now = same.network.weights[0][0, 0, 1]
        assert number(tip.inner_text().split(": ")[1]) == pytest.approx(now, abs=6e-4)


def hover_link(board: Board, name: str) -> None:
    x, y = near_its_source(board, name)
    board.page.mouse.move(x, y)


def near_its_source(board: Board, name: str) -> tuple[float, float]:
    """A point on the link from the input x to the second unit, which is alone there."""
    one, other = (
        part(board, each).bounding_box() for each in ("Input x", "Bias of hidden 1, unit 2")
    )
    assert one is not None
    assert other is not None
    ends = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in (one, other)]
    return (ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2


def test_weights_and_biases_are_edited_by_hand(board: Board) -> None:
    epoch = 4
    for each in range(1, epoch + 1):
        board.button("Epoch").click()
        board.wait_for_exactly(each)
    for name, text in ((WEIGHT, "1.2"), (BIAS, "−0,5"), (OUTPUT, "2e-1")):
        type_number(board, name, text)
    with closing(nbtutor.Playground()) as same:
        same.train(epochs=epoch)
        old = float(same.network.weights[0][0, 0, 1])
        same.network.weights[0][0, 0, 1] = 1.2
        same.network.biases[0][0, 1] = -0.5
        same.network.biases[2][0, 0] = 0.2
        data = same._live.run.validation
        p = np.asarray(same.network.predict_proba(data.X), float).reshape(len(data), 2)
        loss = -np.log(p[np.arange(len(data)), data.y]).mean()
        assert number(board.value("validation-loss")) == pytest.approx(loss, abs=6e-4)
        check_field(board, same)
        expect(board.curves).to_have_accessible_name(re.compile(r"Marked: b\(the output\)"))
        labels = [label for _, label in board.traffic.frames[-1].custom["events"]]
        assert labels[0] == f"w(x → hidden 1, unit 2) {old:.3g} → 1.2".replace("-", "−")
        expect(part(board, WEIGHT)).to_have_accessible_name(f"{WEIGHT}: 1.200")
        # The run goes on from there.
        for each in range(1, 4):
            board.button("Epoch").click()
            board.wait_for_exactly(epoch + each)
        same.train(epochs=3)
        check_numbers(board, same)
        check_field(board, same)


def test_a_number_is_edited_while_it_plays(board: Board) -> None:
    board.play(until_epoch=5)
    panel = open_editor(board, OUTPUT)
    slider = panel.get_by_role("slider")
    # The training moves the number, and the window shows it.
    shown = panel.get_by_role("textbox").input_value()
    expect(panel.get_by_role("textbox")).not_to_have_value(shown)
    before = board.epoch
    slider.press("End")
    expect(board.curves).to_have_accessible_name(re.compile(r"Marked: b\(the output\) .* → 3\."))
    board.wait_for_epoch(before + 10)
    expect(board.button("Pause")).to_be_visible()
    board.page.keyboard.press("Escape")
    board.pause()
    events = [e for frame in board.traffic.frames for e in frame.custom["events"]]
    assert len({label for _, label in events}) == 1


def test_a_drag_of_the_slider_is_one_mark_and_can_be_taken_back(board: Board) -> None:
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    before = board.pixels()
    panel = open_editor(board, WEIGHT)
    box = panel.get_by_role("slider").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    board.page.mouse.move(x, y)
    board.page.mouse.down()
    for shift in (20, -30, 50):
        board.page.mouse.move(x + shift, y, steps=5)
    board.page.mouse.up()
    expect(board.curves).to_have_accessible_name(re.compile(r"Marked: w\(x → hidden 1, unit 2\)"))
    board.idle(30)
    assert len(board.traffic.frames[-1].custom["events"]) == 1
    assert board.pixels() != before
    panel.get_by_role("button", name=re.compile("^Back to ")).click()
    expect(board.curves).not_to_have_accessible_name(re.compile("Marked"))
    board.idle()
    assert board.pixels() == before


NO_NUMBERS = [
    ("abc", "“abc” is not a number."),
    ("", "Type a number."),
    ("1001", "It must be from −1000 to 1000."),
    ("1e999", "It must be from −1000 to 1000."),
    ("1.2.3", "“1.2.3” is not a number."),
]


def test_what_is_no_number_is_told_and_changes_nothing(board: Board) -> None:
    board.idle()
    before = board.pixels()
    panel = open_editor(board, BIAS)
    field = panel.get_by_role("textbox")
    for typed, said in NO_NUMBERS:
        field.fill(typed)
        field.press("Enter")
        told = re.compile(re.escape(said) + " It stays at ")
        expect(panel.get_by_role("alert")).to_have_text(told)
        expect(field).to_have_attribute("aria-invalid", "true")
        board.idle()
        assert board.pixels() == before
        assert not any(message.custom.get("type") == "act" for message in board.traffic.sent)
    field.fill("0.5")
    field.press("Enter")
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(board.curves).to_have_accessible_name(re.compile("→ 0.5"))


def test_the_pointer_opens_the_editor_on_links_and_units(board: Board) -> None:
    x, y = near_its_source(board, WEIGHT)
    board.page.mouse.click(x, y)
    expect(editor(board, WEIGHT)).to_be_visible()
    part(board, OUTPUT).click()
    expect(editor(board, WEIGHT)).to_be_hidden()
    expect(editor(board, OUTPUT)).to_be_visible()
    board.button("Step").click()
    expect(editor(board, OUTPUT)).to_be_hidden()
    part(board, "Input x").click()
    expect(board.page.get_by_role("dialog")).to_have_count(0)


def test_undo_brings_back_the_run_that_was_set_by_hand(board: Board) -> None:
    type_number(board, OUTPUT, "1.5")
    shown = board.pixels()
    board.button("Reset").click()
    expect(board.curves).not_to_have_accessible_name(re.compile("Marked"))
    board.idle()
    assert board.pixels() != shown
    board.button("Undo").click()
    expect(board.curves).to_have_accessible_name(re.compile("Marked"))
    board.idle()
    assert board.pixels() == shown


def test_the_keyboard_walks_over_units_and_links(board: Board) -> None:
    toolbar = board.page.get_by_role("toolbar", name=re.compile("Units and links"))
    assert toolbar.locator("[tabindex='0']").count() == 1
    part(board, "Input x").focus()
    for key, name in (
        ("ArrowDown", "Input y"),
        ("ArrowDown", "Input y"),
        ("ArrowRight", "Weight from input y to hidden 1, unit 2"),
        ("ArrowDown", "Weight from input y to hidden 1, unit 3"),
        ("ArrowRight", "Bias of hidden 1, unit 3"),
        ("ArrowLeft", "Weight from input y to hidden 1, unit 3"),
        ("ArrowUp", "Weight from input x to hidden 1, unit 3"),
        ("ArrowLeft", "Input x"),
        ("End", OUTPUT),
    ):
        board.page.keyboard.press(key)
        expect(part(board, name)).to_be_focused()
        assert toolbar.locator("[tabindex='0']").count() == 1
    expect(title(board)).to_have_text("Plane: the output")
    board.page.keyboard.press("Enter")
    expect(editor(board, OUTPUT).get_by_role("textbox")).to_be_focused()
    board.page.keyboard.press("Escape")
    expect(part(board, OUTPUT)).to_be_focused()
    # One press of Tab leaves the diagram.
    board.page.keyboard.press("Tab")
    assert toolbar.locator(":focus").count() == 0


def test_names_have_the_present_numbers(board: Board) -> None:
    board.play(until_epoch=20)
    board.pause()
    with closing(nbtutor.Playground()) as same:
        board.catch_up(same)
        for name, value in (
            (WEIGHT, same.network.weights[0][0, 0, 1]),
            (OUTPUT, same.network.biases[2][0, 0]),
        ):
            # Names follow at most every two seconds.
            text = f"{value:.3f}".replace("-", "−")
            expect(part(board, name)).to_have_accessible_name(f"{name}: {text}", timeout=5000)


def test_several_outputs_are_units_of_their_own(board: Board) -> None:
    board.choose_data("Rings")
    shows(board, 4, 2)
    part(board, "Bias of output class 2").hover()
    expect(title(board)).to_have_text("Plane: output class 2")
    type_number(board, "Bias of output class 2", "3")
    expect(board.curves).to_have_accessible_name(re.compile(r"Marked: b\(output class 2\) 0 → 3"))


def test_on_a_phone_everything_can_be_touched(open_board: OpenBoard) -> None:
    board = open_board(viewport={"width": 400, "height": 800}, has_touch=True)
    for count in range(3, 7):
        board.button("Add a layer").tap()
        expect(board.view("network").get_by_role("spinbutton")).to_have_count(count)
    small = board.view("network").evaluate(
        """(view) => [...view.querySelectorAll("button, input")]
          .filter((e) => e.checkVisibility() && !e.matches(".nbt-part-link"))
          .map((e) => [e.ariaLabel, e.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)"""
    )
    assert small == []
    board.button("Add a unit to layer 6").tap()
    shows(board, 4, 2, 4, 4, 4, 5)
    name = "Bias of hidden 1, unit 2"
    part(board, name).tap()
    panel = editor(board, name)
    expect(panel).to_be_visible()
    box = panel.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 400
    panel.get_by_role("slider").tap(position={"x": 100, "y": 12})
    number_set = float(panel.get_by_role("textbox").input_value())
    assert number_set > 0
    # Names follow at most every two seconds.
    told = f"{name}: {number_set:.3f}"
    expect(part(board, name)).to_have_accessible_name(told, timeout=5000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_editor(open_board: OpenBoard, scheme: str) -> None:
    board = open_board(color_scheme=scheme)
    field = open_editor(board, WEIGHT).get_by_role("textbox")
    field.fill("a lot")
    field.press("Enter")
    expect(board.page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    assert axe(board.page) == []


def test_a_teacher_closes_the_diagram(open_board: OpenBoard) -> None:
    board = open_board("05-closed.ipynb")
    for name in ("Add a layer", "Remove a layer", "Add a unit to layer 1"):
        expect(board.button(name)).to_be_disabled()
    expect(board.control("Units in layer 1")).to_be_disabled()
    part(board, OUTPUT).press("Enter")
    part(board, OUTPUT).click()
    expect(board.page.get_by_role("dialog")).to_have_count(0)
    board = open_board("06-hidden.ipynb")
    expect(board.page.get_by_role("button", name=re.compile("a layer$|to layer"))).to_have_count(0)
    expect(part(board, OUTPUT)).to_have_count(1)
