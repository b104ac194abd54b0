"""Another time for a process: libfaketime, told by a file, so that the time can jump while the process runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LIBRARY = "libfaketimeMT.so.1"
_PLACES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
REMEDY = "libfaketime is not installed (Debian: apt-get install faketime)"


def library() -> Path | None:
    """Where libfaketime is; None when it is not installed."""
    for place in map(Path, _PLACES):
        for pattern in (f"faketime/{LIBRARY}", f"*/faketime/{LIBRARY}"):
            if found := next(iter(place.glob(pattern)), None):
                return found
    return None


class Clock:
    """The wall clock of the processes that were given `environment`. The monotonic one stays, as when an administrator sets the time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.library = library()
        self.move(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process must be started with."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, seconds: int) -> None:
        """Let the time be so many seconds later than it is; they see it within a second."""
        self._file.write_text(f"{seconds:+d}s\n")
