"""Every lesson in Chromium through the real server: how soon it is there, and how live it is.

Run it from the top of the source tree, on a machine that does nothing else:
``python -m tests.benchmarks.lessons_browser``; ``--quick`` opens each lesson once.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Sequence

from playwright.sync_api import Browser

from nbtutor.serve.course import Lesson, list_lessons
from tests.benchmarks.live_browser import (
    NOTEBOOKS,
    QUICK,
    Figure,
    Plan,
    at_rest,
    chromium,
    opened,
    p95,
    table,
)
from tests.serve.server import Server, running_server, with_settings

# One kernel of this lesson is kept ready, and of no other.
_WARM = (
    "config.VoilaKernelManager.kernel_pools_config = "
    "{{'default': {{'pool_size': 0}}, {path!r}: {{'pool_size': 1}}}}"
)

# The first live part in sight is painted: the question, mostly, or the playground's plane.
_FIRST = """
new MutationObserver((_, observer) => {
  if (document.querySelector("[data-view][data-seq]")) {
    observer.disconnect();
    window.firstFrame = performance.now();
  }
}).observe(document, {subtree: true, childList: true, attributeFilter: ["data-seq"]});
"""

# When each picture of the stage was there, for as long as it plays and at most so many seconds.
_RECORD = """seconds => new Promise((done) => {
  const stage = document.querySelector("[data-view=stage]");
  const shown = [];
  const observer = new MutationObserver(() => {
    const playing = stage.dataset.state === "playing";
    if (!playing && shown.length === 0) return;  // the stage's first picture, at rest
    shown.push(performance.now());
    if (playing && shown.at(-1) - shown[0] < 1000 * seconds) return;
    observer.disconnect();
    done(shown);
  });
  observer.observe(stage, {attributeFilter: ["data-seq"]});
  stage.querySelector("button").click();
})"""


def measure(plan: Plan) -> list[Figure]:
    """Return the figures of every lesson of the course."""
    found: list[Figure] = []
    with chromium() as browser:
        for lesson in list_lessons(NOTEBOOKS):
            with running_server(
                NOTEBOOKS, program=with_settings(_WARM.format(path=lesson.path))
            ) as server:
                found.append(measure_opening(browser, server, plan, lesson))
                found += measure_playing(browser, server, plan, lesson)
    return found


def measure_opening(browser: Browser, server: Server, plan: Plan, lesson: Lesson) -> Figure:
    """From the navigation to the first live part, in a browser with empty caches."""
    found: list[float] = []
    for _ in at_rest(server, plan.openings, preheated=True):
        with opened(browser, server, lesson.path, _FIRST) as board:
            board.page.wait_for_function("() => window.firstFrame")
            found.append(board.page.evaluate("() => window.firstFrame") / 1000)
    median = statistics.median(found)
    what = f"{lesson.number}: navigation to first live part, preheated"
    return Figure(what, median, p95(found), "s", "at most 2", median <= 2)


def measure_playing(browser: Browser, server: Server, plan: Plan, lesson: Lesson) -> list[Figure]:
    """Pictures a second of the first experiment, where it trains for as long as one can look."""
    with opened(browser, server, lesson.path, _FIRST) as board:
        page = board.page
        page.wait_for_function("() => window.firstFrame")
        play = page.locator("[data-view=stage]").get_by_role("button", name="Play", exact=True)
        if not play.count() or not play.is_visible():
            return []  # the playground has a table of its own, and a neuron by hand does not train
        page.locator("[data-view=stage]").scroll_into_view_if_needed()
        shown: list[float] = page.evaluate(_RECORD, plan.seconds)
    gaps = [later - earlier for earlier, later in itertools.pairwise(shown)]
    fps = 1000 * len(gaps) / (shown[-1] - shown[0])
    slowest = 1000 / p95(gaps)
    found = Figure(
        f"{lesson.number}: pictures a second", fps, slowest, "1/s", "at least 15", fps >= 15
    )
    return [found]


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure the lessons in Chromium.")
    parser.add_argument("--quick", action="store_true", help="a try, too short to prove anything")
    plan = QUICK if parser.parse_args(argv).quick else Plan()
    print(table(measure(plan)))


if __name__ == "__main__":
    main()
