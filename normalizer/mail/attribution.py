"""The line that clients put above quoted text: "On Monday, Ann <ann@example.org> wrote:", in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from normalizer.mail._phrases import OPENERS, WROTE
from normalizer.mail.header_block import MARKS

_MAX_LINES = 5
_MAX_LENGTH = 400  # characters: long display names and addresses, never a paragraph

_DATE = re.compile(
    r"\d{1,2}[:.h]\d{2}|(?:19|20)\d\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\s*[年月日년월일]|\d{1,2}\.? ?[^\W\d_]{3}"
    r"|[^\W\d_]{3}\.? \d{1,2}\b"
)
_DATE_LEAD = re.compile(r"\W{0,3}(?:[^\W\d_]{2,14}[.,]{0,2} ){0,2}\d{1,4}(?:[./: -]|st|nd|rd|th|年|월|년)")
_END = ":："


def _verbs() -> str:
    words = {word.casefold() for row in WROTE.values() for word in row.split("/")}
    choices = "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return rf"(?:{choices})(?: ?\(\w{{1,3}}\)|/\w{{1,3}})?"  # "napisał(a)", "je napisao/la"


_VERB_END = re.compile(rf"(?:{_verbs()})[\s\"'”»)\]>*_]*[:：]?[\s*_]*$")
_VERB = re.compile(rf"(?<!\w)(?:{_verbs()})(?!\w)")
_OPENERS = tuple(word for word in OPENERS.split("/") if word)
_ADDRESS_END = re.compile(r"[^\s@]@[^\s@]+\s*[>)\]]*\s*[:：][\s*_]*$")


class Attribution(NamedTuple):
    """Lines ``start`` to ``end`` (exclusive). A weak one has neither date nor address: a quote must follow it."""

    start: int
    end: int
    weak: bool


def find(lines: Sequence[str], start: int) -> Attribution | None:
    """The attribution that begins at line `start`, or None. Looks at a bounded number of lines and characters."""
    line = lines[start].strip(MARKS)
    if not _may_begin(line):
        return None
    joined, at = "", start
    while at < len(lines) and at < start + _MAX_LINES + 3 and len(joined) < _MAX_LENGTH:
        line = lines[at].strip(MARKS)[:_MAX_LENGTH]
        if not line and not _goes_on(lines, at, joined):
            return None
        joined = f"{joined} {line.lstrip('>').strip(MARKS)}".strip() if at > start else line
        at += 1
        if line and _ends(joined) and is_attribution(joined):
            return Attribution(start, at, weak=False)
    return None


def find_weak(lines: Sequence[str], start: int) -> Attribution | None:
    """ "Ann wrote:" alone on its line, directly above quoted text."""
    line = lines[start].strip(MARKS)
    if not 4 <= len(line) <= 80 or line[-1] not in _END or not _VERB_END.search(line.casefold()):
        return None
    for below in range(start + 1, min(start + 3, len(lines))):
        following = lines[below].lstrip(MARKS)
        if following:
            return Attribution(start, start + 1, weak=True) if following.startswith(">") else None
    return None


def is_attribution(text: str) -> bool:
    """True when `text`, one logical line, says who wrote the text below it, and when or from which address."""
    folded = text.casefold()
    address, date = "@" in text, _DATE.search(text) is not None
    colon = text[-1] in _END or text.rstrip("*_ ")[-1:] in _END
    led = text.startswith(_OPENERS) or _DATE_LEAD.match(text) is not None
    if _VERB_END.search(folded):
        return (date and (address or (led and colon))) or (address and colon)
    if not colon or not date:
        return False
    if _VERB.search(folded):
        return address or (led and len(text) <= 160)
    return _DATE_LEAD.match(text) is not None and _ADDRESS_END.search(text) is not None


def _may_begin(line: str) -> bool:
    if len(line) < 6 or len(line) > _MAX_LENGTH:
        return False
    if line.startswith(_OPENERS):
        return any(map(str.isdigit, line)) or "@" in line
    return "@" in line or _DATE_LEAD.match(line) is not None or (line[-1] in _END and _DATE.search(line) is not None)


def _ends(joined: str) -> bool:
    return (
        joined[-1] in _END or joined.rstrip("*_ ")[-1:] in _END or _VERB_END.search(joined[-60:].casefold()) is not None
    )


def _goes_on(lines: Sequence[str], at: int, joined: str) -> bool:
    """A blank line inside: only where a link was torn out of the line ("… Ann", "", "<", "mailto:…", "> wrote:")."""
    if not joined.startswith(_OPENERS) or not _DATE.search(joined) or at + 1 >= len(lines):
        return False
    return lines[at + 1].lstrip(MARKS).startswith("<")
