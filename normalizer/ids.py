"""Deterministic ids: the same source item has the same id at every replay, on every machine (RFC 9562, v5)."""

from hashlib import sha1
from uuid import UUID

_NAMESPACE = sha1(UUID("6b1f2d0c-6a0e-5d0a-9c53-7f0f3f6d1b11").bytes, usedforsecurity=False)
_VARIANT = "89ab" * 4  # by a hex digit whose upper two bits are to be 10 (RFC 9562, 4.1)


def event_id(*parts: str) -> str:
    """The UUIDv5 of `parts`, which may hold any text: each is length-prefixed, so no two lists collide."""
    digest = _NAMESPACE.copy()
    # Half a surrogate pair has bytes here too: an id can be made of whatever a source calls its items.
    digest.update("".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass"))
    found = digest.hexdigest()
    # As `uuid.uuid5` does it, without an object for each id: a message has six.
    return f"{found[:8]}-{found[8:12]}-5{found[13:16]}-{_VARIANT[int(found[16], 16)]}{found[17:20]}-{found[20:32]}"


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
