"""A batch goes through a stage record by record: one that is rejected stops none, and a bug stops everything."""

import asyncio
import threading
from collections.abc import Sequence
from typing import ClassVar

import pytest

from normalizer.errors import Rejected, Retriable
from streams._batch import LARGE_BYTES, Progress, StageFailed, decide, write
from streams._outbox import MAX_RECORD_BYTES
from streams._record import Output, Record
from streams._stage import Stage, Writer
from streams._state import State


def _records(*values: bytes) -> list[Record]:
    return [Record("raw.test", 0, offset, b"k", value) for offset, value in enumerate(values)]


class Remember(Stage):
    """Gives what it remembers of the values before; rejects ``bad`` and fails on ``bug``."""

    name = "remember"
    inputs = ("raw.test",)
    tables: ClassVar[Sequence[str]] = ("last",)

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.refusals = 0

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """See the class."""
        before = state["last"].get(b"k") or b""
        state["last"].set(b"k", before + record.value)
        if record.value == b"bad":
            raise Rejected("bad", "this one is bad: look at it")
        if record.value == b"bug":
            raise ValueError("a secret of a customer")
        if record.value == b"big":
            return [Output("out", b"k", b"x" * MAX_RECORD_BYTES)]
        return [Output("out", b"k", before, (), (record.value,) if record.value.startswith(b"blob") else ())]

    def keep(self, blobs: Sequence[bytes]) -> None:
        """Refuse once, then keep."""
        if self.refusals:
            self.refusals -= 1
            raise Retriable("the disk is full: make room", retry_after=0.001)
        self.kept.extend(blobs)


class Store(Writer):
    """Writes into a list; refuses ``bad``."""

    name = "store"
    inputs = ("raw.test",)

    def __init__(self, answers: int | None = None) -> None:
        self.written: list[bytes] = []
        self.answers = answers

    def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
        """See the class."""
        self.written.extend(record.value for record in records)
        if b"bug" in self.written:
            raise KeyError("a secret of a customer")
        found = [Rejected("bad", "bad") if r.value == b"bad" else [Output("out", b"k", r.value)] for r in records]
        return found[: self.answers]


def _decide(stage: Stage, *values: bytes) -> tuple[list[Output], State, Progress]:
    state, progress = State(stage.tables), Progress()
    return asyncio.run(decide(stage, [(_records(*values), state)], progress)), state, progress


def test_a_rejected_record_stops_no_other() -> None:
    """The bad one goes to dead letters with its fate, in its place; what it changed is taken back."""
    outputs, state, progress = _decide(Remember(), b"1", b"bad", b"2")
    assert [output.topic for output in outputs] == ["out", "dead.letters", "fates", "out"]
    assert [output.value for output in outputs if output.topic == "out"] == [b"", b"1"]
    assert state["last"].get(b"k") == b"12"
    assert progress.dead_letters == 1


def test_an_output_that_kafka_would_refuse_is_a_dead_letter() -> None:
    """What is too large is set aside before it is sent, and says how large it was."""
    outputs, _, _ = _decide(Remember(), b"big", b"1")
    assert [output.topic for output in outputs] == ["dead.letters", "fates", "out"]
    assert dict(outputs[0].headers)["sb_reason"] == b"output-too-large"
    assert b"move large contents to the blob store" in dict(outputs[0].headers)["sb_error"]


def test_a_bug_names_the_record_and_nothing_of_its_contents() -> None:
    """The failure says which stage, which record and which line; never what the record says."""
    with pytest.raises(
        StageFailed, match=r"stage remember failed on raw.test/0/1: ValueError at test_batch.py:\d+"
    ) as e:
        _decide(Remember(), b"1", b"bug")
    assert "secret" not in str(e.value)


def test_blobs_are_kept_before_anything_is_sent_however_long_it_takes() -> None:
    """The blobs of the whole batch are stored in one call, which is repeated while the store cannot."""
    stage = Remember()
    stage.refusals = 2
    _, _, progress = _decide(stage, b"blob1", b"2", b"blob3")
    assert stage.kept == [b"blob1", b"blob3"]
    assert progress.waiting == ""


def test_a_large_record_holds_up_nothing_else_in_the_process() -> None:
    """What else the event loop has to do (heartbeats) is done while a stage looks at it."""
    alive = threading.Event()

    class Waits(Remember):
        def decide(self, record: Record, state: State) -> Sequence[Output]:
            assert alive.wait(30)
            return super().decide(record, state)

    async def at_once() -> list[Output]:
        asyncio.get_running_loop().call_later(0.05, alive.set)
        return await decide(Waits(), [(_records(bytes(LARGE_BYTES), b"2"), State(Waits.tables))], Progress())

    assert [output.value for output in asyncio.run(at_once())] == [b"", bytes(LARGE_BYTES)]


def test_a_stage_without_a_place_for_blobs_says_so() -> None:
    """Blobs are never dropped silently."""

    class Careless(Remember):
        keep = Stage.keep

    with pytest.raises(NotImplementedError, match="the stage remember gave outputs with blobs"):
        _decide(Careless(), b"blob")


def test_a_writer_writes_a_batch_at_once_and_refuses_one_record() -> None:
    """The whole batch is written; a refused record becomes a dead letter."""
    stage, progress = Store(), Progress()
    outputs = asyncio.run(write(stage, _records(b"1", b"bad", b"2"), progress))
    assert stage.written == [b"1", b"bad", b"2"]
    assert [output.topic for output in outputs] == ["out", "dead.letters", "fates", "out"]
    assert progress.dead_letters == 1


def test_a_writer_must_answer_for_every_record() -> None:
    """A record without an answer would be lost."""
    with pytest.raises(StageFailed, match=r"the stage store answered 1 of 2 records from raw.test/0/0"):
        asyncio.run(write(Store(answers=1), _records(b"1", b"2"), Progress()))


def test_a_bug_of_a_writer_names_its_batch() -> None:
    """The failure names the first record of the batch."""
    with pytest.raises(StageFailed, match=r"failed on raw.test/0/0: KeyError at test_batch.py"):
        asyncio.run(write(Store(), _records(b"bug"), Progress()))


def test_other_stages_have_their_turn() -> None:
    """A long batch lets the event loop go on now and then."""

    class Slow(Remember):
        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it only takes time
            return [Output("out", b"k", str(sum(range(30_000))).encode())]

    async def ticks() -> int:
        task = asyncio.create_task(decide(Slow(), [(_records(*[b"1"] * 200), State(("last",)))], Progress()))
        count = 0
        while not task.done():
            count += 1
            await asyncio.sleep(0)
        return count

    assert asyncio.run(ticks()) > 2


def test_the_lag_is_what_is_still_to_come() -> None:
    """The lag sums the partitions; one that is read to its end counts nothing."""
    progress = Progress(lambda: {("in", 0): (4, 10), ("in", 1): (5, 5), ("in", 2): (7, 6)})
    assert progress.lag == 6
    assert Progress().lag == 0
