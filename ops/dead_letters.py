"""Records that were set aside: which there are, and sending them again through the current code.

A redrive puts the original bytes back on the topic that they came from. A mark on the topic of the dead letters
says so, and it is no longer listed. Delivery: at least once; between the two a crash leaves a letter that is
listed though it was sent, and a second redrive is then a duplicate, which the dedupe of the thread stage finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from connectors._publisher import Publisher, Record
from normalizer.cluster import DEAD_LETTERS, Cluster
from normalizer.errors import Misconfigured
from normalizer.wire import header
from ops.view import Place, View

_PREFIX = "sb_"
_REDRIVEN = "sb_redriven"


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A record that a stage could not process. `id` names it: its partition and offset on ``dead.letters``."""

    id: str
    at: datetime
    stage: str
    reason: str
    error: str
    topic: str
    partition: int
    offset: int
    size: int
    cut: bool = False


def waiting(cluster: Cluster, reason: str = "") -> list[DeadLetter]:
    """The dead letters that nobody has sent again, oldest first; only those of `reason` when one is given."""
    with View(cluster) as view:
        return [letter for letter, _ in _waiting(view) if reason in ("", letter.reason)]


def fetch(cluster: Cluster, name: str) -> tuple[DeadLetter, Record]:
    """One dead letter, and the record that it was. Raises `Misconfigured` when there is none of that name."""
    with View(cluster) as view:
        return _fetch(view, name)


def redrive(cluster: Cluster, names: Sequence[str]) -> list[DeadLetter]:
    """Send dead letters again, each to the topic that it came from; returns them."""
    with View(cluster) as view:
        found = [_fetch(view, name) for name in names]
    for letter, _ in found:
        if letter.cut:
            raise Misconfigured(
                f"dead letter {letter.id} holds only the first part of a record that was too large: "
                "its whole is in the blob store or at its source, so backfill it from there"
            )
    publisher = Publisher(cluster)
    try:
        for letter, record in found:
            publisher.write([record])
            publisher.write([Record(DEAD_LETTERS, letter.id.encode(), b"", [(_REDRIVEN, letter.id.encode())])])
    finally:
        publisher.close()
    return [letter for letter, _ in found]


def _waiting(view: View) -> Iterator[tuple[DeadLetter, Record]]:
    found: dict[str, tuple[DeadLetter, Record]] = {}
    redriven: set[str] = set()
    for record in view.records(DEAD_LETTERS):
        if done := header(record.headers, _REDRIVEN):
            redriven.add(done)
        else:
            letter = _letter(record)
            found[letter.id] = (letter, _original(letter, record))
    open_ = (pair for name, pair in found.items() if name not in redriven)
    return iter(sorted(open_, key=lambda pair: (pair[0].at, pair[0].id)))


def _fetch(view: View, name: str) -> tuple[DeadLetter, Record]:
    partition, _, offset = name.partition("-")
    record = None
    if partition.isdigit() and offset.isdigit():
        record = view.record(Place(DEAD_LETTERS, int(partition)), int(offset))
    if record is None or header(record.headers, _REDRIVEN):
        raise Misconfigured(f"there is no dead letter {name!r}: `switchboard dead-letters list` names them")
    letter = _letter(record)
    return letter, _original(letter, record)


def _letter(record: object) -> DeadLetter:
    found: dict[str, str] = {}
    for key, value in record.headers:  # type: ignore[attr-defined]  # kafka-python ships no types
        if key.startswith(_PREFIX):
            found[key.removeprefix(_PREFIX)] = value.decode("utf-8", "replace")
    return DeadLetter(
        id=f"{record.partition}-{record.offset}",  # type: ignore[attr-defined]  # as above
        at=datetime.fromisoformat(found["at"]),
        stage=found["stage"],
        reason=found["reason"],
        error=found["error"],
        topic=found["topic"],
        partition=int(found["partition"]),
        offset=int(found["offset"]),
        size=int(found.get("size", len(record.value or b""))),  # type: ignore[attr-defined]  # as above
        cut="size" in found,
    )


def _original(letter: DeadLetter, record: object) -> Record:
    kept = [(k, v) for k, v in record.headers if not k.startswith(_PREFIX)]  # type: ignore[attr-defined]  # as above
    return Record(letter.topic, record.key or b"", record.value or b"", kept)  # type: ignore[attr-defined]  # as above
