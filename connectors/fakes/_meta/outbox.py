"""What an account of Meta has to tell its subscribers: updates in the order in which they happened."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

Json = dict[str, Any]

_serial = count(1)


def serial() -> int:
    """A number that no other update of this process has."""
    return next(_serial)


def now_ms() -> int:
    """Unix time in milliseconds, as Messenger's timestamps are."""
    return int(time.time() * 1000)


class Outbox:
    """One business account, page or Instagram account: `object` names its webhook, `id` its entries."""

    def __init__(self, object_: str, id_: str) -> None:
        self.object = object_
        self.id = id_
        self._updates: list[tuple[str, Json]] = []

    def tell(self, kind: str, update: Json) -> None:
        """Queue an update for the list `kind` of an entry: ``messaging``, ``standby``, ``changes``."""
        self._updates.append((kind, update))

    def take(self, per_entry: int, *, newest_first: bool) -> list[Json]:
        """All that is queued as entries of at most so many updates, and forget it."""
        updates, self._updates = self._updates, []
        if newest_first:
            updates.reverse()
        entries: list[Json] = []
        for start in range(0, len(updates), per_entry):
            entry: Json = {"id": self.id, "time": now_ms()}
            for kind, update in updates[start : start + per_entry]:
                entry.setdefault(kind, []).append(update)
            entries.append(entry)
        return entries
