"""Every slider and list: what acts at once, and what starts the run again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.board import LISTS, Board

# control, key, what it shows before and after, what the curves say
LIVE = [
    ("Learning rate", "ArrowRight", "0.03", "0.1", "learning rate 0.03 → 0.1"),
    ("Batch size", "ArrowRight", "10", "16", "batch size 10 → 16"),
    ("Dropout", "ArrowRight", "0%", "5%", "dropout 0 → 0.05"),
    ("L1", "ArrowRight", "0", "0.0001", "L1 0 → 0.0001"),
    ("L2", "ArrowRight", "0", "0.0001", "L2 0 → 0.0001"),
    ("Activation", "ArrowDown", "tanh", "ReLU", "activation tanh → ReLU"),
    ("Optimizer", "ArrowDown", "SGD", "Nesterov", "optimizer SGD → Nesterov"),
    ("Momentum", "ArrowRight", "0%", "5%", "momentum 0 → 0.05"),
]

RESTART = [
    ("Noise", "ArrowRight", "0%", "5%", "noise"),
    ("Training share", "ArrowLeft", "50%", "45%", "training share"),
    ("Seed", "ArrowUp", "0", "1", "seed"),
    ("Label noise", "ArrowRight", "0%", "5%", "label noise"),
    ("Loss", "ArrowDown", "Cross-entropy", "Squared error", "loss"),
    ("First weights", "ArrowDown", "Xavier, uniform", "Xavier, normal", "initial weights"),
    ("Units in layer 1", "ArrowUp", "4", "5", "layers"),
]


def test_it_acts_in_mid_run(board: Board) -> None:
    for control, key, before, after, mark in LIVE:
        assert shown(board, control) == before
        board.play(until_epoch=board.epoch + 3)
        board.record()
        board.press(control, key)
        expect(board.curves).to_have_accessible_name(re.compile(re.escape(f"Marked: {mark}.")))
        assert shown(board, control) == after
        board.wait_for_epoch(board.epoch + 3)
        epochs = [epoch for _, epoch in board.shown()]
        assert epochs == sorted(epochs), f"{control}: the run went back"
        assert board.read()["plane"]["state"] == "playing"
        board.pause()
        played = [f.custom for f in board.traffic.frames if f.custom["state"] == "playing"]
        marks = [label for frame in played for _, label in frame["events"]]
        # While it plays the frames carry what is new: the mark came once.
        assert marks.count(mark) == 1


def test_it_acts_on_a_paused_run(board: Board) -> None:
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    for control, key, _, _, mark in LIVE:
        board.show_control(control)
        seq, picture = board.seq, board.pixels("plane")
        board.press(control, key)
        board.wait_for_picture_after(seq)
        expect(board.curves).to_have_accessible_name(re.compile(re.escape(f"Marked: {mark}.")))
        board.wait_for_exactly(1)
        board.wait_for_state("paused")
        # Of these only the activation changes what the network says before it trains on.
        assert (board.pixels("plane") != picture) is (control == "Activation"), control


def test_it_starts_the_run_again_and_says_so(board: Board) -> None:
    board.play(until_epoch=3)
    board.pause()
    epoch = board.epoch
    for control, key, before, after, word in RESTART:
        assert shown(board, control) == before
        picture = board.pixels()
        board.press(control, key)
        board.wait_for_state("idle")
        board.wait_for_exactly(0)
        expect(board.sentence).to_have_text(f"New {word}, so the run starts again. Press Play.")
        assert shown(board, control) == after
        board.button("Undo").click()
        board.wait_for_exactly(epoch)
        expect(board.sentence).to_have_text(f"The earlier run is back, at epoch {epoch}.")
        assert shown(board, control) == before
        assert board.pixels() == picture, control


def test_a_new_data_set_starts_the_run_again(board: Board) -> None:
    board.play(until_epoch=3)
    board.choose_data("Spiral")
    board.wait_for_state("idle")
    board.wait_for_exactly(0)
    expect(board.sentence).to_have_text("New data set, so the run starts again. Press Play.")
    expect(board.button("Play")).to_be_visible()
    board.button("Undo").click()
    board.wait_for_state("paused")
    assert board.epoch >= 3


def test_layers_are_added_and_taken_away(board: Board) -> None:
    network = board.view("network").get_by_role("img")
    board.button("Add a layer").click()
    expect(network).to_have_accessible_name(re.compile(r"3 hidden layers of 4, 2, 4 units"))
    expect(board.control("Units in layer 3")).to_have_value("4")
    board.press("Units in layer 3", "ArrowUp")
    expect(network).to_have_accessible_name(re.compile(r"of 4, 2, 5 units"))
    for _ in range(3):
        board.button("Remove a layer").click()
    expect(network).to_have_accessible_name(re.compile("no hidden layer"))
    expect(board.button("Remove a layer")).to_be_disabled()
    board.play(until_epoch=2)
    board.pause()
    for _ in range(6):
        board.button("Add a layer").click()
    expect(board.button("Add a layer")).to_be_disabled()
    expect(network).to_have_accessible_name(re.compile("6 hidden layers"))
    board.play(until_epoch=2)


def test_a_slider_follows_the_mouse(board: Board) -> None:
    board.play(until_epoch=2)
    handle = board.control("Learning rate")
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    board.page.mouse.move(x, y)
    board.page.mouse.down()
    board.page.mouse.move(x + 400, y, steps=12)
    board.page.mouse.up()
    assert shown(board, "Learning rate") == "10"
    expect(board.curves).to_have_accessible_name(re.compile(r"Marked: .*→ 10\."))


def test_the_loss_axis_may_be_logarithmic(board: Board) -> None:
    board.play(until_epoch=10)
    board.pause()
    linear = board.pixels("curves")
    toggle = board.button("Logarithmic loss axis")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    board.idle()
    assert board.pixels("curves") != linear
    toggle.click()
    board.idle()
    assert board.pixels("curves") == linear


def test_the_curves_tell_the_value_under_the_pointer(board: Board) -> None:
    for epoch in range(1, 4):
        board.button("Epoch").click()
        board.wait_for_exactly(epoch)
    canvas = board.view("curves").locator("canvas").first
    canvas.hover(position={"x": 5, "y": 40})
    readout = board.view("curves").locator(".nbt-readout")
    expect(readout).to_have_text(re.compile(r"epoch 0 \s*training 0\.711 \s*validation 0\.759"))
    board.view("plane").hover(position={"x": 5, "y": 5})
    expect(readout).to_have_text("")


def shown(board: Board, control: str) -> str:
    board.show_control(control)
    if control in LISTS:
        return board.control(control).locator("option:checked").inner_text().replace("\xa0", " ")
    return board.setting(control)
