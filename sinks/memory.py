"""A destination in memory: for trying things out, and the reference that other sinks are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from normalizer import wire
from normalizer.errors import Rejected
from normalizer.events import Message, Routed, Ticket
from normalizer.tickets import when
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
            except Rejected as error:
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
        """Every message, by id; without its words where it was taken back."""
        told = [event.message for event in self.events if event.message]
        back = {message.about for message in told if message.kind == "deletion"} - {""}
        return {each.id: _without_words(each) if back & {each.id, _edited(each)} else each for each in told}

    def survivor(self, ticket_id: str) -> str:
        """The id of the ticket that a ticket is part of by now, after all merges; its own when it was not merged."""
        tickets, passed = self.tickets, {ticket_id}
        while (into := tickets[ticket_id].merged_into) in tickets and into not in passed:
            passed.add(into)
            ticket_id = into
        return ticket_id

    def conversation(self, ticket_id: str) -> list[Message]:
        """The messages of a ticket and of all that were merged into it, in the order in which they were said."""
        tickets, family = self.tickets.values(), {ticket_id}
        while more := {ticket.id for ticket in tickets if ticket.merged_into in family} - family:
            family |= more
        told = {e.message.id: self.messages[e.message.id] for e in self.events if e.message and e.ticket.id in family}
        return sorted(told.values(), key=lambda message: (when(message), message.id))


def _edited(message: Message) -> str:
    return message.about if message.kind == "edit" else message.id


def _without_words(message: Message) -> Message:
    return msgspec.structs.replace(message, subject="", text="", visible_text="", html="", attachments=())
