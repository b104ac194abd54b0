"""Values of an item as texts, times and addresses of files; whatever is guessed or cut is noted. Pure, and never raises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors._mapping.expressions import FAILED
from connectors._media import Wanted
from normalizer.mail import dates

Notes = set[str]

MOST_TEXT = 256 * 1024  # characters
MOST_PARENTS = 50
MOST_FILES = 10
_MOST_URL = 2_000
_FUTURE = timedelta(days=1)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no message is older; 0 is how programs write that they do not know
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_NUMBER = re.compile(r"-?\d{1,19}(\.\d{1,9})?")


def text(value: Any, name: str, notes: Notes, most: int = MOST_TEXT) -> str:
    """A text of several lines: numbers and truth as JSON, a list of them line by line, whatever else as JSON too."""
    if value is None or value is FAILED:
        if value is FAILED:
            notes.add(f"unmapped:{name}")
        return ""
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        value = "\n".join(map(_plain, value))
    elif isinstance(value, list | dict):
        notes.add(f"not-text:{name}")
    found = _plain(value)
    clean = _CONTROL.sub("", found.replace("\r\n", "\n").encode("utf-8", "replace").decode()).strip()
    if len(clean) < len(found.strip().replace("\r\n", "\n")):
        notes.add("control-characters")
    if len(clean) > most:
        notes.add(f"{name}-cut")
    return clean[:most]


def line(value: Any, name: str, notes: Notes, most: int = 1_000) -> str:
    """A text on one line."""
    return " ".join(text(value, name, notes).split())[:most]


def texts(value: Any, name: str, notes: Notes) -> tuple[str, ...]:
    """Several texts, or one alone."""
    listed = value if isinstance(value, list) else [value]
    found = (line(each, name, notes) for each in listed[:MOST_PARENTS])
    return tuple(dict.fromkeys(each for each in found if each))


def moment(value: Any, received_at: datetime, notes: Notes) -> datetime | None:
    """A time in UTC; one without a zone is taken as UTC. None, with a note, when it cannot be read."""
    if value is None or value == "":
        return None
    found = _moment(value)
    if found is None or found < _EARLIEST:
        notes.add("date-unreadable")
        return None
    if found > received_at + _FUTURE:
        notes.add("future-date")
    return found


def files(value: Any, notes: Notes) -> tuple[Wanted, ...]:
    """The files that an item names: addresses, or objects with ``url``, ``name`` and ``content_type``."""
    listed = value if isinstance(value, list) else [value]
    found = [each for each in map(_file, listed) if each]
    if value is FAILED or len(found) < sum(bool(each) for each in listed):
        notes.add("unmapped:attachments")
    if len(found) > MOST_FILES:
        notes.add("attachments-cut")
    return tuple(found[:MOST_FILES])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, str):
        return dates.parse(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Today's Unix time has 10 digits in seconds, 13 in milliseconds, 16 in microseconds, 19 in nanoseconds.
    scale = next((scale for scale in (1e9, 1e6, 1e3) if abs(value) >= 1e8 * scale), 1)
    try:
        return datetime.fromtimestamp(value / scale, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _file(value: Any) -> Wanted | None:
    told = value if isinstance(value, dict) else {"url": value}
    url, name, kind = (told.get(each) or "" for each in ("url", "name", "content_type"))
    if not _are_texts((url, name, kind)) or not url or len(url) > _MOST_URL:
        return None
    return Wanted(_valid(url), _valid(name), _valid(kind))


def _are_texts(values: Iterable[Any]) -> bool:
    return all(isinstance(each, str) for each in values)


def _valid(value: str) -> str:
    return _CONTROL.sub("", value.encode("utf-8", "replace").decode())
