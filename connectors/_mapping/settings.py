"""The mapping as it stands in a configuration: where in an item each part of a message is."""

from __future__ import annotations

from typing import Literal

import msgspec

from normalizer.events import Kind

MOST_BYTES = 4_000
"""The most that a mapping has as JSON: it travels with each record, so that a replay reads as on the first day."""

Meaning = Literal[Kind, "nothing"]
"""What a word can stand for in `Mapping.kinds`: "nothing" is for an item that concerns nobody: a handshake, somebody is typing."""


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a party's name and address stand; of several addresses the first that an item has counts."""

    email: str = ""
    tel: str = ""
    slack: str = ""
    x: str = ""
    chat: str = ""
    meta: str = ""
    form: str = ""
    other: str = ""
    name: str = ""


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each part of a message stands in an item: expressions in JMESPath (jmespath.org), "" for nowhere.

    `items` is no expression but names with dots between them (``entry.changes``): the lists that are unrolled, all their
    items; what stood beside them is ``_beside`` in each. `id` is the message's own id, by default a CloudEvent's source and id, else
    the member ``id``. `thread` is a conversation of one customer, `parents` the ids that the message answers or is about.
    `kind` is one of ours (message, edit, deletion, reaction, echo, status …) or a word of the vendor's that the table
    `kinds` translates; there "nothing" stands for what concerns nobody. `sent_at` takes ISO 8601, RFC 5322 and Unix
    time in seconds to nanoseconds. `attachments` are addresses, or objects with ``url``, ``name`` and ``content_type``. `fields`
    are further facts by their names. `region` (ISO 3166) is where national phone numbers are read.
    """

    items: str = ""
    id: str = ""
    thread: str = "(data || @).thread"
    parents: str = "(data || @).parents"
    sender: Party = Party(
        email="(data || @).email", tel="(data || @).phone", other="(data || @).sender", name="(data || @).name"
    )
    to: Party = Party()
    subject: str = "(data || @).subject"
    text: str = "(data || @).text || (data || @).message"
    html: str = "(data || @).html"
    sent_at: str = "(data || @).sent_at || time"
    kind: str = "(data || @).kind"
    kinds: dict[str, Meaning] = {}
    attachments: str = "(data || @).attachments"
    fields: dict[str, str] = {}
    region: str = ""
