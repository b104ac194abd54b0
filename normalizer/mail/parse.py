"""Bytes to `Mail`: one mail in, one mail out, whatever its defects."""

from __future__ import annotations

from normalizer.mail import encoded_words
from normalizer.mail.bodies import Sorter
from normalizer.mail.parsed import Mail
from normalizer.mail.texts import clean, texts
from normalizer.mail.tree import Entity, Tree

MAX_VALUE = 64 * 1024  # characters of one header's value
_ADDRESSES = {
    *("from", "sender", "reply-to", "to", "cc", "bcc", "return-path", "errors-to", "disposition-notification-to"),
    *("resent-from", "resent-to", "resent-cc", "delivered-to", "x-original-to", "x-original-from", "x-original-sender"),
}


def parse(data: bytes) -> Mail:
    """`data` taken apart. Never raises, gives equal results for equal bytes, and bounds what it makes.

    Limits: `tree.MAX_PARTS` parts, `tree.MAX_DEPTH` levels, `headers.MAX_HEADER_BYTES` per header block and
    `leaves.MAX_DECODED` bytes of content; what is over them is left out and noted in `Mail.degradations`.
    """
    tree = Tree(data)
    notes = tree.notes
    sorter = Sorter(tree, notes)
    text, html = texts(sorter.bodies, notes)
    headers = _headers(tree.root, next((part.charset for part in sorter.decoder.parts if part.charset), ""), notes)
    return Mail(
        headers=headers,
        content_type=tree.root.content_type,
        parameters=tree.root.params,
        parts=tuple(sorter.decoder.parts),
        attachments=tuple(leaf.part for leaf in sorter.bodies.attachments),
        text=text,
        html=html,
        degradations=tuple(sorted(notes)),
    )


def _headers(root: Entity, hint: str, notes: set[str]) -> tuple[tuple[str, str], ...]:
    if root.block.plain and all(len(raw) <= MAX_VALUE for _, raw in root.block.fields):
        return tuple([(name, raw.decode("ascii")) for name, raw in root.block.fields])
    found = []
    for name, raw in root.block.fields:
        if b"=?" not in raw and raw.isascii() and b"\x1b" not in raw:
            text, note = raw.decode("ascii"), ""
        elif name.lower() in _ADDRESSES:
            text, note = encoded_words.decode_addresses(raw, hint)
        else:
            text, note = encoded_words.decode(raw, hint)
        if note:
            notes.add(note)
        if len(text) > MAX_VALUE:
            text = text[:MAX_VALUE]
            notes.add("header-cut")
        found.append((name, text if text.isprintable() else _one_line(clean(text))))
    return tuple(found)


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()) if "\n" in text else text
