"""What every stage must keep: inherit `StageContract` or `WriterContract`, and say how to make yours and what it takes.

All of it without Kafka; what the runtime does with stages is tested on a real one (tests/e2e/test_stages.py).
"""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from normalizer.cluster import Cluster
from normalizer.errors import Rejected
from normalizer.events import Fate
from normalizer.wire import decode, encode
from streams import _batch
from streams._batch import Progress
from streams._record import Output, Record
from streams._stage import Processor, Stage, Writer
from streams._state import State

Made = tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...]]
_BRIEF = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.differing_executors])


def same(output: Output) -> Made:
    """All of an output that a replay may not change: everything but the times at which it was made."""
    headers = tuple((name, value) for name, value in output.headers if name not in {"ce_time", "sb_at"})
    value = output.value
    if output.topic == Fate.topic:
        value = encode(
            msgspec.structs.replace(decode(Fate, value, output.headers), at=datetime.min.replace(tzinfo=UTC))
        )
    return output.topic, output.key, value, headers


def named(output: Output) -> tuple[str, bytes, bytes]:
    """Which event an output is, for those who dedupe."""
    return output.topic, output.key, dict(output.headers).get("ce_id", b"")


class ProcessorContract(ABC):
    """What every kind of stage keeps."""

    @abstractmethod
    def make(self) -> Processor:
        """A new stage."""

    @abstractmethod
    def records(self) -> Sequence[Record]:
        """Records that the stage takes, in order, all of one partition; at least two, and none of them is bad."""

    def test_its_module_states_the_delivery_guarantee(self) -> None:
        """A line that starts with ``Delivery:``."""
        lines = (sys.modules[type(self.make()).__module__].__doc__ or "").splitlines()
        assert [line for line in lines if line.startswith("Delivery:")] != []

    def test_it_has_a_name_and_inputs(self) -> None:
        """The name is that of its module, or starts with it and a dot; the inputs are the records' topics."""
        stage = self.make()
        assert stage.name.partition(".")[0] == type(stage).__module__.rpartition(".")[2]
        assert {record.topic for record in self.records()} <= set(stage.inputs)
        assert Cluster(namespace="x.").bare(stage.inputs[0]) == stage.inputs[0]

    def test_closing_twice_is_harmless(self) -> None:
        """A stage may be closed however it ended."""
        stage = self.make()
        stage.open()
        stage.close()
        stage.close()

    @_BRIEF
    @given(st.binary(max_size=300), st.data())
    def test_the_origin_of_garbage_is_not_known_or_rejected(self, value: bytes, data: st.DataObject) -> None:
        """Asked for the origin of what it could not process, a stage never fails."""
        with suppress(Rejected):
            self.make().origin(_garbage(data, self.records(), value))


class StageContract(ProcessorContract):
    """What every stage that decides keeps."""

    @abstractmethod
    def make(self) -> Stage:
        """A new stage."""

    def test_the_same_records_give_the_same_outputs(self) -> None:
        """Two stages that begin with nothing agree on everything that a replay may not change."""
        first, second = self._decided(self.records()), self._decided(self.records())
        assert list(map(same, first[0])) == list(map(same, second[0]))
        assert first[1] == second[1]
        assert first[0] != []

    def test_it_rejects_none_of_its_records(self) -> None:
        """The samples are good ones, or the other tests would show nothing."""
        assert [output.topic for output in self._decided(self.records())[0] if output.topic == "dead.letters"] == []

    def test_a_redelivery_changes_nothing(self) -> None:
        """A record whose effect is in the state leaves it as it is and gives no event that it did not give before."""
        stage = self.make()
        state = State(stage.tables)
        for record in self.records():
            first = stage.decide(record, state)
            state.accept()
            before = state.snapshot()
            again = stage.decide(record, state)
            state.accept()
            assert state.snapshot() == before
            assert set(map(named, again)) <= set(map(named, first))

    def test_a_bad_record_stops_no_good_one(self) -> None:
        """It becomes a dead letter in its place; all others give what they give without it."""
        good = self.records()
        bad = [
            msgspec.structs.replace(good[0], value=b"\xff\0{", headers=[("ce_type", b"?")], offset=10**6 + i)
            for i in (0, 1)
        ]
        mixed = self._decided([bad[0], *good[:1], bad[1], *good[1:]])
        alone = self._decided(good)
        letters = [output for output in mixed[0] if output.topic == "dead.letters"]
        assert [dict(letter.headers)["sb_offset"] for letter in letters] == [b"1000000", b"1000001"]
        assert [made for made in map(same, mixed[0]) if made in set(map(same, alone[0]))] == list(map(same, alone[0]))
        assert mixed[1] == alone[1]

    @_BRIEF
    @given(st.binary(max_size=300), st.data())
    def test_garbage_is_rejected_with_a_reason(self, value: bytes, data: st.DataObject) -> None:
        """Whatever the bytes, a stage decides or rejects; it never fails."""
        stage = self.make()
        state = State(stage.tables)
        for record in self.records()[:2]:
            stage.decide(record, state)
            state.accept()
        rejected: Rejected | None = None
        try:
            stage.decide(_garbage(data, self.records(), value), state)
        except Rejected as error:
            rejected = error
        assert rejected is None or len(str(rejected)) > len(rejected.reason) > 0

    def _decided(self, records: Sequence[Record]) -> tuple[list[Output], dict[str, dict[bytes, bytes]]]:
        stage = self.make()
        state = State(stage.tables)
        return asyncio.run(_batch.decide(stage, [(records, state)], Progress())), state.snapshot()


class WriterContract(ProcessorContract):
    """What every stage that writes keeps."""

    @abstractmethod
    def make(self) -> Writer:
        """A new stage, with a destination of its own that holds nothing."""

    def test_it_answers_for_every_record_and_again_when_it_comes_again(self) -> None:
        """A batch that is written twice gets the same answers."""
        stage = self.make()
        stage.open()
        try:
            first, again = stage.write(self.records()), stage.write(self.records())
        finally:
            stage.close()
        assert len(first) == len(self.records())
        assert [isinstance(answer, Rejected) for answer in first] == [False] * len(first)
        assert first == again

    def test_a_bad_record_stops_no_good_one(self) -> None:
        """It becomes a dead letter; the others are written."""
        good = self.records()
        bad = msgspec.structs.replace(good[0], value=b"\xff\0{", offset=10**6)
        stage, progress = self.make(), Progress()
        stage.open()
        try:
            outputs = asyncio.run(_batch.write(stage, [*good[:1], bad, *good[1:]], progress))
        finally:
            stage.close()
        assert [dict(o.headers)["sb_offset"] for o in outputs if o.topic == "dead.letters"] == [b"1000000"]
        assert progress.dead_letters == 1


def _garbage(data: st.DataObject, records: Sequence[Record], value: bytes) -> Record:
    """A record with wrong bytes: with the headers of a good one, with none, or a good one cut short."""
    good = data.draw(st.sampled_from(list(records)))
    cut = data.draw(st.integers(0, max(len(good.value) - 1, 0)))
    headers = data.draw(st.sampled_from([good.headers, [], [("ce_type", value)], list(good.headers)[1:]]))
    return msgspec.structs.replace(good, value=data.draw(st.sampled_from([value, good.value[:cut]])), headers=headers)
