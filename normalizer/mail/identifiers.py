"""Message-ID, In-Reply-To, References: RFC 5322 section 3.6.4, without the words around the ids."""

from __future__ import annotations

import base64
import binascii
import re

from normalizer.events import ThreadRefs
from normalizer.mail.parsed import Mail

MAX_IDS = 200
MAX_ID = 512  # characters

_BRACKETED = re.compile(r"<([^<>]+)>")
_BARE = re.compile(r"[^\s<>()\"',;]{1,250}@[^\s<>()\"',;]+")
_THREAD_INDEX_ROOT = 22  # bytes: a time and a GUID that all mails of a conversation share ([MS-OXOMSG] 2.2.1.3)


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


def refs(mail: Mail, own_id: str, about: str = "") -> ThreadRefs:
    """Where `mail` belongs: References, then In-Reply-To, then the mail that a report is `about`."""
    found = dict.fromkeys(parse(" ".join(mail.all("references"))))
    found.update(dict.fromkeys(parse(" ".join(mail.all("in-reply-to")))))
    if about:
        found.setdefault(about[:MAX_ID])
    return ThreadRefs(own=own_id, parents=tuple(each for each in found if each != own_id), provider=_provider(mail))


def _provider(mail: Mail) -> str:
    """Gmail's thread id, or the root of an Outlook Thread-Index; "" when there is neither."""
    gmail = mail.header("x-gm-thrid").strip()
    if gmail:
        return "gmail:" + gmail[:64]
    index = mail.header("thread-index")
    try:
        root = binascii.a2b_base64(index)[:_THREAD_INDEX_ROOT]
    except (binascii.Error, ValueError):
        return ""
    return "outlook:" + base64.b64encode(root).decode() if len(root) == _THREAD_INDEX_ROOT else ""
