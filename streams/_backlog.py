"""The changes of a changelog that wait for their position, in their order; while they are many, they wait in a file.

Compaction leaves one position behind all changes that are older, and a first start comes by all of them before it. In
memory ten million took gigabytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from streams._state import StoreBroken

PIECE = 5_000
"""So many changes are one piece, which goes to the file as soon as it is full. So many records are read, and so many changes put
where the entries are, before others have their turn: heartbeats are sent in the same loop, and what is fetched at once
can be a million records where they compress well."""

Change = tuple[int, bytes, bytes | None]
"""A record of a changelog: its offset, its key, its value."""

_decoder = msgspec.msgpack.Decoder(list[Change])


class Spool:
    """A file without a name in `folder`, which is gone with the process. Raises `StoreBroken`."""

    def __init__(self, folder: Path, piece: int = PIECE) -> None:
        self.piece = piece
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._held = 0

    def put(self, changes: list[Change]) -> _Spooled:
        """Write a piece to the end of the file."""
        try:
            file, data = self._opened(), msgspec.msgpack.encode(changes)
            piece = _Spooled(self, file.seek(0, 2), len(data))
            if file.write(data) < len(data):
                raise OSError("the disk is full")  # noqa: TRY301 - as the next write would say
        except OSError as error:
            raise self._broken(error) from error
        self._held += 1
        return piece

    def read(self, start: int, length: int) -> list[Change]:
        """A piece as it was put."""
        try:
            file = self._opened()
            file.seek(start)
            return _decoder.decode(file.read(length))
        except (OSError, msgspec.DecodeError) as error:
            raise self._broken(error) from error

    def drop(self) -> None:
        """A piece is done; behind the last one the file is emptied."""
        self._held -= 1
        if not self._held:
            self._opened().truncate(0)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - it is closed with this
        return self._file

    def _broken(self, error: Exception) -> StoreBroken:
        return StoreBroken(f"{self._folder} does not keep what is read of a changelog ({error})")


class _Spooled(msgspec.Struct, frozen=True):
    """A piece in the file: where it is, in bytes."""

    spool: Spool
    start: int
    length: int

    def read(self) -> list[Change]:
        """The changes."""
        return self.spool.read(self.start, self.length)


class Backlog:
    """Changes in their order. Without a `spool` all of them are in memory, else less than a piece."""

    def __init__(self, spool: Spool | None = None) -> None:
        self._spool = spool
        self._size = spool.piece if spool else PIECE
        self._full: deque[list[Change] | _Spooled] = deque()
        self._last: list[Change] = []

    def __bool__(self) -> bool:
        return bool(self._full or self._last)

    def __iter__(self) -> Iterator[Change]:
        for piece in self._full:
            yield from piece if isinstance(piece, list) else piece.read()
        yield from self._last

    def append(self, change: Change) -> None:
        """Add one behind the others."""
        self._last.append(change)
        if len(self._last) >= self._size:
            self._full.append(self._spool.put(self._last) if self._spool else self._last)
            self._last = []

    def take(self, other: Backlog) -> None:
        """Add all of another one, which has the same spool and is empty then. Moves no change."""
        if self._last:
            self._full.append(self._last)
        self._full += other._full
        self._last = other._last
        other._full, other._last = deque(), []

    def pop(self) -> list[Change]:
        """The first changes, a piece at most; none when there are no more."""
        if not self._full:
            found, self._last = self._last, []
            return found
        return _taken(self._full.popleft())

    def cut(self, first: int) -> set[bytes]:
        """Drop the changes from the offset `first` on; returns their keys."""
        dropped: set[bytes] = set()
        piece = self._last
        while True:
            dropped.update(key for offset, key, _ in piece if offset >= first)
            self._last = [each for each in piece if each[0] < first]
            if self._last or not self._full:
                return dropped
            piece = _taken(self._full.pop())

    def clear(self) -> None:
        """Drop all."""
        for piece in self._full:
            if not isinstance(piece, list):
                piece.spool.drop()
        self._full, self._last = deque(), []


def _taken(piece: list[Change] | _Spooled) -> list[Change]:
    if isinstance(piece, list):
        return piece
    found = piece.read()
    piece.spool.drop()
    return found
