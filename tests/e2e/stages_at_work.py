"""All stages in this process on a real Kafka, fed with mails by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

from connectors._publisher import Publisher
from normalizer.cluster import Cluster
from normalizer.events import RawEvent
from ops import wiring
from ops.config import BlobSettings, Config, Store
from streams._run import run
from streams._stage import Processor

AT = datetime(2026, 3, 1, tzinfo=UTC)


def configured(cluster: Cluster, folder: Path, **more: Any) -> Config:
    """A configuration with a store in this folder, on declared topics."""
    blobs = BlobSettings(url=(folder / "blobs").as_uri())
    found = Config(kafka=cluster, store=Store(path=str(folder / "tickets.db")), blobs=blobs, **more)
    wiring.declare_topics(found, cluster)
    return found


@contextmanager
def at_work(stages: Sequence[Processor], cluster: Cluster) -> Iterator[None]:
    """These stages, until the block ends."""
    stop, ready = Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, stages, cluster, ready=lambda _: ready.set(), stop=stop)
        try:
            while not ready.wait(0.1):
                assert not running.done(), running.result()
            yield
        finally:
            stop.set()
            assert running.result() == 0


def mail(number: int, subject: str, sender: str = "ada@calc.example", parent: int | None = None) -> bytes:
    """A mail with a Message-ID of its number."""
    refers = "" if parent is None else f"References: <{parent}@e2e>\r\n"
    return (
        f"From: {sender}\r\nTo: us@us.example\r\nMessage-ID: <{number}@e2e>\r\n{refers}"
        f"Date: Sun, 1 Mar 2026 12:{number:02}:00 +0000\r\nSubject: {subject}\r\n\r\nIt is wrong.\r\n"
    ).encode()


def accepted(cluster: Cluster, *mails: bytes) -> None:
    """Mails as a connector would have published them."""
    publisher = Publisher(cluster)
    for number, body in enumerate(mails):  # one after the other, so that they have an order
        publisher.publish(
            [
                RawEvent(channel="mail", account="us", source_id=f"INBOX;1;{number}", content_type="message/rfc822",
                         body=body, received_at=AT + timedelta(minutes=number))
            ]
        )  # fmt: skip
    publisher.close()
