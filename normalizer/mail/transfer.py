"""Content-Transfer-Encoding undone: RFC 2045 section 6, read as forgivingly as it is written."""

from __future__ import annotations

import binascii
import re

MAX_BLOCKS = 1000  # base64 texts in a row

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
_WORDS = re.compile(rb"\S \S")
_UU = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_NAMES = {"x-uuencode", "uuencode", "x-uue", "uue"}


def decode(data: bytes, encoding: str) -> tuple[bytes, str]:
    """The content, and ``transfer-encoding`` when it was not what its header says. Never raises."""
    name = encoding.strip(" \t\"';:").lower()
    if name in ("", "7bit", "8bit", "binary"):
        return data, ""
    if name in ("base64", "b"):
        return _base64(data)
    if name in ("quoted-printable", "q", "quoted_printable"):
        return _quoted_printable(data), ""
    if name in _UU_NAMES:
        return uu(data)
    return data, "" if name.endswith("bit") or name.startswith(("7", "8")) else "transfer-encoding"


def _base64(data: bytes) -> tuple[bytes, str]:
    """Base64 with whatever is between the lines; what follows the padding is not ours (a footer, mostly)."""
    compact = data.translate(None, b" \t\r\n")
    if len(compact) % 4 == 0:
        try:
            return binascii.a2b_base64(compact, strict_mode=True), ""
        except binascii.Error:
            pass
    head, padding, rest = data.partition(b"=")
    if _WORDS.search(head, 0, 200):
        return data, "transfer-encoding"  # plain text that says it is base64
    note = ""
    if padding:
        more = rest.translate(None, b" \t\r\n").lstrip(b"=")
        if more and len(more) % 4 == 0 and not _WORDS.search(rest, 0, 200):
            return _joined_blocks(compact)
        compact = head.translate(None, b" \t\r\n")
    letters = _NOT_BASE64.sub(b"", compact)
    if len(letters) != len(compact):
        note = "transfer-encoding"
        if len(letters) * 10 < len(compact) * 9:
            return data, note
    if len(letters) % 4 == 1:
        letters = letters[:-1]
        note = "transfer-encoding"
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)), note


def _joined_blocks(compact: bytes) -> tuple[bytes, str]:
    """Several base64 texts in a row, each with its own padding."""
    found = bytearray()
    for block in re.split(rb"=+", compact, maxsplit=MAX_BLOCKS):
        letters = _NOT_BASE64.sub(b"", block)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        found += binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    return bytes(found), "transfer-encoding"


def _quoted_printable(data: bytes) -> bytes:
    return binascii.a2b_qp(data) if b"=" in data else data


def uu(data: bytes) -> tuple[bytes, str]:
    """The content of the first uuencoded block (POSIX uuencode); `data` itself when there is none."""
    begin = _UU.search(data)
    if begin is None:
        return data, "transfer-encoding"
    return uu_lines(data[begin.end() :].splitlines(), base64=begin[1] is not None)


def uu_lines(lines: list[bytes], *, base64: bool) -> tuple[bytes, str]:
    """The content of uuencoded `lines`, up to ``end``. Broken lines are left out and noted."""
    if base64:
        body = b"".join(lines).partition(b"====")[0]
        return _base64(body)
    found = bytearray()
    note = ""
    for line in lines:
        if line.strip() == b"end":
            break
        try:
            found += binascii.a2b_uu(line)
        except binascii.Error:
            # Trailing junk is common: take the bytes that the length byte promises.
            size = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                found += binascii.a2b_uu(line[:size])
            except binascii.Error:
                note = "transfer-encoding"
    return bytes(found), note
