"""JSON of somebody else, which can be asked for more than it has.

Meta adds fields and changes their types from one API version to the next. A strict schema would refuse a customer's message
for a detail that nobody reads; here what is missing, or is of another type, is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_MOST_SECONDS = 100_000_000_000  # the year 5138: a larger number counts milliseconds
_LONGEST = 32  # characters of a time


class Node:
    """A JSON value. ``node["a"]["b"].text`` is "" when there is no such thing."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, name: str) -> Node:
        return Node(self.value.get(name)) if isinstance(self.value, dict) else NOTHING

    def __bool__(self) -> bool:
        return bool(self.value)

    def __iter__(self) -> Iterator[Node]:
        """The elements of a list; none for anything else."""
        return map(Node, self.value) if isinstance(self.value, list) else iter(())

    @property
    def text(self) -> str:
        """A string as it is, a number in digits, "" for all else."""
        if isinstance(self.value, str):
            return self.value
        number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return str(self.value) if number else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of an object's fields."""
        return tuple(self.value) if isinstance(self.value, dict) else ()

    @property
    def time(self) -> datetime | None:
        """A Unix time in seconds or milliseconds, or an ISO 8601 time; None when it is neither."""
        text = self.text[:_LONGEST]
        try:
            if not text.isascii() or not text.isdigit():
                found = datetime.fromisoformat(text)
                return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
            number = int(text)
            return datetime.fromtimestamp(number if number < _MOST_SECONDS else number / 1000, UTC) if number else None
        except (ValueError, OverflowError, OSError):
            return None


NOTHING = Node(None)
