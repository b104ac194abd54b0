"""SQLite connections to the ticket store: opened, brought up to date, and their errors named by what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import stamina

from normalizer.errors import Misconfigured, Retriable

APPLICATION_ID = 0x53574244  # "SWBD": tells our file from any other SQLite database
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def open_writer(path: Path, busy_timeout: float) -> sqlite3.Connection:
    """A connection that may write, to a store whose schema is up to date; made when there is none.

    Raises `Misconfigured` for a path that cannot be used, another program's database and a newer schema; `Retriable`
    while another process keeps it locked for longer than `busy_timeout` seconds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error
    # Going over to the write-ahead log, SQLite does not wait for a process that is doing the same.
    for attempt in stamina.retry_context(on=Retriable, attempts=None, timeout=busy_timeout, wait_initial=0.01):
        with attempt, named(path):
            connection = _connect(path, "rwc", busy_timeout)
            try:
                # The indexes of ids are written all over: keep their pages at hand, and write them back seldom.
                connection.execute("PRAGMA cache_size = -65536")  # KiB
                migrate(connection, path)
                # In WAL mode with NORMAL, a power cut takes back the last commits, although their Kafka offsets stand.
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA wal_autocheckpoint = 8000")  # pages: 32 MB
            except BaseException:
                connection.close()
                raise
    return connection


def open_reader(path: Path, busy_timeout: float = 5.0) -> sqlite3.Connection:
    """A connection that cannot write. Raises `Misconfigured` when there is no store, or one of another version."""
    if not path.is_file():
        raise Misconfigured(f"there is no ticket store at {path}: start the pipeline once, or correct the path")
    with named(path):
        connection = _connect(path, "ro", busy_timeout)
        try:
            _check_current(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _connect(path: Path, mode: str, busy_timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout,
        isolation_level=None,  # transactions begin where the code says BEGIN
        check_same_thread=False,  # one thread at a time, not always the same
    )


def migrations() -> Sequence[str]:
    """The SQL of each schema version, the first version first."""
    folder = files("sinks") / "migrations" / "sqlite"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [entry.read_text("utf-8") for entry in found]


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to the newest version: each step in a transaction that also records its number.

    Two processes may do this at once: the second waits, and then finds nothing to do.
    """
    steps = migrations()
    with snapshot(connection):
        if _version(connection, path) == len(steps):
            return
    connection.execute("PRAGMA journal_mode = WAL")
    (usual,) = connection.execute("PRAGMA secure_delete").fetchone()
    connection.execute("PRAGMA secure_delete = ON")  # else what is forgotten later stays in the pages of dropped tables
    for number, script in enumerate(steps, 1):
        with transaction(connection):
            if _version(connection, path) >= number:
                continue
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
    connection.execute(f"PRAGMA secure_delete = {usual}")
    # A step that copies the store leaves a log as large.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The schema version of our store, 0 when it is empty. Asked within a transaction: another process may be at it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
            raise Misconfigured(f"{path} is a database of another program: choose another path for the ticket store")
        return 0
    known = len(migrations())
    if version > known:
        raise Misconfigured(
            f"the ticket store {path} has schema version {version}, and this Switchboard knows only {known}: "
            "run the newer Switchboard, or restore the backup from before the update"
        )
    return int(version)


def _check_current(connection: sqlite3.Connection, path: Path) -> None:
    with snapshot(connection):
        version = _version(connection, path)
    if version < len(migrations()):
        raise Misconfigured(
            f"the ticket store {path} was made by an older Switchboard: start the pipeline once to update it"
        )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; one may hold semicolons (a trigger does)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Takes the write lock at once: a lock that is upgraded later can fail without waiting."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements inside read the same state, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Names SQLite's errors about the store by what to do; errors about one row pass through."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY:
            raise Retriable(f"the ticket store {path} is locked by another process: it is tried again") from error
        if code in _FULL:
            raise Retriable(f"the ticket store {path} cannot grow ({error}): free space on its disk") from error
        if code in _DAMAGED:
            raise Misconfigured(
                f"the ticket store {path} is damaged or no database ({error}): move it away and restore a backup, or "
                "let deliver fill a new one from the topic tickets.routed"
            ) from error
        if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
            raise _unusable(path, error) from error
        raise


def _unusable(path: Path, error: Exception) -> Misconfigured:
    return Misconfigured(
        f"the ticket store {path} cannot be written ({error}): let this user write the file and its folder, "
        "or choose another path"
    )
