"""Who a message is from and for: numbers, short codes, names, and addresses of other networks."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import msgspec

from connectors._twilio.parameters import Told, callback_status, is_ours, sid
from normalizer.events import Contact
from normalizer.identity import contact

POOL = "pool"
"""The attribute of a raw event that names the messaging service which our number belongs to."""

Sender = Literal["number", "short-code", "name", "withheld"]

_PREFIX = re.compile(r"(?:[a-z][a-z0-9_.-]*):(?!\Z)", re.IGNORECASE)
_PHONES = ("", "sms", "whatsapp", "rcs")
_SCOPED = re.compile(r"[A-Z]{2}\.")  # WhatsApp's id of a person whose number we may not see
_SHORT = re.compile(r"\d{2,8}")
_WITHHELD = (
    "",
    "anonymous",
    "unknown",
    "restricted",
    "private",
    "unavailable",
    "+266696687",
    "+7378742883",
    "+8656696",
)


class Parties(msgspec.Struct, frozen=True):
    """`customer` and `ours`, whichever of them speaks. `thread` is their conversation, "" when the customer is withheld."""

    customer: Contact
    ours: Contact
    thread: str
    sender: Sender


def parties(told: Told, pool: str = "") -> Parties:
    """The parties of a message or a callback. A receipt of what we sent is about the customer whom we sent it to."""
    sender, receiver = told.get("from", ""), told.get("to", "")
    if is_ours(told) or callback_status(told):
        sender, receiver = receiver, sender
    kind = sender_kind(sender)
    known = told.get("profilename", "") or (bare(sender) if kind == "name" else "")
    ours = party(receiver)
    if kind == "withheld":  # many people hide: each message is somebody else's
        return Parties(Contact("other", f"withheld;{sid(told)}", known[:200]), ours, "", kind)
    customer = party(sender, known)
    return Parties(customer, ours, f"{pool or ours.address}|{customer.scheme}:{customer.address}", kind)


@lru_cache(10_000)  # the same numbers come again and again, and each takes a tenth of a millisecond to understand
def party(address: str, name: str = "") -> Contact:
    """The contact behind an address: ``+49…``, ``12345``, ``MyBank``, ``whatsapp:+49…``, ``messenger:123``."""
    network, own = network_of(address), bare(address)
    if network in _PHONES and not _SCOPED.match(own):
        return contact("tel", own, name)
    if network == "messenger":
        return contact("meta", own, name)
    return contact("other", address, name)


def sender_kind(address: str) -> Sender:
    """What can be answered: numbers and short codes can, names (alphanumeric senders) cannot."""
    own = bare(address)
    if own.lower() in _WITHHELD:
        return "withheld"
    if _SHORT.fullmatch(own):
        return "short-code"
    plain = network_of(address) in ("", "sms")
    return "name" if plain and any(each.isalpha() for each in own) else "number"


def network_of(address: str) -> str:
    """``whatsapp`` of ``whatsapp:+49…``, "" of a number."""
    found = _PREFIX.match(address)
    return found[0][:-1].lower() if found else ""


def bare(address: str) -> str:
    """The address without its network."""
    return _PREFIX.sub("", address, count=1).strip() if _PREFIX.match(address) else address.strip()
