"""When things arrived: times that only grow, whatever happens to the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._arrival import MOST_HELD, Arrivals

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Clock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        """Nanoseconds since 1970."""
        return (self.now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000 + 999


@pytest.fixture
def clock() -> Clock:
    """One that is set to noon."""
    return Clock()


def test_what_arrives_is_dated_by_the_wall_clock(clock: Clock) -> None:
    """While nobody sets it."""
    arrivals = Arrivals(clock)
    assert arrivals.next() == NOON
    clock.now += timedelta(seconds=5)
    assert arrivals.next() == NOON + timedelta(seconds=5)


def test_two_that_arrive_at_once_keep_their_order(clock: Clock) -> None:
    """By a microsecond."""
    arrivals = Arrivals(clock)
    assert [arrivals.next(), arrivals.next()] == [NOON, NOON + timedelta(microseconds=1)]


def test_a_clock_that_is_set_back_puts_nothing_before_what_came_earlier(clock: Clock) -> None:
    """And is followed once it has caught up."""
    arrivals = Arrivals(clock)
    before = arrivals.next()
    clock.now -= timedelta(seconds=180)
    behind = [arrivals.next() for _ in range(3)]
    clock.now += timedelta(seconds=181)
    assert [before + timedelta(microseconds=n) for n in (1, 2, 3)] == behind
    assert arrivals.next() == clock.now


def test_a_clock_that_was_an_hour_ahead_is_followed_back(clock: Clock) -> None:
    """Else all that comes within the hour would be dated an hour ahead."""
    arrivals = Arrivals(clock)
    arrivals.next()
    clock.now -= timedelta(hours=1)
    assert arrivals.next() == clock.now


@given(st.lists(st.integers(min_value=-400_000_000, max_value=400_000_000), max_size=40))
def test_times_grow_whatever_a_clock_does_within_a_quarter_of_an_hour(steps: list[int]) -> None:
    """And are never ahead of the clock and of what was given last."""
    clock = Clock()
    arrivals = Arrivals(clock)
    given_last: datetime | None = None
    for step in steps:
        clock.now = NOON + timedelta(microseconds=step)
        found = arrivals.next()
        assert given_last is None or given_last < found <= max(clock.now, given_last + timedelta(microseconds=1))
        given_last = found
    assert timedelta(seconds=800) < MOST_HELD
