"""PostgreSQL connections to the ticket store: opened, brought up to date, and their errors named by what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import conninfo_to_dict

from normalizer.errors import Misconfigured, Retriable

SCHEMA = "switchboard"
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 300

# A server that vanished without a word is noticed after a minute.
_PATIENCE = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "application_name": "switchboard",
}
_SESSION = f"""SET search_path = {SCHEMA}; SET timezone = 'UTC'; SET datestyle = 'ISO';
  SET statement_timeout = '{STATEMENT_SECONDS}s';
  SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"""

# A refused connection has no SQLSTATE, only the server's sentence.
_LOGIN = re.compile("password authentication failed|no password supplied|role .* does not exist|no pg_hba.conf entry")
_DATABASE = re.compile("database .* does not exist")
_RIGHTS = re.compile("permission denied")

ITEM_ERRORS: tuple[type[Exception], ...] = (
    UnicodeEncodeError,  # a lone surrogate
    OverflowError,
    psycopg.DataError,  # a NUL in a text, a number over 64 bits
    psycopg.IntegrityError,
    errors.ProgramLimitExceeded,  # a text over 1 GB, a word that is too long for an index
)
"""What one item can be wrong about; errors about the store itself are named by `named`."""


class Where:
    """A database as the configuration names it. Shows itself without the password."""

    def __init__(self, url: str) -> None:
        try:
            found = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Its text would show the URL.
            raise Misconfigured(
                "the address of the ticket store is no PostgreSQL URL: write postgresql://USER@HOST:PORT/DATABASE"
            ) from None
        self.url = url
        self.options: Mapping[str, Any] = _PATIENCE | found
        self._shown = f"{found.get('host') or 'localhost'}:{found.get('port') or 5432}/{found.get('dbname') or ''}"

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"Where({self._shown})"


def connect(where: Where, **options: Any) -> Connection[Any]:
    """A connection on which nothing has been said about the schema yet. Raises `Misconfigured` or `Retriable`."""
    with named(where):
        connection = psycopg.connect(**{**where.options, **options}, autocommit=True)
        configure(connection)
    return connection


def configure(connection: Connection[Any]) -> None:
    """What every connection needs: our names, times in UTC, and commits that a crash of the server does not undo."""
    connection.autocommit = True
    connection.execute(_SESSION)


def steps() -> Sequence[str]:
    """The SQL of each schema version, the first version first."""
    found = sorted((each for each in _folder().iterdir() if each.name[:1].isdigit()), key=lambda each: each.name)
    return [each.read_text("utf-8") for each in found]


def prepare(connection: Connection[Any], where: Where) -> None:
    """Bring the schema to the newest version, and say again what the roles may do, in one transaction.

    Several processes may do this at once: one does it, the others wait and find nothing to do. Raises `Misconfigured`
    for a newer schema, and psycopg's own errors, which `named` knows.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('switchboard.prepare'))")
        connection.execute("SET LOCAL statement_timeout = 0")
        version = _version(connection, where)
        for script in steps()[version:]:
            connection.execute(script)
        connection.execute("UPDATE schema_version SET version = %s WHERE version <> %s", (len(steps()),) * 2)
        connection.execute((_folder() / "roles.sql").read_text("utf-8"))


def open_writer(where: Where) -> None:
    """Make sure that a writer can begin: the schema is there, and of our version; it is made when we may.

    Raises `Misconfigured` for a newer schema, and for an older one that this role may not change.
    """
    with connect(where) as connection, named(where):
        _check_encoding(connection, where)
        if _version(connection, where) < len(steps()):
            try:
                prepare(connection, where)
            except errors.InsufficientPrivilege as error:
                raise Misconfigured(
                    f"the ticket store {where} must be made or updated, and this role may not do it: run "
                    "`switchboard store prepare --url URL` once as the owner of the database"
                ) from error


def open_reader(where: Where) -> Connection[Any]:
    """A connection that cannot write. Raises `Misconfigured` when there is no store, or one of another version."""
    connection = connect(where)
    try:
        with named(where):
            connection.execute("SET default_transaction_read_only = on")
            _check_current(connection, where)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_current(connection: Connection[Any], where: Where) -> None:
    if _version(connection, where) < len(steps()):
        raise Misconfigured(
            f"there is no ticket store at {where}, or one that an older Switchboard made: "
            "start the pipeline once, or run `switchboard store prepare`"
        )


def _folder() -> Any:
    return files("sinks") / "migrations" / "postgres"


def _check_encoding(connection: Connection[Any], where: Where) -> None:
    (encoding,) = connection.execute("SHOW server_encoding").fetchone() or ("",)
    if encoding != "UTF8":
        raise Misconfigured(
            f"the database {where} has the encoding {encoding}, which cannot hold what customers write: "
            "make one with ENCODING 'UTF8'"
        )


def _version(connection: Connection[Any], where: Where) -> int:
    """The schema version of our store, 0 when there is none."""
    (there,) = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = %s AND tablename = 'schema_version')", (SCHEMA,)
    ).fetchone() or (False,)
    if not there:
        return 0
    (version,) = connection.execute(f"SELECT version FROM {SCHEMA}.schema_version").fetchone() or (0,)  # noqa: S608 - ours
    if version > len(steps()):
        raise Misconfigured(
            f"the ticket store {where} has schema version {version}, and this Switchboard knows only {len(steps())}: "
            "run the newer Switchboard, or restore the backup from before the update"
        )
    return int(version)


@contextmanager
def named(where: Where) -> Iterator[None]:
    """Names PostgreSQL's errors about the store by what to do; errors about one row pass through."""
    try:
        yield
    except ITEM_ERRORS:
        raise
    except errors.InsufficientPrivilege as error:
        raise Misconfigured(
            f"the ticket store {where} refuses this role ({_sentence(error)}): "
            "GRANT switchboard_writer to who delivers, switchboard_reader to who reads"
        ) from error
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction) as error:
        raise Misconfigured(
            f"the schema of the ticket store {where} is not ours ({_sentence(error)}): restore a backup, or drop the "
            "schema switchboard and let deliver fill a new one from the topic tickets.routed"
        ) from error
    except psycopg.Error as error:
        raise _outage(where, error) from error


def _outage(where: Where, error: psycopg.Error) -> Misconfigured | Retriable | psycopg.Error:
    state, said = error.sqlstate or "", _sentence(error)
    if isinstance(error, errors.DiskFull):
        return Retriable(f"the ticket store {where} cannot grow ({said}): free space on the server's disk")
    if state.startswith("XX") and state != "XX000":
        return Misconfigured(f"the ticket store {where} is damaged ({said}): restore a backup")
    if state == "25006":
        return Retriable(f"the ticket store {where} can only be read now ({said}): name the primary, or wait for it")
    if state.startswith("40") or state in {"55P03", "57014"}:
        return Retriable(f"the ticket store {where} is busy ({said}): the batch is tried again")
    if not state and _DATABASE.search(said):
        return Misconfigured(f"{where} has no such database ({said}): create it, or correct the URL")
    if not state and (_LOGIN.search(said) or _RIGHTS.search(said)):
        return Misconfigured(f"{where} does not let us in ({said}): correct the user and the password in the URL")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Retriable(f"the ticket store {where} does not answer ({said}): start it, or look at the network")
    return error


def _sentence(error: psycopg.Error) -> str:
    """The first line of what the server said; the others may quote what a customer wrote."""
    return (error.diag.message_primary or str(error)).strip().partition("\n")[0]
