"""What a replay must remember, in a file of its own that is gone when it ends: a month does not fit in memory."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from types import TracebackType
from typing import cast

_CACHE_KB = 64 << 10


class _OnDisk:
    """A table of a stage's memory, as far as `streams._state.Table` uses a dictionary."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._execute = database.execute
        self._execute(f'CREATE TABLE "{name}" (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID')
        self._get = f'SELECT value FROM "{name}" WHERE key = ?'  # noqa: S608 - the names are those of our stages
        self._set = f'INSERT OR REPLACE INTO "{name}" VALUES (?, ?)'  # noqa: S608 - as above
        self._delete = f'DELETE FROM "{name}" WHERE key = ?'  # noqa: S608 - as above

    def get(self, key: bytes) -> bytes | None:
        found = self._execute(self._get, (key,)).fetchone()
        return None if found is None else cast("bytes", found[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._execute(self._set, (key, value))

    def pop(self, key: bytes, default: None) -> None:  # noqa: ARG002 - as a dictionary has it
        self._execute(self._delete, (key,))


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

    def table(self, stage: str, name: str) -> dict[bytes, bytes]:
        """A new table for a stage's memory."""
        return cast("dict[bytes, bytes]", _OnDisk(self.database, f"{stage}.{name}"))
