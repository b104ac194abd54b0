"""A batch, item by item, each with the bytes that it came with. Pure.

A path is the names that lead to the list (``entry.changes``); lists on the way are unrolled too. What has no such list
is an item itself, so that nothing that a batch holds is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from connectors._mapping.json_text import repaired
from normalizer.errors import Misconfigured

_PATH = re.compile(r"[^.\s\[\]]+(?:\.[^.\s\[\]]+)*")
_BESIDE_EACH = 500  # bytes
_BESIDE = 2_000  # bytes; it travels with each item of a batch

_list = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Item(msgspec.Struct, frozen=True):
    """One item: its JSON, and as JSON what stood beside the list that it was in ("" for nothing).

    `found` is false for an object in which the list that the mapping names was not found.
    """

    body: bytes
    beside: str = ""
    found: bool = True


def path(items: str, where: str) -> tuple[str, ...]:
    """The names in `Mapping.items`. Raises `Misconfigured`, which names the setting `where`."""
    if items and not _PATH.fullmatch(items):
        raise Misconfigured(
            f"{where} is {items!r}, which is no list of names: write the members that lead to the list, "
            'as in "events" or "entry.changes"'
        )
    return tuple(items.split(".")) if items else ()


def unrolled(body: bytes, names: Sequence[str]) -> list[Item]:
    """The items of a body in their order. Raises `Rejected` ``not-json`` when it is none."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        return list(_steps(body, names, {}))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return list(_steps(repaired(body), names, {}))


def _steps(body: bytes, names: Sequence[str], beside: dict[str, msgspec.Raw]) -> Iterator[Item]:
    body = body.strip()
    if body[:1] == b"[":
        for each in _list.decode(body):
            yield from _below(bytes(each), names, beside)
    else:
        yield from _below(body, names, beside)


def _below(body: bytes, names: Sequence[str], beside: dict[str, msgspec.Raw]) -> Iterator[Item]:
    if not names:
        yield Item(body, _told(beside))
        return
    members = _object.decode(body) if body[:1] == b"{" else {}
    inner = members.pop(names[0], None)
    if inner is None or bytes(inner) == b"null":
        yield Item(body, _told(beside), found=False)
        return
    small = {name: value for name, value in members.items() if len(bytes(value)) <= _BESIDE_EACH}
    yield from _steps(bytes(inner), names[1:], beside | small)


def _told(beside: dict[str, msgspec.Raw]) -> str:
    kept: dict[str, msgspec.Raw] = {}
    size = 0
    for name, value in beside.items():
        size += len(name.encode()) + len(bytes(value)) + 4
        if size <= _BESIDE:
            kept[name] = value
    return msgspec.json.encode(kept).decode("utf-8", "replace") if kept else ""
