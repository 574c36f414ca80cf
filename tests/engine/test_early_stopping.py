"""Early stopping, against a run without it that is looked at afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbtutor.engine import Network, ParameterError, Trainer, TrainingConfig, make_dataset
from nbtutor.engine.early_stopping import Best
from nbtutor.engine.training import DIVERGED, RUNNING, STOPPED_EARLY

Array = np.ndarray

EPOCHS = 60


def trainer(replicas: int = 3, seed: int = 0, **settings: Any) -> Trainer:
    train, validation = make_dataset("moons", 60, noise=0.5, seed=3).split(0.4)
    rates = (0.8, 0.3, 0.05)[:replicas]
    config = TrainingConfig(**{"learning_rate": rates, "batch_size": 5, **settings})
    net = Network((2, 8, 8, 1), replicas=replicas, seed=seed)
    return Trainer(net, train, validation, config, seed=seed)


def plain_run(epochs: int = EPOCHS, **options: Any) -> tuple[Trainer, list[Array]]:
    """A run without patience, and its weights after every epoch, the first before any."""
    run = trainer(**options)
    weights = [run.network.parameters.flat.copy()]
    for _ in range(epochs):
        run.run(epochs=1)
        weights.append(run.network.parameters.flat.copy())
    return run, weights


def end(losses: Array, patience: int, start: int = 0) -> tuple[int, int | None]:
    """The best epoch after `start`, and the one at which patience ends, if it does."""
    best = start
    for epoch in range(start + 1, len(losses)):
        if losses[epoch] < losses[start + 1 : epoch].min(initial=np.inf):
            best = epoch
        if epoch - best == patience:
            return best, epoch
    return best, None


@pytest.mark.parametrize("patience", [1, 2, 3, 7, 20, EPOCHS])
@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam", "learning_rate": 0.05}], ids=str)
def test_best_and_end_are_those_of_the_plain_run(settings: dict[str, Any], patience: int) -> None:
    plain, weights = plain_run(**settings)
    run = trainer(patience=patience, **settings)
    run.run(epochs=EPOCHS)
    assert run.best is not None
    stopped = []
    for replica in range(3):
        losses = plain.history.validation_loss[:, replica]
        best, stop = end(losses, patience)
        assert run.best.epoch[replica] == best
        assert run.best.loss[replica] == losses[best] == losses[1 : (stop or EPOCHS) + 1].min()
        np.testing.assert_array_equal(run.best.parameters[replica], weights[best][replica])
        last = EPOCHS if stop is None else best
        np.testing.assert_array_equal(run.network.parameters.flat[replica], weights[last][replica])
        assert run.status[replica] == (RUNNING if stop is None else STOPPED_EARLY)
        until = (EPOCHS if stop is None else stop) + 1
        own = run.history.validation_loss[:, replica]
        np.testing.assert_array_equal(own[:until], losses[: len(own)][:until])
        np.testing.assert_array_equal(own[until:], losses[best])
        if stop is not None:
            assert stop == best + patience
            stopped.append((stop, f"stopped early: best at epoch {best}"))
    assert sorted((event.epoch, event.label) for event in run.history.events) == sorted(stopped)
    assert run.finished == (len(stopped) == 3)
    assert run.epoch == (max(stop for stop, _ in stopped) if run.finished else EPOCHS)
    assert len(run.history) == run.epoch + 1
    assert run.divergences == []
    assert not run.diverged
    if run.finished:
        assert run.run(epochs=1) == 0
    if patience == 1:
        assert run.finished
    if patience == EPOCHS:
        assert not stopped


@pytest.mark.parametrize("way", ["updates", "epochs", "sevens"])
def test_any_slicing_stops_at_the_same_epoch(way: str) -> None:
    whole, sliced = trainer(patience=4), trainer(patience=4)
    whole.run(epochs=EPOCHS)
    for _ in range(5 * EPOCHS):
        match way:
            case "updates":
                sliced.run(updates=1)
            case "epochs":
                sliced.run(epochs=1)
            case "sevens":
                sliced.run(updates=7)
        if sliced.finished:
            break
    assert whole.finished
    assert (whole.epoch, whole.updates) == (sliced.epoch, sliced.updates)
    np.testing.assert_array_equal(whole.network.parameters.flat, sliced.network.parameters.flat)
    assert whole.history.events == sliced.history.events


def test_training_is_the_same_until_then() -> None:
    plain, weights = plain_run(epochs=5)
    run = trainer(patience=EPOCHS)
    run.run(epochs=5)
    np.testing.assert_array_equal(run.network.parameters.flat, weights[5])
    assert plain.best is None
    assert run.best is not None


def test_a_change_lets_patience_count_anew() -> None:
    """From the weights that stopping gave back, as a run that starts there."""
    run = trainer(patience=4)
    run.run(epochs=EPOCHS)
    assert run.finished
    last, weights = run.epoch, run.network.parameters.flat.copy()
    run.change(learning_rate=0.02)
    assert (run.status == RUNNING).all()
    assert run.best is not None
    np.testing.assert_array_equal(run.best.parameters, weights)
    assert (run.best.epoch == last).all()
    assert np.isinf(run.best.loss).all()

    plain = trainer(learning_rate=0.02)
    plain.network.parameters.flat[:] = weights
    plain.epoch = last
    plain.run(epochs=EPOCHS)
    run.run(epochs=EPOCHS)
    assert len(run.history) == run.epoch + 1
    for replica in range(3):
        losses = np.concatenate([np.zeros(last), plain.history.validation_loss[:, replica]])
        best, stop = end(losses, 4, start=last)
        assert run.best.epoch[replica] == best
        assert (stop is None) == (run.status[replica] == RUNNING)
        if stop is not None:
            assert stop == best + 4
            own = run.history.validation_loss[last + 1 : stop + 1, replica]
            np.testing.assert_array_equal(own, losses[last + 1 : stop + 1])


def test_the_same_settings_are_no_change() -> None:
    run = trainer(patience=2)
    run.run(epochs=EPOCHS)
    run.change(patience=2, learning_rate=(0.8, 0.3, 0.05))
    assert run.finished
    assert run.run(epochs=1) == 0


def test_patience_that_is_given_up_or_taken_up() -> None:
    run = trainer(patience=2)
    run.run(epochs=EPOCHS)
    run.change(patience=0)
    assert run.best is None
    run.run(epochs=10)
    assert (run.status == RUNNING).all()
    start = run.epoch
    run.change(patience=3)
    assert run.best is not None
    assert (run.best.epoch == start).all()
    run.run(epochs=EPOCHS)
    assert (run.best.epoch > start).all()
    assert [event.label for event in run.history.events if event.setting] == [
        "patience 2 → 0",
        "patience 0 → 3",
    ]


def test_a_shorter_patience_in_the_config_counts_from_the_same_best() -> None:
    """A config that is swapped whole restarts nothing."""
    run = trainer(patience=50)
    run.run(epochs=12)
    best = run.best
    assert best is not None
    run.config = trainer(patience=1).config
    assert run.best is best


def test_a_validation_loss_that_is_no_number_is_never_the_best() -> None:
    best = Best(np.zeros((3, 2)), 7)
    best.note(8, np.array([1.0, np.nan, 2.0]), np.full((3, 2), 8.0))
    best.note(9, np.array([1.0, np.nan, 1.5]), np.full((3, 2), 9.0))
    assert best.epoch.tolist() == [8, 7, 9], "an equal loss is no better one"
    assert best.loss.tolist() == [1.0, np.inf, 1.5]
    assert best.parameters[:, 0].tolist() == [8, 0, 9]
    copy = best.copy()
    best.note(10, np.zeros(3), np.full((3, 2), 10.0))
    assert copy.epoch.tolist() == [8, 7, 9]
    assert copy.loss.tolist() == [1.0, np.inf, 1.5]
    assert copy.parameters[:, 0].tolist() == [8, 0, 9]


def test_patience_needs_a_validation_set() -> None:
    train = make_dataset("moons", 20)
    with pytest.raises(ParameterError, match="give the trainer a validation set") as caught:
        Trainer(Network((2, 1)), train, config=TrainingConfig(patience=1))
    assert caught.value.name == "patience"
    run = Trainer(Network((2, 1)), train)
    with pytest.raises(ParameterError, match=r"^patience must be 0 without one, not 3"):
        run.change(patience=3, learning_rate=1.0)
    assert (run.config.patience, run.config.learning_rate, run.best) == (0, 0.03, None)


def test_no_patience_is_for_ever() -> None:
    run, _ = plain_run(epochs=EPOCHS)
    assert run.epoch == EPOCHS
    assert run.history.events == []


def test_a_run_that_stopped_may_go_on_from_its_best_weights() -> None:
    run = trainer(patience=4)
    run.run(epochs=EPOCHS)
    assert run.finished
    assert run.best is not None
    last, best = run.epoch, run.best.loss.copy()
    weights = run.network.parameters.flat.copy()
    run.resume()
    assert (run.status == RUNNING).all()
    assert (run.best.epoch == last).all()
    np.testing.assert_array_equal(run.network.parameters.flat, weights)
    run.run(epochs=EPOCHS)
    # It has waited four epochs more, at least, and never takes worse weights than it had.
    assert run.epoch >= last + 4
    assert (run.best.loss <= best).all()
    for replica in np.flatnonzero((run.status == STOPPED_EARLY) & (run.best.loss == best)):
        np.testing.assert_array_equal(run.network.parameters.flat[replica], weights[replica])


def test_resuming_leaves_those_that_run_or_have_diverged() -> None:
    run = trainer(patience=4)
    run.run(epochs=1)
    assert run.best is not None
    run.best.epoch[:] = 0
    run.set_status(np.array([RUNNING, DIVERGED, STOPPED_EARLY]))
    run.resume()
    assert run.status.tolist() == [RUNNING, DIVERGED, RUNNING]
    assert run.best.epoch.tolist() == [0, 0, 1]
    plain = trainer()
    plain.resume()
    assert plain.best is None
