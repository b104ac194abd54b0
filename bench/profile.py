"""Where the time of the whole pipeline goes, for each mail: sampled in the running command, as a table and a picture.

    python -m bench.profile

``run stage all`` carries real mails while py-spy looks at it 200 times a second, only at threads that hold the interpreter.
Each sample counts for the innermost part of `PARTS` that is on its stack. The same for two stages alone that only copy and remember.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.inputs import RAW_MAIL, keep, kept, plain, raw
from bench.jobs import PLAIN, Job
from bench.part import Wanted, broker, elsewhere, main
from bench.pipeline import WHOLE, declare_all
from bench.report import Column, Report, Row, Table, figure, this_machine
from bench.runtimes import ours
from bench.stages import fill
from bench.whole import Whole
from normalizer.cluster import Cluster

MAILS, RECORDS = 3600, 120_000
RATE = 200
PARTS = (
    ("normalizer/mail/", "reading mail"),
    ("normalizer/wire.py", "events from bytes and back"),
    ("normalizer/", "threads, tickets, rules"),
    ("connectors/_blobs.py", "blobs"),
    ("sinks/", "ticket store"),
    ("streams/_fetched.py", "fetch"),
    ("streams/_outbox.py", "outbox"),
    ("streams/_packed.py", "outbox"),
    ("streams/_disk.py", "state on disk"),
    ("streams/_state.py", "tables"),
    ("bench/", "what the stage itself does"),
    ("streams/", "stages: everything else"),
    ("aiokafka/", "aiokafka"),
    ("faust/", "Faust and mode"),
    ("mode/", "Faust and mode"),
    ("asyncio/", "asyncio"),
)
OTHER = "everything else"
STAGES = ("copy", "remember")
"""The stages that do next to nothing themselves, so that what is seen is the runtime."""

Sampled = tuple[Counter[str], float]
"""Samples by part, and microseconds of CPU for each item."""


def measure(wanted: Wanted) -> Report:
    """The share of each part, and microseconds of it for a mail or a record; goals that are missed are explained by it."""
    machine, mails = this_machine(), wanted.items(MAILS, 60)
    records = {stage: wanted.items(RECORDS, 2000) for stage in STAGES}
    whole: list[Sampled] = []
    alone: dict[str, list[Sampled]] = {stage: [] for stage in STAGES}
    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        file = elsewhere(partial(_prepared, mails, Path(home)))
        plain_file = elsewhere(partial(_plain, RECORDS, Path(home)))
        for turn in range(wanted.runs):
            cluster = Cluster(brokers=brokers, namespace=f"profile{turn}.")
            whole.append(elsewhere(partial(sampled, cluster, file, Path(home) / "stacks"), 300.0))
            for stage, number in records.items():
                cluster = Cluster(brokers=brokers, namespace=f"{stage}{turn}.")
                job = Job(stage, elsewhere(partial(fill, cluster, stage, plain_file, number)), f"profile of {stage}")
                alone[stage].append(elsewhere(partial(sampled_alone, job, cluster, Path(home))))
    tables = [_table(f"{WHOLE}: {mails:,} real mails through all stages in one process, into SQLite", "mail", whole)]
    tables += [
        _table(f"{stage}: {records[stage]:,} records of 600 bytes through one stage", "record", found)
        for stage, found in alone.items()
    ]
    return Report(machine, "Where the time goes", wanted.runs, tuple(tables))


def _table(how: str, unit: str, runs: Sequence[Sampled]) -> Table:
    names = sorted(set().union(*(found for found, _ in runs)), key=lambda name: -runs[0][0][name])
    rows = tuple(
        Row(
            name,
            (
                figure([found[name] / found.total() for found, _ in runs], 3),
                figure([found[name] / found.total() * micros for found, micros in runs], 1),
            ),
        )
        for name in names
    )
    columns = (Column("of all samples", "%"), Column(f"CPU for each {unit}", "µs"))
    return Table(f"{how}; {RATE} samples a second.", columns, rows, drawn=1)


def sampled(cluster: Cluster, file: Path, stacks: Path) -> Sampled:
    """Carry the mails under py-spy's eyes; microseconds of CPU for each mail."""
    declare_all(cluster)
    with (
        tempfile.TemporaryDirectory() as folder,
        Whole(cluster, Path(folder)) as whole,
        _looked_at(whole.pid, stacks),
    ):
        run = whole.carried(kept(file))
    return shares(stacks.read_text().splitlines()), 1e6 / run.per_cpu_second


def sampled_alone(job: Job, cluster: Cluster, home: Path) -> Sampled:
    """The same of one stage, in this process."""
    stacks = home / "stacks"
    with tempfile.TemporaryDirectory() as folder, _looked_at(os.getpid(), stacks):
        run = ours.run(job, cluster, Path(folder))
    return shares(stacks.read_text().splitlines()), 1e6 / run.per_cpu_second


@contextmanager
def _looked_at(pid: int, stacks: Path) -> Iterator[None]:
    """py-spy looks at a process; what it has seen is in a file when the block has ended."""
    spy = str(Path(sys.executable).with_name("py-spy"))
    how = ["--gil", "--nonblocking", "--format", "raw", "--rate", str(RATE), "--output", str(stacks)]
    looking = subprocess.Popen([spy, "record", *how, "--pid", str(pid)], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        looking.send_signal(signal.SIGINT)  # at which it writes
        looking.wait(60)


def shares(stacks: Sequence[str]) -> Counter[str]:
    """Samples by part, of lines ``frame;frame;frame count`` with the outermost frame first."""
    found: Counter[str] = Counter()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        found[_part(frames.split(";"))] += int(count)
    return found


def _part(frames: Sequence[str]) -> str:
    """The innermost part of ours that is on a stack; below ours, that of a library."""
    for frame in reversed(frames):
        for place, name in PARTS:
            if f"({place}" in frame or f"/{place}" in frame:
                return name
    return OTHER


def _plain(number: int, folder: Path) -> Path:
    return keep(list(plain(number)), folder / PLAIN.name)


def _prepared(number: int, folder: Path) -> Path:
    return keep(list(raw(number)), folder / RAW_MAIL)


if __name__ == "__main__":
    main("profile", measure, runs=1)
