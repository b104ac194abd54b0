"""Where the time of the whole pipeline goes, for each mail: sampled in the running command, as a table and a picture.

    python -m bench.profile

``run stage all`` carries real mails while py-spy looks at it 200 times a second, only at threads that run: those that wait
for a lock, a disk or the network take no CPU. Each sample counts for the innermost part of `PARTS` that is on its stack. The
same at half of what it can carry, for the mail connector, and, more often since they take a second, for stages alone.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import fetch, stages
from bench.inputs import RAW_MAIL, kept
from bench.jobs import INPUTS, Job
from bench.latency import at_rate
from bench.part import Wanted, broker, elsewhere, main, say
from bench.pipeline import HALF, WHOLE, cycle_anew, declare_all
from bench.report import Column, Report, Row, Table, figure, this_machine
from bench.runtimes import ours
from bench.whole import Whole
from connectors._mailsettings import MailSettings
from normalizer.cluster import Cluster

HALF_SECONDS = 15.0
RATE, RATE_ALONE = 200, 1000
ROOT = Path(__file__).resolve().parent.parent
PARTS = (
    ("normalizer/mail/", "reading mail"),
    ("normalizer/wire.py", "events from bytes and back"),
    ("normalizer/", "threads, tickets, rules"),
    ("connectors/_blobs.py", "blobs"),
    ("connectors/", "connector"),
    ("imapclient/", "imapclient and imaplib"),
    ("imaplib.py", "imapclient and imaplib"),
    ("sinks/", "ticket store"),
    ("streams/_fetched.py", "fetch"),
    ("streams/_outbox.py", "outbox"),
    ("streams/_packed.py", "outbox"),
    ("streams/_disk.py", "state on disk"),
    ("streams/_state.py", "tables"),
    ("bench/jobs.py", "what the stage itself does"),
    ("streams/", "stages: everything else"),
    ("aiokafka/", "aiokafka"),
    ("faust/", "Faust and mode"),
    ("mode/", "Faust and mode"),
    ("asyncio/", "asyncio"),
)
OTHER = "everything else"
STAGES = {"normalize": "mail", "route": "message", "deliver": "ticket", "copy": "record", "remember": "record"}
"""The stages that are looked at alone, and what they count."""

_OUTSIDE = re.compile(rf"\((?:.*/site-packages/|.*/lib/python[\d.]+/|{re.escape(str(ROOT))}/)")
"""Of a file's name, what is before the package."""

Sampled = tuple[Counter[str], float]
"""Samples by part, and microseconds of CPU for each item."""


def measure(wanted: Wanted) -> Report:
    """The share of each part, and microseconds of it for a mail or a record; goals that are missed are explained by it."""
    machine = this_machine()
    numbers = {stage: wanted.items(stages.USUAL[stage], 40) for stage in STAGES}
    found: dict[str, list[Sampled]] = {}

    def took(what: str, sampled: Sampled) -> None:
        found.setdefault(what, []).append(sampled)
        say(f"{what}: {sampled[1]:,.0f} µs each")

    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        stacks, mails = Path(home) / "stacks", numbers["deliver"]
        files = elsewhere(partial(stages.prepared, numbers, Path(home)))
        for turn in range(wanted.runs):
            cluster = Cluster(brokers=brokers, namespace=f"profile{turn}.")
            whole = elsewhere(partial(sampled, cluster, files[RAW_MAIL], stacks), 300.0)
            took(WHOLE, whole)
            cluster = Cluster(brokers=brokers, namespace=f"half{turn}.")
            seconds = HALF_SECONDS * min(1.0, wanted.scale)
            took(
                HALF, elsewhere(partial(at_half, cluster, files[RAW_MAIL], 1e6 / whole[1] / 2, seconds, stacks), 300.0)
            )
            took(fetch.FETCHED, fetch.in_a_mailbox(mails, partial(_fetched, mails, stacks)))
            for stage, number in numbers.items():
                cluster = Cluster(brokers=brokers, namespace=f"{stage}{turn}.")
                there = elsewhere(partial(stages.fill, cluster, stage, files[INPUTS[stage]], number))
                job = Job(stage, there, f"profile of {stage}")
                took(stage, elsewhere(partial(sampled_alone, job, cluster, stacks)))
    tables = [
        _table(f"{WHOLE}: {mails:,} real mails through all stages in one process, into SQLite", "mail", found[WHOLE]),
        _table(f"{HALF}: the same at fixed times, half as many a second as it carried so", "mail", found[HALF]),
        _table(f"{fetch.FETCHED}: {mails:,} real mails from Dovecot", "mail", found[fetch.FETCHED], RATE_ALONE),
        *(
            _table(f"{stage}: {numbers[stage]:,} through this stage alone", unit, found[stage], RATE_ALONE)
            for stage, unit in STAGES.items()
        ),
    ]
    return Report(machine, "Where the time goes", wanted.runs, tuple(tables))


def _table(how: str, unit: str, runs: Sequence[Sampled], rate: int = RATE) -> Table:
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
    number = sum(found.total() for found, _ in runs)
    return Table(f"{how}; {number:,} samples, {rate} a second of each thread that runs.", columns, rows, drawn=1)


def sampled(cluster: Cluster, file: Path, stacks: Path) -> Sampled:
    """Carry the mails under py-spy's eyes; microseconds of CPU for each mail."""
    declare_all(cluster)
    with (
        tempfile.TemporaryDirectory() as folder,
        Whole(cluster, Path(folder)) as whole,
        _looked_at(whole.pid, stacks),
    ):
        run = whole.carried(kept(file))
    return shares(stacks.read_text().splitlines()), run.cpu_micros


def at_half(cluster: Cluster, file: Path, rate: float, seconds: float, stacks: Path) -> Sampled:
    """Send so many mails a second, and look when all that is cold has been warmed."""
    declare_all(cluster)
    with tempfile.TemporaryDirectory() as folder, Whole(cluster, Path(folder)) as whole:
        mails = cycle_anew(kept(file))
        at_rate(whole, cluster, mails, rate, seconds)
        with _looked_at(whole.pid, stacks):
            before = whole.cpu_seconds()
            took = at_rate(whole, cluster, mails, rate, seconds)
            used = whole.cpu_seconds() - before
    return shares(stacks.read_text().splitlines()), 1e6 * used / took.number


def sampled_alone(job: Job, cluster: Cluster, stacks: Path) -> Sampled:
    """The same of one stage, in this process."""
    with tempfile.TemporaryDirectory() as folder, _looked_at(os.getpid(), stacks, RATE_ALONE):
        run = ours.run(job, cluster, Path(folder))
    return shares(stacks.read_text().splitlines()), run.cpu_micros


def _fetched(mails: int, stacks: Path, settings: MailSettings) -> Sampled:
    return elsewhere(partial(sampled_fetch, settings, mails, stacks))


def sampled_fetch(settings: MailSettings, mails: int, stacks: Path) -> Sampled:
    """The same of the mail connector, in this process."""
    with _looked_at(os.getpid(), stacks, RATE_ALONE):
        run = fetch.by_connector(settings, mails)
    return shares(stacks.read_text().splitlines()), run.cpu_micros


@contextmanager
def _looked_at(pid: int, stacks: Path, rate: int = RATE) -> Iterator[None]:
    """py-spy looks at a process; what it has seen is in a file when the block has ended."""
    spy = str(Path(sys.executable).with_name("py-spy"))
    how = ["--nonblocking", "--full-filenames", "--format", "raw", "--rate", str(rate), "--output", str(stacks)]
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
        where = _OUTSIDE.sub("(", frame)
        for place, name in PARTS:
            if f"({place}" in where:
                return name
    return OTHER


if __name__ == "__main__":
    main("profile", measure, runs=1)
