"""The ticket store in PostgreSQL: written through the contract, and equal to the one in SQLite."""

from __future__ import annotations

import multiprocessing
import multiprocessing.synchronize
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normalizer.events import Message, Routed
from normalizer.ids import event_id
from sinks._base import Sink
from sinks._tickets import Tickets
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import _LATER, HISTORY, MERGES, StoreContract, _about, routed
from tests.servers.postgres import Databases, PostgresServer

pytestmark = pytest.mark.engine


class TestPostgres(StoreContract):
    """Keeps the contract of destinations."""

    databases: ClassVar[Databases | None] = None
    readers: ClassVar[dict[str, Tickets]] = {}

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _databases(cls, postgres: PostgresServer) -> None:
        cls.databases = Databases(postgres)

    def make(self, folder: Path) -> Sink:
        """A database for each folder."""
        return Postgres(self.databases.url(folder) if self.databases else "postgresql://nobody@127.0.0.1:1/none")

    def contents(self, sink: Sink) -> object:
        """The whole store, byte for byte."""
        return b"".join(self._shown(sink).export())

    def conversation(self, sink: Sink, ticket_id: str) -> Sequence[Message]:
        """As the reading side shows them."""
        return [stored.message for stored in self._shown(sink).ticket(ticket_id).messages]

    def survivor(self, sink: Sink, ticket_id: str) -> str:
        """As the reading side shows it."""
        return self._shown(sink).ticket(ticket_id).survivor

    def _shown(self, sink: Sink) -> Tickets:
        """A reader that stays: logging in takes longer than the rest."""
        assert isinstance(sink, Postgres)
        return self.readers.get(sink.where.url) or self.readers.setdefault(sink.where.url, Tickets(sink.where.url))

    def test_it_holds_the_same_as_sqlite(self) -> None:
        """Whatever came in whatever order: both stores export the same bytes."""
        said = routed(7, 3, text="secret one")
        about = said.message.id if said.message else ""
        taken = [_about(routed(7, n, text=f"secret {n}"), about, kind) for n, kind in _LATER]
        everything = [*HISTORY, *MERGES, said, *taken, *STRANGE]

        @settings(max_examples=15, deadline=None)
        @given(st.permutations(everything), st.integers(1, len(everything)))
        def arrive(events: Sequence[Routed], size: int) -> None:
            with self.opened() as sink, tempfile.TemporaryDirectory() as folder:
                other = Sqlite(Path(folder) / "tickets.db")
                other.open()
                for start in range(0, len(events), size):
                    assert sink.write(events[start : start + size]) == other.write(events[start : start + size])
                other.close()
                with Tickets(other.path) as tickets:
                    assert b"".join(tickets.export()) == self.contents(sink)

        arrive()


def _strange(event: Routed, **changes: object) -> Routed:
    assert event.message
    return msgspec.structs.replace(event, message=msgspec.structs.replace(event.message, **changes))


STRANGE: Sequence[Routed] = (
    _strange(routed(11, 1), text="quotes ' \" \\ and \r\n breaks \u2028, 退款 𠮷 👩‍👩‍👧 ﷽", subject="%s $1 :id"),
    _strange(routed(11, 2), text="", visible_text="", html=""),
    _strange(routed(11, 3), fields={"a": "\\u0000", "b": "\x00"}),
    _strange(routed(11, 4), received_at=datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
)


@pytest.fixture
def sink(store_url: str) -> Iterator[Postgres]:
    """A store that is open."""
    made = Postgres(store_url)
    made.open()
    yield made
    made.close()


def test_a_text_with_nul_is_stored_with_a_replacement(sink: Postgres) -> None:
    """PostgreSQL cannot hold U+0000; it becomes U+FFFD, and its neighbours in the batch are as they were."""
    assert not sink.write([routed(1, 1), routed(2, 1, text="a\x00b"), routed(3, 1)])
    with Tickets(sink.where.url) as tickets:
        assert [m.message.text for m in tickets.ticket(event_id("t", "2")).messages] == ["a\ufffdb"]
        assert tickets.counts()["tickets"] == 3


def test_a_number_too_large_is_refused(sink: Postgres) -> None:
    """Whole numbers have 64 bits here, too."""
    event = routed(1, 1)
    huge = msgspec.structs.replace(event, ticket=msgspec.structs.replace(event.ticket, messages=2**64))
    refused = sink.write([huge, routed(2, 1)])
    assert {index: why.reason for index, why in refused.items()} == {0: "not-storable"}
    assert "cannot be stored in PostgreSQL (bigint out of range): correct what made it" in str(refused[0])


def test_messages_stand_in_the_table_of_their_month(sink: Postgres, postgres: PostgresServer) -> None:
    """Tables come by themselves; an id is there once in all of them; clocks that cannot be right make none."""
    database = sink.where.options["dbname"]
    old, new = datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    sink.write([_strange(routed(1, 1), received_at=old), _strange(routed(1, 2), received_at=new)])
    sink.write(
        [_strange(routed(1, 1), received_at=new), _strange(routed(1, 3), received_at=datetime(1970, 1, 1, tzinfo=UTC))]
    )
    found = postgres.execute(
        "SELECT tableoid::regclass::text, count(*) FROM switchboard.message_rows GROUP BY 1", database
    )
    assert dict(found) == {
        "switchboard.messages_2024_02": 1, "switchboard.messages_2024_03": 1, "switchboard.messages_other": 1,
    }  # fmt: skip


def test_a_month_that_was_dropped_can_come_again(sink: Postgres, postgres: PostgresServer) -> None:
    """What a writer that does not know it stores meanwhile moves into its table when that is made."""
    database = sink.where.options["dbname"]
    sink.write([routed(1, 1)])
    postgres.execute("DROP TABLE switchboard.messages_2026_01", database)
    sink.write([routed(1, 2)])
    assert postgres.execute("SELECT count(*) FROM switchboard.messages_other", database) == [(1,)]
    postgres.execute("SELECT switchboard.make_month('2026-01-31 23:59Z')", database)
    assert postgres.execute("SELECT count(*) FROM switchboard.messages_2026_01", database) == [(1,)]


def _open_and_write(url: str, start: multiprocessing.synchronize.Barrier, number: int) -> None:
    store = Postgres(url)
    start.wait()
    store.open()
    for revision in range(1, 20):
        store.write([routed(ticket, revision) for ticket in range(number, 30 + number)])
    store.close()


def test_two_processes_may_make_and_write_a_store_at_once(store_url: str) -> None:
    """One makes the schema, the other waits and finds it; both write the same tickets, and neither stops the other."""
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    processes = [spawn.Process(target=_open_and_write, args=(store_url, start, n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    with Tickets(store_url) as tickets:
        assert tickets.counts()["messages"] == 31 * 19
