"""The visible reply: what the sender newly wrote, without what the mail quotes, and without the signature.

Works on plain text alone, line by line, in linear time, for the formats of the usual mail clients in some fifty
languages. Nothing is ever lost by it: whoever calls keeps the whole text beside the visible one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from normalizer.mail import _layout, signatures
from normalizer.mail._layout import Line

Role = Literal["reply", "context", "attribution", "quote", "signature"]


class Span(msgspec.Struct, frozen=True):
    """Lines ``start`` to ``end`` (exclusive) of the text, and what they are."""

    role: Role
    start: int
    end: int


class Reply(msgspec.Struct, frozen=True):
    """A text taken apart. `spans` cover every line once, in order.

    `visible` holds the lines whose role is ``reply`` (new words) or ``context`` (a quote that is answered right
    below it). `confidence` is 1.0 when nothing was cut or every cut stands at an explicit mark, lower when a
    cut was guessed, and 0.0 when all of it was old text, so that `visible` shows the old text.
    """

    visible: str
    spans: tuple[Span, ...]
    confidence: float


def visible_reply(text: str, *, keep_signature: bool = False) -> str:
    """What the sender newly wrote in `text`.

    Quoted text below the reply goes, and so does a quote above a reply that ends the mail. A quote with an answer
    below it stays, since the answer cannot be read without it; only its "… wrote:" line goes. Signatures, phone
    advertisements, list footers and confidentiality notices at the end go, unless `keep_signature`. Greetings and
    closing words stay. A mail that is nothing but old text keeps it, without the header lines.
    The lines are those of `text`, unchanged and in order; blank lines at both ends are dropped.
    """
    return dissect(text, keep_signature=keep_signature).visible


def dissect(text: str, *, keep_signature: bool = False) -> Reply:
    """Every line of `text` with its role; see `visible_reply` for the rules. Never raises."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    layout = _layout.read(lines)
    roles: list[Role] = ["reply"] * len(lines)
    confidence = _cut_old_text(lines, layout, roles)
    _cut_signatures(lines, layout, roles)
    _cut_quotes(layout, roles)
    _cut_closing(lines, roles)
    shown: set[Role] = {"reply", "context", "signature"} if keep_signature else {"reply", "context"}
    visible = _join(line for line, role in zip(lines, roles, strict=True) if role in shown)
    if not visible:
        confidence = 0.0
        visible = _join(line for line, role in zip(lines, roles, strict=True) if role != "attribution") or _join(lines)
    return Reply(visible, tuple(_spans(roles)), confidence)


def _cut_old_text(lines: Sequence[str], layout: Sequence[Line], roles: list[Role]) -> float:
    """Everything below a mark that ends the new text. Returns how sure that is."""
    written = False
    for at, line in enumerate(layout):
        if line.kind == "text":
            written = True
        elif line.kind in ("separator", "block", "attribution") and not (
            line.kind == "attribution" and line.heads_quote
        ):
            if written:
                _fill(roles, _above_rules(lines, at), len(roles), "quote")
                return 1.0
            _fill(roles, at, at + 1, "attribution")
        elif line.kind == "mobile" and written:
            after = _next_mark(layout, at + 1)
            _fill(roles, at, at + 1, "signature")
            if any(layout[below].kind == "text" for below in range(at + 1, after)):
                _fill(roles, at + 1, len(roles), "quote")
                return 0.7
    return 1.0


def _cut_signatures(lines: Sequence[str], layout: Sequence[Line], roles: list[Role]) -> None:
    """From "-- " to the next quote or the end; below other rulers only what looks like a signature."""
    written, at = False, 0
    while at < len(layout):
        kind = layout[at].kind
        if kind in ("delimiter", "rule") and roles[at] == "reply" and written:
            after = _next_mark(layout, at + 1)
            if kind == "delimiter" or signatures.looks_like_signature(lines[at + 1 : min(after, at + 60)]):
                _fill(roles, at, after, "signature")
                at = after
                continue
        written = written or kind == "text"
        at += 1


def _cut_quotes(layout: Sequence[Line], roles: list[Role]) -> None:
    """Quotes above and below all new text; those in between are context."""
    new = [at for at, line in enumerate(layout) if line.kind in ("text", "rule") and roles[at] == "reply"]
    first, last = (new[0], new[-1]) if new else (len(layout), -1)
    quoted = [at for at, line in enumerate(layout) if line.kind == "quote" and roles[at] == "reply"]
    answered_below = any(first < at < last for at in quoted)
    headed = bool(quoted) and layout[quoted[0]].headed
    for at, line in enumerate(layout):
        if line.kind == "attribution" and roles[at] == "reply":
            roles[at] = "context" if line.weak and first < at < last else "attribution"
        elif line.kind == "quote" and roles[at] == "reply":
            dropped = at > last or (at < first and headed and not answered_below)
            roles[at] = "quote" if dropped and new else "context"


def _cut_closing(lines: Sequence[str], roles: list[Role]) -> None:
    """A phone's advertisement, a list's footer or a lawyer's notice that ends what is left."""
    paragraphs = [
        list(group)
        for is_text, group in groupby(
            range(len(lines)), key=lambda at: roles[at] in ("reply", "context") and bool(lines[at].strip(_layout.MARKS))
        )
        if is_text
    ]
    for paragraph in reversed(paragraphs[1:]):
        top = lines[paragraph[0]]
        if signatures.is_rule(top) and len(paragraph) > 1:
            top = lines[paragraph[1]]
        if (
            signatures.is_footer(top)
            or signatures.is_disclaimer(top)
            or all(signatures.is_rule(lines[at]) for at in paragraph)
        ):
            _fill(roles, paragraph[0], paragraph[-1] + 1, "signature")
        else:
            return


def _above_rules(lines: Sequence[str], at: int) -> int:
    """`at`, or the first of the blank lines and rulers directly above it."""
    while at > 0 and (not lines[at - 1].strip(_layout.MARKS) or signatures.is_rule(lines[at - 1])):
        at -= 1
    return at


def _next_mark(layout: Sequence[Line], at: int) -> int:
    """The first line from `at` on that belongs to old text."""
    while at < len(layout) and layout[at].kind in ("text", "blank", "rule", "delimiter", "mobile"):
        at += 1
    return at


def _fill(roles: list[Role], start: int, end: int, role: Role) -> None:
    roles[start:end] = [role] * (end - start)


def _join(lines: Iterator[str] | Sequence[str]) -> str:
    kept = list(lines)
    while kept and not kept[-1].strip(_layout.MARKS):
        kept.pop()
    first = next((at for at, line in enumerate(kept) if line.strip(_layout.MARKS)), 0)
    return "\n".join(kept[first:])


def _spans(roles: Sequence[Role]) -> Iterator[Span]:
    at = 0
    for role, group in groupby(roles):
        count = sum(1 for _ in group)
        yield Span(role, at, at + count)
        at += count
