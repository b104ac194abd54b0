"""Authentication-Results headers taken apart (RFC 8601, section 2.2), in one pass and within bounds."""

from __future__ import annotations

import re

import msgspec

MAX_VALUE = 16 * 1024  # characters of one header that are read
MAX_RESULTS = 64
MAX_NESTING = 10

_RESULT = re.compile(r"\s*([a-z][a-z0-9._-]{0,40})\s*(?:/\s*\d{1,3}\s*)?=\s*([a-z]{1,20})\b", re.IGNORECASE)
_PROPERTY = re.compile(
    r"\b([a-z0-9-]{1,20}\.[a-z0-9_-]{1,40}|action|reason)\s*=\s*(\"[^\"]{0,500}\"|[^\s;]{1,500})", re.IGNORECASE
)


class Result(msgspec.Struct, frozen=True):
    """One method's result: ``dkim``, ``pass``, its properties (``header.d`` …) and the comments beside it."""

    method: str
    value: str
    properties: dict[str, str]
    comment: str


class Results(msgspec.Struct, frozen=True):
    """What one header says. `host` is its authserv-id, "" where it has none (Exchange Online); lower case."""

    host: str
    results: tuple[Result, ...]


def parse(value: str) -> Results:
    """The results in a header's value. What cannot be read is left out; never raises."""
    segments = _segments(value[:MAX_VALUE])
    if segments and segments[0][0].strip().lower().startswith("i="):
        segments = segments[1:]  # the instance of an ARC set (RFC 8617, 4.1.1)
    host = "" if not segments or "=" in segments[0][0] else segments[0][0].split("/")[0].strip().strip('"').lower()
    found = (_result(text, comment) for text, comment in segments[1 if host else 0 :][:MAX_RESULTS])
    return Results(host=host.split()[0] if host.split() else "", results=tuple(one for one in found if one is not None))


def _result(text: str, comment: str) -> Result | None:
    matched = _RESULT.match(text)
    if not matched:
        return None
    properties = {name.lower(): content.strip('"') for name, content in _PROPERTY.findall(text[matched.end() :])}
    return Result(matched[1].lower(), matched[2].lower(), properties, comment)


def _segments(value: str) -> list[tuple[str, str]]:
    """What stands between semicolons, each with the comments taken out of it; quoted text is kept as it is."""
    segments: list[tuple[str, str]] = []
    text: list[str] = []
    comments: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == '"' and not depth:
            quoted = not quoted
        elif not quoted and char == "(" and depth < MAX_NESTING:
            depth += 1
            text.append(" ")
            continue
        elif not quoted and char == ")" and depth:
            depth -= 1
            comments.append(" ")
            continue
        elif not quoted and not depth and char == ";":
            segments.append(("".join(text), "".join(comments)))
            text, comments = [], []
            continue
        (comments if depth else text).append(char)
    segments.append(("".join(text), "".join(comments)))
    return segments
