"""Tells before a token ends, and when one was taken away: after a changed password, a lost role, ninety days of silence.

A token that ended stops files and names; it never stops messages.
https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
"""

from __future__ import annotations

import threading
import time

from connectors._meta.graph import Graph, Refused

CHECK_SECONDS = 12 * 3600.0
_SOON = 14 * 86_400
_DAY = 86_400


class TokenWatch:
    """Asks how long the token lives, now and then, in a thread of its own. `where` names the setting."""

    def __init__(self, graph: Graph, where: str) -> None:
        self._graph = graph
        self._where = where
        self._due = 0.0  # monotonic
        self._wrong = ""
        self._ends = 0
        self._lock = threading.Lock()

    def look(self) -> None:
        """Check when it is due. Returns at once."""
        with self._lock:
            if time.monotonic() < self._due:
                return
            self._due = time.monotonic() + CHECK_SECONDS
        threading.Thread(target=self.check, name=f"token of {self._where}", daemon=True).start()

    def warnings(self, now: float) -> list[str]:
        """A sentence for a token that is refused, or ends within two weeks. `now` is Unix time."""
        if wrong := self._graph.problem or self._wrong:
            return [f"{self._where} is refused ({wrong}): messages arrive, files and names do not; make a new one"]
        if not self._ends or self._ends - now > _SOON:
            return []
        if self._ends <= now:
            return [f"{self._where} has expired: messages arrive, files and names do not; make a new one"]
        days = int((self._ends - now) // _DAY)
        return [f"{self._where} expires in {days} days: make a new one, or let its owner sign in again"]

    def check(self) -> None:
        """Ask now; blocks for some seconds at most."""
        try:
            self._wrong, self._ends = self._graph.expiry()
        except Refused:
            self._due = time.monotonic() + 600.0
