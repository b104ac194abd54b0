"""What every `Recounted` poller keeps beside the rest: inherit `RecountContract` in the place of `PollerContract`."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors._recount import Recounted
from normalizer.events import RawEvent
from ops.reconcile import Count, compare
from tests.conformance.poller import PollerContract, Source

HOUR = timedelta(hours=1)


class Kept:
    """What was accepted, in memory."""

    def __init__(self, poller: Recounted[Any]) -> None:
        self._poller = poller
        self.events: list[RawEvent] = []
        self.names: set[str] = set()

    def publish(self, events: list[RawEvent]) -> None:
        """Accept some events."""
        self.events += events
        for raw in events:
            self.names.update(name for name, _ in self._poller.told(raw))

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def refresh(self) -> None:
        """Nobody else accepts anything."""


class RecountContract(PollerContract):
    """A count of the source finds what never came, and nothing else."""

    def test_a_recount_gives_all_that_the_source_has_and_ends(self, source: Source) -> None:
        """Whatever was read before; a bad item among them is one like the others."""
        first = source.put(5)
        source.put_bad()
        expected = first + source.put(6)
        found = _everything(source)
        assert sorted(name for raw in found if (name := source.told(raw))) == sorted(expected)

    def test_what_was_skipped_is_found_and_repaired(self, source: Source) -> None:
        """Once: then nothing is missing."""
        expected = source.put(11)
        lost = {expected[0], expected[4], expected[10]}
        kept = Kept(_recounted(source))
        kept.publish([raw for raw in _everything(source) if source.told(raw) not in lost])
        kept.events.clear()
        told = _compared(source, kept, repair=False)
        assert (len(told.gaps), told.repaired, told.well, kept.events) == (3, 0, False, [])
        repaired = _compared(source, kept, repair=True)
        assert (repaired.repaired, repaired.well, {source.told(raw) for raw in kept.events}) == (3, True, lost)
        again = _compared(source, kept, repair=True)
        assert (again.gaps, again.recent, again.well) == ((), 0, True)

    def test_what_is_too_young_is_not_missed(self, source: Source) -> None:
        """It may be on its way."""
        source.put(3)
        found = _compared(source, Kept(_recounted(source)), repair=True, until=datetime.now(UTC) - HOUR)
        assert (found.gaps, found.recent) == ((), 3)


def _recounted(source: Source) -> Recounted[Any]:
    poller = source.poller()
    assert isinstance(poller, Recounted)
    return poller


def _everything(source: Source) -> list[RawEvent]:
    since = datetime.now(UTC) - 2 * HOUR
    pages = _recounted(source).recount(source.name, since, lambda _: False, threading.Event())
    return [raw for page in pages for raw in page.events]


def _compared(source: Source, kept: Kept, *, repair: bool, until: datetime | None = None) -> Count:
    now = datetime.now(UTC)
    window = now - 2 * HOUR, until or now + HOUR
    publish = kept.publish if repair else None
    return compare(_recounted(source), source.name, window, kept, publish, threading.Event())  # type: ignore[arg-type]  # a list is a sequence
