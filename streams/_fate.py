"""What became of a raw record, which the ledger adds up."""

from __future__ import annotations

from datetime import UTC, datetime

from normalizer.errors import Rejected
from normalizer.events import Fate, Message, Origin, Outcome
from streams._record import Output, Record, emit

_LARGEST = (1 << 63) - 1
"""The last offset that Kafka has."""


def origin_of(message: Message) -> Origin:
    """The raw record of a message that has passed the normalize stage. Raises `Rejected` when it names none that could be."""
    origin = message.origin
    if origin is None or not all(
        0 <= number <= _LARGEST for number in (origin.partition, origin.offset, message.item, message.items)
    ):
        raise Rejected("no-origin", f"message {message.id} names no raw record: only the normalize stage may write it")
    return origin


def fate(
    message: Message, outcome: Outcome, stage: str, cause: Record, *, reason: str = "", ticket_id: str = ""
) -> Output:
    """What became of a message."""
    return fate_of(
        origin_of(message),
        outcome,
        stage,
        cause,
        item=message.item,
        items=message.items,
        message_id=message.id,
        reason=reason,
        ticket_id=ticket_id,
    )


def fate_of(
    origin: Origin,
    outcome: Outcome,
    stage: str,
    cause: Record,
    *,
    item: int = 0,
    items: int = 1,
    message_id: str = "",
    reason: str = "",
    ticket_id: str = "",
) -> Output:
    """What became of one message of a raw record, or of a raw record that held none."""
    event = Fate(
        origin=origin,
        outcome=outcome,
        at=datetime.now(UTC),
        item=item,
        items=items,
        message_id=message_id,
        ticket_id=ticket_id,
        stage=stage,
        reason=reason,
    )
    return told(event, cause)


def told(event: Fate, cause: Record) -> Output:
    """The record of a fate: with its raw partition for a key, so that one ledger partition sees all of that one's."""
    name = f"{event.origin}/{event.item}"
    return emit(event, place_of(event.origin), source=event.stage, ce_id=name, cause=cause)


def place_of(origin: Origin) -> str:
    """The name of a raw partition, such as ``raw.mail/3``."""
    return f"{origin.topic}/{origin.partition}"
