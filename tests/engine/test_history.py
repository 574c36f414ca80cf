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
    expected = [[596, 298.25, 298.25], [598, 299.25, 299.25]]
    np.testing.assert_array_equal(rows, np.array(expected, np.float32), strict=True)
    assert history.rows().shape == (300, 3)
    assert history.rows(300).shape == (0, 3)
    last = history.last()
    assert tuple(last) == COLUMNS
    assert [last[name] for name in COLUMNS[:3]] == [299.25] * 3
    assert np.isnan(last["validation_accuracy"])
