"""Run all benchmarks and write ``tests/benchmarks/RESULTS.md``.

Run it from the top of the source tree, on a machine that does nothing else, with the extras
``test`` and ``bench``, PyTorch and a Chromium:
``OMP_NUM_THREADS=1 python -m tests.benchmarks.report``. It takes about twelve minutes; with
``--quick`` the live part is short and nothing is written.

The engine's part alone needs neither Chromium nor Playwright, and takes about five:
``OMP_NUM_THREADS=1 python -m tests.benchmarks.report --engine`` prints it and writes nothing.
"""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.benchmarks import (
    bias_variance_frame,
    engine_fleet,
    engine_frame,
    engine_growth,
    engine_timing,
    engine_update,
    experiments,
    lr_sweep,
    playground_peer,
)

RESULTS = Path(__file__).with_name("RESULTS.md")

HEAD = """\
# Benchmarks

Measured on {date}, on {cores} cores and {memory:.0f} GB of memory, with nothing else running.
{machine}.
Written by `python -m tests.benchmarks.report`; times are medians, both sides of a comparison take
turns in one run.
"""


def head() -> str:
    """Return what stands above the figures."""
    return HEAD.format(
        date=datetime.datetime.now(datetime.timezone.utc).date(),
        cores=os.cpu_count(),
        memory=psutil.virtual_memory().total / 2**30,
        machine=engine_timing.machine(),
    )


def engine_part() -> list[str]:
    """Measure what needs no browser."""
    sections = []
    for title, engine in (
        ("One update of a 2-8-8-1 network", engine_update),
        ("32 replicas", engine_fleet),
        ("24 learning rates", lr_sweep),
        ("One frame", engine_frame),
        ("Bias and variance", experiments),
        ("One picture of the lesson on bias and variance", bias_variance_frame),
    ):
        sections.append(f"## {title}\n\n{engine_timing.table(engine.measure())}\n")
    return [
        *sections,
        "## One frame against TensorFlow Playground's algorithm in Node.js\n\n"
        f"{playground_peer.section(playground_peer.measure())}\n",
        f"## How cost grows\n\n{engine_growth.section(engine_growth.measure())}\n",
    ]


def live_part(quick: bool) -> list[str]:
    """Measure the playground and the lessons in Chromium."""
    from tests.benchmarks import class_load, lessons_browser, live_browser

    plan = live_browser.QUICK if quick else live_browser.Plan()
    own, beside = live_browser.measure(plan)
    lessons = lessons_browser.measure(plan)
    return [
        "## Live, in Chromium\n\n"
        "The playground at its defaults with all views, through the real server; browser, server "
        "and kernel share the cores.\n\n" + live_browser.table(own) + "\n",
        "## The same view made with matplotlib\n\n"
        "The plane (100 x 100) and the curves after each epoch of 250 points, through the same "
        "server. The rows for ipympl and inline count the pictures that reached the browser.\n\n"
        + live_browser.table(beside)
        + "\n",
        "## The lessons\n\n"
        "From the navigation to the first live part in sight, with a kernel kept ready; and the "
        "pictures of the first experiment while it plays, with the rate of the slowest twentieth "
        "beside it.\n\n" + live_browser.table(lessons) + "\n",
        "## A class\n\n"
        "Learners without browsers, over real websockets: each plays the playground at up to 60 "
        "pictures a second, asks up to three ahead, and moves the learning rate every few seconds. "
        "What stands in for their browsers shares the cores.\n\n"
        + class_load.section(quick)
        + "\n",
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Write the report, or print a part of it or a quick one."""
    parser = argparse.ArgumentParser(description="Run all benchmarks.")
    short = parser.add_mutually_exclusive_group()
    short.add_argument("--quick", action="store_true", help="a short try; writes nothing")
    short.add_argument(
        "--engine", action="store_true", help="only what needs no browser; writes nothing"
    )
    options = parser.parse_args(argv)
    sections = [head(), *engine_part()]
    if not options.engine:
        sections += live_part(options.quick)
    report = "\n".join(sections)
    if options.engine or options.quick:
        print(report)
        return
    RESULTS.write_text(report, encoding="utf-8")
    print(f"written: {RESULTS.name}")


if __name__ == "__main__":
    main()
