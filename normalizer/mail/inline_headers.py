"""Header lines that ran together into one line, as Yahoo prints them in plain text.

"From: Ann <ann@example.org>To: bob@example.org Sent: Monday, 1 May 2023, 09:26:50 CETSubject: Lunch"
"""

from __future__ import annotations

import re

from normalizer.mail._labels import LABELS, Field
from normalizer.mail.header_block import MARKS

MAX_LENGTH = 8192  # characters of the line that are looked at
_ORDER: tuple[Field, ...] = ("from", "to", "cc", "date", "subject")


def _finder(field: Field) -> re.Pattern[str]:
    """Finds a label with its colon; without one only behind an address, a number or capitals, as Yahoo forgets some.

    Nothing need separate the label from the value before it: ">To:", "CETSubject:", "GMT+1Subject:". Only the
    shortest labels could be the end of another word.
    """
    words = {word for fields in LABELS.values() for word in fields[field]}
    words |= {word.upper() for word in words if len(word) == 2}  # "CC", "DW"
    short = _choices({word for word in words if len(word) <= 2})
    long = _choices({word for word in words if len(word) > 2})
    return re.compile(
        rf"(?:{long})\s?[:：]|(?:^|(?<=[\W\da-z]))(?:{short})\s?[:：]|(?<=[>A-Z\d])(?:{long}|{short})(?=\s)"
    )


def _choices(words: set[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) or "(?!)"


_FINDERS = {field: _finder(field) for field in _ORDER}


def read(line: str) -> dict[Field, str]:
    """The fields in `line`, in Yahoo's order; empty unless it begins with a sender and has a subject."""
    line = line[:MAX_LENGTH].strip(MARKS)
    marks: list[tuple[Field, int, int]] = []
    at = 0
    for field in _ORDER:
        hit = _FINDERS[field].search(line, at)
        if hit is None or (field == "from" and hit.start() > 0):
            if field != "cc":
                return {}
            continue
        marks.append((field, hit.start(), hit.end()))
        at = hit.end()
    ends = [start for _, start, _ in marks[1:]] + [len(line)]
    return {field: line[start:end].strip(MARKS) for (field, _, start), end in zip(marks, ends, strict=True)}
