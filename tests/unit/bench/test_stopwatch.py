"""What is measured, and how it is told that nothing moves any more."""

from __future__ import annotations

import time

import psutil
import pytest

from bench.stopwatch import Run, Stopwatch, most_megabytes


def test_what_comes_before_the_beginning_is_not_counted() -> None:
    """It may be made long before."""
    watch = Stopwatch("work", 10)
    time.sleep(0.05)
    before = time.perf_counter()
    watch.begin()
    run = watch.stop()
    assert 0 < run.seconds <= time.perf_counter() - before
    assert run.items == 10


def test_rates_are_items_by_time() -> None:
    """Per second of the clock, and per second of the processor."""
    run = Run(items=10, seconds=2.0, cpu_seconds=0.5)
    assert (run.per_second, run.per_cpu_second) == (5.0, 20.0)


def test_without_a_beginning_there_is_nothing_to_measure() -> None:
    """It is said what did not come."""
    with pytest.raises(RuntimeError, match="work: not one item came, so there is nothing to measure"):
        Stopwatch("work", 1).stop()


def test_what_stands_still_is_given_up() -> None:
    """It says how far it came, so that nobody waits for ever."""
    watch = Stopwatch("work", 5, patience=0.01)
    watch.at(3)
    time.sleep(0.02)
    with pytest.raises(TimeoutError, match=r"work: 3 of 5, and no step in 0\.01 s: look at what the process logged"):
        watch.at(3)
    watch.at(4)


def test_the_most_memory_stays_when_it_is_given_back() -> None:
    """In megabytes, as psutil counts bytes."""
    large = bytearray(b"x") * 200_000_000
    held = psutil.Process().memory_info().rss / 1e6
    del large
    assert held > 200
    assert most_megabytes() > 0.99 * held  # the kernel counts pages in lots
