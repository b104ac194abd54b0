"""Delivery reports in prose: which addresses a notice names as failed, and what it says of each.

There is no standard for these. What qmail, Exim, Postfix, Sendmail, Exchange, Domino, GroupWise, the large
providers and the filters have in common is read here: an address at the head of a line, alone or followed by
the reason; an address after words like "could not be delivered to"; an SMTP reply that names one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

MAX_RECIPIENTS = 100
MAX_LINES = 400
MAX_NOTICE = 16 * 1024  # characters in which a notice names its recipients
MAX_LINE = 1000
BLOCK_LINES = 12

_STOP = r"\s<>\"'@:;,()\[\]{}*=\u201c\u201d\u00ab\u00bb/|"
_BOX = rf"((?:\"[^\"\n@]{{1,64}}\"|[^{_STOP}]{{1,128}})@[^{_STOP}\\]{{1,253}})"
_ANY = re.compile(_BOX)
# An address at the head of its line, maybe after a bullet, a reply code or the name of its type.
_HEAD = re.compile(
    r"^(?:[\s*•·>+\-<\"'\[(#\u201c\u00ab.]|<<<|smtp[;:]|rfc822[;:]|mailto:|\d{1,3}[.)] "
    r"|[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3} )?){0,12}" + _BOX + r"[\s>\"'\])\u201d\u00bb]{0,4}(.{0,600})$",
    re.IGNORECASE,
)
# Words after which an address is the one that failed.
_LABEL = re.compile(
    r"(?:\b(?:(?:failed |final |original |intended |undeliverable |bad |invalid )?recipients?(?: address)?"
    r"|(?:undeliverable |failed |e-?mail )?address(?:es)?|rcpt to|unknown (?:user|recipient|address|mailbox)"
    r"|(?:user|mailbox|account)s?|delivered to"
    r"|deliver(?:y|ing)?(?: of)?(?: your| the| an| this)?(?: e?-?mail| message)? to"
    r"|deliver(?:ed|able)?(?: your| the)? (?:e?-?mail|message)? ?to|undeliverable +to"
    r"|addressed to|error-for|exceeds allowed size|userid"
    r"|(?:message|mail|e-mail) (?:sent )?to(?: address)?|sent to|send to|reach(?:ed|ing)?|attempts|failed for|failed to"
    r"|rejected recipient|is full|over quota|expanded from|to|dda:smtp|smtp)\b"
    r"|destinatario|destinataire|empfänger|получател\w{0,4}|адрес|收件人|宛先|送信先)"
    r"[\s:=<\"'\u201c\u00ab(\[]{1,6}(?:mailto:|smtp:)?" + _BOX,
    re.IGNORECASE,
)
_ORIGIN = re.compile(r"generated from[\s:<]{1,3}" + _BOX, re.IGNORECASE)
_NOT_FAILED = re.compile(
    r"\b(?:contact|postmaster|please|support|help ?desk|administrator|questions?|mail from|from:|from <|generated from"
    r"|sender:|reply[- ]to|envelope-from|message-id|sent by|forward this|abuse|write to|return-path|on behalf)\b",
    re.IGNORECASE,
)
_STAFF = re.compile(
    r"(?:postmaster|mailer-daemon|abuse|hostmaster|noc|support|helpdesk|no-?reply|webmaster|admin)@", re.IGNORECASE
)
_LISTING = re.compile(
    r"following (?:recipient|address|user|mailbox)|to the following:|recipients? (?:could not|were not)", re.IGNORECASE
)
_LOCAL_NAME = re.compile(r"^[ \t]{1,20}([a-z0-9][\w.+-]{1,63})(?:\s{2,}\S.*|\s*)$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;]) ")
_WROTE = re.compile(r"(?:wrote|writes|schrieb|a écrit|escribió|ha scritto)\b", re.IGNORECASE)


class Named(msgspec.Struct):
    """An address that a notice calls failed, and the lines that speak of it."""

    address: str
    block: str = ""


def recipients(notice: str, own: frozenset[str] = frozenset()) -> tuple[Named, ...]:
    """The failed recipients in the prose of a report, in order, without repeats, at most `MAX_RECIPIENTS`.

    `own` holds the addresses, lower case, of whoever wrote the report or got it: they count only where no other
    is named.
    """
    lines = [line[:MAX_LINE] for line in notice[:MAX_NOTICE].splitlines()[:MAX_LINES]]
    found = _named(lines) or list(_mentioned(lines))
    others = [named for named in found if named.address.lower() not in own]
    return _merged(others or found)


def local_names(notice: str) -> tuple[str, ...]:
    """Names without a domain that a notice lists as failed: AOL and campus systems name their own users so."""
    names: list[str] = []
    listing = False
    for line in notice[:MAX_NOTICE].splitlines()[:MAX_LINES]:
        found = _LOCAL_NAME.match(line[:MAX_LINE])
        if listing and found:
            names.append(found[1])
        elif line.strip():
            listing = _LISTING.search(line[:MAX_LINE]) is not None or (listing and not names)
    return tuple(dict.fromkeys(names[:MAX_RECIPIENTS]))


def _named(lines: list[str]) -> list[Named]:
    """The addresses that a line calls failed; of those listed one under the other, each has the last one's block."""
    found: list[Named] = []
    below, block = -1, ""
    for number in range(len(lines) - 1, -1, -1):
        boxes = _failed_in(lines[number])
        if boxes:
            own = " ".join(_block(lines, number))
            block = (f"{own} {block}" if below == number + 1 and _is_bare(own) else own)[:MAX_LINE]
            below = number
            found += [Named(box, block) for box in reversed(boxes)]
    return found[::-1]


def _mentioned(lines: list[str]) -> Iterator[Named]:
    """No address is named as failed: those that Exim generated others from, else any that is not the staff's."""
    origins = [Named(_bare(box), line) for line in lines for box in _ORIGIN.findall(line)]
    if origins:
        yield from origins
        return
    for line in lines:
        for piece in _said_of_failed(line):
            yield from (Named(_bare(box), line) for box in _ANY.findall(piece) if not _STAFF.match(box))


def _failed_in(line: str) -> list[str]:
    if "@" not in line:
        return []
    head = _HEAD.match(line)
    if head and not _WROTE.match(head[2]):
        more = _LABEL.findall(head[2]) if "expanded from" in head[2] else []
        return [_bare(box) for box in (head[1], *more)]
    return [_bare(box) for piece in _said_of_failed(line) for box in _LABEL.findall(piece)]


def _said_of_failed(line: str) -> list[str]:
    """The sentences of `line` without those that say whom to write to."""
    return [piece for piece in _SENTENCE_END.split(line) if not _NOT_FAILED.search(piece)]


def _block(lines: list[str], start: int) -> list[str]:
    """The line at `start` and those after it, up to an empty one or the next address.

    Where the address stands alone above an empty line, what is said of it stands below that.
    """
    block = [lines[start].strip()]
    for line in lines[start + 1 : start + BLOCK_LINES]:
        if _HEAD.match(line) or (not line.strip() and len(block) > 1):
            break
        if line.strip():
            block.append(line.strip())
    return block


def _is_bare(block: str) -> bool:
    head = _HEAD.match(block)
    return head is not None and not head[2].strip(" :;,")


def _bare(box: str) -> str:
    return box.strip("\"'").rstrip(".!?")


def _merged(found: list[Named]) -> tuple[Named, ...]:
    merged: dict[str, Named] = {}
    for named in found:
        known = merged.setdefault(named.address.lower(), Named(named.address))
        if len(known.block) < MAX_LINE:
            known.block = f"{known.block} {named.block}".strip()
        if len(merged) == MAX_RECIPIENTS:
            break
    return tuple(merged.values())
