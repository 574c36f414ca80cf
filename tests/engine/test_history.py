"""The history: its entries, its growth, one replica of it."""

from __future__ import annotations

import numpy as np
import pytest

from nbtutor.engine import History, Network, ParameterError, Trainer, TrainingConfig, make_dataset

COLUMNS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")


@pytest.mark.parametrize("entries", [0, 1, 255, 256, 257, 1500])
def test_it_grows_and_keeps_every_entry(entries: int) -> None:
    history = History(2)
    for i in range(entries):
        history.append(i, train_loss=np.array([i, i + 0.5]), train_accuracy=np.array([1, 0]))
    assert len(history) == entries
    np.testing.assert_array_equal(history.epoch, np.arange(entries))
    expected = np.arange(entries)[:, None] + [0, 0.5]
    np.testing.assert_array_equal(history.train_loss, expected)
    assert history.train_accuracy.shape == (entries, 2)
    assert np.isnan(history.validation_loss).all()
    assert np.isnan(history.validation_accuracy).all()


def test_one_replica_of_it() -> None:
    history = History(3)
    for i in range(5):
        history.append(i, **{name: 10 * i + np.arange(3) for name in COLUMNS})
    for replica in range(3):
        one = history.replica(replica)
        assert len(one) == 5
        np.testing.assert_array_equal(one.epoch, range(5))
        for name in COLUMNS:
            np.testing.assert_array_equal(getattr(one, name), getattr(history, name)[:, replica])
        assert one.events is history.events


@pytest.mark.parametrize("index", [3, -1, 1.0, "0", None])
def test_a_replica_that_is_not_there(index: object) -> None:
    with pytest.raises(ParameterError, match="index must be a whole number from 0 to 2"):
        History(3).replica(index)  # type: ignore[arg-type]


def test_what_it_gives_is_ones_own() -> None:
    history = History(1)
    history.append(0, train_loss=np.array([1.0]))
    history.train_loss[:] = 9
    history.epoch[:] = 9
    assert (history.train_loss[0, 0], history.epoch[0]) == (1, 0)


@pytest.mark.parametrize("replicas", [1, 4])
def test_of_a_run(replicas: int) -> None:
    train, validation = make_dataset("circle", 40).split(0.5)
    run = Trainer(
        Network((2, 3, 1), replicas=replicas), train, validation, TrainingConfig(batch_size=20)
    )
    assert len(run.history) == 1, "the first entry is before any training"
    run.run(epochs=300)
    np.testing.assert_array_equal(run.history.epoch, np.arange(301))
    for name in COLUMNS:
        column = getattr(run.history, name)
        assert column.shape == (301, replicas)
        assert np.isfinite(column).all()


def test_a_float64_run_has_a_float64_history() -> None:
    """A check against another program needs all its digits."""
    train = make_dataset("circle", 40)
    net = Network((2, 3, 1), dtype="float64")
    run = Trainer(net, train)
    run.run(epochs=2)
    loss, _ = net.loss_and_gradients(train.X, train.y)
    assert run.history.train_loss[-1, 0] == pytest.approx(loss[0], rel=1e-14)


def test_rows_and_the_last_entry_are_the_first_replicas() -> None:
    history = History(2)
    for i in range(300):
        history.append(2 * i, **{name: i + np.array([0.25, 9]) for name in COLUMNS[:3]})
    rows = history.rows(298)
    expected = [[596, *[298.25] * 3, np.nan], [598, *[299.25] * 3, np.nan]]
    np.testing.assert_array_equal(rows, np.array(expected, np.float32), strict=True)
    assert history.rows().shape == (300, 5)
    assert history.rows(300).shape == (0, 5)
    last = history.last()
    assert tuple(last) == COLUMNS
    assert [last[name] for name in COLUMNS[:3]] == [299.25] * 3
    assert np.isnan(last["validation_accuracy"])


@pytest.mark.parametrize("detail", ["losses", "epochs", "updates"])
def test_a_copy_and_what_is_stored_are_whole(detail: str) -> None:
    run = Trainer(
        Network((2, 3, 1), replicas=2),
        make_dataset("circle", 40),
        config=TrainingConfig(batch_size=20),
        detail=detail,
    )
    run.run(epochs=5)
    run.change(learning_rate=0.3)
    copy = run.history.copy()
    stored = run.history.to_arrays()
    filled = History(2, 2, detail)
    filled.fill(stored)
    run.run(epochs=300)
    run.change(learning_rate=0.2)
    assert (len(copy), len(filled), len(run.history)) == (6, 6, 306)
    assert (len(copy.events), len(run.history.events)) == (1, 2)
    for other in (copy, filled):
        arrays = other.to_arrays()
        assert list(arrays) == list(stored)
        for name, column in stored.items():
            np.testing.assert_array_equal(arrays[name], column, name)
    assert ("updates/batch_loss" in stored) == (detail == "updates")
    assert ("dead_units" in stored) == (detail != "losses")


def test_a_shorter_history() -> None:
    run = Trainer(
        Network((2, 3, 1)),
        make_dataset("circle", 40),
        config=TrainingConfig(batch_size=20),
        detail="updates",
    )
    for rate in (0.1, 0.2, 0.3, 0.4):
        run.run(epochs=2)
        run.change(learning_rate=rate)
    history = run.history
    history.truncate(9, 99)
    assert (len(history), len(history.updates), len(history.events)) == (9, 16, 4)
    history.truncate(5, 11)
    assert history.epoch.tolist() == [0, 1, 2, 3, 4, 5]
    assert history.updates["update"].tolist() == list(range(1, 12))
    assert [event.update for event in history.events] == [4, 8]
    history.truncate_updates(3)
    assert (len(history), len(history.updates), len(history.events)) == (6, 3, 2)


def test_a_replica_of_a_replica_is_itself() -> None:
    history = History(3, 2, "epochs")
    for i in range(4):
        history.append(i, train_loss=np.arange(3) + i, gradient_norm=np.arange(6).reshape(3, 2))
    one = history.replica(2)
    for again in (one.replica(0), one.copy()):
        assert again.train_loss.tolist() == [2, 3, 4, 5]
        np.testing.assert_array_equal(again.gradient_norm, [[4, 5]] * 4)
        assert again.last()["train_loss"] == 5
        assert again.rows().shape == (4, 5)
    with pytest.raises(ParameterError, match="index must be a whole number from 0 to 0"):
        one.replica(1)


@pytest.mark.parametrize("detail", ["loss", "", None, 1, ["losses"], "Epochs"])
def test_a_detail_that_is_none(detail: object) -> None:
    with pytest.raises(ParameterError, match=r"^detail must be one of 'losses', 'epochs', 'updat"):
        History(1, 1, detail)  # type: ignore[arg-type]


def test_a_history_of_very_many_epochs_keeps_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtutor.engine.tables.MAX_ROWS", 300)
    run = Trainer(Network((2, 1)), make_dataset("circle", 10), config=TrainingConfig(batch_size=10))
    first = run.history.train_loss[0]
    run.run(epochs=1000)
    history = run.history
    assert history.thinned > 0
    assert len(history) <= 300
    assert (history.epoch[0], history.epoch[-1]) == (0, 1000)
    np.testing.assert_array_equal(history.train_loss[0], first)
    np.testing.assert_array_equal(history.update, history.epoch)
    assert (np.diff(history.epoch) > 0).all()
