"""How long to wait after a failure."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._persist import Pauses, persist
from connectors._status import Status
from normalizer.errors import Misconfigured, Retriable

pytestmark = pytest.mark.slow

FRACTION = st.floats(0, 1, exclude_max=True)


@given(failures=st.integers(1, 10_000), jitter=FRACTION)
def test_pauses_grow_and_stay_bounded(failures: int, jitter: float) -> None:
    """Within the upper half of what they would be, and never over the longest."""
    pauses = Pauses(first=1, longest=60, open_after=100_000)
    full = min(60, 2 ** min(failures - 1, 30))
    assert full / 2 <= pauses.after(failures, jitter) <= full


@given(failures=st.integers(1, 100), jitter=FRACTION, asked=st.floats(0, 10_000))
def test_no_pause_is_shorter_than_was_asked_for(failures: int, jitter: float, asked: float) -> None:
    """And not much longer, when the other side asks for more than we would wait."""
    pause = Pauses().after(failures, jitter, asked)
    assert asked <= pause <= max(300, asked * 1.1)


def test_failures_in_a_row_count_until_something_arrives() -> None:
    """A source that gives something each time is never kept waiting long; one that gives nothing is."""
    status, stop = Status("a"), threading.Event()
    calls: list[float] = []

    def gives_something() -> None:
        calls.append(time.monotonic())
        if len(calls) == 8:
            return
        status.stored(1)
        raise Retriable("cut off")

    began = time.monotonic()
    persist(gives_something, status, stop, Pauses(first=0.01, longest=10))
    fruitful = time.monotonic() - began
    tries = 0

    def gives_nothing() -> None:
        nonlocal tries
        tries += 1
        if tries < 8:
            raise Retriable("cut off")

    began = time.monotonic()
    persist(gives_nothing, status, stop, Pauses(first=0.01, longest=10))
    assert fruitful < 0.3 < time.monotonic() - began


@pytest.mark.parametrize("error", [Retriable("x", 60), Misconfigured("x"), ValueError("x")])
def test_stop_ends_any_pause(error: Exception) -> None:
    """At once, however long the other side asked for."""
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()

    def fail() -> None:
        raise error

    began = time.monotonic()
    persist(fail, Status("a"), stop, Pauses(first=60, patience=60))
    assert time.monotonic() - began < 10
