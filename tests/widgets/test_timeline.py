"""Going back in a run, going on from there, and runs that are kept beside the present one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import nbtutor
from nbtutor.engine import Network, ParameterError
from nbtutor.widgets import protocol
from nbtutor.widgets.comparison import describe_difference, differing, name_of, parting, show_loss
from nbtutor.widgets.live import LiveRun, Run
from nbtutor.widgets.saved_runs import MOST_RUNS
from nbtutor.widgets.settings import RunSettings
from nbtutor.widgets.timeline import KEPT_BYTES, LEAST_KEPT, MOST_KEPT, keep_limit
from tests.widgets.page import deliver

MakeLive = Callable[..., LiveRun]


@pytest.fixture
def playground() -> Iterator[nbtutor.Playground]:
    made = nbtutor.Playground(points=60)
    yield made
    made.close()


def trained(epochs: int, **settings: Any) -> nbtutor.Playground:
    made = nbtutor.Playground(**{"points": 60, **settings})
    made.train(epochs)
    return made


def weights(playground: nbtutor.Playground) -> np.ndarray:
    return playground.network.parameters.flat.copy()


def labels(playground: nbtutor.Playground) -> list[str]:
    return [event.label for event in playground.history.events]


def ask(playground: nbtutor.Playground, name: str, /, **arguments: Any) -> list[Any]:
    """Send an act as a page does, and return the messages that come back."""
    hub, answers = playground.views.status, []
    send = hub.send
    hub.send = lambda content, buffers=None: answers.append(content)
    content = {"type": "act", "name": name, "arguments": arguments}
    deliver(hub, content)
    hub.send = send
    return answers


# Back and forth.


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_every_kept_epoch_is_shown_as_it_was(
    playground: nbtutor.Playground, optimizer: str
) -> None:
    playground.dropout, playground.optimizer = 0.2, optimizer
    playground.train(12)
    assert playground.kept == tuple(range(13))
    with closing(nbtutor.Playground(points=60, dropout=0.2, optimizer=optimizer)) as same:
        for epoch in range(12):
            playground.scrub(epoch)
            np.testing.assert_array_equal(weights(playground), weights(same))
            seen, wanted = playground._live.picture(), same._live.picture()
            assert (
                (seen.epoch, seen.updates) == (wanted.epoch, wanted.updates) == (epoch, 3 * epoch)
            )
            for loss in ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy"):
                assert getattr(seen, loss) == getattr(wanted, loss)
            np.testing.assert_array_equal(seen.plane, wanted.plane)
            np.testing.assert_array_equal(seen.units, wanted.units)
            np.testing.assert_array_equal(seen.weights, wanted.weights)
            assert seen.judgement is not None
            assert wanted.judgement is not None
            assert seen.judgement.verdict == wanted.judgement.verdict
            assert (seen.state, seen.span.scrubbed, seen.span.end) == ("paused", True, 12.0)
            same.train(1)
        assert len(playground.history.train_loss) == 13, "the history stays whole"


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_going_back_changes_nothing_of_a_run(optimizer: str) -> None:
    settings: dict[str, Any] = {"optimizer": optimizer, "dropout": 0.3, "momentum": 0.9}
    with closing(trained(8, **settings)) as one, closing(trained(8, **settings)) as same:
        for each in (one, same):
            each._step(updates=2)  # into the midst of an epoch
        for epoch in (3, 0, 8, 5):
            one.scrub(epoch)
        one.scrub()
        assert one._live.picture().span.end == pytest.approx(8 + 20 / 30)
        for each in (one, same):
            each.train(4)
        np.testing.assert_array_equal(weights(one), weights(same))
        np.testing.assert_array_equal(one.history.train_loss, same.history.train_loss)
        assert one.runs == {}


def test_the_last_epoch_is_the_end(playground: nbtutor.Playground) -> None:
    playground.train(5)
    playground.scrub(2)
    playground.scrub(5)
    assert not playground._live.picture().span.scrubbed
    assert playground._live.message == "Paused. Press Play to go on."


def test_an_epoch_that_is_not_kept(playground: nbtutor.Playground) -> None:
    playground.train(5)
    for wrong in (6, -1, 2.5, "2", True):
        with pytest.raises(ParameterError):
            playground.scrub(wrong)  # type: ignore[arg-type]
    assert playground.epoch == 5


def test_the_activation_is_that_of_the_time(playground: nbtutor.Playground) -> None:
    playground.train(4)
    before = playground._live.picture().plane
    playground.activation = "relu"
    playground.train(4)
    after = playground._live.picture().plane
    playground.scrub(4)
    np.testing.assert_array_equal(playground._live.picture().plane, before)
    assert playground._live.picture().activation == "tanh"
    playground.scrub(5)
    assert playground.network.activation == "relu"
    playground.scrub()
    np.testing.assert_array_equal(playground._live.picture().plane, after)


def test_marks_after_the_epoch_shown_are_not_lost(playground: nbtutor.Playground) -> None:
    playground.train(4)
    playground.learning_rate = 0.1
    playground.train(4)
    events = list(playground.history.events)
    assert len(events) == 1
    playground.scrub(2)
    assert playground._live.picture(full=True).events == events
    playground.scrub()
    assert playground.history.events == events


def test_a_setting_that_is_changed_meanwhile_holds_from_the_end_on(
    playground: nbtutor.Playground,
) -> None:
    playground.train(6)
    playground.scrub(2)
    shown = weights(playground)
    playground.learning_rate = 0.1
    assert playground.learning_rate == 0.1
    np.testing.assert_array_equal(weights(playground), shown)
    assert playground.history.events == []
    playground.scrub()
    (event,) = playground.history.events
    assert (event.epoch, event.label) == (6.0, "learning rate 0.03 → 0.1")


def test_a_restart_while_an_earlier_epoch_is_shown(playground: nbtutor.Playground) -> None:
    playground.train(6)
    end = weights(playground)
    playground.scrub(2)
    playground.dataset = "xor"
    assert playground.epoch == 0
    playground.undo()
    assert (playground.epoch, playground.dataset) == (6, "circle")
    np.testing.assert_array_equal(weights(playground), end)
    playground.scrub(3)
    playground.undo()
    playground.undo()
    np.testing.assert_array_equal(weights(playground), end)


# Going on from there.


def test_a_fork_has_the_same_batches(playground: nbtutor.Playground) -> None:
    playground.dropout = 0.2
    playground.train(10)
    end = weights(playground)
    playground.scrub(4)
    playground.fork()
    assert playground.epoch == 4
    playground.train(6)
    np.testing.assert_array_equal(weights(playground), end)
    (old,) = playground.runs.values()
    np.testing.assert_array_equal(old.history.train_loss, playground.history.train_loss)
    said = playground._live.timeline.summaries()[0].difference
    assert said == "The same settings, same seed. One run up to epoch 10."


@pytest.mark.parametrize(
    "change", [{"learning_rate": 0.3}, {"optimizer": "adam"}, {"dropout": 0.5}]
)
def test_a_fork_goes_on_with_the_present_settings(change: dict[str, Any]) -> None:
    (setting,) = change
    with closing(trained(9, momentum=0.5)) as one, closing(trained(4, momentum=0.5)) as same:
        one.scrub(4)
        for each in (one, same):
            setattr(each, setting, change[setting])
        one.fork()
        for each in (one, same):
            each.train(5)
        np.testing.assert_array_equal(weights(one), weights(same))
        np.testing.assert_array_equal(one.history.validation_loss, same.history.validation_loss)
        assert one.history.events == same.history.events


def test_a_fork_from_before_another_optimizer(playground: nbtutor.Playground) -> None:
    playground.momentum = 0.9
    playground.train(4)
    playground.optimizer = "adam"
    playground.train(4)
    playground.scrub(3)
    playground.optimizer = "sgd"
    playground.fork()
    assert playground.history.events == []
    playground.train(3)
    with closing(trained(6, momentum=0.9)) as same:
        np.testing.assert_array_equal(weights(playground), weights(same))


def test_play_from_an_earlier_epoch_keeps_the_run(make_live: MakeLive) -> None:
    live = make_live()
    live.step(epochs=8)
    loss = live.run.trainer.history.train_loss.copy()
    live.timeline.scrub(3)
    assert live.message == "Epoch 3 of 8. Play makes a new run, and keeps this one."
    live.play(True)
    picture = live.tick(live.seq)
    assert picture is not None
    assert (picture.epoch, picture.state) == (4, "playing")
    assert picture.structure is not None, "another run needs a full picture"
    assert live.message == "New run from epoch 3; the old one is “run 1”."
    (saved,) = live.timeline.saved
    np.testing.assert_array_equal(saved.run.trainer.history.train_loss, loss)
    assert saved.epoch == 8
    live.play(False)
    assert live.message == "Paused. Press Play to go on."


@pytest.mark.parametrize("button", ["step", "epoch", "play"])
def test_every_button_keeps_the_run(playground: nbtutor.Playground, button: str) -> None:
    playground.train(5)
    playground.scrub(2)
    getattr(playground.transport, button).click()
    assert [run.epoch for run in playground.runs.values()] == [5]
    assert len(playground.history.epoch) == (4 if button == "epoch" else 3)


def test_where_no_more_can_be_kept_nothing_is_lost(playground: nbtutor.Playground) -> None:
    for _ in range(MOST_RUNS):
        playground.train(1)
        playground.keep()
    playground.train(2)
    playground.scrub(3)
    for press in (playground.transport.play, playground.transport.step):
        press.click()
        assert "6 runs are kept already" in playground.views.status.error
        assert not playground.playing
        assert playground.epoch == 3
    for call in (playground.fork, playground.train, playground.keep):
        with pytest.raises(ParameterError, match="6 runs are kept already"):
            call()
    playground.scrub()
    assert playground.epoch == 8
    assert len(playground.runs) == MOST_RUNS


def test_a_weight_set_by_hand_at_an_earlier_epoch_is_set_in_a_new_run(
    playground: nbtutor.Playground,
) -> None:
    playground.train(5)
    end, losses = weights(playground), playground.history.train_loss
    playground.scrub(2)
    playground.set_weight(1, 0, 0, 2.5)
    assert playground.epoch == 2
    assert labels(playground)[-1].endswith("→ 2.5")
    assert playground._live.message.startswith("New run from epoch 2;")
    playground.set_weight(1, 0, 0, 1.5)
    assert len(playground.runs) == 1
    playground.bring(next(iter(playground.runs)))
    np.testing.assert_array_equal(weights(playground), end)
    np.testing.assert_array_equal(playground.history.train_loss, losses)
    assert labels(playground) == []
    playground.scrub(2)
    with closing(trained(2)) as then:
        np.testing.assert_array_equal(weights(playground), weights(then))


def test_points_that_are_drawn_at_an_earlier_epoch_come_at_the_end(
    playground: nbtutor.Playground,
) -> None:
    playground.train(5)
    playground.scrub(2)
    playground._live.draw(playground._live.present_points)
    assert not playground._live.timeline.scrubbed
    assert playground._live.run.trainer.epoch == 5
    playground.undo()
    assert playground.epoch == 5


def test_replicas_stay_at_the_end_while_the_run_goes_back(playground: nbtutor.Playground) -> None:
    playground.replicas = 3
    playground.train(4)
    fleet = playground._live.run.fleet
    assert fleet is not None
    fleet.finish()
    before = fleet.trainer.network.parameters.flat.copy()
    playground.scrub(2)
    playground._live.follow_replicas()
    news = playground._live.picture(full=True).replicas
    assert news is not None
    assert news.note == "They stay where they are, at epoch 4."
    assert not news.behind
    playground.scrub()
    np.testing.assert_array_equal(fleet.trainer.network.parameters.flat, before)
    playground.scrub(2)
    playground.fork()
    assert playground._live.run.fleet is not fleet


def test_weights_that_python_changes_at_an_earlier_epoch_go_with_the_fork(
    playground: nbtutor.Playground,
) -> None:
    playground.train(5)
    end = weights(playground)
    playground.scrub(2)
    playground.network.parameters.flat[0, 0] = 2.5
    playground.scrub()
    np.testing.assert_array_equal(weights(playground), end)
    playground.scrub(2)
    playground.network.parameters.flat[0, 0] = 2.5
    playground.fork()
    assert weights(playground)[0, 0] == 2.5
    playground.bring(next(iter(playground.runs)))
    np.testing.assert_array_equal(weights(playground), end)


def test_from_before_it_overflowed_a_run_goes_on(playground: nbtutor.Playground) -> None:
    playground.dataset, playground.activation = "plane", "relu"
    playground.train(3)
    playground.learning_rate = 1000.0
    with pytest.warns(RuntimeWarning, match="too large"):
        playground.train(10)
    assert playground.views.status.state == "error"
    playground.scrub(2)
    assert playground.views.status.state == "paused"
    playground.scrub()
    assert playground.views.status.state == "error"
    playground.scrub(2)
    playground.learning_rate = 0.01
    playground.fork()
    playground.train(2)
    assert playground.epoch == 4
    assert np.isfinite(playground.history.train_loss).all()


def test_the_present_epoch_has_no_fork(playground: nbtutor.Playground) -> None:
    playground.train(3)
    playground.fork()
    assert playground.runs == {}


# Kept runs.


def test_a_kept_run_stays_as_it_is(playground: nbtutor.Playground) -> None:
    playground.train(5)
    saved = playground.keep("first")
    before = saved.run.network.parameters.flat.copy()
    playground.train(5)
    playground.learning_rate = 0.1
    playground.reset()
    playground.redraw += 1
    playground.dataset = "spiral"
    playground.train(2)
    assert list(playground.runs) == ["first"]
    kept = playground.runs["first"]
    assert (kept.epoch, kept.updates, kept.settings.learning_rate) == (5, 15, 0.03)
    np.testing.assert_array_equal(kept.run.network.parameters.flat, before)
    with closing(trained(5)) as same:
        np.testing.assert_array_equal(kept.history.train_loss, same.history.train_loss)
        assert kept.history.train_loss.shape == (6,)


def test_a_run_that_is_shown_as_it_was_is_kept_whole(playground: nbtutor.Playground) -> None:
    playground.train(5)
    end = weights(playground)
    playground.scrub(2)
    saved = playground.keep()
    assert (playground.epoch, saved.epoch) == (2, 5)
    np.testing.assert_array_equal(saved.run.network.parameters.flat, end)


def test_names_say_what_differs(playground: nbtutor.Playground) -> None:
    playground.train(1)
    assert playground.keep().name == "points 60"
    playground.learning_rate = 0.1
    playground.train(1)
    assert playground.keep().name == "rate 0.1"
    playground.train(1)
    assert playground.keep().name == "run 1"
    playground.optimizer, playground.batch_size = "adam", 20
    playground.train(1)
    assert playground.keep().name == "Adam, batch 20"
    playground.optimizer, playground.batch_size = "sgd", 10
    playground.train(1)
    assert playground.keep().name == "SGD, batch 10"
    playground.optimizer, playground.batch_size = "adam", 20
    playground.train(1)
    assert playground.keep().name == "Adam, batch 20 (2)"


def test_what_cannot_be_kept(playground: nbtutor.Playground) -> None:
    with pytest.raises(ParameterError, match="Press Play first"):
        playground.keep()
    playground.train(1)
    playground.keep("a")
    with pytest.raises(ParameterError, match="“a”"):
        playground.keep("b")
    playground.train(1)
    for name in ("a", " a ", "x" * 41, "two\nlines", "  ", 3):
        with pytest.raises(ParameterError):
            playground.keep(name)  # type: ignore[arg-type]
    assert list(playground.runs) == ["a"]
    with pytest.raises(ParameterError, match="'a'"):
        playground.bring("b")
    playground.forget("a")
    assert playground.runs == {}


def test_the_present_run_takes_the_place_of_the_one_that_is_brought_back(
    playground: nbtutor.Playground,
) -> None:
    playground.train(3)
    playground.keep("a")
    playground.learning_rate = 0.1
    playground.train(3)
    first, second = weights(playground), playground.runs["a"].run.network.parameters.flat.copy()
    playground.bring("a")
    assert (playground.learning_rate, playground.epoch) == (0.03, 3)
    assert playground.controls.learning_rate.value == 0.03
    np.testing.assert_array_equal(weights(playground), second)
    assert list(playground.runs) == ["rate 0.1"]
    playground.bring("rate 0.1")
    np.testing.assert_array_equal(weights(playground), first)
    assert list(playground.runs) == ["a"], "it has its name still"


def test_an_untrained_run_needs_no_place(playground: nbtutor.Playground) -> None:
    playground.train(3)
    playground.keep("a")
    playground.reset()
    playground.bring("a")
    assert playground.runs == {}
    # It was kept, so a restart puts it back into the list.
    end = weights(playground)
    playground.reset()
    assert list(playground.runs) == ["a"]
    assert playground._live.message == "“a” is kept."
    playground.undo()
    playground.train(2)
    np.testing.assert_array_equal(playground.runs["a"].run.network.parameters.flat, end)


def test_what_is_kept_is_bounded() -> None:
    deep = Network((2, *(8,) * 6, 1))
    assert keep_limit(deep) == MOST_KEPT
    wide = Network((2, *(64,) * 6, 1))
    assert keep_limit(wide) == LEAST_KEPT
    assert 3 * keep_limit(deep) * deep.parameters.flat.nbytes <= KEPT_BYTES
    with closing(trained(600, optimizer="adam", points=10)) as long:
        assert len(long.kept) <= MOST_KEPT
        assert long.kept[1] == 4
        assert long.kept[-1] == 600


def test_seconds_of_training(playground: nbtutor.Playground) -> None:
    assert playground.seconds == 0
    playground.train(10)
    whole = playground.seconds
    assert whole > 0
    playground.scrub(5)
    assert playground.seconds == pytest.approx(whole / 2)
    playground.fork()
    assert playground.seconds == pytest.approx(whole / 2)
    assert playground.runs["run 1"].seconds == whole


# What differs, in words.


def words(playground: nbtutor.Playground) -> str:
    (summary,) = playground._live.timeline.summaries()
    return summary.difference


def test_a_difference_of_one_setting(playground: nbtutor.Playground) -> None:
    playground.train(20)
    playground.keep()
    playground.learning_rate = 0.1
    playground.reset()
    playground.train(30)
    kept, present = playground.runs["points 60"].history, playground.history
    losses = kept.validation_loss[20], present.validation_loss[20]
    assert words(playground) == (
        "Learning rate 0.03, now 0.1; otherwise the same, same seed. "
        f"Validation loss {losses[0]:.3f}, now {losses[1]:.3f}, both at epoch 20."
    )


def test_the_same_settings_another_course(playground: nbtutor.Playground) -> None:
    playground.train(5)
    playground.keep()
    playground.learning_rate = 0.1
    playground.train(2)
    playground.learning_rate = 0.03
    playground.train(2)
    assert words(playground).startswith(
        "The same settings, same seed. One run up to epoch 5. Changed on the way now: "
        "learning rate 0.03 → 0.1 at epoch 5, learning rate 0.1 → 0.03 at epoch 7."
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": "moons"}, "Other data, so the losses do not compare."),
        ({"noise": 0.2}, "Other data, so the losses do not compare."),
        ({"loss": "squared_error"}, "Another loss function, so the losses do not compare."),
        ({"seed": 3}, "Seed 0, now 3; otherwise the same. Validation loss"),
        ({"seed": 3}, "both at epoch 2, each on its own points."),
        ({"hidden": (8, 8)}, "Layers 4-2, now 8-8; otherwise the same, same seed."),
        ({"hidden": ()}, "Layers 4-2, now none; otherwise"),
        ({"inputs": ("x", "x2")}, "Inputs x, y, now x, x²; otherwise"),
        ({"activation": "relu"}, "Activation tanh, now ReLU; otherwise"),
        ({"batch_size": 5, "l2": 0.01}, "Batch size 10, now 5; L2 0, now 0.01; otherwise"),
    ],
)
def test_other_differences(
    playground: nbtutor.Playground, change: dict[str, Any], said: str
) -> None:
    playground.train(2)
    playground.keep()
    for name, value in change.items():
        setattr(playground, name, value)
    playground.reset()
    playground.train(2)
    assert said in words(playground)
    comparable = playground._live.timeline.summaries()[0].comparable
    assert comparable == ("loss" not in change)


def test_before_training_no_losses_are_compared(playground: nbtutor.Playground) -> None:
    playground.train(2)
    playground.keep()
    playground.reset()
    assert words(playground) == "The same settings, same seed."


def test_parting() -> None:
    with closing(trained(6)) as one, closing(trained(9)) as same, closing(trained(6, seed=1)) as no:
        fleet = [each._live.run.trainer.history for each in (one, same, no)]
        assert parting(fleet[0], fleet[1]) == 6
        assert parting(fleet[0], fleet[2]) == -1


@given(st.floats(1e-9, 1e6))
@hypothesis_settings(max_examples=200)
def test_losses_keep_their_size(loss: float) -> None:
    assert float(show_loss(loss)) == pytest.approx(loss, rel=0.06, abs=0.00006)


def test_names_of_differences() -> None:
    usual = RunSettings()
    assert differing(usual, usual) == []
    assert name_of(usual, usual) == ""
    assert name_of(RunSettings("spiral", hidden=(8, 8), seed=4), usual) == "Spiral, layers 8-8"


# The page.


def test_a_drag_is_answered_by_what_is_new(playground: nbtutor.Playground) -> None:
    playground.train(20)
    first = ask(playground, "scrub", epoch=12, done=False)
    assert [m["full"] for m in first if m["type"] == "frame"] == [True]
    (answer,) = ask(playground, "scrub", epoch=11, done=False)
    assert not answer["full"]
    assert answer["epoch"] == 11
    assert answer["arrays"]["curve"]["shape"] == [0, 5]
    assert answer["span"] == {"end": 20.0, "every": 1, "scrubbed": True}
    assert playground.epoch == 11
    (answer,) = ask(playground, "scrub", epoch=11, done=True)
    assert answer["full"]
    (answer,) = ask(playground, "back")
    assert (answer["epoch"], answer["span"]["scrubbed"]) == (20, False)


def test_the_nearest_kept_epoch_is_shown(playground: nbtutor.Playground) -> None:
    playground.train(500)
    assert playground.kept[1] == 4
    (answer,) = ask(playground, "scrub", epoch=25, done=True)
    assert answer["epoch"] == 24


def test_going_on_plays_unless_play_is_locked(playground: nbtutor.Playground) -> None:
    playground.train(5)
    playground.scrub(2)
    ask(playground, "fork")
    assert playground.playing
    assert playground._live.message.startswith("New run from epoch 2;")
    playground.playing = False
    playground.lock = ["play"]
    playground.train(2)
    playground.scrub(3)
    ask(playground, "fork")
    assert not playground.playing
    assert playground.epoch == 3


def test_a_page_keeps_renames_brings_and_removes(playground: nbtutor.Playground) -> None:
    playground.train(5)
    (frame,) = ask(playground, "keep_run")
    (run,) = frame["runs"]
    assert json.loads(json.dumps(frame))["runs"][0]["name"] == "points 60"
    assert (run["epoch"], run["updates"], run["rows"]) == (5, 15, 6)
    assert frame["arrays"]["saved"]["shape"] == [6, 5]
    ask(playground, "rename_run", number=run["number"], name="  My run ")
    assert list(playground.runs) == ["My run"]
    playground.train(1)
    (frame,) = ask(playground, "bring_run", number=run["number"])
    assert playground.epoch == 5
    (run,) = frame["runs"]
    (frame,) = ask(playground, "remove_run", number=run["number"])
    assert frame["runs"] == []
    assert frame["arrays"]["saved"]["shape"] == [0, 5]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("scrub", {}),
        ("scrub", {"epoch": 2}),
        ("scrub", {"epoch": 2, "done": 1}),
        ("scrub", {"epoch": -1, "done": True}),
        ("scrub", {"epoch": 2.5, "done": True}),
        ("scrub", {"epoch": "2", "done": True}),
        ("scrub", {"epoch": True, "done": True}),
        ("scrub", {"epoch": 2**70, "done": True}),
        ("scrub", {"epoch": 2, "done": True, "more": 1}),
        ("back", {"epoch": 2}),
        ("fork", {"epoch": 2}),
        ("keep_run", {"name": "x"}),
        ("bring_run", {"number": 99}),
        ("bring_run", {"number": None}),
        ("bring_run", {}),
        ("remove_run", {"number": 99}),
        ("remove_run", {"number": [1]}),
        ("rename_run", {"number": 1}),
        ("rename_run", {"number": 1, "name": 3}),
        ("rename_run", {"number": 1, "name": ""}),
        ("rename_run", {"number": 1, "name": "x" * 1000}),
        ("rename_run", {"number": 1, "name": "a\x00b"}),
        ("rename_run", {"number": 99, "name": "x"}),
    ],
)
def test_nonsense_changes_nothing(
    playground: nbtutor.Playground, name: str, arguments: dict[str, Any]
) -> None:
    playground.train(5)
    playground.keep("a")
    before = weights(playground)
    (answer,) = ask(playground, name, **arguments)
    assert answer["type"] == "error"
    assert len(answer["message"]) < 400
    np.testing.assert_array_equal(weights(playground), before)
    assert list(playground.runs) == ["a"]
    assert playground.epoch == 5


@pytest.mark.parametrize("rule", ["hide", "lock"])
def test_what_is_closed_is_closed(playground: nbtutor.Playground, rule: str) -> None:
    playground.train(5)
    number = playground.keep("a").number
    setattr(playground, rule, ["timeline", "runs"])
    for name, arguments in (
        ("scrub", {"epoch": 2, "done": True}),
        ("back", {}),
        ("fork", {}),
        ("keep_run", {}),
        ("bring_run", {"number": number}),
        ("rename_run", {"number": number, "name": "b"}),
        ("remove_run", {"number": number}),
    ):
        (answer,) = ask(playground, name, **arguments)
        assert "locked here" in answer["message"]
    assert list(playground.runs) == ["a"]
    curves = playground.views.curves
    assert curves.locked == ["timeline", "runs"]
    assert curves.hidden == (["timeline", "runs"] if rule == "hide" else [])
    playground.scrub(2)  # from Python it is open
    assert playground.epoch == 2


def test_many_rows_of_kept_runs_are_thinned(playground: nbtutor.Playground) -> None:
    playground.train(900)
    playground.keep()
    header, buffers = protocol.encode(playground._live.picture(full=True))
    rows = header["runs"][0]["rows"]
    assert rows <= 400
    saved = np.frombuffer(buffers[header["arrays"]["saved"]["buffer"]], np.float32).reshape(-1, 5)
    assert len(saved) == rows
    assert saved[-1, 0] == 900
    lowest = playground.history.train_loss.min()
    assert saved[:, 1].min() == pytest.approx(lowest, rel=1e-6)


def test_while_it_plays_one_run_is_compared_at_a_time(
    playground: nbtutor.Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        playground.train(1)
        playground.keep()
    playground.reset()
    timeline = playground._live.timeline
    compared: list[Run] = []

    def compare(kept: Run, present: Run) -> str:
        compared.append(kept)
        return describe_difference(kept, present)

    monkeypatch.setattr("nbtutor.widgets.timeline.describe_difference", compare)
    timeline.summaries()
    assert compared == [], "nothing has changed"
    playground._live.playing = True
    for expected in (1, 2, 3):
        playground._live.run.trainer.run(epochs=1)
        timeline.summaries()
        assert len(compared) == expected
    assert len({id(run) for run in compared}) == 3
    playground._live.playing = False
    assert [s.difference for s in timeline.summaries()] == [
        describe_difference(saved.run, playground._live.run) for saved in timeline.saved
    ]


def test_slow_motion_from_an_earlier_epoch_keeps_the_run(playground: nbtutor.Playground) -> None:
    playground.train(5)
    playground.speed = "stages"
    playground.scrub(2)
    slow = playground._live.slow
    stage = slow.stage()
    assert stage is not None
    for _ in range(stage.count):
        slow.next()
    assert [run.epoch for run in playground.runs.values()] == [5]
    assert playground._live.run.trainer.updates == 2 * 3 + 1
    playground.playing = True
    playground.scrub(1)
    assert not playground.playing
