"""A process that shares polled accounts, for the tests that kill it: ``shares_process.py BROKERS NAMESPACE FOLDER ACCOUNTS``.

Each account is a file in FOLDER whose every byte is an item. The process notes in ``FOLDER/looks.PID`` when each look at an
account begins, and when its page has been saved.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from connectors._base import Page, Poller
from connectors._blobs import BlobStore
from connectors._edge import edge_on
from normalizer.cluster import Cluster
from normalizer.events import Message, RawEvent

GROUP = "edge"
POLL_SECONDS = 1.0


class Settings(msgspec.Struct, frozen=True):
    """Where the accounts are, and where looks are noted."""

    folder: str
    notes: int


class Place(msgspec.Struct, frozen=True):
    """How many items have been read."""

    items: int = 0


class Counted(Poller[Settings]):
    """Reads an account whose items have no content."""

    channel = "counted"
    settings_type = Settings

    def sources(self) -> Sequence[str]:
        """One."""
        return ("all",)

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """A page for each look at the one source, with news or without."""
        del source
        place = msgspec.json.decode(position, type=Place) if position else Place()
        while not stop.is_set():
            os.write(self.settings.notes, f"begin {self.account} {time.monotonic()}\n".encode())
            items = Path(self.settings.folder, self.account).stat().st_size
            fresh = tuple(self._delivery(number) for number in range(place.items + 1, items + 1))
            place = Place(items)
            yield Page(fresh, place, 0)
            os.write(self.settings.notes, f"end {self.account} {time.monotonic()}\n".encode())
            stop.wait(POLL_SECONDS)

    def _delivery(self, number: int) -> RawEvent:
        return RawEvent(
            channel=self.channel, account=self.account, source_id=str(number), body=b"x", content_type="text/plain",
            received_at=datetime.now(UTC),
        )  # fmt: skip

    @staticmethod
    def read(_: RawEvent) -> tuple[Message, ...]:
        """Nothing."""
        return ()


def main(brokers: str, namespace: str, folder: str, accounts: str) -> None:
    """Run until killed."""
    notes = os.open(f"{folder}/looks.{os.getpid()}", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    blobs = BlobStore(Path(folder, "blobs").as_uri())
    settings = Settings(folder, notes)
    connectors = [Counted(f"a{number}", settings, blobs) for number in range(int(accounts))]
    edge, _ = edge_on(Cluster(brokers=brokers, namespace=namespace), connectors, GROUP)
    edge.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
