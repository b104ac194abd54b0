"""The board: the status of every source of this process, by name."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from connectors._base import Connector
from connectors._status import Status
from normalizer.events import Health

_log = logging.getLogger(__name__)

EDGE = f"{socket.gethostname()}:{os.getpid()}"
"""The name of this process in its reports."""


class Board:
    """Statuses that come and go with the accounts that this process has."""

    def __init__(self, edge: str = EDGE) -> None:
        self._edge = edge
        self._lock = threading.Lock()
        self._statuses: dict[str, Status] = {}
        self._reported: set[str] = set()

    def status(self, name: str, connector: Connector[Any]) -> Status:
        """The status of a name, made when there is none yet; it warns of what its connector warns of."""
        with self._lock:
            return self._statuses.setdefault(name, Status(name, partial(_asked, name, connector.warnings)))

    def forget(self, name: str) -> None:
        """It is no longer reported from here."""
        with self._lock:
            self._statuses.pop(name, None)

    def forget_unreported(self, name: str) -> None:
        """The same, unless others have been told of it: its last report would stand for ever."""
        if name not in self._reported:
            self.forget(name)

    def stopped(self) -> None:
        """Everything has stopped."""
        with self._lock:
            for status in self._statuses.values():
                status.stopped()

    def health(self) -> list[Health]:
        """How every source is doing now, by name."""
        with self._lock:
            statuses = sorted(self._statuses.items())
        return [status.health(self._edge) for _, status in statuses]

    def reports(self) -> list[Health]:
        """The same, for others to read: a name that is in it once is not forgotten by `forget_unreported`."""
        health = self.health()
        self._reported.update(each.name for each in health)
        return health


def _asked(name: str, warnings: Callable[[], Sequence[str]]) -> Sequence[str]:
    try:
        return warnings()
    except Exception as error:  # noqa: BLE001 - isolation: one account's bug must not silence the health of all
        _log.error("the warnings of %s cannot be had, which is a bug: %s", name, type(error).__name__)
        return ()
