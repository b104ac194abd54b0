"""Files that grow at their end: lines of JSON, and mboxes."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from typing import BinaryIO

import msgspec

from connectors._arrival import arrived
from connectors._base import Page
from connectors._filedrop.folder import Folder, Found
from connectors._filedrop.framing import Span, begins_mail, lines, mails
from connectors._filedrop.places import Growing, Tail, beginning, by_inode
from connectors._filedrop.records import MBOX, Records
from normalizer.events import RawEvent

_PAGE_BYTES = 8 << 20
_HEAD = 1024  # bytes that tell a file from another one with its inode
_SHARE = 10  # of the time goes into looking


class _Read(msgspec.Struct, frozen=True):
    """What one look at a file gave, and how far it is read now."""

    events: tuple[RawEvent, ...]
    tail: Tail
    more: bool


class GrowingFiles:
    """A folder of such files. Each is read to its end before the next one, the one that changed first in front."""

    position = Growing

    def __init__(self, folder: Folder, records: Records, page_size: int, poll: float, quiet: float) -> None:
        self._folder = folder
        self._records = records
        self._page_size = page_size
        self._poll = poll
        self._quiet = int(quiet * 1e9)
        self._unended: dict[int, tuple[str, int]] = {}

    def warnings(self) -> Sequence[str]:
        """Files that nobody writes any more, and that end in the middle of a line."""
        return [
            f"{name} ends in the middle of a line, {left} bytes wait for its end: complete it, or remove the file"
            for name, left in list(self._unended.values())[:3]
        ]

    def pages(self, place: Growing, stop: threading.Event) -> Iterator[Page]:
        """Pages of lines or mails, for ever."""
        while not stop.is_set():
            began = time.time_ns()
            listed = by_inode(self._folder.files())
            before = place = place.without(place.tails.keys() - listed.keys())
            self._unended = {inode: told for inode, told in self._unended.items() if inode in listed}
            place = yield from self._round(place, listed, began - self._quiet, stop)
            if place == before:
                stop.wait(max(self._poll, _SHARE * (time.time_ns() - began) / 1e9))

    def _round(
        self, place: Growing, listed: dict[int, Found], settled: int, stop: threading.Event
    ) -> Generator[Page, None, Growing]:
        """Pages of all files; gives the place after them."""
        for found in listed.values():
            tail = place.tail(found)
            if tail is None:
                continue
            if stop.is_set() or (place.full and found.inode not in place.tails):
                break  # the rest comes when what was read has not changed for a while
            place = yield from self._file(place.moved(tail), tail, found, settled, stop)
            place = place.pruned(listed, found, settled)
        return place

    def _file(
        self, place: Growing, tail: Tail, found: Found, settled: int, stop: threading.Event
    ) -> Generator[Page, None, Growing]:
        """Pages of one file; gives the place after them."""
        more = True
        while more and not stop.is_set():
            read = self._look(found, tail, settled)
            if read is None:
                return place
            place = place.moved(read.tail)
            if read.events or read.tail.born != tail.born:
                yield Page(read.events, place)
            tail, more = read.tail, read.more
        return place

    def _look(self, found: Found, tail: Tail, settled: int) -> _Read | None:
        """One page of a file; None when it is gone or locked, and is looked at again later."""
        try:
            with self._folder.open(found.path) as file:
                told = os.fstat(file.fileno())
                if told.st_ino != found.inode or self._locked(file, found):
                    return None
                if not self._continues(file, tail):
                    anew = msgspec.structs.replace(found, changed=max(told.st_ctime_ns, tail.born + 1))
                    return _Read((), beginning(anew), more=True)
                return self._read(file, tail, found, settled, quiet=told.st_ctime_ns == found.changed <= settled)
        except FileNotFoundError:
            return None
        except OSError as error:
            why = error.strerror or type(error).__name__
            event = self._records.unreadable(f"{tail.name};{tail.born};unreadable", arrived(), why)
            return _Read((event,), msgspec.structs.replace(tail, seen=found.changed), more=False)

    def _read(self, file: BinaryIO, tail: Tail, found: Found, settled: int, *, quiet: bool) -> _Read:
        events: list[RawEvent] = []
        size, at, more = 0, tail.offset, False
        for span in (lines if self._records.reader else mails)(file, tail.offset, quiet=quiet):
            made = self._events(file, span, f"{tail.name};{tail.born};{span[0]}")
            events.extend(made)
            size, at = size + sum(len(each.body) for each in made), span[1]
            if more := len(events) >= self._page_size or size >= _PAGE_BYTES:
                break
        left = 0 if more else os.fstat(file.fileno()).st_size - at
        self._unended.pop(found.inode, None)
        if left > 0 and found.changed <= settled:
            self._unended[found.inode] = (found.name, left)
        done = not more and quiet  # what is left has no end, and is looked at again when the file changes
        return _Read(
            tuple(events),
            msgspec.structs.replace(tail, offset=at, head=_head(file, at), seen=found.changed if done else 0),
            more,
        )

    def _events(self, file: BinaryIO, span: Span, name: str) -> list[RawEvent]:
        if self._records.reader:
            return self._records.line(file, span, name)
        return [self._records.mail(file, span, name, arrived(), MBOX)]

    def _continues(self, file: BinaryIO, tail: Tail) -> bool:
        """Whether this is the file that was read so far, and what was read is still before the place."""
        if os.fstat(file.fileno()).st_size < tail.offset or _head(file, tail.offset) != tail.head:
            return False
        return self._records.reader is not None or tail.offset == 0 or begins_mail(file, tail.offset)

    def _locked(self, file: BinaryIO, found: Found) -> bool:
        """Whether a mail program holds the file, by any of the ways that they have. The lock ends with the file's closing."""
        if self._folder.is_locked(found.path, time.time()):
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES)  # else this file system knows no locks
        return False


def _head(file: BinaryIO, offset: int) -> str:
    if offset == 0:
        return ""
    return hashlib.sha256(os.pread(file.fileno(), min(offset, _HEAD), 0)).hexdigest()[:16]
