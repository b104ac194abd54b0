"""A message that fits into a record, whatever its parts add up to."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from normalizer import wire
from normalizer.events import Message

MAX_MESSAGE = 800_000  # bytes of JSON: a record holds 1,000,000, and a ticket travels with its message
_CERTAIN = 100_000  # characters; JSON has at most six bytes for one

# What goes first is what is kept best elsewhere: the raw record has all of it.
_CUTS: tuple[tuple[str, Callable[[Message], Message]], ...] = (
    ("html-cut", lambda message: replace(message, html="")),
    (
        "text-cut",
        lambda message: replace(message, text=message.text[:50_000], visible_text=message.visible_text[:20_000]),
    ),
    ("attachments-cut", lambda message: replace(message, attachments=message.attachments[:100])),
    ("recipients-cut", lambda message: replace(message, to=message.to[:50], cc=message.cc[:50], reply_to=())),
    ("details-cut", lambda message: replace(message, forwarded=None, bounces=message.bounces[:20], fields={})),
)


def fit(message: Message) -> Message:
    """`message`, cut until its JSON without the bytes of attachments has at most `MAX_MESSAGE` bytes."""
    if _roughly(message) <= _CERTAIN:
        return message
    for note, cut in _CUTS:
        if _size(message) <= MAX_MESSAGE:
            break
        message = cut(message)
        message = replace(message, degradations=tuple(sorted({*message.degradations, note})))
    return message


def _roughly(message: Message) -> int:
    recipients = len(message.to) + len(message.cc) + len(message.reply_to)
    forwarded = len(message.forwarded.text) if message.forwarded else 0
    lists = 1000 * (len(message.attachments) + recipients + len(message.bounces) + len(message.refs.parents))
    return len(message.text) + len(message.visible_text) + len(message.html) + forwarded + lists


def _size(message: Message) -> int:
    bare = tuple(replace(each, content=None) for each in message.attachments)
    return len(wire.encode(replace(message, attachments=bare)))
