"""Scrubbing and forking, kept runs side by side, and the pointer on the loss curve."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import nbtutor
from tests.browser.board import Board
from tests.browser.conftest import OpenBoard
from tests.serve.axe import axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def scrubber(board: Board) -> Locator:
    return board.page.get_by_role("slider", name="Epoch shown", exact=True)


def train(board: Board, epochs: int) -> int:
    """Play to an epoch or a little further, and return where the run stands."""
    board.play(until_epoch=epochs)
    board.pause()
    # On a slow machine a pause comes in the midst of an epoch: to its end.
    epoch = board.epoch + 1
    board.button("Epoch").click()
    board.wait_for_exactly(epoch)
    return epoch


def scrub(board: Board, *keys: str) -> int:
    """Press keys on the scrubber, and return the epoch that is shown then."""
    slider = scrubber(board)
    slider.focus()
    for key in keys:
        wanted = slider.input_value()
        slider.press(key)
        expect(slider).not_to_have_value(wanted)
    value = int(slider.input_value())
    board.wait_for_exactly(value)
    return value


def check_numbers(board: Board, playground: nbtutor.Playground) -> None:
    """The page shows what Python has at the end of its run."""
    history = playground.history
    assert board.value("updates") == f"{int(history.update[-1]):,}"
    for name, column in (
        ("train-loss", history.train_loss),
        ("validation-loss", history.validation_loss),
    ):
        assert float(board.value(name)) == pytest.approx(column[-1], rel=0.01, abs=0.0006)
    for name, column in (
        ("train-accuracy", history.train_accuracy),
        ("validation-accuracy", history.validation_accuracy),
    ):
        assert float(board.value(name).rstrip(" %")) == pytest.approx(100 * column[-1], abs=0.06)


def change_rate(board: Board, key: str = "ArrowRight") -> None:
    seq = board.seq
    board.press("Learning rate", key)
    board.wait_for_picture_after(seq)


def open_list(board: Board) -> Locator:
    button = board.page.get_by_role("button", name=re.compile(r"^\d kept runs?$"))
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    return board.page.get_by_role("group", name="Kept runs")


def test_scrub_back_to_any_epoch_and_fork(board: Board) -> None:
    end = train(board, 60)
    plane = board.pixels()
    verdict = board.view("verdict").locator(".nbt-verdict")
    with closing(nbtutor.Playground()) as same:
        for keys in (["PageDown", "PageDown"], ["ArrowLeft"], ["Home"], ["PageUp"] * 5):
            epoch = scrub(board, *keys)
            board.wait_for_state("paused")
            with closing(nbtutor.Playground()) as then:
                then.train(epoch)
                check_numbers(board, then)
                expect(verdict).to_have_text(then.verdict.sentence)
            assert (board.pixels() != plane) == (epoch != end)
        assert 0 < epoch < end
        expect(board.sentence).to_have_text(
            f"Epoch {epoch} of {end}. Play makes a new run, and keeps this one."
        )
        # Back to the end, and nothing has changed.
        board.button("Back to the end").click()
        board.wait_for_exactly(end)
        assert board.pixels() == plane
        same.train(end)
        check_numbers(board, same)

    # Once more, and on from there with another rate: the same batches as a run in Python.
    assert scrub(board, "ArrowLeft") == end - 1
    epoch = scrub(board, "PageDown", "PageDown", "PageDown")
    change_rate(board)
    assert board.epoch == epoch, "what is shown stays"
    board.button("Go on from here").click()
    board.wait_for_epoch(epoch + 20)
    board.pause()
    now = train(board, board.epoch + 1)
    with closing(nbtutor.Playground()) as fork:
        fork.train(epoch)
        fork.learning_rate = 0.1
        fork.train(now - epoch)
        check_numbers(board, fork)
    # The old run is kept beside it, whole.
    kept = open_list(board)
    expect(kept.get_by_role("textbox")).to_have_value("rate 0.03")
    expect(kept).to_contain_text(f"after epoch {end}: {25 * end:,} updates")
    board.check_no_bad_numbers()


def test_play_from_an_earlier_epoch_does_not_cut_the_run(board: Board) -> None:
    end = train(board, 40)
    epoch = scrub(board, "Home", "PageUp")
    board.play(until_epoch=epoch + 5)
    board.pause()
    kept = open_list(board)
    expect(kept).to_contain_text(f"after epoch {end}")
    board.button("Bring back run 1").click()
    board.wait_for_exactly(end)
    with closing(nbtutor.Playground()) as same:
        same.train(end)
        check_numbers(board, same)


def test_dragging_shows_the_run_as_it_was_while_it_is_dragged(board: Board) -> None:
    board.play(until_epoch=60)
    box = scrubber(board).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    board.page.mouse.move(box["x"] + box["width"] - 8, y)
    board.page.mouse.down()
    board.wait_for_state("paused")
    board.record()
    box = scrubber(board).bounding_box()
    assert box is not None
    for step in range(30):
        board.page.mouse.move(box["x"] + 8 + (box["width"] - 16) * (1 - step / 30), y)
        board.idle(1)
    board.page.mouse.up()
    board.idle()
    epochs = [epoch for _, epoch in board.shown()]
    last = int(scrubber(board).input_value())
    board.wait_for_exactly(last)
    assert last < 10
    assert len(set(epochs)) >= 10, "it is live"
    assert epochs == sorted(epochs, reverse=True)
    with closing(nbtutor.Playground()) as then:
        then.train(last)
        check_numbers(board, then)


def test_marks_are_there_after_the_return(board: Board) -> None:
    train(board, 20)
    change_rate(board)
    train(board, 40)
    expect(board.curves).to_have_accessible_name(re.compile(r"learning rate 0\.03 → 0\.1"))
    curves = board.pixels("curves")
    scrub(board, "PageDown", "PageDown", "PageDown", "PageDown", "PageDown", "PageDown")
    expect(board.curves).to_have_accessible_name(re.compile(r"0\.1\. Epoch \d+ is shown\."))
    board.button("Back to the end").click()
    board.idle()
    assert board.pixels("curves") == curves
    expect(board.curves).to_have_accessible_name(re.compile(r"0\.03 → 0\.1\.$"))


def test_saved_runs_side_by_side(board: Board) -> None:
    first = train(board, 30)
    alone = board.pixels("curves")
    board.button("Keep this run").click()
    expect(board.sentence).to_have_text("Kept as “run 1”.")
    board.button("Reset").click()
    change_rate(board)
    second = train(board, 20)
    with_kept = board.pixels("curves")
    assert with_kept != alone
    kept = open_list(board)
    name = kept.get_by_role("textbox")
    name.fill("slow")
    name.press("Enter")
    expect(board.button("Bring back slow")).to_be_visible()
    expect(board.curves).to_have_accessible_name(
        re.compile(r"Kept runs, validation loss: slow, 0\.\d+"), timeout=5000
    )
    # Another data set, and it is there still; the present run is kept in its place.
    board.page.keyboard.press("Escape")
    expect(kept).to_be_hidden()
    kept = open_list(board)
    board.button("Bring back slow").click()
    board.wait_for_exactly(first)
    with closing(nbtutor.Playground()) as same:
        same.train(first)
        check_numbers(board, same)
    assert board.setting("Learning rate") == "0.03"
    expect(kept.get_by_role("textbox")).to_have_value("rate 0.1")
    expect(kept).to_contain_text(f"after epoch {second}")
    board.choose_data("Spiral")
    board.wait_for_exactly(0)
    expect(board.page.get_by_role("button", name="2 kept runs")).to_be_visible()
    kept = open_list(board)
    expect(kept.get_by_role("textbox")).to_have_count(2)
    expect(kept).to_contain_text("Other data, so the losses do not compare.")
    for which in ("rate 0.1", "slow"):
        board.button(f"Remove {which}").click()
        expect(board.button(f"Remove {which}")).to_have_count(0)
    expect(kept).to_be_hidden()
    # The keyboard is where it was, and not at the top of the page.
    expect(board.view("curves").locator(".nbt-runs")).to_be_focused()


def test_what_differs_between_two_runs_is_said_in_words(board: Board) -> None:
    first = train(board, 40)
    board.button("Keep this run").click()
    board.button("Reset").click()
    change_rate(board)
    second = train(board, 40)
    epoch = min(first, second)
    losses = []
    for rate in (0.03, 0.1):
        with closing(nbtutor.Playground(learning_rate=rate)) as same:
            same.train(epoch)
            losses.append(float(same.history.validation_loss[-1]))
    kept = open_list(board)
    said = kept.locator(".nbt-run-difference").inner_text()
    found = re.fullmatch(
        r"Learning rate 0\.03, now 0\.1; otherwise the same, same seed\. "
        rf"Validation loss (\S+), now (\S+), both at epoch {epoch}\.",
        said,
    )
    assert found is not None, said
    for shown, loss in zip(found.groups(), losses, strict=True):
        assert float(shown) == pytest.approx(loss, rel=0.01, abs=0.0006)


def test_hover_the_loss_curve(board: Board) -> None:
    end = train(board, 50)
    readout = board.view("curves").locator(".nbt-readout")
    expect(readout).to_have_text("")
    canvas = board.view("curves").locator("canvas")
    box = canvas.bounding_box()
    assert box is not None
    with closing(nbtutor.Playground()) as same:
        same.train(end)
        history = same.history

        def check() -> int:
            expect(readout).to_have_text(re.compile(r"^epoch \d+ +training [\d.]+ +validation"))
            epoch, training, validation = re.findall(r"[\d.]+", readout.inner_text())
            for shown, column in (
                (training, history.train_loss),
                (validation, history.validation_loss),
            ):
                assert float(shown) == pytest.approx(column[int(epoch)], rel=0.01, abs=0.0006)
            return int(epoch)

        seen = set()
        for part in (0.02, 0.1, 0.2, 0.3):
            canvas.hover(position={"x": part * box["width"], "y": box["height"] / 2})
            seen.add(check())
        assert len(seen) == 4
        board.page.mouse.move(5, 5)
        expect(readout).to_have_text("")
        # By keyboard, the scrubber reads the same.
        for keys in (["PageDown"], ["Home"], ["ArrowRight"]):
            epoch = scrub(board, *keys)
            expect(readout).to_have_text(re.compile(rf"^epoch {epoch} "))
            assert check() == epoch
            expect(scrubber(board)).to_have_attribute(
                "aria-valuetext", re.compile(rf"^epoch {epoch} of {end}, training loss 0\.\d+, val")
            )


def test_accuracy_over_the_epochs(board: Board) -> None:
    end = train(board, 20)
    losses = board.pixels("curves")
    choice = board.view("curves").get_by_role("combobox", name="Curves show")
    choice.select_option("Accuracy")
    expect(board.view("curves")).to_have_attribute("data-measure", "accuracy")
    expect(board.button("Logarithmic loss axis")).to_be_hidden()
    with closing(nbtutor.Playground()) as same:
        same.train(end)
        columns = [same.history.train_accuracy, same.history.validation_accuracy]
    first, last, validation = (
        f"{100 * c:.1f} %" for c in (columns[0][0], *(c[-1] for c in columns))
    )
    expect(board.curves).to_have_accessible_name(
        f"Accuracies over {end} epochs: training from {first} to {last}, "
        f"validation now {validation}."
    )
    assert board.pixels("curves") != losses
    readout = board.view("curves").locator(".nbt-readout")
    epoch = scrub(board, "PageDown")
    shown = [f"{100 * column[epoch]:.1f} %" for column in columns]
    expect(readout).to_have_text(f"epoch {epoch}   training {shown[0]}   validation {shown[1]}")
    # Values have none.
    board.choose_data("Sine")
    expect(choice).to_be_hidden()
    expect(board.view("curves").get_by_role("heading", name="Loss")).to_be_visible()
    expect(board.view("curves")).to_have_attribute("data-measure", "loss")


def test_the_cost_beside_the_epochs(board: Board) -> None:
    spent = board.page.locator("[data-value=seconds]")
    expect(spent).to_have_text("")
    end = train(board, 30)
    expect(spent).to_have_text(re.compile(r"^\d+\.\d+ s of training$"))
    assert board.value("updates") == f"{25 * end:,}"
    seconds = float(spent.inner_text().split()[0])
    assert 0 < seconds < 60
    epoch = scrub(board, "Home", "PageUp", "PageUp", "PageUp")
    assert board.value("updates") == f"{25 * epoch:,}"
    assert float(spent.inner_text().split()[0]) <= seconds
    board.button("Back to the end").click()
    expect(spent).to_have_text(
        f"{seconds:.2f} s of training" if seconds < 1 else re.compile("s of")
    )
    board.button("Keep this run").click()
    expect(open_list(board)).to_contain_text(f"{25 * end:,} updates in {int(seconds)}.")
    board.button("Reset").click()
    expect(spent).to_have_text("")


def test_what_is_locked_cannot_be_used(open_board: OpenBoard) -> None:
    board = open_board()
    board.page.goto(f"{board.page.url}#nbt=1;lock=timeline,runs")
    board.page.reload()
    board.wait_for_first_picture()
    train(board, 5)
    expect(scrubber(board)).to_be_disabled()
    expect(board.button("Keep this run")).to_be_disabled()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 400)])
def test_it_fits(open_board: OpenBoard, scheme: str, width: int) -> None:
    board = open_board(color_scheme=scheme, viewport={"width": width, "height": 800})
    board.play(until_epoch=10, view="status")
    board.button("Pause").click()
    runs = board.view("curves").locator(".nbt-runs")
    runs.scroll_into_view_if_needed()
    board.button("Keep this run").click()
    expect(board.page.get_by_role("button", name="1 kept run")).to_be_visible()
    slider = scrubber(board)
    slider.focus()
    slider.press("PageDown")
    expect(board.button("Go on from here")).to_be_visible()
    board.idle()
    focused = slider.screenshot()
    slider.blur()
    board.idle()
    assert slider.screenshot() != focused, "the focus is seen"

    def check(*targets: Locator) -> None:
        wide: Any = board.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width
        for target in targets:
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            if width == 1280:
                assert box["y"] + box["height"] <= 790
        board.idle()
        assert axe(board.page) == []

    check(board.button("Go on from here"), board.button("Back to the end"), slider)
    kept = open_list(board)
    check(
        kept, *kept.get_by_role("textbox").all(), board.button("Bring back run 1"),
        board.button("Remove run 1"),
    )  # fmt: skip
