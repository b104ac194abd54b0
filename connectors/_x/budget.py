"""How many requests X still takes, and how long to wait so that they last until it takes new ones.

https://docs.x.com/x-api/fundamentals/rate-limits: each endpoint has a window of 15 minutes, some have one of 24 hours too;
every answer says what is left (``x-rate-limit-remaining``) and when the window ends (``x-rate-limit-reset``, an epoch).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

_WINDOWS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")
_LONGEST = 86_400.0


class Budget(msgspec.Struct, frozen=True):
    """`remaining` requests until `left` seconds from now."""

    remaining: int
    left: float


def budgets(headers: Mapping[str, str]) -> tuple[Budget, ...]:
    """What the headers of an answer say; none for a window that is not told, or told as nonsense."""
    now = server_time(headers)
    found = []
    for window in _WINDOWS:
        remaining, reset = _integer(headers, f"{window}-remaining"), _integer(headers, f"{window}-reset")
        if remaining is not None and reset is not None:
            found.append(Budget(remaining, min(_LONGEST, max(0.0, reset - now))))
    return tuple(found)


def poll_pause(known: tuple[Budget, ...], at_least: float) -> float:
    """The seconds between two polls that let what remains last until the window ends."""
    return max([at_least, *(each.left / max(1, each.remaining) for each in known)])


def page_pause(known: tuple[Budget, ...]) -> float:
    """The seconds between two pages of a chain: none, until nothing remains."""
    return max([0.0, *(each.left for each in known if each.remaining <= 0)])


def refused_pause(headers: Mapping[str, str]) -> float | None:
    """The seconds until a refused request (429) may be sent again; None when X does not tell."""
    known = budgets(headers)
    spent = [each.left for each in known if each.remaining <= 0] or [each.left for each in known[:1]]
    if spent:
        return max(1.0, *spent)
    reset = _integer(headers, "x-rate-limit-reset")
    if reset is not None:
        return min(_LONGEST, max(1.0, reset - server_time(headers)))
    after = _integer(headers, "retry-after")
    return None if after is None else min(_LONGEST, max(1.0, float(after)))


def server_time(headers: Mapping[str, str]) -> float:
    """The other side's clock (Date, RFC 9110 section 6.6.1), since ours may go wrong; ours when it does not tell."""
    try:
        told: datetime | None = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        told = None
    return time.time() if told is None or told.tzinfo is None else told.timestamp()


def _integer(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
