"""Files that are one mail each, as in a maildir. A file is known by its name and what the file system says of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from connectors._base import Page
from connectors._filedrop.folder import Folder, Found
from connectors._filedrop.places import Whole
from connectors._filedrop.records import Records
from normalizer.events import RawEvent

_PAGE_BYTES = 8 << 20
_SHARE = 10  # of the time goes into looking: a folder of 100,000 files takes half a second


class WholeFiles:
    """A folder of such files.

    Only files that have not changed for `quiet` seconds count: those were in their places before the folder was listed, so that no
    listing misses one that is older than what was published, and nobody writes them any more.
    """

    position = Whole

    def __init__(self, folder: Folder, records: Records, page_size: int, poll: float, quiet: float) -> None:
        self._folder = folder
        self._records = records
        self._page_size = page_size
        self._poll = poll
        self._quiet = int(quiet * 1e9)

    def warnings(self) -> Sequence[str]:
        """Nothing of its own."""
        return ()

    def pages(self, place: Whole, stop: threading.Event) -> Iterator[Page]:
        """Pages of mails, for ever."""
        published: set[int] | None = None
        while not stop.is_set():
            began = time.time_ns()
            if place.at > began:  # the clock went back: read anew what is there, and let ids tell what is known
                place = Whole()
            settled = [each for each in self._folder.files() if each.changed <= began - self._quiet]
            if published is None:
                published = {_identity(each) for each in settled if Whole(each.changed, each.name) <= place}
            fresh = [each for each in settled if _identity(each) not in published]
            behind = len(fresh)
            for batch in self._batches(fresh):
                if stop.is_set():
                    return
                records = [(each, self._record(each)) for each in batch]
                behind -= len(batch)
                place = max(place, Whole(batch[-1].changed, batch[-1].name))
                yield Page(tuple(raw for _, raw in records if raw is not None), place, behind)
                published |= {_identity(each) for each, raw in records if raw is not None}
            published &= {_identity(each) for each in settled}
            if settled and (last := Whole(settled[-1].changed, settled[-1].name)) > place:
                place = last  # only flags have changed
                yield Page((), place, 0)
            stop.wait(max(self._poll, _SHARE * (time.time_ns() - began) / 1e9) if not fresh else self._poll)

    def _batches(self, files: Sequence[Found]) -> Iterator[list[Found]]:
        batch: list[Found] = []
        size = 0
        for each in files:
            if batch and (len(batch) == self._page_size or size + each.size > _PAGE_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(each)
            size += each.size
        if batch:
            yield batch

    def _record(self, found: Found) -> RawEvent | None:
        """The record of a file; None when it has left its place, where its new name is found next time."""
        received_at = datetime.fromtimestamp(min(found.changed, time.time_ns()) / 1e9, UTC)
        name = f"{_unique(found.name)};{found.written}"
        try:
            with self._folder.open(found.path) as file:
                return self._records.mail(file, (0, found.size), name, received_at)
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._records.unreadable(name, received_at, error.strerror or type(error).__name__)


def _unique(name: str) -> str:
    """The name without its place and flags in a maildir (https://cr.yp.to/proto/maildir.html)."""
    folder, slash, own = name.rpartition("/")
    return own.partition(":2,")[0] if folder in ("new", "cur") else f"{folder}{slash}{own}"


def _identity(found: Found) -> int:
    return hash((_unique(found.name), found.inode, found.size, found.written))
