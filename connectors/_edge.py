"""The edge: runs connectors, and sees to it that nothing is marked as read before Kafka has it (`connectors._receive`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from starlette.routing import BaseRoute

from connectors._base import Connector, Poller, Receiver
from connectors._bearer import Bearer
from connectors._board import Board
from connectors._cursors import Cursors
from connectors._membership import Membership
from connectors._metrics import OfProcess, metrics_route
from connectors._persist import Pauses
from connectors._publisher import Publisher
from connectors._receive import Positions as Positions
from connectors._receive import Publishes as Publishes
from connectors._receive import accepting as accepting
from connectors._receive import receive as receive
from connectors._shares import Shares
from connectors._sources import Sources, account_name
from connectors._status import health_records
from normalizer.cluster import ACCOUNTS, Cluster
from normalizer.errors import SwitchboardError
from normalizer.events import Health

_log = logging.getLogger(__name__)


class Owner(Protocol):
    """Says which polled accounts this process has (`_shares.Shares`)."""

    def start(self, sources: Sources) -> None:
        """Begin and end accounts from now on."""
        ...

    def close(self) -> None:
        """Give every account to others. Nothing is read here any more."""
        ...

    def problems(self) -> list[str]:
        """Why it cannot say now."""
        ...


class Alone:
    """Every account is polled by this process, which is the only one that has them."""

    def start(self, sources: Sources) -> None:
        """Begin them all."""
        for account in sources.accounts:
            sources.begin(account, lambda: True)

    def close(self) -> None:
        """There is nobody to give them to."""

    def problems(self) -> list[str]:
        """None, ever."""
        return []


class Edge:
    """Some connectors, run in this process: every source of a `Poller` in a thread, every `Receiver`'s doors as routes.

    A source that fails is tried again by itself, for ever, and stops no other (`Pauses` says how often).
    `report` gets every source's health each `report_seconds`; what it raises is logged and forgotten. `owner` says
    which accounts are polled here; doors are served by every process.
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
        owner: Owner | None = None,
    ) -> None:
        self._receivers = [each for each in connectors if isinstance(each, Receiver)]
        self._publisher = publisher
        self._report = report
        self._report_seconds = report_seconds
        self._owner = owner or Alone()
        self._board = Board()
        pollers = [each for each in connectors if isinstance(each, Poller)]
        self._sources = Sources(pollers, publisher, positions, self._board, pauses)
        self._stop = threading.Event()
        self._reporter = threading.Thread(target=self._report_until_stopped, name="health reports", daemon=True)

    def routes(self, bearer: Bearer = Bearer()) -> list[BaseRoute]:  # noqa: B008 - it never changes
        """The doors of all receivers and ``/metrics``, for one HTTP server; empty when there are no doors.

        `bearer` says who may see the metrics: nobody, unless a token is set.
        """
        found: list[BaseRoute] = []
        for receiver in self._receivers:
            status = self._board.status(account_name(receiver.channel, receiver.account), receiver)
            found.extend(receiver.routes(accepting(receiver, self._publisher, status)))
            status.running()
        return [*found, metrics_route(OfProcess(self.health), bearer)] if found else []

    def start(self) -> None:
        """Start to read, and to report. Returns at once."""
        self._owner.start(self._sources)
        self._reporter.start()

    def stop(self, seconds: float = 30.0) -> bool:
        """Ask every thread to finish and wait so long for them; False when one is still busy.

        Whatever is cut short by the end of the process will be received again. Accounts that are shared go to other
        processes afterwards.
        """
        self._stop.set()
        ended = self._sources.close(seconds)
        self._reporter.join(seconds)
        self._board.stopped()
        self._report_once()
        self._owner.close()
        return ended

    def health(self) -> list[Health]:
        """How every source is doing now, by name."""
        return self._board.health()

    def problems(self) -> list[str]:
        """What is wrong now, a sentence for each source that fails (for ``/healthz``)."""
        failing = [f"{each.name}: {each.detail}" for each in self.health() if each.state == "failing"]
        return failing + self._owner.problems()

    def _report_until_stopped(self) -> None:
        while not self._stop.wait(self._report_seconds):
            self._report_once()

    def _report_once(self) -> None:
        try:
            self._report(self._board.reports())
        except SwitchboardError as error:
            _log.warning("the health of this edge could not be reported: %s", error)


def edge_on(cluster: Cluster, connectors: Sequence[Connector[Any]], group: str = "") -> tuple[Edge, Publisher]:
    """An edge on a real cluster and its publisher, which the caller closes after the edge has stopped.

    With a `group`, the polled accounts are shared with the other processes that name it (`_shares.Shares`).
    """
    publisher = Publisher(cluster)
    cursors = Cursors(cluster, publisher, [(each.channel, each.account) for each in connectors])
    shared = group and any(isinstance(each, Poller) for each in connectors)
    owner = Shares(Membership(cluster, group, ACCOUNTS), cursors.forget) if shared else Alone()

    def report(health: Sequence[Health]) -> None:
        publisher.write(health_records(health))

    return Edge(connectors, publisher, cursors, report, owner=owner), publisher
