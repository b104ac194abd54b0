"""The line that clients put between a new text and an old one: "-----Original Message-----" and its kin."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ahocorasick_rs import BytesAhoCorasick

from normalizer.mail import header_block
from normalizer.mail._phrases import FORWARDED, ORIGINAL, REPLY_ABOVE
from normalizer.mail.header_block import MARKS

_MAX_LENGTH = 160
_DASHES = "-_=*#<>+~\u2013\u2014\u2500\u00b7 \t" + MARKS
_RULES = tuple("-_=*#+~\u2013\u2014\u2500")
_RULED = re.compile(
    r"[-_=*#+~\u2013\u2014\u2500]{2,}[ \t\xa0]*([^-_=*\s].*?)[ \t\xa0]*[-_=*#+~\u2013\u2014\u2500]{2,}[ \t\xa0]*(.*)"
)

Kind = Literal["original", "forwarded", "reply_above"]


class Separator(NamedTuple):
    """What the line says, and what stands behind it on the same line (Yahoo puts all headers there)."""

    kind: Kind
    rest: str


def _index() -> dict[str, Kind]:
    index: dict[str, Kind] = {}
    tables: tuple[tuple[Kind, dict[str, str]], ...] = (("original", ORIGINAL), ("forwarded", FORWARDED))
    for kind, table in tables:
        for row in table.values():
            for phrase in row.split("/"):
                index.setdefault(phrase.strip().casefold(), kind)
    return index


_KIND_OF = _index()
_FIRST_WORDS = frozenset(phrase[:3] for phrase in _KIND_OF)
_FORWARDS = BytesAhoCorasick(sorted(phrase.encode() for phrase, kind in _KIND_OF.items() if kind == "forwarded"))
_LONGEST = max(map(len, _KIND_OF))
_ABOVE = tuple(REPLY_ABOVE.split("/"))
_ABOVE_STARTS = frozenset(phrase[:3] for phrase in _ABOVE)


def find(lines: Sequence[str], at: int) -> Separator | None:
    """The separator in line `at` of bare `lines`, or None.

    The phrase stands between dashes; or it ends with a colon, as in Apple's "Begin forwarded message:"; or it is
    followed by header lines. Between dashes, any other words will do when header lines follow.
    """
    line = lines[at]
    if len(line) < 4:
        return None
    ruled = _RULED.match(line[:_MAX_LENGTH]) if line.startswith(_RULES) else None
    core = (ruled[1] if ruled else line[:_MAX_LENGTH].strip(_DASHES)).strip(MARKS + ":：.*").casefold()
    if _asks_for_reply_above(core):
        return Separator("reply_above", "")
    kind = _kind(core)
    if kind is None:
        return Separator("original", "") if ruled and not ruled[2] and _heads(lines, at, 2) else None
    if ruled:
        return Separator(kind, line[ruled.start(2) :])
    if core in _KIND_OF and ((line[-1] in ":：" and kind == "forwarded") or _heads(lines, at, 1)):
        return Separator(kind, "")
    return Separator(kind, "") if line.startswith("--") and core in _KIND_OF else None


def may_forward(text: str) -> bool:
    """True when a line of `text` may be a separator of a forwarded mail. False is certain."""
    return bool(_FORWARDS.find_matches_as_indexes(text.casefold().encode("utf-8", "surrogatepass")))


def _kind(core: str) -> Kind | None:
    if core[:3] not in _FIRST_WORDS:
        return None
    kind = _KIND_OF.get(core)
    if kind is None:  # "Forwarded by Ann on Monday", "Forwarded message from ann@example.org"
        at = core.find(" ")
        while kind is None and 0 < at <= _LONGEST:
            kind = _KIND_OF.get(core[:at])
            at = core.find(" ", at + 1)
    return kind


def _asks_for_reply_above(core: str) -> bool:
    return core[:3] in _ABOVE_STARTS and len(core) >= 8 and core.startswith(_ABOVE)


def _heads(lines: Sequence[str], at: int, fields: int) -> bool:
    """True when a block with at least so many header fields begins right below."""
    for below in range(at + 1, min(at + 3, len(lines))):
        if lines[below]:
            block = header_block.read(lines, below)
            return (
                block is not None and len(block.fields) >= fields and not {"from", "subject"}.isdisjoint(block.fields)
            )
    return False
