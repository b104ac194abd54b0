"""What a message of Meta's says, whatever its type, and how it becomes a `Message`: cleaned and bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from connectors._media import attachments
from connectors._meta.batch import Item, items
from normalizer.errors import Rejected
from normalizer.events import Contact, Kind, Message, RawEvent, ThreadRefs
from normalizer.identity import contact
from normalizer.ids import message_id
from normalizer.mail.texts import clean

PROFILE = "profilename"
"""The attribute with the sender's name, where the hand had to ask the Graph API for it."""

_TEXT = 65_536  # characters; Meta's own limits are far below, and a message must fit a record twice
_VALUE = 1_000
_FIELDS = 40
_ID = 500


class File(msgspec.Struct, frozen=True):
    """A file that a message names: by a `url`, or by a media `id` whose url is asked for."""

    url: str = ""
    id: str = ""
    name: str = ""
    content_type: str = ""


class Content(msgspec.Struct, frozen=True):
    """What a message says: its text (a placeholder like ``[sticker]`` when it has no words), facts, and files."""

    text: str = ""
    fields: Mapping[str, str] = {}
    files: tuple[File, ...] = ()
    degradations: tuple[str, ...] = ()

    def __add__(self, other: Content) -> Content:
        """Both, one below the other."""
        return Content(
            "\n".join(filter(None, (self.text, other.text))),
            {**self.fields, **other.fields},
            self.files + other.files,
            self.degradations + other.degradations,
        )


def facts(**found: str) -> dict[str, str]:
    """Those that are something."""
    return {name: text for name, text in found.items() if text}


def unsupported(kind: str) -> Content:
    """A placeholder for what nobody can read yet: the message is there, and somebody can look at its raw record."""
    name = " ".join(clean(kind).split())[:60] or "message"
    return Content(f"[{name}]", degradations=(f"unsupported:{name}",))


def nameless(raw: bytes) -> str:
    """The name of an item that the vendor gave no id: its own bytes, never those of the post around it."""
    return f"item;{hashlib.sha256(raw).hexdigest()[:32]}"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message before it is cleaned.

    `parents` are the vendor's ids of what it is about, `thread` the vouched one. `key` is set where order must be kept
    among more than one thread. `outgoing` is that of `Message`.
    """

    own: str
    sender: Contact
    thread: str
    key: str = ""
    to: tuple[Contact, ...] = ()
    sent_at: datetime | None = None
    kind: Kind = "message"
    parents: tuple[str, ...] = ()
    content: Content = Content()
    outgoing: bool = False


Eye = Callable[[Item], Draft | None]
"""Reads an item of one channel; None when it is nothing to any customer."""


def read(raw: RawEvent, eye: Eye) -> tuple[Message, ...]:
    """The messages of a raw event. Raises `Rejected` for what is no post of Meta."""
    if raw.dataref:
        raise Rejected(
            "too-large", f"one item of {len(raw.body)} bytes and more is no message: look at blob {raw.dataref}"
        )
    drafts = filter(None, map(eye, items(raw.body)))
    found = {draft.own: draft for draft in drafts}  # one post may tell the same twice
    return tuple(_message(raw, draft) for draft in found.values())


def _message(raw: RawEvent, draft: Draft) -> Message:
    text = clean(draft.content.text)
    files, missing = attachments(raw)
    notes = [*draft.content.degradations, *missing]
    notes += ["text-cut"] if len(text) > _TEXT else []
    notes += ["no-date"] if draft.sent_at is None else []
    about = draft.parents[-1] if draft.kind in ("edit", "deletion", "reaction") and draft.parents else ""
    fields = list(draft.content.fields.items())[:_FIELDS]
    return Message(
        id=message_id(raw.channel, raw.account, draft.own),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=_named(draft.sender, raw.attributes.get(PROFILE, "")),
        to=draft.to,
        received_at=raw.received_at,
        sent_at=draft.sent_at,
        origin=raw.origin,
        kind=draft.kind,
        text=text[:_TEXT],
        visible_text=text[:_TEXT],
        attachments=files,
        refs=ThreadRefs(draft.own[:_ID], tuple(each[:_ID] for each in draft.parents[-20:]), draft.thread[:_ID]),
        fields={clean(name)[:100]: clean(value)[:_VALUE] for name, value in fields},
        degradations=tuple(dict.fromkeys(notes)),
        about=message_id(raw.channel, raw.account, about) if about else "",
        outgoing=draft.outgoing,
    )


def _named(party: Contact, name: str) -> Contact:
    return contact(party.scheme, party.address, name) if name and not party.name else party
