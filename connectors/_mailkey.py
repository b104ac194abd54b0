"""The first mail of a conversation, found without parsing the mail: the key that keeps a thread on one partition."""

from __future__ import annotations

import re

_BOUND = 64 << 10  # bytes of headers that are looked at
_LONGEST = 250  # characters of a key; what is longer is cut, alike for every mail of the thread
_END = re.compile(rb"\n\r?\n")
_NAMES = (b"\nreferences", b"\nin-reply-to", b"\nmessage-id")
_VALUE = re.compile(rb"[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)")
_ID = re.compile(rb"<([^<>\s]+)>")


def thread_root(mail: bytes) -> str | None:
    """The oldest Message-ID that a mail names, without brackets: of References, else In-Reply-To, else its own
    (RFC 5322, 3.6.4). None when it names none. Bytes beyond ASCII become surrogates.
    """
    end = _END.search(mail, 0, _BOUND)
    head = b"\n" + mail[: end.start() if end else _BOUND]
    lowered = head.lower()
    for name in _NAMES:
        at = lowered.find(name)
        while at >= 0:
            value = _VALUE.match(head, at + len(name))
            if value and (first := _ID.search(value[1])):
                return first[1].decode("ascii", "surrogateescape")[:_LONGEST]
            at = lowered.find(name, at + 1)
    return None
