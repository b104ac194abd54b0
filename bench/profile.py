"""Where the time of the whole pipeline goes, for each mail: sampled in the running command, as a table and a picture.

    python -m bench.profile

``run stage all`` carries real mails while py-spy looks at it 200 times a second. Each sample counts for the innermost part of
`PARTS` that is on its stack, and as much as its thread has of the CPU time: a thread that waits for the disk looks as busy as
one that computes. The same at half of what it can carry, for the mail connector, and, more often since they take a second,
for stages alone.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

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

HALF_SECONDS, LOOK_SECONDS = 15.0, 0.05
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

_THREAD = re.compile(r"thread \((\d+)\)")
_OUTSIDE = re.compile(rf"\((?:.*/site-packages/|.*/lib/python[\d.]+/|{re.escape(str(ROOT))}/)")
"""Of a file's name, what is before the package."""

Seconds = dict[int, float]
"""CPU time of each thread, by its number in the system."""


class Sampled(NamedTuple):
    """Shares of all CPU time by part, of how many samples, and microseconds of CPU for each item."""

    shares: Mapping[str, float]
    samples: int
    micros: float


def measure(wanted: Wanted) -> Report:
    """The share of each part, and microseconds of it for a mail or a record; goals that are missed are explained by it."""
    machine = this_machine()
    numbers = {stage: wanted.items(stages.USUAL[stage], 40) for stage in STAGES}
    found: dict[str, list[Sampled]] = {}

    def took(what: str, sampled: Sampled) -> None:
        found.setdefault(what, []).append(sampled)
        say(f"{what}: {sampled.micros:,.0f} µs each")

    with tempfile.TemporaryDirectory() as home, broker() as brokers:
        stacks, mails = Path(home) / "stacks", numbers["deliver"]
        files = elsewhere(partial(stages.prepared, numbers, Path(home)), stages.PREPARE_SECONDS)
        for turn in range(wanted.runs):
            cluster = Cluster(brokers=brokers, namespace=f"profile{turn}.")
            whole = elsewhere(partial(sampled, cluster, files[RAW_MAIL], stacks), 300.0)
            took(WHOLE, whole)
            cluster = Cluster(brokers=brokers, namespace=f"half{turn}.")
            seconds = HALF_SECONDS * min(1.0, wanted.scale)
            took(
                HALF,
                elsewhere(partial(at_half, cluster, files[RAW_MAIL], 1e6 / whole.micros / 2, seconds, stacks), 300.0),
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
    names = sorted(set().union(*(run.shares for run in runs)), key=lambda name: -runs[0].shares.get(name, 0))
    rows = tuple(
        Row(
            name,
            (
                figure([run.shares.get(name, 0) for run in runs], 3),
                figure([run.shares.get(name, 0) * run.micros for run in runs], 1),
            ),
        )
        for name in names
    )
    columns = (Column("of all CPU time", "%"), Column(f"CPU for each {unit}", "µs"))
    number = sum(run.samples for run in runs)
    return Table(f"{how}; {number:,} samples, {rate} a second of each thread at work.", columns, rows, drawn=1)


def sampled(cluster: Cluster, file: Path, stacks: Path) -> Sampled:
    """Carry the mails under py-spy's eyes; microseconds of CPU for each mail."""
    declare_all(cluster)
    with tempfile.TemporaryDirectory() as folder, Whole(cluster, Path(folder)) as whole:
        with _looked_at(whole.pid, stacks) as seconds:
            run = whole.carried(kept(file))
        return Sampled(*shares(stacks.read_text().splitlines(), seconds), run.cpu_micros)


def at_half(cluster: Cluster, file: Path, rate: float, seconds: float, stacks: Path) -> Sampled:
    """Send so many mails a second, and look when all that is cold has been warmed."""
    declare_all(cluster)
    with tempfile.TemporaryDirectory() as folder, Whole(cluster, Path(folder)) as whole:
        mails = cycle_anew(kept(file))
        at_rate(whole, cluster, mails, rate, seconds)
        with _looked_at(whole.pid, stacks) as used:
            took = at_rate(whole, cluster, mails, rate, seconds)
        return Sampled(*shares(stacks.read_text().splitlines(), used), took.cpu_micros)


def sampled_alone(job: Job, cluster: Cluster, stacks: Path) -> Sampled:
    """The same of one stage, in this process."""
    with tempfile.TemporaryDirectory() as folder, _looked_at(os.getpid(), stacks, RATE_ALONE) as seconds:
        run = ours.run(job, cluster, Path(folder))
    return Sampled(*shares(stacks.read_text().splitlines(), seconds), run.cpu_micros)


def _fetched(mails: int, stacks: Path, settings: MailSettings) -> Sampled:
    return elsewhere(partial(sampled_fetch, settings, mails, stacks))


def sampled_fetch(settings: MailSettings, mails: int, stacks: Path) -> Sampled:
    """The same of the mail connector, in this process."""
    with _looked_at(os.getpid(), stacks, RATE_ALONE) as seconds:
        run = fetch.by_connector(settings, mails)
    return Sampled(*shares(stacks.read_text().splitlines(), seconds), run.cpu_micros)


@contextmanager
def _looked_at(pid: int, stacks: Path, rate: int = RATE) -> Iterator[Seconds]:
    """py-spy looks at a process; what it has seen is in a file when the block has ended, and what each thread used in the answer."""
    spy = str(Path(sys.executable).with_name("py-spy"))
    how = ["--threads", "--nonblocking", "--full-filenames", "--format", "raw", "--rate", str(rate)]
    before, used, done = _used(pid), Seconds(), threading.Event()

    def watch() -> None:
        """What a thread used is only told while it is there."""
        while not done.wait(LOOK_SECONDS):
            used.update((thread, each - before.get(thread, 0)) for thread, each in _used(pid).items())

    watching = threading.Thread(target=watch)
    watching.start()
    looking = subprocess.Popen(
        [spy, "record", *how, "--output", str(stacks), "--pid", str(pid)], stdout=subprocess.DEVNULL
    )
    try:
        yield used
    finally:
        done.set()
        watching.join()
        looking.send_signal(signal.SIGINT)  # at which it writes
        looking.wait(60)


def _used(pid: int) -> Seconds:
    return {each.id: each.user_time + each.system_time for each in psutil.Process(pid).threads()}


def shares(stacks: Sequence[str], seconds: Seconds) -> tuple[dict[str, float], int]:
    """Shares of the CPU time by part, and the number of samples, of lines ``thread (N)…;frame;frame count`` with the outermost
    frame first, when thread N used so many seconds.

    What a thread used in which nobody saw Python is everything else.
    """
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        name, *rest = frames.split(";")
        if named := _THREAD.match(name):
            seen[int(named[1])][_part(rest)] += int(count)
    found: dict[str, float] = defaultdict(float)
    for thread, used in seconds.items():
        parts = seen[thread] or Counter({OTHER: 1})
        for part, times in parts.items():
            found[part] += used * times / parts.total()
    whole = sum(found.values())
    return {part: each / whole for part, each in found.items()}, sum(each.total() for each in seen.values())


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
