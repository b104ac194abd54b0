"""What an account received before it was connected, or while nobody listened: read again from a day on.

The connector reads as at its first start, with `since` set to that day and a place of its own in ``cursors``, which is
saved after Kafka has the page; the live places are never touched. Delivery: at least once. What was accepted before has
the same ids, and ends as a duplicate. It yields to live traffic: it publishes only while little waits for the stages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from connectors._base import Connector, Page, Poller
from connectors._cursors import Cursors
from connectors._publisher import Publisher
from connectors._receive import Positions, Publishes, receive
from connectors._status import Status
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import RAW, Message, RawEvent, Threaded
from ops.view import View

MOST_WAITING = 500
"""Records that may wait for the stages while history is added to them."""
_LOOK_SECONDS = 1.0
_FIRST_PAUSE = 1.0
_MOST_FAILURES = 8
_NO_PAST = ("socket-", "lookup")
"""How sources begin that tell what happens now."""
_INTERVALS = ("poll_seconds", "history_seconds")


class Progress(msgspec.Struct):
    """How far one source is: `behind` what it still holds, where it can say; `waiting` why nothing happens just now."""

    source: str
    published: int = 0
    left_out: int = 0
    behind: int | None = None
    waiting: str = ""


Told = Callable[[Progress], None]


class History:
    """An account as it is read for a backfill. Raises `Misconfigured` when it cannot be asked for its past."""

    def __init__(self, connector: Connector[Any], since: datetime, until: datetime | None) -> None:
        who = f"{connector.channel}:{connector.account}"
        if until is not None and until <= since:
            raise Misconfigured(f"nothing is between --since {since} and --until {until}: give a later --until")
        if not isinstance(connector, Poller):
            raise Misconfigured(f"{who} is called and cannot be asked: whoever calls it must send again")
        settings, self._interval = _looking_back(connector.settings, since, who)
        self._poller: Poller[Any] = type(connector)(connector.account, settings, connector.blobs)
        self._until = until
        self._name = "backfill " + "..".join(f"{day:%Y-%m-%dT%H:%M:%S}" for day in (since, until) if day)
        self.sources = tuple(name for name in self._poller.sources() if not name.startswith(_NO_PAST))
        if not self.sources:
            raise Misconfigured(f"{who} has no source with a past: its settings only let it hear what happens now")

    def fill(
        self, source: str, publisher: Publishes, cursors: Positions, told: Told, *, again: bool = False
    ) -> Progress:
        """Read one source to its present end. Raises `Retriable` when it fails again and again: then go on later."""
        progress, failures, pause = Progress(source), 0, _FIRST_PAUSE
        places = _Places(cursors, self._name, again=again)
        while True:
            before = progress.published
            idle = _UntilIdle(self._interval)
            looking = cast("Poller[Any]", _Looking(self._poller, self._until, progress, told))
            try:
                receive(looking, source, publisher, places, Status(source), idle)
            except Retriable as error:
                failures = failures + 1 if progress.published == before else 1
                if failures == _MOST_FAILURES:
                    raise
                progress.waiting = str(error)
                told(progress)
                pause = _FIRST_PAUSE * 2**failures
                time.sleep(max(pause, error.retry_after or 0))
            else:
                if idle.is_set():
                    progress.waiting = ""
                    return progress


class Gentle:
    """Publishes when little waits for the stages, and at most `rate` events a second (0: as fast as that allows)."""

    def __init__(
        self, publisher: Publisher, view: View, channel: str, rate: float, waits: Callable[[str], None]
    ) -> None:
        self._publisher = publisher
        self._view = view
        self._inputs = {"normalize": RAW + channel, "thread": Message.topic, "route": Threaded.topic}
        self._rate = rate
        self._waits = waits
        self._not_before = 0.0

    def publish(self, events: Sequence[RawEvent]) -> None:
        """Block until it is history's turn, and then until the broker has every event."""
        while (waiting := self._waiting()) > MOST_WAITING:
            self._waits(f"{waiting} records wait for the stages: live ones go first")
            time.sleep(_LOOK_SECONDS)
        self._waits("")
        if self._rate:
            time.sleep(max(0.0, self._not_before - time.monotonic()))
            self._not_before = time.monotonic() + len(events) / self._rate
        self._publisher.publish(events)

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """The same for asyncio; there are no doors to a past."""
        await self._publisher.accept(events)

    def _waiting(self) -> int:
        return max(sum(self._view.lag(group, [topic]).values()) for group, topic in self._inputs.items())


class _Places:
    """Places in ``cursors`` that are the backfill's own."""

    def __init__(self, cursors: Positions, name: str, *, again: bool) -> None:
        self._cursors = cursors
        self._name = name
        self._again = again

    def load(self, channel: str, account: str, source: str) -> bytes | None:
        if self._again:
            self._again = False
            return None
        return self._cursors.load(channel, account, f"{self._name}/{source}")

    def save(self, channel: str, account: str, source: str, position: Any) -> None:
        self._cursors.save(channel, account, f"{self._name}/{source}", position)


class _UntilIdle(threading.Event):
    """Stops a poller when it would wait for news: then it has told everything."""

    def __init__(self, interval: float) -> None:
        super().__init__()
        self._interval = interval

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is not None and timeout >= self._interval:
            self.set()
        return super().wait(timeout)


class _Looking:
    """A poller whose pages are counted, and leave out what is not wanted. What `receive` needs of a `Poller`."""

    def __init__(self, poller: Poller[Any], until: datetime | None, progress: Progress, told: Told) -> None:
        self.channel, self.account, self.blobs = poller.channel, poller.account, poller.blobs
        self._poller = poller
        self._until = until
        self._progress = progress
        self._told = told

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        progress = self._progress
        for page in self._poller.receive(source, position, stop):
            kept = tuple(raw for raw in page.events if self._until is None or self._before(raw, self._until))
            yield Page(kept, page.position, page.behind)
            # Asked for the next one: Kafka has this one, and its place is saved.
            progress.published += len(kept)
            progress.left_out += len(page.events) - len(kept)
            progress.behind, progress.waiting = page.behind, ""
            self._told(progress)

    def _before(self, raw: RawEvent, until: datetime) -> bool:
        """By what is in it: many sources only know when they were asked. What cannot be read is wanted."""
        try:
            said = [message.sent_at or message.received_at for message in self._poller.read(raw)]
        except Rejected:
            return True
        return not said or min(said) < until


def backfill(
    connector: Connector[Any], cluster: Cluster, since: datetime, until: datetime | None, rate: float, told: Told, *,
    again: bool = False,
) -> list[Progress]:  # fmt: skip
    """Read an account from `since` on; what it says is before `until`. Started again it goes on where it was.

    Raises `Misconfigured` when that cannot be, and `Retriable` when the source or Kafka is away for long.
    """
    history = History(connector, since, until)
    publisher = Publisher(cluster)
    waiting = Progress("")

    def waits(why: str) -> None:
        if why != waiting.waiting:
            waiting.waiting = why
            told(waiting)

    try:
        with View(cluster) as view:
            gentle = Gentle(publisher, view, connector.channel, rate, waits)
            cursors = Cursors(cluster, publisher, [(connector.channel, connector.account)])
            return [history.fill(source, gentle, cursors, told, again=again) for source in history.sources]
    finally:
        publisher.close()


def _looking_back(settings: msgspec.Struct, since: datetime, who: str) -> tuple[msgspec.Struct, float]:
    """The settings of a first start on that day, and what a poller waits when it has told everything."""
    fields = {field.name: msgspec.inspect.type_info(field.type) for field in msgspec.structs.fields(settings)}
    interval = next((name for name in _INTERVALS if name in fields), None)
    changed: dict[str, Any] = {"idle": False} if "idle" in fields else {}
    if interval and "since" in fields:
        kinds = getattr(fields["since"], "types", (fields["since"],))
        moment = any(isinstance(kind, msgspec.inspect.DateTimeType) for kind in kinds)
        changed["since"] = since if moment else since.date()
    elif interval and "backfill_days" in fields:
        days, most = (datetime.now(UTC) - since).days + 1, _most(fields["backfill_days"])
        if days > most:
            raise Misconfigured(f"{who} looks back {most:.0f} days at most, and --since is {days} days ago")
        changed["backfill_days"] = days
    if interval is None or len(changed) == ("idle" in fields):
        raise Misconfigured(
            f"{who} cannot look back to a day: what its source holds is read whole anyway, and what is gone is gone"
        )
    # The longest that is allowed: no other wait of a poller is so long.
    changed[interval] = _most(fields[interval])
    return msgspec.structs.replace(settings, **changed), changed[interval]


def _most(kind: Any) -> float:
    return float(kind.le) if kind.le is not None else 86_400.0
