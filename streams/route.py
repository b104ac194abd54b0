"""messages.threaded → tickets.routed: what a message does to its ticket, how urgent that is, and whose it is.

Delivery: at least once. A ticket's revisions are in order on its partition and count without a gap; a redelivered
message is sent again with the ticket as it is by then, and a consumer that goes by message id and revision takes
it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import msgspec

from normalizer import ids
from normalizer.decisions import Rulings, choose_queue, prioritize, suppress
from normalizer.events import Absorbed, Decision, Merged, Routed, StatusChange, Threaded
from normalizer.policy import Policy
from normalizer.tickets import (
    ClosedPolicy,
    TicketState,
    Verdict,
    absorbed,
    changed,
    ended,
    joined,
    opened,
    opens_follow_up,
    passed_on,
    too_long,
)
from normalizer.wire import decode, header, versioned_type
from streams._fate import fate
from streams._record import Output, Record, emit
from streams._stage import Source, Stage
from streams._state import State, Table
from streams._window import Window, tables_of
from streams.thread import message_source

_state = msgspec.msgpack.Decoder(TicketState)
_pack = msgspec.msgpack.Encoder().encode


class Route(Stage):
    """Prioritizes and routes. A conversation's current ticket is remembered with its customer's partition."""

    name: ClassVar[str] = "route"
    tables: ClassVar[Sequence[str]] = ("tickets", "current", *tables_of("applied"))

    def __init__(self, policy: Policy, closed: ClosedPolicy, dedupe: timedelta | None = None) -> None:
        self.inputs = [Threaded.topic, StatusChange.topic]
        self._rulings = Rulings(policy)
        self._closed = closed
        self._applied = Window("applied", dedupe)

    def origin(self, record: Record) -> Source | None:
        """The raw record behind a threaded message; the other events of this stage's inputs have none."""
        if header(record.headers, "ce_type") != versioned_type(Threaded):
            return None
        return message_source(decode(Threaded, record.value, record.headers).message)

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """The new revision of the ticket that the record is about, and the fate of its message."""
        kind = header(record.headers, "ce_type")
        if kind == versioned_type(StatusChange):
            return self._change(decode(StatusChange, record.value, record.headers), record, state)
        if kind == versioned_type(Merged):
            return self._end(decode(Merged, record.value, record.headers), record, state)
        if kind == versioned_type(Absorbed):
            return self._absorb(decode(Absorbed, record.value, record.headers), record, state)
        return self._take(decode(Threaded, record.value, record.headers), record, state)

    def _take(self, threaded: Threaded, record: Record, state: State) -> Sequence[Output]:
        message = threaded.message
        verdict, decisions = self._judge(threaded)
        known = state["applied"].get(message.id.encode())
        if known is not None:
            after = _read(state["tickets"], known) or self._opened(threaded, verdict, None)
        else:
            before = _current(state, threaded.conversation_id)
            after, change = self._after(before, threaded, verdict)
            decisions = (*decisions, *change)
            _write(state, threaded.conversation_id, after)
            self._applied.add(state, message.id.encode(), after.ticket.id.encode(), record.timestamp)
        ticket = after.ticket
        routed = Routed(
            ticket=ticket,
            message=message,
            decisions=(*threaded.decisions, *decisions),
            suppressed=verdict.suppressed,
        )
        outcome = "suppressed" if verdict.suppressed else "routed"
        return [
            emit(routed, ticket.id, source=self.name, ce_id=f"{ticket.id}/{message.id}", cause=record),
            fate(message, outcome, self.name, record, reason=verdict.suppressed, ticket_id=ticket.id),  # type: ignore[arg-type]  # one of two outcomes
        ]

    def _judge(self, threaded: Threaded) -> tuple[Verdict, tuple[Decision, ...]]:
        message = threaded.message
        reason, why = suppress(message, self._rulings.suppress)
        reason = reason or threaded.suppress
        priority, urgent = prioritize(message, self._rulings.priority)
        queue, whose = choose_queue(message, self._rulings.queue)
        trace = (urgent, whose) if why is None else (why, urgent, whose)
        return Verdict(priority, queue, reason), trace

    def _after(
        self, before: TicketState | None, threaded: Threaded, verdict: Verdict
    ) -> tuple[TicketState, tuple[Decision, ...]]:
        message = threaded.message
        if before is None:
            return self._opened(threaded, verdict, None), ()
        if not verdict.suppressed and (why := too_long(before, message, self._closed)):
            return self._opened(threaded, verdict, before), (Decision("reopen", "split", before.ticket.id, why),)
        if verdict.suppressed or before.closed_at is None:
            return joined(before, self._opened(threaded, verdict, None)), ()
        if opens_follow_up(before, message, self._closed):
            why = f"closed at {before.closed_at.isoformat()}, longer ago than tickets.follow_up_after_days"
            return self._opened(threaded, verdict, before), (Decision("reopen", "follow_up", before.ticket.id, why),)
        why = f"closed at {before.closed_at.isoformat()} and answered since"
        after = joined(before, self._opened(threaded, verdict, None))
        return after, (Decision("reopen", "reopen", before.ticket.id, why),)

    def _opened(self, threaded: Threaded, verdict: Verdict, follows: TicketState | None) -> TicketState:
        return opened(
            threaded.message,
            verdict,
            conversation_id=threaded.conversation_id,
            customer_id=threaded.customer_id,
            customer=threaded.customer,
            related_to=threaded.related_to,
            follows=follows,
        )

    def _change(self, change: StatusChange, record: Record, state: State) -> Sequence[Output]:
        done = f"{change.status}/{change.ticket_id}/{change.at.isoformat()}".encode()
        if done in state["applied"]:
            return []  # a dead letter that was sent twice: what came after it stands
        before = _read(state["tickets"], change.ticket_id.encode())
        if before is None or before.ticket.status in {change.status, "merged"}:
            return []  # unknown here, part of another, or already so: a redelivery, or two agents at the same button
        after = changed(before, change)
        self._applied.add(state, done, b"1", record.timestamp)
        state["tickets"].set(after.ticket.id.encode(), _pack(after))
        return [self._revised(after, record)]

    def _end(self, merged: Merged, record: Record, state: State) -> Sequence[Output]:
        before = _current(state, merged.conversation_id)
        if before is None or (before.left is not None and merged.sequence <= before.left.sequence):
            return []  # a redelivery
        after = ended(before, merged)
        _write(state, merged.conversation_id, after)
        if before.ticket.status == "merged":
            return [self._revised(after, record)]
        event = Absorbed(
            ticket=before.ticket,
            lead=before.lead,
            closed_at=before.closed_at,
            into_conversation_id=merged.into_conversation_id,
            into_customer_id=merged.into_customer_id,
            into_customer=merged.into_customer,
            sequence=merged.sequence,
        )
        return [self._revised(after, record), self._sent(event, record)]

    def _absorb(self, other: Absorbed, record: Record, state: State) -> Sequence[Output]:
        done = _name(other).encode()
        if done in state["applied"]:
            return []
        self._applied.add(state, done, b"1", record.timestamp)
        if onward := passed_on(_current(state, other.into_conversation_id), other):
            return [self._sent(onward, record)]
        after = absorbed(_read(state["tickets"], ids.ticket_id(other.into_conversation_id).encode()), other)
        state["tickets"].set(after.ticket.id.encode(), _pack(after))
        if other.into_conversation_id.encode() not in state["current"]:
            state["current"].set(other.into_conversation_id.encode(), after.ticket.id.encode())
        return [self._revised(after, record)]

    def _sent(self, event: Absorbed, record: Record) -> Output:
        return emit(event, event.into_customer_id, source=self.name, ce_id=_name(event), cause=record)

    def _revised(self, state: TicketState, record: Record) -> Output:
        ticket = state.ticket
        return emit(
            Routed(ticket=ticket), ticket.id, source=self.name, ce_id=f"{ticket.id}/r{ticket.revision}", cause=record
        )


def _read(tickets: Table, ticket_id: bytes | None) -> TicketState | None:
    packed = tickets.get(ticket_id) if ticket_id else None
    return _state.decode(packed) if packed else None


def _current(state: State, conversation_id: str) -> TicketState | None:
    return _read(state["tickets"], state["current"].get(conversation_id.encode()))


def _name(event: Absorbed) -> str:
    return f"absorbed/{event.ticket.id}/{event.ticket.revision}/{event.sequence}"


def _write(state: State, conversation_id: str, after: TicketState) -> None:
    state["tickets"].set(after.ticket.id.encode(), _pack(after))
    state["current"].set(conversation_id.encode(), after.ticket.id.encode())
