"""Ids of X hold the millisecond in which they were made (snowflake): https://docs.x.com/fundamentals/x-ids.

They are 64 bits wide and come as strings; a float, and so JavaScript's and many a JSON reader's number, cannot hold them.
"""

from __future__ import annotations

from datetime import UTC, datetime

_EPOCH_MS = 1_288_834_974_657
_SHIFT = 22
_FIRST = 1 << 35
"""Smaller ids were counted up, before November 2010, and tell no time."""


def number(text: str) -> int:
    """An id as a number, 0 when it is none."""
    return int(text) if len(text) <= 20 and text.isascii() and text.isdigit() else 0


def at(seconds: float) -> int:
    """The smallest id of a moment (seconds since 1970)."""
    return max(0, int(seconds * 1000) - _EPOCH_MS) << _SHIFT


def seconds(text: str) -> float | None:
    """When an id was made, in seconds since 1970; None when it does not tell."""
    value = number(text)
    return ((value >> _SHIFT) + _EPOCH_MS) / 1000 if value >= _FIRST else None


def moment(text: str) -> datetime | None:
    """The same, aware."""
    found = seconds(text)
    return None if found is None else datetime.fromtimestamp(found, UTC)
