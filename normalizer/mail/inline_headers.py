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
    """Labels with their colon after anything but a word of their own script; without it only behind an address.

    Nothing separates the label from the value before it: ">To:", "CETSubject:", "GMT+1Subject:".
    """
    words = {word for fields in LABELS.values() for word in fields[field]}
    choices = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return re.compile(rf"(?:^|(?<=[^a-zà-ÿ]))(?:({choices})\s?[:：]|(?<=[>A-Z])({choices})(?=\s))")


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
