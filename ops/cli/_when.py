"""Moments and days as options: in UTC, as everything on the topics is; or how long ago, as durations are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.cli._duration import duration

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def when(text: str) -> datetime:
    """The moment that a text says, without its zone, which is UTC; a duration is so long before now."""
    for each in FORMATS:
        try:
            return datetime.strptime(text, each)  # noqa: DTZ007 - `utc` gives it its zone
        except ValueError:
            continue
    try:
        if not text.isdecimal():  # 20261101 would be seconds
            return (datetime.now(UTC) - duration(text)).replace(tzinfo=None)
    except (typer.BadParameter, OverflowError):
        pass
    raise typer.BadParameter(
        f"{text!r} is no moment: write 2026-11-01, 2026-11-01T08:30 (UTC), or how long ago, as 12h or 7d"
    )


Since = Annotated[
    datetime | None, typer.Option(parser=when, metavar="WHEN", help="From this moment (UTC) on, or 7d ago.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=when, metavar="WHEN", help="Before this moment (UTC), or 7d ago.")
]


def utc(moment: datetime | None) -> datetime | None:
    """What was given, as an aware time."""
    return None if moment is None else moment.replace(tzinfo=UTC)


def told(moment: datetime) -> str:
    """A moment for people, with its zone."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
