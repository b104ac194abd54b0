"""Hostile inputs from good ones: bytes, JSON, forms and mail headers, changed by a seeded generator.

The same seed gives the same inputs. Changes know the structure of what they change, since bytes that are thrown at a parser
at random seldom get past its first line.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, quote_plus

import msgspec

LARGEST = 64 * 1024

TOKENS: Sequence[bytes] = (
    b"\0", b"\r\n", b"\r\n\r\n", b"\n.\n", b"\x1b[2J", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    b"\xe2\x80\xae", b"\xef\xbb\xbf", b"=?utf-8?B?4pyT?=", b"=?x?Q?=FF?=", b"=?utf-8?B?", b"%00", b"%ff", b"&", b"=", b";",
    b"<", b">", b'"', b"'", b"\\", b"[" * 2000, b"{" * 600, b'{"a":' * 400, b"(" * 500, b"<div>" * 800, b"> " * 300,
    b"-1", b"0", b"9" * 400, b"1e999", b"NaN", b"18446744073709551616", b"-9223372036854775809", b"0.1e-400",
    b"9999-12-31T23:59:59Z", b"0001-01-01T00:00:00+23:59", b"2026-02-30", b"Thu, 99 Foo 99999 99:99:99 +9999",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"--b--",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: attachment; filename*=utf-8''%00\r\n",
    b"From: <@,@:;>\r\n", b"References: " + b"<a@b> " * 200 + b"\r\n", b"begin 644 x\n", b"\x78\x9f\x3e\x22", b"@", b"+49",
    b"\\ud800", b"\\u0000", b"null", b"true", b"[]", b"{}", b"../../etc/passwd", b"http://[::1/", b"<script>",
)  # fmt: skip
_ODD: Sequence[Any] = (
    None, True, False, 0, -1, 1 << 53, 1 << 64, -(1 << 63), 0.5, 1e300, "", "\0", "\ud7ff", "x" * 5000, [], {}, [[]],
    {"": ""}, ["x"] * 300, {str(n): n for n in range(200)}, "9999-12-31T23:59:59Z", "1767323045", "<script>", "=1+1",
    "+4915112345678", "ann@example.org", "\x1b[31m", "\u202e", "http://169.254.169.254/", "1" * 400,
)  # fmt: skip
TYPES = (
    "", "text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=b", "application/cloudevents-batch+json", "application/cloudevents+json", "message/rfc822",
    "a/b; charset=\x00", "application/json; charset=utf-16", "*/*", "x" * 400,
)  # fmt: skip


class Mutator:
    """Changes to inputs, drawn from one seed."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def body(self, seeds: Sequence[bytes]) -> bytes:
        """An input made of one of the seeds, or of two."""
        found = self.random.choice(seeds)[:LARGEST]
        if self.random.random() < 0.5:
            found = self._structured(found)
        for _ in range(self.random.choice((0, 1, 1, 2, 3, 6))):
            found = self._changed(found, seeds)
        return found[:LARGEST]

    def text(self, text: str) -> str:
        """A header or an attribute, changed; what Kafka and HTTP carry as bytes."""
        drawn = self.random.random()
        if drawn < 0.7:
            return text
        if drawn < 0.8:
            return ""
        return self._changed(text.encode("utf-8", "surrogateescape"), [b"x"]).decode("utf-8", "surrogateescape")

    def content_type(self, usual: str) -> str:
        """Mostly the right one."""
        return usual if self.random.random() < 0.8 else self.random.choice(TYPES)

    def _changed(self, found: bytes, seeds: Sequence[bytes]) -> bytes:
        draw = self.random
        at = draw.randrange(len(found) + 1)
        end = min(len(found), at + draw.choice((1, 2, 8, 64, 1000)))
        match draw.randrange(8):
            case 0:
                return found[:at] + bytes([draw.randrange(256)]) + found[at + 1 :]
            case 1:
                return found[:at] + draw.choice(TOKENS) + found[at:]
            case 2:
                return found[:at] + draw.choice(TOKENS) + found[end:]
            case 3:
                return found[:at] + found[end:]
            case 4:
                return found[:end] + found[at:end] * draw.choice((1, 2, 40)) + found[end:]
            case 5:
                other = draw.choice(seeds)[:LARGEST]
                return found[:at] + other[draw.randrange(len(other) + 1) :]
            case 6:
                return found[:at] + draw.randbytes(draw.choice((1, 4, 32))) + found[at:]
            case _:
                return found[:at]

    def _structured(self, found: bytes) -> bytes:
        if found[:1] in (b"{", b"["):
            try:
                return msgspec.json.encode(self._node(msgspec.json.decode(found), 0))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return found
        if b"=" in found[:80] and b"\n" not in found and b"<" not in found[:20]:
            return self._form(found)
        return self._lines(found)

    def _node(self, value: Any, depth: int) -> Any:
        draw = self.random
        if draw.random() < 0.04 + 0.04 * depth:
            return self._odd(value)
        if isinstance(value, dict):
            made = {name: self._node(each, depth + 1) for name, each in value.items() if draw.random() > 0.03}
            if made and draw.random() < 0.05:
                made[draw.choice(list(made)) + draw.choice(("", "x", "\0"))] = self._odd(None)
            return made
        if isinstance(value, list):
            made_list = [self._node(each, depth + 1) for each in value]
            return made_list * draw.choice((1, 1, 1, 1, 2, 30)) if len(made_list) < 20 and depth < 3 else made_list
        return value

    def _odd(self, value: Any) -> Any:
        if self.random.random() < 0.2:
            for _ in range(self.random.choice((1, 3, 200))):
                value = [value] if self.random.random() < 0.5 else {"a": value}
            return value
        return self.random.choice(_ODD)

    def _form(self, found: bytes) -> bytes:
        fields = parse_qsl(found.decode("latin-1"), keep_blank_values=True)
        made = []
        for name, value in fields:
            drawn = self.random.random()
            if drawn < 0.05:
                continue
            text = str(self.random.choice(_ODD)) if drawn < 0.2 else value
            made.extend([f"{name}={quote_plus(text, errors='replace')}"] * (2 if drawn > 0.97 else 1))
        return "&".join(made).encode()

    def _lines(self, found: bytes) -> bytes:
        draw = self.random
        lines = found.split(b"\n")
        for _ in range(draw.choice((1, 2, 5))):
            at = draw.randrange(len(lines))
            match draw.randrange(5):
                case 0:
                    lines.insert(at, lines[draw.randrange(len(lines))])
                case 1:
                    del lines[at]
                    lines = lines or [b""]
                case 2:
                    lines[at] = (lines[at] * draw.choice((2, 50)))[:LARGEST]
                case 3:
                    lines[at] = b" " + lines[at]
                case _:
                    name, _, _ = lines[at].partition(b":")
                    lines[at] = name + b": " + draw.choice(TOKENS)
        return b"\n".join(lines)
