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

    `patience` is the wait when a person must act, and between the probes of a source whose circuit is open: one that
    has failed `open_after` times in a row (M. Nygard, "Release It!", circuit breaker).
    """

    first: float = 1.0
    longest: float = 120.0
    patience: float = 300.0
    open_after: int = 10

    def is_open(self, failures: int) -> bool:
        """Whether so many failures in a row are more than a bad moment."""
        return failures >= self.open_after

    def after(self, failures: int, jitter: float, retry_after: float | None = None) -> float:
        """The pause after so many failures in a row (1, 2 …); never shorter than the other side asked for.

        `jitter` in [0, 1) spreads the callers over the upper half of the pause, so that they do not come back
        together (AWS Architecture Blog, "Exponential Backoff And Jitter").
        """
        growing = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        pause = self.patience if self.is_open(failures) else growing
        return max(pause * (1 + jitter) / 2, (retry_after or 0) * (1 + jitter / 10))


def persist(work: Callable[[], None], status: Status, stop: threading.Event, pauses: Pauses) -> None:
    """Call `work` again and again, with pauses after its failures, until it returns or `stop` is set.

    The pauses start anew once `work` has received something or has held out longer than the longest of them. When
    they have not for long, the circuit opens: the source is failing and is only probed, until a probe does so.
    Nothing that `work` raises gets out of here.
    """
    failures = 0
    while not stop.is_set():
        received, began = status.received, time.monotonic()
        retry_after, a_bug = None, False
        try:
            work()
        except Misconfigured as error:
            status.failing(str(error))
            _log.error("%s stops asking until somebody acts: %s", status.name, error)
            stop.wait(pauses.patience)
            continue
        except Retriable as error:
            why, retry_after = str(error), error.retry_after
        except Exception as error:  # noqa: BLE001 - isolation: one source's bug is not another's trouble
            why, a_bug = _without_payload(error), True
        else:
            return
        worked = status.received > received or time.monotonic() - began > pauses.longest
        failures = 1 if worked else failures + 1
        _tell(status, why, failures, pauses, a_bug=a_bug)
        stop.wait(pauses.after(failures, random.random(), retry_after))  # noqa: S311 - jitter, not a secret


def _tell(status: Status, why: str, failures: int, pauses: Pauses, *, a_bug: bool) -> None:
    """Say what happened, in the health and in the log."""
    if pauses.is_open(failures):
        why = f"{why} (failed {failures} times in a row: asked again about every {pauses.patience:g} s)"
    if a_bug:
        status.failing(why)
        _log.error("%s failed in a way that is a bug: %s", status.name, why)
    elif pauses.is_open(failures):
        status.failing(why)
        _log.error("%s fails: %s", status.name, why)
    else:
        status.waiting(why)
        _log.warning("%s waits: %s", status.name, why)


def _without_payload(error: Exception) -> str:
    """What and where, but not the message: an unexpected error may quote a customer."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
