"""How far a folder was read, in a position that does not grow with the folder. Pure.

Both kinds go by ctime (`folder.Found.changed`): whatever comes later has a later one, whatever its name or its date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

import msgspec

from connectors._filedrop.folder import Found

_REMEMBERED = 64
_MOST = 256


class Whole(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
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


class Growing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For growing files: a file without a tail that comes up to `done` is read to its end.

    The tails, by inode, are of the files that changed last. One that grows after it was forgotten is read anew: what its
    items say of their ids makes them duplicates.
    """

    done: Whole = Whole()
    tails: dict[int, Tail] = {}

    @property
    def full(self) -> bool:
        """Whether no more files can be begun before some are forgotten."""
        return len(self.tails) >= _MOST

    def tail(self, found: Found) -> Tail | None:
        """How far a file was read: a new tail for one never seen, None when nothing is left to read."""
        if (known := self.tails.get(found.inode)) is not None:
            return None if known.seen == found.changed else known
        return None if mark(found) <= self.done else beginning(found)

    def moved(self, tail: Tail) -> Growing:
        """With this tail instead of the one before it."""
        return Growing(self.done, {**self.tails, tail.inode: tail})

    def without(self, gone: Set[int]) -> Growing:
        """When these files are no more."""
        return Growing(self.done, {inode: each for inode, each in self.tails.items() if inode not in gone})

    def pruned(self, listed: Mapping[int, Found], until: Found, settled: int) -> Growing:
        """When there are too many, without the oldest that are read to their end.

        Every file in `listed` up to `until` has been gone through. None that changed after `settled` is forgotten, since
        another file might come beside it.
        """
        tails = dict(self.tails)
        ended = (listed[inode] for inode, each in tails.items() if each.seen == listed[inode].changed <= settled)
        marks = sorted((mark(each), each.inode) for each in ended if mark(each) <= mark(until))
        gone = marks[: max(0, len(tails) - _REMEMBERED)]
        for _, inode in gone:
            del tails[inode]
        return Growing(max([self.done, *(found for found, _ in gone)]), tails)


def mark(found: Found) -> Whole:
    """Where a file stands in the order in which files are read."""
    return Whole(found.changed, found.name)


def beginning(found: Found) -> Tail:
    """The tail of a file of which nothing is read."""
    return Tail(found.inode, found.name, found.changed)


def by_inode(files: Iterable[Found]) -> dict[int, Found]:
    """Files by inode: two names of one file are one."""
    found: dict[int, Found] = {}
    for each in files:
        found.setdefault(each.inode, each)
    return found
