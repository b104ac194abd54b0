"""What tickets are made of: their state, the message that leads, and why each thing was decided."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from normalizer.message_parts import Contact

Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal["open", "closed", "suppressed", "merged"]

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why something was decided: the rule or signal, what it gave, and on what evidence."""

    what: Literal["thread", "duplicate", "suppress", "priority", "queue", "reopen", "customer"]
    rule: str
    result: str
    because: str = ""


class Lead(msgspec.Struct, frozen=True, order=True):
    """The message that a ticket takes its subject and queue from: the smallest, so that order does not matter."""

    suppressed: bool
    at: Moment
    message_id: str


class Ticket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state of a ticket after a revision. Revisions of one ticket count 1, 2, 3 … without a gap.

    `follows` is the closed ticket that this one continues, `merged_into` the ticket that this one is part of
    (status ``merged``), `related_to` conversations that its sender referred to without being party to them.
    """

    id: str
    revision: int
    conversation_id: str
    customer_id: str
    customer: Contact
    channel: str
    account: str
    subject: str
    status: Status
    priority: Priority
    queue: str
    opened_at: Moment
    updated_at: Moment
    messages: int
    follows: str = ""
    merged_into: str = ""
    related_to: tuple[str, ...] = ()
