"""The whole pipeline: from raw mails on their topic to ticket rows in SQLite, all stages in this process."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bench.stopwatch import Run, Stopwatch
from normalizer.cluster import Cluster
from normalizer.mail.reading import read
from ops import wiring
from ops.config import BlobSettings, Config, Store
from streams._run import Workers, running
from streams._stage import Processor
from streams.normalize import Normalize

LOOK_SECONDS = 0.02


def by_one_process(cluster: Cluster, folder: Path, number: int, what: str) -> Run:
    """Carry `number` raw mails, each a message of its own, into the store; until the last one is there."""
    config = Config(
        kafka=cluster,
        store=Store(path=str(folder / "tickets.db")),
        blobs=BlobSettings(url=(folder / "blobs").as_uri()),
    )
    watch = Stopwatch(what, number)
    _, *others = wiring.stages(config)
    stages = [Normalize({"mail": watch.started_by(read)}, wiring.blobs(config)), *others]
    return asyncio.run(_carry(stages, cluster, Path(config.store.path), number, watch))


async def _carry(stages: Sequence[Processor], cluster: Cluster, store: Path, number: int, watch: Stopwatch) -> Run:
    async with running(stages, cluster) as workers:
        while (stored := _stored(workers, store, number)) < number:
            for worker in workers.values():
                if worker.failed.done():
                    worker.failed.result()
            watch.at(stored)
            await asyncio.sleep(LOOK_SECONDS)
        return watch.stop()


def _stored(workers: Workers, store: Path, number: int) -> int:
    """How many messages are in the store. The store is not asked, and so not slowed, before it can have all."""
    delivered = workers["deliver.sqlite"].progress.records
    if delivered < number:
        return delivered
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        found: int = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    return found
