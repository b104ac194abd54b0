"""A small disk of one folder's own, which can be filled: a tmpfs, or where nobody may mount one, a limit on the files of a process."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

MEGABYTES = 96


class Disk:
    """The disk below `folder`. `mounted` says whether it is one of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "switchboard-chaos", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        self.mounted = done.returncode == 0
        self._filler = folder / "filler"

    @property
    def how(self) -> str:
        """What a full disk is here."""
        return f"a tmpfs of {MEGABYTES} MB, filled" if self.mounted else "no mount allowed: RLIMIT_FSIZE of 0 instead"

    def fill(self, pids: Sequence[int]) -> None:
        """Let no byte be left; `pids` are whose it is, for when it is only a limit."""
        if not self.mounted:
            for pid in pids:
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
            return
        with self._filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            block = bytes(1 << 20)
            while file.write(block):
                pass

    def free(self, pids: Sequence[int]) -> None:
        """There is room again."""
        if not self.mounted:
            for pid in pids:
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
            return
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it, also from under a process that still has a file there."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)  # noqa: S607 - as above


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """A disk for as long as the context."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Disk(folder)
    try:
        yield made
    finally:
        made.close()
