"""Every revision of every ticket in files, by day: on a disk, in a bucket, wherever fsspec reaches."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import fsspec  # type: ignore[import-untyped]  # it ships no types
import msgspec
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # as above

from normalizer import wire
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import Routed
from sinks._archived import Form, JsonLines, Line, Parquet
from sinks._base import Place, Sink
from sinks._rows import moment

_FILE = re.compile(r"(\d{5})-(\d{20})-(\d{20})-[0-9a-f]{8}\.")


class _Entry(NamedTuple):
    place: int
    line: Line
    event: Routed


class Archive(Sink):
    """Keeps each batch as one file for each day, ``date=2026-11-25/PARTITION-FIRST-LAST-….jsonl.gz``, below `url`.

    Delivery: at least once, once in effect. A file is there whole or not at all and never changes; its name says which
    offsets it holds. What comes again after a crash, in whatever batches, is looked for in the files that may hold it
    and not written a second time. `pace` is how many seconds lie between two small batches, so that files are not tiny.
    """

    name: ClassVar[str] = "archive"

    def __init__(self, url: str, *, form: Literal["jsonl", "parquet"] = "jsonl", pace: float = 30.0) -> None:
        self.pace = pace
        self._form: Form = Parquet() if form == "parquet" else JsonLines()
        try:
            self._fs, root = fsspec.url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            scheme = url.partition("://")[0]
            raise Misconfigured(
                f"the url of the archive starts with {scheme}://, which cannot be used here ({error}): "
                "set a file:// url, or install that scheme's fsspec driver"
            ) from error
        self._root = root.rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def __repr__(self) -> str:
        return f"Archive({self._root!r})"

    def open(self) -> None:
        """See that the place is there. Opening twice is harmless."""
        with self._named():
            self._fs.makedirs(self._root, exist_ok=True)

    def close(self) -> None:
        """Nothing is held."""

    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Write events that come from no topic: counted from 0, and on the day of their tickets' change."""
        return self.write_from(batch, [Place(0, at, event.ticket.updated_at) for at, event in enumerate(batch)])

    def write_from(self, batch: Sequence[Routed], places: Sequence[Place]) -> Mapping[int, Rejected]:
        """Write what of a batch is in no file yet; returns when the files are on the disk, or the provider has them."""
        refused: dict[int, Rejected] = {}
        files: dict[tuple[str, int], list[_Entry]] = defaultdict(list)
        for index, (event, place) in enumerate(zip(batch, places, strict=True)):
            try:
                files[moment(place.at)[:10], place.partition].append(_Entry(index, _line(event, place), event))
            except Rejected:
                refused[index] = Rejected(
                    "not-storable",
                    f"revision {event.ticket.revision} of ticket {event.ticket.id} is not valid Unicode: "
                    "correct what made it, then redrive it",
                )
        with self._named():
            for (day, _), entries in files.items():
                self._keep(f"{self._root}/date={day}", entries)
        return refused

    def _keep(self, folder: str, entries: Sequence[_Entry]) -> None:
        known = {
            each for path in self._overlapping(folder, entries) for each in self._form.known(self._fs.cat_file(path))
        }
        fresh = {entry.line.known: entry for entry in entries if entry.line.known not in known}
        if not fresh:
            return
        lines = [entry.line for entry in fresh.values()]
        # Other events may have the same offsets: those of a topic that was made anew.
        digest = hashlib.sha256("\n".join(line.id for line in lines).encode()).hexdigest()[:8]
        first, last = min(line.offset for line in lines), max(line.offset for line in lines)
        name = f"{lines[0].partition:05}-{first:020}-{last:020}-{digest}.{self._form.suffix}"
        self._put(f"{folder}/{name}", self._form.file(lines, [entry.event for entry in fresh.values()]))

    def _overlapping(self, folder: str, entries: Sequence[_Entry]) -> Iterator[str]:
        """The files that may hold some of these events already."""
        offsets = [entry.line.offset for entry in entries]
        try:
            there = self._fs.ls(folder, detail=False)
        except FileNotFoundError:
            return
        for path in there:
            name = path.rpartition("/")[2]
            if (found := _FILE.match(name)) and name.endswith(f".{self._form.suffix}"):
                partition, first, last = map(int, found.groups())
                if partition == entries[0].line.partition and first <= max(offsets) and min(offsets) <= last:
                    yield path

    def _put(self, path: str, content: bytes) -> None:
        if not self._local:
            self._fs.pipe_file(path, content)
            return
        folder = Path(path).parent
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".incoming-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o640)
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        for each in (folder, folder.parent):
            _sync(each)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise Misconfigured(
                f"the archive at {self._root} cannot be written ({error.strerror or error}): let this user write there, "
                "or choose another url"
            ) from error
        except OSError as error:
            raise Retriable(
                f"the archive at {self._root} takes nothing now ({error.strerror or error}): make room, or look at it"
            ) from error


def _line(event: Routed, place: Place) -> Line:
    name = f"{event.ticket.id}/{event.ticket.revision}/{event.message.id if event.message else ''}"
    return Line(place.partition, place.offset, moment(place.at), name, msgspec.Raw(wire.encode(event)))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
