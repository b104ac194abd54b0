"""What the ticket store shows: tickets with their messages, their revisions, and what a search finds."""

from __future__ import annotations

from datetime import datetime

import msgspec

from normalizer.events import Decision, Message, Priority, Status, Ticket


class Stored(msgspec.Struct, frozen=True):
    """A message in the store, whole; `suppressed` is why nobody needs to act.

    `ticket_id` and `revision` name what it caused, with its `decisions`: another ticket than the one that is shown
    when that ticket was merged into it.
    """

    message: Message
    ticket_id: str
    revision: int
    suppressed: str
    decisions: tuple[Decision, ...]


class Revision(msgspec.Struct, frozen=True):
    """One step in the life of a ticket. `message_id` is "" for a change of status."""

    revision: int
    message_id: str
    status: Status
    priority: Priority
    queue: str
    at: datetime
    decisions: tuple[Decision, ...]


class History(msgspec.Struct, frozen=True):
    """A ticket with its revisions and all its messages in the order in which they were said.

    The messages of tickets that were merged into this one are among them. `survivor` is the id of the ticket that
    this one is part of by now, after all merges; its own when it was not merged.
    """

    ticket: Ticket
    survivor: str
    messages: tuple[Stored, ...]
    revisions: tuple[Revision, ...]


class Hit(msgspec.Struct, frozen=True):
    """A message that was found, the ticket that it is part of by now, and the text around the first word."""

    ticket: Ticket
    message_id: str
    excerpt: str
