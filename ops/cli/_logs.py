"""What every log line goes through before it leaves the process: no secret, no customer's address, no control character.

Log calls are written so that none of it gets into them (`tests/unit/test_log_calls.py`). This is the second lock: errors of
servers and libraries say what they like. Names and texts cannot be told from other words here; they are kept out at the calls.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable

_SHORTEST = 6  # a shorter secret would blot out ordinary words
_MAIL = re.compile(r"""(?:[^\s<>"'(),:;=@\[\]\\/]|(?<=\w)'(?=\w)){1,64}@(?=[\w-]+(?:\.[\w-]+)+)""")
# With a plus; or as many digits as a number has with its country, standing alone: not an offset, a size or part of an id.
_PHONE = re.compile(r"\+\d[\d ()./-]{5,18}\d|(?<![\w/.:=-])\d{10,15}(?![\w/.-])")


class Discreet(logging.Filter):
    """A filter for handlers: masks what must not be in a log and lets every record through."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: tuple[str, ...] = ()

    def keep_out(self, secrets: Iterable[str]) -> None:
        """From now on these are masked too, the longest first, since one may be part of another."""
        known = {*self._secrets, *(each for each in secrets if len(each) >= _SHORTEST)}
        self._secrets = tuple(sorted(known, key=lambda each: (-len(each), each)))

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the masked text in the place of the record's own."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # a call with the wrong arguments is a bug, and no reason to show them
            text = str(record.msg)
        record.msg, record.args = self.masked(text), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self.masked("".join(traceback.format_exception(*record.exc_info)), lines=True).rstrip()
            record.exc_info = None
        return True

    def masked(self, text: str, *, lines: bool = False) -> str:
        """The text with addresses, numbers, secrets and control characters masked; `lines` leaves line ends alone."""
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        text = _PHONE.sub("•••", _MAIL.sub("•••@", text))
        return "".join(each if each.isprintable() or (lines and each == "\n") else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
