"""A stage's memory on disk: RocksDB, one folder for each stage and partition, under bounded memory.

Delivery: the changelog is the truth, and this is a copy that spares a restart from reading it. A batch's changes are
written at once with the checkpoint that they lead to and without a log of its own: after `kill -9` the folder holds the
state after an earlier batch, and the changelog has the rest. What is broken, of another topic or not to be had is
thrown away or done without.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

import msgspec
from filelock import FileLock, Timeout
from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

from streams._memory import Checkpoint
from streams._state import Changes, StoreBroken

CACHE_BYTES = 96 << 20
"""For blocks, indexes, filters and unwritten changes of all stores of the process together."""
WRITE_BYTES = 32 << 20
"""Of that, for unwritten changes: what a killed process reads again."""
_BLOOM_BITS = 10
_OPEN_FILES = 128
STALE_SECONDS = 12 * 3600
"""How old a checkpoint may be: half of the time for which Kafka keeps the mark of a deletion (delete.retention.ms)."""
LOCK_SECONDS = 5.0
"""How long a folder is waited for: the process that had the partition before closes it in the same rebalance."""

_CHECKPOINT = b""
_FORMAT = "1"

log = logging.getLogger(__name__)


class _Saved(msgspec.Struct, frozen=True):
    """The checkpoint, when it was written, and of what it is."""

    incarnation: str
    at: float
    checkpoint: msgspec.Raw


class OnDisk:
    """Entries in a folder, which this process has for itself. Raises `StoreBroken`."""

    def __init__(self, folder: Path, incarnation: str, patience: float = LOCK_SECONDS) -> None:
        self._folder = folder
        self._incarnation = f"{_FORMAT}/{incarnation}"
        self._lock = FileLock(folder.with_suffix(".lock"), thread_local=False)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=patience)
        except Timeout:
            raise StoreBroken(f"{folder} is another process's") from None
        except OSError as error:
            raise StoreBroken(f"{folder} cannot be made ({error})") from error
        self._db = self._opened()
        self._broken = False

    @property
    def checkpoint(self) -> Checkpoint:
        """Up to where the entries have the changelog. What has none that holds is emptied first."""
        try:
            found = self._db.get(_CHECKPOINT)
            if found is None:
                # A new one has nothing to be emptied, and opening it twice would cost as much again.
                return Checkpoint() if next(iter(self._db.keys()), None) is None else self.emptied()
            saved = msgspec.json.decode(found, type=_Saved)
            if saved.incarnation == self._incarnation and time.time() - saved.at < STALE_SECONDS:
                return msgspec.json.decode(saved.checkpoint, type=Checkpoint)
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain exceptions
            log.warning("%s cannot be read and is made anew: %s", self._folder, error)
        return self.emptied()

    def get(self, key: bytes, /) -> bytes | None:
        """The value of a key."""
        try:
            return self._db.get(key)
        except Exception as error:
            raise self._failed(error) from error

    def write(self, changes: Changes, checkpoint: bytes) -> None:
        """Take over changes with the checkpoint that goes with them."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        saved = _Saved(self._incarnation, time.time(), msgspec.Raw(checkpoint))
        batch.put(_CHECKPOINT, msgspec.json.encode(saved))
        try:
            self._db.write(batch, _unlogged())
        except Exception as error:
            raise self._failed(error) from error

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every entry."""
        return ((cast("bytes", key), value) for key, value in self._db.items() if key != _CHECKPOINT)

    def emptied(self) -> Checkpoint:
        """Begin again with nothing; returns the checkpoint of that."""
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._db = self._opened()
        return Checkpoint()

    def close(self, *, entirely: bool = False) -> None:
        """Write what is not on disk yet, and leave the folder to others. One that is broken goes, or `entirely`."""
        try:
            if not self._broken and not entirely:
                self._db.flush()
            self._db.close()
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain exceptions
            log.warning("%s", self._failed(error))
        if self._broken or entirely:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.release()

    def _opened(self) -> Rdict:
        try:
            return Rdict(str(self._folder), options())
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain exceptions
            log.warning("%s cannot be opened and is made anew: %s", self._folder, error)
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            return Rdict(str(self._folder), options())
        except Exception as error:
            self._lock.release()
            raise StoreBroken(f"{self._folder} cannot be made ({error})") from error

    def _failed(self, error: Exception) -> StoreBroken:
        self._broken = True
        return StoreBroken(f"{self._folder} failed and is thrown away ({error})")


def options() -> Options:
    """How the folders of all stages are read and written."""
    tables = BlockBasedOptions()
    blocks, buffers = _shared()
    tables.set_block_cache(blocks)
    tables.set_cache_index_and_filter_blocks(True)
    tables.set_pin_l0_filter_and_index_blocks_in_cache(True)
    tables.set_bloom_filter(_BLOOM_BITS, False)
    # A filter in one piece is larger than a shard of the cache from two million keys on, and then read anew for each question.
    tables.set_index_type(BlockBasedIndexType.two_level_index_search())
    tables.set_partition_filters(True)
    options = Options(raw_mode=True)
    options.set_block_based_table_factory(tables)
    options.set_write_buffer_manager(buffers)
    options.set_write_buffer_size(WRITE_BYTES // 2)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_max_open_files(_OPEN_FILES)
    options.set_keep_log_file_num(2)
    return options


@cache
def _shared() -> tuple[Cache, WriteBufferManager]:
    blocks = Cache(CACHE_BYTES)
    return blocks, WriteBufferManager.new_write_buffer_manager_with_cache(WRITE_BYTES, False, blocks)


@cache
def _unlogged() -> WriteOptions:
    options = WriteOptions()
    options.disable_wal = True  # type: ignore[assignment, method-assign]  # its types call it a method
    return options
