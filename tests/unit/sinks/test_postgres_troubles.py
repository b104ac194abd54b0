"""What can be wrong with a ticket store in PostgreSQL: each is named, with what to do, and stops no more than it must."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from normalizer.errors import Misconfigured, Retriable
from sinks._postgres import Where, connect, prepare, steps
from sinks._tickets import Tickets
from sinks.postgres import Postgres
from tests.conformance.sink import HISTORY
from tests.servers.postgres import PASSWORD, PostgresServer

pytestmark = pytest.mark.engine


@pytest.fixture
def sink(store_url: str) -> Iterator[Postgres]:
    """A store that is open."""
    made = Postgres(store_url)
    made.open()
    yield made
    made.close()


@pytest.fixture
def logins(postgres: PostgresServer, sink: Postgres) -> Iterator[dict[str, str]]:
    """The store for three logins: one may write, one may read, and one is nobody."""
    database = sink.where.options["dbname"]
    names = {role: f"{role}_{database}" for role in ("writer", "reader", "nobody")}
    for role, name in names.items():
        postgres.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
        if role != "nobody":
            postgres.execute(f"GRANT switchboard_{role} TO {name}")
    yield {role: postgres.url(database, name, "x") for role, name in names.items()}
    for name in names.values():
        postgres.execute(f"DROP ROLE {name}")


def test_an_address_that_is_none_is_not_shown() -> None:
    """It may hold a password."""
    with pytest.raises(
        Misconfigured, match=r"is no PostgreSQL URL: write postgresql://USER@HOST:PORT/DATABASE"
    ) as raised:
        Postgres("postgresql://me:hidden@[::1")
    assert "hidden" not in repr(raised.value)
    assert (
        "hidden" not in f"{Where('postgresql://me:hidden@db:5433/store')!r} {Where('postgresql://me:hidden@db/store')}"
    )
    assert str(Where("postgresql://me:hidden@db:5433/store")) == "db:5433/store"


def test_a_wrong_password_names_the_remedy(postgres: PostgresServer) -> None:
    """So does a user that there is not; the password is not shown."""
    for url in (postgres.url(password="wrong one"), postgres.url(user="stranger")):
        with pytest.raises(
            Misconfigured, match=r"does not let us in \(.*authentication failed.*\): correct the user"
        ) as e:
            Postgres(url).open()
        assert "wrong one" not in str(e.value)
        assert PASSWORD not in str(e.value)


def test_a_missing_database_names_the_remedy(postgres: PostgresServer) -> None:
    """It is not made: who may do so decides on its encoding and its disk."""
    with pytest.raises(
        Misconfigured, match=r"has no such database \(.*does not exist\): create it, or correct the URL"
    ):
        Postgres(postgres.url("nowhere")).open()


def test_a_server_that_is_away_is_tried_again(postgres: PostgresServer, sink: Postgres) -> None:
    """Stopped or crashed in the middle: the batch is given back, and goes in when the server is there again."""
    for at_once in (False, True):
        assert not sink.write(HISTORY[:5])
        postgres.stop(at_once=at_once)
        try:
            with pytest.raises(Retriable, match=r"does not answer \(.*\): start it, or look at the network"):
                sink.write(HISTORY)
            with pytest.raises(Retriable, match="does not answer"):
                Tickets(sink.where.url)
        finally:
            postgres.start()
        assert not sink.write(HISTORY)
    with Tickets(sink.where.url) as tickets:
        assert tickets.counts()["tickets"] == 4


def test_a_connection_that_the_server_ended_is_replaced(postgres: PostgresServer, sink: Postgres) -> None:
    """A restart between two batches costs nothing."""
    sink.write(HISTORY[:5])
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'switchboard'")
    assert not sink.write(HISTORY)


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [
        ("53100", Retriable, r"cannot grow \(.*\): free space on the server's disk"),
        ("40001", Retriable, r"is busy \(.*\): the batch is tried again"),
        ("40P01", Retriable, r"is busy \(.*\): the batch is tried again"),
        ("57014", Retriable, r"is busy \(.*\): the batch is tried again"),
        ("57P01", Retriable, r"does not answer \(.*\): start it"),
        ("25006", Retriable, r"can only be read now \(.*\): name the primary"),
        ("XX001", Misconfigured, r"is damaged \(.*\): restore a backup"),
    ],
)
def test_what_the_server_says_is_named_by_what_to_do(
    postgres: PostgresServer, sink: Postgres, state: str, kind: type[Exception], said: str
) -> None:
    """Each of these comes from the server while a batch is written; nothing of the batch is kept."""
    database = sink.where.options["dbname"]
    postgres.execute(
        f"""SET search_path = switchboard; CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END $$;
        CREATE TRIGGER trouble BEFORE INSERT ON decision_rows EXECUTE FUNCTION trouble()""",
        database,
    )
    with pytest.raises(kind, match=said):
        sink.write(HISTORY)
    postgres.execute("DROP TRIGGER trouble ON switchboard.decision_rows", database)
    with Tickets(sink.where.url) as tickets:
        assert tickets.counts()["tickets"] == 0
    assert not sink.write(HISTORY)


def test_a_newer_schema_is_refused(postgres: PostgresServer, sink: Postgres) -> None:
    """An older Switchboard does not write into a schema that it does not know, nor read it."""
    sink.close()
    known = len(steps())
    postgres.execute(f"UPDATE switchboard.schema_version SET version = {known + 1}", sink.where.options["dbname"])  # noqa: S608 - ours
    expected = f"has schema version {known + 1}, and this Switchboard knows only {known}: run the newer Switchboard, or"
    for attempt in (sink.open, lambda: Tickets(sink.where.url)):
        with pytest.raises(Misconfigured, match=expected):
            attempt()


def test_there_must_be_a_store_to_read(store_url: str) -> None:
    """Reading makes no tables, and says what to do."""
    with pytest.raises(Misconfigured, match=r"there is no ticket store at .*: start the pipeline once, or run"):
        Tickets(store_url)


def test_another_encoding_is_refused(postgres: PostgresServer) -> None:
    """It could not hold what customers write."""
    name = "latin"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(Misconfigured, match=r"has the encoding LATIN1, .*: make one with ENCODING 'UTF8'"):
        Postgres(postgres.url(name)).open()
    postgres.execute(f"DROP DATABASE {name}")


def test_writing_before_opening_is_a_mistake() -> None:
    """The message says what to call."""
    with pytest.raises(Misconfigured, match=r"is not open: call open\(\) before write\(\)"):
        Postgres("postgresql://db/store").write(HISTORY)


def test_a_writer_may_do_what_it_must_and_no_more(logins: dict[str, str]) -> None:
    """It stores a month of which there is no table yet, and cannot change what was said, drop, or empty anything."""
    writer = Postgres(logins["writer"])
    writer.open()
    assert not writer.write(HISTORY)
    writer.close()
    _forbidden(
        logins["writer"],
        "DELETE FROM message_rows", "DELETE FROM tickets", "DELETE FROM message_ids", "TRUNCATE decision_rows",
        "UPDATE decision_rows SET because = ''", "UPDATE revision_rows SET at = now()", "UPDATE message_rows SET said_at = now()",
        "UPDATE schema_version SET version = 0", "DROP TABLE messages_2026_01", "CREATE TABLE mine (x int)",
    )  # fmt: skip


def test_a_reader_may_only_read(logins: dict[str, str], sink: Postgres) -> None:
    """All commands that show something work; nothing can be written, and nothing be made."""
    sink.write(HISTORY)
    with Tickets(logins["reader"]) as tickets:
        assert len(tickets.list_tickets()) == 4
        assert len(list(tickets.export())) > 4
    _forbidden(
        logins["reader"],
        "INSERT INTO customers VALUES ('x', now())", "UPDATE tickets SET queue = ''", "SELECT make_month(now())",
    )  # fmt: skip
    with pytest.raises(
        Misconfigured, match=r"refuses this role \(permission denied for .*\): GRANT switchboard_writer"
    ):
        _open_and_write(logins["reader"])


def test_who_may_nothing_is_told_what_to_grant(logins: dict[str, str]) -> None:
    """Nor does a stranger to the schema see anything of it."""
    for attempt in (lambda: _open_and_write(logins["nobody"]), lambda: Tickets(logins["nobody"])):
        with pytest.raises(
            Misconfigured, match=r"refuses this role \(permission denied for schema switchboard\): GRANT"
        ):
            attempt()


def test_who_may_not_make_the_schema_is_told_who_does(postgres: PostgresServer) -> None:
    """The owner makes it with `switchboard store prepare`; then a writer can begin."""
    database = postgres.database()
    login = f"w_{database}"
    postgres.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'x'")
    url = postgres.url(database, login, "x")
    with pytest.raises(Misconfigured, match=r"this role may not do it: run `switchboard store prepare --url URL` once"):
        Postgres(url).open()
    where = Where(postgres.url(database))
    with connect(where) as connection:
        prepare(connection, where)
        prepare(connection, where)
    postgres.execute(f"GRANT switchboard_writer TO {login}")
    _open_and_write(url)


def _open_and_write(url: str) -> None:
    store = Postgres(url)
    store.open()
    try:
        store.write(HISTORY)
    finally:
        store.close()


def _forbidden(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = switchboard")
        for statement in statements:
            with pytest.raises(
                psycopg.errors.InsufficientPrivilege, match=re.compile("permission denied|must be owner")
            ):
                connection.execute(statement)
