"""A watched stage does what the stage does, and starts the watch with its first record."""

from __future__ import annotations

import time

from bench.jobs import Copy, watched
from bench.stopwatch import Stopwatch
from streams._record import Record
from streams._stage import Stage
from streams._state import State


def test_the_first_record_starts_the_watch() -> None:
    """And no other one; what was before it is not counted."""
    watch = Stopwatch("copy", 2)
    stage = watched(Copy(), watch)
    assert isinstance(stage, Stage)
    record, state = Record("bench.plain", 0, 0, b"k", b"v"), State(())
    first = stage.decide(record, state)
    began = watch.began
    time.sleep(0.01)
    assert stage.decide(record, state) == first == Copy().decide(record, state)
    assert watch.began == began
