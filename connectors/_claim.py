"""The claim check: what is too large for a topic goes to the blob store and travels as a reference."""

from __future__ import annotations

import msgspec

from connectors._base import Blobs
from normalizer.events import RawEvent

CLAIM_LIMIT = 900_000
"""The largest body, in bytes, that travels in a record; key and headers need the rest."""


def claimed(raw: RawEvent, blobs: Blobs, limit: int = CLAIM_LIMIT) -> RawEvent:
    """`raw` as it can be published: a body over `limit` bytes is stored whole and only its start is kept.

    Raises what the store raises; then nothing may be published.
    """
    if len(raw.body) <= limit:
        return raw
    return msgspec.structs.replace(raw, body=raw.body[:limit], dataref=raw.dataref or blobs.put(raw.body))
