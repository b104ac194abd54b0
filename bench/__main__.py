"""``make bench``: every part in turn, each in a process of its own and within a time limit; then the tables of the README.

    python -m bench                      # all parts: half an hour on a quiet machine
    python -m bench stages fetch         # some of them
    python -m bench --scale 0.05 --runs 1 --results /tmp/try

A part that fails or takes too long is named, keeps the results that it had, and stops no other; the exit status is
then 1. Goals that are not reached are said and are no failure.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import PARTS
from bench.part import say
from bench.reasons import explained
from bench.report import RESULTS, load
from bench.shown import goal

LIMIT_SECONDS = 900.0
"""No part takes so long on a quiet machine, unless it is to do more than usual; one that hangs must not hold up the others for ever."""
USUAL_RUNS = 3
ENDING_SECONDS = 60.0


def ended(part: str, arguments: Sequence[str], limit: float = LIMIT_SECONDS) -> str:
    """Run a part; "" when it is complete, else what went wrong."""
    process = subprocess.Popen([sys.executable, "-m", f"bench.{part}", *arguments])
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # so that its broker and its processes are ended by itself
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return f"it took more than {limit:g} s"
    return "" if status == 0 else f"its exit status was {status}"


def main() -> None:
    """Run the parts and tell what came of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--runs", type=int, help="of each measurement")
    parser.add_argument("--scale", type=float, help="times the usual number of items")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the results")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}: known are {', '.join(PARTS)}")
    options = [(name, getattr(given, name)) for name in ("runs", "scale", "results")]
    arguments = [text for name, value in options if value is not None for text in (f"--{name}", str(value))]
    more = max(1.0, (given.runs or USUAL_RUNS) / USUAL_RUNS * (given.scale or 1.0))
    failed: dict[str, str] = {}
    for i, part in enumerate(given.parts, 1):
        began = time.monotonic()
        say(f"\n=== {part} ({i} of {len(given.parts)})")
        if why := ended(part, arguments, LIMIT_SECONDS * more):
            failed[part] = why
        say(f"=== {part}: {why or 'done'}, {time.monotonic() - began:.0f} s")
    done = [load(given.results / f"{part}.json") for part in given.parts if part not in failed]
    for report in explained(done):
        for each in report.goals:
            print("  ".join(goal(each)))
    if given.results.resolve() == RESULTS:
        for page in ("bench.figures", "bench.scale_simulation"):
            subprocess.run([sys.executable, "-m", page], check=True)
    for part, why in failed.items():
        print(f"FAILED: {part}: {why}; its earlier results are kept")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
