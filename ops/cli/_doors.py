"""Where the doors of an edge are, said in a line or two however many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from connectors._base import Receiver
from ops import channels

_LISTED = 3
_FOR_PEOPLE = ("webform", "webchat")
"""Channels whose address a person opens."""


def doors(base: str, accounts: Mapping[str, Collection[str]]) -> list[str]:
    """Lines that say where the receivers of `accounts` (by channel) are called, at the edge whose address is `base`.

    Few are listed, and those that people open; many are a pattern: ``http://…/{sms,voice}/ACCOUNT``.
    """
    called = {name: accounts[name] for name in sorted(accounts) if issubclass(channels.channel(name), Receiver)}
    every = sum(map(len, called.values()))
    listed = {name: found for name, found in called.items() if every <= _LISTED or name in _FOR_PEOPLE}
    lines = [f"{name}: {base}/{name}/{account}" for name, found in listed.items() for account in found]
    rest = [name for name in called if name not in listed]
    if rest:
        lines.append(f"doors: {base}/{_alternatives(rest)}/{_alternatives(_accounts(called, rest))}")
    return lines


def has_doors(accounts: Mapping[str, Collection[str]]) -> bool:
    """Whether somebody calls one of `accounts` (by channel)."""
    return any(found and issubclass(channels.channel(name), Receiver) for name, found in accounts.items())


def _accounts(called: Mapping[str, Collection[str]], rest: Collection[str]) -> list[str]:
    """The one name that all of them have, or a word for what differs."""
    names = {account for name in rest for account in called[name]}
    return sorted(names) if len(names) == 1 else ["ACCOUNT"]


def _alternatives(names: Collection[str]) -> str:
    return f"{{{','.join(names)}}}" if len(names) > 1 else "".join(names)
