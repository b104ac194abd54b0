"""A post of Meta taken apart: one raw event for each message, and each is a post of one message.

Meta puts up to 1,000 updates into a post, of several accounts (``entry[]``) and many people, in up to 3 MB
(https://developers.facebook.com/docs/graph-api/webhooks/getting-started). One record for a post would have no key that keeps
one person's messages in order, would give all of them one fate, and would be cut by the claim check. So each item goes
alone, inside what stood around it: the item's own bytes are untouched, what the reader gets is again a valid post, and a
post of one item is not touched at all. The reader takes any post, of one item or of many, so that archives can be read too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from connectors._meta.json_view import NOTHING, Node
from normalizer.errors import Rejected

Fields = dict[str, bytes]
"""An object whose values are still JSON."""

_BESIDE = 4096  # bytes of a field beside the items that goes along with each of them; a larger one goes with the first
_MOST = 10_000  # items; Meta sends 1,000 at most
_PEOPLE = "contacts"
_VALUES = {"messages", "statuses"}
_LISTS = ("messaging", "standby", "changes")
_any = msgspec.json.Decoder(msgspec.Raw)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


class Item(msgspec.Struct, frozen=True):
    """One thing that a post tells.

    `kind` is the list that it stood in (``messaging``, ``standby``, ``changes``, and in WhatsApp's changes
    ``messages``, ``statuses`` …), `field` that of its change, `entry` and `at` are the id and the time of its entry.
    `around` is the object whose list it was, `raw` its own bytes, `post` the post of this item alone.
    """

    kind: str
    field: str
    entry: str
    at: Node
    around: Node
    node: Node
    raw: bytes
    post: bytes


class _Place(msgspec.Struct, frozen=True):
    """Where an item stands: its entry, and the bytes before and after it in a post of its own."""

    entry: Fields = {}
    before: bytes = b""
    after: bytes = b""
    field: str = ""

    def inside(self, fields: Fields, name: str, brackets: tuple[bytes, bytes] = (b"[", b"]")) -> _Place:
        """One level deeper: an object of `fields` and the value called `name`, which is a list as a rule."""
        opening, closing = brackets
        beside = b"".join(msgspec.json.encode(each) + b":" + raw + b"," for each, raw in fields.items())
        before = self.before + b"{" + beside + msgspec.json.encode(name) + b":" + opening
        return msgspec.structs.replace(self, before=before, after=closing + b"}" + self.after)

    def item(self, kind: str, raw: bytes, around: Fields) -> Item:
        """The item that stands here."""
        entry, at = _node(self.entry.get("id")).text, _node(self.entry.get("time"))
        beside = Node({name: _node(each).value for name, each in around.items()})
        return Item(kind, self.field, entry, at, beside, _node(raw), raw, self.before + raw + self.after)


def items(body: bytes, *, whole: bool = False) -> Sequence[Item]:
    """Every item of a post, in order.

    Raises `Rejected` for what is none. With `whole` it is one item then, of no kind, so that it is kept as it came.
    """
    try:
        found = _bounded(_of_post(_post(body)))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if whole:
            return [Item("", "", "", NOTHING, NOTHING, NOTHING, body, body)]
        raise Rejected(
            "not-a-meta-post", f"{body[:60]!r} … is no webhook post of Meta ({error}): look at what posts here"
        ) from None
    return [msgspec.structs.replace(found[0], post=body)] if len(found) == 1 else found


def _bounded(found: Iterator[Item]) -> list[Item]:
    taken = list(islice(found, _MOST + 1))
    if len(taken) > _MOST:
        raise ValueError(f"it has more than {_MOST} items")
    return taken


def _post(body: bytes) -> Fields:
    try:
        _any.decode(body)
    except msgspec.DecodeError:
        # Meta cuts texts inside an emoji; half a surrogate pair is no text and must not stop the rest of the batch.
        body = _ESCAPE.sub(lambda found: rb"\ufffd" if found[2] else found[0], body)
        _any.decode(body)
    return _whole(body.strip())


def _whole(body: bytes) -> Fields:
    """The fields of a post; those who send Meta's posts on, or keep them, leave out what stands around the items."""
    post = _fields(body)
    if "entry" in post:
        return post
    if post.keys() & _VALUES:
        return {"entry": b'[{"changes":[{"field":"messages","value":' + body + b"}]}]"}
    if post.keys() & set(_LISTS):
        return {"entry": b"[" + body + b"]"}
    if {"sender", "recipient"} <= post.keys():
        return {"entry": b'[{"messaging":[' + body + b"]}]"}
    if body[:1] == b"[" and any(_fields(each).keys() & set(_LISTS) for each in _elements(body)):
        return {"entry": body}
    raise ValueError("it has no entry")


def _of_post(post: Fields) -> Iterator[Item]:
    outer = _Place().inside(_without(post, "entry"), "entry")
    for raw in _elements(post["entry"]):
        entry = _fields(raw)
        lists = [name for name in _LISTS if name in entry]
        if not lists:
            yield outer.item("entry", raw, {})
        beside = _without(entry, *lists)
        first = True
        for name in lists:
            for each in _elements(entry[name]):
                place = outer.inside(beside if first else _small(beside), name)
                place = msgspec.structs.replace(place, entry=beside)
                yield from _of_change(each, place) if name == "changes" else [place.item(name, each, beside)]
                first = False


def _of_change(raw: bytes, place: _Place) -> Iterator[Item]:
    change = _fields(raw)
    value = _fields(change.get("value", b""))
    place = msgspec.structs.replace(place, field=_node(change.get("field")).text)
    if value.keys() & {"messaging_product", "metadata", _PEOPLE, *_VALUES}:
        yield from _of_value(value, place.inside(_without(change, "value"), "value", (b"", b"")))
    else:
        yield place.item("changes", raw, {})


def _of_value(value: Fields, place: _Place) -> Iterator[Item]:
    """The items in a change of WhatsApp, which are one level deeper; the value itself when it has no lists."""
    lists = [name for name, raw in value.items() if name != _PEOPLE and raw[:1] == b"["]
    beside = _without(value, *lists)
    if not lists:
        whole = b"{" + b",".join(msgspec.json.encode(name) + b":" + raw for name, raw in value.items()) + b"}"
        yield place.item("value", whole, beside)
    people = _People(beside[_PEOPLE]) if _PEOPLE in beside else None
    first = True
    for name in lists:
        for each in _elements(value[name]):
            here = beside | {_PEOPLE: people.of(each)} if people else beside
            here = here if first else _small(here)
            yield place.inside(here, name).item(name, each, here)
            first = False


class _People:
    """The people of a change: all of them with each item, or of a long list those whom the item names."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._known: dict[str, bytes] = {}
        for each in _elements(raw) if len(raw) > _BESIDE else ():
            node = _node(each)
            self._known |= {name: each for name in (node["wa_id"].text, node["user_id"].text) if name}

    def of(self, item: bytes) -> bytes:
        """The list that goes along with an item."""
        if len(self._raw) <= _BESIDE:
            return self._raw
        node = _node(item)
        named = (self._known.get(node[name].text) for name in node.names)
        return b"[" + b",".join(dict.fromkeys(filter(None, named))) + b"]"


def _small(fields: Fields) -> Fields:
    return {name: raw for name, raw in fields.items() if len(raw) <= _BESIDE}


def _without(fields: Fields, *names: str) -> Fields:
    return {name: raw for name, raw in fields.items() if name not in names}


def _fields(raw: bytes) -> Fields:
    """The fields of an object; none of anything else."""
    return {name: bytes(each) for name, each in _object.decode(raw).items()} if raw[:1] == b"{" else {}


def _elements(raw: bytes) -> list[bytes]:
    """The elements of a list; anything else is one."""
    return [bytes(each) for each in _list.decode(raw)] if raw[:1] == b"[" else [raw]


def _node(raw: bytes | None) -> Node:
    """A field's value. A number out of range and bytes that are no UTF-8 make nothing else unreadable."""
    if raw is None:
        return NOTHING
    try:
        return Node(msgspec.json.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Node(json.loads(raw.decode("utf-8", "replace")))
