"""A store that an older Switchboard made, filled as that one did, holds the same when it was brought up to date."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from normalizer.events import Message, Routed
from sinks._forget import purge
from sinks._postgres import steps
from sinks._rows import WORDS, words
from sinks._sqlite import APPLICATION_ID, _statements, migrations
from sinks._tickets import Tickets
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import _LATER, HISTORY, MERGES, _about, routed
from tests.servers.postgres import PostgresServer
from tests.unit.sinks.test_forget import START

SECRET = routed(7, 3, text="secret one")
TAKEN = [_about(routed(7, n, text=f"secret {n}"), SECRET.message.id if SECRET.message else "", k) for n, k in _LATER]
PLAIN: Sequence[Routed] = [*HISTORY, *MERGES]
EVENTS: Sequence[Routed] = [*PLAIN, SECRET, *TAKEN]
Line = dict[str, Any]


def exported(where: Path | str) -> bytes:
    """The whole store."""
    with Tickets(where) as tickets:
        return b"".join(tickets.export())


def expected(events: Sequence[Routed]) -> bytes:
    """What a store holds that was never an older one."""
    with tempfile.TemporaryDirectory() as folder:
        sink = Sqlite(Path(folder) / "tickets.db")
        sink.open()
        sink.write(events)
        sink.close()
        return exported(sink.path)


def _lines(export: bytes) -> Iterator[tuple[str, Line]]:
    for each in export.splitlines():
        row = msgspec.json.decode(each)
        yield row.pop("table"), row


def _insert(table: str, row: Line, mark: str) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join([mark] * len(row))})"  # noqa: S608 - ours


@pytest.mark.slow
@pytest.mark.parametrize(("version", "events"), [(1, PLAIN), (2, EVENTS)])
def test_sqlite(tmp_path: Path, version: int, events: Sequence[Routed]) -> None:
    """Every version before ours: the same bytes, whole, found by its words, and it goes on and forgets."""
    before = expected(events)
    path = tmp_path / "tickets.db"
    with sqlite3.connect(path) as old:
        for script in migrations()[:version]:
            for statement in _statements(script):
                old.execute(statement)
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute(f"PRAGMA user_version = {version}")
        for table, row in _lines(before):
            if version == 1:
                assert not row.pop("about", "")
            number = old.execute(_insert(table, row, "?"), list(row.values())).lastrowid
            if table == "messages":
                said = msgspec.json.decode(row["details"], type=Message)
                said = msgspec.structs.replace(said, subject=row["subject"], text=row["text"])
                WORDS(old, [words(int(number or 0), said)])
    old.close()
    sink = Sqlite(path)
    sink.open()
    assert exported(path) == before
    sink.write([routed(7, 9), *EVENTS])
    sink.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    _goes_on(path)


@pytest.mark.engine
def test_postgres(postgres: PostgresServer) -> None:
    """The first version: the same bytes, found by its words, and it goes on and forgets."""
    before = expected(EVENTS)
    url = postgres.url(postgres.database())
    with psycopg.connect(url) as old:
        old.execute(steps()[0].encode())
        old.execute("UPDATE schema_version SET version = 1")
        old.execute("SET search_path = switchboard; SELECT make_month('2026-01-05Z')")
        taken = {row["message_id"] for table, row in _lines(before) if table == "withdrawn"}
        for table, row in _lines(before):
            if table == "withdrawn":
                continue
            if table == "messages":
                known = {"id": row["id"], "received_at": row["received_at"], "withdrawn": row["id"] in taken}
                old.execute(_insert("message_ids", known, "%s").encode(), list(known.values()))
                row["words"] = " ".join({"'text'", f"'{row['kind']}'"})
            if table == "contacts":
                row["named_at"] = row["named_at"] or "-infinity"
            if table == "attachments":
                row["inline"] = bool(row["inline"])
            old.execute(_insert(table, row, "%s").encode(), list(row.values()))
        _leave_behind(old)
    sink = Postgres(url)
    sink.open()
    assert exported(url) == before
    sink.write([routed(7, 9), *EVENTS])
    sink.close()
    _goes_on(url)


def _leave_behind(connection: psycopg.Connection[Any]) -> None:
    """A message that came late for its month, whose id went when that month was dropped."""
    connection.execute("CREATE TEMP TABLE late AS SELECT * FROM messages LIMIT 1")
    connection.execute("UPDATE late SET id = 'late', received_at = '1999-01-05Z'")
    connection.execute("INSERT INTO messages SELECT * FROM late")


def _goes_on(where: Path | str) -> None:
    with Tickets(where) as tickets:
        assert len(tickets.search("text")) == 20
    assert purge(str(where), START).tickets == 0
    with Tickets(where) as tickets:
        count = tickets.counts()["tickets"]
    assert purge(str(where), START.replace(year=2030)).tickets == count
    with Tickets(where) as tickets:
        counts = tickets.counts()
    assert [counts[each] for each in ("tickets", "messages", "attachments")] == [0, 0, 0]
