"""Rows as PostgreSQL takes them fastest: one statement for each table and batch, one binary array for each column.

Of five ways that were tried with batches of 500 (docs/decisions/0015-postgresql.md), this one is the fastest that needs no
temporary table. A statement may touch a row once only, so what a batch says of one row is put together before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg import Connection, Cursor

from sinks._inserts import Row

Cell = str | int | bool | None
Cells = Sequence[Cell]

_CASTS = {
    "text": "c{}",
    "bigint": "c{}",
    "boolean": "c{}::int::boolean",
    "time": "c{}::timestamptz",
    "json": "c{}::json",
    "tsvector": "c{}::tsvector",
    # Of whom something is, by the id that the events know.
    "ticket": "(SELECT number FROM tickets WHERE id = c{})",
    "message": "(SELECT number FROM message_ids WHERE id = c{})",
    # A time that is "" while there is none.
    "since": "coalesce(nullif(c{}, ''), '-infinity')::timestamptz",
}
_NUMBERS = {"bigint": "bigint[]", "boolean": "bigint[]"}


class Insert:
    """An INSERT of many rows into columns of these types: ``table (column, …)``, or all columns of the table in order."""

    def __init__(self, table: str, types: str, conflict: str) -> None:
        kinds = types.split()
        columns = ", ".join(_CASTS[kind].format(number) for number, kind in enumerate(kinds))
        names = ", ".join(f"c{number}" for number in range(len(kinds)))
        arrays = ", ".join(f"%b::{_NUMBERS.get(kind, 'text[]')}" for kind in kinds)
        self._statement = f"INSERT INTO {table} SELECT {columns} FROM unnest({arrays}) AS rows ({names}) {conflict}"  # noqa: S608 - ours

    def __call__(self, connection: Connection[Any], rows: Iterable[Cells]) -> Cursor[Any] | None:
        """Insert rows; what the statement returns can be fetched."""
        return with_columns(connection, self._statement, rows)


def with_columns(connection: Connection[Any], statement: str, rows: Iterable[Cells]) -> Cursor[Any] | None:
    """Execute a statement over rows, given as one array for each column; nothing is done for no rows.

    In a pipeline it is only sent: the server is at it while the next rows are made, and errors come later.
    """
    columns = [list(column) for column in zip(*rows, strict=True)]
    return connection.execute(statement.encode(), columns) if columns else None


def together(rows: Iterable[Row], key: Callable[[Row], Any], better: Callable[[Row, Row], bool]) -> list[Row]:
    """One row for each key, the better of each two; ordered, so that two writers lock them in the same order."""
    best: dict[Any, Row] = {}
    for row in rows:
        found = best.setdefault(key(row), row)
        if found is not row and better(row, found):
            best[key(row)] = row
    return [best[each] for each in sorted(best)]


def without_nul(row: Cells) -> Cells:
    """A row that PostgreSQL can take: its texts cannot hold the character NUL, which becomes U+FFFD."""
    return tuple(cell.replace("\x00", "\ufffd") if isinstance(cell, str) else cell for cell in row)
