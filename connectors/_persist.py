"""Doing the same thing until it works: the one loop around everything that can fail at the edge."""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
from collections.abc import Callable

import msgspec

from connectors._status import Status
from normalizer.errors import Misconfigured, Retriable

_log = logging.getLogger(__name__)


class Pauses(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds to wait after a failure: `first`, doubled each time up to `longest`.

    `patience` is the wait when a person must act.
    """

    first: float = 1.0
    longest: float = 120.0
    patience: float = 300.0

    def after(self, failures: int, jitter: float, retry_after: float | None = None) -> float:
        """The pause after so many failures in a row (1, 2 …); never shorter than the other side asked for.

        `jitter` in [0, 1) spreads the callers over the upper half of the pause, so that they do not come back
        together (AWS Architecture Blog, "Exponential Backoff And Jitter").
        """
        pause = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return max(pause * (1 + jitter) / 2, (retry_after or 0) * (1 + jitter / 10))


def persist(work: Callable[[], None], status: Status, stop: threading.Event, pauses: Pauses) -> None:
    """Call `work` again and again, with pauses after its failures, until it returns or `stop` is set.

    The pauses start anew once `work` has received something or has held out longer than the longest of them.
    Nothing that `work` raises gets out of here.
    """
    failures = 0
    while not stop.is_set():
        received, began = status.received, time.monotonic()
        try:
            work()
        except Misconfigured as error:
            status.failing(str(error))
            _log.error("%s stops asking until somebody acts: %s", status.name, error)
            stop.wait(pauses.patience)
            continue
        except Retriable as error:
            status.waiting(str(error))
            _log.warning("%s waits: %s", status.name, error)
            retry_after = error.retry_after
        except Exception as error:  # noqa: BLE001 - isolation: one source's bug is not another's trouble
            status.failing(_without_payload(error))
            _log.error("%s failed in a way that is a bug: %s", status.name, _without_payload(error))
            retry_after = None
        else:
            return
        worked = status.received > received or time.monotonic() - began > pauses.longest
        failures = 1 if worked else failures + 1
        stop.wait(pauses.after(failures, random.random(), retry_after))  # noqa: S311 - jitter, not a secret


def _without_payload(error: Exception) -> str:
    """What and where, but not the message: an unexpected error may quote a customer."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
