"""What each line of a mail's text is, by its form alone: text, quote, the marks between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from normalizer.mail import attribution, header_block, separators, signatures
from normalizer.mail._plain import is_plain

MAX_LINES = 10_000  # of one text; all that follows counts as one line
Kind = Literal["text", "blank", "quote", "attribution", "separator", "block", "delimiter", "rule", "mobile"]

_MAX_MARKS = 6  # of quotes, in one mail
_WRAPPED = 60  # characters: a quoted line this long may have lost its tail to the next line


class Line(NamedTuple):
    """`heads_quote`: an attribution with marked quotes below. `headed`: such a quote. `weak`: see `attribution`."""

    kind: Kind
    heads_quote: bool = False
    headed: bool = False
    weak: bool = False


_TEXT, _BLANK, _QUOTE, _HEADED = Line("text"), Line("blank"), Line("quote"), Line("quote", headed=True)
_SIMPLE = {kind: Line(kind) for kind in ("separator", "block", "delimiter", "rule", "mobile")}


def read(lines: Sequence[str]) -> list[Line]:
    """One `Line` for each of the bare `lines` (see `header_block.bare`).

    Linear: every rule looks at a bounded number of lines and characters.
    """
    layout: list[Line] = []
    fence = _fences(lines)
    headed = False
    marks: tuple[str, ...] = (">",)
    count = len(lines)
    while (at := len(layout)) < count:
        line = lines[at]
        if not line:
            layout.append(_BLANK)
        elif at in fence:
            layout += [_TEXT] * (fence[at] - at)
            headed = False
        elif ((line[0] == ">" or len(marks) > 1) and is_quoted(lines, at, marks)) or (
            layout and layout[-1].kind == "quote" and _is_torn_quote(lines, at)
        ):
            layout.append(_HEADED if headed else _QUOTE)
        elif is_plain(line):
            layout.append(_TEXT)
            headed = False
        else:
            mark = _append_mark(lines, at, layout)
            headed = bool(mark)
            if mark and mark not in marks:
                marks = (*marks, mark)[-_MAX_MARKS:]
    return layout


def is_quoted(lines: Sequence[str], at: int, marks: tuple[str, ...]) -> bool:
    """True for "> text" and quotes with other known `marks`, but not for the ">From " that mbox files make of "From " (RFC 4155)."""
    line = lines[at]
    if not line.startswith(">"):
        return len(marks) > 1 and f"{line} ".startswith(marks)
    return not line.startswith(">From ") or any(
        lines[near].startswith(">") for near in (at - 1, at + 1) if 0 <= near < len(lines)
    )


def _append_mark(lines: Sequence[str], at: int, layout: list[Line]) -> str:
    """Appends the unquoted line `at` with all that belongs to it. Returns the mark of the quote that it heads, if any."""
    found = attribution.find(lines, at) or attribution.find_weak(lines, at)
    if found is not None:
        mark = attribution.quote_mark(lines, found.end)
        layout += [Line("attribution", heads_quote=bool(mark), weak=found.weak)] * (found.end - at)
        return mark
    if separators.find(lines, at) is not None:
        layout.append(_SIMPLE["separator"])
        return ""
    block = header_block.read(lines, at)
    if block is not None and (header_block.is_credible(block) or (layout and layout[-1].kind == "separator")):
        layout += [_SIMPLE["block"]] * (block.end - at)
    else:
        layout.append(_own_line(lines, at))
    return ""


def _own_line(lines: Sequence[str], at: int) -> Line:
    line = lines[at]
    if signatures.is_rule(line):
        return _SIMPLE["delimiter" if line == "--" else "rule"]
    return _SIMPLE["mobile"] if signatures.is_mobile(line) and _ends_paragraph(lines, at) else _TEXT


def _ends_paragraph(lines: Sequence[str], at: int) -> bool:
    """True when no words of the same paragraph follow line `at`."""
    below = lines[at + 1] if at + 1 < len(lines) else ""
    if not below or below.startswith(">") or signatures.is_rule(below):
        return True
    return attribution.find(lines, at + 1) is not None or header_block.label(below) is not None


def _is_torn_quote(lines: Sequence[str], at: int) -> bool:
    """The tail of a long quoted line that some mailer on the way has wrapped: quotes directly above and below."""
    return (
        0 < at < len(lines) - 1
        and len(lines[at - 1]) >= _WRAPPED
        and lines[at - 1].startswith(">")
        and len(lines[at]) <= len(lines[at - 1])
        and lines[at + 1].startswith(">")
    )


def _fences(lines: Sequence[str]) -> dict[int, int]:
    """Start → end of each code block between two lines of "```": its lines are text, whatever they look like."""
    marks = [at for at, line in enumerate(lines) if line.startswith("```")]
    return {start: end + 1 for start, end in zip(marks[::2], marks[1::2], strict=False)}
