"""What became of records that were sent again: found in the fates, in new dead letters, in how far a stage is.

A raw record that is sent again is a new one, whose place is found by the mark in its headers; what comes from
further down the way has the fate of the raw record that it began as. What has no fate (a change of a ticket) is
taken when its stage has committed it and no new letter names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from connectors._publisher import Record
from normalizer.cluster import DEAD_LETTERS
from normalizer.errors import Rejected
from normalizer.events import RAW, Fate, Message, Origin, Routed, Threaded
from normalizer.wire import decode, header, versioned_type
from ops.dead_letters import DeadLetter, letter_of
from ops.view import Place, View
from streams._dead_letters import REDRIVE, REDRIVEN

Became = Literal["routed", "duplicate", "suppressed", "dead_lettered", "taken", "in_flight", "not_sent"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message of a dead letter, `was` being why it was set aside.

    ``taken`` is a change of a ticket that its stage has processed, ``in_flight`` what had no outcome in time, and
    ``not_sent`` what cannot be: `reason` says why.
    """

    letter: str
    was: str
    became: Became
    reason: str = ""
    ticket_id: str = ""
    message_id: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing is left to do."""
        return self.became in ("routed", "duplicate", "suppressed", "taken")


class _Open(msgspec.Struct):
    """A letter without an outcome: the place of the record that was sent, and of which raw record its fate is."""

    letter: DeadLetter
    source: tuple[Origin, int] | None
    place: Origin | None = None
    parts: dict[int, Fate] = {}


class Outcomes:
    """Waits for the outcomes of what is sent after this was made. `redrive` is the name in the records' headers."""

    def __init__(self, view: View, redrive: str, letters: Iterable[DeadLetter]) -> None:
        self._view = view
        self._redrive = redrive
        self._targets = {letter.topic for letter in letters}
        # What is sent and what is told of it are read apart: a fate may be both.
        self._sent = {place: end for place, (_, end) in view.spans(self._targets).items()}
        self._told = {place: end for place, (_, end) in view.spans([DEAD_LETTERS, Fate.topic]).items()}
        self._open: dict[str, _Open] = {}

    def sent(self, letter: DeadLetter, record: Record) -> None:
        """A letter is on its way again."""
        self._open[letter.id] = _Open(letter, _source(record))

    def look(self) -> list[Outcome]:
        """The outcomes that came since the last look."""
        done = {stage: self._view.committed(stage) for stage in {each.letter.stage for each in self._open.values()}}
        for topic in sorted(self._targets):
            for record in self._news(topic, self._sent):
                self._place(record)
        at = {each.place: each for each in self._open.values() if each.place}
        return [*self._again(at), *self._fates(at), *self._taken(done)]

    def give_up(self) -> list[Outcome]:
        """What is still open, as it stands."""
        left, self._open = self._open, {}
        return [Outcome(letter=name, was=each.letter.reason, became="in_flight") for name, each in left.items()]

    @property
    def open(self) -> int:
        """How many letters have no outcome yet."""
        return len(self._open)

    def _news(self, topic: str, read: dict[Place, int]) -> Iterator[Record]:
        for record in self._view.records(topic, read):
            read[Place(topic, record.partition)] = record.offset + 1
            yield record

    def _place(self, record: Record) -> None:
        redrive, _, name = (header(record.headers, REDRIVE) or "").partition("/")
        if redrive == self._redrive and name in self._open:
            opened = self._open[name]
            opened.place = Origin(opened.letter.topic, record.partition, record.offset)  # type: ignore[attr-defined]  # kafka-python ships no types

    def _again(self, at: dict[Origin, _Open]) -> Iterator[Outcome]:
        for record in self._news(DEAD_LETTERS, self._told):
            if header(record.headers, REDRIVEN):
                continue
            letter = letter_of(record)
            opened = at.get(letter.origin)
            if opened and opened.letter.stage == letter.stage and self._close(opened):
                yield _outcome(opened, "dead_lettered", letter.reason)

    def _fates(self, at: dict[Origin, _Open]) -> Iterator[Outcome]:
        by_source: dict[tuple[Origin, int] | None, list[_Open]] = {}
        for each in self._open.values():  # a crash may have left two letters of one message
            by_source.setdefault(each.source, []).append(each)
        for record in self._news(Fate.topic, self._told):
            fate = decode(Fate, record.value, record.headers)
            yield from (
                _of_fate(each, fate) for each in by_source.get((fate.origin, fate.item), ()) if self._close(each)
            )
            if opened := at.get(fate.origin):
                opened.parts = {**opened.parts, fate.item: fate}
                if len(opened.parts) == fate.items and self._close(opened):
                    yield from (_of_fate(opened, opened.parts[item]) for item in sorted(opened.parts))

    def _taken(self, done: dict[str, dict[Place, int]]) -> Iterator[Outcome]:
        for opened in list(self._open.values()):
            place = opened.place
            if opened.source or place is None or place.topic.startswith(RAW):
                continue
            committed = done[opened.letter.stage].get(Place(place.topic, place.partition), 0)
            if committed > place.offset and self._close(opened):
                yield _outcome(opened, "taken")

    def _close(self, opened: _Open) -> bool:
        """Wait for it no more; False when that was so already."""
        return self._open.pop(opened.letter.id, None) is not None


def _outcome(opened: _Open, became: Became, reason: str = "") -> Outcome:
    return Outcome(letter=opened.letter.id, was=opened.letter.reason, became=became, reason=reason)


def _of_fate(opened: _Open, fate: Fate) -> Outcome:
    return Outcome(
        letter=opened.letter.id,
        was=opened.letter.reason,
        became=fate.outcome,
        reason=fate.reason,
        ticket_id=fate.ticket_id,
        message_id=fate.message_id,
    )


def _source(record: Record) -> tuple[Origin, int] | None:
    """Whose fate a record from further down the way has; None for a raw one, and for what has none."""
    kind = header(record.headers, "ce_type")
    if record.topic.startswith(RAW):
        return None
    try:
        if kind == versioned_type(Message):
            message: Message | None = decode(Message, record.value, record.headers)
        elif kind == versioned_type(Threaded):
            message = decode(Threaded, record.value, record.headers).message
        elif kind == versioned_type(Routed):
            message = decode(Routed, record.value, record.headers).message
        else:
            return None
    except Rejected:
        return None
    return (message.origin, message.item) if message and message.origin else None
