"""Message-ID, In-Reply-To, References: RFC 5322 section 3.6.4, without the words around the ids."""

from __future__ import annotations

import re

MAX_IDS = 200
MAX_ID = 512

_BRACKETED = re.compile(r"<([^<>]+)>")
_BARE = re.compile(r"[^\s<>()\"',;]+@[^\s<>()\"',;]+")


def parse(text: str) -> tuple[str, ...]:
    """The ids in their order without brackets, each once; the newest `MAX_IDS` where there are more.

    Words around ids are left out (``Your message of Monday <a@b>``); ids without brackets count only when they
    hold an ``@`` and nothing is bracketed. White space inside an id comes from folding and goes.
    """
    found = ["".join(hit.split()) for hit in _BRACKETED.findall(text)] or _BARE.findall(text)
    return tuple(dict.fromkeys(each for each in found if each and len(each) <= MAX_ID))[-MAX_IDS:]


def own(text: str) -> str:
    """A mail's own id, also when it has neither brackets nor an ``@``; "" when there is none."""
    ids = parse(text)
    if ids:
        return ids[0]
    bare = "".join(text.strip(" <>").split())
    return bare if len(bare) <= MAX_ID else ""
