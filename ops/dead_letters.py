"""Records that were set aside: which there are, why, and their original bytes. `ops.redrive` sends them again.

A letter that was sent again has a mark behind it on the same partition, and is no longer listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors._base import Blobs
from connectors._publisher import Record
from normalizer.cluster import DEAD_LETTERS, Cluster
from normalizer.errors import Misconfigured
from normalizer.events import RAW, Message, Origin, Routed, Threaded
from normalizer.wire import header, versioned_type
from ops.view import Place, View
from streams._dead_letters import PREFIX, REDRIVEN


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A record that a stage could not process. `id` names it: its partition and offset on ``dead.letters``.

    `channel` is "" where the record does not tell it.
    """

    id: str
    at: datetime
    stage: str
    reason: str
    error: str
    topic: str
    partition: int
    offset: int
    size: int
    channel: str = ""
    cut: bool = False

    @property
    def origin(self) -> Origin:
        """Where the record stood that was set aside."""
        return Origin(self.topic, self.partition, self.offset)


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters are meant; "" and None leave the choice open. `until` is not included."""

    reason: str = ""
    stage: str = ""
    topic: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, letter: DeadLetter) -> bool:
        """Whether a letter is among them."""
        named = all(
            getattr(self, name) in ("", getattr(letter, name)) for name in ("reason", "stage", "topic", "channel")
        )
        early = self.since is not None and letter.at < self.since
        return named and not early and (self.until is None or letter.at < self.until)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The letters of one cause: `example` is the id of the latest, whose `error` says what to do."""

    stage: str
    reason: str
    count: int
    first: datetime
    last: datetime
    example: str
    error: str


EVERY = Which()
_WAYS = {
    versioned_type(Message): ("channel",),
    versioned_type(Threaded): ("message", "channel"),
    versioned_type(Routed): ("ticket", "channel"),
}
"""Where the channel stands in the records that stages give each other."""


def waiting(cluster: Cluster, which: Which = EVERY) -> list[DeadLetter]:
    """The dead letters that nobody has sent again, oldest first."""
    found: dict[str, DeadLetter] = {}
    redriven: set[str] = set()
    same: dict[str, str] = {}  # thousands of letters of one cause share the text of its error
    with View(cluster) as view:
        for record in view.records(DEAD_LETTERS):
            if done := header(record.headers, REDRIVEN):
                redriven.add(done)
                continue
            letter = letter_of(record)
            if which.takes(letter):
                found[letter.id] = msgspec.structs.replace(letter, error=same.setdefault(letter.error, letter.error))
    open_ = (letter for name, letter in found.items() if name not in redriven)
    return sorted(open_, key=lambda letter: (letter.at, letter.id))


def grouped(letters: Sequence[DeadLetter]) -> list[Group]:
    """Letters by cause, the largest group first."""
    by_cause: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in letters:
        by_cause.setdefault((letter.stage, letter.reason), []).append(letter)
    groups = [_group(found) for found in by_cause.values()]
    return sorted(groups, key=lambda group: (-group.count, group.stage, group.reason))


def _group(letters: Sequence[DeadLetter]) -> Group:
    last = max(letters, key=lambda letter: letter.at)
    return Group(
        stage=last.stage,
        reason=last.reason,
        count=len(letters),
        first=min(letter.at for letter in letters),
        last=last.at,
        example=last.id,
        error=last.error,
    )


def fetch(cluster: Cluster, name: str) -> tuple[DeadLetter, Record]:
    """One dead letter, and the record that it was. Raises `Misconfigured` when there is none of that name."""
    partition, _, offset = name.partition("-")
    record = None
    if partition.isdigit() and offset.isdigit():
        with View(cluster) as view:
            record = view.record(Place(DEAD_LETTERS, int(partition)), int(offset))
    if record is None or header(record.headers, REDRIVEN):
        raise Misconfigured(f"there is no dead letter {name!r}: `switchboard dead-letters list` names them")
    letter = letter_of(record)
    return letter, _original(letter, record)


def originals(view: View, letters: Iterable[DeadLetter]) -> Iterator[tuple[DeadLetter, Record]]:
    """Letters, each with the record that it was. One at a time is in memory, and the topic is read once."""
    wanted: dict[Place, set[int]] = {}
    for letter in letters:
        partition, _, offset = letter.id.partition("-")
        wanted.setdefault(Place(DEAD_LETTERS, int(partition)), set()).add(int(offset))
    ends = {place: end for place, (_, end) in view.spans([DEAD_LETTERS]).items()}
    since = ends | {place: min(offsets) for place, offsets in wanted.items()}
    for record in view.records(DEAD_LETTERS, since):
        if record.offset in wanted.get(Place(DEAD_LETTERS, record.partition), ()):
            letter = letter_of(record)
            yield letter, _original(letter, record)


def whole(record: Record, blobs: Blobs) -> bytes:
    """The bytes as they came; a record of which only the first part fits in Kafka has the rest in the blob store."""
    reference = header(record.headers, "ce_dataref")
    if reference is None:
        return record.value
    try:
        return blobs.get(reference)
    except KeyError:
        raise Misconfigured(
            f"the whole of this record is the blob {reference}, which is not in the blob store: "
            "look at blobs.url, or take it from its source"
        ) from None


def letter_of(record: Any) -> DeadLetter:
    """The letter that a record of ``dead.letters`` is, its value left out."""
    found = {
        name.removeprefix(PREFIX): value.decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith(PREFIX)
    }
    topic = found.get("topic", "")
    return DeadLetter(
        id=f"{record.partition}-{record.offset}",
        at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        stage=found.get("stage", ""),
        reason=found.get("reason", "no-letter"),
        error=found.get("error", "no stage wrote this record here: look at who else writes to this topic"),
        topic=topic,
        partition=int(found.get("partition", -1)),
        offset=int(found.get("offset", -1)),
        size=int(found.get("size", len(record.value or b""))),
        channel=_channel(topic, record),
        cut="size" in found,
    )


def _channel(topic: str, record: Any) -> str:
    """The channel of a record: in the name of a raw topic, in the message further on."""
    if topic.startswith(RAW):
        return topic.removeprefix(RAW)
    path = _WAYS.get(header(record.headers, "ce_type") or "")
    if path is None:
        return ""
    try:
        found = msgspec.json.decode(record.value or b"")
        for name in path:
            found = found[name]
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""


def _original(letter: DeadLetter, record: Any) -> Record:
    kept = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    return Record(letter.topic, record.key or b"", record.value or b"", kept)
