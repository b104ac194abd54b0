"""Many rows in one statement of SQLite's.

The interpreter's lock is let go for each step of a statement, and asked for again behind it. While the event loop of the process is busy
that takes up to a switch interval (5 ms), so with a step for each row a small batch waited for the lock a hundred times.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import chain

Row = tuple[str | int, ...]

_SIZES = (64, 32, 16, 8, 4, 2, 1)
"""So many rows has a statement: few enough different ones that sqlite3 keeps all of them prepared."""


class Insert:
    """An INSERT into a table: ``row`` is ``(?, …)``, `conflict` what to do with a row that is there."""

    def __init__(self, table: str, row: str, conflict: str = "") -> None:
        self._statements = {
            size: f"INSERT INTO {table} VALUES {', '.join([row] * size)} {conflict}"  # noqa: S608 - ours
            for size in _SIZES
        }

    def __call__(self, connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        """Insert rows, in their order. One that is there twice meets the first as it would in a statement of its own."""
        left = list(rows)
        start = 0
        for size, statement in self._statements.items():
            while len(left) - start >= size:
                connection.execute(statement, list(chain.from_iterable(left[start : start + size])))
                start += size
