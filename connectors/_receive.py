"""The two ways in, and what both keep: nothing is marked as read, or acknowledged, before Kafka has it.

Delivery: at least once. For each page: publish, wait for the broker, save the position, ask for the next.
A crash between any two of these repeats a page and never skips one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any, Protocol

import msgspec

from connectors._base import Accept, Poller, Receiver
from connectors._claim import CLAIM_LIMIT, claimed
from connectors._status import Status
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import RawEvent


class Publishes(Protocol):
    """Where raw events go (`_publisher.Publisher`)."""

    def publish(self, events: Sequence[RawEvent]) -> None:
        """Block until the events are safe; raise when that is not sure."""
        ...

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """The same for asyncio."""
        ...


class Positions(Protocol):
    """Where positions are kept (`_cursors.Cursors`)."""

    def load(self, channel: str, account: str, source: str) -> bytes | None:
        """The JSON of the position saved last, None when there is none."""
        ...

    def save(self, channel: str, account: str, source: str, position: Any) -> None:
        """Return when the position is safe."""
        ...


Ours = Callable[[], bool]
"""Whether this process may still read an account; asked before each step that others would see."""


def receive(
    poller: Poller[Any],
    source: str,
    publisher: Publishes,
    positions: Positions,
    status: Status,
    stop: threading.Event,
    ours: Ours = lambda: True,
) -> None:
    """Read one source from its saved position until `stop`; raise on the first failure, having skipped nothing.

    A page without events that leaves the position where it was is a look at the source, and nothing is saved.
    """
    _check(ours, poller)
    position = positions.load(poller.channel, poller.account, source)
    pages = poller.receive(source, position, stop)
    try:
        for page in pages:
            _check(ours, poller)
            if page.events:
                publisher.publish([claimed(raw, poller.blobs) for raw in page.events])
                _check(ours, poller)
            reached = msgspec.json.encode(page.position)
            if page.events or reached != position:
                positions.save(poller.channel, poller.account, source, page.position)
                position = reached
            status.stored(len(page.events), page.behind)
            if stop.is_set():
                return
    finally:
        if isinstance(pages, Generator):
            pages.close()  # its connection is closed now, not when the garbage is collected


def _check(ours: Ours, poller: Poller[Any]) -> None:
    if not ours():
        raise Retriable(
            f"{poller.channel}/{poller.account} may belong to another process by now, so nothing is read here: "
            "check that Kafka answers; this goes on by itself"
        )


def accepting(receiver: Receiver[Any], publisher: Publishes, status: Status) -> Accept:
    """The `accept` that a receiver's doors get: claims what is large, publishes, and counts."""

    async def accept(events: Sequence[RawEvent]) -> None:
        if any(len(raw.body) > CLAIM_LIMIT for raw in events):
            events = await asyncio.to_thread(lambda: [claimed(raw, receiver.blobs) for raw in events])
        try:
            await publisher.accept(events)
        except (Retriable, Misconfigured) as error:
            status.waiting(str(error))
            raise
        status.stored(len(events))

    return accept
