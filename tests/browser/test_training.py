"""Schedules, stop conditions, scores, and what the plane shows; named after what they prove."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import PAGES, Board
from tests.browser.conftest import PLAYGROUND, OpenBoard
from tests.browser.looks import show_in
from tests.serve.axe import axe


def linked(open_board: OpenBoard, settings: str, **options: Any) -> Board:
    """A page that was opened with settings in its link."""
    board = open_board(f"{PLAYGROUND}#nbt=1;{settings}", **options)
    expect(board.sentence).to_have_text(re.compile("The settings of the link are here"))
    return board


def bottom(board: Board) -> float:
    box = board.page.locator(".nbt-columns").bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_schedules_and_cyclical_rates(board: Board) -> None:
    board.show_control("Schedule")
    note = board.page.locator(".nbt-note").filter(has_text="The rate")
    expect(note).to_have_text("The rate stays as it is.")
    rate = board.view("curves").locator(".nbt-readout")
    expect(rate).to_have_text("")
    board.control("Schedule").select_option(label="Cyclical, triangular")
    expect(note).to_contain_text("from 0.1 of itself up and down again, every 100 epochs")
    expect(note.locator("polyline")).to_have_count(1)
    board.press("Length", "ArrowLeft")
    expect(note).to_contain_text("every 50 epochs")
    board.press("Stop at epoch", *["ArrowRight"] * 2)
    assert board.setting("Stop at epoch") == "20"
    board.button("Play").click()
    board.wait_for_state("paused")
    board.wait_for_exactly(20)
    # Twenty epochs of a cycle of fifty: 20 / 25 of the way up from 0.003 to 0.03.
    present = 0.03 * (0.1 + 0.9 * 20 / 25)
    expect(rate).to_have_text(f"learning rate now {present:.2g}")
    expect(board.curves).to_have_accessible_name(re.compile(r"learning rate now 0\.025\."))
    with closing(
        nbtutor.Playground(schedule="triangular", schedule_epochs=50, stop_epoch=20)
    ) as same:
        same.train(epochs=20)
        assert float(board.value("train-loss")) == pytest.approx(
            same.history.train_loss[-1], abs=0.0006
        )
    # In mid-run another one takes over, and the curve says so.
    board.control("Schedule").select_option(label="Constant")
    expect(rate).to_have_text("")
    expect(board.curves).to_have_accessible_name(re.compile("Marked: schedule .* → off"))


def test_stop_conditions(board: Board) -> None:
    board.choose_data("Two clouds")
    board.press("Stop at loss", *["ArrowRight"] * 6)
    assert board.setting("Stop at loss") == "0.1"
    board.button("Play").click()
    board.wait_for_state("paused")
    expect(board.sentence).to_have_text(
        re.compile(r"Stopped at epoch \d+: the validation loss is 0\.0\d+, and was to reach 0\.1\.")
    )
    assert float(board.value("validation-loss")) <= 0.1
    expect(board.button("Play")).to_be_visible()
    # It can go on, and is not stopped by the same again; another condition is met once more.
    epoch = board.epoch
    board.play(until_epoch=epoch + 3)
    board.pause()
    board.press("Stop at epoch", *["ArrowRight"] * 5)
    assert board.setting("Stop at epoch") == "200"
    board.button("Play").click()
    board.wait_for_state("paused")
    board.wait_for_exactly(200)
    expect(board.sentence).to_have_text("Stopped at epoch 200, as asked. Press Play to go on.")


def test_early_stopping_puts_the_best_weights_back(open_board: OpenBoard) -> None:
    settings: dict[str, Any] = {
        "dataset": "moons", "noise": 0.5, "points": 60, "hidden": (8, 8), "learning_rate": 0.3,
        "patience": 5,
    }  # fmt: skip
    board = linked(
        open_board,
        "dataset=moons;noise=0.5;points=60;hidden=8,8;learning_rate=0.3;patience=5",
    )
    board.button("Play").click()
    board.wait_for_state("paused")
    expect(board.sentence).to_have_text(re.compile("Stopped early .* the best, are back"))
    found = re.search(r"at epoch (\d+): .* epoch (\d+), the best", board.sentence.inner_text())
    assert found is not None
    last, best = map(int, found.groups())
    assert last == best + 5
    expect(board.curves).to_have_accessible_name(
        re.compile(f"Marked: stopped early: best at epoch {best}")
    )
    with closing(nbtutor.Playground(**{**settings, "patience": 0})) as same:
        same.train(epochs=best)
        validation = same._live.run.validation
        right = (same.network.predict(validation.X)[0] == validation.y).mean()
    assert board.value("validation-accuracy") == f"{100 * right:.1f} %"
    board.play(until_epoch=last + 2)


def tables(board: Board) -> list[list[list[str]]]:
    """The cells of the validation and of the training table."""
    board.idle()
    return [
        [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
        for table in board.view("verdict").locator(".nbt-confusion").all()
    ]


def test_accuracy_and_confusion_matrix(open_board: OpenBoard) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    board = linked(open_board, "dataset=blobs;classes=4;noise=0.5;label_noise=0.1")
    board.button("Layers").click()
    button = board.button("Scores")
    button.focus()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    # One at a time, and all of it stays in the window.
    expect(board.button("Layers")).to_have_attribute("aria-expanded", "false")
    board.play(until_epoch=20)
    board.pause()
    expect(board.view("verdict").locator(".nbt-confusion")).to_have_count(2)
    assert bottom(board) <= 790
    with closing(nbtutor.Playground("blobs", classes=4, noise=0.5, label_noise=0.1)) as same:
        board.catch_up(same)
        run = same._live.run
        sets = [(same.network.predict(d.X)[0], d.y) for d in (run.validation, run.train)]
    board.page.wait_for_function(
        "all => document.querySelector('.nbt-confusion tbody tr:last-child td').innerText === all",
        arg=f"{100 * metrics.accuracy_score(sets[0][1], sets[0][0]):.1f} %",
    )
    for shown, (predicted, true) in zip(tables(board), sets, strict=True):
        matrix = metrics.confusion_matrix(true, predicted, labels=range(4))
        recalls = metrics.recall_score(true, predicted, average=None)
        for row, counts, recall in zip(shown, matrix, recalls, strict=False):
            assert list(map(int, row[:-1])) == counts.tolist()
            assert float(row[-1].rstrip(" %")) == pytest.approx(100 * recall, abs=0.051)
        all_right = float(shown[-1][0].rstrip(" %"))
        assert all_right == pytest.approx(100 * metrics.accuracy_score(true, predicted), abs=0.051)


def test_of_a_regression_the_share_explained(open_board: OpenBoard) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    board = linked(open_board, "dataset=plane;noise=0.1")
    board.button("Scores").click()
    board.play(until_epoch=10)
    board.pause()
    with closing(nbtutor.Playground("plane", noise=0.1)) as same:
        board.catch_up(same)
        run = same._live.run
        explained = [
            metrics.r2_score(d.y, same.network.predict(d.X)[0, :, 0])
            for d in (run.validation, run.train)
        ]
    cells = board.view("verdict").locator(".nbt-confusion td")
    expect(cells).to_have_text([f"{share:.3f}" for share in explained])


def show(board: Board, choice: str) -> None:
    """Open the plane's menu, and take the other value of a choice."""
    board.button("Show").click()
    box = board.page.get_by_role("checkbox", name=choice, exact=True)
    expect(box).to_be_visible()
    box.focus()
    box.press("Space")
    board.page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    board.idle()


def test_show_test_points(board: Board) -> None:
    board.button("Epoch").click()
    board.wait_for_exactly(1)
    board.idle()
    marks = board.view("plane").locator("canvas").last
    count = (
        "c => new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)"
        ".filter((pixel) => pixel !== 0).length"
    )
    both = marks.evaluate(count)
    show(board, "Validation points")
    training = marks.evaluate(count)
    assert 0.3 * both < training < 0.9 * both
    # Nothing is trained by it, and it can be passed on.
    board.wait_for_exactly(1)
    show(board, "Validation points")
    assert marks.evaluate(count) == both


def test_discretise_the_output(open_board: OpenBoard) -> None:
    board = linked(open_board, "discretize=on;seed=1")
    board.play(until_epoch=30)
    board.pause()
    stepped = board.colours()
    show(board, "Output in steps")
    smooth = board.colours()

    def commonest(pixels: list[int]) -> float:
        """The share of the two colours that are there most."""
        table = np.array(pixels, np.uint32).reshape(-1, 4)
        _, counts = np.unique(table, axis=0, return_counts=True)
        return float(np.sort(counts)[-2:].sum() / counts.sum())

    assert commonest(stepped) > 0.9
    assert commonest(smooth) < 0.5
    show(board, "Output in steps")
    assert board.colours() == stepped


def test_train_and_test_from_different_distributions(board: Board) -> None:
    board.press("Shift", "End")
    expect(board.sentence).to_have_text(
        "New shift between training and validation, so the run starts again. Press Play."
    )
    board.play(until_epoch=60)
    board.pause()
    with closing(nbtutor.Playground(shift=1.0)) as same:
        board.catch_up(same)
        run = same._live.run
        assert run.train.X[:, 0].max() <= run.validation.X[:, 0].min()
        sentence = same.verdict.sentence
        accuracies = [
            (same.network.predict(d.X)[0] == d.y).mean() for d in (run.train, run.validation)
        ]
    assert board.value("train-accuracy") == f"{100 * accuracies[0]:.1f} %"
    assert board.value("validation-accuracy") == f"{100 * accuracies[1]:.1f} %"
    assert accuracies[0] > accuracies[1] + 0.1
    expect(board.view("verdict").locator(".nbt-verdict")).to_have_text(sentence)


def test_clipping_smoothing_and_augmentation_act_in_mid_run(board: Board) -> None:
    board.play(until_epoch=2)
    for control, mark in (
        ("Clip gradient", "clip norm off → 0.001"),
        ("Smooth labels", "label smoothing 0 → 0.05"),
        ("Jitter", "augmentation off → jitter 0.05"),
        ("Rotation", "augmentation jitter 0.05 → jitter 0.05, rotation 5"),
    ):
        board.press(control, "ArrowRight")
        expect(board.curves).to_have_accessible_name(re.compile(re.escape(f"Marked: {mark}.")))
    board.page.get_by_role("checkbox", name="Mirror half of them").check()
    expect(board.curves).to_have_accessible_name(re.compile("rotation 5, mirror"))
    assert board.read()["plane"]["state"] == "playing"


def test_every_page_fits_the_window_and_is_accessible(board: Board) -> None:
    board.button("Scores").click()
    board.button("Play").click()
    expect(board.view("verdict").locator(".nbt-confusion")).to_have_count(2)
    board.pause()
    for number, page in enumerate(PAGES):
        # The looks take turns: the same rules colour all pages.
        show_in(board.page, "dark" if number % 2 else "light")
        board.show_page(page)
        board.idle()
        assert bottom(board) <= 790
        left = board.page.locator(".nbt-controls").first
        assert left.evaluate("e => e.scrollHeight <= e.clientHeight + 1"), page
        assert axe(board.page) == []
    board.button("Show").click()
    assert axe(board.page) == []


def test_a_page_whose_controls_are_hidden_has_no_button(open_board: OpenBoard) -> None:
    names = "points,classes,label_noise,seed,shift,jitter,rotation,mirror"
    board = linked(open_board, f"points=100;hide={names}")
    group = board.page.get_by_role("group", name="Settings")
    expect(group.get_by_role("button", name="Data", exact=True)).to_be_hidden()
    expect(group.get_by_role("button", name="Schedule", exact=True)).to_be_visible()
