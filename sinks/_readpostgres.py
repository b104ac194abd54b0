"""Reading a ticket store in PostgreSQL: its times, truth values and JSON as the texts and numbers that SQLite has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.string import TextLoader

from sinks._lexemes import matching
from sinks._postgres import Where, named, open_reader
from sinks._reader import Reader

_NAMED = re.compile(r"(?<![:\w]):(\w+)")


class _Moment(Loader):
    """``2026-01-05 09:00:00.5+00``, as a connection in UTC gives it, as `sinks._rows.moment` writes it."""

    def load(self, data: Buffer) -> str:
        found = bytes(data).decode()
        if found == "-infinity":
            return ""
        at, _, fraction = found.removesuffix("+00").replace(" ", "T").partition(".")
        return f"{at}.{fraction:0<6}+00:00"


class _Number(Loader):
    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class PostgresReader(Reader):
    """The store in the database at `url`."""

    among: ClassVar[str] = "= ANY (:list)"

    def __init__(self, url: str) -> None:
        self._where = Where(url)
        self._connection = open_reader(self._where)
        for kind, loader in (("timestamptz", _Moment), ("bool", _Number), ("json", TextLoader)):
            self._connection.adapters.register_loader(kind, loader)

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with named(self._where):
            return self._connection.execute(translated(statement), values).fetchall()

    def every(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """What a statement finds, by a cursor of the server, so that a large table is never held whole."""
        with self._connection.cursor(name="every") as cursor:
            cursor.itersize = 1000
            cursor.execute(statement.encode())
            yield from cursor

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One transaction whose statements all see the same."""
        with named(self._where), self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    def listed(self, values: Sequence[str]) -> list[str]:
        """An array."""
        return list(values)

    def search(self, query: str, columns: str, limit: int) -> list[tuple[Any, ...]]:
        """By the GIN index; a word in the subject weighs most, then the sender."""
        if not (expression := matching(query)):
            return []
        return self.rows(
            f"""SELECT {columns} FROM messages m JOIN tickets t ON t.id = m.ticket_id
              WHERE m.words @@ CAST(:expression AS tsquery)
              ORDER BY ts_rank('{{0.25, 0.25, 0.5, 1}}', m.words, CAST(:expression AS tsquery)) DESC, m.id
              LIMIT :limit""",  # noqa: S608 - ours
            {"expression": expression, "limit": limit},
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def translated(statement: str) -> bytes:
    """A statement with its named values as psycopg writes them."""
    return _NAMED.sub(r"%(\1)s", statement.replace("%", "%%")).encode()
