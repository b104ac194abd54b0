"""A routed event as rows of the ticket store, and the statements that apply them in any order, any number of times.

Each statement moves its row in one direction only (a higher revision, an earlier start, a later name), so the order
of arrival does not show in the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from normalizer.events import Message, Routed, Ticket
from normalizer.tickets import when
from sinks._inserts import Insert, Row
from sinks._words import indexed

CUSTOMER = Insert(
    "customers", "(?, ?)", "ON CONFLICT DO UPDATE SET since = excluded.since WHERE excluded.since < since"
)
CONTACT = Insert(
    "contacts",
    "(?, ?, ?, ?, ?)",
    """ON CONFLICT (scheme, address, customer_id) DO UPDATE SET name = excluded.name, named_at = excluded.named_at
    WHERE (excluded.named_at, excluded.name) > (named_at, name)""",
)
CONVERSATION = Insert(
    "conversations",
    "(?, ?, ?, ?, ?)",
    """ON CONFLICT DO UPDATE SET customer_id = excluded.customer_id, opened_at = excluded.opened_at
    WHERE (excluded.opened_at, excluded.customer_id) < (opened_at, customer_id)""",
)
TICKET = Insert(
    "tickets",
    "(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    """ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, conversation_id = excluded.conversation_id,
    customer_id = excluded.customer_id, scheme = excluded.scheme, address = excluded.address, name = excluded.name,
    channel = excluded.channel, account = excluded.account, subject = excluded.subject, status = excluded.status,
    priority = excluded.priority, queue = excluded.queue, opened_at = excluded.opened_at,
    updated_at = excluded.updated_at, messages = excluded.messages, follows = excluded.follows,
    merged_into = excluded.merged_into, related_to = excluded.related_to
    WHERE excluded.revision > revision""",
)
# What belongs to a ticket or a message names it by its number, which only the store knows.
_TICKET, _MESSAGE = "(SELECT number FROM tickets WHERE id = ?)", "(SELECT number FROM message_rows WHERE id = ?)"
REVISION = Insert("revision_rows", f"({_TICKET}, ?, ?, ?, ?, ?, ?)", "ON CONFLICT DO NOTHING")
DECISION = Insert("decision_rows", f"({_TICKET}, ?, ?, ?, ?, ?, ?)", "ON CONFLICT DO NOTHING")
MESSAGE = Insert(
    "message_rows",
    f"(NULL, ?, {_TICKET}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT (id) DO NOTHING",
)
ATTACHMENT = Insert("attachment_rows", f"({_MESSAGE}, ?, ?, ?, ?, ?, ?, ?)", "ON CONFLICT DO NOTHING")
WORDS = Insert("words (rowid, subject, text, sender)", "(?, ?, ?, ?)")
LAST = "SELECT ifnull(max(number), 0) FROM message_rows"
NEW = "SELECT json_group_object(id, number) FROM message_rows WHERE number > ?"
# A message that two tickets name (history was read again by newer rules) belongs to the one that named it last.
MOVE = """UPDATE message_rows SET ticket = (SELECT number FROM tickets WHERE id = ?), revision = ?, routed_at = ?
  WHERE id = ? AND (?, ?, ?) > (routed_at, (SELECT id FROM tickets WHERE number = ticket), revision)"""

_encoder = msgspec.json.Encoder()


@lru_cache(maxsize=4096)
def moment(time: datetime) -> str:
    """A time in UTC whose text sorts as the times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def customer(ticket: Ticket) -> Row:
    """The row of `customers`."""
    return ticket.customer_id, moment(ticket.opened_at)


def contact(ticket: Ticket) -> Row:
    """The row of `contacts`. A ticket without a name says nothing of the name."""
    party = ticket.customer
    named_at = moment(ticket.updated_at) if party.name else ""
    return ticket.customer_id, party.scheme, party.address, party.name, named_at


def conversation(ticket: Ticket) -> Row:
    """The row of `conversations`."""
    return ticket.conversation_id, ticket.customer_id, ticket.channel, ticket.account, moment(ticket.opened_at)


def ticket_row(ticket: Ticket) -> Row:
    """The row of `tickets`."""
    return (
        ticket.id,
        ticket.revision,
        ticket.conversation_id,
        ticket.customer_id,
        ticket.customer.scheme,
        ticket.customer.address,
        ticket.customer.name,
        ticket.channel,
        ticket.account,
        ticket.subject,
        ticket.status,
        ticket.priority,
        ticket.queue,
        moment(ticket.opened_at),
        moment(ticket.updated_at),
        ticket.messages,
        ticket.follows,
        ticket.merged_into,
        _encoder.encode(ticket.related_to).decode(),
    )


def revision(event: Routed) -> Row:
    """The row of `revisions`."""
    ticket = event.ticket
    message_id = event.message.id if event.message else ""
    at = moment(ticket.updated_at)
    return ticket.id, ticket.revision, message_id, ticket.status, ticket.priority, ticket.queue, at


def decisions(event: Routed) -> Sequence[Row]:
    """The rows of `decisions`, in the order in which they were made."""
    return [
        (event.ticket.id, event.ticket.revision, position, made.what, made.rule, made.result, made.because)
        for position, made in enumerate(event.decisions)
    ]


def message_row(event: Routed, message: Message) -> Row:
    """The row of `messages`, without its number."""
    rest = msgspec.structs.replace(message, subject="", text="", visible_text="", html="", attachments=())
    return (
        message.id,
        event.ticket.id,
        event.ticket.revision,
        moment(event.ticket.updated_at),
        message.kind,
        moment(when(message)),
        moment(message.received_at),
        message.sender.address,
        message.subject,
        message.text,
        message.visible_text,
        message.html,
        event.suppressed,
        _encoder.encode(rest).decode(),
        message.about,
    )


def attachments(message: Message) -> Sequence[Row]:
    """The rows of `attachments`. The bytes stay in the blob store."""
    return [
        (message.id, position, a.sha256, a.size, a.name, a.content_type, a.content_id, int(a.inline))
        for position, a in enumerate(message.attachments)
    ]


def words(number: int, message: Message) -> Row:
    """The row of `words` for the message of this number."""
    sender = f"{message.sender.name} {message.sender.address}"
    return number, indexed(message.subject), indexed(message.text), indexed(sender)
