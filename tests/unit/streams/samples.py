"""Messages and records as the tests of the stages need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from normalizer import ids
from normalizer.events import Contact, Event, Message, Origin, ThreadRefs
from streams._record import Output, Record, emit

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def message(
    name: str,
    sender: str = "cara@c.example",
    *,
    parents: Sequence[str] = (),
    to: Sequence[str] = ("support@us.example",),
    minutes: int = 0,
    subject: str = "A question",
    text: str = "How do I do this?",
    kind: str = "message",
    offset: int = 0,
) -> Message:
    """A mail called `name` that came in `minutes` after noon, from offset `offset` of ``raw.mail``."""
    return Message(
        id=ids.message_id("mail", "us", name),
        channel="mail",
        account="us",
        source_id=name,
        sender=Contact("email", sender),
        received_at=NOW + timedelta(minutes=minutes),
        origin=Origin("raw.mail", 0, offset),
        to=tuple(Contact("email", address) for address in to),
        subject=subject,
        text=text,
        visible_text=text,
        kind=kind,  # type: ignore[arg-type]  # one of the kinds
        refs=ThreadRefs(own=name, parents=tuple(parents)),
    )


def record(event: Event, offset: int = 0, topic: str = "") -> Record:
    """`event` as it stands on its topic."""
    return arrived(emit(event, "key", source="test", ce_id="1"), offset, topic)


def arrived(output: Output, offset: int, topic: str = "") -> Record:
    """An output as the next stage gets it."""
    return Record(topic or output.topic, 0, offset, output.key, output.value, output.headers)
