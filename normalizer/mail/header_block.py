"""The block of header lines that clients print above a quoted or forwarded mail ("From: … Sent: … Subject: …").

Outlook writes it above every reply, all clients above a forward; field names come from `_labels` in any language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from normalizer.mail._labels import FIELD_OF, LABELS, LONGEST, Field

MARKS = " \t\xa0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""White space, and the invisible characters that clients leave at the ends of lines."""

_EMPHASIS = MARKS + "*_|"  # "*From:*", "| From: |": what HTML becomes in plain text
MAX_LINES = 60  # of one block
_MAX_BARE = 4096  # characters of a line that are looked at
_RAW = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+")  # "Message-ID", where somebody forwards all headers as they are
_MAX_WRAP = 6  # lines that one wrapped address list may run on

_NO_WORDS = frozenset(("from", "to", "cc", "date"))  # fields whose value is no prose: a label inside is a label


def _inline() -> re.Pattern[str]:
    words = {word for fields in LABELS.values() for field, row in fields.items() if field != "reply_to" for word in row}
    choices = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"(?<=[\s>;)])({choices})\s?[:：](?=\s)")


_INLINE = _inline()


class Block(NamedTuple):
    """Fields as written, first occurrence each; the block stands in lines ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    fields: dict[Field, str]


def bare(lines: Sequence[str]) -> list[str]:
    """`lines` without `MARKS` at their ends, and of bounded length: what the rules about lines look at."""
    return [line.strip(MARKS)[:_MAX_BARE] for line in lines]


def label(line: str) -> tuple[Field, str] | None:
    """The field that `line` names and its value, or None when it begins with no known label."""
    at = line.find(":", 0, LONGEST + 12)
    wide = line.find("：", 0, LONGEST + 12)
    if wide >= 0 and (at < 0 or wide < at):
        at = wide
    if at < 0:
        return None
    name = line[:at].strip(_EMPHASIS)
    field = FIELD_OF.get(name.replace("\xa0", " ").casefold())
    if field is None and "-" in name and _RAW.fullmatch(name):
        field = "other"
    return None if field is None else (field, line[at + 1 :].strip(_EMPHASIS))


def read(lines: Sequence[str], start: int) -> Block | None:
    """The block that begins at line `start` of bare `lines`, or None when that line names no field.

    It ends before the first line that is neither a field, nor a wrapped value, nor one blank line between fields.
    """
    first = label(lines[start])
    if first is None:
        return None
    fields: dict[Field, str] = {}
    last = _add(fields, *first)
    at = end = start + 1
    limit = min(len(lines), start + MAX_LINES)
    while at < limit:
        found = label(lines[at])
        if found is None:
            after = _next_field(lines, at, limit, fields, last)
            if after is None:
                break
            fields[last] = " ".join([fields[last], *lines[at:after]]).strip()
            at = after
            continue
        if found[0] in fields and found[0] != "other":
            break
        last = _add(fields, *found)
        at = end = at + 1
    return Block(start, end, fields)


def _add(fields: dict[Field, str], field: Field, value: str) -> Field:
    """Puts the value in, and those of the fields that ran into the same line behind it. Returns the last of them."""
    while field in _NO_WORDS:
        hit = next((hit for hit in _INLINE.finditer(value) if FIELD_OF[hit[1].casefold()] not in fields), None)
        if hit is None:
            break
        fields[field] = value[: hit.start()].strip(_EMPHASIS)
        field, value = FIELD_OF[hit[1].casefold()], value[hit.end() :].strip(_EMPHASIS)
    fields[field] = value
    return field


def _next_field(lines: Sequence[str], at: int, limit: int, fields: dict[Field, str], last: Field) -> int | None:
    """Where the block goes on after lines that are no fields of their own: the rest of a value, or one blank."""
    blank = not lines[at]
    wrap = 1 if blank else _MAX_WRAP if last in ("to", "cc", "bcc", "from") else 2
    for after in range(at + 1, min(at + wrap + 1, limit)):
        found = label(lines[after])
        if found is not None:
            return after if found[0] not in fields or found[0] == "other" else None
        if not lines[after]:
            return None
    return None


def is_credible(block: Block) -> bool:
    """True when the block can only have been printed by a mail client.

    Three fields of a mail, the sender among them, and either a subject, or an address, or Outlook's order
    (sender, date, recipient): people also write "From: Berlin / To: Paris / Date: Monday".
    """
    fields = block.fields
    main = sum(field in fields for field in ("from", "to", "cc", "subject", "date", "reply_to"))
    if "from" not in fields or main < 3:
        return False
    if list(fields)[:2] == ["from", "date"]:
        return True
    return "subject" in fields or any("@" in fields.get(field, "") for field in ("from", "to", "cc"))


def languages(lines: Sequence[str], start: int) -> set[str]:
    """The languages whose labels name the sender and the subject in the block at `start` or just below."""
    labels = {line[: LONGEST + 12].partition(":")[0].strip(_EMPHASIS).casefold() for line in lines[start : start + 12]}
    return {
        language
        for language, fields in LABELS.items()
        if all(any(word.casefold() in labels for word in fields[field]) for field in ("from", "subject"))
    }
