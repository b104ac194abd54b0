"""Where an item of a growing file begins and ends: a line, or a mail of an mbox. Memory is bounded by one piece of a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

Span = tuple[int, int]
"""The first byte of an item, and the first one after it."""

_PIECE = 64 * 1024
_LONGEST_LAST_LINE = 900_000
_FROM = re.compile(rb"From .*\d\d:\d\d")  # RFC 4155: an address and a date in asctime's form
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def lines(file: BinaryIO, start: int, *, quiet: bool) -> Iterator[Span]:
    """The lines from `start` on. Half a line is none; without its line end the last one is whole when it is a whole JSON
    object and nobody writes any more (`quiet`).
    """
    file.seek(start)
    at = start
    while piece := file.readline(_PIECE):
        at += len(piece)
        if piece.endswith(b"\n"):
            yield start, at
            start = at
    if quiet and start < at <= start + _LONGEST_LAST_LINE:
        file.seek(start)
        if _is_object(file.read(at - start)):
            yield start, at


def mails(file: BinaryIO, start: int, *, quiet: bool) -> Iterator[Span]:
    """The mails of an mbox from `start` on, each with its ``From `` line. The last one is whole when nobody writes any more.

    A line is the beginning of a mail when it looks like one and is the first of the file or follows an empty line.
    """
    file.seek(start)
    at, begin = start, -1
    empty = fresh = True  # the line before was empty; this piece begins a line
    while piece := file.readline(_PIECE):
        if fresh and empty and _FROM.match(piece):
            if begin >= 0:
                yield begin, at
            begin = at
        elif begin < 0 and piece.strip():
            begin = at
        empty, fresh = fresh and not piece.strip(b"\r\n"), piece.endswith(b"\n")
        at += len(piece)
    if quiet and begin >= 0:
        yield begin, at


def begins_mail(file: BinaryIO, start: int) -> bool:
    """Whether a mail begins at `start`, or only line ends are left. If not, another program has rewritten the mbox."""
    file.seek(start)
    while piece := file.readline(_PIECE):
        if piece.strip():
            return _FROM.match(piece) is not None
    return True


def unquoted(mail: bytes) -> bytes:
    """A mail without its ``From `` line, the line end that parts it from the next, and mbox's quoting (mboxrd, mboxo)."""
    if _FROM.match(mail):
        mail = mail.partition(b"\n")[2]
    for end in (b"\r\n\r\n", b"\n\n"):
        if mail.endswith(end):
            mail = mail[: -len(end) // 2]
            break
    return _QUOTED.sub(rb"\1", mail)


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
