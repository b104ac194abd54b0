"""What one record changes in the state counts when the record is accepted, and not when it is rejected."""

import pytest

from normalizer.errors import Rejected
from streams._state import MAX_VALUE_BYTES, State


def test_a_change_is_seen_at_once_and_can_be_taken_back() -> None:
    """A record sees its own changes; a rejected one leaves none."""
    state = State(["seen"])
    state["seen"].set(b"k", b"1")
    assert state["seen"].get(b"k") == b"1"
    state.undo()
    assert state["seen"].get(b"k") is None
    assert state.changes == {}


def test_a_deletion_can_be_taken_back() -> None:
    """A rejected record deletes nothing."""
    state = State(["seen"])
    state["seen"].set(b"k", b"1")
    state.accept()
    state["seen"].delete(b"k")
    assert b"k" not in state["seen"]
    state.undo()
    assert b"k" in state["seen"]
    assert state.snapshot() == {"seen": {b"k": b"1"}}


def test_a_batch_gives_the_last_change_of_each_key() -> None:
    """The changelog of a batch holds a key once."""
    state = State(["seen"])
    for value in (b"1", b"2"):
        state["seen"].set(b"k", value)
        state.accept()
    state["seen"].delete(b"gone")
    state.accept()
    assert state.changes == {b"seen\0k": b"2", b"seen\0gone": None}
    state.keep()
    assert state.changes == {}
    assert state.snapshot() == {"seen": {b"k": b"2"}}


def test_a_value_that_fits_in_no_record_is_rejected() -> None:
    """The record that would blow up the memory goes to dead letters; the stage goes on."""
    state = State(["seen"])
    with pytest.raises(Rejected, match="would take 900001 bytes, and 900000 is the most") as caught:
        state["seen"].set(b"k", b"x" * (MAX_VALUE_BYTES + 1))
    assert caught.value.reason == "state-too-large"


def test_an_unknown_table_is_an_error() -> None:
    """A stage has the tables that it names, and no other."""
    with pytest.raises(KeyError):
        State(["seen"])["sene"]
    assert list(State(["seen"])) == ["seen"]
