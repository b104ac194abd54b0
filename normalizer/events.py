"""The events that travel between rooms: frozen structs, each with its type, version and topic.

``RawEvent`` carries the source's bytes untouched; every other event is JSON (see `normalizer.wire`).
Times are aware UTC datetimes. Ids are strings: lower-case UUIDs made by `normalizer.ids`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from normalizer.message_parts import SIGNALS as SIGNALS
from normalizer.message_parts import Attachment as Attachment
from normalizer.message_parts import Bounce as Bounce
from normalizer.message_parts import Contact as Contact
from normalizer.message_parts import Forwarded as Forwarded
from normalizer.message_parts import Kind as Kind
from normalizer.message_parts import Origin as Origin
from normalizer.message_parts import ThreadRefs as ThreadRefs
from normalizer.ticket_parts import Decision as Decision
from normalizer.ticket_parts import Lead as Lead
from normalizer.ticket_parts import Moment as Moment
from normalizer.ticket_parts import Priority as Priority
from normalizer.ticket_parts import Status as Status
from normalizer.ticket_parts import Ticket as Ticket

Outcome = Literal["routed", "duplicate", "suppressed", "dead_lettered"]

RAW = "raw."
"""What stands before the channel in the name of a raw topic."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every event on a topic knows about itself."""

    type: ClassVar[str]
    version: ClassVar[int] = 1
    topic: ClassVar[str]


class RawEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, as the source gave it. Topic ``raw.<channel>``; the Kafka value is `body`, byte for byte.

    `source_id` names the delivery at the source (IMAP: folder, UIDVALIDITY and UID) and with channel and
    account gives the CloudEvents id. `key` is the source's own thread where it has one. `attributes` are
    facts that are not in the body (envelope, folder, remote address), strings only. `dataref` is the blob
    that holds the whole body when `body` is only its first part (the claim check).
    """

    channel: str
    account: str
    source_id: str
    body: bytes
    content_type: str
    received_at: Moment
    key: str | None = None
    attributes: dict[str, str] = {}
    dataref: str | None = None
    traceparent: str | None = None
    origin: Origin | None = None

    @property
    def topic(self) -> str:
        """The raw topic of this event's channel."""
        return RAW + self.channel


class Message(Event, frozen=True, kw_only=True, omit_defaults=True):
    """One thing somebody said, in the same form whatever the channel. Keyed by channel and account.

    `text` is everything, `visible_text` what the sender newly wrote; `html` is sanitized. `item` of `items`
    counts the messages that one raw record gave. `about` is the id of the message that an edit, a deletion or a
    reaction is about, "" for others. `degradations` names whatever had to be guessed or cut. `trust` says
    whether the sender is who he says, "" where nothing told. `outgoing`: our own side edited, took back or reacted.
    """

    type: ClassVar[str] = "switchboard.message.normalized"
    topic: ClassVar[str] = "messages.normalized"

    id: str
    channel: str
    account: str
    source_id: str
    sender: Contact
    received_at: Moment
    sent_at: Moment | None = None
    origin: Origin | None = None
    item: int = 0
    items: int = 1
    kind: Kind = "message"
    to: tuple[Contact, ...] = ()
    cc: tuple[Contact, ...] = ()
    reply_to: tuple[Contact, ...] = ()
    subject: str = ""
    text: str = ""
    visible_text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    refs: ThreadRefs = ThreadRefs()
    bounces: tuple[Bounce, ...] = ()
    forwarded: Forwarded | None = None
    fields: dict[str, str] = {}
    degradations: tuple[str, ...] = ()
    trust: Literal["", "verified", "unknown", "spoofed"] = ""
    about: str = ""
    outgoing: bool = False


class Threaded(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A message that is nobody's duplicate, with its conversation and its customer. Keyed by customer.

    `suppress` is why it asks nobody to act, where that shows only among other messages: ``loop``.
    """

    type: ClassVar[str] = "switchboard.message.threaded"
    topic: ClassVar[str] = "messages.threaded"

    message: Message
    conversation_id: str
    customer_id: str
    customer: Contact
    related_to: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    suppress: str = ""


class Signal(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What a customer's side or a provider tells without words: a receipt, a consent. Keyed by customer.

    It opens no ticket. What it is about stands in `Message.refs.parents`, what it says in `Message.fields`
    (``status``, ``error``, ``consent``).
    """

    type: ClassVar[str] = "switchboard.signal"
    topic: ClassVar[str] = "signals"

    message: Message
    customer_id: str


class Merged(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A late parent showed that a conversation is part of another. Keyed by the customer of the one that ends.

    `sequence` grows with every merge of an account, so that it can be told which of two merges came first.
    """

    type: ClassVar[str] = "switchboard.conversation.merged"
    topic: ClassVar[str] = Threaded.topic

    conversation_id: str
    customer_id: str
    into_conversation_id: str
    into_customer_id: str
    into_customer: Contact
    sequence: int = 0


class Absorbed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What a merged ticket brings to the one it went into. Keyed by the customer of the latter.

    `ticket` is as it was before, `closed_at` when somebody closed it, `sequence` that of the last merge it followed.
    """

    type: ClassVar[str] = "switchboard.ticket.absorbed"
    topic: ClassVar[str] = Threaded.topic

    ticket: Ticket
    lead: Lead
    into_conversation_id: str
    into_customer_id: str
    into_customer: Contact
    closed_at: Moment | None = None
    sequence: int = 0


class Routed(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket's new revision and what caused it. Keyed by ticket. **The public contract.**

    `message` is absent when the revision came from a status change. `suppressed` is the reason why this
    message asks nobody to act; it is in the ticket all the same.
    """

    type: ClassVar[str] = "switchboard.ticket.routed"
    topic: ClassVar[str] = "tickets.routed"

    ticket: Ticket
    message: Message | None = None
    decisions: tuple[Decision, ...] = ()
    suppressed: str = ""


class StatusChange(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody closed or reopened a ticket. Keyed by customer, like the messages it is ordered with."""

    type: ClassVar[str] = "switchboard.ticket.status"
    topic: ClassVar[str] = "tickets.status"

    ticket_id: str
    conversation_id: str
    customer_id: str
    status: Literal["open", "closed"]
    at: Moment
    by: str = ""


class Fate(Event, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one raw record's message. Keyed by raw topic and partition, so that the ledger can add them up.

    A fate may come again. The first of an item stands, but a dead letter gives way to what became of it later.
    """

    type: ClassVar[str] = "switchboard.fate"
    topic: ClassVar[str] = "fates"

    origin: Origin
    outcome: Outcome
    at: Moment
    item: int = 0
    items: int = 1
    message_id: str = ""
    ticket_id: str = ""
    stage: str = ""
    reason: str = ""


class Balance(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How the records of one raw partition stand, since its first. Keyed by raw topic and partition; compacted.

    Every offset below `watermark` has its fate, none from `end` on, and in between those have none that are in `gaps`:
    (first, past the last), the lowest of them. `reasons` counts by outcome and reason. `refused` counts by sink the
    routed records that a sink would not take, which are in the dead letters.
    """

    type: ClassVar[str] = "switchboard.balance"
    topic: ClassVar[str] = "balances"

    raw: str
    partition: int
    watermark: int
    end: int
    routed: int = 0
    duplicate: int = 0
    suppressed: int = 0
    dead_lettered: int = 0
    reasons: dict[str, int] = {}
    refused: dict[str, int] = {}
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def settled(self) -> int:
        """How many records have their fate."""
        return self.routed + self.duplicate + self.suppressed + self.dead_lettered


class Cursor(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How far a connector has read one source. Keyed by channel, account and source; compacted."""

    type: ClassVar[str] = "switchboard.cursor"
    topic: ClassVar[str] = "cursors"

    channel: str
    account: str
    source: str
    position: msgspec.Raw
    at: Moment


class Health(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How one source or stage is doing. Keyed by its name; compacted; a report, never a lease.

    `behind` is how many items the source still holds, where it can say. `warning` is what will need a person soon.
    `looked_at` is when the source was last asked with success, `rate` what came a minute, `edge` the process that reads.
    """

    type: ClassVar[str] = "switchboard.health"
    topic: ClassVar[str] = "health"

    name: str
    state: Literal["starting", "running", "waiting", "failing", "stopped"]
    at: Moment
    detail: str = ""
    received: int = 0
    errors: int = 0
    last_received_at: Moment | None = None
    behind: int | None = None
    warning: str = ""
    looked_at: Moment | None = None
    rate: float = 0.0
    edge: str = ""
