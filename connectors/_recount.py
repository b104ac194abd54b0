"""Counting again what a source has had, to find what never arrived: what a connector offers for it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar

import msgspec

from connectors._base import Poller, S
from normalizer.errors import Rejected
from normalizer.events import RawEvent


class Listed(msgspec.Struct, frozen=True):
    """`total` items of a source, and the raw events of those that may be unknown, as `Poller.receive` would give them."""

    total: int
    events: tuple[RawEvent, ...]


class Recounted(Poller[S], ABC):
    """A poller whose source can be asked for what it has had since a moment, whatever was read of it before.

    `one_way` is whether its items come in one way only, so that their source_id alone tells whether they came.
    """

    one_way: ClassVar[bool] = False

    @abstractmethod
    def recount(
        self, source: str, since: datetime, known: Callable[[str], bool], stop: threading.Event
    ) -> Iterator[Listed]:
        """Everything from `since` (or some more) to the present, and then end. No position is read, kept or moved by it.

        What is `known` by a name (see `told`) need not be fetched. What the source can no longer give is an event that
        says so, as in `receive`, and never nothing. Raises `Retriable` and `Misconfigured`.
        """

    def told(self, raw: RawEvent) -> Sequence[tuple[str, datetime]]:
        """What is in a raw event is known by, whichever way it came, and when it was said: message ids, or its source_id."""
        if self.one_way:
            return [(raw.source_id, raw.received_at)]
        try:
            found = self.read(raw)
        except Rejected:
            found = ()
        return [(each.id, each.sent_at or each.received_at) for each in found] or [(raw.source_id, raw.received_at)]
