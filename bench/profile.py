"""Where the time of the whole pipeline goes, for each mail: sampled in the running command, as a table and a picture.

    python -m bench.profile

``run stage all`` carries real mails while py-spy looks at it 200 times a second, only at threads that hold the interpreter.
Each sample counts for the innermost part of `PARTS` that is on its stack.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.inputs import RAW_MAIL, keep, kept, raw
from bench.part import Wanted, broker, elsewhere, main
from bench.pipeline import declare_all
from bench.report import Column, Report, Row, Table, figure, this_machine
from bench.whole import Whole
from normalizer.cluster import Cluster

MAILS = 3600
RATE = 200
PARTS = (
    ("normalizer/mail/", "reading mail"),
    ("normalizer/wire.py", "events from bytes and back"),
    ("normalizer/", "threads, tickets, rules"),
    ("connectors/_blobs.py", "blobs"),
    ("sinks/", "ticket store"),
    ("streams/_outbox.py", "outbox"),
    ("streams/_packed.py", "outbox"),
    ("streams/_disk.py", "state on disk"),
    ("streams/", "stages: everything else"),
    ("aiokafka/", "aiokafka"),
    ("faust/", "Faust and mode"),
    ("mode/", "Faust and mode"),
    ("asyncio/", "asyncio"),
)
OTHER = "everything else"


def measure(wanted: Wanted) -> Report:
    """The share of each part, and microseconds of it for a mail."""
    machine, number = this_machine(), wanted.items(MAILS, 60)
    runs: list[tuple[Counter[str], float]] = []
    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        file = elsewhere(partial(_prepared, number, Path(home)))
        for turn in range(wanted.runs):
            stacks = Path(home) / f"stacks{turn}"
            cluster = Cluster(brokers=brokers, namespace=f"profile{turn}.")
            per_mail = elsewhere(partial(sampled, cluster, file, stacks), 300.0)
            runs.append((shares(stacks.read_text().splitlines()), per_mail))
    names = sorted(set().union(*(found for found, _ in runs)), key=lambda name: -runs[0][0][name])
    rows = tuple(
        Row(
            name,
            (
                figure([found[name] / found.total() for found, _ in runs], 3),
                figure([found[name] / found.total() * per_mail for found, per_mail in runs], 1),
            ),
        )
        for name in names
    )
    how = f"{number:,} real mails through all stages in one process, into SQLite; {RATE} samples a second."
    columns = (Column("of all samples", "%"), Column("CPU for each mail", "µs"))
    return Report(machine, "Where the time goes", wanted.runs, (Table(how, columns, rows, drawn=1),))


def sampled(cluster: Cluster, file: Path, stacks: Path) -> float:
    """Carry the mails under py-spy's eyes; microseconds of CPU for each mail."""
    declare_all(cluster)
    with tempfile.TemporaryDirectory() as folder, Whole(cluster, Path(folder)) as whole:
        spy = str(Path(sys.executable).with_name("py-spy"))
        command = [
            spy,
            "record",
            "--gil",
            "--format",
            "raw",
            "--rate",
            str(RATE),
            "--nonblocking",
            "--output",
            str(stacks),
        ]
        looking = subprocess.Popen([*command, "--pid", str(whole.pid)], stdout=subprocess.DEVNULL)
        run = whole.carried(kept(file))
        looking.send_signal(signal.SIGINT)  # at which it writes what it has seen
        looking.wait(60)
    return run.cpu_seconds / run.items * 1e6


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


def _prepared(number: int, folder: Path) -> Path:
    return keep(list(raw(number)), folder / RAW_MAIL)


if __name__ == "__main__":
    main("profile", measure, runs=1)
