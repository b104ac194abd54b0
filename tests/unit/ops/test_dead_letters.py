"""Dead letters by cause and by choice, and the whole of a record whose rest is elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors._publisher import Record
from normalizer.errors import Misconfigured
from normalizer.events import Message
from normalizer.wire import versioned_type
from ops.dead_letters import DeadLetter, Group, Which, grouped, letter_of, whole

AT = datetime(2026, 3, 1, tzinfo=UTC)


def _letter(number: int, reason: str = "bad", **more: Any) -> DeadLetter:
    usual: dict[str, Any] = {"stage": "normalize", "error": f"error {number}", "topic": "raw.mail", "channel": "mail"}
    return DeadLetter(
        id=f"0-{number}", at=AT + timedelta(hours=number), reason=reason, partition=0, offset=number, size=1,
        **(usual | more),
    )  # fmt: skip


def test_letters_are_grouped_by_cause() -> None:
    """The largest group first; each has the latest of its letters as its example, which says what to do."""
    letters = [_letter(0, "worse"), _letter(1), _letter(3), _letter(2), _letter(4, stage="thread")]
    hours = [AT + timedelta(hours=number) for number in range(5)]
    assert grouped(letters) == [
        Group(stage="normalize", reason="bad", count=3, first=hours[1], last=hours[3], example="0-3", error="error 3"),
        Group(stage="normalize", reason="worse", count=1, first=AT, last=AT, example="0-0", error="error 0"),
        Group(stage="thread", reason="bad", count=1, first=hours[4], last=hours[4], example="0-4", error="error 4"),
    ]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Which(), [0, 1, 2]),
        (Which(reason="bad"), [0, 2]),
        (Which(stage="thread"), [2]),
        (Which(topic="raw.sms"), [1]),
        (Which(channel="sms"), [1]),
        (Which(since=AT + timedelta(hours=1)), [1, 2]),
        (Which(until=AT + timedelta(hours=1)), [0]),
        (Which(reason="bad", since=AT + timedelta(hours=1)), [2]),
    ],
)
def test_letters_are_chosen(which: Which, expected: list[int]) -> None:
    """Everything that is asked for must hold; `since` is included and `until` is not."""
    letters = [_letter(0), _letter(1, "worse", topic="raw.sms", channel="sms"), _letter(2, stage="thread")]
    assert [letter.offset for letter in letters if which.takes(letter)] == expected


class Stored(msgspec.Struct):
    """A record as a consumer gives it."""

    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int = 1
    offset: int = 7
    timestamp: int = 1_772_323_200_000


@pytest.mark.parametrize(
    ("value", "topic", "expected"),
    [
        (b"x", b"raw.sms", "sms"),
        (b'{"channel":"voice"}', b"messages.normalized", "voice"),
        (b'{"channel":7}', b"messages.normalized", ""),
        (b"broken", b"messages.normalized", ""),
        (b"[]", b"messages.normalized", ""),
    ],
)
def test_the_channel_of_a_letter(value: bytes, topic: bytes, expected: str) -> None:
    """It stands in the topic's name or in the message; where it cannot be read it is not guessed."""
    head = [("ce_type", versioned_type(Message).encode()), ("sb_topic", topic)]
    assert letter_of(Stored(value, head)).channel == expected


def test_what_no_stage_wrote_is_shown_all_the_same() -> None:
    """Somebody else's record on the topic stops nobody from seeing the others."""
    letter = letter_of(Stored(b"x", []))
    assert (letter.id, letter.reason, letter.topic, letter.at) == ("1-7", "no-letter", "", AT)
    assert "look at who else writes to this topic" in letter.error


def test_the_whole_of_a_record_is_in_the_blob_store(tmp_path: Path) -> None:
    """When only its first part fits into Kafka; a blob that is not there is named."""
    blobs = BlobStore(tmp_path.as_uri())
    reference = blobs.put(b"the whole")
    assert whole(Record("raw.mail", b"k", b"the", [("ce_dataref", reference.encode())]), blobs) == b"the whole"
    assert whole(Record("raw.mail", b"k", b"the", []), blobs) == b"the"
    with pytest.raises(Misconfigured, match=r"is the blob .*, which is not in the blob store: look at blobs.url"):
        whole(Record("raw.mail", b"k", b"the", [("ce_dataref", reference[:-4].encode() + b"0000")]), blobs)
