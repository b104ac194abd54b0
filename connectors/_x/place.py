"""How far a source of posts or messages has been read, as it stands in the cursor."""

from __future__ import annotations

import msgspec

from connectors._x import snowflake

OVERLAP_SECONDS = 120
"""Posts show up in an endpoint later than their ids are made, and not in the order of their ids: so much is read again."""
_REMEMBERED_SECONDS = 3700  # a post can be edited for an hour
_REMEMBERED = 500
_NO_ID = 1 << 66  # larger than any


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """An item that Kafka has: its name, and the thread of a post that may still be edited or deleted, else ""."""

    name: str
    key: str = ""


class Gap(msgspec.Struct, frozen=True):
    """What cannot be fetched any more: whatever came after the id `after` and before the id `before`."""

    after: str
    before: str
    why: str
    at: float
    """When this was found out, in seconds since 1970."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Pages come newest first, so `since` moves only when the whole chain of pages is in Kafka.

    `begin` is where the first start began, `low` where the overlap begins that is read again. Of the chain in progress: its
    `newest` and `oldest` id, the `token` of the next page, how many items it had (`count`), whether it `joined` what was known,
    whether since_id is left out because X does not take it (`blind`), and the until_id under which it was taken up again
    (`until`). `recent` are the items of the last hour and of the overlap, `gap` is the last one found.
    """

    begin: str
    since: str
    low: str = ""
    newest: str = ""
    oldest: str = ""
    token: str = ""
    until: str = ""
    count: int = 0
    joined: bool = False
    blind: bool = False
    recent: tuple[Seen, ...] = ()
    gap: Gap | None = None

    @property
    def floor(self) -> int:
        """Nothing up to this id is wanted. It does not change within a chain."""
        return max(snowflake.number(self.low) or _back(self.since), snowflake.number(self.begin))


def beginning(seconds: float) -> Place:
    """Where a source begins that starts at a moment."""
    start = str(snowflake.at(seconds))
    return Place(start, start)


def remembered(known: tuple[Seen, ...], since: str, now: float) -> tuple[Seen, ...]:
    """What is worth to know of the last hour and of the overlap, in the order of ids; of a flood the newest."""
    bound = min(snowflake.at(now - _REMEMBERED_SECONDS), _back(since))
    kept = [each for each in known if not 0 < snowflake.number(each.name) < bound]
    kept.sort(key=lambda each: snowflake.number(each.name) or _NO_ID)
    return tuple(kept[-_REMEMBERED:])


def advanced(place: Place, names: list[str], token: str, joined: bool) -> Place:
    """After a page that is not the last of its chain."""
    ids = [snowflake.number(name) for name in names if snowflake.number(name)]
    newest = max([snowflake.number(place.newest), *ids])
    oldest = min([snowflake.number(place.oldest) or _NO_ID, *ids])
    return msgspec.structs.replace(
        place,
        newest=str(newest) if newest else "",
        oldest=str(oldest) if oldest < _NO_ID else "",
        token=token,
        count=place.count + len(names),
        joined=place.joined or joined,
    )


def completed(place: Place, now: float, gap: Gap | None) -> Place:
    """After the last page of a chain (already `advanced`). A source that is silent moves on by a day behind the clock, so
    that its since_id never gets too old."""
    since = max(snowflake.number(place.since), snowflake.number(place.newest))
    day = snowflake.at(now - 86_400)
    if day > since + (3_600_000 << 22):
        since = day
    recent = remembered(place.recent, str(since), now)
    # In a flood the overlap is as short as what can be remembered, or it would come again and again.
    low = max(_back(str(since)), snowflake.number(recent[0].name) if len(recent) == _REMEMBERED else 0)
    return Place(place.begin, str(since), str(low), recent=recent, gap=gap or place.gap)


def missing(place: Place, now: float, cap: int, days: int) -> Gap | None:
    """What a chain that has come to its end (already `advanced`) did not reach, by the limits of its endpoint.

    `cap` is the most items that it ever gives (0: no such limit), `days` how far back it goes (0: no limit).
    """
    if place.joined:
        return None
    if cap and place.count >= cap - cap // 16:  # X counts deleted ones among them
        return Gap(place.since, place.oldest, f"X gives the {cap} newest only", now)
    made = snowflake.seconds(place.since)
    if days and made is not None and made < now - days * 86_400:
        return Gap(place.since, str(snowflake.at(now - days * 86_400)), f"X gives the last {days} days only", now)
    return None


def _back(since: str) -> int:
    return max(0, snowflake.number(since) - (OVERLAP_SECONDS * 1000 << 22))
