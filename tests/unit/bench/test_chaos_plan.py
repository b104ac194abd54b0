"""What is said while things break: seeded, marked, and independent of the other channels."""

from __future__ import annotations

from itertools import islice

from bench.chaos.plan import PACE, PEOPLE, marks, sayings


def test_the_same_seed_says_the_same() -> None:
    """Word for word; another seed says something else."""
    first = list(islice(sayings("mail", 7, 1.0), 50))
    assert first == list(islice(sayings("mail", 7, 1.0), 50))
    assert first != list(islice(sayings("mail", 8, 1.0), 50))


def test_a_saying_is_found_again_by_its_mark() -> None:
    """Each text has its own mark, and no other."""
    for channel in PACE:
        for saying in islice(sayings(channel, 7, 1.0), 30):
            assert list(marks(f"> quoted\n{saying.text}\n")) == [saying.mark]
    assert list(marks("mark-mail-12 mark-mail-0000012 mark-Mail-000001")) == []


def test_turns_count_within_a_talk() -> None:
    """Whoever answers has spoken before in the same conversation."""
    turns: dict[str, int] = {}
    for saying in islice(sayings("sms", 7, 1.0), 500):
        assert saying.turn == turns.get(saying.talk, 0) + 1
        assert 0 <= saying.person < PEOPLE
        turns[saying.talk] = saying.turn
    assert max(turns.values()) > 3


def test_the_pace_is_as_asked_for() -> None:
    """The pauses are those of the channel's pace, on the average, divided by the rate."""
    pauses = [saying.pause for saying in islice(sayings("mail", 7, 2.0), 5000)]
    assert round(len(pauses) / sum(pauses)) == PACE["mail"] * 2
