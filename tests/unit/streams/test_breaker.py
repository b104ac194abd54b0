"""A handful of bad records stops no stage; a cause that grows does, before it is written."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams._breaker import Breaker, BreakerPolicy, Letter, Tripped, waits

POLICY = BreakerPolicy(most=3, of=10)


def _letters(*places: int, reason: str = "bad") -> list[Letter]:
    return [(at, reason, f"it is {reason}: look at it") for at in places]


def test_a_handful_never_stops_a_stage() -> None:
    """Nor does one that goes on for ever, as long as enough good records stand between."""
    breaker = Breaker("normalize", POLICY)
    for _ in range(100):
        breaker.take(10, _letters(0, 4, 8))


def test_a_cause_that_grows_does() -> None:
    """The fourth of ten, whether in one batch or in several; it says what to look at and what to do."""
    with pytest.raises(Tripped) as tripped:
        Breaker("normalize", POLICY).take(100, _letters(90, 91, 95, 99))
    assert str(tripped.value) == (
        "the stage normalize pauses: more than 3 of its last 10 records would be set aside for 'bad' (it is bad: look "
        "at it). Look for what they have in common: a version or a setting that cannot read them. Mend it and start the "
        "stage again; if they shall all be dead letters, add 'bad' to breaker.let_through"
    )
    breaker = Breaker("normalize", POLICY)
    breaker.take(3, _letters(0, 1, 2))
    with pytest.raises(Tripped):
        breaker.take(1, _letters(0))


def test_a_batch_that_was_refused_was_not_taken() -> None:
    """It is decided again, and then counts once: with the cause mended the stage goes on."""
    breaker = Breaker("normalize", POLICY)
    breaker.take(2, _letters(0, 1))
    for _ in range(3):
        with pytest.raises(Tripped):
            breaker.take(5, _letters(0, 1))
    breaker.take(5, _letters(0))


def test_only_the_last_records_count() -> None:
    """What is longer ago is forgotten: exactly ten are looked at."""
    breaker = Breaker("normalize", POLICY)
    breaker.take(3, _letters(0, 1, 2))
    breaker.take(7, [])
    breaker.take(1, _letters(0))
    with pytest.raises(Tripped):
        breaker.take(8, _letters(5, 6, 7))


def test_different_reasons_are_different_causes() -> None:
    """Three each are a handful each."""
    breaker = Breaker("normalize", POLICY)
    breaker.take(6, [*_letters(0, 2, 4), *_letters(1, 3, 5, reason="worse")])


def test_an_operator_lets_a_reason_through() -> None:
    """All of it, and nothing else."""
    breaker = Breaker("normalize", BreakerPolicy(most=3, of=10, let_through=("bad",)))
    breaker.take(50, _letters(*range(50)))
    with pytest.raises(Tripped):
        breaker.take(50, _letters(*range(50), reason="worse"))


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=12), max_size=12))
def test_batches_do_not_matter(batches: list[list[bool]]) -> None:
    """It trips where the plain definition says so, however the records are cut."""
    breaker, seen = Breaker("normalize", POLICY), list[bool]()
    for batch in batches:
        after = [*seen, *batch]
        expected = any(sum(after[max(0, end - 10) : end]) > 3 for end in range(len(seen) + 1, len(after) + 1))
        try:
            breaker.take(len(batch), _letters(*(at for at, bad in enumerate(batch) if bad)))
        except Tripped:
            assert expected
        else:
            assert not expected
            seen = after


def test_probes_wait_longer_and_longer() -> None:
    """Up to a minute."""
    assert list(islice(waits(), 6)) == [5, 10, 20, 40, 60, 60]


def test_a_share_that_can_never_be_passed_is_refused() -> None:
    """It would turn the breaker off without saying so."""
    with pytest.raises(ValueError, match="most is 10 of the last 10 records, which can never be passed: lower it"):
        BreakerPolicy(most=10, of=10)
