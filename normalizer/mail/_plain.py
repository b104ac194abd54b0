"""Lines that can only be words: most of any mail, told from all marks by one look."""

from __future__ import annotations

import re

from normalizer.mail import attribution, header_block
from normalizer.mail._footers import MOBILE
from normalizer.mail._phrases import FORWARDED, ORIGINAL, QUOTING, REPLY_ABOVE

_LENGTH = 5  # characters by which a phrase is known
_AROUND = "-_=*#<>+~\u2013\u2014\u2015\u2500\u00b7\u2022|\"'$()[]:：. \t\xa0"  # what may stand before it
# A line that begins with a letter is no ruler (but \u1427, which is one), and no date unless a number comes soon.
# Most lines of most mails: ASCII from a letter on, and no digit, colon, at sign or square bracket.
_WORDS = re.compile(r"[A-Za-z][ !-/;-?A-Z\\-~\t]*+")
_LETTER = re.compile(r"(?!\u1427|\W{0,3}(?:[^\W\d_]{2,14}[.,]{0,2} ){0,2}\d)[\"'$(<|\u2022]{0,2}[^\W\d_]")


def _phrases(*rows: str) -> set[str]:
    return {phrase.strip().casefold() for row in rows for phrase in row.split("/")} - {""}


class _Openings:
    """How some phrases begin."""

    def __init__(self, phrases: set[str]) -> None:
        begins = {phrase.partition("*")[0][:_LENGTH] for phrase in phrases} - {""}
        self._whole = frozenset(begins)
        self._short = tuple(each for each in begins if len(each) < _LENGTH)
        self._heads = frozenset(each[:2] for each in self._short)

    def begin(self, line: str) -> bool:
        """True when a phrase may begin in `line`, whatever signs stand before it."""
        return self.begin_words(line.lstrip(_AROUND))

    def begin_words(self, line: str) -> bool:
        """The same for a line with no signs at its beginning."""
        opening = line[:_LENGTH].casefold()
        return opening[:_LENGTH] in self._whole or (opening[:2] in self._heads and opening.startswith(self._short))


_MARKS = _Openings(_phrases(*ORIGINAL.values(), *FORWARDED.values(), *MOBILE.values(), REPLY_ABOVE, QUOTING))
# "iPhoneから送信": what such phrases begin with is not known, but what follows it.
_LATE = re.compile("|".join(re.escape(each.strip("* ")) for each in _phrases(*MOBILE.values()) if each[0] == "*"))


def is_plain(line: str) -> bool:
    """True when the bare `line` is no mark of any kind: nothing that `attribution`, `separators`, `header_block` or
    `signatures` look for. False says nothing: look closer.
    """
    if _WORDS.fullmatch(line):
        return not _MARKS.begin_words(line) and " via " not in line
    # No label without a colon, no attribution without a colon, an address or a date, and in brackets may be a link.
    if "@" in line or "：" in line or "[" in line or " via " in line:
        return False
    if _LETTER.match(line) is None or _MARKS.begin(line) or attribution.opens(line):
        return False
    # A colon matters behind a label or at the end; a link before the words may hide how they begin.
    if ":" in line and (line[-1] == ":" or line.find("http", 1, 12) >= 0 or header_block.label(line) is not None):
        return False
    return line.isascii() or _LATE.search(line) is None
