"""The state is what its changelog says, up to the last position in it."""

import asyncio
from pathlib import Path
from tempfile import gettempdir
from types import SimpleNamespace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams._backlog import Spool
from streams._memory import Checkpoint, Fence, Memory, Position, restore
from streams._state import Changes, InMemory

TABLES = ("a", "b")
keys = st.binary(max_size=3)
changes = st.lists(st.tuples(st.sampled_from(TABLES), keys, st.none() | st.binary(max_size=3)), max_size=8)
Log = list[tuple[bytes, bytes | None]]
Edits = list[tuple[str, bytes, bytes | None]]


def _batch(memory: Memory, edits: Edits, end: int) -> Log:
    for table, key, value in edits:
        if value is None:
            memory.state[table].delete(key)
        else:
            memory.state[table].set(key, value)
        memory.state.accept()
    log = memory.changes("in", Position(end, 0))
    memory.keep(memory.end + len(log))
    return log


def _replayed(
    log: Log, since: int | None = None, entries: InMemory | None = None, fence: Fence | None = None
) -> Memory:
    """With pieces of two changes in a file, which must make no difference."""
    memory = _read(log, Memory(TABLES, since, entries, fence=fence, spool=Spool(Path(gettempdir()), piece=2)))
    if entries is None:
        plain, positions = _read(log, Memory(TABLES, since, fence=fence)), dict(memory.positions)
        assert (plain.state.snapshot(), plain.positions) == (memory.state.snapshot(), memory.positions)
        assert sorted(plain.changes("in", Position(9, 0))) == sorted(memory.changes("in", Position(9, 0)))
        memory.positions = positions  # before that was asked
    return memory


def _read(log: Log, memory: Memory) -> Memory:
    for offset, (key, value) in enumerate(log):
        memory.apply(key, value, offset)
    memory.restored(len(log))
    return memory


def _compacted(log: Log) -> Log:
    """The last record of each key."""
    last = {key: index for index, (key, _) in enumerate(log)}
    return [entry for index, entry in enumerate(log) if last[entry[0]] == index]


@given(st.lists(changes, max_size=5))
def test_the_changelog_gives_the_state_back(batches: list[Edits]) -> None:
    """Whatever was set and deleted in whatever batches, its changelog leads to the same tables and position."""
    memory = Memory(TABLES)
    log = [entry for number, edits in enumerate(batches) for entry in _batch(memory, edits, number + 1)]
    restored = _replayed(log)
    assert memory.state.snapshot() == restored.state.snapshot()
    assert memory.positions == restored.positions


@given(changes, changes)
def test_compaction_changes_nothing(first: Edits, second: Edits) -> None:
    """Only the last record of each key counts."""
    memory = Memory(TABLES)
    log = _batch(memory, first, 1) + _batch(memory, second, 2)
    assert memory.state.snapshot() == _replayed(_compacted(log)).state.snapshot()


@given(changes, changes, st.integers(0, 8))
def test_a_torn_batch_did_not_happen(first: Edits, second: Edits, cut: int) -> None:
    """Changes without the position after them are left out: their batch comes again."""
    memory = Memory(TABLES)
    whole = _batch(memory, first, 1)
    before = memory.state.snapshot()
    torn = _batch(memory, second, 2)[:-1][:cut]
    restored = _replayed(whole + torn)
    assert before == restored.state.snapshot()
    assert Position(1, 0, 0, len(whole) - 1) == restored.positions["in"]


@given(changes, changes, changes, st.integers(0, 8))
def test_a_torn_batch_does_not_count_by_a_later_position(
    first: Edits,
    second: Edits,
    third: Edits,
    cut: int,
) -> None:
    """Whoever finds a torn batch at the end of the changelog writes over it: what comes again may be cut otherwise."""
    memory = Memory(TABLES)
    whole = _batch(memory, first, 1)
    torn = _batch(memory, second, 2)[:-1][:cut]
    restored = _replayed(whole + torn)
    after = _batch(restored, third, 2)
    assert _replayed(whole + torn + after).state.snapshot() == restored.state.snapshot()
    assert _replayed(whole + after).state.snapshot() == restored.state.snapshot()


def test_what_was_done_and_not_committed_is_left_out() -> None:
    """After a crash a batch begins behind the position; what lies before the position is done."""
    memory = Memory(TABLES)
    memory.positions["in"] = Position(next=500, committed=100)
    assert memory.done("in", 100) == 500
    assert memory.done("in", 400) == 500
    assert memory.done("in", 600) == 600
    assert memory.done("other", 0) == 0


def test_going_back_on_purpose_processes_again() -> None:
    """An operator who resets the stopped group to before what was committed wants the records again."""
    memory = Memory(TABLES)
    memory.positions["in"] = Position(next=500, committed=100)
    assert memory.done("in", 99) == 99


def test_a_running_stage_never_goes_back() -> None:
    """Once it has resumed, whatever comes again from before the position is left out."""
    memory = Memory(TABLES)
    memory.positions["in"] = Position(next=500, committed=100)
    assert memory.done("in", 500) == 500
    assert memory.done("in", 0) == 500


def test_a_table_that_is_gone_is_left_out() -> None:
    """A changelog of an earlier version of a stage can be read."""
    memory = _replayed([(b"old\0k", b"v"), (b"a\0k", b"v"), (b"\0in", b"[1,0]")])
    assert memory.state.snapshot() == {"a": {b"k": b"v"}, "b": {}}


def _taken_over(first: Edits) -> tuple[Memory, Memory, Log]:
    """Who wrote a batch and fell asleep, who has read its changelog since, and that changelog."""
    sleeper = Memory(TABLES, since=1)
    sleeper.restored(0)
    log = _batch(sleeper, first, 1)
    return sleeper, _replayed(log, since=2), log


class _Kept(InMemory):
    """Entries that note the checkpoints that went with them."""

    checkpoint = Checkpoint()

    def write(self, changes: Changes, checkpoint: bytes) -> None:
        """Take over changes."""
        super().write(changes, checkpoint)
        self.checkpoint = msgspec.json.decode(checkpoint, type=Checkpoint)


@given(changes, changes, changes, changes)
def test_who_lost_its_partition_and_writes_when_it_wakes_changes_nothing(
    first: Edits, theirs: Edits, second: Edits, third: Edits
) -> None:
    """Its successor has written meanwhile; what it puts behind that counts for nobody, also when only the last of each key is left."""
    sleeper, successor, log = _taken_over(first)
    late = _batch(sleeper, theirs, 2)
    log += _batch(successor, second, 3)
    assert _replayed(log + late, since=3).state.snapshot() == successor.state.snapshot()
    again = _replayed(log + late, since=2)
    assert again.positions == successor.positions
    log += late + _batch(again, third, 4)
    for each in (log, _compacted(log)):
        assert _replayed(each, since=4).state.snapshot() == again.state.snapshot()


@given(changes, changes, changes, changes)
def test_who_wakes_before_its_successor_has_written_changes_nothing_either(
    first: Edits, theirs: Edits, second: Edits, third: Edits
) -> None:
    """The successor had read the changelog, and finds its first batch behind one that it did not know."""
    sleeper, successor, log = _taken_over(first)
    fence = successor.fence
    assert fence == Fence(2, len(log), 2)
    log += _batch(sleeper, theirs, 2) + _batch(successor, second, 3)
    again = _replayed(log, since=2, fence=fence)
    assert (again.positions, again.fence) == (successor.positions, fence)
    assert again.state.snapshot() == successor.state.snapshot()
    log += _batch(again, third, 4)
    for each in (log, _compacted(log)):
        assert _replayed(each, since=4).state.snapshot() == again.state.snapshot()


def test_a_checkpoint_waits_until_what_was_left_out_is_written_over() -> None:
    """Who began behind it would not know, and compaction would make it the last of its key."""
    entries = _Kept()
    log: Log = [(b"a\0k", b"good"), (b"\0in", b"[3,0,2,1]"), (b"a\0k", b"late"), (b"\0in", b"[2,0,1,1]"),
                (b"b\0k", b"more"), (b"\0in", b"[4,0,2,1]")]  # fmt: skip
    memory = _replayed(log, since=2, entries=entries)
    assert memory.state.snapshot() == {"a": {b"k": b"good"}, "b": {b"k": b"more"}}
    assert entries.checkpoint.end == 2
    assert memory.changes("in", Position(5, 0)) == [(b"a\0k", b"good"), (b"\0in", b"[5,0,2,1]")]
    memory.keep(8)
    assert entries.checkpoint == Checkpoint(8, {"in": Position(5, 0, 2, 1)})


def test_a_torn_batch_before_a_late_one_is_left_to_the_next_position() -> None:
    """Only what the late one says is its own is left out."""
    log: Log = [(b"\0in", b"[3,0,2,0]"), (b"a\0k", b"torn or compacted"), (b"b\0k", b"late"), (b"\0in", b"[2,0,1,1]"),
                (b"\0in", b"[4,0,2,0]")]  # fmt: skip
    assert _replayed(log).state.snapshot() == {"a": {b"k": b"torn or compacted"}, "b": {}}


def test_a_group_that_was_made_anew_goes_on_from_the_epoch_before() -> None:
    """Its generations begin at 1; whoever finds later ones must ask first."""
    log: Log = [(b"a\0k", b"v"), (b"\0in", b"[3,0,9,1]")]
    assert not _replayed(log, since=9).outdated
    memory = _replayed(log, since=1)
    before = memory.outdated
    memory.succeed()
    assert (before, memory.outdated) == (True, False)
    assert memory.changes("in", Position(4, 0)) == [(b"\0in", b"[4,0,10,0]")]


class _Fetched:
    """A consumer that has a whole changelog at hand, as aiokafka has what it fetched: nothing that is asked of it waits.

    Its one position is its last record, which is what compaction leaves.
    """

    def __init__(self, records: int) -> None:
        self._at, self._last = 0, records - 1

    def seek(self, source: object, offset: int) -> None:
        del source
        self._at = offset

    async def position(self, source: object) -> int:
        del source
        return self._at

    async def getmany(self, source: object, *, timeout_ms: int, max_records: int) -> dict[object, list[Any]]:
        del timeout_ms
        first, self._at = self._at, min(self._at + max_records, self._last + 1)
        return {source: [self._record(offset) for offset in range(first, self._at)]}

    def _record(self, offset: int) -> Any:
        if offset == self._last:
            return SimpleNamespace(key=b"\0in", value=msgspec.json.encode(Position(7, 0)), offset=offset)
        return SimpleNamespace(key=b"a\0%d" % offset, value=b"%d" % offset, offset=offset)


class _Written(InMemory):
    """Remembers the end of the checkpoint that came with each write, and how many changes."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[int] = []
        self.most = 0

    def write(self, changes: Changes, checkpoint: bytes) -> None:
        """Take over changes."""
        super().write(changes, checkpoint)
        self.ends.append(msgspec.json.decode(checkpoint, type=Checkpoint).end)
        self.most = max(self.most, len(changes))


def test_others_have_their_turn_while_a_long_changelog_is_read() -> None:
    """Heartbeats are sent in the same loop: a memory that takes longer to read than a session may be quiet would lose its
    partition. The disk has no later checkpoint before it has everything that belongs to it."""
    records, entries = 100_000, _Written()
    memory = Memory(TABLES, entries=entries)

    async def read() -> int:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(others())
        assert await restore(_Fetched(records), "x.state", 0, memory, records) == records
        task.cancel()
        return turns

    assert asyncio.run(read()) >= 2 * records // 5000
    assert memory.done("in", 0) == 7
    assert (len(entries), memory.state["a"].get(b"99998")) == (records - 1, b"99998")
    assert entries.most <= 5000
    assert set(entries.ends[: records // 5000 - 1]) == {0}
    assert entries.ends[-1] == records
