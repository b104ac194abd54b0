"""messages.normalized → messages.threaded: duplicates out, every message into its conversation; signals → signals.

Delivery: at least once. A redelivery of the same raw record is no duplicate: it is processed again and gives the
same output. The same message from another raw record is one, and its fate names the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

import msgspec

from normalizer import ids
from normalizer.errors import Rejected
from normalizer.events import SIGNALS, Contact, Decision, Merged, Message, Origin, Signal, Threaded
from normalizer.rates import is_flood
from normalizer.thread_facts import customer_of, speaker
from normalizer.thread_policy import DEFAULT, ThreadPolicy
from normalizer.threads import Placement, facts, place
from normalizer.wire import decode
from streams._fate import fate, origin_of
from streams._record import Output, Record, emit
from streams._stage import Source, Stage
from streams._state import State
from streams._window import Window, tables_of


class _Seen(msgspec.Struct, array_like=True, frozen=True):
    """From which raw record a message came first, why it was placed where it was, and whether it was one too many."""

    origin: Origin
    item: int
    rule: str
    because: str
    related_to: tuple[str, ...]
    flood: bool = False


_seen = msgspec.msgpack.Decoder(_Seen)
_pack = msgspec.msgpack.Encoder().encode


class Thread(Stage):
    """Deduplicates and threads the messages of whole accounts, one after the other."""

    name: ClassVar[str] = "thread"
    tables: ClassVar[Sequence[str]] = (*tables_of("seen"), "threads")

    def __init__(self, policy: ThreadPolicy = DEFAULT, dedupe: timedelta | None = None) -> None:
        self.inputs = [Message.topic]
        self._policy = policy
        self._seen = Window("seen", dedupe)

    def origin(self, record: Record) -> Source | None:
        """The raw record behind a message; None when the record is not even that."""
        return message_source(decode(Message, record.value, record.headers))

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """The message in its conversation, or the fate of a duplicate."""
        message = decode(Message, record.value, record.headers)
        origin = origin_of(message)
        seen = _recall(message, state)
        if seen is not None and (seen.origin, seen.item) != (origin, message.item):
            reason = f"of {message.id} from {seen.origin}"
            return [fate(message, "duplicate", self.name, record, reason=reason)]
        if message.kind in SIGNALS:
            if seen is None:
                self._remember(message, _Seen(origin, message.item, "signal", message.kind, ()), record, state)
            return [self._signal(message, record), fate(message, "suppressed", self.name, record, reason=message.kind)]
        placement = place(facts(message, self._policy), state["threads"])
        if seen is None:
            flood = self._is_flood(message, state)
            seen = _Seen(origin, message.item, placement.rule, placement.because, placement.related_to, flood)
            self._remember(message, seen, record, state)
        return [*self._merges(message, placement, record), self._threaded(message, placement, seen, record)]

    def _remember(self, message: Message, seen: _Seen, record: Record, state: State) -> None:
        self._seen.add(state, message.id.encode(), _pack(seen), record.timestamp)

    def _signal(self, message: Message, record: Record) -> Output:
        customer = customer_of(message, self._policy)
        event = Signal(message=message, customer_id=_customer_id(customer))
        return emit(event, event.customer_id, source=self.name, ce_id=message.id, cause=record)

    def _is_flood(self, message: Message, state: State) -> bool:
        """Whether its sender wrote too much. Whoever cannot be told apart by an address is not counted."""
        sender, limit = speaker(message, self._policy).contact, self._policy.messages_per_hour
        if (
            not limit
            or message.channel != "mail"
            or not sender.address
            or self._policy.is_agent(message.sender.address)
        ):
            return False
        scope = (message.channel, message.account)
        return is_flood(sender.address, scope, message.received_at, limit, state["threads"])

    def _threaded(self, message: Message, placement: Placement, seen: _Seen, record: Record) -> Output:
        event = Threaded(
            message=message,
            conversation_id=placement.conversation_id,
            customer_id=_customer_id(placement.customer),
            customer=_named(placement.customer, message.sender, speaker(message, self._policy).contact),
            related_to=seen.related_to,
            decisions=tuple(self._decisions(message, placement, seen)),
            suppress="loop" if seen.flood else "",
        )
        return emit(event, event.customer_id, source=self.name, ce_id=message.id, cause=record)

    def _decisions(self, message: Message, placement: Placement, seen: _Seen) -> Iterator[Decision]:
        yield Decision("thread", seen.rule, placement.conversation_id, seen.because)
        found = speaker(message, self._policy)
        if found.rule:
            yield Decision("customer", found.rule, found.contact.address, found.because)
        if seen.flood:
            most = self._policy.messages_per_hour
            because = f"{found.contact.address} wrote more than threads.messages_per_hour ({most})"
            yield Decision("suppress", "rate", "loop", because)

    def _merges(self, message: Message, placement: Placement, record: Record) -> list[Output]:
        into = placement.customer
        events = [
            Merged(
                conversation_id=merged.conversation_id,
                customer_id=_customer_id(merged.customer),
                into_conversation_id=placement.conversation_id,
                into_customer_id=_customer_id(into),
                into_customer=into,
                sequence=record.offset,
            )
            for merged in placement.merged
        ]
        return [
            emit(
                event,
                event.customer_id,
                source=self.name,
                ce_id=ids.event_id("merged", event.conversation_id, message.id),
                cause=record,
            )
            for event in events
        ]


def message_source(message: Message) -> Source:
    """Where a message came from, for the fate of one that a stage cannot take. Raises `Rejected` when it names nothing."""
    return Source(origin_of(message), message.item, message.items)


def _recall(message: Message, state: State) -> _Seen | None:
    packed = state["seen"].get(message.id.encode())
    if packed is None:
        return None
    try:
        return _seen.decode(packed)
    except msgspec.MsgspecError as error:
        raise Rejected("broken-state", f"what is remembered of message {message.id} cannot be read: {error}") from error


def _customer_id(customer: Contact) -> str:
    return ids.customer_id(customer.scheme, customer.address)


def _named(customer: Contact, *known: Contact) -> Contact:
    same = (each for each in known if (each.scheme, each.address) == (customer.scheme, customer.address))
    return next(same, customer)
