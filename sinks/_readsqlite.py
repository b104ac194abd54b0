"""Reading a ticket store in SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from sinks._reader import Reader
from sinks._sqlite import named, open_reader, snapshot
from sinks._words import matching


class SqliteReader(Reader):
    """The store in the file at `path`."""

    among: ClassVar[str] = "IN (SELECT value FROM json_each(:list))"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_reader(path)

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with named(self._path):
            return self._connection.execute(statement, values).fetchall()

    def every(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """What a statement finds, row by row."""
        yield from self._connection.execute(statement)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """One read transaction."""
        with named(self._path), snapshot(self._connection):
            yield

    def listed(self, values: Sequence[str]) -> str:
        """A JSON array."""
        return msgspec.json.encode(values).decode()

    def search(self, query: str, columns: str, limit: int) -> list[tuple[Any, ...]]:
        """By the FTS5 index; a word in the subject weighs most, then the sender."""
        if not (expression := matching(query)):
            return []
        return self.rows(
            f"""SELECT {columns} FROM words JOIN message_rows m ON m.number = words.rowid
              JOIN tickets t ON t.number = m.ticket
              WHERE words MATCH :expression ORDER BY bm25(words, 4.0, 1.0, 2.0), m.id LIMIT :limit""",  # noqa: S608 - ours
            {"expression": expression, "limit": limit},
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
