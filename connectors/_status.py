"""How a source is doing, counted where it happens and reported from elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from connectors._publisher import Record
from normalizer.events import Health
from normalizer.wire import encode, headers

State = Literal["starting", "running", "waiting", "failing", "stopped"]


class Status:
    """The live counters of one source; written by its thread, read by the reporter's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.received = 0
        self._lock = threading.Lock()
        self._state: State = "starting"
        self._detail = ""
        self._errors = 0
        self._last_received_at: datetime | None = None

    def stored(self, events: int, behind: int | None = None) -> None:
        """A page with so many events is safe; `behind` items are still to come, where the source can say."""
        with self._lock:
            self.received += events
            self._state = "running"
            self._detail = f"{behind} to go" if behind else ""
            if events:
                self._last_received_at = datetime.now(UTC)

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

    def health(self) -> Health:
        """A report of now."""
        with self._lock:
            return Health(
                name=self.name,
                state=self._state,
                at=datetime.now(UTC),
                detail=self._detail,
                received=self.received,
                errors=self._errors,
                last_received_at=self._last_received_at,
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
