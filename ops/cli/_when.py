"""Moments and days as options: in UTC, as everything on the topics is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

Since = Annotated[datetime | None, typer.Option(formats=FORMATS, metavar="WHEN", help="From this moment on (UTC).")]
Until = Annotated[datetime | None, typer.Option(formats=FORMATS, metavar="WHEN", help="Before this moment (UTC).")]


def utc(moment: datetime | None) -> datetime | None:
    """What was given, as an aware time."""
    return None if moment is None else moment.replace(tzinfo=UTC)
