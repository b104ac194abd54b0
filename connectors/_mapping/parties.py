"""Who an item says wrote it, or is written to. Pure."""

from __future__ import annotations

from typing import Any, get_args

from connectors._mapping import values
from connectors._mapping.expressions import expression
from connectors._mapping.settings import Party
from connectors._mapping.values import Notes
from normalizer.events import Contact
from normalizer.identity import Scheme, contact

_CLAIMED = frozenset({"email", "tel"})


class Parties:
    """The expressions of one party. `where` names the setting in errors."""

    def __init__(self, party: Party, region: str, where: str) -> None:
        self._region = region
        self._name = expression(party.name, f"{where}.name")
        schemes: tuple[Scheme, ...] = get_args(Scheme)
        self._addresses = [
            (scheme, expression(getattr(party, scheme), f"{where}.{scheme}"))
            for scheme in schemes
            if getattr(party, scheme)
        ]

    def first(self, item: dict[str, Any], notes: Notes) -> Contact | None:
        """The contact, by the first address that the item has; None when it has none.

        Anybody can type anybody's mail address or number; ids of the system that posts are its own word.
        """
        name = values.line(self._name(item), "name", notes, 200)
        for scheme, find in self._addresses:
            found = find(item)
            if isinstance(found, list | dict):  # an object with the address in it is none
                notes.add(f"unmapped:{scheme}")
                continue
            address = values.line(found, scheme, notes)
            if not address:
                continue
            party = contact(scheme, address, name, region=self._region)
            if scheme == "email" and not _is_mailbox(party.address):
                notes.add("bad-email")
                continue
            if not party.address:
                continue
            if scheme in _CLAIMED:
                notes.add("unverified-sender")
            return party
        return None


def _is_mailbox(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return bool(at and local and domain) and not set(address) & set(" ,;<>")
