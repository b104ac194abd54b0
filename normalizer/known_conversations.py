"""Conversations found by what people were told or see, not by keys: reply tokens, tags in subjects, subjects.

Unlike keys, these find only what is known by then: who has a token or a tag has it from a mail of ours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from normalizer import ids
from normalizer.thread_facts import Facts

_ALIKE = 8  # conversations whose ids begin alike
_TAG = 8  # digits of an id that a tag has


class State(Protocol):
    """Where the keys are remembered: a table of one partition, or any dictionary behind these two calls."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None when it was never set."""
        ...

    def set(self, key: bytes, value: bytes) -> None:
        """Remember a value."""
        ...


class Memory(dict[bytes, bytes]):
    """A state that is a dictionary, and ends with it."""

    def set(self, key: bytes, value: bytes) -> None:
        """Remember a value."""
        self[key] = value


class Named(msgspec.Struct, array_like=True, frozen=True):
    """The id of a conversation or of its first ticket, which may be an earlier one, and the cluster that had it."""

    id: str
    cluster: str


class _Last(msgspec.Struct, array_like=True, frozen=True):
    """When a party last took part in something of one subject, and in which cluster."""

    at: datetime
    cluster: str


_pack = msgspec.msgpack.Encoder().encode
_named = msgspec.msgpack.Decoder(list[Named])
_last = msgspec.msgpack.Decoder(_Last)


def remember(conversation_id: str, cluster: str, state: State) -> None:
    """From now on the conversation can be found by its id, and by that of its first ticket, which people see."""
    for name in (conversation_id, ids.ticket_id(conversation_id)):
        known = tagged(name, state)
        if len(known) < _ALIKE and all(one.id != name for one in known):
            state.set(_tag(name), _pack([*known, Named(name, cluster)]))


def tagged(tag: str, state: State) -> list[Named]:
    """The conversations whose ids, or whose tickets' ids, begin as `tag` does."""
    packed = state.get(_tag(tag))
    return _named.decode(packed) if packed else []


def remember_subject(message: Facts, cluster: str, state: State) -> None:
    """All parties now have the conversation under this subject."""
    if message.subject is None:
        return
    for party in filter(None, message.parties):
        key = _subject(message.subject.base, party)
        packed = state.get(key)
        if packed is None or _last.decode(packed).at < message.subject.at:
            state.set(key, _pack(_Last(message.subject.at, cluster)))


def of_subject(message: Facts, state: State) -> str | None:
    """The cluster of the last message of this subject to which the sender was party, unless it was long ago."""
    subject = message.subject
    if subject is None or not subject.reply:
        return None
    packed = state.get(_subject(subject.base, message.sender))
    last = _last.decode(packed) if packed else None
    return last.cluster if last and abs(subject.at - last.at) <= subject.within else None


def _tag(name: str) -> bytes:
    return b"v:" + name[:_TAG].encode()


def _subject(base: str, party: str) -> bytes:
    return f"s:{base}\0{party}".encode("utf-8", "replace")
