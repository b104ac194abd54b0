"""A record that could not be processed, set aside with all that is needed to look at it and to send it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from normalizer.cluster import DEAD_LETTERS
from normalizer.errors import Rejected
from normalizer.events import Fate
from streams._fate import told
from streams._outbox import MAX_RECORD_BYTES
from streams._record import Output, Record
from streams._stage import Processor, Source

PREFIX = "sb_"
REDRIVEN = "sb_redriven"
"""On a mark behind a letter that was sent again: its id."""
REDRIVE = "sb_redrive"
"""On a record that was set aside once and sent again: of which letter, and by which redrive."""
ERROR_CHARS = 1000
ROOM = 16 * 1024
"""What is left of the largest record for the key and the headers."""


def dead_letter(stage: Processor, record: Record, error: Rejected) -> Sequence[Output]:
    """The dead letter of a record, and its fate when it can be told whose fate it is.

    The value, the key and the headers are the record's own. Added are the headers ``sb_stage``, ``sb_reason``,
    ``sb_error``, ``sb_topic``, ``sb_partition``, ``sb_offset`` and ``sb_at``; ``sb_size`` is the size of a value
    of which only the first part fits.
    """
    now = datetime.now(UTC)
    letter = Output(DEAD_LETTERS, record.key or b"", *_original(record), ())
    marks = {
        "stage": stage.name,
        "reason": error.reason,
        "error": str(error)[:ERROR_CHARS],
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "at": now.isoformat(),
    }
    added = tuple((PREFIX + name, text.encode("utf-8", "replace")) for name, text in marks.items())
    letter = Output(letter.topic, letter.key, letter.value, (*letter.headers, *added))
    source = _source(stage, record)
    return (letter,) if source is None else (letter, _fate(stage, source, error, now, record))


def _original(record: Record) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    kept = tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX))
    room = MAX_RECORD_BYTES - ROOM - sum(len(name) + len(value) for name, value in kept) - len(record.key or b"")
    if len(record.value) <= room:
        return record.value, kept
    return record.value[: max(room, 0)], (*kept, (PREFIX + "size", str(len(record.value)).encode()))


def _source(stage: Processor, record: Record) -> Source | None:
    try:
        return stage.origin(record)
    except Rejected:
        return None


def _fate(stage: Processor, source: Source, error: Rejected, now: datetime, record: Record) -> Output:
    fate = Fate(
        origin=source.origin,
        outcome="dead_lettered",
        at=now,
        item=source.item,
        items=source.items,
        stage=stage.name,
        reason=error.reason,
    )
    return told(fate, record)
