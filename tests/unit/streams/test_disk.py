"""A store on disk holds the state of its checkpoint, or nothing at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams._disk import STALE_SECONDS, OnDisk
from streams._memory import Checkpoint, Memory, Position
from streams._state import State, StoreBroken

pytestmark = pytest.mark.slow

Made = Callable[..., OnDisk]
keys = st.binary(max_size=3)
batches = st.lists(st.dictionaries(keys, st.none() | st.binary(max_size=3), max_size=6), max_size=5)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Opens a store in a folder of this test; the lock is never waited for."""
    opened: list[OnDisk] = []

    def make(incarnation: str = "one") -> OnDisk:
        opened.append(OnDisk(tmp_path / "count" / "0", incarnation, patience=0))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def _saved(end: int) -> bytes:
    return msgspec.json.encode(Checkpoint(end, {"in": Position(end, 0)}))


def test_what_was_written_is_there_again(made: Made) -> None:
    """With the checkpoint that it was written with."""
    store = made()
    assert store.checkpoint == Checkpoint()
    store.write({b"a\0k": b"1", b"a\0gone": b"1"}, _saved(2))
    store.write({b"a\0gone": None}, _saved(5))
    store.close()
    again = made()
    assert again.checkpoint == Checkpoint(5, {"in": Position(5, 0)})
    assert dict(again.items()) == {b"a\0k": b"1"}
    assert (again.get(b"a\0k"), again.get(b"a\0gone")) == (b"1", None)


@given(batches)
def test_it_remembers_what_a_dictionary_remembers(batches: list[dict[bytes, bytes | None]]) -> None:
    """Whatever is set and deleted, in whatever batches, and after coming back to it."""
    with tempfile.TemporaryDirectory() as folder:
        memory, disk = Memory(["a"]), Memory(["a"], entries=OnDisk(Path(folder) / "0", "one"))
        for number, batch in enumerate(batches):
            for each in (memory, disk):
                for key, value in batch.items():
                    if value is None:
                        each.state["a"].delete(key)
                    else:
                        each.state["a"].set(key, value)
                each.state.accept()
                each.changes("in", Position(number, 0))
                each.keep(number + 1)
        assert disk.state.snapshot() == memory.state.snapshot()
        disk.close()
        store = OnDisk(Path(folder) / "0", "one")
        assert State(["a"], store).snapshot() == memory.state.snapshot()
        assert store.checkpoint == Checkpoint(len(batches), memory.positions)
        store.close()


def test_what_is_of_another_topic_is_thrown_away(made: Made) -> None:
    """The topic was made anew, or the stage has other tables now."""
    store = made()
    store.write({b"a\0k": b"1"}, _saved(2))
    store.close()
    other = made("two")
    assert other.checkpoint == Checkpoint()
    assert dict(other.items()) == {}


def test_what_has_no_checkpoint_is_thrown_away(made: Made) -> None:
    """Nobody could say what state it is."""
    store = made()
    store.write({b"a\0k": b"1"}, _saved(2))
    store._db.delete(b"")
    store.close()
    again = made()
    assert again.checkpoint == Checkpoint()
    assert dict(again.items()) == {}


def test_what_is_too_old_is_thrown_away(made: Made) -> None:
    """Kafka forgets after a day that something was deleted, so who was away for longer would not hear of it."""
    store = made()
    store.write({b"a\0k": b"1"}, _saved(2))
    saved = msgspec.json.decode(store._db.get(b"") or b"")
    saved["at"] -= STALE_SECONDS
    store._db.put(b"", msgspec.json.encode(saved))
    store.close()
    assert made().checkpoint == Checkpoint()


def test_a_folder_belongs_to_one_process(made: Made) -> None:
    """The other one is told, and does without."""
    store = made()
    with pytest.raises(StoreBroken, match="count/0 is another process's"):
        made()
    store.close()
    assert made().checkpoint == Checkpoint()


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_a_broken_store_is_made_anew(made: Made, tmp_path: Path, name: str) -> None:
    """Broken when it is opened, or found to be when it is read: then it is gone for the next process."""
    store = made()
    store.write({b"a\0%d" % number: bytes(100) for number in range(1000)}, _saved(2))
    store.close()
    for path in (tmp_path / "count" / "0").glob(name):
        path.write_bytes(b"\xff" * path.stat().st_size)
    again = made()
    try:
        found = again.checkpoint
    except StoreBroken:
        found = Checkpoint()
    assert found == Checkpoint()
    assert dict(again.items()) == {}


def test_a_read_that_fails_ends_the_store(made: Made, tmp_path: Path) -> None:
    """The error names the folder, which is gone afterwards: the changelog has everything."""
    store = made()
    store._db.close()
    with pytest.raises(StoreBroken, match="count/0 failed and is thrown away"):
        store.get(b"a\0k")
    with pytest.raises(StoreBroken, match="count/0 failed and is thrown away"):
        store.write({}, _saved(1))
    store.close()
    assert not (tmp_path / "count" / "0").exists()


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    """The worker remembers in memory then."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreBroken, match="cannot be made"):
        OnDisk(tmp_path / "file" / "0", "one")
