"""What the sources of one account know together: which posts Kafka has, and what was lost for ever."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from connectors._x import snowflake
from connectors._x.place import Gap, Seen

_MOST = 5000
_WARNED_SECONDS = 7 * 86_400.0


class Known:
    """Written by the thread of each source, bounded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._posts: OrderedDict[str, str] = OrderedDict()
        self._gaps: dict[str, Gap] = {}

    def add(self, seen: Iterable[Seen]) -> None:
        """Posts that Kafka has; what is not to be looked up has no key and is left out."""
        with self._lock:
            for each in seen:
                if each.key:
                    self._posts[each.name] = each.key
            while len(self._posts) > _MOST:
                self._posts.popitem(last=False)

    def first(self, names: Sequence[str]) -> str:
        """The first of some posts that Kafka has, "" when it has none."""
        with self._lock:
            return next((name for name in names if name in self._posts), "")

    def posts(self) -> list[Seen]:
        """All of them, in the order in which they came."""
        with self._lock:
            return [Seen(name, key) for name, key in self._posts.items()]

    def forget(self, names: Iterable[str]) -> None:
        """Posts that are gone."""
        with self._lock:
            for name in names:
                self._posts.pop(name, None)

    def gap(self, source: str, gap: Gap | None) -> None:
        """The last gap of a source."""
        if gap is not None:
            with self._lock:
                self._gaps[source] = gap

    def warnings(self) -> list[str]:
        """A sentence each; a gap is told for a week."""
        bound = time.time() - _WARNED_SECONDS
        with self._lock:
            return [_told(source, gap) for source, gap in sorted(self._gaps.items()) if gap.at > bound]


def _told(source: str, gap: Gap) -> str:
    return (
        f"{source}: what came between {_time(gap.after)} and {_time(gap.before)} may be missing, for ever ({gap.why}): "
        "look at X itself for that time; the gap is among the dead letters as known-gap"
    )


def _time(post: str) -> str:
    found = snowflake.seconds(post)
    return "the first post" if found is None else datetime.fromtimestamp(found, UTC).isoformat(timespec="seconds")
