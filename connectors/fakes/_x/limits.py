"""The stand-in's rate limits: so many requests for each endpoint in each window, told in the headers of every answer.

https://docs.x.com/x-api/fundamentals/rate-limits. There is no Retry-After.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping

LIMITS = {"mentions": 180, "search": 450, "dm_events": 300, "tweets": 900, "me": 75}
"""Requests in 15 minutes."""


class Limits:
    """Counts requests; windows begin with the first request."""

    def __init__(self, clock: Callable[[], float], limits: Mapping[str, int], seconds: float) -> None:
        self._clock, self._limits, self._seconds = clock, dict(limits), seconds
        self._lock = threading.Lock()
        self._ends: dict[str, float] = defaultdict(float)
        self._used: dict[str, int] = defaultdict(int)

    def clear(self) -> None:
        """Begin new windows."""
        with self._lock:
            self._ends.clear()
            self._used.clear()

    def take(self, endpoint: str) -> tuple[bool, dict[str, str]]:
        """Whether a request may go on, and the headers that tell what is left."""
        with self._lock:
            now, limit = self._clock(), self._limits[endpoint]
            if now >= self._ends[endpoint]:
                self._ends[endpoint] = math.ceil(now + self._seconds)
                self._used[endpoint] = 0
            allowed = self._used[endpoint] < limit
            self._used[endpoint] += allowed
            left = limit - self._used[endpoint]
            return allowed, {
                "x-rate-limit-limit": str(limit),
                "x-rate-limit-remaining": str(left),
                "x-rate-limit-reset": str(int(self._ends[endpoint])),
            }
