"""Deterministic ids: the same source item has the same id at every replay, on every machine (RFC 9562, v5)."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("6b1f2d0c-6a0e-5d0a-9c53-7f0f3f6d1b11")


def event_id(*parts: str) -> str:
    """The UUIDv5 of `parts`, which may hold any text: each is length-prefixed, so no two lists collide."""
    return str(uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts)))


def message_id(channel: str, account: str, source_id: str) -> str:
    """A message's id."""
    return event_id("message", channel, account, source_id)


def conversation_id(channel: str, account: str, root: str) -> str:
    """The id of the conversation that starts at `root`, an id in the channel's own terms."""
    return event_id("conversation", channel, account, root)


def customer_id(scheme: str, address: str) -> str:
    """The id of the customer who owns a normalized address."""
    return event_id("customer", scheme, address)


def ticket_id(conversation: str, part: str = "") -> str:
    """The id of a conversation's ticket; `part` tells follow-ups of a closed ticket apart."""
    return event_id("ticket", conversation, part)
