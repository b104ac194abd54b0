"""Durations on the command line, as Prometheus and Go write them: ``90s``, ``5m``, ``1h30m``, ``2d``."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_WHOLE = re.compile(r"(?:\d+[dhms])+")
_PART = re.compile(r"(\d+)([dhms])")


def duration(text: str) -> timedelta:
    """The duration that a text says; a number without a unit is seconds."""
    if text.isdecimal():
        return timedelta(seconds=int(text))
    if not _WHOLE.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no duration: write 90s, 5m, 1h30m or 2d")
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta())
