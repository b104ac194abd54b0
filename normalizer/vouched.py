"""Conversations that a provider vouches for: a Slack thread, a chat, two phone numbers.

Such an id came with a delivery whose sender was checked, so there is nothing to find out and nobody to keep apart: the
conversation is named by it, whatever the order of arrival. Whoever is seen in it first is its customer.
"""

from __future__ import annotations

import msgspec

from normalizer import ids
from normalizer.events import Contact
from normalizer.known_conversations import State
from normalizer.thread_facts import Facts

_pack = msgspec.msgpack.Encoder().encode
_contact = msgspec.msgpack.Decoder(Contact)


class Vouched(msgspec.Struct, frozen=True):
    """A conversation, whose it is, and the provider's own name for it."""

    conversation_id: str
    customer: Contact
    provider: str


def vouched(message: Facts, state: State) -> Vouched | None:
    """The conversation that the provider names, or named for what this message is about; None when it did neither.

    A reaction or a deletion often names only the message that it is about. `state` is that of one account.
    """
    provider = message.provider or _of_parents(message, state)
    if not provider:
        return None
    if message.provider:
        _keep(b"w:" + message.own.encode("utf-8", "replace"), provider.encode("utf-8", "replace"), state)
    key = b"v:" + provider.encode("utf-8", "replace")
    known = state.get(key)
    customer = _contact.decode(known) if known else message.customer
    if known is None:
        state.set(key, _pack(customer))
    return Vouched(ids.conversation_id(*message.scope, f"provider\0{provider}"), customer, provider)


def _of_parents(message: Facts, state: State) -> str:
    if message.scheme == "email":  # mail has its own ways, and too many parents to ask for each
        return ""
    found = (state.get(b"w:" + parent.encode("utf-8", "replace")) for parent in reversed(message.parents))
    return next((provider.decode("utf-8", "replace") for provider in found if provider), "")


def _keep(key: bytes, value: bytes, state: State) -> None:
    if state.get(key) is None:
        state.set(key, value)
