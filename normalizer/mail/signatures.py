"""Where a sender's own words end: the signature, the phone's advertisement, the list's and the lawyer's footer.

Lines are bare: without white space at their ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from normalizer.mail._footers import DEVICES, DISCLAIMERS, FOOTERS, LEGAL, MOBILE, MY
from normalizer.mail.sought import Sought

_RULE_MARKS = tuple("-_=*~#+\u2013\u2014\u2015\u2500\u2501\u1427")
_RULE = re.compile(r"[-_=*~#+\u2013\u2014\u2015\u2500\u2501\u1427 ]+")
_MAX_RULE = 400  # characters
_EDGES = "-_=*~#<>()[]•·— "
_LINK = re.compile(r"\]?\(https?://[^)\s]*\)|<https?://[^>\s]*>|\[")  # of Markdown, and as Outlook writes it
_MAX_LINKED = 600  # characters, of which most are the link
_MAX_MOBILE = 100  # characters
_MAX_LINES = 12  # of a signature below a ruler
_MAX_NAMES = 4  # lines of a signature that is only names: whose, of what
_MAX_WIDTH = 72
_CONTACT = re.compile(
    r"@|https?://|www\.|\+?\(?\d[\d\s()./-]{6,}\d|(?:tel|phone|mobil|cell|fax|skype|linkedin|twitter)\w{0,4}\b",
    re.IGNORECASE,
)
_UNSUBSCRIBE = Sought(
    re.compile(
        r"/mailman/listinfo|/postorius/|\(un\)subscri|https?://\S{0,200}unsubscri|unsubscribe[\w.-]{0,60}@"
        r"|^\W{0,4}unsubscribe:"
        r"|^\W{0,4}to unsubscribe(?: from this|[:,]? (?:send|e-?mail|visit|go to|click|use|reply|or change))",
        re.IGNORECASE,
    )
)
_NAME = re.compile(r"(?:[^\W\d_a-zß-ÿ][\w.'’-]*[,|/&]?\s?|(?:of|de|von|van|der|di|da|and|und|et|y|-|–|\|)\s){1,6}")
_SENTENCE = re.compile(r"(?:\S+\s+){5,}\S*[.!?…。！？]\W{0,2}$")


def _starts(table: dict[str, str]) -> re.Pattern[str]:
    words = {word.casefold().strip() for row in table.values() for word in row.split("/")}
    choices = "|".join(
        re.escape(word).replace(r"\*", r"[^\n]{1,40}?") for word in sorted(words, key=lambda w: (-len(w), w))
    )
    return re.compile(choices)


_MOBILE = _starts(MOBILE)
_MY = tuple(MY.split("/"))
_DEVICE = re.compile("|".join(map(re.escape, DEVICES.split("/"))))
_MOBILE_HEADS = {word[:3] for row in MOBILE.values() for word in row.split("/")}
_FOOTER = _starts({"all": FOOTERS})
_DISCLAIMER = _starts(DISCLAIMERS)
_CLOSING_HEADS = {word.casefold().strip()[:3] for row in (FOOTERS, *DISCLAIMERS.values()) for word in row.split("/")}
_LEGAL = Sought(re.compile("|".join(map(re.escape, LEGAL.split("/")))))


def is_rule(line: str) -> bool:
    """True for a line of dashes, underscores or the like."""
    return line[:1] in _RULE_MARKS and len(line) <= _MAX_RULE and _RULE.fullmatch(line) is not None


def is_mobile(line: str) -> bool:
    """True for "Sent from my iPhone" and its kin: one short line that says with what the mail was sent."""
    stripped = (_LINK.sub("", line[:_MAX_LINKED]) if "http" in line else line).strip(_EDGES)
    if not 6 <= len(stripped) <= _MAX_MOBILE or stripped[-1] in "?,:;":
        return False
    folded = stripped.casefold()
    if folded[:3] not in _MOBILE_HEADS and folded.isascii():
        return False
    found = _MOBILE.match(folded)
    if found is None or len(stripped[found.end() :].split()) > 7:
        return False
    return found[0].rstrip().endswith(_MY) or _DEVICE.search(folded) is not None


def is_closing(paragraph: Sequence[str]) -> bool:
    """True for a mailing list's or virus scanner's footer, a confidentiality notice, or nothing at all."""
    if not paragraph:
        return True
    top = paragraph[0][:200].lstrip(_EDGES).casefold()
    known = top[:3] in _CLOSING_HEADS or not top.isascii()
    if known and _FOOTER.match(top):
        return True
    if known and _DISCLAIMER.match(top) and any(_LEGAL.search(line.casefold()) for line in paragraph[:20]):
        return True
    return len(paragraph) <= _MAX_LINES and any(_UNSUBSCRIBE.search(line[:300]) for line in paragraph)


def looks_like_signature(lines: Sequence[str]) -> bool:
    """True when the lines below a ruler are a signature: few, short, no sentences, and names or a way to reach somebody."""
    written = [line for line in lines if line]
    if not 1 <= len(written) <= _MAX_LINES:
        return False
    if is_closing(written):
        return True
    if any(len(line) > _MAX_WIDTH or _SENTENCE.search(line) for line in written):
        return False
    return any(_CONTACT.search(line) for line in written) or (
        len(written) <= _MAX_NAMES and all(_NAME.fullmatch(line) for line in written)
    )


def is_name_of(line: str, mailbox: str) -> bool:
    """True for a line that is only the name in a mailbox ("Bob Jones <bob@…>"), its first word, or its local part."""
    name = line.strip(_EDGES).casefold()
    display, _, rest = mailbox.casefold().partition("<")
    display, local = display.strip(" \"'"), (rest or mailbox.casefold()).partition("@")[0].strip()
    return bool(name) and name in {display, display.partition(" ")[0], local}
