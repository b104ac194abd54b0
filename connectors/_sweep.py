"""Blobs that nothing refers to any more: deleted once no topic can and no ticket does.

Whoever publishes a record that refers to a blob has put it just before, which sets its time anew. So a blob that is older than
what any topic keeps is referred to by no record, and what is left to ask is the ticket store. Only for a folder: a bucket keeps
the time of a blob that is put again, and has lifecycle rules of its own.
"""

from __future__ import annotations

import time
from collections.abc import Container
from pathlib import Path

import fsspec  # type: ignore[import-untyped]  # it ships no types
import msgspec
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # as above

from normalizer.errors import Misconfigured


class Swept(msgspec.Struct, frozen=True):
    """What was deleted, and what is left."""

    blobs: int = 0
    bytes: int = 0
    left: int = 0


def sweep(url: str, used: Container[str], older_than_seconds: float) -> Swept:
    """Delete what is older and not among `used` (the SHA-256 of blobs). Raises `Misconfigured` for what is no folder."""
    fs, root = fsspec.url_to_fs(url)
    if not isinstance(fs, LocalFileSystem):
        raise Misconfigured(
            f"the blob store {url.partition('://')[0]}:// is no folder: give its bucket a lifecycle rule, or delete by hand "
            "what `switchboard tickets` does not name"
        )
    swept, limit = Swept(), time.time() - older_than_seconds
    for path in sorted(Path(root).glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
        found = path.stat()
        if found.st_mtime < limit and path.name not in used:
            path.unlink()
            swept = Swept(swept.blobs + 1, swept.bytes + found.st_size, swept.left)
        else:
            swept = msgspec.structs.replace(swept, left=swept.left + 1)
    return swept
