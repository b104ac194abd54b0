"""How commands show things: a table for people, JSON lines for programs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

# JSON escapes the older control characters only; these drive terminals too, or turn the order of what is read.
_DRIVING = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
WIDE = 240  # of a pipe or a file: what is cut there can be found by no program
STDOUT = Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=WIDE)
STDERR = Console(stderr=True) if sys.stderr.isatty() or "COLUMNS" in os.environ else Console(stderr=True, width=WIDE)
WHOLE = frozenset({"id", "ticket", "status", "state", "priority", "channel", "stage", "source", "adds up", "setting"})
"""Columns that are never cut: what people copy, count and search for."""
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line, for programs.")]
COLOURS = {
    "urgent": "bold red", "high": "yellow", "low": "dim", "open": "green", "closed": "dim", "suppressed": "dim",
    "merged": "dim", "running": "green", "waiting": "yellow", "failing": "bold red", "stopped": "dim",
    "silent": "bold red", "never ran": "dim",
}  # fmt: skip


def lines(items: Iterable[Any]) -> None:
    """Each item as a JSON document on a line of its own."""
    for item in items:
        sys.stdout.write(_DRIVING.sub(_escaped, msgspec.json.encode(item).decode()) + "\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "nothing") -> Table | Text:
    """Rows under a title; a column whose name ends with ``#`` holds numbers. `empty` is said when there are none."""
    found = list(rows)
    if not found:
        return Text(empty, style="dim")
    made = Table(
        title=title, title_justify="left", title_style="bold", header_style="dim", box=None, padding=(0, 2, 0, 0)
    )
    for column in columns:
        number = column.endswith("#")
        whole = number or column in WHOLE
        made.add_column(
            column.removesuffix("#"),
            justify="right" if number else "left",
            no_wrap=whole,
            overflow="fold",
            min_width=_width(column, found, columns) if whole else 6,
        )
    for row in found:
        made.add_row(*(_cell(value) for value in row))
    return made


def _width(column: str, rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> int:
    at = columns.index(column)
    return max(len(column.removesuffix("#")), *(_cell(row[at]).cell_len for row in rows))


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that says enough."""
    if at is None:
        return "never"
    seconds = max(0, int(((now or datetime.now(UTC)) - at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _cell(value: Any) -> Text:
    text = ago(value) if isinstance(value, datetime) else "" if value is None else str(value)
    shown = clean(text)
    return Text(shown, style=COLOURS.get(shown, ""))


def clean(text: str, *, lines: bool = False) -> str:
    """What customers wrote, without the control characters that would drive the terminal; `lines` keeps line ends and tabs."""
    kept = "\n\t" if lines else ""
    return "".join(c if c.isprintable() or c in kept else " " for c in text)


def quoted(text: str) -> str:
    """The same for a line with markup of ours in it: what looks like markup in the text is shown as it is."""
    return escape(clean(text))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
