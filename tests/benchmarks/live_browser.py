"""The live playground in Chromium through the real server, and the same view with matplotlib.

Run it from the top of the source tree: ``python -m tests.benchmarks.live_browser``; ``--quick`` is
a try of a minute that proves nothing. It needs the extras ``test`` and ``bench``, a Chromium, and
a machine that does nothing else: server, kernel and browser share its cores.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.board import Board
from tests.browser.conftest import PLAYGROUND
from tests.browser.test_visibility import PLANE, Tab
from tests.browser.wire import Traffic, read
from tests.conftest import CHROMIUM_NAMES, FLAGS
from tests.serve.server import Server, running_server, wait_until, write_lesson

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
IPYMPL, INLINE = "01-ipympl.ipynb", "02-inline.ipynb"

# The playground's plane and curves, drawn by matplotlib after each epoch of the same run.
_RIVAL = """\
import asyncio, io
import ipywidgets, numpy as np
{backend}
import matplotlib.pyplot as plt
from nbtutor.widgets.live import Run
from nbtutor.widgets.settings import RunSettings
run = Run(RunSettings())
centres = (np.arange(100) + 0.5) / 100 * 12 - 6
grid = np.stack(np.meshgrid(centres, centres[::-1]), axis=-1).reshape(-1, 2)
{figure}
figure.set_size_inches(3.3, 6)
image = plane.imshow(np.zeros((100, 100)), vmin=0, vmax=1, extent=(-6, 6, -6, 6), cmap="PuOr")
for part, face in ((run.train, None), (run.validation, "none")):
    plane.scatter(*part.X.T, s=8, c=None if face else part.y, edgecolors="k", facecolors=face)
lines = [curves.plot([], [])[0] for _ in range(2)]
async def play():
    while True:
        run.trainer.run(epochs=1)
        p = np.asarray(run.network.predict_proba(grid))
        image.set_data(p.reshape(len(grid), -1)[:, -1].reshape(100, 100))
        history = run.trainer.history.replica(0)
        for line, loss in zip(lines, (history.train_loss, history.validation_loss)):
            line.set_data(history.epoch, loss)
        curves.relim(); curves.autoscale_view()
        {draw}
button = ipywidgets.Button(description="Go")
button.on_click(lambda _: asyncio.ensure_future(play()))
ipywidgets.VBox([button, {shown}])
"""
_WAYS = {
    IPYMPL: {
        "backend": "%matplotlib widget",
        "figure": "with plt.ioff():\n    figure, (plane, curves) = plt.subplots(2)",
        "draw": "figure.canvas.draw_idle(); await asyncio.sleep(0)",
        "shown": "figure.canvas",
    },
    INLINE: {
        "backend": "%matplotlib inline\nfrom IPython.display import display",
        "figure": "output = ipywidgets.Output()\nwith plt.ioff():\n"
        "    figure, (plane, curves) = plt.subplots(2)\nplt.close(figure)",
        "draw": "with output:\n            output.clear_output(wait=True)\n"
        "            display(figure)\n        await asyncio.sleep(0)",
        "shown": "output",
    },
}

# ipympl's front end is one more extension; the rest is the course's own server.
_PROGRAM = """
import nbtutor.serve.settings as settings
settings.EXTENSIONS.append("jupyter-matplotlib")
"""

# Counts from the key press, by the event's own time stamp, to the end of the frame in which all
# that the answer changed was painted. While it plays, the answer is the frame that carries the
# change as an event; while it is paused, the next frame.
_LATENCY = """
(() => {
  const latencies = (window.latencies = []);
  let pressed = null, target = null;
  const content = (buffer) => {
    const view = new DataView(buffer);
    const at = (i) => Number(view.getBigUint64(8 + 8 * i, true));
    return JSON.parse(new TextDecoder().decode(buffer.slice(at(4), at(5))));
  };
  const answer = (event) => {
    if (pressed === null || target !== null || !(event.data instanceof ArrayBuffer)) return;
    const frame = content(event.data)?.data?.content;
    if (frame?.type !== "frame") return;
    if (frame.full || frame.events.length > 0) target = frame.seq;
  };
  const send = WebSocket.prototype.send;
  const known = new WeakSet();
  WebSocket.prototype.send = function (payload) {
    if (!known.has(this)) {
      known.add(this);
      this.addEventListener("message", answer);
    }
    return send.call(this, payload);
  };
  window.measureLatency = () => {
    document.addEventListener("keydown", (event) => {
      if (event.target.getAttribute("role") !== "slider") return;
      [pressed, target] = [event.timeStamp, null];
    }, {capture: true});
    const curves = document.querySelector("[data-view=curves]");
    new MutationObserver(() => {
      if (target === null || Number(curves.dataset.seq) < target) return;
      const since = pressed;
      pressed = target = null;
      // A task that is posted from a frame's callbacks runs after that frame was painted.
      const channel = new MessageChannel();
      channel.port1.onmessage = () => latencies.push(performance.now() - since);
      channel.port2.postMessage(null);
    }).observe(curves, {attributeFilter: ["data-seq"]});
  };
})();
"""

FULL = (
    "#nbt=1;dataset=spiral;hidden=8,8,8,8,8,8;points=500",
    ", 6 x 8 units, 500 points, layers and a kept run shown",
)
"""The largest board that the course asks for: its link, and how it is called."""

_FIRST = """
new MutationObserver((_, observer) => {
  if (document.querySelector("[data-view=plane][data-seq]") === null) return;
  observer.disconnect();
  window.firstFrame = performance.now();
}).observe(document, {subtree: true, childList: true, attributeFilter: ["data-seq"]});
"""


@dataclass(frozen=True)
class Figure:
    """One measured figure, with its bar where the course has one."""

    what: str
    median: float
    p95: float | None
    unit: str
    bar: str = ""
    reached: bool | None = None

    def row(self) -> str:
        verdict = "" if self.reached is None else " (reached)" if self.reached else " (missed)"
        p95 = "" if self.p95 is None else f"{self.p95:,.1f}"
        return f"| {self.what} | {self.median:,.1f} | {p95} | {self.unit} | {self.bar}{verdict} |"


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    seconds: float = 10.0
    presses: int = 80
    openings: int = 5


QUICK = Plan(seconds=3.0, presses=15, openings=1)


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a Markdown table."""
    head = "| what | median | p95 | unit | bar |\n|---|---|---|---|---|"
    return "\n".join([head, *(figure.row() for figure in figures)])


def p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]


def measure(plan: Plan) -> tuple[list[Figure], list[Figure]]:
    """Return the playground's own figures, and those beside matplotlib."""
    with courses() as folder, chromium() as browser:
        with running_server(folder, "--prewarm", "0", program=_PROGRAM) as server:
            own, ours = measure_live(browser, server, plan)
            own += measure_live(browser, server, plan, *FULL)[0]
            own += measure_replicas(browser, server, plan)
            own += measure_rest(browser, server, plan)
            own.append(measure_opening(browser, server, plan, "cold", 4.0))
            theirs = [measure_rival(browser, server, plan, way) for way in (IPYMPL, INLINE)]
        with running_server(folder, "--prewarm", "1", program=_PROGRAM) as server:
            own.append(measure_opening(browser, server, plan, "preheated", 2.0))
    return own, compare(ours, theirs)


@contextlib.contextmanager
def courses() -> Iterator[Path]:
    """A folder with the playground and the same view in two other ways."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(NOTEBOOKS / PLAYGROUND, folder)
        for lesson, parts in _WAYS.items():
            write_lesson(folder / lesson, lesson, _RIVAL.format(**parts))
        yield folder


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    path = os.environ.get("NBTUTOR_CHROMIUM") or next(
        filter(None, map(shutil.which, CHROMIUM_NAMES))
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Browser, server: Server, lesson: str, *scripts: str) -> Iterator[Board]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    for script in scripts:
        context.add_init_script(script)
    page = context.new_page()
    board = Board(page, Traffic(page), server)
    page.goto(f"{server.url}voila/render/{lesson}")
    try:
        yield board
    finally:
        page.close()
        context.close()


@dataclass(frozen=True)
class Live:
    """A view at work."""

    name: str
    rate: list[float]
    bytes_a_frame: float
    rss_mb: float
    pss_mb: float


def measure_live(
    browser: Browser, server: Server, plan: Plan, link: str = "", shape: str = ""
) -> tuple[list[Figure], Live]:
    with opened(browser, server, PLAYGROUND + link, _LATENCY) as board:
        board.wait_for_first_picture()
        if link:  # all that can be shown beside the pictures
            board.button("Layers").click()
            board.play(until_epoch=20)
            board.button("Keep this run").click()
        else:
            board.button("Play").click()
        board.wait_for_epoch(60)
        board.traffic.forget()
        rate = rates(lambda: board.seq, plan.seconds)
        frames = [float(frame.size) for frame in board.traffic.frames]
        everything = sum(message.size for message in board.traffic.received) / max(1, len(frames))
        rss, pss = memory(board.kernel)
        playing = latencies(board, plan.presses)
        board.pause()
        paused = latencies(board, plan.presses)
    live = Live("nbtutor", rate, everything, rss, pss)
    fps, size, _high = statistics.median(rate), statistics.median(frames), p95(frames)
    return [
        Figure(
            *(f"frames a second, playing{shape}", fps, p95(rate)),
            *("1/s", "at least 30 (aim 60)", fps >= 30),
        ),
        latency(f"slider to changed pixel, playing{shape}", playing),
        latency(f"slider to changed pixel, paused{shape}", paused),
        Figure(
            f"a frame on the wire{shape}",
            size / 1000,
            p95(frames) / 1000,
            "KB",
            "at most 20",
            size <= 2e4,
        ),
        Figure("the same with all messages about it", everything / 1e3, None, "KB"),
        Figure("kernel, resident (RSS)", rss, None, "MB", "at most 90", rss <= 90),
        Figure("kernel, its share (PSS)", pss, None, "MB"),
    ], live


def measure_replicas(browser: Browser, server: Server, plan: Plan) -> list[Figure]:
    """Thirty networks beside the run, in its default speed of one epoch of 250 points a frame."""
    found: list[Figure] = []
    for hidden in ("4,2", "8,8"):
        link = f"#nbt=1;dataset=moons;noise=0.3;hidden={hidden};replicas=30"
        shape = f"30 replicas, 2-{hidden.replace(',', '-')}-1"
        with opened(browser, server, PLAYGROUND + link) as board:
            board.wait_for_first_picture()
            board.play(until_epoch=60)
            board.traffic.forget()
            rate = rates(lambda: board.seq, plan.seconds)
            frames = [message.custom for message in board.traffic.frames]
            sizes = [float(message.size) for message in board.traffic.frames]
        fps = statistics.median(rate)
        took = [frame["took_ms"] for frame in frames]
        # Where a frame has no newer lines, the replicas were trained and not drawn.
        drawn = sum("replica_lines" in frame["arrays"] for frame in frames) / max(1, len(frames))
        gaps = [float(frame["epoch"] - frame["replicas"]["epoch"]) for frame in frames]
        found += [
            Figure(f"frames a second, {shape}", fps, p95(rate), "1/s", "at least 15", fps >= 15),
            Figure("boundaries and bars drawn anew", 100 * drawn, None, "% of frames"),
            Figure("the kernel's work for a frame", statistics.median(took), p95(took), "ms"),
            Figure("epochs that they are behind", statistics.median(gaps), p95(gaps), "epochs"),
            Figure("a frame on the wire", statistics.median(sizes) / 1e3, p95(sizes) / 1e3, "KB"),
        ]
    return found


def latency(what: str, taken: list[float]) -> Figure:
    median, high = statistics.median(taken), p95(taken)
    reached = median <= 50 and high <= 100
    return Figure(what, median, high, "ms", "at most 50, p95 100 (aim 33, 50)", reached)


def rates(count: Callable[[], int], seconds: float) -> list[float]:
    """Return what was counted a second, for each second."""
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        first, start = count(), time.perf_counter()
        pause(1.0)
        last, stop = count(), time.perf_counter()
        found.append((last - first) / (stop - start))
    return found


def pause(seconds: float) -> None:
    """Let time pass in which nothing is asked of the page."""
    time.sleep(seconds)


def latencies(board: Board, presses: int) -> list[float]:
    """Press a slider's key again and again, at no fixed moment of a frame."""
    page = board.page
    page.evaluate("() => { window.latencies.length = 0; window.measureLatency(); }")
    handle = board.control("Learning rate")
    handle.focus()
    for press in range(presses):
        # To and fro, and each time another moment.
        page.keyboard.press("ArrowRight" if press % 2 == 0 else "ArrowLeft")
        page.wait_for_function("n => window.latencies.length >= n", arg=press + 1)
        board.idle(frames=3 + press * 7 % 11)
    values: list[float] = page.evaluate("() => window.latencies")
    return values[:presses]


def memory(kernel: psutil.Process) -> tuple[float, float]:
    info = kernel.memory_full_info()
    return info.rss / 1e6, getattr(info, "pss", float("nan")) / 1e6


def measure_rest(browser: Browser, server: Server, plan: Plan) -> list[Figure]:
    """CPU of what does nothing: percent of one core, over all processes."""
    own = psutil.Process()
    found: list[Figure] = []

    def used(what: str) -> Figure:
        groups = {
            "browser": [p for p in own.children(recursive=True) if "chrom" in name_of(p)],
            "kernel": [p for p in server.children if "python" in name_of(p)],
            "server": [psutil.Process(server.process.pid)],
        }
        before = {name: cpu(group) for name, group in groups.items()}
        start = time.perf_counter()
        pause(plan.seconds)
        taken = time.perf_counter() - start
        shares = {n: 100 * (cpu(group) - before[n]) / taken for n, group in groups.items()}
        parts = ", ".join(f"{name} {share:.1f}" for name, share in shares.items())
        share = sum(shares.values())
        bar, reached = "", None
        if found and "comparison" not in what:
            bar, reached = "none: within 2 of an empty page", share <= found[0].median + 2
        return Figure(f"CPU, {what} ({parts})", share, None, "% of a core", bar, reached)

    blank = browser.new_context()
    blank.new_page()
    pause(2.0)
    found.append(used("an empty page, for comparison"))
    blank.close()
    with opened(browser, server, PLAYGROUND) as board:
        board.wait_for_first_picture()
        pause(5.0)
        found.append(used("page opened, not played"))
        board.play(until_epoch=20)
        found.append(used("playing, for comparison"))
        board.pause()
        pause(15.0)  # some seconds after playing, the browser collects its garbage
        found.append(used("paused run"))
    context = browser.new_context()
    tab = Tab(browser, context.new_page())
    tab.send("Page.enable")
    tab.send("Page.navigate", url=f"{server.url}voila/render/{PLAYGROUND}")
    tab.wait_for(f"{PLANE}?.dataset.seq")
    tab.evaluate("document.querySelector('.nbt-play').click()")
    tab.wait_for(f"{PLANE}.dataset.epoch > 3")
    tab.open()
    tab.wait_for("document.visibilityState === 'hidden'")
    pause(5.0)
    found.append(used("playing in a hidden tab"))
    tab.close()
    context.close()
    return found


def name_of(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return str(process.name())
    return ""


def cpu(processes: Sequence[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def measure_opening(browser: Browser, server: Server, plan: Plan, how: str, bar: float) -> Figure:
    """From a click on the lesson's link to its first picture, in a browser with empty caches."""
    found: list[float] = []
    for _ in at_rest(server, plan.openings, preheated=how == "preheated"):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(60_000)
        context.add_init_script(_FIRST)
        page = context.new_page()
        page.goto(server.url)
        page.get_by_role("link", name="The playground").first.click()
        page.wait_for_function("() => window.firstFrame")
        # Counted from the start of the navigation, which is the click.
        found.append(page.evaluate("() => window.firstFrame") / 1000)
        page.close()
        context.close()
    median = statistics.median(found)
    return Figure(
        f"click to first frame, {how}", median, p95(found), "s", f"at most {bar:g}", median <= bar
    )


def at_rest(server: Server, times: int, *, preheated: bool) -> Iterator[int]:
    """Count, and each time wait until the server has nothing to do any more.

    Preheated, the kernel of the page before has gone then, and the pool has a new one.
    """
    used: set[int] = set()
    for number in range(times):
        if preheated:
            wait_until(partial(has_only_new_kernels, server, used), 60)
        wait_until(lambda: quiet(server), 60)
        used |= kernels(server)
        yield number


def has_only_new_kernels(server: Server, used: set[int]) -> bool:
    present = kernels(server)
    return bool(present) and not present & used


def kernels(server: Server) -> set[int]:
    """Return the process ids of the server's kernels."""
    return {child.pid for child in server.children if "python" in name_of(child)}


def quiet(server: Server) -> bool:
    """Whether the server and its kernels have nothing to do any more."""
    processes = [psutil.Process(server.process.pid), *server.children]
    before = cpu(processes)
    pause(1.0)
    return cpu(processes) - before < 0.03


def measure_rival(browser: Browser, server: Server, plan: Plan, lesson: str) -> Live:
    with opened(browser, server, lesson) as board:
        page, sizes = board.page, pictures(board.page)
        page.reload()  # with the counter in place
        page.get_by_role("button", name="Go").click()
        end = time.monotonic() + 60
        while len(sizes) < 10:
            assert time.monotonic() < end, f"no pictures from {lesson}: {page.inner_text('body')}"
            page.wait_for_timeout(100)
        received = board.traffic.received
        board.traffic.forget()
        first = len(sizes)
        rate = rates(lambda: pumped(page, sizes), plan.seconds)
        frames = len(sizes) - first
        everything = sum(message.size for message in received) / max(1, frames)
        rss, pss = memory(board.kernel)
    return Live(lesson[3:].removesuffix(".ipynb"), rate, everything, rss, pss)


def pictures(page: Page) -> list[int]:
    """Sizes of the messages with a picture that come from now on."""
    sizes: list[int] = []

    def take(payload: bytes | str) -> None:
        if isinstance(payload, bytes) and (b"\x89PNG" in payload or b"iVBORw0KG" in payload):
            sizes.append(read(payload).size)

    page.on("websocket", lambda socket: socket.on("framereceived", take))
    return sizes


def pumped(page: Page, sizes: list[int]) -> int:
    """How many have come, those that wait to be read included."""
    page.evaluate("() => 0")
    return len(sizes)


def compare(ours: Live, others: Sequence[Live]) -> list[Figure]:
    """The playground beside the same view made otherwise, with ratios."""
    figures = []
    for live in (ours, *others):
        rate, size = statistics.median(live.rate), live.bytes_a_frame / 1e3
        figures += [
            Figure(f"frames a second, {live.name}", rate, None, "1/s"),
            Figure(f"bytes a frame, all messages, {live.name}", size, None, "KB"),
            Figure(f"kernel memory (RSS), {live.name}", live.rss_mb, None, "MB"),
            Figure(f"kernel memory (PSS), {live.name}", live.pss_mb, None, "MB"),
        ]
    for live in others:
        faster = statistics.median(ours.rate) / statistics.median(live.rate)
        smaller = live.bytes_a_frame / ours.bytes_a_frame
        lighter = live.rss_mb / ours.rss_mb
        figures += [
            Figure(f"frames a second, nbtutor to {live.name}", faster, None, "times"),
            Figure(f"bytes a frame, {live.name} to nbtutor", smaller, None, "times"),
            Figure(f"kernel memory, {live.name} to nbtutor", lighter, None, "times"),
        ]
    return figures


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure the live playground in Chromium.")
    parser.add_argument("--quick", action="store_true", help="a try, too short to prove anything")
    parser.add_argument("--replicas", action="store_true", help="the replicas alone")
    parser.add_argument("--full", action="store_true", help="the largest board alone")
    chosen = parser.parse_args(argv)
    plan = QUICK if chosen.quick else Plan()
    if chosen.replicas or chosen.full:
        with (
            courses() as folder,
            chromium() as browser,
            running_server(folder, "--prewarm", "0", program=_PROGRAM) as server,
        ):
            if chosen.full:
                print(table(measure_live(browser, server, plan, *FULL)[0]))
            if chosen.replicas:
                print(table(measure_replicas(browser, server, plan)))
        return
    own, beside = measure(plan)
    print(f"{table(own)}\n\n{table(beside)}")


if __name__ == "__main__":
    main()
