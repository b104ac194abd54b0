"""How far a list was read: bounded, and never ahead of what was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from connectors._twilio.place import MOST_SEEN, Place, days

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_place_remembers_a_bounded_number_of_sids() -> None:
    """A busy account's overlap is shorter: what is older than the oldest Sid that is remembered is done."""
    found = [(f"SM{number}", NOON + timedelta(seconds=number)) for number in range(MOST_SEEN + 500)]
    place = Place(NOON - timedelta(days=1)).with_seen(found)
    assert len(place.bounded().seen) == MOST_SEEN
    walked = place.walked(NOON - timedelta(hours=1))
    assert (len(walked.seen), walked.since) == (MOST_SEEN, NOON + timedelta(seconds=500))
    assert all(walked.done(sid, at) for sid, at in found)
    assert not walked.done("SMnew", NOON + timedelta(seconds=500))
    assert len(msgspec.json.encode(walked)) < 200_000


def test_days_are_in_gmt_and_the_last_one_is_open() -> None:
    """Also when our place is ahead of the clock."""
    found = list(days(datetime(2026, 3, 8, 23, tzinfo=UTC), NOON))
    assert [(day.day, last) for day, last in found] == [(8, False), (9, False), (10, True)]
    assert [(day.day, last) for day, last in days(NOON + timedelta(days=3), NOON)] == [(13, True)]
