"""How a source is doing, counted where it happens and reported from elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

from connectors._publisher import Record
from normalizer.events import Health
from normalizer.wire import encode, headers

State = Literal["starting", "running", "waiting", "failing", "stopped"]
_BUCKET = 10  # seconds that are counted together
_WINDOW = 300  # seconds that a rate looks back


class Rate:
    """How many a minute, over the last five minutes; its memory is a few counters, however many come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._counts: dict[int, int] = {}

    def add(self, count: int) -> None:
        """So many, now."""
        bucket = int(self._clock() // _BUCKET)
        self._counts[bucket] = self._counts.get(bucket, 0) + count
        self._forget()

    def per_minute(self) -> float:
        """As it is now; over a minute at least, so that the first message after a start is no flood."""
        self._forget()
        span = min(_WINDOW, max(60.0, self._clock() - self._began))
        return sum(self._counts.values()) * 60 / span

    def _forget(self) -> None:
        oldest = int((self._clock() - _WINDOW) // _BUCKET)
        self._counts = {bucket: count for bucket, count in self._counts.items() if bucket > oldest}


class Status:
    """The live counters of one source; written by its thread, read by the reporter's."""

    def __init__(self, name: str, warnings: Callable[[], Sequence[str]] = tuple) -> None:
        self.name = name
        self.received = 0
        self._warnings = warnings
        self._lock = threading.Lock()
        self._state: State = "starting"
        self._detail = ""
        self._errors = 0
        self._behind: int | None = None
        self._rate = Rate()
        self._last_received_at: datetime | None = None
        self._looked_at: datetime | None = None

    def stored(self, events: int, behind: int | None = None) -> None:
        """A page with so many events is safe; `behind` items are still to come, where the source can say.

        Without events it is a look at the source, which has answered and had no news.
        """
        with self._lock:
            self.received += events
            self._state = "running"
            self._detail = f"{behind} to go" if behind else ""
            self._behind = behind
            self._looked_at = datetime.now(UTC)
            if events:
                self._last_received_at = self._looked_at
                self._rate.add(events)

    def running(self) -> None:
        """Connected to what can be heard of; there may be no news for a while."""
        self._change("running", "", errors=0)

    def waiting(self, why: str) -> None:
        """The other side cannot now; it will be asked again."""
        self._change("waiting", why, errors=1)

    def failing(self, why: str) -> None:
        """A person must act."""
        self._change("failing", why, errors=1)

    def stopped(self) -> None:
        """Asked to stop, and has."""
        self._change("stopped", "", errors=0)

    def health(self, edge: str = "") -> Health:
        """A report of now; `edge` names the process."""
        with self._lock:
            return Health(
                name=self.name,
                state=self._state,
                at=datetime.now(UTC),
                detail=self._detail,
                received=self.received,
                errors=self._errors,
                last_received_at=self._last_received_at,
                behind=self._behind,
                warning=" ".join(self._warnings()),
                looked_at=self._looked_at,
                rate=round(self._rate.per_minute(), 2),
                edge=edge,
            )

    def _change(self, state: State, detail: str, errors: int) -> None:
        with self._lock:
            self._state = state
            self._detail = detail
            self._errors += errors


def health_records(reports: Sequence[Health]) -> list[Record]:
    """The records of some reports, keyed by their names, for the compacted topic ``health``."""
    return [
        Record(
            Health.topic,
            report.name.encode(),
            encode(report),
            headers(report, ce_id=f"{report.name}@{report.at.isoformat()}", source="/edge", time=report.at),
        )
        for report in reports
    ]
