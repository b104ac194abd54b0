"""Where a sender's own words end: the signature, the phone's advertisement, the list's and the lawyer's footer.

Lines are bare: without white space at their ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from normalizer.mail._footers import DISCLAIMERS, FOOTERS, MOBILE

_RULE_MARKS = tuple("-_=*~#+\u2013\u2014\u2015\u2500\u2501\u1427")
_RULE = re.compile(r"[-_=*~#+\u2013\u2014\u2015\u2500\u2501\u1427 ]+")
_MAX_RULE = 400  # characters
_MAX_MOBILE = 100  # characters
_MAX_LINES = 12  # of a signature below a ruler
_MAX_WIDTH = 72
_CONTACT = re.compile(
    r"@|https?://|www\.|\+?\(?\d[\d\s()./-]{6,}\d|(?:tel|phone|mobil|cell|fax|skype|linkedin|twitter)\w{0,4}\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:\S+\s+){5,}\S*[.!?…。！？]\W{0,2}$")


def _starts(table: dict[str, str]) -> re.Pattern[str]:
    words = {word.casefold().strip() for row in table.values() for word in row.split("/")}
    choices = "|".join(
        re.escape(word).replace(r"\*", r"[^\n]{1,40}?") for word in sorted(words, key=lambda w: (-len(w), w))
    )
    return re.compile(rf"[^\w\n]{{0,4}}(?:{choices})")


_MOBILE = _starts(MOBILE)
_FOOTER = _starts({"all": FOOTERS})
_DISCLAIMER = _starts(DISCLAIMERS)


def is_rule(line: str) -> bool:
    """True for a line of dashes, underscores or the like."""
    return line[:1] in _RULE_MARKS and len(line) <= _MAX_RULE and _RULE.fullmatch(line) is not None


def is_mobile(line: str) -> bool:
    """True for "Sent from my iPhone" and its kin: one short line that says with what the mail was sent."""
    stripped = line.strip("*_ ")
    if not 6 <= len(stripped) <= _MAX_MOBILE or stripped[-1] in "?,:;":
        return False
    found = _MOBILE.match(stripped.casefold())
    return found is not None and len(stripped[found.end() :].split()) <= 7


def is_footer(line: str) -> bool:
    """True for the first line of what mailing lists and virus scanners append."""
    return _FOOTER.match(line[:200].casefold()) is not None


def is_disclaimer(line: str) -> bool:
    """True for the first line of a confidentiality notice."""
    return _DISCLAIMER.match(line[:200].casefold()) is not None


def looks_like_signature(lines: Sequence[str]) -> bool:
    """True when the lines below a ruler are a signature: few, short, no sentences, and a way to reach somebody."""
    written = [line for line in lines if line]
    if not 1 <= len(written) <= _MAX_LINES:
        return False
    if is_footer(written[0]) or is_disclaimer(written[0]):
        return True
    if any(len(line) > _MAX_WIDTH or _SENTENCE.search(line) for line in written):
        return False
    return any(_CONTACT.search(line) for line in written)
