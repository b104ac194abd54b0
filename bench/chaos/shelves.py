"""Which marks a ticket store holds, looked at again and again while it is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import psycopg

from bench.chaos.plan import marks


class Shelf(Protocol):
    """A store that cannot be read now holds what it held at the last look."""

    def look(self) -> set[str]:
        """All marks until now."""
        ...


class SqliteShelf:
    """The file at `path`, read on from the last message."""

    def __init__(self, path: Path) -> None:
        self._uri = f"file:{path}?mode=ro"
        self._number = 0
        self._marks: set[str] = set()

    def look(self) -> set[str]:
        """All marks until now."""
        try:
            connection = sqlite3.connect(self._uri, uri=True, timeout=2)
        except sqlite3.OperationalError:
            return self._marks
        try:
            rows = connection.execute(
                "SELECT number, text FROM message_rows WHERE number > ?", (self._number,)
            ).fetchall()
        except sqlite3.OperationalError:
            return self._marks
        finally:
            connection.close()
        for number, text in rows:
            self._number = max(self._number, number)
            self._marks.update(marks(text))
        return self._marks


class PostgresShelf:
    """The database at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._marks: set[str] = set()

    def look(self) -> set[str]:
        """All marks until now."""
        try:
            with psycopg.connect(self._url, connect_timeout=2) as connection:
                rows = connection.execute("SELECT text FROM switchboard.message_rows").fetchall()
        except psycopg.Error:
            return self._marks
        self._marks = {mark for (text,) in rows for mark in marks(text)}
        return self._marks


class Shelves:
    """What all of several stores hold."""

    def __init__(self, shelves: Sequence[Shelf]) -> None:
        self._shelves = shelves

    def look(self) -> set[str]:
        """All marks that are in each of them."""
        first, *others = self._shelves
        return first.look().intersection(*(shelf.look() for shelf in others))
