"""Blobs that nothing refers to any more: only old ones, never one that a ticket has or that was put again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from connectors._blobs import BlobStore
from connectors._sweep import Swept, sweep
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops.retention import whole_way_hours
from sinks._tickets import Tickets
from sinks.sqlite import Sqlite
from tests.conformance.sink import HISTORY

DAY = 86_400.0


def aged(folder: Path, days: float) -> None:
    """All blobs are so old."""
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - days * DAY,) * 2)


def test_old_blobs_that_nobody_needs_go(tmp_path: Path) -> None:
    """One that a ticket has stays, and so does a new one."""
    blobs = BlobStore(tmp_path.as_uri())
    needed, unneeded = blobs.put(b"needed"), blobs.put(b"not needed")
    aged(tmp_path, 200)
    new = blobs.put(b"new")
    assert sweep(tmp_path.as_uri(), {needed}, 199 * DAY) == Swept(blobs=1, bytes=10, left=2)
    assert [blobs.exists(each) for each in (needed, unneeded, new)] == [True, False, True]
    assert sweep(tmp_path.as_uri(), {needed}, 199 * DAY) == Swept(left=2)


def test_a_blob_that_is_put_again_is_young_again(tmp_path: Path) -> None:
    """A record that refers to it may just have been published."""
    blobs = BlobStore(tmp_path.as_uri())
    blobs.put(b"a logo that every mail has")
    aged(tmp_path, 200)
    blobs.put(b"a logo that every mail has")
    assert sweep(tmp_path.as_uri(), set(), 199 * DAY) == Swept(left=1)


def test_a_bucket_is_not_swept() -> None:
    """It does not tell when a blob was put again."""
    with pytest.raises(Misconfigured, match=r"the blob store memory:// is no folder: give its bucket a lifecycle rule"):
        sweep("memory://blobs", set(), 0)


def test_what_tickets_need_is_asked_of_a_store_with_tickets(tmp_path: Path) -> None:
    """An empty one is a new or a wrong one, and says nothing about what may go."""
    sink = Sqlite(tmp_path / "tickets.db")
    sink.open()
    with (
        Tickets(str(tmp_path / "tickets.db")) as store,
        pytest.raises(Misconfigured, match="has no ticket: is it the right"),
    ):
        store.files()
    sink.write(HISTORY)
    sink.close()
    with Tickets(str(tmp_path / "tickets.db")) as store:
        assert store.files() == {"ab" * 32}


def test_the_whole_way_is_as_long_as_all_topics_together() -> None:
    """Dead letters on their last day, redriven, and read on the last day of each topic that follows."""
    assert whole_way_hours(Cluster(), ["mail"]) == 24 * sum((97, 37, 14, 14, 37))
    short = Cluster(retention_days={"raw": 4, "dead.letters": 4})
    assert whole_way_hours(short, ["mail"]) == 24 * sum((5, 5, 14, 14, 37))
