"""The line that clients put above quoted text: "On Monday, Ann <ann@example.org> wrote:", in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from normalizer.mail._phrases import OPENERS, QUOTING, WROTE

_MAX_LINES = 6
_MAX_LENGTH = 400  # characters: long display names and addresses, never a paragraph

_DATE = re.compile(
    r"\d{1,2}[:.h]\d{2}|(?:19|20)\d\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\s*[年月日년월일]|\d{1,2}\.? ?[^\W\d_]{3}"
    r"|[^\W\d_]{3}\.? \d{1,2}\b"
)
_DIGIT = re.compile(r"\d")
_DATE_LEAD = re.compile(r"\W{0,3}(?:[^\W\d_]{2,14}[.,]{0,2} ){0,2}\d{1,4}(?:[./: -]|st|nd|rd|th|年|월|년)")
_END = ":："
_TAIL = " \t:：*_\"'”»)]>"  # what may stand behind the verb


def _verbs() -> tuple[str, ...]:
    return tuple(sorted({word.casefold() for row in WROTE.values() for word in row.split("/")}))


_VERBS = _verbs()
_VERB = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(_VERBS, key=len, reverse=True)))})(?!\w)")
_VERB_ENDS = frozenset(verb[-2:] for verb in _VERBS)
_ENDING = re.compile(r" ?[(/]\w{1,3}$")  # "napisał(a)", "je napisao/la"
_OPENERS = tuple(word for word in OPENERS.split("/") if word)
_FIRST_WORDS = frozenset(opener.partition(" ")[0] for opener in _OPENERS if " " in opener)
_UNSPACED = tuple(opener for opener in _OPENERS if " " not in opener)
_QUOTING = tuple(QUOTING.split("/"))
_BARE = re.compile(
    r"\d{4}[/-]\d{1,2}[/-]\d{1,2} [^<>@]{0,100}<[^<>@\s]{1,64}@[^<>@\s]{1,255}>"
)  # "2011/3/1 Ann <ann@…>"
_NEAR = 8  # lines below an attribution in which its quote begins
_OWN_MARK = re.compile(r"(?:[A-Z][A-Za-z]{0,3}>|[#|:)}%\]]) ")
_FRAME = "-*_ \u202a\u202b\u202c\u2066\u2067\u2068\u2069"  # what some clients put around the line
_WORD = re.compile(r"[^\W\d_]{2,}")
_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}")
_ADDRESS_END = re.compile(r"[^\s@]@[^\s@]+\s*[>)\]]*\s*[:：][\s*_]*$")


class Attribution(NamedTuple):
    """Lines ``start`` to ``end`` (exclusive). A weak one has neither date nor address: a quote must follow it."""

    start: int
    end: int
    weak: bool


def find(lines: Sequence[str], start: int) -> Attribution | None:
    """The attribution that begins in line `start` of bare `lines`, or None. Looks at a few lines only."""
    joined = lines[start].lstrip(_FRAME)
    if not _may_begin(joined):
        return None
    for at in range(start, min(len(lines), start + _MAX_LINES)):
        if at > start:
            if not _goes_on(lines, at, joined):
                return None
            joined = f"{joined} {lines[at].lstrip('> ')}".rstrip()
        if len(joined) > _MAX_LENGTH:
            return None
        if lines[at] and (is_attribution(joined) or (_BARE.fullmatch(joined) and quote_mark(lines, at + 1))):
            return Attribution(start, at + 1, weak=False)
    return None


def find_weak(lines: Sequence[str], start: int) -> Attribution | None:
    """ "Ann wrote:" alone on its line, directly above quoted text."""
    line = lines[start]
    if line[-1] not in _END or not 4 <= len(line) <= 80 or not _ends_with_verb(line.casefold()):
        return None
    return Attribution(start, start + 1, weak=True) if quote_mark(lines, start + 1) else None


def quote_mark(lines: Sequence[str], at: int) -> str:
    """What marks the quote that begins in line `at` or below blanks: ">" as a rule, "" when there is no quote.

    Some programs use initials ("JD> text") or a sign of their own ("# text"): two lines in a row must begin with it.
    """
    first, second, *_ = *(line for line in lines[at : at + _NEAR] if line), "", ""
    if first.startswith(">"):
        return ">"
    own = _OWN_MARK.match(first)
    return own[0] if own and f"{second} ".startswith(own[0]) else ""


def opens(line: str) -> bool:
    """True when `line` begins with a number's preposition: "On 1 May", "Am Montag, dem 1. Mai"."""
    if line.partition(" ")[0] in _FIRST_WORDS:
        return line.startswith(_OPENERS) and _DIGIT.search(line) is not None
    return line.startswith(_UNSPACED) and _DIGIT.search(line) is not None


def is_attribution(text: str) -> bool:
    """True when `text`, one logical line, says who wrote the text below it, and when or from which address."""
    text = text.rstrip(_FRAME)
    colon = text[-1:] in _END
    folded = text.casefold()
    verb = _ends_with_verb(folded)
    if not colon and not verb:
        return False
    address, date = "@" in text, _DATE.search(text) is not None
    led = text.startswith(_OPENERS) or _DATE_LEAD.match(text) is not None
    if text.startswith(_QUOTING):
        return address and colon
    if verb and colon and " via " in text and len(text) <= 120:  # "Ann via Lamp Forum wrote:"
        return True
    if verb:
        return (date and (address or (led and colon))) or (address and colon)
    if not date:
        return False
    found = _VERB.search(folded)
    if found:
        return address or (led and len(text) <= 160) or _is_time(folded[found.end() :])
    return _DATE_LEAD.match(text) is not None and _ADDRESS_END.search(text) is not None


def _ends_with_verb(folded: str) -> bool:
    text = folded[-80:].rstrip(_TAIL)
    return _is_verb(text) or (("(" in text or "/" in text) and _is_verb(_ENDING.sub("", text)))


def _is_verb(text: str) -> bool:
    return (text[-2:] in _VERB_ENDS or text[-1:] in _VERB_ENDS) and text.endswith(_VERBS)


def _is_time(text: str) -> bool:
    """True when all that follows the verb is a time: "Ann wrote on 27/10/2021 09:31:"."""
    return len(text) <= 60 and _CLOCK.search(text) is not None and len(_WORD.findall(text)) <= 5


def _may_begin(line: str) -> bool:
    if not 6 <= len(line) <= _MAX_LENGTH:
        return False
    if "@" in line or line.startswith(_QUOTING):
        return True
    if _DIGIT.search(line) is None:
        return " via " in line and not line.startswith(_OPENERS)
    if " via " in line or opens(line):
        return True
    if line[-1] in _END:
        return _DATE.search(line) is not None
    return _DIGIT.search(line, 0, 40) is not None and _DATE_LEAD.match(line) is not None


def _goes_on(lines: Sequence[str], at: int, joined: str) -> bool:
    """Can line `at` belong to the same attribution as `joined`?

    Not when it begins one itself. A blank only where a link was torn out of the line: "… Ann", "", "<", "mailto:…".
    """
    line = lines[at]
    if line:
        return not opens(line)
    torn = at + 1 < len(lines) and lines[at + 1].startswith("<")
    return torn and joined.startswith(_OPENERS) and _DATE.search(joined) is not None
