"""The blob store: attachments and whole bodies, under the SHA-256 of their content (the claim check).

Any fsspec url names a store (``file:///var/lib/switchboard/blobs``, ``s3://bucket/blobs`` with its driver
installed, ``memory://blobs`` for trying). Blobs are never changed; `_sweep` alone deletes some.

Delivery: when a `put` has returned, a local blob is on the disk (fsync of the file and of its folders), and
a remote one has been taken by the provider. So a record that refers to it may be acknowledged.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import fsspec  # type: ignore[import-untyped]  # it ships no types
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # as above

from normalizer.errors import Misconfigured, Rejected, Retriable

_REFERENCE = re.compile(r"[0-9a-f]{64}")
_ABANDONED = 24 * 3600  # seconds; no put takes a day, so what is older belonged to a process that died


class BlobStore:
    """A content-addressed store; implements `connectors._base.Blobs`.

    Safe from several threads and processes: a blob appears under its name whole or not at all, and two
    writers of the same name write the same bytes. Raises `Misconfigured` when `url` cannot name a store.
    """

    def __init__(self, url: str) -> None:
        try:
            self._fs, root = fsspec.url_to_fs(url)
        except (ValueError, ImportError) as error:
            scheme = url.partition("://")[0]
            raise Misconfigured(
                f"the blob store's url starts with {scheme}://, which cannot be used here ({error}): "
                "set a file:// url, or install that scheme's fsspec driver"
            ) from error
        self._root = root.rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)
        # Local blobs are written on the same disk, so that renaming them is atomic.
        self._incoming = Path(self._root, "incoming") if self._local else Path(tempfile.gettempdir())
        if self._local:
            self._prepare()

    def __repr__(self) -> str:
        return f"BlobStore({self._fs.unstrip_protocol(self._root)!r})"

    def put(self, content: bytes) -> str:
        """Store `content` and return its reference: the 64 hex digits of its SHA-256.

        Bytes that are there already cost one look-up. Raises `Retriable` when the store cannot take it now.
        """
        reference = hashlib.sha256(content).hexdigest()
        with self._retriable("store"):
            if not self._holds(reference, len(content)):
                self._write(iter((content,)))
        return reference

    def put_stream(self, chunks: Iterable[bytes]) -> str:
        """Store the concatenation of `chunks` and return its reference; memory is bounded by one chunk.

        Raises `Retriable` when the store cannot take it now, and whatever `chunks` raises; then nothing is stored.
        """
        return self._write(iter(chunks))

    def get(self, reference: str) -> bytes:
        """The bytes behind a reference.

        Raises `KeyError` when there are none, `Rejected` when the stored bytes are not the ones that were
        put (a broken disk), and `Retriable` when the store cannot be read now.
        """
        with self.open(reference) as file, self._retriable("read"):
            content = file.read()
        if hashlib.sha256(content).hexdigest() != reference:
            raise Rejected(
                "broken-blob",
                f"blob {reference} in {self!r} does not have the content of its name: "
                "restore it from a backup, then redrive the record",
            )
        return content

    def open(self, reference: str) -> BinaryIO:
        """A binary stream over a blob, for what is too large for memory; its content is not verified.

        Raises `KeyError` when there is none and `Retriable` when the store cannot be read now.
        """
        path = self._path(reference)
        with self._retriable("read"):
            try:
                return cast("BinaryIO", self._fs.open(path, "rb"))
            except FileNotFoundError:
                raise KeyError(reference) from None

    def exists(self, reference: str) -> bool:
        """Whether the blob is in the store. Raises `Retriable` when the store cannot say."""
        path = self._path(reference)
        with self._retriable("read"):
            return bool(self._fs.isfile(path))

    def _path(self, reference: str) -> str:
        # References also come from the outside; only the one form can never name another file.
        if not _REFERENCE.fullmatch(reference):
            raise KeyError(reference)
        return f"{self._root}/{reference[:2]}/{reference[2:4]}/{reference}"

    def _holds(self, reference: str, size: int) -> bool:
        path = self._path(reference)
        try:
            if self._fs.info(path)["size"] != size:
                return False  # cut short by a broken disk: the right bytes are at hand, so write them again
        except FileNotFoundError:
            return False
        if self._local:
            os.utime(path)  # it is referred to anew, which keeps it from `_sweep`
            self._sync_folders(Path(path))  # another writer may have renamed it and not yet synced
        return True

    def _write(self, chunks: Iterator[bytes]) -> str:
        digest = hashlib.sha256()
        with self._retriable("store"):
            descriptor, name = tempfile.mkstemp(prefix="blob-", dir=self._incoming)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chunks:
                    digest.update(chunk)
                    with self._retriable("store"):
                        file.write(chunk)
                with self._retriable("store"):
                    file.flush()
                    os.fsync(file.fileno())
            with self._retriable("store"):
                self._publish(temporary, digest.hexdigest())
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest()

    def _publish(self, temporary: Path, reference: str) -> None:
        target = self._path(reference)
        if not self._local:
            self._fs.put_file(str(temporary), target)
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        self._sync_folders(Path(target))

    def _sync_folders(self, target: Path) -> None:
        for folder in (target.parent, target.parent.parent, Path(self._root)):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _prepare(self) -> None:
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"the blob store's folder {self._root} cannot be made ({error.strerror}): "
                "give the process the right to write there, or set another blob store"
            ) from error
        for left in self._incoming.glob("blob-*"):
            with suppress(FileNotFoundError):  # another process tidies up too
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    left.unlink()

    @contextmanager
    def _retriable(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Retriable(
                f"{self!r} cannot {what} a blob now ({error.strerror or error}): "
                "free some space or repair the store; this is tried again"
            ) from error
