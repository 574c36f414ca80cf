"""Run all benchmarks and write ``tests/benchmarks/RESULTS.md``.

Run it from the top of the source tree, on a machine that does nothing else, with the extras
``test`` and ``bench``, PyTorch and a Chromium:
``OMP_NUM_THREADS=1 python -m tests.benchmarks.report``. It takes about seven minutes; with
``--quick`` the live part is short and nothing is written.
"""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.benchmarks import (
    engine_fleet,
    engine_frame,
    engine_timing,
    engine_update,
    experiments,
    live_browser,
    lr_sweep,
)

RESULTS = Path(__file__).with_name("RESULTS.md")

HEAD = """\
# Benchmarks

Measured on {date}, on {cores} cores and {memory:.0f} GB of memory, with nothing else running.
{machine}.
Written by `python -m tests.benchmarks.report`; times are medians, both sides of a comparison take
turns in one run.
"""


def write(plan: live_browser.Plan) -> str:
    """Measure everything and return the report."""
    sections = [
        HEAD.format(
            date=datetime.datetime.now(datetime.timezone.utc).date(),
            cores=os.cpu_count(),
            memory=psutil.virtual_memory().total / 2**30,
            machine=engine_timing.machine(),
        )
    ]
    for title, engine in (
        ("One update of a 2-8-8-1 network", engine_update),
        ("32 replicas", engine_fleet),
        ("24 learning rates", lr_sweep),
        ("One frame", engine_frame),
        ("Bias and variance", experiments),
    ):
        sections.append(f"## {title}\n\n{engine_timing.table(engine.measure())}\n")
    own, beside = live_browser.measure(plan)
    sections += [
        "## Live, in Chromium\n\n"
        "The playground at its defaults with all views, through the real server; browser, server "
        "and kernel share the cores.\n\n" + live_browser.table(own) + "\n",
        "## The same view made with matplotlib\n\n"
        "The plane (100 x 100) and the curves after each epoch of 250 points, through the same "
        "server. The rows for ipympl and inline count the pictures that reached the browser.\n\n"
        + live_browser.table(beside)
        + "\n",
    ]
    return "\n".join(sections)


def main(argv: Sequence[str] | None = None) -> None:
    """Write the report, or print a quick one."""
    parser = argparse.ArgumentParser(description="Run all benchmarks.")
    parser.add_argument("--quick", action="store_true", help="a short try; writes nothing")
    if parser.parse_args(argv).quick:
        print(write(live_browser.QUICK))
        return
    RESULTS.write_text(write(live_browser.Plan()), encoding="utf-8")
    print(f"written: {RESULTS.name}")


if __name__ == "__main__":
    main()
