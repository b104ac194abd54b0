"""Slack's markup as the text that a person sees.

Source: https://docs.slack.dev/messaging/formatting-message-text: references stand in angle brackets, and only ``&``,
``<`` and ``>`` are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"<((?:[@#!]|[A-Za-z][A-Za-z0-9+.-]{0,30}:)[^<>\n]{1,3000})>")
_MENTION = re.compile(r"<@([A-Z0-9]{2,30})(?:\|[^<>]*)?>")


def plain(marked: str, names: Mapping[str, str]) -> str:
    """`marked` without markup. `names` are those of users, by id; whoever is not among them keeps his id."""
    shown = _REFERENCE.sub(lambda found: _reference(found[1], names), marked)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentioned(marked: str) -> list[str]:
    """The ids of the users whom a text mentions, in order."""
    return list(dict.fromkeys(_MENTION.findall(marked)))


def _reference(inside: str, names: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return "@" + (names.get(target[1:]) or label.lstrip("@") or target[1:])
    if target.startswith("#"):
        return "#" + (label.lstrip("#") or target[1:])
    if target.startswith("!"):
        return _special(target[1:], label)
    return link(target, label)


def _special(command: str, label: str) -> str:
    """``!here``, ``!subteam^ID|handle``, ``!date^seconds^format|fallback`` and whatever comes after them."""
    kind, _, rest = command.partition("^")
    if kind == "date":
        return label or rest
    return "@" + (label or rest or kind).lstrip("@")


def link(url: str, label: str) -> str:
    """A link with its label, or one of them when the other says the same."""
    bare = url.partition(":")[2] if url.startswith(("mailto:", "tel:")) else url
    same = not label or label == bare or label.rstrip("/") in (url.rstrip("/"), url.partition("://")[2].rstrip("/"))
    return bare if same else f"{label} ({url})"
