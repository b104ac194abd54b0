"""The whole pipeline as ops run it: ``switchboard run stage all``, with one worker or more, and a store to look into."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import psutil
import psycopg

from bench.inputs import RAW_MAIL, Entry, put
from bench.report import MEGA
from bench.stopwatch import PATIENCE_SECONDS, Run
from normalizer.cluster import Cluster

READY = "running: "
LOOK_SECONDS = 0.05
STOP_SECONDS = 60.0


class Whole:
    """All stages over one configuration, with `workers` processes. Use it in a ``with`` block.

    The store is an SQLite file, or the PostgreSQL database at `url`. It has its partitions when the block begins, so that nothing is measured of joining a group.
    """

    def __init__(self, cluster: Cluster, folder: Path, workers: int = 1, url: str = "") -> None:
        self._cluster, self._folder, self._workers, self._url = cluster, folder, workers, url
        self.store = folder / "tickets.db"
        self._log = folder / "workers.log"

    def __enter__(self) -> Whole:
        config = self._folder / "switchboard.toml"
        config.write_text(
            f'[kafka]\nbrokers = "{self._cluster.brokers}"\nnamespace = "{self._cluster.namespace}"\n'
            f'[store]\npath = "{self.store}"\nurl = "{self._url}"\n[blobs]\nurl = "{(self._folder / "blobs").as_uri()}"\n'
            f'[state]\nfolder = "{self._folder / "state"}"\n'
        )
        command = [sys.executable, "-m", "ops.cli", "--config", str(config), "run", "stage", "all"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--workers", str(self._workers)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._log.read_text().count(READY) < self._workers:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise RuntimeError(f"the stages did not start: {self._log.read_text()[-2000:]}")
            time.sleep(LOOK_SECONDS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for process in self._processes():
                process.kill()
            self._process.wait()

    def _processes(self) -> list[psutil.Process]:
        mine = psutil.Process(self._process.pid)
        return [mine, *mine.children(recursive=True)]

    @property
    def pid(self) -> int:
        """The process of the command itself: with one worker, the one that does the work."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """What all its processes have used so far."""
        times = [process.cpu_times() for process in self._processes()]
        return sum(each.user + each.system for each in times)

    def megabytes(self) -> float:
        """Of memory, that all its processes have now."""
        return sum(process.memory_info().rss for process in self._processes()) / MEGA

    def stored(self) -> int:
        """How many messages are in the store."""
        if self._url:
            with psycopg.connect(self._url) as server:
                return int((server.execute("SELECT count(*) FROM switchboard.message_rows").fetchone() or (0,))[0])
        with _reading(self.store) as connection:
            return int(connection.execute("SELECT count(*) FROM message_rows").fetchone()[0])

    def carried(self, entries: Sequence[Entry]) -> Run:
        """Put mails on the raw topic, and wait until all of them are in the store."""
        before, cpu, began = self.stored(), self.cpu_seconds(), time.perf_counter()
        number = put(self._cluster, RAW_MAIL, entries)
        done, moved = 0, time.monotonic()
        while done < number:
            time.sleep(LOOK_SECONDS)
            if (now := self.stored() - before) != done:
                done, moved = now, time.monotonic()
            elif time.monotonic() - moved > PATIENCE_SECONDS:
                raise TimeoutError(f"{done} of {number} mails are in the store: {self._log.read_text()[-2000:]}")
        return Run(number, time.perf_counter() - began, self.cpu_seconds() - cpu)

    @contextlib.contextmanager
    def looking(self) -> Iterator[Look]:
        """A connection to look through, again and again: opening one for each look takes CPU from the pipeline."""
        with _reading(self.store) as connection:
            yield Look(connection)


class Look:
    """At what arrives in a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def arrivals(self, after: int) -> list[tuple[int, datetime]]:
        """The messages that were stored after that one, as their number and the time when each was received."""
        rows = self._connection.execute(
            "SELECT number, received_at FROM message_rows WHERE number > ?", (after,)
        ).fetchall()
        return [(number, datetime.fromisoformat(at).astimezone(UTC)) for number, at in rows]

    def newest(self) -> int:
        """The number of the last message; 0 when there is none."""
        return int(self._connection.execute("SELECT coalesce(max(number), 0) FROM message_rows").fetchone()[0])


@contextlib.contextmanager
def _reading(store: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as connection:
        yield connection
