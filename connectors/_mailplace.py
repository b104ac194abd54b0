"""Where a mailbox folder has been read up to, and which of its mails are handled with care. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

import msgspec


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """The saved position of a folder: every mail up to `uid` is published, as long as `uidvalidity` holds.

    `old` is set during a first sync with a `since` date: mails up to this UID are old, and the date applies.
    """

    uidvalidity: int
    uid: int = 0
    old: int = 0


Folder = tuple[str, int]
"""A folder's name and its UIDVALIDITY: what a UID is relative to."""

_STRIKES = 6  # a minute or so, with the edge's growing pauses in between


class Suspects:
    """Mails that were asked for when a fetch failed.

    From then on each is asked for alone, so that one which the server cannot give does not hold up the others;
    it is given up after six failures of its own.
    """

    def __init__(self) -> None:
        self._strikes: dict[tuple[Folder, int], int] = {}

    def blame(self, folder: Folder, uids: Sequence[int]) -> None:
        """A fetch of these mails failed; the fault is proven only when one was asked for alone."""
        for uid in uids:
            self._strikes[folder, uid] = self._strikes.get((folder, uid), 0) + (len(uids) == 1)

    def clear(self, folder: Folder, uids: Sequence[int]) -> None:
        """These mails are through."""
        for uid in uids:
            self._strikes.pop((folder, uid), None)

    def hopeless(self, folder: Folder, uid: int) -> bool:
        """Whether this mail has failed often enough by itself."""
        return self._strikes.get((folder, uid), 0) >= _STRIKES

    def batches(self, folder: Folder, uids: Sequence[int], size: int) -> Iterator[list[int]]:
        """`uids` in their order, `size` at most at a time, and every suspect alone."""
        for suspected, run in groupby(uids, lambda uid: (folder, uid) in self._strikes):
            step = 1 if suspected else size
            while batch := list(islice(run, step)):
                yield batch


def by_bytes(sizes: Sequence[tuple[int, int]], most: int) -> Iterator[list[int]]:
    """UIDs with their sizes, cut into runs of `most` bytes at most, or of a single mail that is larger."""
    run: list[int] = []
    total = 0
    for uid, size in sizes:
        if run and total + size > most:
            yield run
            run, total = [], 0
        run.append(uid)
        total += size
    if run:
        yield run
