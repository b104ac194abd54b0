"""Forgetting in both kinds of store: by age, and of one customer; nothing of it is left, and the rest is as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from normalizer.errors import Misconfigured
from normalizer.events import Routed
from sinks._base import Sink
from sinks._forget import AT_ONCE, Gone, erase, purge
from sinks._tickets import Tickets
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import _LATER, HISTORY, MERGES, _about, routed
from tests.servers.postgres import PostgresServer

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
WORD = "zanzibar"


class Store:
    """A store that can be filled, asked and looked into."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fill(self, *events: Routed) -> Store:
        """Deliver these."""
        sink: Sink = Postgres(self.where) if self.where.startswith("postgres") else Sqlite(Path(self.where))
        sink.open()
        assert sink.write(events) == {}
        sink.close()
        return self

    def export(self) -> bytes:
        """Everything."""
        with Tickets(self.where) as tickets:
            return b"\n".join(tickets.export())

    def tickets(self) -> list[bytes]:
        """Everything but customers, of whom it stays known since when they are."""
        people = (b'{"table":"customers"', b'{"table":"contacts"')
        return [line for line in self.export().splitlines() if not line.startswith(people)]

    def hits(self, word: str) -> int:
        """How many messages have a word."""
        with Tickets(self.where) as tickets:
            return len(tickets.search(word, limit=1000))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engine)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Store]:
    """Makes an empty store of this test's own."""
    made: list[int] = []

    def new() -> Store:
        made.append(1)
        if request.param == "sqlite":
            return Store(str(tmp_path / f"{len(made)}.db"))
        server: PostgresServer = request.getfixturevalue("postgres")
        return Store(server.url(server.database()))

    return new


def test_old_tickets_go_and_the_others_stay_as_they_were(store: Callable[..., Store]) -> None:
    """A store that never had them has the same, byte for byte; they are not found by their words either."""
    before = START + timedelta(hours=2)
    kept = [event for event in HISTORY if event.ticket.opened_at >= before]
    found = store().fill(*HISTORY)
    assert purge(found.where, before) == Gone(tickets=2, messages=10, customers=1)
    assert found.tickets() == store().fill(*kept).tickets()
    assert found.hits("text") == 10
    assert b"c1@example.com" not in found.export()
    assert purge(found.where, before) == Gone()


def test_what_was_merged_into_a_living_ticket_stays(store: Callable[..., Store]) -> None:
    """People see it as a part of that; once that is old, all of them go."""
    found = store().fill(*MERGES)
    whole = found.export()
    assert purge(found.where, START + timedelta(hours=3)) == Gone()
    assert found.export() == whole
    assert purge(found.where, START + timedelta(hours=4)).tickets == 3
    assert purge(found.where, START + timedelta(days=9)).tickets == 1
    assert found.export() == store().fill().export()


def test_a_customer_is_erased(store: Callable[..., Store]) -> None:
    """With her tickets, her addresses, and her words in a ticket of somebody else, whose rest stays."""
    other = routed(1, 3)
    assert other.message is not None
    said = msgspec.structs.replace(
        other.message, sender=routed(0, 1).ticket.customer, text=f"{WORD} 0815", subject=WORD
    )
    events = [*HISTORY, msgspec.structs.replace(other, message=msgspec.structs.replace(said, id="said-elsewhere"))]
    found = store().fill(*[event for event in events if event.ticket != other.ticket or event.message != other.message])
    assert found.hits(WORD) == 1
    gone = erase(found.where, "email", "c0@example.com")
    assert (gone.tickets, gone.customers, gone.words) == (2, 1, 1)
    assert b"c0@example.com" not in found.export()
    assert WORD.encode() not in found.export()
    assert (found.hits(WORD), found.hits("c0")) == (0, 0)
    assert b"c1@example.com" in found.export()
    with Tickets(found.where) as tickets:
        (stored,) = [each for each in tickets.ticket(other.ticket.id).messages if each.message.id == "said-elsewhere"]
    assert (stored.message.text, stored.message.sender.address, stored.message.degradations) == ("", "", ("erased",))
    assert erase(found.where, "email", "c0@example.com") == Gone()


def test_an_erased_customer_who_writes_again_is_a_new_one(store: Callable[..., Store]) -> None:
    """The store takes the same events again: erasure is no block."""
    found = store().fill(*HISTORY)
    whole = found.export()
    erase(found.where, "email", "c0@example.com")
    assert found.fill(*HISTORY).export() == whole


def test_words_that_are_gone_already_are_no_hindrance(store: Callable[..., Store]) -> None:
    """A message that was taken back, its edit, and what an erased customer said elsewhere: the tickets go all the same."""
    said = routed(0, 1, text="secret")
    assert said.message is not None
    later = [_about(routed(0, number, text="secret"), said.message.id, kind) for number, kind in _LATER]
    found = store().fill(said, *later, *HISTORY)
    erase(found.where, "email", "c1@example.com")
    assert purge(found.where, START + timedelta(days=400)).tickets == 3
    assert found.export() == store().fill().export()
    assert found.fill(*HISTORY).hits("text") == 20


def test_many_tickets_go_some_at_a_time(store: Callable[..., Store]) -> None:
    """In several transactions."""
    found = store().fill(*[routed(number, 1) for number in range(AT_ONCE + 20)])
    assert purge(found.where, START + timedelta(days=400)) == Gone(AT_ONCE + 20, AT_ONCE + 20, 3)
    assert found.export() == store().fill().export()


def test_nothing_of_it_is_left_in_the_file(tmp_path: Path) -> None:
    """Neither in free pages nor in the index nor in the write-ahead log."""
    store = Store(str(tmp_path / "tickets.db")).fill(*HISTORY, routed(0, 9, text=WORD * 40))
    assert WORD.encode() in _bytes(tmp_path)
    erase(store.where, "email", "c0@example.com")
    assert WORD.encode() not in _bytes(tmp_path)
    assert b"c0@example.com" not in _bytes(tmp_path)


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.engine
def test_empty_months_are_dropped(postgres: PostgresServer) -> None:
    """Which gives their space back at once; a writer that believed in one makes it again."""
    database = postgres.database()
    store = Store(postgres.url(database)).fill(*HISTORY)
    listed = "SELECT count(*) FROM pg_partition_tree('switchboard.message_rows') WHERE isleaf"
    assert postgres.execute(listed, database) == [(2,)]
    purge(store.where, START + timedelta(days=400))
    assert postgres.execute(listed, database) == [(1,)]
    assert store.fill(*HISTORY).hits("text") == 20


@pytest.mark.engine
def test_a_role_that_may_not_delete_is_told_so(postgres: PostgresServer) -> None:
    """Who delivers has no such right, and the remedy is the owner's URL."""
    database = postgres.database()
    Store(postgres.url(database)).fill(*HISTORY)
    login: Any = f"w{database}"
    with psycopg.connect(postgres.url(database), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'p' IN ROLE switchboard_writer")
    with pytest.raises(Misconfigured, match="does not let this role delete: give the URL of its owner with --url"):
        purge(postgres.url(database, login, "p"), START + timedelta(days=400))
