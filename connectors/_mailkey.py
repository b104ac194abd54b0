"""The first mail of a conversation, found without parsing the mail: the key that keeps a thread on one partition."""

from __future__ import annotations

import re

_BOUND = 64 << 10  # bytes of headers that are looked at
_LONGEST = 250  # characters of a key; what is longer is cut, alike for every mail of the thread
# Behind a newline, and not at the start of a line: so the search jumps from line to line.
_FIELD = re.compile(rb"\n(References|In-Reply-To|Message-ID)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.I)
_ID = re.compile(rb"<([^<>\s]+)>")


def thread_root(mail: bytes) -> str | None:
    """The oldest Message-ID that a mail names, without brackets: of References, else In-Reply-To, else its own
    (RFC 5322, 3.6.4). None when it names none. Bytes beyond ASCII become surrogates.
    """
    head = b"\n" + mail[:_BOUND]
    # From its second byte on: what begins with an empty line may have its headers behind that.
    ends = [end for mark in (b"\n\n", b"\n\r\n") if (end := head.find(mark, 1)) >= 0]
    found: dict[bytes, str] = {}
    for field in _FIELD.finditer(head, 0, min(ends, default=len(head))):
        first = _ID.search(field[2])
        if first:
            found.setdefault(field[1].lower(), first[1].decode("ascii", "surrogateescape")[:_LONGEST])
    return next((found[name] for name in (b"references", b"in-reply-to", b"message-id") if name in found), None)
