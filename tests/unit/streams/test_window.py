"""What is within the span is always known, whatever comes; what is long past it is gone; and nothing else depends on it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams._memory import Memory, Position
from streams._state import State
from streams._window import CHUNK_IDS, Window, tables_of

SPAN = timedelta(milliseconds=1000)
TABLES = tables_of("seen")

# Ids that come in this order: the step of the time before each, in milliseconds, which may go back.
arrivals = st.lists(st.integers(-300, 700), max_size=6 * CHUNK_IDS)


def _times(steps: list[int]) -> list[int]:
    times, now = [], 10_000
    for step in steps:
        now += step
        times.append(now)
    return times


def _add(window: Window, state: State, number: int, at: int) -> None:
    window.add(state, b"%d" % number, b"v%d" % number, at)
    state.accept()


@given(arrivals)
def test_exact_within_the_span_and_bounded_beyond(steps: list[int]) -> None:
    """Every id that came within the span of the latest time is there; what is kept beyond is a few chunks."""
    state, window = State(TABLES), Window("seen", SPAN)
    times = _times(steps)
    latest: list[int] = []
    for number, at in enumerate(times):
        _add(window, state, number, at)
        latest.append(max(at, latest[-1] if latest else 0))
        known = {int(key) for key in state.snapshot()["seen"]}
        assert known >= {each for each in range(number + 1) if latest[number] - latest[each] <= 1000}
    late = max((number for number in range(len(times)) if latest[-1] - latest[number] > 1000), default=-1)
    for number in range(len(times), len(times) + 4 * CHUNK_IDS):  # quiet: one chunk goes with each that comes
        _add(window, state, number, latest[-1] if latest else 0)
    known = {int(key) for key in state.snapshot()["seen"]}
    assert len(known & set(range(late + 1))) < CHUNK_IDS
    assert len(state.snapshot()["seen.queue"]) <= len(known) / CHUNK_IDS + 2


@given(arrivals)
def test_values_are_those_that_were_given_and_a_window_without_a_span_keeps_all(steps: list[int]) -> None:
    """It writes no queue then, and what is found with a span is what is found without."""
    bounded, whole = State(TABLES), State(TABLES)
    for number, at in enumerate(_times(steps)):
        _add(Window("seen", SPAN), bounded, number, at)
        _add(Window("seen", None), whole, number, at)
    assert bounded.snapshot()["seen"].items() <= whole.snapshot()["seen"].items()
    assert (len(whole.snapshot()["seen"]), whole.snapshot()["seen.queue"]) == (len(steps), {})


@given(arrivals, st.integers(1, 50), st.booleans())
def test_the_changelog_gives_the_window_back(steps: list[int], size: int, compacts: bool) -> None:
    """Also after compaction; deletions are in it, so Kafka forgets too."""
    window, memory = Window("seen", SPAN), Memory(TABLES)
    log: list[tuple[bytes, bytes | None]] = []
    times = _times(steps)
    for first in range(0, len(times), size):
        for number in range(first, min(first + size, len(times))):
            _add(window, memory.state, number, times[number])
        changes = memory.changes("in", Position(first, 0))
        log += changes
        memory.keep(len(log))
    if compacts:
        last = {key: index for index, (key, _) in enumerate(log)}
        log = [entry for index, entry in enumerate(log) if last[entry[0]] == index]
    again = Memory(TABLES)
    for offset, (key, value) in enumerate(log):
        again.apply(key, value, offset)
    again.restored(len(log))
    assert again.state.snapshot() == memory.state.snapshot()


def test_what_was_rejected_leaves_no_trace_in_the_queue() -> None:
    """The id is not known, and its place in the queue is another's."""
    state, window = State(TABLES), Window("seen", SPAN)
    window.add(state, b"bad", b"1", 0)
    state.undo()
    _add(window, state, 1, 0)
    other = State(TABLES)
    _add(window, other, 1, 0)
    assert state.snapshot() == other.snapshot()


def test_ids_from_before_there_was_a_window_stay() -> None:
    """Nobody knows when they came."""
    state = State(TABLES)
    _add(Window("seen", None), state, 0, 0)
    for number in range(1, 10 * CHUNK_IDS):
        _add(Window("seen", SPAN), state, number, number * 1000)
    known = {int(key) for key in state.snapshot()["seen"]}
    assert 0 in known
    assert len(known) <= 1 + 2 * CHUNK_IDS
