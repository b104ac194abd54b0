"""A destination in memory: for trying things out, and the reference that other sinks are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from normalizer import wire
from normalizer.errors import Rejected
from normalizer.events import Message, Routed, Ticket
from sinks._base import Sink


class Memory(Sink):
    """Keeps every revision once, in `events`, in the order of arrival.

    Delivery: at least once, once in effect, while the process lives; nothing outlives it.
    """

    name: ClassVar[str] = "memory"

    def __init__(self) -> None:
        self.events: list[Routed] = []
        self._seen: set[tuple[str, int]] = set()

    def open(self) -> None:
        """Nothing to do."""

    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Keep what is new; refuse what could not travel as JSON."""
        refused = {}
        for index, event in enumerate(batch):
            try:
                wire.encode(event)
            except UnicodeEncodeError as error:
                refused[index] = Rejected(
                    "not-storable",
                    f"revision {event.ticket.revision} of ticket {event.ticket.id} is not valid Unicode ({error}): "
                    "correct what made it, then redrive it",
                )
                continue
            if (named := (event.ticket.id, event.ticket.revision)) not in self._seen:
                self._seen.add(named)
                self.events.append(event)
        return refused

    def close(self) -> None:
        """Nothing to do; what was kept can still be read."""

    @property
    def tickets(self) -> dict[str, Ticket]:
        """The newest revision of each ticket, by id."""
        ordered = sorted((event.ticket for event in self.events), key=lambda ticket: ticket.revision)
        return {ticket.id: ticket for ticket in ordered}

    @property
    def messages(self) -> dict[str, Message]:
        """Every message, by id."""
        return {event.message.id: event.message for event in self.events if event.message}
