"""What a count says, and how it is reported."""

from __future__ import annotations

from typing import Any

from normalizer.events import Health
from ops.reconcile import Count, report
from tests.unit.streams.samples import NOW


def count(source: str = "INBOX", **more: Any) -> Count:
    """Of one folder."""
    return Count(channel="mail", account="support", source=source, listed=9, **more)


def test_a_count_is_well_when_nothing_is_left_outside() -> None:
    """A gap that was closed is none; what could not be looked at may hold some."""
    assert [
        each.well
        for each in (count(), count(gaps=("a",)), count(gaps=("a", "b"), repaired=2), count(problem="it is away"))
    ] == [True, False, True, False]


def test_an_account_is_reported_with_all_its_sources() -> None:
    """As one line beside them, that is failing while something is left outside."""
    counts = [count(gaps=("a", "b"), repaired=2), count("Archive", gaps=("c",), problem="it is away")]
    [told] = report(counts, NOW)
    assert told == Health(
        name="mail/support/reconcile", state="failing", at=NOW, looked_at=NOW, received=2, errors=1, behind=1,
        detail="1 items of the source were never accepted; Archive: it is away",
    )  # fmt: skip


def test_an_account_without_gaps_is_well() -> None:
    """Its process has ended, or waits: that is no failure."""
    [told] = report([count()], NOW)
    assert (told.state, told.detail, told.behind) == ("stopped", "", 0)
