"""How far a source of posts or messages has been read, as it stands in the cursor."""

from __future__ import annotations

import msgspec

from connectors._x import snowflake

OVERLAP_SECONDS = 120
"""Posts show up in an endpoint later than their ids are made, and not in the order of their ids: so much is read again."""
_REMEMBERED_SECONDS = 3700  # a post can be edited for an hour
_REMEMBERED = 500


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

    `begin` is where the first start began. Of the chain in progress: its `newest` and `oldest` id, the `token` of the next
    page, how many items it had (`count`), whether it `joined` what was known, whether since_id is left out because X does not
    take it (`blind`), and the until_id under which it was taken up again (`until`). `recent` are the items of the last hour,
    `gap` is the last one found.
    """

    begin: str
    since: str
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
        """Nothing up to this id is wanted: what was known, without the overlap."""
        back = OVERLAP_SECONDS * 1000 << 22
        return max(snowflake.number(self.since) - back, snowflake.number(self.begin))


def beginning(seconds: float) -> Place:
    """Where a source begins that starts at a moment."""
    start = str(snowflake.at(seconds))
    return Place(start, start)


def remembered(old: tuple[Seen, ...], new: tuple[Seen, ...], now: float) -> tuple[Seen, ...]:
    """What is worth to know of the last hour, bounded; the latest stay."""
    bound = snowflake.at(now - _REMEMBERED_SECONDS)
    kept = [each for each in old + new if not 0 < snowflake.number(each.name) < bound]
    return tuple(kept[-_REMEMBERED:])


def advanced(place: Place, names: list[str], token: str, joined: bool) -> Place:
    """After a page that is not the last of its chain."""
    ids = [snowflake.number(name) for name in names if snowflake.number(name)]
    newest = max([snowflake.number(place.newest), *ids])
    oldest = min([snowflake.number(place.oldest) or (1 << 66), *ids])
    return msgspec.structs.replace(
        place,
        newest=str(newest) if newest else "",
        oldest=str(oldest) if oldest < 1 << 66 else "",
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
    return Place(place.begin, str(since), recent=remembered(place.recent, (), now), gap=gap or place.gap)


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
