"""The sources of polled accounts, each in a thread of its own; an account is begun and ended as a whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from connectors._base import Poller, Receiver
from connectors._board import Board
from connectors._cursors import cursor_key
from connectors._persist import Pauses, persist
from connectors._receive import Ours, Positions, Publishes, receive
from connectors._status import Status


def account_name(channel: str, account: str) -> str:
    """An account's name in shares and reports: ``channel/account``."""
    return f"{channel}/{account}"


class _Stop(threading.Event):
    """Also set while an account may be somebody else's, so that a poller that was paused does not even look."""

    def __init__(self, ours: Ours) -> None:
        super().__init__()
        self._ours = ours

    def is_set(self) -> bool:
        return super().is_set() or not self._ours()

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(timeout) or not self._ours()


class _Tenure:
    """One time that this process has an account: from `begin` until the last of its threads has ended."""

    def __init__(self, poller: Poller[Any], ours: Ours) -> None:
        self.poller = poller
        self.ours = ours
        self.stop = _Stop(ours)
        self.names: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def thread(self, name: str, work: Callable[[], None]) -> None:
        # Daemons, so that a server which never answers cannot keep the process alive after `stop`.
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads.append(thread)
        thread.start()

    def ended(self) -> bool:
        with self._lock:
            return not any(thread.is_alive() for thread in self._threads)


class Sources:
    """Runs the accounts that it is told to. One that fails is tried again by itself, for ever, and stops no other."""

    def __init__(
        self,
        pollers: Sequence[Poller[Any]],
        publisher: Publishes,
        positions: Positions,
        board: Board,
        pauses: Pauses,
    ) -> None:
        self._pollers = {account_name(each.channel, each.account): each for each in pollers}
        self._publisher = publisher
        self._positions = positions
        self._board = board
        self._pauses = pauses
        self._lock = threading.Lock()
        self._tenures: dict[str, _Tenure] = {}
        self._closed = False

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account that could be begun."""
        return tuple(self._pollers)

    def begin(self, account: str, ours: Ours) -> None:
        """Read an account from where its positions are; `ours` is asked before each step that others would see."""
        with self._lock:
            if self._closed or account in self._tenures:
                return
            tenure = self._tenures[account] = _Tenure(self._pollers[account], ours)
        tenure.thread(account, partial(self._discover, tenure, account))

    def end(self, account: str) -> None:
        """Ask an account's sources to finish the page in hand, and to stop."""
        with self._lock:
            tenure = self._tenures.get(account)
        if tenure:
            tenure.stop.set()

    def ended(self, account: str) -> bool:
        """Whether nothing of an account runs here any more; it is then reported by whoever has it next."""
        with self._lock:
            tenure = self._tenures.get(account)
            if tenure is None:
                return True
            if not tenure.ended():
                return False
            if not self._closed:  # else the last report says that it has stopped
                del self._tenures[account]
                for name in tenure.names:
                    self._board.forget(name)
            return True

    def close(self, seconds: float) -> bool:
        """End every account for good and wait so long for them; False when one is still busy."""
        with self._lock:
            self._closed = True
            tenures = list(self._tenures.values())
        for tenure in tenures:
            tenure.stop.set()
        deadline = time.monotonic() + seconds
        while not (ended := all(tenure.ended() for tenure in tenures)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return ended

    def _discover(self, tenure: _Tenure, account: str) -> None:
        """Ask an account for its sources, until it knows them, and read each in a thread of its own."""
        poller, sources = tenure.poller, list[str]()
        # The doors of a channel that is called as well report under the account's name.
        name = cursor_key(poller.channel, poller.account, "sources") if isinstance(poller, Receiver) else account
        status = self._status(tenure, name)
        persist(lambda: sources.extend(poller.sources()), status, tenure.stop, self._pauses)
        status.running()
        self._board.forget_unreported(name)  # from here on its sources speak for it
        for source in sources:
            thread_name = cursor_key(poller.channel, poller.account, source)
            tenure.thread(thread_name, partial(self._read, tenure, source))

    def _read(self, tenure: _Tenure, source: str) -> None:
        poller = tenure.poller
        status = self._status(tenure, cursor_key(poller.channel, poller.account, source))

        def work() -> None:
            while not tenure.stop.is_set():  # a poller that runs dry is asked again
                receive(poller, source, self._publisher, self._positions, status, tenure.stop, tenure.ours)

        persist(work, status, tenure.stop, self._pauses)

    def _status(self, tenure: _Tenure, name: str) -> Status:
        tenure.names.add(name)
        return self._board.status(name, tenure.poller)
