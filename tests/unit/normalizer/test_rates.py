"""How much one correspondent writes."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from normalizer.known_conversations import Memory
from normalizer.rates import is_flood
from tests.unit.streams.samples import NOW

US = ("mail", "us")


def floods(minutes: list[float], limit: int = 3) -> list[bool]:
    """What is found of mails that come so many minutes after noon."""
    state = Memory()
    return [is_flood("a@a.example", US, NOW + timedelta(minutes=at), limit, state) for at in minutes]


def test_more_than_the_limit_in_an_hour_is_a_flood() -> None:
    """The hour moves on, and then the sender may write again."""
    assert floods([0, 1, 2, 3, 4, 65]) == [False, False, False, True, True, False]


def test_a_steady_writer_is_none() -> None:
    """Three in any hour, all day."""
    assert not any(floods([at * 20.5 for at in range(70)]))


def test_old_mail_read_after_new_mail_is_none() -> None:
    """A second folder with the mail of past years does not look like a loop."""
    assert not any(floods([10_000, 10_001, 10_002, 0, 100, 200, 300]))


def test_each_sender_has_an_hour_of_his_own() -> None:
    """In each account."""
    state = Memory()
    senders = [("a@a.example", US), ("b@b.example", US), ("a@a.example", ("mail", "other"))] * 3
    assert not any(is_flood(sender, scope, NOW, 3, state) for sender, scope in senders)


@given(st.lists(st.floats(0, 1000), max_size=80))
def test_the_memory_is_bounded(minutes: list[float]) -> None:
    """However much somebody writes, as many times as the limit are remembered."""
    state = Memory()
    for at in minutes:
        is_flood("a@a.example", US, NOW + timedelta(minutes=at), 3, state)
    assert all(len(value) <= 1 + 3 * 5 for value in state.values())
