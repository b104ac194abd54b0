"""Events as the contents of one file of the archive: JSON lines, compressed, or Parquet."""

from __future__ import annotations

import gzip
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from normalizer.errors import Misconfigured
from normalizer.events import Routed

Known = tuple[int, str]
"""The offset and the name of an event."""


class Line(msgspec.Struct, frozen=True):
    """One event in a file. `offset` is that in its partition of the topic, `at` when it was written there."""

    partition: int
    offset: int
    at: str
    id: str
    event: msgspec.Raw

    @property
    def known(self) -> Known:
        """What tells it from every other."""
        return self.offset, self.id


class Form(ABC):
    """How a file is written. The same events give the same bytes."""

    suffix: ClassVar[str]

    @abstractmethod
    def file(self, lines: Sequence[Line], events: Sequence[Routed]) -> bytes:
        """The content of a file with these events."""

    @abstractmethod
    def known(self, content: bytes) -> Iterable[Known]:
        """What a file holds."""


class JsonLines(Form):
    """A JSON document a line, compressed with gzip."""

    suffix: ClassVar[str] = "jsonl.gz"

    def file(self, lines: Sequence[Line], events: Sequence[Routed]) -> bytes:  # noqa: ARG002 - the lines hold them
        """One line for each."""
        return gzip.compress(b"".join(msgspec.json.encode(line) + b"\n" for line in lines), 6, mtime=0)

    def known(self, content: bytes) -> Iterable[Known]:
        """By reading its lines."""
        return [msgspec.json.decode(line, type=Line).known for line in gzip.decompress(content).splitlines()]


class Parquet(Form):
    """A Parquet file: the columns that one filters and groups by, and the event whole as JSON."""

    suffix: ClassVar[str] = "parquet"

    def __init__(self) -> None:
        try:
            import pyarrow as arrow  # type: ignore[import-untyped]  # it ships no types
            import pyarrow.parquet as parquet  # type: ignore[import-untyped]  # as above
        except ImportError:
            raise Misconfigured(
                "an archive in Parquet needs pyarrow, which is not installed: install switchboard[parquet], or set "
                'format = "jsonl"'
            ) from None
        self._arrow: Any = arrow
        self._parquet: Any = parquet

    def file(self, lines: Sequence[Line], events: Sequence[Routed]) -> bytes:
        """One row for each."""
        rows = [_row(line, event) for line, event in zip(lines, events, strict=True)]
        target = io.BytesIO()
        table = self._arrow.Table.from_pylist(rows, schema=self._schema())
        self._parquet.write_table(table, target, compression="zstd")
        return target.getvalue()

    def known(self, content: bytes) -> Iterable[Known]:
        """By two of its columns."""
        table = self._parquet.read_table(io.BytesIO(content), columns=["offset", "id"])
        return zip(table["offset"].to_pylist(), table["id"].to_pylist(), strict=True)

    def _schema(self) -> Any:
        arrow = self._arrow
        numbers = {"partition", "offset", "revision"}
        times = {"at", "updated_at"}
        kinds = {name: arrow.int64() for name in numbers} | {name: arrow.timestamp("us", tz="UTC") for name in times}
        return arrow.schema([(name, kinds.get(name, arrow.string())) for name in _COLUMNS])


_COLUMNS = (
    "partition", "offset", "at", "id", "ticket_id", "revision", "updated_at", "status", "priority", "queue", "channel",
    "account", "customer_id", "message_id", "kind", "suppressed", "event",
)  # fmt: skip


def _row(line: Line, event: Routed) -> dict[str, Any]:
    ticket, message = event.ticket, event.message
    return {
        "partition": line.partition,
        "offset": line.offset,
        "at": datetime.fromisoformat(line.at),
        "id": line.id,
        "ticket_id": ticket.id,
        "revision": ticket.revision,
        "updated_at": ticket.updated_at,
        "status": ticket.status,
        "priority": ticket.priority,
        "queue": ticket.queue,
        "channel": ticket.channel,
        "account": ticket.account,
        "customer_id": ticket.customer_id,
        "message_id": message.id if message else "",
        "kind": message.kind if message else "",
        "suppressed": event.suppressed,
        "event": bytes(line.event).decode(),
    }
