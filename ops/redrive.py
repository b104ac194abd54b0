"""Dead letters sent again through the current code, and what became of each.

The original bytes go back to the topic that they came from; then a mark behind the letter says so. Delivery: at
least once. What is sent twice (by hand, by two people at once, after a crash between record and mark) has one
effect, since the stages know messages by their ids and changes by theirs.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence

from connectors._publisher import Publisher, Record
from normalizer.cluster import DEAD_LETTERS, Cluster
from ops.dead_letters import DeadLetter, originals
from ops.outcomes import Outcome, Outcomes
from ops.view import View
from streams._dead_letters import REDRIVE, REDRIVEN

_BATCH_RECORDS = 500
_BATCH_BYTES = 8 << 20
_LOOK_SECONDS = 0.5

Told = Callable[[int, int], None]
"""Progress: how many letters have their outcome, of how many."""


def redrive(cluster: Cluster, letters: Sequence[DeadLetter], patience: float, told: Told) -> Iterator[Outcome]:
    """Send dead letters again, and yield what becomes of them as it shows.

    After `patience` seconds without any outcome the rest is left ``in_flight``. Raises `Retriable` when Kafka does
    not answer: what was sent by then has its mark, but for one batch at most, which is sent once more.
    """
    chosen = list({letter.id: letter for letter in letters}.values())
    name = str(uuid.uuid4())
    with View(cluster) as view, View(cluster) as source:
        existing = view.topics()
        why = {letter.id: _why_not(letter, existing) for letter in chosen}
        yield from (_not_sent(letter, why[letter.id]) for letter in chosen if why[letter.id])
        letters = [letter for letter in chosen if not why[letter.id]]
        outcomes = Outcomes(view, name, letters)
        publisher = Publisher(cluster)
        try:
            for batch in _batches(originals(source, letters)):
                publisher.write([_marked(record, f"{name}/{letter.id}") for letter, record in batch])
                # Behind its letter, so that no letter outlives its mark.
                publisher.write([_mark(letter, record) for letter, record in batch])
                for letter, record in batch:
                    outcomes.sent(letter, record)
        finally:
            publisher.close()
        yield from _watched(outcomes, len(letters), patience, told)


def _watched(outcomes: Outcomes, total: int, patience: float, told: Told) -> Iterator[Outcome]:
    until = time.monotonic() + patience
    while outcomes.open and time.monotonic() < until:
        if found := outcomes.look():
            until = time.monotonic() + patience
            yield from found
        told(total - outcomes.open, total)
        if outcomes.open:
            time.sleep(_LOOK_SECONDS)
    yield from outcomes.give_up()


def _batches(found: Iterator[tuple[DeadLetter, Record]]) -> Iterator[list[tuple[DeadLetter, Record]]]:
    batch: list[tuple[DeadLetter, Record]] = []
    size = 0
    for letter, record in found:
        batch.append((letter, record))
        size += record.size
        if len(batch) == _BATCH_RECORDS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _why_not(letter: DeadLetter, existing: Collection[str]) -> str:
    """Why a letter cannot be sent; "" when it can."""
    if letter.cut:
        return "only the first part of the record is here: take it from its source, with `switchboard backfill`"
    if not letter.topic:
        return letter.error
    return "" if letter.topic in existing else f"there is no topic {letter.topic} any more: declare it first"


def _not_sent(letter: DeadLetter, why: str) -> Outcome:
    return Outcome(letter=letter.id, was=letter.reason, became="not_sent", reason=why)


def _marked(record: Record, redrive: str) -> Record:
    return record._replace(headers=[*record.headers, (REDRIVE, redrive.encode())])


def _mark(letter: DeadLetter, record: Record) -> Record:
    return Record(DEAD_LETTERS, record.key, b"", [(REDRIVEN, letter.id.encode())])
