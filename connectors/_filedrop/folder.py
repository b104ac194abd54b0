"""The plain files below a folder. Links are never followed, so that nobody makes us read what lies elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

import msgspec

from normalizer.errors import Misconfigured, Retriable

LOCK = ".lock"
"""What ends the name of a file by which programs lock the one beside it."""

_DEEPEST = 16
_STALE = 600.0  # seconds after which a lock is of a program that died
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(msgspec.Struct, frozen=True):
    """A file: its path below the folder, that path as text, and what the file system says. Times are nanoseconds.

    `changed` is the ctime: it is set when a file is written, or comes to its place by a rename or a link, and
    nobody can set it back, as copying programs do with the time of writing.
    """

    path: str
    name: str
    inode: int
    size: int
    written: int
    changed: int


class Folder:
    """One folder. `within`, when given, are its only subfolders that are looked into (``new`` and ``cur`` of a maildir).

    `strangers` counts what was passed over at the last look: links, pipes, and what may not be read.
    """

    def __init__(self, root: str, pattern: str, within: Sequence[str] = ()) -> None:
        self._root = Path(root)
        self._pattern = pattern
        self._within = tuple(within)
        self.strangers = 0

    def files(self) -> list[Found]:
        """All files that match, the one that changed first in front. Names with a dot in front and locks are not looked at."""
        self.strangers = 0
        for name in self._within:
            if not (self._root / name).is_dir():
                raise Misconfigured(f"{self._root} is no maildir, it has no folder {name}: set `folder` to one")
        try:
            found = [each for start in self._within or ("",) for each in self._below(start, _DEEPEST)]
        except OSError as error:
            raise Retriable(
                f"the folder {self._root} cannot be read ({error.strerror}): make it, and make it readable"
            ) from error
        return sorted(found, key=lambda each: (each.changed, each.name))

    def open(self, path: str) -> BinaryIO:
        """A file that `files` found, opened without going through a link. Raises `OSError` when it cannot be."""
        *folders, name = Path(path).parts
        at = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                below = os.open(folder, _FLAGS | os.O_DIRECTORY, dir_fd=at)
                os.close(at)
                at = below
            file = os.fdopen(os.open(name, _FLAGS | os.O_NONBLOCK, dir_fd=at), "rb")  # a pipe must not hold us up
        finally:
            os.close(at)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise FileNotFoundError(path)
        return file

    def is_locked(self, path: str, now: float) -> bool:
        """Whether a lock file stands beside a file, and is not left over. `now` is Unix time."""
        try:
            return now - (self._root / f"{path}{LOCK}").lstat().st_mtime < _STALE
        except OSError:
            return False

    def _below(self, folder: str, deep: int) -> Iterator[Found]:
        with os.scandir(self._root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.name.startswith(".") or entry.name.endswith(LOCK):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from self._deeper(path, deep)
                    continue
                if not fnmatchcase(path, self._pattern):
                    continue
                if not entry.is_file(follow_symlinks=False):
                    self.strangers += 1
                    continue
                try:
                    told = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # it was there a moment ago
                name = os.fsencode(path).decode("utf-8", "backslashreplace")
                yield Found(path, name, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)

    def _deeper(self, path: str, deep: int) -> Iterator[Found]:
        if self._within or not deep:
            return
        try:
            yield from self._below(path, deep - 1)
        except OSError:  # of one subfolder; the others are read
            self.strangers += 1
