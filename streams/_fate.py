"""The last word on a raw record, which `switchboard ledger` adds up."""

from __future__ import annotations

from datetime import UTC, datetime

from normalizer.errors import Rejected
from normalizer.events import Fate, Message, Origin, Outcome
from streams._record import Output, Record, emit


def origin_of(message: Message) -> Origin:
    """The raw record of a message that has passed the normalize stage. Raises `Rejected` when it names none."""
    if message.origin is None:
        raise Rejected("no-origin", f"message {message.id} names no raw record: only the normalize stage may write it")
    return message.origin


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
    return emit(event, f"{origin}/{item}", source=stage, ce_id=f"{origin}/{item}", cause=cause)
