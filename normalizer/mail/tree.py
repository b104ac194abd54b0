"""A mail's MIME tree: RFC 2046 section 5.1, with the boundaries that are missing, unclosed or wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from normalizer.mail import headers, parameters
from normalizer.mail.headers import Block

MAX_PARTS = 1000
MAX_DEPTH = 50

_GUESSED = re.compile(rb"(?:\A|[\r\n])--([^\s-][^\r\n]{0,200}?|-[^\r\n]{1,200}?)[ \t]*\r?\n[Cc]ontent-")


@dataclass(slots=True)
class Entity:
    """One node. `start` and `end` are where its body stands in the mail's bytes.

    `cut` is set when the mail ends before this part does, or when it is a multipart without parts.
    """

    block: Block
    content_type: str
    params: dict[str, str]
    start: int
    end: int
    cut: bool = False
    children: list[Entity] = field(default_factory=list)


class Tree:
    """The tree of `data`, with all that was odd about it in `notes`. Never raises; bounded by the limits above."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.notes: set[str] = set()
        self.parts = 0
        self.root = self._entity(0, len(data), "text/plain", 0)

    def _entity(self, start: int, end: int, default: str, depth: int) -> Entity:
        self.parts += 1
        block = headers.split(self.data, start, end) if depth else headers.split_mail(self.data)
        self.notes.update(block.notes)
        raw = block.last("content-type")
        content_type, params = parameters.parse(raw) if raw else (default, {})
        entity = Entity(block, _known(content_type, default), params, block.body, end)
        if entity.content_type.startswith("multipart/"):
            self._split(entity, depth)
        return entity

    def _split(self, entity: Entity, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self.notes.add("too-deep")
            entity.content_type = "text/plain"
            entity.cut = True
            return
        boundary = _boundary(entity)
        spans, closed = self._spans(entity, boundary)
        if not spans:
            boundary = self._guess(entity)
            if boundary:
                self.notes.add("boundary-guessed")
                spans, closed = self._spans(entity, boundary)
        if not spans:
            self.notes.add("boundary-missing")
            entity.content_type = "text/plain"
            entity.cut = True
            return
        default = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
        for start, end in spans:
            if self.parts >= MAX_PARTS:
                self.notes.add("too-many-parts")
                return
            child = self._entity(start, end, default, depth + 1)
            if child.cut and not self.data[child.start : child.end].strip() and boundary == _boundary(child):
                self.notes.add("boundary-reused")  # its parts are our next ones
            else:
                entity.children.append(child)
        if not closed and entity.end == len(self.data):
            self.notes.add("unclosed")
            if entity.children and not entity.children[-1].children:
                entity.children[-1].cut = True

    def _spans(self, entity: Entity, boundary: bytes) -> tuple[list[tuple[int, int]], bool]:
        """Where the parts between the boundary lines are, and whether the last line closes the multipart."""
        if not boundary:
            return [], True
        lines = self._boundary_lines(entity, boundary, exact=True)
        if not lines:
            # RFC 2046 section 5.1.1 compares beginnings; only as a second choice, as boundaries nest.
            lines = self._boundary_lines(entity, boundary, exact=False)
        if not lines:
            return [], False
        ends = [before for before, _, _ in lines[1:]] + [entity.end]
        # What follows a closing line is no part, but boundary lines after it are: some mailers close too early.
        spans = [(min(after, end), end) for (_, after, closing), end in zip(lines, ends, strict=True) if not closing]
        return spans, lines[-1][2]

    def _boundary_lines(self, entity: Entity, boundary: bytes, *, exact: bool) -> list[tuple[int, int, bool]]:
        """Start of the line break before each boundary line, start of the next line, whether it closes."""
        data, end = self.data, entity.end
        needle = b"--" + boundary
        found: list[tuple[int, int, bool]] = []
        at = data.find(needle, entity.start, end)
        while at >= 0 and len(found) <= MAX_PARTS:
            after = at + len(needle)
            if at == entity.start or data[at - 1] in b"\r\n":
                closing = data.startswith(b"--", after, end)
                stop, following = headers.line(data, after, end)
                if not exact or not data[after + 2 * closing : stop].strip(b" \t"):
                    found.append((_break_before(data, at, entity.start), following, closing))
                after = max(after, following - 1)
            at = data.find(needle, after, end)
        return found

    def _guess(self, entity: Entity) -> bytes:
        hit = _GUESSED.search(self.data, max(entity.start - 1, 0), min(entity.end, entity.start + 65536))
        return hit[1] if hit else b""


def _break_before(data: bytes, at: int, start: int) -> int:
    """Where the line break before `at` begins: it belongs to the boundary, not to the part (RFC 2046, 5.1.1)."""
    for size, ending in ((2, b"\r\n"), (1, b"\n"), (1, b"\r")):
        if at - size >= start and data.startswith(ending, at - size):
            return at - size
    return at


def _boundary(entity: Entity) -> bytes:
    return entity.params.get("boundary", "").encode("utf-8", "replace").rstrip(b" ")


def _known(content_type: str, default: str) -> str:
    """A content type in its usual spelling; what is none of both halves is text (RFC 2045 section 5.2)."""
    if "/" in content_type.strip("/"):
        return content_type
    if content_type.startswith("multipart"):
        return "multipart/mixed"
    return "text/html" if "html" in content_type else default
