"""When something arrived, by our own clock: a clock that is set back does not put a later message before an earlier one.

A ticket takes subject and queue from its earliest message, and what brings no time of its own is dated by whoever
received it. So the times that one process gives only grow, as in a hybrid logical clock (Kulkarni et al. 2014): while the
wall clock is behind what was given last, each is a microsecond after the one before. A clock that is set back by more
than `MOST_HELD` was wrong before, and is followed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MOST_HELD = timedelta(minutes=15)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Arrivals:
    """Gives times. Any number of threads may ask; `clock` gives nanoseconds since 1970."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._last = _EPOCH
        self._lock = threading.Lock()

    def next(self) -> datetime:
        """The time, later than all that were given before, to the microsecond."""
        with self._lock:
            now = _EPOCH + timedelta(microseconds=self._clock() // 1000)
            held = now <= self._last < now + MOST_HELD
            self._last = self._last + _MICROSECOND if held else now
            return self._last


arrived = Arrivals().next
"""The time at which this process receives something now."""
