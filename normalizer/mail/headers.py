"""Where the headers end, and what they say: RFC 5322 section 2.2, and what senders make of it."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_HEADER_BYTES = 256 * 1024
MAX_HEADERS = 2000

_ENVELOPE = (b"From ", b">From ")
_NAME = re.compile(rb"([!-9;-~]{1,100}?)[ \t]*:")
_BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_BREAK = re.compile(rb"\r\n?|\n")
# A field with its folded lines: name, value, and the break before the next field. The group is not possessive: CPython
# before 3.11.5 then forgets to try CR alone. Nothing is gained by it either, since a break follows or the end.
_FIELD = re.compile(rb"([!-9;-~]{1,100}?)[ \t]*:([^\r\n]*+(?:(?:\r\n?|\n)[ \t][^\r\n]*+)*)(?:\r\n?|\n|\Z)")
_CONTROL = bytes({*range(0x20)} - set(b"\t\n\x1b"))  # but ESC, which ISO-2022-JP needs
_UNSEEN = bytes({*range(0x20), 0x7F} - set(b"\t\r\n"))

# Any mail has one of these fields (RFC 5322, RFC 2045, and what is added on the way).
_USUAL = {
    *("from", "to", "cc", "bcc", "subject", "date", "message-id", "received", "return-path", "mime-version"),
    *("sender", "reply-to", "in-reply-to", "references", "delivered-to", "envelope-to", "apparently-to", "status"),
    *("user-agent", "errors-to", "precedence", "auto-submitted", "authentication-results", "dkim-signature"),
}
_USUAL_STARTS = ("x-", "content-", "resent-", "list-", "received-", "arc-", "thread-")


class Block(NamedTuple):
    """The headers of one entity: names as written with raw unfolded values, where its body starts, what was odd."""

    fields: list[tuple[str, bytes]]
    body: int
    notes: tuple[str, ...]
    plain: bool = False
    """True when all of it is printable ASCII without encoded words, so that the values are what they stand for."""

    def last(self, name: str) -> bytes:
        """The last field of that lower-case name (RFC 8621 section 4.1.3), empty when there is none."""
        return next((value for key, value in reversed(self.fields) if key.lower() == name), b"")


def split(data: bytes, start: int, end: int) -> Block:
    """The header block of the entity in ``data[start:end]``. Lines may end in CRLF, LF or CR."""
    fields: list[tuple[str, bytes]] = []
    notes: set[str] = set()
    limit = min(end, start + MAX_HEADER_BYTES)
    at = begin = _skip_envelope(data, start, limit)
    # Field after field up to the blank line; what breaks the row of them is looked at more closely below.
    for field in _FIELD.finditer(data, at, _blank(data, at, limit)):
        if field.start() != at or len(fields) == MAX_HEADERS:
            break
        name, value = field.group(1, 2)
        fields.append((name.decode("ascii"), _unfold(value)))
        at = field.end()
    while at < limit:
        hit = _FIELD.match(data, at, limit)
        if hit is None:
            line_end, after = line(data, at, limit)
            if line_end == at:
                return Block(fields, after, tuple(sorted(notes)), _is_plain(data[begin:at]))
            if not _goes_on(data, after, limit) or (not fields and data[at] not in b" \t"):
                notes.add("no-blank-line")
                return Block(fields, at, tuple(sorted(notes)))
            notes.add("header-junk")
            at = after
            continue
        if len(fields) < MAX_HEADERS:
            fields.append((hit[1].decode("ascii"), _unfold(hit[2])))
        else:
            notes.add("header-cut")
        at = hit.end()
    if at < end:
        notes.add("header-cut")
        blank = _BLANK.search(data, limit, end)
        at = blank.end() if blank else at
    return Block(fields, min(at, end), tuple(sorted(notes)))


def split_mail(data: bytes) -> Block:
    """The header block of a whole mail. Lines like "Note: …" at the top of a bare text are text, not headers."""
    block = split(data, 0, len(data))
    names = [name.lower() for name, _ in block.fields]
    if not names or data.startswith(_ENVELOPE) or any(_is_usual(name) for name in names):
        return block
    return Block([], _skip_envelope(data, 0, len(data)), ("no-blank-line",))


def _is_usual(name: str) -> bool:
    return name in _USUAL or name.startswith(_USUAL_STARTS)


def line(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """Where the line at `at` ends, and where the next begins."""
    found = _BREAK.search(data, at, limit)
    return found.span() if found else (limit, limit)


def _skip_envelope(data: bytes, at: int, limit: int) -> int:
    """Past byte order mark, blank lines and the "From " line of an mbox file (RFC 4155)."""
    if data.startswith(b"\xef\xbb\xbf", at):
        at += 3
    if data.startswith(_ENVELOPE, at):
        return line(data, at, limit)[1]
    return at


def _blank(data: bytes, at: int, limit: int) -> int:
    """Where the first blank line is, else `limit`."""
    for line_break in (b"\n", b"\r\n", b"\r"):
        found = data.find(line_break * 2, at, limit)
        if found >= 0:
            limit = found + len(line_break)
    return limit


def _is_plain(block: bytes) -> bool:
    return block.isascii() and b"=?" not in block and len(block.translate(None, _UNSEEN)) == len(block)


def _goes_on(data: bytes, at: int, limit: int) -> bool:
    """True when the line at `at` is a header, so that the junk before it did not end the block."""
    if at >= limit:
        return False
    line_end, _ = line(data, at, limit)
    return line_end > at and _NAME.match(data, at, line_end) is not None


def _unfold(value: bytes) -> bytes:
    value = value.strip(b" \t\r\n")
    if b"\n" in value or b"\r" in value:
        value = b" ".join(each.strip(b" \t") for each in value.splitlines())
    return value.translate(None, _CONTROL)
