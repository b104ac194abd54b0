"""fates → balances: for each raw partition, how many records have their fate, which, and which have none yet.

Delivery: at least once. A balance says how a partition stands after all fates before it, so the last one stands and
a repeated one changes nothing. Fates may repeat and come in any order: docs/decisions/0011-ledger-stage.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from normalizer.errors import Rejected
from normalizer.events import RAW, Balance, Fate, Outcome
from normalizer.wire import decode
from streams._fate import place_of, told
from streams._offsets import Marks, Settled
from streams._record import Output, Record, emit
from streams._stage import Stage
from streams._state import State

MOST_GAPS = 2000
"""How many gaps a balance names: with them it takes 40 KB."""
MOST_REASONS = 200
"""How many reasons are counted apart in one raw partition; the rest is counted together."""
OTHER = "other"
SINKS = "deliver."
"""What the names of the stages begin with that write to sinks. What these cannot deliver was routed all the same."""

# A record of several messages is told by the worst of them: what needs a person, then what reached one.
_WORST: tuple[Outcome, ...] = ("dead_lettered", "routed", "duplicate", "suppressed")
_DEAD: Outcome = "dead_lettered"


class _Book(msgspec.Struct, array_like=True):
    """What is counted of one raw partition, and the numbers of its sets of offsets."""

    raw: str
    partition: int
    watermark: int = 0
    end: int = 0
    counts: dict[Outcome, int] = {}
    reasons: dict[str, int] = {}
    refused: dict[str, int] = {}
    dead: tuple[int, int] = (0, 0)
    undelivered: tuple[int, int] = (0, 0)


class _Parts(msgspec.Struct, array_like=True):
    """The fates of some of the messages of one raw record."""

    items: int
    told: dict[int, tuple[Outcome, str]] = {}


_book = msgspec.msgpack.Decoder(_Book)
_parts = msgspec.msgpack.Decoder(_Parts)
_pack = msgspec.msgpack.Encoder().encode


class Ledger(Stage):
    """Adds up the fates. Its memory is bounded by what is open, and not by what was ever settled."""

    name: ClassVar[str] = "ledger"
    tables: ClassVar[Sequence[str]] = ("books", "settled", "parts", "dead", "refused")
    inputs = (Fate.topic,)
    pace = 0.5  # seconds: a balance is looked at by people, and no other stage waits for it

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """Nothing, or the fate under its own key when it stood under another: older versions spread them."""
        fate = decode(Fate, record.value, record.headers)
        place = _checked(fate).encode()
        if record.key != place:
            return [told(fate, record)]
        found = state["books"].get(place)
        book = _Book(fate.origin.topic, fate.origin.partition) if found is None else _book.decode(found)
        page = _Page(state, place, book)
        if fate.stage.startswith(SINKS):
            page.refuse(fate)
        else:
            page.take(fate)
        if (kept := _pack(book)) != found:
            state["books"].set(place, kept)
        return ()

    def sum_up(self, state: State) -> Sequence[Output]:
        """The balance of each raw partition that a fate of the batch was about."""
        found = []
        for place in sorted(state["books"].changed()):
            book = _book.decode(state["books"].get(place) or b"")
            settled = Settled(state["settled"], place, book.watermark, book.end)
            balance = Balance(
                raw=book.raw,
                partition=book.partition,
                watermark=book.watermark,
                end=book.end,
                reasons=book.reasons,
                refused=book.refused,
                gaps=tuple(settled.gaps(MOST_GAPS)),
                **book.counts,
            )
            found.append(emit(balance, place.decode(), source=self.name, ce_id=f"{place.decode()}/{_version(book)}"))
        return found


class _Page:
    """One raw partition while a fate is entered."""

    def __init__(self, state: State, place: bytes, book: _Book) -> None:
        self._place, self._book, self._parts = place, book, state["parts"]
        self._settled = Settled(state["settled"], place, book.watermark, book.end)
        self._dead = Marks(state["dead"], place, *book.dead)
        self._refused = Marks(state["refused"], place, *book.undelivered)

    def take(self, fate: Fate) -> None:
        """Enter what normalize, thread or route decided. The first word stands, but a dead letter's gives way."""
        offset = fate.origin.offset
        settled = offset in self._settled
        before = self._dead.words(offset) if settled else ()
        if settled and not before:
            return
        outcome, reason = fate.outcome, _reason(fate)
        if fate.items > 1:
            parts = self._entered(fate, outcome, reason)
            if len(parts.told) < parts.items:
                return
            outcome, reason = _worst(parts)
        if before and outcome == _DEAD:
            return
        if before:
            self._dead.discard(offset, before[0])
            self._count(_DEAD, before[0], -1)
        else:
            self._settled.add(offset)
            self._book.watermark, self._book.end = self._settled.watermark, self._settled.end
        reason = self._count(outcome, reason, 1)
        if outcome == _DEAD:
            self._forget(*self._dead.add(offset, reason))
        elif before or fate.items > 1:  # else there are no parts, and to ask for them would be a question to the disk
            self._forget(offset)
        self._book.dead = self._dead.first, self._dead.blocks

    def refuse(self, fate: Fate) -> None:
        """Enter that a sink would not take what was routed: counted beside, once for each record and sink."""
        offset, sink = fate.origin.offset, fate.stage.removeprefix(SINKS)
        if sink in self._refused.words(offset):
            return
        self._refused.add(offset, sink)
        self._book.undelivered = self._refused.first, self._refused.blocks
        self._book.refused[sink] = self._book.refused.get(sink, 0) + 1

    def _entered(self, fate: Fate, outcome: Outcome, reason: str) -> _Parts:
        """What is known of the messages of a record of several. Read anew in another number, it begins anew."""
        found = self._parts.get(self._key(fate.origin.offset))
        parts = _Parts(fate.items) if found is None else _parts.decode(found)
        if parts.items != fate.items:
            parts = _Parts(fate.items)
        known = parts.told.get(fate.item)
        if known is None or known[0] == _DEAD:
            parts.told[fate.item] = outcome, reason
        self._parts.set(self._key(fate.origin.offset), _pack(parts))
        return parts

    def _forget(self, *offsets: int) -> None:
        for key in map(self._key, offsets):
            if key in self._parts:
                self._parts.delete(key)

    def _count(self, outcome: Outcome, reason: str, by: int) -> str:
        """Count an outcome and its reason; gives the reason that it was counted under."""
        counts, reasons = self._book.counts, self._book.reasons
        counts[outcome] = counts.get(outcome, 0) + by
        if outcome == "routed":
            return reason
        name = _named(outcome, reason)
        if name not in reasons and len(reasons) >= MOST_REASONS:
            reason, name = OTHER, _named(outcome, OTHER)
        reasons[name] = reasons.get(name, 0) + by
        if not reasons[name]:
            del reasons[name]
        return reason

    def _key(self, offset: int) -> bytes:
        return b"%s/%d" % (self._place, offset)


def _checked(fate: Fate) -> str:
    origin = fate.origin
    if (
        not origin.topic.startswith(RAW)
        or min(origin.partition, origin.offset, fate.item) < 0
        or fate.item >= fate.items
    ):
        raise Rejected(
            "no-such-record",
            f"a fate names message {fate.item} of {fate.items} of the record {origin}, and there can be none such: "
            "only stages may write fates",
        )
    return place_of(origin)


def _reason(fate: Fate) -> str:
    """What is counted: "of <id> from <origin>" names one duplicate, the rule is what several have in common."""
    return "" if fate.outcome in {"duplicate", "routed"} else fate.reason.partition(" ")[0]


def _worst(parts: _Parts) -> tuple[Outcome, str]:
    return min((parts.told[item] for item in sorted(parts.told)), key=lambda each: _WORST.index(each[0]))


def _named(outcome: Outcome, reason: str) -> str:
    return f"{outcome}: {reason}" if reason else outcome


def _version(book: _Book) -> str:
    """Tells the balances of a partition apart: how much was settled, how much of it is still dead, what was refused."""
    counts = book.counts
    return f"{sum(counts.values())}-{counts.get(_DEAD, 0)}-{sum(book.refused.values())}"
