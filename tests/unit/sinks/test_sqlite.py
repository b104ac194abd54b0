"""The ticket store in SQLite: written through the contract, and read back whole."""

import itertools
import multiprocessing
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Message
from sinks._base import Sink
from sinks._sqlite import migrations
from sinks._tickets import Tickets
from sinks.sqlite import Sqlite
from tests.conformance.sink import HISTORY, StoreContract, routed

pytestmark = pytest.mark.slow


class TestSqlite(StoreContract):
    """Keeps the contract of destinations."""

    def make(self, folder: Path) -> Sink:
        """One file in the folder."""
        return Sqlite(folder / "tickets.db")

    def contents(self, sink: Sink) -> object:
        """The whole store, byte for byte."""
        assert isinstance(sink, Sqlite)
        with Tickets(sink.path) as tickets:
            return b"".join(tickets.export())

    def conversation(self, sink: Sink, ticket_id: str) -> Sequence[Message]:
        """As the reading side shows them."""
        assert isinstance(sink, Sqlite)
        with Tickets(sink.path) as tickets:
            return [stored.message for stored in tickets.ticket(ticket_id).messages]

    def survivor(self, sink: Sink, ticket_id: str) -> str:
        """As the reading side shows it."""
        assert isinstance(sink, Sqlite)
        with Tickets(sink.path) as tickets:
            return tickets.ticket(ticket_id).survivor


def test_every_write_is_synced(sink: Sqlite) -> None:
    """WAL with synchronous FULL (2): a power cut after `write` takes nothing back."""
    assert sink._connection is not None
    assert sink._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert sink._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert sink._connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_relations_hold(sink: Sqlite) -> None:
    """After shuffled writes every reference has its row, and the file is whole."""
    sink.write(HISTORY[::-1])
    with sqlite3.connect(sink.path) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_large_batch_is_stored_as_its_events_one_by_one(sink: Sqlite, tmp_path: Path) -> None:
    """In statements of many rows; one event comes twice in the batch."""
    events = [routed(number, revision) for number in range(50) for revision in (1, 3, 2)]
    assert dict(sink.write([*events, events[0]])) == {}
    other = Sqlite(tmp_path / "other.db")
    other.open()
    for event in events:
        assert dict(other.write([event])) == {}
    other.close()
    with Tickets(sink.path) as one, Tickets(other.path) as two:
        assert list(one.export()) == list(two.export())
        assert len(one.search("text", limit=1000)) == 150


def test_a_store_is_kept_between_processes(sink: Sqlite) -> None:
    """A new process opens what the last one wrote, and adds to it."""
    sink.write(HISTORY[:10])
    sink.close()
    again = Sqlite(sink.path)
    again.open()
    again.write(HISTORY[10:])
    again.close()
    with Tickets(sink.path) as tickets:
        assert tickets.counts()["tickets"] == 4


def _open_and_write(path: Path, start: "multiprocessing.synchronize.Barrier", number: int) -> None:
    store = Sqlite(path)
    start.wait()
    store.open()
    store.write([routed(number, revision) for revision in range(1, 20)])
    store.close()


def test_two_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    """One makes the schema, the other waits and finds it; both write."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    processes = [spawn.Process(target=_open_and_write, args=(tmp_path / "t.db", start, n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    with Tickets(tmp_path / "t.db") as tickets:
        assert tickets.counts()["messages"] == 2 * 19


def _write_until_killed(path: Path, acknowledged: "multiprocessing.connection.Connection") -> None:
    store = Sqlite(path)
    store.open()
    for number in itertools.count():
        store.write([routed(number, revision) for revision in range(1, 6)])
        acknowledged.send(number)


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """After SIGKILL in the middle of writing, every batch whose `write` returned is there; none is there half."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_write_until_killed, args=(tmp_path / "t.db", sender))
    process.start()
    last = max(receiver.recv() for _ in range(20))
    process.kill()
    process.join()
    with Tickets(tmp_path / "t.db") as tickets:
        counts = tickets.counts()
    assert counts["tickets"] >= last + 1
    assert counts["tickets"] * 5 == counts["messages"]


def test_a_locked_store_is_tried_again(sink: Sqlite) -> None:
    """While another process writes, the batch is given back; later it goes in."""
    with sqlite3.connect(sink.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retriable, match=r"tickets\.db is locked by another process: it is tried again"):
            sink.write(HISTORY)
        other.execute("ROLLBACK")
    other.close()
    assert dict(sink.write(HISTORY)) == {}


def test_a_full_disk_is_tried_again(sink: Sqlite) -> None:
    """When the file cannot grow, nothing of the batch is kept and it can be written again."""
    assert sink._connection is not None
    (pages,) = sink._connection.execute("PRAGMA page_count").fetchone()
    sink._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Retriable, match=r"cannot grow \(database or disk is full\): free space on its disk"):
        sink.write([routed(1, 1, text="a" * 100_000)])
    with Tickets(sink.path) as tickets:
        assert tickets.counts()["tickets"] == 0
    sink._connection.execute("PRAGMA max_page_count = 1000000")
    assert dict(sink.write(HISTORY)) == {}


def test_a_number_too_large_for_sqlite_is_refused(sink: Sqlite) -> None:
    """SQLite's integers have 64 bits."""
    event = routed(1, 1)
    huge = msgspec.structs.replace(event, ticket=msgspec.structs.replace(event.ticket, messages=2**64))
    refused = sink.write([huge, routed(2, 1)])
    assert list(refused) == [0]
    assert "cannot be stored in SQLite" in str(refused[0])
    with Tickets(sink.path) as tickets:
        assert [ticket.subject for ticket in tickets.list_tickets()] == ["Subject 2"]


def test_a_path_that_cannot_be_used_names_the_remedy(tmp_path: Path) -> None:
    """A file where a folder should be, and a folder where the file should be."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "tickets.db", tmp_path):
        with pytest.raises(Misconfigured, match=r"cannot be written .*: let this user write .* or choose another path"):
            Sqlite(path).open()


def test_writing_before_opening_is_a_mistake(tmp_path: Path) -> None:
    """The message says what to call."""
    with pytest.raises(Misconfigured, match=r"is not open: call open\(\) before write\(\)"):
        Sqlite(tmp_path / "t.db").write([])


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """The message says how to get going again; the file stays as it is."""
    path = tmp_path / "t.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Misconfigured, match=r"damaged or no database .*: move it away and restore a backup"):
        Sqlite(path).open()
    assert path.read_bytes() == b"not a database at all" * 100


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    """A database that is not ours gets no tables of ours."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(Misconfigured, match=r"other\.db is a database of another program: choose another path"):
        Sqlite(path).open()


def test_a_newer_store_is_refused(sink: Sqlite) -> None:
    """An older Switchboard does not write into a schema that it does not know, nor read it."""
    sink.close()
    connection = sqlite3.connect(sink.path)
    connection.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    connection.close()
    expected = r"has schema version 4, and this Switchboard knows only 3: run the newer Switchboard, or restore"
    with pytest.raises(Misconfigured, match=expected):
        sink.open()
    with pytest.raises(Misconfigured, match=expected):
        Tickets(sink.path)


def test_words_that_were_taken_back_are_not_found(tmp_path: Path) -> None:
    """The text index forgets them too."""
    said = routed(1, 1, text="the password is swordfish")
    assert said.message
    deletion = msgspec.structs.replace(
        routed(1, 2),
        message=msgspec.structs.replace(said.message, id="d", kind="deletion", about=said.message.id, text=""),
    )
    sink = Sqlite(tmp_path / "tickets.db")
    sink.open()
    sink.write([said])
    with Tickets(sink.path) as tickets:
        assert len(tickets.search("swordfish")) == 1
    sink.write([deletion])
    sink.close()
    with Tickets(sink.path) as tickets:
        assert list(tickets.search("swordfish")) == []
        assert "swordfish" not in b"".join(tickets.export()).decode()
