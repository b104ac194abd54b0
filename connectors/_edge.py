"""The edge: runs connectors, and sees to it that nothing is marked as read before Kafka has it.

Delivery: at least once. For each page: publish, wait for the broker, save the position, ask for the next.
A crash between any two of these repeats a page and never skips one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Protocol

from starlette.routing import BaseRoute

from connectors._base import Accept, Connector, Poller, Receiver
from connectors._claim import CLAIM_LIMIT, claimed
from connectors._cursors import Cursors, cursor_key
from connectors._persist import Pauses, persist
from connectors._publisher import Publisher
from connectors._status import Status, health_records
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Retriable, SwitchboardError
from normalizer.events import Health, RawEvent

_log = logging.getLogger(__name__)


class Publishes(Protocol):
    """Where raw events go (`_publisher.Publisher`)."""

    def publish(self, events: Sequence[RawEvent]) -> None:
        """Block until the events are safe; raise when that is not sure."""
        ...

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """The same for asyncio."""
        ...


class Positions(Protocol):
    """Where positions are kept (`_cursors.Cursors`)."""

    def load(self, channel: str, account: str, source: str) -> bytes | None:
        """The JSON of the position saved last, None when there is none."""
        ...

    def save(self, channel: str, account: str, source: str, position: Any) -> None:
        """Return when the position is safe."""
        ...


def receive(
    poller: Poller[Any], source: str, publisher: Publishes, positions: Positions, status: Status, stop: threading.Event
) -> None:
    """Read one source from its saved position until `stop`; raise on the first failure, having skipped nothing."""
    position = positions.load(poller.channel, poller.account, source)
    pages = poller.receive(source, position, stop)
    try:
        for page in pages:
            if page.events:
                publisher.publish([claimed(raw, poller.blobs) for raw in page.events])
            positions.save(poller.channel, poller.account, source, page.position)
            status.stored(len(page.events), page.behind)
            if stop.is_set():
                return
    finally:
        if isinstance(pages, Generator):
            pages.close()  # its connection is closed now, not when the garbage is collected


def accepting(receiver: Receiver[Any], publisher: Publishes, status: Status) -> Accept:
    """The `accept` that a receiver's doors get: claims what is large, publishes, and counts."""

    async def accept(events: Sequence[RawEvent]) -> None:
        if any(len(raw.body) > CLAIM_LIMIT for raw in events):
            events = await asyncio.to_thread(lambda: [claimed(raw, receiver.blobs) for raw in events])
        try:
            await publisher.accept(events)
        except (Retriable, Misconfigured) as error:
            status.waiting(str(error))
            raise
        status.stored(len(events))

    return accept


class Edge:
    """Some connectors, run in this process: every source of a `Poller` in a thread, every `Receiver`'s doors as routes.

    A source that fails is tried again by itself, for ever, and stops no other (`Pauses` says how often).
    `report` gets every source's health each `report_seconds`; what it raises is logged and forgotten.
    """

    def __init__(
        self,
        connectors: Sequence[Connector[Any]],
        publisher: Publishes,
        positions: Positions,
        report: Callable[[Sequence[Health]], None],
        *,
        report_seconds: float = 5.0,
        pauses: Pauses = Pauses(),  # noqa: B008 - frozen
    ) -> None:
        self._pollers = [each for each in connectors if isinstance(each, Poller)]
        self._receivers = [each for each in connectors if isinstance(each, Receiver)]
        self._publisher = publisher
        self._positions = positions
        self._report = report
        self._report_seconds = report_seconds
        self._pauses = pauses
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._statuses: dict[str, Status] = {}
        self._reported: set[str] = set()

    def routes(self) -> list[BaseRoute]:
        """The doors of all receivers, for one HTTP server; empty when there are none."""
        found: list[BaseRoute] = []
        for receiver in self._receivers:
            status = self._status(f"{receiver.channel}/{receiver.account}")
            found.extend(receiver.routes(accepting(receiver, self._publisher, status)))
            status.running()
        return found

    def start(self) -> None:
        """Start to read, and to report. Returns at once."""
        for poller in self._pollers:
            self._thread(f"{poller.channel}/{poller.account}", partial(self._discover, poller))
        self._thread("health reports", self._report_until_stopped)

    def stop(self, seconds: float = 30.0) -> bool:
        """Ask every thread to finish and wait so long for them; False when one is still busy.

        Whatever is cut short by the end of the process will be received again.
        """
        self._stop.set()
        with self._lock:
            threads = list(self._threads)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for status in self._statuses.values():
            status.stopped()
        self._report_once()
        return not any(thread.is_alive() for thread in threads)

    def health(self) -> list[Health]:
        """How every source is doing now, by name."""
        with self._lock:
            return [status.health() for _, status in sorted(self._statuses.items())]

    def problems(self) -> list[str]:
        """What is wrong now, a sentence for each source that fails (for ``/healthz``)."""
        return [f"{each.name}: {each.detail}" for each in self.health() if each.state == "failing"]

    def _discover(self, poller: Poller[Any]) -> None:
        """Ask an account for its sources, until it knows them, and read each in a thread of its own."""
        sources: list[str] = []
        status = self._status(f"{poller.channel}/{poller.account}")
        persist(lambda: sources.extend(poller.sources()), status, self._stop, self._pauses)
        status.running()
        self._forget(status)  # from here on its sources speak for it
        for source in sources:
            name = cursor_key(poller.channel, poller.account, source)
            self._thread(name, partial(self._read, poller, source))

    def _read(self, poller: Poller[Any], source: str) -> None:
        status = self._status(cursor_key(poller.channel, poller.account, source))

        def work() -> None:
            while not self._stop.is_set():  # a poller that runs dry is asked again
                receive(poller, source, self._publisher, self._positions, status, self._stop)

        persist(work, status, self._stop, self._pauses)

    def _thread(self, name: str, work: Callable[[], None]) -> None:
        # Daemons, so that a server which never answers cannot keep the process alive after `stop`.
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def _status(self, name: str) -> Status:
        with self._lock:
            return self._statuses.setdefault(name, Status(name))

    def _forget(self, status: Status) -> None:
        with self._lock:
            if status.name not in self._reported:  # else its last report would stand for ever
                self._statuses.pop(status.name, None)

    def _report_until_stopped(self) -> None:
        while not self._stop.wait(self._report_seconds):
            self._report_once()

    def _report_once(self) -> None:
        health = self.health()
        self._reported.update(each.name for each in health)
        try:
            self._report(health)
        except SwitchboardError as error:
            _log.warning("the health of this edge could not be reported: %s", error)


def edge_on(cluster: Cluster, connectors: Sequence[Connector[Any]]) -> tuple[Edge, Publisher]:
    """An edge on a real cluster and its publisher, which the caller closes after the edge has stopped."""
    publisher = Publisher(cluster)
    cursors = Cursors(cluster, publisher, [(each.channel, each.account) for each in connectors])

    def report(health: Sequence[Health]) -> None:
        publisher.write(health_records(health))

    return Edge(connectors, publisher, cursors, report), publisher
