"""The mail inside a forwarded mail: who wrote it, to whom, when, about what, and its words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from normalizer.events import Contact, Forwarded
from normalizer.identity import email_address
from normalizer.mail import (
    addresses,
    attribution,
    credit,
    header_block,
    inline_headers,
    separators,
    signatures,
    subject_prefix,
)
from normalizer.mail._labels import Field
from normalizer.mail._layout import MAX_LINES
from normalizer.mail._plain import is_plain
from normalizer.mail.header_block import MARKS, Block
from normalizer.mail.subject_prefix import Prefix

_LINK = re.compile(r"<mailto:[^<>]{0,320}>", re.IGNORECASE)
_MAILTO = re.compile(r"\[mailto:([^\[\]]{1,320})\]", re.IGNORECASE)
_END = re.compile(r"\W*-{3,}\s*end (?:of )?forwarded (?:message|text|mail)\b.{0,200}", re.IGNORECASE)
_NEAR = 6  # lines between the separator and the header lines


class _Found(NamedTuple):
    """A forwarded mail: its header block, or the attribution that stands for one, and the lines of its body."""

    body: Sequence[str]
    fields: dict[Field, str] | None = None
    credit: str = ""


def find_forward(subject: str, text: str) -> Forwarded | None:
    """The mail that the mail with `subject` and plain body `text` passes on, None when it passes none on.

    A line like "---------- Forwarded message ---------" always says so. Outlook prints the same block above
    replies and forwards: there the mark before the subject decides ("FW:" or "Re:"), and where the subject
    is blank, the ruler above the block. A forwarded mail inside a quoted reply is nobody's forward now.
    A mail whose subject says "Fwd:" or "FW:" passes one on even where nothing in its text says which words are whose.
    Of nested forwards the outer one is given, with the inner ones in its text. Addresses are in their normal
    form; a sender of whom only the name is known has the address "". Never raises; linear in the text.
    """
    prefix = subject_prefix.read(subject)
    blank = not subject.strip()
    if not (blank or "forward" in prefix.kinds or separators.may_forward(text)):
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n", MAX_LINES)
    found = _find(lines, prefix, blank=blank)
    if found is None:
        return None
    fields = found.fields or {}
    return Forwarded(
        sender=_person(fields["from"]) if "from" in fields else credit.author(found.credit),
        to=_people(fields.get("to", "")),
        cc=_people(fields.get("cc", "")),
        subject=prefix.rest if found.fields is None else fields.get("subject", ""),
        sent=credit.date(found.credit) if found.fields is None else fields.get("date", ""),
        text=_body(found.body),
    )


def _find(lines: list[str], prefix: Prefix, *, blank: bool) -> _Found | None:
    """The first mark in `lines` decides: a forward, or a reply whose old text may hold anything."""
    bare = header_block.bare(lines)
    above = ""
    for at in range(len(bare)):
        line = bare[at]
        if line.startswith(">"):
            if not above.startswith(">") and _opens_forward(_unquoted(bare, at, _NEAR)):
                return _below(lines, bare, at, "")
        elif line and not is_plain(line):
            separator = separators.find(bare, at)
            if separator is not None and separator.kind == "forwarded":
                return _below(lines, bare, at, separator.rest)
            if separator is not None:
                return _below(lines, bare, at, "") if _passes_on(prefix, bare, at + 1) else None
            block = header_block.read(bare, at)
            if block is not None and (header_block.is_credible(block) or _is_announced(prefix, block)):
                passed = (blank and _is_long_rule(above)) or _passes_on(prefix, bare, at)
                return _Found(lines[block.end :], block.fields) if passed else None
            found = attribution.find(bare, at) or attribution.find_weak(bare, at)
            if found is not None:
                words = " ".join(bare[found.start : found.end])
                return _Found(lines[found.end :], credit=words) if list(prefix.kinds) == ["forward"] else None
        above = line or above
    return _Found(lines) if "en" in prefix.kinds.get("forward", ()) else None


def _is_announced(prefix: Prefix, block: Block) -> bool:
    """A subject that says "Fwd:" makes any two header lines credible."""
    return list(prefix.kinds) == ["forward"] and "from" in block.fields and len(block.fields) >= 2


def _opens_forward(lines: Sequence[str]) -> bool:
    separator = separators.find(lines, 0)
    return separator is not None and separator.kind == "forwarded"


def _passes_on(prefix: Prefix, lines: Sequence[str], at: int) -> bool:
    """True when the subject says so; where it can be read both ways, the language of the labels decides."""
    if "reply" not in prefix.kinds or "forward" not in prefix.kinds:
        return "forward" in prefix.kinds
    spoken = header_block.languages(lines, at)
    return bool(spoken & prefix.kinds["forward"]) and not spoken & prefix.kinds["reply"]


def _below(lines: list[str], bare: list[str], at: int, rest: str) -> _Found:
    """What stands below the separator in line `at`, and behind it on the same line."""
    fields = inline_headers.read(rest) if rest else {}
    if fields:
        return _Found(lines[at + 1 :], fields)
    quoted = next((line for line in bare[at + 1 :] if line), "").startswith(">")
    below = _unquoted(lines, at + 1, len(lines)) if quoted else lines[at + 1 :]
    near = header_block.bare(below[: _NEAR + header_block.MAX_LINES])
    for start in range(min(_NEAR, len(near))):
        block = header_block.read(near, start)
        if block is not None and not {"from", "subject"}.isdisjoint(block.fields):
            return _Found(below[block.end :], block.fields)
    return _Found(below, credit=rest)


def _unquoted(lines: Sequence[str], start: int, count: int) -> list[str]:
    """`count` lines with one ">" taken off each, up to the first that has none."""
    found: list[str] = []
    for line in lines[start : start + count]:
        bare = line.lstrip(MARKS)
        if bare and not bare.startswith(">"):
            break
        found.append(bare[1:].removeprefix(" ") if bare else "")
    return found


def _is_long_rule(line: str) -> bool:
    return len(line) >= 10 and signatures.is_rule(line)


def _person(value: str) -> Contact | None:
    people = _people(value)
    if people:
        return people[0]
    name = value.strip(MARKS + "\"'<>")
    return Contact(scheme="email", address="", name=name) if name else None


def _people(value: str) -> tuple[Contact, ...]:
    """The people in a header value; a name that only repeats the address, as Outlook writes it, is none."""
    people = addresses.parse(_MAILTO.sub(r"<\1>", _LINK.sub("", value)))
    return tuple(
        Contact(scheme="email", address=person.address) if email_address(person.name) == person.address else person
        for person in people
        if "@" in person.address
    )


def _body(lines: Sequence[str]) -> str:
    end = next(
        (at for at, line in enumerate(lines) if "orwarded" in line and len(line) < 300 and _END.fullmatch(line)),
        len(lines),
    )
    first = next((at for at, line in enumerate(lines[:end]) if line.strip(MARKS)), end)
    return textwrap.dedent("\n".join(lines[first:end])).strip(MARKS + "\n")
