"""An event of each type, as the stages make them of a conversation that has everything in it."""

from __future__ import annotations

from functools import cache

import msgspec

from normalizer.events import (
    Absorbed,
    Attachment,
    Bounce,
    Contact,
    Cursor,
    Event,
    Fate,
    Forwarded,
    Health,
    Merged,
    Message,
    Origin,
    Routed,
    Signal,
    StatusChange,
    Threaded,
)
from normalizer.wire import decode
from streams._record import Output
from streams._state import State
from tests.unit.streams.line import Line
from tests.unit.streams.samples import NOW, arrived, message, record


@cache
def examples() -> tuple[Event, ...]:
    """At least one of each type."""
    first, late = message("a"), message("c", parents=("b",), minutes=2)
    told = [first, late, message("b", parents=("a",), minutes=1), _full(), _receipt()]
    line, found = Line(), list[Event](told)
    for offset, each in enumerate(told):
        state: State = line.threads
        outputs = line.thread.decide(record(each, offset), state)
        state.accept()
        found += [event for output in outputs for event in _events(output)]
    routed = [event for event in found if isinstance(event, Threaded | Merged)]
    for offset, passed in enumerate(routed):
        outputs = line.route.decide(record(passed, 100 + offset), line.tickets)
        line.tickets.accept()
        found += [event for output in outputs for event in _events(output)]
    ticket = next(event.ticket for event in found if isinstance(event, Routed))
    closing = StatusChange(
        ticket_id=ticket.id,
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id,
        status="closed",
        at=NOW,
    )
    position = msgspec.Raw(b'{"uid": 7}')
    cursor = Cursor(channel="mail", account="us", source="INBOX", position=position, at=NOW)
    return (*found, closing, cursor, Health(name="mail/us/INBOX", state="running", at=NOW, received=7))


def _events(output: Output) -> list[Event]:
    passed = arrived(output, 0)
    told = dict(passed.headers)["ce_type"].decode().rpartition(".v")[0]
    kinds: list[type[Event]] = [Threaded, Merged, Absorbed, Routed, Signal, Fate]
    return [decode(kind, passed.value, passed.headers) for kind in kinds if kind.type == told]


def _full() -> Message:
    ann = Contact("email", "ann@example.org", "Ann")
    return msgspec.structs.replace(
        message("d", parents=("a",), minutes=3),
        cc=(ann,), reply_to=(ann,), html="<p>Hi</p>", fields={"severity": "1"}, degradations=("text-cut",), trust="spoofed",
        attachments=(Attachment(sha256="ab" * 32, size=3, name="a.jpg", content_type="image/jpeg"),),
        bounces=(Bounce(address="x@y.example", hard=True, status="5.1.1", reason="user-unknown"),),
        forwarded=Forwarded(sender=ann, to=(ann,), cc=(), subject="x", sent="now", text="y"),
    )  # fmt: skip


def _receipt() -> Message:
    told = message("e", parents=("a",), minutes=4, kind="receipt", text="")
    return msgspec.structs.replace(told, fields={"status": "read"}, origin=Origin("raw.mail", 0, 9))
