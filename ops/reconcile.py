"""What sources have had, against what was accepted of them: gaps are found, named, and published after all.

The ledger proves that nothing accepted was lost; this shows that nothing was left outside. A source is asked for all that it has
had since a moment, whatever the cursors say (`connectors._recount`), and each item is looked for among the raw
records of its account by the name that it has whichever way it comes. What is not there and is old enough to be there is
a gap. A gap that is published twice does no harm: the second is a duplicate.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from connectors._claim import claimed
from connectors._recount import Recounted
from normalizer.errors import Rejected, SwitchboardError
from normalizer.events import RAW, Health, Origin, RawEvent
from normalizer.wire import header, read_raw
from ops.view import Place, View

SETTLED = timedelta(minutes=10)
"""What is younger may still be on its way, and is no gap."""
EARLIER = timedelta(hours=1)
"""Clocks of sources may be so much behind ours."""
NAME = "reconcile"
"""What its reports are called, beside those of an account's sources."""

Publish = Callable[[Sequence[RawEvent]], None]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What a source has had and what was accepted of it. `gaps` are the names of what was not; `repaired` were published.

    `recent` is too young to be missed. `problem` is why not all of it could be looked at.
    """

    channel: str
    account: str
    source: str
    listed: int = 0
    recent: int = 0
    gaps: tuple[str, ...] = ()
    repaired: int = 0
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether everything that the source has had is here now."""
        return not self.problem and self.repaired == len(self.gaps)


class Known(Protocol):
    """What was accepted of an account: it contains names."""

    def __contains__(self, name: object) -> bool: ...

    def refresh(self) -> None:
        """Learn what has come since."""
        ...


class Accepted:
    """The names of all that was accepted of an account since a moment. `refresh` reads what has come since it was asked last."""

    def __init__(self, view: View, connector: Recounted[Any], since: datetime) -> None:
        self._view, self._connector = view, connector
        self._topic = RAW + connector.channel
        self._whose = f"/{connector.channel}/{connector.account}"
        self._next: dict[Place, int] = dict(view.offsets_at([self._topic], since - EARLIER))
        self._names: set[str] = set()
        self.refresh()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def refresh(self) -> None:
        """Read on to the present end. Raises `Retriable` when Kafka does not answer."""
        for record in self._view.records(self._topic, self._next):
            self._next[Place(self._topic, record.partition)] = record.offset + 1
            if header(record.headers, "ce_source") != self._whose:
                continue
            origin = Origin(self._topic, record.partition, record.offset)
            try:
                raw = read_raw(record.value, record.headers, key=record.key, origin=origin)
            except Rejected:
                continue  # it is in the dead letters, and no item of a source
            self._names.add(raw.source_id)
            self._names.update(name for name, _ in self._connector.told(raw))


def reconcile(
    view: View,
    connector: Recounted[Any],
    since: datetime,
    publish: Publish | None,
    stop: threading.Event,
    now: datetime | None = None,
) -> Iterator[Count]:
    """A count for each source of an account; with `publish` its gaps are closed. What fails is told and stops no other."""
    until = (now or datetime.now(UTC)) - SETTLED
    accepted = Accepted(view, connector, since)
    for source in connector.sources():
        if stop.is_set():
            return
        yield compare(connector, source, (since, until), accepted, publish, stop)


def compare(
    connector: Recounted[Any],
    source: str,
    window: tuple[datetime, datetime],
    accepted: Known,
    publish: Publish | None,
    stop: threading.Event,
) -> Count:
    """What a source has had in a window, against what was accepted; with `publish`, what is missing is published."""
    since, until = window
    listed = recent = repaired = 0
    gaps: list[str] = []
    problem = ""
    try:
        for page in connector.recount(source, since, accepted.__contains__, stop):
            listed += page.total
            missing: list[RawEvent] = []
            unknown = [raw for raw in page.events if not _is_known(connector, raw, accepted)]
            if unknown:
                accepted.refresh()  # a poller or a door may have been quicker
            for raw in unknown:
                if _is_known(connector, raw, accepted):
                    continue
                at = max(when for _, when in connector.told(raw))
                if at > until:
                    recent += 1
                elif at >= since:
                    missing.append(raw)
            gaps += [raw.source_id for raw in missing]
            if publish is not None and missing:
                publish([claimed(raw, connector.blobs) for raw in missing])
                repaired += len(missing)
    except SwitchboardError as error:
        problem = str(error)
    return Count(
        channel=connector.channel, account=connector.account, source=source,
        listed=listed, recent=recent, gaps=tuple(gaps), repaired=repaired, problem=problem,
    )  # fmt: skip


def _is_known(connector: Recounted[Any], raw: RawEvent, accepted: Known) -> bool:
    return raw.source_id in accepted or all(name in accepted for name, _ in connector.told(raw))


def report(counts: Sequence[Count], at: datetime) -> list[Health]:
    """The counts as health, a line for each account, so that `switchboard channels` shows them."""
    accounts: dict[tuple[str, str], list[Count]] = {}
    for count in counts:
        accounts.setdefault((count.channel, count.account), []).append(count)
    return [_health(f"{channel}/{account}/{NAME}", found, at) for (channel, account), found in accounts.items()]


def _health(name: str, counts: Sequence[Count], at: datetime) -> Health:
    left = sum(len(count.gaps) - count.repaired for count in counts)
    notes = [f"{left} items of the source were never accepted"] if left else []
    notes += [f"{count.source}: {count.problem}" for count in counts if count.problem]
    return Health(
        name=name,
        state="stopped" if all(count.well for count in counts) else "failing",
        at=at,
        looked_at=at,
        detail="; ".join(notes),
        received=sum(count.repaired for count in counts),
        errors=sum(bool(count.problem) for count in counts),
        behind=left,
    )
