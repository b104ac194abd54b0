"""``make fuzz``: hostile inputs to everything that reads what the world sends.

    python -m tests.fuzz --seconds 540 --seed 1          # adds to bench/results/fuzz.json
    python -m tests.fuzz --fresh --seconds 540 --seed 1  # begins it anew

Exit status 1 when something crashed; the inputs are in ``tests/fuzz/crashes/`` then, where `test_fuzz.py` tries them. A seed
counts once: the same one gives the same inputs.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time
import traceback
from pathlib import Path

import msgspec

from bench.report import RESULTS, Machine, this_machine
from tests.fuzz.campaign import Score, bound_memory, run, together
from tests.fuzz.found import Input, keep
from tests.fuzz.targets import every

RESULT = RESULTS / "fuzz.json"
PAPER = Path(__file__).parents[2] / "docs" / "threat-model.md"
BEGIN, END = "<!-- fuzz: made by `make fuzz` -->", "<!-- /fuzz -->"


class Report(msgspec.Struct):
    """All runs so far. `resident` is the largest resident size of a run, in MiB; `seconds` are of all runs."""

    machine: Machine
    seeds: list[int]
    seconds: float
    inputs: int
    crashes: int
    resident: int
    targets: dict[str, Score]


def table(report: Report) -> str:
    """What a run did, for people: kinds of targets with their sums."""
    kinds: dict[str, Score] = {}
    for name, score in report.targets.items():
        kind = name.partition(":")[0] + (":" + name.rpartition(":")[2] if name.startswith("door") else "")
        kinds = together(kinds, {kind: score})
    rows = [
        f"| {kind} | {score.inputs:,} | {score.crashes} | {score.slowest:,.0f} ms | "
        + ", ".join(f"{name} {count:,}" for name, count in score.outcomes.items()) + " |"
        for kind, score in kinds.items()
    ]  # fmt: skip
    seeds = ", ".join(map(str, report.seeds))
    said = (
        f"{report.inputs:,} inputs to {len(report.targets)} targets, {report.crashes} crashes; at most {report.resident} MiB resident; "
        f"seeds {seeds}; {report.machine.at[:10]}."
    )
    return "\n".join([
        said,
        "",
        "| target | inputs | crashes | slowest, CPU | what became of them |",
        "| --- | --: | --: | --: | --- |",
        *rows,
    ])  # fmt: skip


def write(report: Report) -> None:
    """The report, and its table in the paper."""
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    text = PAPER.read_text("utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAPER.write_text(f"{before}{BEGIN}\n{table(report)}\n{END}{after}", "utf-8")


def main() -> int:
    """Run, add, tell."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=float, default=540.0)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--fresh", action="store_true")
    asked.add_argument("--only", default="", help="targets whose name starts so; writes no report")
    told = asked.parse_args()
    logging.disable(logging.CRITICAL)
    before = None if told.fresh or not RESULT.exists() else msgspec.json.decode(RESULT.read_bytes(), type=Report)
    if before and told.seed in before.seeds and not told.only:
        sys.stderr.write(f"seed {told.seed} was run already: take another\n")
        return 2
    targets = {name: target for name, target in every().items() if name.startswith(told.only)}
    bound_memory()
    told_of: set[str] = set()

    def crashed(found: Input, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{found.target}: {type(error).__name__} at {where.filename}:{where.lineno}"
        if what not in told_of:
            told_of.add(what)
            sys.stderr.write(f"{what}: {str(error)[:200]}\n  kept in {keep(found)}\n")

    began = time.monotonic()
    scores = run(targets, told.seed, told.seconds, crashed)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    whole = together(before.targets, scores) if before else scores
    report = Report(
        this_machine(),
        [*(before.seeds if before else []), told.seed],
        round((before.seconds if before else 0.0) + time.monotonic() - began, 1),
        sum(score.inputs for score in whole.values()),
        sum(score.crashes for score in whole.values()),
        max(resident, before.resident if before else 0),
        whole,
    )
    if not told.only:
        write(report)
    sys.stdout.write(table(report) + "\n")
    return 1 if told_of else 0


if __name__ == "__main__":
    sys.exit(main())
