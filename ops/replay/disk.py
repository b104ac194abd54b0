"""What a replay must remember, in a file of its own that is gone when it ends: a month does not fit in memory."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import cast

from streams._state import Changes, Entries

_CACHE_KB = 64 << 10


class _Remembered:
    """The entries of a stage's memory (`streams._state.Entries`)."""

    def __init__(self, database: sqlite3.Connection, stage: str) -> None:
        self._database = database
        database.execute(f'CREATE TABLE "{stage}" (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID')
        self._get = f'SELECT value FROM "{stage}" WHERE key = ?'  # noqa: S608 - the names are those of our stages
        self._set = f'INSERT OR REPLACE INTO "{stage}" VALUES (?, ?)'  # noqa: S608 - as above
        self._delete = f'DELETE FROM "{stage}" WHERE key = ?'  # noqa: S608 - as above
        self._all = f'SELECT key, value FROM "{stage}"'  # noqa: S608 - as above

    def get(self, key: bytes, /) -> bytes | None:
        """The value of a key, None when there is none."""
        found = self._database.execute(self._get, (key,)).fetchone()
        return None if found is None else cast("bytes", found[0])

    def write(self, changes: Changes, checkpoint: bytes) -> None:  # noqa: ARG002 - nobody comes back to it
        """Take over changes."""
        gone = [(key,) for key, value in changes.items() if value is None]
        self._database.executemany(self._delete, gone)
        self._database.executemany(self._set, [(key, value) for key, value in changes.items() if value is not None])

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Every entry."""
        return self._database.execute(self._all)

    def close(self, *, entirely: bool = False) -> None:
        """Do nothing: all of it goes with the database."""


class Disk:
    """A database in a folder of its own, removed at the end of the ``with`` block. It is as fast as it is forgetful."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="switchboard-replay-")
        self.database = sqlite3.connect(Path(self._folder.name) / "replay.db", isolation_level=None)
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            f"cache_size = -{_CACHE_KB}",
            "locking_mode = EXCLUSIVE",
        ):
            self.database.execute(f"PRAGMA {pragma}")

    def __enter__(self) -> Disk:
        self.database.execute("BEGIN")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.database.close()
        self._folder.cleanup()

    def entries(self, stage: str) -> Entries:
        """An empty memory for a stage."""
        return _Remembered(self.database, stage)
