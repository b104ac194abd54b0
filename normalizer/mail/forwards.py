"""The mail inside a forwarded mail: who wrote it, to whom, when, about what, and its words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from normalizer.events import Contact, Forwarded
from normalizer.identity import email_address
from normalizer.mail import (
    _labels,
    addresses,
    attribution,
    credit,
    header_block,
    inline_headers,
    separators,
    signatures,
    subject_prefix,
)
from normalizer.mail.header_block import MARKS, Block
from normalizer.mail.subject_prefix import Prefix

_LINK = re.compile(r"<mailto:[^<>]{0,320}>", re.IGNORECASE)
_MAILTO = re.compile(r"\[mailto:([^\[\]]{1,320})\]", re.IGNORECASE)
_END = re.compile(r"\W*-{3,}\s*end (?:of )?forwarded message\b.{0,200}", re.IGNORECASE)
_NEAR = 6  # lines between the separator and the header lines


class _Found(NamedTuple):
    """Where a forwarded mail begins: at its header block, or at the attribution that stands for one."""

    lines: Sequence[str]
    block: Block | None = None
    credit: str = ""
    body: int = 0


def find_forward(subject: str, text: str) -> Forwarded | None:
    """The mail that the mail with `subject` and plain body `text` passes on, None when it passes none on.

    A line like "---------- Forwarded message ---------" always says so. Outlook prints the same block above
    replies and forwards: there the mark before the subject decides ("FW:" or "Re:"), and where the subject
    is blank, the ruler above the block. A forwarded mail inside a quoted reply is nobody's forward now.
    Of nested forwards the outer one is given, with the inner ones in its text. Addresses are in their normal
    form; a sender of whom only the name is known has the address "". Never raises; linear in the text.
    """
    prefix = subject_prefix.read(subject)
    found = _find(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), prefix, blank=not subject.strip())
    if found is None:
        return None
    fields = found.block.fields if found.block else {}
    return Forwarded(
        sender=_person(fields["from"]) if "from" in fields else credit.author(found.credit),
        to=_people(fields.get("to", "")),
        cc=_people(fields.get("cc", "")),
        subject=fields.get("subject", "") if found.block else prefix.rest,
        sent=fields.get("date", "") if found.block else credit.date(found.credit),
        text=_body(found),
    )


def _find(lines: list[str], prefix: Prefix, *, blank: bool) -> _Found | None:
    """The first mark in `lines` decides: a forward, or a reply whose old text may hold anything."""
    for at in range(len(lines)):
        stripped = lines[at].strip(MARKS)
        if not stripped:
            continue
        near = (
            lines[at : at + header_block.MAX_LINES]
            if stripped[0] != ">"
            else _unquoted(lines, at, header_block.MAX_LINES)
        )
        separator = separators.find(near, 0)
        if separator is not None and separator.kind == "forwarded":
            return _below(lines, at, separator.rest)
        if stripped[0] == ">":
            continue
        if separator is not None:
            return _below(lines, at, "") if _forwards(prefix, lines, at + 1) else None
        block = header_block.read(lines, at)
        if block is not None and header_block.is_credible(block):
            ruled = blank and _ruled(lines, at)
            return _Found(lines, block, body=block.end) if ruled or _forwards(prefix, lines, at) else None
        line = attribution.find(lines, at) or attribution.find_weak(lines, at)
        if line is not None:
            if "forward" not in prefix.kinds or "reply" in prefix.kinds:
                return None
            words = " ".join(part.strip(MARKS) for part in lines[line.start : line.end])
            return _Found(lines, credit=words, body=line.end)
    return None


def _forwards(prefix: Prefix, lines: Sequence[str], at: int) -> bool:
    """True when the subject says so; where it can be read both ways, the language of the label "From" decides."""
    if "reply" not in prefix.kinds or "forward" not in prefix.kinds:
        return "forward" in prefix.kinds
    block = next(
        (block for line in range(at, min(at + 3, len(lines))) if (block := header_block.read(lines, line))), None
    )
    labels = (
        {lines[at].partition(":")[0].strip(MARKS).casefold() for at in range(block.start, block.end)}
        if block
        else set()
    )
    spoken = {
        language
        for language, fields in _labels.LABELS.items()
        if labels & {word.casefold() for word in fields["from"]}
        and labels & {word.casefold() for word in fields["subject"]}
    }
    return bool(spoken & prefix.kinds["forward"]) and not spoken & prefix.kinds["reply"]


def _below(lines: list[str], at: int, rest: str) -> _Found:
    """What stands below the separator in line `at`, and behind it on the same line."""
    if rest.strip(MARKS):
        fields = inline_headers.read(rest)
        if fields:
            return _Found(lines, Block(at, at + 1, fields), body=at + 1)
    below = _unquoted(lines, at + 1, len(lines)) if _quoted_next(lines, at) else lines[at + 1 :]
    for start in range(min(_NEAR, len(below))):
        block = header_block.read(below, start)
        if block is not None and not {"from", "subject"}.isdisjoint(block.fields):
            return _Found(below, block, body=block.end)
    return _Found(below, credit=rest)


def _quoted_next(lines: Sequence[str], at: int) -> bool:
    """True when the next line with words on it is quoted."""
    below = next((line for line in lines[at + 1 :] if line.strip(MARKS)), "")
    return below.lstrip(MARKS).startswith(">")


def _unquoted(lines: Sequence[str], start: int, count: int) -> list[str]:
    """`count` lines with one ">" taken off each, up to the first that has none."""
    found: list[str] = []
    for line in lines[start : start + count]:
        bare = line.lstrip(MARKS)
        if bare and not bare.startswith(">"):
            break
        found.append(bare[1:].removeprefix(" ") if bare else "")
    return found


def _ruled(lines: Sequence[str], at: int) -> bool:
    above = next((line for line in reversed(lines[max(0, at - 2) : at]) if line.strip(MARKS)), "")
    return signatures.is_rule(above) and len(above.strip(MARKS)) >= 10


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
    )


def _body(found: _Found) -> str:
    lines = list(found.lines[found.body :])
    end = next((at for at, line in enumerate(lines) if _END.fullmatch(line)), len(lines))
    while lines and not lines[0].strip(MARKS):
        del lines[0]
        end -= 1
    return textwrap.dedent("\n".join(lines[: max(end, 0)])).strip(MARKS + "\n")
