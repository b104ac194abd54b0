"""What the machine itself gives to processes that share nothing: mails are read, the dearest part of the pure work, without
broker and store, by one process and by several at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

from bench.inputs import kept
from bench.stopwatch import Run, Stopwatch
from normalizer.mail.reading import read
from normalizer.wire import read_raw

LIMIT_SECONDS = 120


def read_by(processes: int, file: Path) -> Run:
    """The mails of a file, read once by each of so many processes at the same time."""
    spawn = get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(processes) as pool:
        start = manager.Barrier(processes)
        found: Sequence[Run] = pool.map_async(partial(_read, file), [start] * processes, 1).get(LIMIT_SECONDS)
    return Run(
        sum(run.items for run in found),
        max(run.seconds for run in found),
        sum(run.cpu_seconds for run in found),
    )


def _read(file: Path, start: Barrier) -> Run:
    raws = [read_raw(entry.value, entry.headers, key=entry.key) for entry in kept(file)]
    for raw in raws[: len(raws) // 10]:
        read(raw)  # what is made at the first use
    watch = Stopwatch("mails that are only read", len(raws))
    start.wait()
    watch.begin()
    for raw in raws:
        read(raw)
    return watch.stop()
