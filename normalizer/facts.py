"""What rules may see of a message: one flat, bounded dict of plain values."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from normalizer.events import Contact, Message

# Rules look for words; a longer text costs time and says nothing new about urgency or subject matter.
MAX_TEXT = 8_000

Facts = dict[str, dict[str, Any]]


def facts(message: Message, named: Collection[str] | None = None) -> Facts:
    """The facts of `message` under the name ``message``, for conditions such as ``message.kind == "list"``.

    `text` is the visible text where there is one, at most 8,000 characters; `hour` (0 to 23) and `weekday`
    (1 Monday to 7 Sunday) are those of the sent time in UTC, or of the received time when that is unknown. `trust` is
    ``verified``, ``unknown`` or ``spoofed``, and "" where no host is trusted to tell.
    """
    # Of the facts only those that rules have `named`: making all of them costs more than asking for a few.
    return {"message": {name: _FACTS[name](message) for name in (_FACTS if named is None else named)}}


def _moment(message: Message) -> datetime:
    return (message.sent_at or message.received_at).astimezone(UTC)


def _sender(sender: Contact) -> dict[str, str]:
    domain = sender.address.rpartition("@")[2] if sender.scheme == "email" else ""
    return {"scheme": sender.scheme, "address": sender.address, "domain": domain, "name": sender.name}


_FACTS: dict[str, Callable[[Message], Any]] = {
    "id": lambda message: message.id,
    "channel": lambda message: message.channel,
    "account": lambda message: message.account,
    "kind": lambda message: message.kind,
    "subject": lambda message: message.subject[:MAX_TEXT],
    "text": lambda message: (message.visible_text or message.text)[:MAX_TEXT],
    "sender": lambda message: _sender(message.sender),
    "to": lambda message: [party.address for party in message.to],
    "cc": lambda message: [party.address for party in message.cc],
    "attachments": lambda message: len(message.attachments),
    "has_attachments": lambda message: bool(message.attachments),
    "is_reply": lambda message: bool(message.refs.parents),
    "fields": lambda message: message.fields,
    "degradations": lambda message: list(message.degradations),
    "trust": lambda message: message.trust,
    "hour": lambda message: _moment(message).hour,
    "weekday": lambda message: _moment(message).isoweekday(),
}

EXAMPLE = facts(
    Message(
        id="00000000-0000-5000-8000-000000000000",
        channel="mail",
        account="support",
        source_id="INBOX;1;1",
        sender=Contact("email", "ann@example.com", "Ann"),
        received_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        to=(Contact("email", "support@example.com"),),
        subject="Hello",
        text="Hello",
    )
)
"""An ordinary message's facts: rules are tried on it when they are read, so that most mistakes show at once."""
