"""How commands show things: a table for people, JSON lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

STDOUT = Console()
STDERR = Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line, for programs.")]
COLOURS = {
    "urgent": "bold red", "high": "yellow", "low": "dim", "open": "green", "closed": "dim", "suppressed": "dim",
    "merged": "dim", "running": "green", "waiting": "yellow", "failing": "bold red", "stopped": "dim",
}  # fmt: skip


def lines(items: Iterable[Any]) -> None:
    """Each item as a JSON document on a line of its own."""
    for item in items:
        sys.stdout.write(msgspec.json.encode(item).decode() + "\n")
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
        made.add_column(column.removesuffix("#"), justify="right" if number else "left", overflow="ellipsis")
    for row in found:
        made.add_row(*(_cell(value) for value in row))
    return made


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
    # What customers wrote may hold control characters that would drive the terminal.
    clean = "".join(c if c.isprintable() else " " for c in text)
    return Text(clean, style=COLOURS.get(clean, ""))
