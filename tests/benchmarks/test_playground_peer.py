"""The peer in JavaScript computes what nbtutor does: else comparing their times means nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from nbtutor.engine import Network, Trainer, TrainingConfig
from nbtutor.frontend.build_hook import FrontendError, find_node
from tests.benchmarks.engine_frame import data, grid
from tests.benchmarks.playground_peer import Peer, running_peer


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    try:
        find_node()
    except FrontendError as error:
        pytest.skip(str(error))
    with running_peer() as peer:
        yield peer


@pytest.mark.parametrize("batch", [1, 10, 32, 250])  # 250 points: 32 leaves some over
def test_a_frame_is_the_same(peer: Peer, batch: int) -> None:
    network = Network((2, 8, 8, 1), dtype="float64", seed=3)
    for number, biases in enumerate(network.biases):  # they start at zero, which tells little
        biases[:] = np.linspace(-1, 1, biases.size) / (number + 1)
    train, validation = data()
    peer.load(network)
    config = TrainingConfig(0.3, batch, shuffle=False)
    trainer = Trainer(network, train, validation, config)

    losses = peer.ask("frames", count=1, batch=batch, rate=0.3)
    trainer.run(epochs=1)

    for ours, theirs in zip(network.weights, peer.ask("weights"), strict=True):
        np.testing.assert_allclose(ours[0].T, theirs, rtol=0, atol=1e-9)
    for ours, theirs in zip(network.biases, peer.ask("biases"), strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=0, atol=1e-9)
    history = trainer.history
    ended = [history.train_loss[-1].item(), history.validation_loss[-1].item()]
    np.testing.assert_allclose(ended, losses, rtol=0, atol=1e-9)
    fields = np.concatenate(network.layer_outputs(grid()), axis=-1)[0].T
    np.testing.assert_allclose(fields, peer.ask("fields"), rtol=0, atol=1e-9)
    assert np.ptp(fields, axis=-1).min() > 0.1  # every picture shows something


def test_epochs_and_frames_train_alike(peer: Peer) -> None:
    ended = []
    for command in ("epochs", "frames"):
        peer.load(Network((2, 8, 8, 1)))
        peer.ask(command, count=2, batch=10, rate=0.03)
        ended.append(peer.ask("weights"))
    assert ended[0] == ended[1]


@pytest.mark.usefixtures("peer")
def test_a_peer_that_fails_is_not_waited_for() -> None:
    with running_peer() as broken, pytest.raises(RuntimeError, match="ended at the request 'fly'"):
        broken.ask("fly")
