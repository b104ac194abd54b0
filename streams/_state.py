"""What a stage remembers: tables of one partition, and what a batch changed in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from normalizer.errors import Rejected

MAX_VALUE_BYTES = 900_000
"""The largest value: it must fit into one record of the changelog."""

END = b"\0"
"""Ends a table's name in a key of the changelog, behind which the table's own key follows."""

Changes = dict[bytes, bytes | None]
"""The last value of each key that changed, None where it was deleted."""

_ABSENT = object()


class StoreBroken(Exception):
    """A store on disk cannot be read or written; the changelog has everything that was in it."""


class Entries(Protocol):
    """Where the entries of all tables are: in a dictionary, or on disk. Keys are those of the changelog."""

    def get(self, key: bytes, /) -> bytes | None:
        """The value of a key, None when there is none."""
        ...

    def write(self, changes: Changes, checkpoint: bytes) -> None:
        """Take over changes, and the checkpoint that goes with them: all of it or nothing."""
        ...

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Every entry."""
        ...

    def close(self, *, entirely: bool = False) -> None:
        """Let go of what is held. Where there is a disk, what was written is kept there, unless it shall go `entirely`."""
        ...


class InMemory(dict[bytes, bytes]):
    """Entries that are gone when the process ends."""

    def write(self, changes: Changes, checkpoint: bytes) -> None:  # noqa: ARG002 - nobody comes back to it
        """Take over changes."""
        for key, value in changes.items():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def close(self, *, entirely: bool = False) -> None:
        """Do nothing."""


class Table:
    """A dictionary of bytes. What one record changed can be taken back until it is accepted."""

    __slots__ = ("_changes", "_entries", "_pending", "_prefix")

    def __init__(self, name: str, entries: Entries, changes: Changes, pending: Changes) -> None:
        self._prefix = name.encode() + END
        self._entries, self._changes, self._pending = entries, changes, pending

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`; None when there is none."""
        full = self._prefix + key
        found = self._pending.get(full, _ABSENT)
        if found is _ABSENT:
            found = self._changes.get(full, _ABSENT)
            if found is _ABSENT:
                return self._entries.get(full)
        return found  # type: ignore[return-value]  # the sentinel is gone

    def set(self, key: bytes, value: bytes) -> None:
        """Remember `value` under `key`. Raises `Rejected` when it is too large to be remembered."""
        if len(value) > MAX_VALUE_BYTES:
            raise Rejected(
                "state-too-large",
                f"the memory of {key!r} would take {len(value)} bytes, and {MAX_VALUE_BYTES} is the most: "
                "look at what this record is joined with",
            )
        self._pending[self._prefix + key] = value

    def delete(self, key: bytes) -> None:
        """Forget `key`."""
        self._pending[self._prefix + key] = None

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def changed(self) -> Iterable[bytes]:
        """The keys that accepted records changed since the last `State.keep`."""
        return [key[len(self._prefix) :] for key in self._changes if key.startswith(self._prefix)]


class State(Mapping[str, Table]):
    """The tables of a stage for one partition, by their names.

    >>> state = State(["seen"])
    >>> state["seen"].set(b"k", b"v")
    >>> state["seen"].get(b"k")
    b'v'
    """

    def __init__(self, names: Iterable[str], entries: Entries | None = None) -> None:
        self._entries = InMemory() if entries is None else entries
        self._pending: Changes = {}
        self.changes: Changes = {}
        """What the accepted records changed since `keep`, by the keys of the changelog."""
        self._tables = {name: Table(name, self._entries, self.changes, self._pending) for name in names}

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def accept(self) -> None:
        """Keep what the record changed."""
        if self._pending:
            self.changes.update(self._pending)
            self._pending.clear()

    def undo(self) -> None:
        """Take back what the record changed: it was rejected."""
        self._pending.clear()

    def keep(self, checkpoint: bytes = b"") -> None:
        """Write what the accepted records changed to where the entries are, with the checkpoint that goes with it."""
        self._entries.write(self.changes, checkpoint)
        self.changes.clear()

    def snapshot(self) -> dict[str, dict[bytes, bytes]]:
        """A copy of everything that is remembered, by table."""
        found: Changes = {**dict(self._entries.items()), **self.changes}
        tables: dict[str, dict[bytes, bytes]] = {name: {} for name in self._tables}
        for key, value in found.items():
            name, end, rest = key.partition(END)
            if name and end and value is not None:
                tables[name.decode()][rest] = value
        return tables
