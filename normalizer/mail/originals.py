"""The mail a report is about: it comes back inside, whole, as headers only, or pasted under a line of dashes."""

from __future__ import annotations

import re
import textwrap

from normalizer.mail.parsed import Mail
from normalizer.mail.vocabulary import pattern

LOOKED_AT = 64 * 1024  # characters or bytes of a part that are read
RETURNED = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "text/rfc822-header",
        "message/global",
        "message/global-headers",
    }
)

_RULING = " \t\r\n-=*_>|#.+~:<"  # what is drawn around a line that parts the notice from the mail
_FOLLOWS = r"(?: headers?| text| body| details)?(?: (?:(?:as )?follows|is attached|attached|below|begins)[^\n]{0,40})?$"
_SEPARATOR = pattern(
    rf"""
below (?:this|the next) line is a copy
| (?:this|below|enclosed|included|attached|here|following) (?:is|are) (?:a copy of|the headers? of)
| (?:the )?(?:original|returned|undelivered|unsent|rejected|failed|bounced) (?:message|mail|e-?mail){_FOLLOWS}
| (?:the )?(?:message|mail) (?:headers?|body|text)(?: (?:follows?|is|suppressed))?$
| (?:the )?(?:headers?|body|beginning|first \d{{1,4}} lines) of (?:the|your) (?:original )?(?:message|mail)
| (?:the )?message headers? follows? | original (?:message|mail) follows | a copy of (?:the|your) (?:original )?message
| ursprüngliche nachricht | message d'origine | mensaje original | messaggio originale | mensagem original
| [^\n]{{0,20}}(?:start of|below is the) returned message | old message$
| your message reads | this is a copy of your message | end of message$ | the header and (?:top|first)
| исходное сообщение | 元のメッセージ | 原邮件
""",
)
# Headers that stand at the head of a pasted mail and in no notice.
_PASTED = re.compile(
    r"(?:received|return-path|x-received|dkim-signature|arc-seal|message-id|mime-version|delivered-to): ?\S",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"^message-id:\s{0,20}<?([^<>\s]{1,998})", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(
    r"^(?:x-(?:original|envelope|actual)-to|delivered-to|to):[ \t]*([^\n]{1,998}(?:\n[ \t]+[^\n]{1,998}){0,20})",
    re.IGNORECASE | re.MULTILINE,
)


def split(text: str) -> tuple[str, str]:
    """A notice in prose, and the mail pasted under it, its indent undone ("" when there is none)."""
    at = 0
    for number, line in enumerate(text[:LOOKED_AT].splitlines(keepends=True)):
        if _PASTED.match(line):
            return text[:at], text[at:LOOKED_AT]
        if number and len(line) < 200 and _is_separator(line):
            return text[:at], textwrap.dedent(text[at + len(line) : LOOKED_AT])
        at += len(line)
    return text[:LOOKED_AT], ""


def _is_separator(line: str) -> bool:
    bare = line.strip(_RULING)
    return bool(bare) and _SEPARATOR.match(bare) is not None


def returned(mail: Mail) -> str:
    """The headers (and some of the body) of the mail that came back, "" when none did."""
    for part in mail.parts:
        if part.content_type in RETURNED and part.content.strip():
            return part.content[:LOOKED_AT].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return split(mail.text)[1]


def message_id(headers: str) -> str:
    """The Message-ID in a block of headers, without brackets, "" when there is none."""
    found = _MESSAGE_ID.search(headers)
    return found[1] if found else ""


def recipients(headers: str) -> str:
    """What the To header in a block of headers says, "" when there is none."""
    found = _TO.search(headers)
    return found[1] if found else ""
