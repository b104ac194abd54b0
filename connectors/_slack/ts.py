"""Slack's timestamps: ``1355517523.000005`` is a message's id in its channel, its time, and the place in a history.

They are strings. As a float the last digits are lost, and two messages become one
(https://docs.slack.dev/messaging/retrieving-messages#individual_messages).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_TS = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def order(ts: str) -> tuple[int, int]:
    """What timestamps are compared by; (0, 0) for text that is none."""
    found = _TS.fullmatch(ts)
    return (int(found[1]), int((found[2] or "").ljust(9, "0"))) if found else (0, 0)


def moment(ts: str) -> datetime | None:
    """The time, to the microsecond; None for text that is no timestamp."""
    found = _TS.fullmatch(ts)
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(seconds=int(found[1]), microseconds=int((found[2] or "").ljust(6, "0")[:6]))
    except OverflowError:
        return None


def of(at: datetime) -> str:
    """The timestamp of a time."""
    since = at - _EPOCH
    return f"{since.days * 86400 + since.seconds}.{since.microseconds:06d}"


def newest(*several: str) -> str:
    """The latest of some timestamps, "" when there is none."""
    return max(several, key=order, default="")
