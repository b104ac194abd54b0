"""Wall and CPU time of one measured process, and how far it is."""

from __future__ import annotations

import resource
import sys
import time
from typing import NamedTuple

SHOW_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.02
"""How often one looks at what a runtime has done by then."""


class Run(NamedTuple):
    """One run: how many items it did, in how many seconds, with how many CPU-seconds of its process."""

    items: int
    seconds: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Items per second."""
        return self.items / self.seconds

    @property
    def cpu_micros(self) -> float:
        """CPU microseconds of an item."""
        return self.cpu_seconds / self.items * 1e6

    @property
    def per_cpu_second(self) -> float:
        """Items per CPU-second."""
        return self.items / self.cpu_seconds


class Stopwatch:
    """Measures from `begin` until `stop`, and tells how far it is on the terminal.

    What comes before the first item, such as joining a consumer group, is no part of a rate.
    """

    def __init__(self, what: str, items: int, *, patience: float = PATIENCE_SECONDS) -> None:
        self._what, self._items, self._patience = what, items, patience
        self._began: tuple[float, float] | None = None
        self._done = 0
        self._moved = self._shown = time.perf_counter()

    def begin(self) -> None:
        """Start the watch now."""
        self._began = time.perf_counter(), time.process_time()

    @property
    def began(self) -> float:
        """When it started, by `time.perf_counter`. Raises `RuntimeError` before that."""
        return self._started()[0]

    def _started(self) -> tuple[float, float]:
        if self._began is None:
            raise RuntimeError(f"{self._what}: not one item came, so there is nothing to measure")
        return self._began

    def at(self, done: int) -> None:
        """Tell how far it is, once a second. Raises `TimeoutError` when it is not getting any further."""
        now = time.perf_counter()
        if done != self._done:
            self._done, self._moved = done, now
        elif now - self._moved > self._patience:
            far = f"{self._what}: {done:,} of {self._items:,}"
            raise TimeoutError(f"{far}, and no step in {self._patience:g} s: look at what the process logged")
        if sys.stderr.isatty() and now - self._shown >= SHOW_SECONDS:
            self._shown = now
            print(f"\r{self._what}: {done:,} of {self._items:,}", end="\033[K", file=sys.stderr, flush=True)

    def stop(self) -> Run:
        """The run that ends now."""
        wall, cpu = time.perf_counter(), time.process_time()
        began = self._started()
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return Run(self._items, wall - began[0], cpu - began[1])


def most_megabytes() -> float:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6  # Linux counts in units of 1,024 bytes
