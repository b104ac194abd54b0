"""The Date header: RFC 5322 section 3.3, its obsolete forms (4.3), and what else senders write there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

MAX_DATE = 200  # characters

_USUAL = re.compile(
    r"(?:[A-Za-z]{2,9}\.?,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]*\.?,?[\s-]+(\d{4})\s+"
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(?:([+-])(\d{2}):?(\d{2})|(GMT|UTC?|Z)\b|$)",
)
_MONTHS = {
    name: at
    for at, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}
_FIRST_YEAR = 1900  # no mail is older; what says so says nothing
_COMMENT = re.compile(r"\([^()]*\)")
_MARKS = re.compile(r"^(?:\ufeff|\s|\")+|[\s\"]+$")


def parse(text: str) -> datetime | None:
    """The time in UTC, None when no time can be read. A time without a zone is taken as UTC. Never raises."""
    text = text[:MAX_DATE]
    hit = _USUAL.match(text)
    if hit and hit[2].lower() in _MONTHS:
        offset = int(hit[8]) * 60 + int(hit[9]) if hit[8] else 0
        return _time(
            (int(hit[3]), _MONTHS[hit[2].lower()], int(hit[1]), int(hit[4]), int(hit[5]), int(hit[6] or 0)),
            -offset if hit[7] == "-" else offset,
        )
    while (bare := _COMMENT.sub(" ", text)) != text:
        text = bare
    text = _MARKS.sub("", text)
    return _obsolete(text) or _iso(text)


def _obsolete(text: str) -> datetime | None:
    """Two-digit years, zone names, other orders: what `email.utils` has learned to read."""
    try:
        found = parsedate_tz(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if found is None:
        return None
    year, month, day, hour, minute, second = found[:6]
    return _time((year, month, day, hour, minute, second), (found[9] or 0) // 60)


def _iso(text: str) -> datetime | None:
    """ISO 8601, which some programs send."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _time(parts: tuple[int, int, int, int, int, int], offset: int) -> datetime | None:
    year, month, day, hour, minute, second = parts
    if 100 <= year < 200:
        year += 1900  # RFC 5322 section 4.3: a year of three digits counts from 1900
    if year < _FIRST_YEAR:
        return None
    try:
        zone = timezone(timedelta(minutes=offset)) if abs(offset) < 24 * 60 else UTC
        # A leap second (60) is the last one we can say.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
