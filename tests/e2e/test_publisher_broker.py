"""A broker that dies and comes back under a publisher."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors._publisher import Publisher
from normalizer.cluster import Cluster
from normalizer.errors import Retriable
from normalizer.events import RawEvent
from normalizer.wire import header
from ops.engine.kafka import Engine
from ops.topics import declare
from tests.servers.topic import records, wait

pytestmark = pytest.mark.engine


def raw(number: int) -> RawEvent:
    """A raw mail."""
    return RawEvent(
        channel="mail", account="main", source_id=str(number), body=b"hello",
        content_type="message/rfc822", received_at=datetime.now(UTC),
    )  # fmt: skip


def test_a_broker_that_is_killed_loses_nothing_that_was_published(tmp_path: Path) -> None:
    """Calls fail as `Retriable` while it is away, and the same publisher goes on when it is back."""
    with Engine(tmp_path, port=0) as engine:
        cluster = Cluster(brokers=engine.brokers)
        declare(cluster, ["mail"], ())
        publisher = Publisher(cluster, delivery_seconds=4)
        published: list[int] = []
        refused: list[str] = []
        stop = threading.Event()

        def publish() -> None:
            number = 0
            while not stop.is_set():
                try:
                    publisher.publish([raw(number)])
                except Retriable as error:
                    refused.append(str(error))
                    time.sleep(0.1)  # as the edge would, before the same page again
                else:
                    published.append(number)
                    number += 1

        thread = threading.Thread(target=publish, daemon=True)
        thread.start()
        wait(lambda: len(published) > 50)
        engine.kill(1)
        wait(lambda: len(refused) > 1)
        before = len(published)
        engine.restart(1)
        wait(lambda: len(published) > before + 50)
        stop.set()
        thread.join(30)
        publisher.close()
        found = {int(header(each.headers, "ce_subject") or -1) for each in records(cluster, "raw.mail")}
    assert set(published) <= found
    assert published == list(range(len(published)))
    assert all("this is tried again" in each for each in refused)
