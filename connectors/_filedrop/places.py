"""How far a folder was read, in a position that does not grow with the folder. Pure.

Both kinds go by ctime (`folder.Found.changed`): whatever comes later has a later one, whatever its name or its date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from connectors._filedrop.folder import Found

_REMEMBERED = 64
_MOST = 256


class Whole(msgspec.Struct, frozen=True, order=True):
    """For files that are an item each: every file up to this ctime, and at it up to this name, is published."""

    at: int = 0
    name: str = ""


class Tail(msgspec.Struct, frozen=True):
    """For a growing file: read up to `offset`. `born` (the ctime at first sight) and `name` (of then) name its items.

    `head` is the hash of its beginning, since an inode may be another file's later. `seen` is the ctime at which it was
    read to its end, 0 when it was not.
    """

    inode: int
    name: str
    born: int
    offset: int = 0
    head: str = ""
    seen: int = 0


class Growing(msgspec.Struct, frozen=True):
    """For growing files: a file that has not changed since `at` and has no tail is read to its end.

    The tails, by inode, are of the files that changed last. One that grows after it was forgotten is read anew: what its
    items say of their ids makes them duplicates.
    """

    at: int = 0
    tails: dict[int, Tail] = {}

    @property
    def full(self) -> bool:
        """Whether no more files can be begun before some are forgotten."""
        return len(self.tails) >= _MOST

    def tail(self, found: Found) -> Tail | None:
        """How far a file was read: a new tail for one never seen, None when nothing is left to read."""
        if (known := self.tails.get(found.inode)) is not None:
            return None if known.seen == found.changed else known
        return None if found.changed <= self.at else beginning(found)

    def moved(self, tail: Tail) -> Growing:
        """With this tail instead of the one before it."""
        return Growing(self.at, {**self.tails, tail.inode: tail})

    def pruned(self, listed: Mapping[int, Found], until: int) -> Growing:
        """Without files that are gone and, when there are too many, without the oldest that are read to their end.

        Every file in `listed` that changed before or at `until` has been gone through. Nothing later is forgotten.
        """
        tails = {inode: each for inode, each in self.tails.items() if inode in listed}
        ended = [each for each in tails.values() if each.seen == listed[each.inode].changed <= until]
        gone = sorted(ended, key=lambda each: each.seen)[: max(0, len(tails) - _REMEMBERED)]
        for each in gone:
            del tails[each.inode]
        return Growing(max([self.at, *(each.seen for each in gone)]), tails)


def beginning(found: Found) -> Tail:
    """The tail of a file of which nothing is read."""
    return Tail(found.inode, found.name, found.changed)


def by_inode(files: Iterable[Found]) -> dict[int, Found]:
    """Files by inode: two names of one file are one."""
    found: dict[int, Found] = {}
    for each in files:
        found.setdefault(each.inode, each)
    return found
