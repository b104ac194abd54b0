"""Sets of offsets in blocks are the sets that they stand for, whatever the order in which they are filled."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.errors import Rejected
from streams._offsets import BLOCK, MOST_AHEAD, MOST_BLOCKS, Marks, Settled
from streams._state import State

# Around the edges of blocks, where mistakes live.
OFFSETS = st.one_of(
    st.integers(0, 20), st.integers(BLOCK - 5, BLOCK + 5), st.integers(3 * BLOCK - 3, 3 * BLOCK + 3), st.just(7 * BLOCK)
)


def settled() -> Settled:
    """A set of nothing."""
    return Settled(State(["t"])["t"], b"raw.mail/0", 0, 0)


def gaps_of(offsets: set[int]) -> list[tuple[int, int]]:
    """The runs of numbers below the highest that are not in a set."""
    found: list[tuple[int, int]] = []
    for number in range(max(offsets, default=-1) + 1):
        if number in offsets:
            continue
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


@given(st.lists(OFFSETS, unique=True))
def test_a_set_knows_what_is_in_it_and_what_is_open(offsets: list[int]) -> None:
    """Watermark, end and gaps are those of a set of numbers."""
    made, model = settled(), set[int]()
    for offset in offsets:
        assert offset not in made
        made.add(offset)
        model.add(offset)
    gaps = gaps_of(model)
    assert made.gaps(1000) == gaps
    assert (made.watermark, made.end) == (gaps[0][0] if gaps else len(model), max(model, default=-1) + 1)
    assert [number for number in range(8 * BLOCK) if number in made] == sorted(model)


def test_what_is_settled_in_order_takes_no_room() -> None:
    """Nor does what is settled in any order, in the end."""
    state = State(["t"])
    table = state["t"]
    made = Settled(table, b"raw.mail/0", 0, 0)
    offsets = list(range(4 * BLOCK))
    random.Random(1).shuffle(offsets)
    for offset in offsets:
        made.add(offset)
        state.accept()
    assert (made.watermark, made.end, len(state.snapshot()["t"])) == (4 * BLOCK, 4 * BLOCK, 0)


def test_one_that_never_comes_keeps_its_own_block_only() -> None:
    """However much comes after it."""
    state = State(["t"])
    table = state["t"]
    made = Settled(table, b"raw.mail/0", 0, 0)
    for offset in range(10 * BLOCK):
        if offset != 5:
            made.add(offset)
            state.accept()
    assert (made.watermark, made.gaps(9), len(state.snapshot()["t"])) == (5, [(5, 6)], 1)


def test_only_the_first_gaps_are_listed() -> None:
    """As many as were asked for."""
    made = settled()
    for offset in range(1, 100, 2):
        made.add(offset)
    assert made.gaps(2) == [(0, 1), (2, 3)]


def test_a_number_far_beyond_is_no_offset() -> None:
    """It would take memory for what cannot be."""
    with pytest.raises(Rejected, match=r"names offset 134217728 of raw.mail/0, and the last known is -1: was the raw"):
        settled().add(MOST_AHEAD)


def test_marks_can_be_put_and_taken_off() -> None:
    """Several on one offset, and each by itself."""
    state = State(["t"])
    table = state["t"]
    marks = Marks(table, b"raw.mail/0", 0, 0)
    assert [marks.add(5, "a"), marks.add(5, "b"), marks.add(6, "a")] == [[], [], []]
    marks.discard(5, "a")
    assert (marks.words(5), marks.words(6), marks.words(7)) == (("b",), ("a",), ())
    marks.discard(5, "b")
    marks.discard(6, "a")
    state.accept()
    assert (marks.blocks, len(state.snapshot()["t"])) == (0, 0)


def test_the_oldest_marks_are_given_up() -> None:
    """So that they take a bounded room; whoever asks is told which."""
    state = State(["t"])
    table = state["t"]
    marks = Marks(table, b"raw.mail/0", 0, 0)
    marks.add(3 * BLOCK, "a")
    marks.add(BLOCK, "a")
    marks.add(BLOCK + 1, "b")
    for number in range(4, MOST_BLOCKS + 2):
        assert marks.add(number * BLOCK, "a") == []
    assert marks.add((MOST_BLOCKS + 2) * BLOCK, "a") == [BLOCK, BLOCK + 1]
    assert (marks.words(BLOCK), marks.words(3 * BLOCK), marks.blocks) == ((), ("a",), MOST_BLOCKS)
