"""Many acknowledgements as one."""

from __future__ import annotations

import threading
from concurrent.futures import Future


class Delivery:
    """Many acknowledgements as one future: done when all are in, failed with the first that failed."""

    def __init__(self, records: int) -> None:
        self.done: Future[None] = Future()
        self.done.set_running_or_notify_cancel()  # nobody can cancel what has been handed to the broker
        self._lock = threading.Lock()
        self._missing = records
        self._error: Exception | None = None

    def arrived(self, _: object = None) -> None:
        """One of them is in."""
        self._count(None)

    def failed(self, error: Exception) -> None:
        """One of them will never be."""
        self._count(error)

    def _count(self, error: Exception | None) -> None:
        with self._lock:
            self._error = self._error or error
            self._missing -= 1
            last = self._missing == 0
        if not last:
            return
        if self._error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(self._error)
