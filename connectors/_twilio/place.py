"""How far a list of Twilio's was read, when it can be asked by days only and shows some things late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

import msgspec

MOST_SEEN = 3_000
"""Sids that a place remembers: 150 KB of JSON, which a record of the cursors can hold."""

_WORTH_SAVING = timedelta(hours=1)


class Place(msgspec.Struct, frozen=True):
    """Everything that was sent before `since` is done. `seen` are the Sids that are done since then, with their time (Unix, s)."""

    since: datetime
    seen: Mapping[str, int] = {}

    def done(self, sid: str, at: datetime) -> bool:
        """Whether a message was published already."""
        return sid in self.seen or at < self.since

    def with_seen(self, found: Iterable[tuple[str, datetime]]) -> Place:
        """This place after some more messages."""
        return Place(self.since, {**self.seen, **{sid: int(at.timestamp()) for sid, at in found}})

    def bounded(self) -> Place:
        """What can be saved in the middle of a walk: the Sids that were found last. A crash repeats the others."""
        return Place(self.since, dict(list(self.seen.items())[-MOST_SEEN:]))

    def walked(self, until: datetime) -> Place:
        """The place when everything up to `until` was listed; later still when there are too many to remember."""
        since = max(self.since, until)
        if len(self.seen) > MOST_SEEN:
            since = max(since, datetime.fromtimestamp(sorted(self.seen.values())[-MOST_SEEN], UTC))
        first = since.timestamp()
        return Place(since, {sid: at for sid, at in self.seen.items() if at >= int(first)})

    def worth_saving(self, before: Place) -> bool:
        """Whether it says something that `before` does not; the mere passing of time is saved now and then."""
        return self.seen.keys() != before.seen.keys() or self.since - before.since >= _WORTH_SAVING


def days(since: datetime, now: datetime) -> Iterator[tuple[date, bool]]:
    """The days (GMT) from `since` to `now`, and whether it is the last one, which is asked for with all that follow.

    So a clock of ours that is slow hides nothing.
    """
    day, last = since.astimezone(UTC).date(), max(since, now).astimezone(UTC).date()
    while day <= last:
        yield day, day == last
        day += timedelta(days=1)


def end_of(day: date) -> datetime:
    """The last second of a day, for what has no time of its own."""
    return datetime.combine(day, time(23, 59, 59), UTC)
