"""Reproducible runs: seeds, batches, and the ways to slice a run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from nbtutor.engine import Dataset, Network, ParameterError, Trainer, TrainingConfig, make_dataset

Array = np.ndarray

COLUMNS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
SETTINGS = TrainingConfig(0.1, batch_size=8, momentum=0.5, dropout=0.2, l1=1e-3, l2=1e-3)


class Clock:
    """A clock that goes on by a given time at every look."""

    def __init__(self, *steps: float) -> None:
        self.now = 0.0
        self._steps = self._repeat(steps)

    @staticmethod
    def _repeat(steps: tuple[float, ...]) -> Iterator[float]:
        while True:
            yield from steps

    def __call__(self) -> float:
        self.now += next(self._steps)
        return self.now


def trainer(
    config: TrainingConfig = SETTINGS, n: int = 60, seed: int = 0, replicas: int = 1
) -> Trainer:
    train, test = make_dataset("moons", n, noise=0.2, seed=1).split(0.5)
    return Trainer(Network((2, 6, 5, 1), replicas=replicas), train, test, config, seed=seed)


def assert_same(first: Trainer, second: Trainer) -> None:
    assert (first.epoch, first.updates) == (second.epoch, second.updates)
    np.testing.assert_array_equal(
        first.network.parameters.flat, second.network.parameters.flat, strict=True
    )
    np.testing.assert_array_equal(first.history.epoch, second.history.epoch, strict=True)
    for name in COLUMNS:
        np.testing.assert_array_equal(
            getattr(first.history, name), getattr(second.history, name), strict=True
        )


def test_the_same_seed_is_the_same_run() -> None:
    first, second, third = trainer(seed=3), trainer(seed=3), trainer(seed=4)
    for run in (first, second, third):
        run.run(epochs=3)
    assert_same(first, second)
    assert not np.array_equal(first.network.parameters.flat, third.network.parameters.flat)


def test_batches_shift_neither_weights_nor_data() -> None:
    first, second = trainer(), trainer(TrainingConfig(0.01, batch_size=3), seed=99)
    np.testing.assert_array_equal(first.network.parameters.flat, second.network.parameters.flat)
    np.testing.assert_array_equal(first._train.inputs, second._train.inputs)
    np.testing.assert_array_equal(first.history.train_loss, second.history.train_loss)


@pytest.mark.parametrize("replicas", [1, 3])
def test_updates_one_by_one_make_epochs(replicas: int) -> None:
    whole, stepped = trainer(replicas=replicas), trainer(replicas=replicas)
    assert whole.run(epochs=3) == 12  # 30 points by 8: three whole batches and one of six
    for _ in range(12):
        assert stepped.run(updates=1) == 1
    assert_same(whole, stepped)
    assert len(whole.history) == 4


@pytest.mark.parametrize(
    "steps", [(1.0,), (0.1,), (0.5, 0.001, 0.2), (0.003,), (0.9, 0.0, 0.0, 0.4)], ids=str
)
def test_any_slicing_by_time_is_the_same_run(steps: tuple[float, ...]) -> None:
    whole, sliced, clock = trainer(), trainer(), Clock(*steps)
    whole.run(updates=41)
    slices = 0
    while sliced.updates < 41:
        done = sliced.run(seconds=0.25, updates=41 - sliced.updates, clock=clock)
        assert done >= 1, "even a slow update must get on"
        slices += 1
    assert_same(whole, sliced)
    assert slices > 1 or steps == (0.003,)


def test_a_time_budget_is_kept() -> None:
    run = trainer()
    # The clock goes on by one at each look: at the start, then after every update.
    assert run.run(seconds=5, clock=Clock(1.0)) == 5
    assert run.run(seconds=4.5, clock=Clock(1.0)) == 5
    assert run.run(seconds=0, clock=Clock(1.0)) == 1
    assert run.updates == 11


def test_the_first_limit_ends_the_run() -> None:
    run = trainer()
    assert run.run(epochs=1, updates=100) == 4
    assert run.run(epochs=5, updates=2) == 2
    assert run.run(epochs=1) == 2, "the rest of the epoch that had begun"
    assert (run.epoch, run.progress) == (2, 2.0)
    assert run.run(epochs=0) == 0
    assert run.run(updates=0, seconds=10) == 0


def test_progress_counts_parts_of_an_epoch() -> None:
    run = trainer()
    run.run(updates=5)
    assert run.progress == pytest.approx(1 + 8 / 30)


def test_a_run_needs_a_limit() -> None:
    with pytest.raises(ParameterError, match="epochs must be given, or updates, or seconds"):
        trainer().run()


def tagged(n: int) -> Dataset:
    """Points that carry their number, in the second coordinate."""
    return Dataset(np.column_stack([np.ones(n), np.arange(n)]), np.arange(n) % 2)


class Watch:
    """Notes which points each update took, from the inputs of the forward pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, run: Trainer) -> None:
        self.batches: list[list[int]] = []
        forward = run.network.forward

        def watched(inputs: Array, *rest: object) -> object:
            if rest:  # evaluations pass no masks
                self.batches.append([int(number) for number in inputs[1]])
            return forward(inputs, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(run.network, "forward", watched)


@pytest.mark.parametrize("size", [1, 7, 10, 23, 24, 1000])
def test_an_epoch_is_every_point_once(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    config = TrainingConfig(0.001, batch_size=size)
    run = Trainer(Network((2, 1)), tagged(23), config=config)
    watch = Watch(monkeypatch, run)
    sizes = [size] * (23 // size) + ([23 % size] if 23 % size else [])
    orders = []
    for _ in range(4):
        watch.batches.clear()
        assert run.run(epochs=1) == len(sizes)
        assert [len(batch) for batch in watch.batches] == sizes
        order = [number for batch in watch.batches for number in batch]
        assert sorted(order) == list(range(23))
        orders.append(tuple(order))
    assert len(set(orders)) == 4, "every epoch has an order of its own"


def test_every_point_keeps_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Trainer(Network((2, 1)), tagged(23), config=TrainingConfig(0.001, batch_size=5))
    seen: list[tuple[float, float]] = []
    backward = run.network.backward

    def watched(inputs: Array, targets: Array, *rest: object) -> None:
        seen.extend(zip(inputs[1], targets[0], strict=True))
        backward(inputs, targets, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(run.network, "backward", watched)
    run.run(epochs=2)
    assert len(seen) == 46
    assert all(target == (1 if number % 2 else -1) for number, target in seen)


def test_a_batch_larger_than_the_set_is_the_set() -> None:
    larger, full = (trainer(TrainingConfig(0.1, batch_size=size)) for size in (31, 30))
    for run in (larger, full):
        assert run.run(epochs=3) == 3
    assert_same(larger, full)


def test_a_full_batch_is_gradient_descent() -> None:
    run = trainer(TrainingConfig(0.1, batch_size=10_000))
    net = Network((2, 6, 5, 1))
    train, _ = make_dataset("moons", 60, noise=0.2, seed=1).split(0.5)
    for _ in range(5):
        net.parameters.flat[:] -= 0.1 * net.loss_and_gradients(train.X, train.y)[1].flat
    run.run(epochs=5)
    np.testing.assert_allclose(run.network.parameters.flat, net.parameters.flat, atol=1e-6)


def test_a_new_batch_size_in_mid_epoch_takes_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Trainer(Network((2, 1)), tagged(23), config=TrainingConfig(0.001, batch_size=4))
    watch = Watch(monkeypatch, run)
    run.run(updates=2)
    run.change(batch_size=9)
    run.run(epochs=1)
    assert [len(batch) for batch in watch.batches] == [4, 4, 9, 6]
    assert sorted(number for batch in watch.batches for number in batch) == list(range(23))


def test_a_new_batch_size_counts_in_the_next_epoch_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of the size before have the same beginnings, but other ends."""
    run = Trainer(Network((2, 1)), tagged(23), config=TrainingConfig(0.001, batch_size=4))
    watch = Watch(monkeypatch, run)
    for size, sizes in ((4, [4, 4, 4, 4, 4, 3]), (8, [8, 8, 7]), (2, [2] * 11 + [1]), (30, [23])):
        run.change(batch_size=size)
        watch.batches.clear()
        run.run(epochs=1)
        assert [len(batch) for batch in watch.batches] == sizes
        assert sorted(number for batch in watch.batches for number in batch) == list(range(23))


def test_the_history_is_measured_on_the_whole_sets() -> None:
    run = trainer(TrainingConfig(0.1, batch_size=7, dropout=0.5, l2=0.1))
    train, test = make_dataset("moons", 60, noise=0.2, seed=1).split(0.5)
    run.run(epochs=3)
    for data, loss, accuracy in (
        (train, run.history.train_loss, run.history.train_accuracy),
        (test, run.history.validation_loss, run.history.validation_accuracy),
    ):
        expected, _ = run.network.loss_and_gradients(data.X, data.y)
        np.testing.assert_allclose(loss[-1], expected, rtol=1e-6)
        share = (run.network.predict(data.X) == data.y).mean(axis=1)
        np.testing.assert_allclose(accuracy[-1], share, rtol=1e-6)


def test_training_learns() -> None:
    # A higher rate is chaotic: there the last bit of a machine's arithmetic decides the outcome.
    run = trainer(TrainingConfig(0.1), n=300)
    run.run(epochs=60)
    first, last = run.history.train_loss[[0, -1], 0]
    assert last < 0.2 < first
    assert run.history.validation_accuracy[-1, 0] > 0.9


def test_validation_changes_nothing() -> None:
    train, test = make_dataset("moons", 60, noise=0.2, seed=1).split(0.5)
    runs = [Trainer(Network((2, 4, 1)), train, v, SETTINGS) for v in (None, test)]
    for run in runs:
        run.run(epochs=2)
    first, second = (run.network.parameters.flat for run in runs)
    np.testing.assert_array_equal(first, second)
    assert np.isnan(runs[0].history.validation_loss).all()
