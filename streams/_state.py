"""What a stage remembers: tables of one partition, and what a batch changed in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from normalizer.errors import Rejected

MAX_VALUE_BYTES = 900_000
"""The largest value: it must fit into one record of the changelog."""

_ABSENT = object()


class Table:
    """A dictionary of bytes. What one record changed can be taken back until it is accepted."""

    __slots__ = ("_changes", "_data", "_pending")

    def __init__(self, data: dict[bytes, bytes]) -> None:
        self._data = data
        self._pending: dict[bytes, bytes | None] = {}
        self._changes: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`; None when there is none."""
        found = self._pending.get(key, _ABSENT)
        return self._data.get(key) if found is _ABSENT else found  # type: ignore[return-value]  # the sentinel is gone

    def set(self, key: bytes, value: bytes) -> None:
        """Remember `value` under `key`. Raises `Rejected` when it is too large to be remembered."""
        if len(value) > MAX_VALUE_BYTES:
            raise Rejected(
                "state-too-large",
                f"the memory of {key!r} would take {len(value)} bytes, and {MAX_VALUE_BYTES} is the most: "
                "look at what this record is joined with",
            )
        self._pending[key] = value

    def delete(self, key: bytes) -> None:
        """Forget `key`."""
        self._pending[key] = None

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return len(self._data)

    @property
    def changed(self) -> bool:
        """Whether the record has changed anything so far."""
        return bool(self._pending)

    def accept(self) -> None:
        """Keep what the record changed."""
        for key, value in self._pending.items():
            if value is None:
                self._data.pop(key, None)
            else:
                self._data[key] = value
        self._changes.update(self._pending)
        self._pending.clear()

    def undo(self) -> None:
        """Take back what the record changed."""
        self._pending.clear()

    def changed(self) -> Iterable[bytes]:
        """The keys that changed since the last `drain`."""
        return tuple(self._changes)

    def drain(self) -> Mapping[bytes, bytes | None]:
        """What changed since the last call: the last value of each key, None where it was deleted."""
        changes, self._changes = self._changes, {}
        return changes

    def snapshot(self) -> dict[bytes, bytes]:
        """A copy of everything that is remembered."""
        return dict(self._data)


class State(Mapping[str, Table]):
    """The tables of a stage for one partition, by their names.

    >>> state = State(["seen"])
    >>> state["seen"].set(b"k", b"v")
    >>> state["seen"].get(b"k")
    b'v'
    """

    def __init__(self, names: Iterable[str], data: Mapping[str, dict[bytes, bytes]] | None = None) -> None:
        found = data or {}
        self._tables = {name: Table(found.get(name, {})) for name in names}

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def accept(self) -> None:
        """Keep what the record changed."""
        for table in self._tables.values():
            if table.changed:
                table.accept()

    def undo(self) -> None:
        """Take back what the record changed: it was rejected."""
        for table in self._tables.values():
            table.undo()

    def drain(self) -> dict[str, Mapping[bytes, bytes | None]]:
        """What changed in each table since the last call."""
        return {name: table.drain() for name, table in self._tables.items()}

    def snapshot(self) -> dict[str, dict[bytes, bytes]]:
        """A copy of everything that is remembered, by table."""
        return {name: table.snapshot() for name, table in self._tables.items()}
