"""Raw records of what lies in files: the bytes as they are, or their start and the whole in the blob store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

import msgspec

from connectors._arrival import arrived
from connectors._base import Blobs
from connectors._filedrop.framing import Span
from connectors._mailkey import thread_root
from connectors._mapping.items import BESIDE, LOST
from connectors._mapping.reading import MAPPING, Reader
from connectors._mapping.unrolling import Item, unrolled
from normalizer.errors import Rejected
from normalizer.events import RawEvent

JSON = "application/json"
MBOX = "application/mbox"
MAIL = "message/rfc822"
UNREADABLE = "unreadable"
"""The attribute of a file that cannot be opened, which says why."""

_CHUNK = 256 * 1024
_MOST_NAME = 300


class Records:
    """Makes the records of one account. `reader` is None for mail; `told` are attributes that all its records have."""

    def __init__(self, account: str, blobs: Blobs, reader: Reader | None, told: dict[str, str], max_bytes: int) -> None:
        self.reader = reader
        self._account = account
        self._blobs = blobs
        self._told = told if reader is None else {MAPPING: reader.encoded}
        self._most = max_bytes

    def mail(self, file: BinaryIO, span: Span, name: str, received_at: datetime, kind: str = MAIL) -> RawEvent:
        """The record of a mail. Raises `OSError`, and what the blob store raises."""
        body, dataref = self._content(file, span)
        return self._raw(name, body, kind, received_at, dataref, thread_root(body), {})

    def line(self, file: BinaryIO, span: Span, name: str) -> list[RawEvent]:
        """The records of a line: one, or of a batch one for each item; none for an empty line."""
        body, dataref = self._content(file, span)
        body = body.rstrip(b"\r\n") if dataref is None else body
        if not body.strip():
            return []
        return [
            self._item(each, name if index == 0 else f"{name};{index}", dataref)
            for index, each in enumerate(self._items(body, dataref))
        ]

    def unreadable(self, name: str, received_at: datetime, why: str) -> RawEvent:
        """The record of a file that cannot be opened: counted and set aside, and it holds up nobody."""
        return self._raw(name, b"", MAIL, received_at, None, None, {UNREADABLE: why})

    def _items(self, body: bytes, dataref: str | None) -> list[Item]:
        if self.reader is None or not self.reader.path or dataref is not None:
            return [Item(body)]
        try:
            return unrolled(body, self.reader.path)
        except Rejected:
            return [Item(body)]

    def _item(self, item: Item, name: str, dataref: str | None) -> RawEvent:
        facts = {BESIDE: item.beside} if item.beside else {}
        if not item.found:
            facts[LOST] = "yes"
        raw = self._raw(name, item.body, JSON, arrived(), dataref, None, facts)
        return msgspec.structs.replace(raw, key=self.reader.told(raw).key) if self.reader else raw

    def _content(self, file: BinaryIO, span: Span) -> tuple[bytes, str | None]:
        start, end = span
        body = os.pread(file.fileno(), min(end - start, self._most), start)
        return body, self._blobs.put_stream(_chunks(file, span)) if end - start > self._most else None

    def _raw(
        self,
        name: str,
        body: bytes,
        kind: str,
        received_at: datetime,
        dataref: str | None,
        key: str | None,
        facts: dict[str, str],
    ) -> RawEvent:
        return RawEvent(
            channel="filedrop",
            account=self._account,
            source_id=name if len(name) <= _MOST_NAME else "sha256:" + hashlib.sha256(name.encode()).hexdigest(),
            body=body,
            content_type=kind,
            received_at=received_at,
            key=key,
            attributes={**self._told, "file": name.partition(";")[0][:_MOST_NAME], **facts},
            dataref=dataref,
        )


def _chunks(file: BinaryIO, span: Span) -> Iterator[bytes]:
    at, end = span
    while at < end and (chunk := os.pread(file.fileno(), min(_CHUNK, end - at), at)):
        yield chunk
        at += len(chunk)
