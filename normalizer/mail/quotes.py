"""The visible reply: what the sender newly wrote, without what the mail quotes, and without the signature.

Works on plain text alone, line by line, in linear time, for the formats of the usual mail clients in some fifty
languages. Nothing is ever lost by it: whoever calls keeps the whole text beside the visible one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from normalizer.mail import _layout, header_block, signatures
from normalizer.mail._layout import MAX_LINES, Line
from normalizer.mail.header_block import MARKS
from normalizer.mail.signatures import is_name_of

_OWN_WORDS = frozenset(("text", "blank", "rule", "delimiter", "mobile"))
_ENDS_WORDS = frozenset(("separator", "block", "attribution", "mobile"))
_RULERS = frozenset(("delimiter", "rule"))
_QUOTED = frozenset(("quote", "attribution"))

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
    The lines are those of `text`, unchanged and in order; blank lines at both ends and white space at the very end
    are dropped.
    """
    lines, _, roles, _ = _taken_apart(text)
    return _visible(lines, roles, keep_signature=keep_signature)


def dissect(text: str, *, keep_signature: bool = False) -> Reply:
    """Every line of `text` with its role; see `visible_reply` for the rules. Never raises."""
    lines, layout, roles, confidence = _taken_apart(text)
    visible = _visible(lines, roles, keep_signature=keep_signature)
    if not any(role == "reply" and line.kind != "blank" for role, line in zip(roles, layout, strict=True)):
        confidence = 0.0
    return Reply(visible, tuple(_spans(roles)), confidence)


def _taken_apart(text: str) -> tuple[list[str], list[Line], list[Role], float]:
    """The lines of `text`, their layout and roles, and how sure the cut is."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n", MAX_LINES)
    bare = header_block.bare(lines)
    layout = _layout.read(bare)
    roles: list[Role] = ["reply"] * len(lines)
    kinds = {line.kind for line in layout}
    confidence = 1.0 if kinds.isdisjoint(_ENDS_WORDS) else _cut_old_text(bare, layout, roles)
    _cut_closing(bare, layout, roles)
    if not kinds.isdisjoint(_RULERS):
        _cut_signatures(bare, layout, roles)
        _cut_closing(bare, layout, roles)
    if not kinds.isdisjoint(_QUOTED):
        _cut_quotes(layout, roles)
        _cut_closing(bare, layout, roles)
    return lines, layout, roles, confidence


def _visible(lines: list[str], roles: list[Role], *, keep_signature: bool) -> str:
    shown: set[Role] = {"reply", "context", "signature"} if keep_signature else {"reply", "context"}
    visible = _join([line for line, role in zip(lines, roles, strict=True) if role in shown])
    return (
        visible or _join(line for line, role in zip(lines, roles, strict=True) if role != "attribution") or _join(lines)
    )


def _cut_old_text(lines: Sequence[str], layout: Sequence[Line], roles: list[Role]) -> float:
    """Everything below a mark that ends the new text. Returns how sure that is."""
    written = signed = False
    for at, line in enumerate(layout):
        if line.kind == "text":
            if signed:  # phones sign above the old text, which not all of them mark
                _fill(roles, at, len(roles), "quote")
                return 0.7
            written = True
        elif line.kind in ("separator", "block") or (line.kind == "attribution" and not line.heads_quote):
            if written:
                _fill(roles, _begin_of_old_text(lines, layout, at), len(roles), "quote")
                return 1.0
            roles[at] = "attribution"
        elif line.kind == "mobile" and written:
            roles[at] = "signature"
            signed = True
        elif line.kind == "quote":
            signed = False
    return 1.0


def _cut_signatures(lines: Sequence[str], layout: Sequence[Line], roles: list[Role]) -> None:
    """From "-- " to the next quote or the end; below another ruler only what looks like a signature."""
    written, at, after = False, 0, 0
    while at < len(layout):
        kind = layout[at].kind
        if kind in ("delimiter", "rule") and roles[at] == "reply" and written:
            after = after if after > at else _end_of_words(layout, roles, at + 1)
            if kind == "delimiter" or (
                layout[at - 1].kind == "blank" and signatures.looks_like_signature(lines[at + 1 : min(after, at + 60)])
            ):
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


def _cut_closing(lines: Sequence[str], layout: Sequence[Line], roles: list[Role]) -> None:
    """A list's footer, a lawyer's notice or a lone ruler that ends what is left; never the first paragraph."""
    first = next((at for at, role in enumerate(roles) if role == "reply" and layout[at].kind == "text"), len(roles))
    end = len(roles)
    while (found := _last_paragraph(layout, roles, end)) is not None:
        start, stop = found
        if start <= first:
            return
        if not signatures.is_closing([line for line in lines[start:stop] if not signatures.is_rule(line)]):
            return
        _fill(roles, start, stop, "signature")
        end = start


def _last_paragraph(layout: Sequence[Line], roles: Sequence[Role], end: int) -> tuple[int, int] | None:
    """The last run of shown lines without a blank between, above line `end`."""
    while end > 0 and (layout[end - 1].kind == "blank" or roles[end - 1] not in ("reply", "context")):
        end -= 1
    start = end
    while start > 0 and layout[start - 1].kind != "blank" and roles[start - 1] in ("reply", "context"):
        start -= 1
    return (start, end) if end else None


def _above_rules(layout: Sequence[Line], at: int) -> int:
    """`at`, or the first of the blank lines and rulers directly above it."""
    while at > 0 and layout[at - 1].kind in ("blank", "rule"):
        at -= 1
    return at


def _begin_of_old_text(lines: Sequence[str], layout: Sequence[Line], at: int) -> int:
    """Where what leads to the old text at `at` begins: blank lines, rulers, and above a ruler its writer's name."""
    start = _above_rules(layout, at)
    block = header_block.read(lines, at) if layout[at].kind == "block" and start < at else None
    named = block is not None and start > 1 and is_name_of(lines[start - 1], block.fields.get("from", ""))
    written = any(line.kind == "text" for line in layout[: max(start - 1, 0)])
    return _above_rules(layout, start - 1) if named and written else start


def _end_of_words(layout: Sequence[Line], roles: Sequence[Role], at: int) -> int:
    """The first line from `at` on that is old text or has been cut."""
    while at < len(layout) and roles[at] == "reply" and layout[at].kind in _OWN_WORDS:
        at += 1
    return at


def _fill(roles: list[Role], start: int, end: int, role: Role) -> None:
    roles[start:end] = [role] * (end - start)


def _join(lines: Iterator[str] | Sequence[str]) -> str:
    kept = list(lines)
    while kept and not kept[-1].strip(MARKS):
        kept.pop()
    first = next((at for at, line in enumerate(kept) if line.strip(MARKS)), 0)
    return "\n".join(kept[first:]).rstrip(MARKS)


def _spans(roles: Sequence[Role]) -> Iterator[Span]:
    at = 0
    for role, group in groupby(roles):
        count = sum(1 for _ in group)
        yield Span(role, at, at + count)
        at += count
