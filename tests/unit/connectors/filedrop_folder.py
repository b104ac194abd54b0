"""A folder that files are dropped into, and what a file drop makes of it."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import msgspec

from connectors._blobs import BlobStore
from connectors._memory import MemoryKafka
from connectors.filedrop import FileDrop, FileDropSettings
from normalizer.events import Message, RawEvent
from normalizer.wire import raw_headers, read_raw
from tests.conformance.poller import Source, run


def mail(number: str, text: str = "hello", **headers: str) -> bytes:
    """A mail with a Message-ID of its own."""
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return (
        f"Message-ID: <{number}@example.com>\nFrom: ann@example.com\nDate: Fri, 2 Jan 2026 03:04:05 +0000\n"
        f"Subject: {number}\n{more}\n{text}\n"
    ).encode()


class Drop(Source):
    """A folder with one account over it."""

    name = "drop"

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.folder = root / self.name
        self.folder.mkdir()
        self.blobs = BlobStore((root / "blobs").as_uri())
        self.kafka = MemoryKafka()
        self.numbers = itertools.count(1)
        fast = {"folder": str(self.folder), "page_size": 4, "poll_seconds": 0.01, "quiet_seconds": 0.05}
        self.settings = msgspec.convert({**fast, **settings}, FileDropSettings)

    def put(self, number: int) -> list[str]:
        """To be said by each format."""
        raise NotImplementedError

    def put_bad(self) -> None:
        """The same."""
        raise NotImplementedError

    def told(self, raw: RawEvent) -> str:
        """The Message-ID or id in a body."""
        (message,) = FileDrop.read(raw)
        return message.refs.own

    def poller(self) -> FileDrop:
        """As after a restart."""
        return FileDrop("main", self.settings, self.blobs)

    def until(self, count: int) -> list[RawEvent]:
        """Read until Kafka has so many records, over one life of the poller."""
        run(self, self.kafka, lambda: len(self.kafka.events) >= count)
        return self.records()

    def idle(self, poller: FileDrop | None = None, seconds: float = 0.25) -> list[RawEvent]:
        """Read for a while, however many there are."""
        stop = threading.Event()
        threading.Timer(seconds, stop.set).start()
        place = self.kafka.load("filedrop", "main", self.name)
        for page in (poller or self.poller()).receive(self.name, place, stop):
            self.kafka.publish(page.events)
            self.kafka.save("filedrop", "main", self.name, page.position)
        return self.records()

    def records(self) -> list[RawEvent]:
        """What Kafka has, after its way through the wire."""
        return [
            read_raw(
                raw.body, raw_headers(raw), key=None if raw.key is None else raw.key.encode("utf-8", "surrogateescape")
            )
            for raw in self.kafka.events
        ]

    def messages(self) -> list[Message]:
        """What the eye reads; every record must be readable."""
        return [message for raw in self.records() for message in FileDrop.read(raw)]
