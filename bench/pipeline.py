"""How fast mail goes from its raw topic to the ticket store, on real Kafka; and how near a stage is to a bare loop.

    python -m bench.pipeline --mails 2400 --runs 3

Each measurement is a new process, so that nothing is warm that would be cold in earnest, and its CPU time is its own:
the broker's is not in it. The mails are on the topic before it starts. The result goes to ``bench/results/``.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from bench import bars, normalizing, whole_way
from bench.mails import raw_mails
from bench.report import RESULTS, Machine, Ratio, Report, Row, figure, save, this_machine
from bench.stopwatch import Run
from connectors._publisher import Publisher
from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from ops.config import Config
from ops.engine.kafka import Engine
from ops.topics import declare
from ops.wiring import stage_topics, stages

WHOLE = "whole pipeline: raw mail in, ticket row in SQLite out, one process"
STAGE = "normalize stage"
BARE = "bare confluent-kafka loop, same pure work"
MEASURES: dict[str, Callable[[Cluster, Path, int, str], Run]] = {
    WHOLE: whole_way.by_one_process,
    STAGE: normalizing.by_stage,
    BARE: normalizing.by_bare_loop,
}
STAGE_TARGET = 0.6
PAGE = 500  # mails that are published at once

T = TypeVar("T")


def fill(cluster: Cluster, number: int) -> None:
    """Declare the topics and put `number` mails on the raw topic."""
    declare(cluster, ["mail"], [*stage_topics(stages(Config())), normalizing.BARE_TOPIC])
    publisher = Publisher(cluster)
    mails = list(raw_mails(number))
    for start in range(0, number, PAGE):
        publisher.publish(mails[start : start + PAGE])
    publisher.close()


def measure(brokers: str, number: int, runs: int) -> dict[str, list[Run]]:
    """Run everything `runs` times in turns; the stage and the bare loop change places."""
    found: dict[str, list[Run]] = {what: [] for what in MEASURES}
    for turn in range(runs):
        pair = (STAGE, BARE) if turn % 2 == 0 else (BARE, STAGE)
        for group in ((WHOLE,), pair):
            cluster = Cluster(brokers=brokers, namespace=f"{'whole' if group == (WHOLE,) else 'stage'}{turn}.")
            _say(f"run {turn + 1} of {runs}: putting {number:,} mails on the topic")
            _elsewhere(partial(fill, cluster, number))
            for what in group:
                with tempfile.TemporaryDirectory() as folder:
                    run = _elsewhere(partial(MEASURES[what], cluster, Path(folder), number, what))
                found[what].append(run)
                _say(f"  {what}: {run.per_second:,.0f} mails/s, {run.per_cpu_second:,.0f} per CPU-second")
    return found


def report(found: dict[str, list[Run]], machine: Machine) -> Report:
    """The medians of all runs, and how near the stage comes to the loop."""
    rows = tuple(
        Row(what, figure([run.per_second for run in runs]), figure([run.per_cpu_second for run in runs]))
        for what, runs in found.items()
    )
    shares = [ours.per_cpu_second / bare.per_cpu_second for ours, bare in zip(found[STAGE], found[BARE], strict=True)]
    ratio = Ratio("Normalize stage as a share of the bare loop", figure(shares, 2), STAGE_TARGET)
    (whole, *others) = found[WHOLE]
    return Report(machine, "mails", whole.items, 1 + len(others), rows, (ratio,))


def _elsewhere(task: Callable[[], T]) -> T:
    """Run a task in a new process, and give its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        return pool.submit(task).result()


def _quiet() -> None:
    # On a new broker the first group has to wait for its coordinator, and aiokafka calls each try an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, and write the JSON and the picture."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description=__doc__)
    parser.add_argument("--mails", type=int, default=2400, help="in each run (2400: the whole set once)")
    parser.add_argument("--runs", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON and the picture")
    wanted = parser.parse_args()
    machine = this_machine()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
            found = report(measure(engine.brokers, wanted.mails, wanted.runs), machine)
    except SwitchboardError as error:
        sys.exit(f"bench: {error}")
    save(found, wanted.results / "pipeline.json")
    (wanted.results / "pipeline.svg").write_text(bars.picture(found))
    _say(f"written: {wanted.results / 'pipeline.json'} and pipeline.svg")


if __name__ == "__main__":
    main()
