"""A dead letter has everything that is needed to look at a record and to send it again."""

from normalizer.errors import Rejected
from normalizer.events import Fate, Origin
from normalizer.wire import decode
from streams._dead_letters import ERROR_CHARS, dead_letter
from streams._outbox import MAX_RECORD_BYTES
from streams._record import Output, Record
from streams._stage import Source, Stage
from streams._state import State


class Reject(Stage):
    """A stage whose records come from one raw record."""

    name = "reject"
    inputs = ("messages.normalized",)

    def decide(self, record: Record, state: State) -> list[Output]:  # noqa: ARG002 - it rejects all
        """Reject."""
        raise Rejected("bad", "bad")

    def origin(self, record: Record) -> Source | None:
        """Known for some, not told for some, unreadable for others."""
        if record.value == b"known":
            return Source(Origin("raw.mail", 1, 7), 1, 3)
        if record.value == b"unreadable":
            raise Rejected("bad", "bad")
        return super().origin(record)


def _record(value: bytes, topic: str = "messages.normalized", headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    return Record(topic, 2, 9, b"key", value, headers, 1000)


def test_a_letter_is_the_record_and_what_happened_to_it() -> None:
    """Value, key and headers are the record's own; the marks of an earlier attempt are replaced."""
    record = _record(b"\xff\0", headers=(("ce_type", b"x"), ("sb_reason", b"earlier")))
    (letter,) = dead_letter(Reject(), record, Rejected("bad", "it was bad: look at it"))
    assert (letter.topic, letter.key, letter.value) == ("dead.letters", b"key", b"\xff\0")
    marks = dict(letter.headers)
    assert marks.pop("sb_at")
    assert marks == {
        "ce_type": b"x",
        "sb_stage": b"reject",
        "sb_reason": b"bad",
        "sb_error": b"it was bad: look at it",
        "sb_topic": b"messages.normalized",
        "sb_partition": b"2",
        "sb_offset": b"9",
    }
    assert len(marks) + 1 == len(letter.headers)


def test_the_fate_of_a_raw_record_is_told() -> None:
    """A record of a raw topic is its own origin."""
    letter, fate = dead_letter(Reject(), _record(b"x", "raw.mail", (("traceparent", b"00-1"),)), Rejected("bad", "no"))
    told = decode(Fate, fate.value, fate.headers)
    assert letter.topic == "dead.letters"
    assert (Origin("raw.mail", 2, 9), "dead_lettered", "reject", "bad", 0, 1) == (
        told.origin,
        told.outcome,
        told.stage,
        told.reason,
        told.item,
        told.items,
    )
    assert fate.key == b"raw.mail/2"
    assert dict(fate.headers)["traceparent"] == b"00-1"


def test_the_fate_of_a_message_is_told_when_its_origin_is_known() -> None:
    """A stage says where a message comes from."""
    _, fate = dead_letter(Reject(), _record(b"known"), Rejected("bad", "no"))
    told = decode(Fate, fate.value, fate.headers)
    assert (Origin("raw.mail", 1, 7), 1, 3) == (told.origin, told.item, told.items)
    assert fate.key == b"raw.mail/1"


def test_an_unknown_origin_is_no_fate() -> None:
    """What cannot be told is not guessed; the letter is written all the same."""
    for value in (b"unreadable", b"other"):
        assert len(dead_letter(Reject(), _record(value), Rejected("bad", "no"))) == 1


def test_a_letter_always_fits() -> None:
    """Of a value that leaves no room for the marks the first part is kept, and its size is told."""
    value = b"x" * MAX_RECORD_BYTES
    (letter,) = dead_letter(Reject(), _record(value), Rejected("bad", "\U0001f600" * MAX_RECORD_BYTES))
    assert letter.size <= MAX_RECORD_BYTES
    assert value.startswith(letter.value)
    assert len(letter.value) > MAX_RECORD_BYTES * 0.9
    assert dict(letter.headers)["sb_size"] == b"1000000"
    assert len(dict(letter.headers)["sb_error"]) == 4 * ERROR_CHARS
