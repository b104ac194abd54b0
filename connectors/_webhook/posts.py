"""What a post holds: plain JSON, or CloudEvents over HTTP in any of their three content modes. Pure.

CloudEvents HTTP protocol binding 1.0.2, section 3: binary mode has the attributes in headers ``ce-…`` (percent-encoded),
structured and batched mode have them in the body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

import msgspec

from connectors._guard import Problem
from connectors._mapping.items import BESIDE, CLOUDEVENT, LOST, is_json
from connectors._mapping.unrolling import unrolled
from normalizer.errors import Rejected

_MOST_ATTRIBUTES = 4_000  # bytes; they travel in the headers of a record


class Part(msgspec.Struct, frozen=True):
    """One item of a post: its bytes, and what the reader has to know beside them."""

    body: bytes
    attributes: dict[str, str]


def parts(headers: Mapping[str, str], body: bytes, path: Sequence[str], most: int) -> list[Part]:
    """The items of a post. Raises `Problem` 413, 415 or 431, or `Rejected` ``not-json``, for the whole of it."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if "ce-specversion" in headers:
        return [Part(body, {CLOUDEVENT: _attributes(headers)})]
    if not is_json(kind):
        raise Problem(
            415, "unknown-content-type", f"this door takes JSON and CloudEvents, and the content type is {kind[:100]!r}"
        )
    found = unrolled(body, path)
    if len(found) > most:
        raise Problem(
            413, "too-many-items", f"the post has {len(found)} items and at most {most} are taken: send fewer"
        )
    return [Part(each.body, _facts(each.beside, each.found)) for each in found]


def _facts(beside: str, found: bool) -> dict[str, str]:
    facts = {BESIDE: beside} if beside else {}
    return facts if found else {**facts, LOST: "yes"}


def _attributes(headers: Mapping[str, str]) -> str:
    found = {
        name[3:]: unquote(value, errors="replace")
        for name, value in headers.items()
        if name.startswith("ce-") and name[3:]
    }
    if not (found.get("id") and found.get("source") and found.get("type")):
        raise Rejected("no-cloudevent", "a CloudEvent has ce-id, ce-source and ce-type: send all three")
    told = msgspec.json.encode(found)
    if len(told) > _MOST_ATTRIBUTES:
        raise Problem(431, "headers-too-large", f"the ce- headers have more than {_MOST_ATTRIBUTES} bytes: send less")
    return told.decode()
