"""The lists of calls and recordings, for what no webhook told: https://www.twilio.com/docs/voice/api/call-resource.

A list is by days and newest first, and its items change until they have ended. So a day is read whole, then told from
its oldest on, and the place in it never passes an item that may still change.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from connectors._twilio.client import TwilioClient, server_time
from connectors._twilio.parameters import moment
from connectors._voice.lookups import Leg
from normalizer.errors import Retriable
from normalizer.ids import event_id

Source = Literal["calls", "recordings"]
_LATE = timedelta(minutes=30)  # an item may be listed so long after the time it bears
_STUCK = timedelta(days=2)  # no call lasts longer; one that never ends must not hold the place
_UNFINISHED = {"queued", "initiated", "ringing", "in-progress", "paused", "stopped", "processing"}
_PATH = {"calls": ("Calls.json", "StartTime"), "recordings": ("Recordings.json", "DateCreated")}
_API = "https://api.twilio.com"


class Place(msgspec.Struct, frozen=True):
    """Everything older than `since` is told, and of what is younger that in `told`."""

    since: datetime
    told: tuple[str, ...] = ()


class Item(msgspec.Struct, frozen=True):
    """One item of a list: its bytes, and what the hand must know of it."""

    body: bytes
    at: datetime
    sid: str
    call: str = ""
    parent: str = ""
    status: str = ""
    duration: str = ""
    direction: str = ""
    ends: tuple[str, ...] = ()
    end: datetime | None = None

    def due(self, before: datetime) -> bool:
        """Whether it will not change any more, and its webhooks had the time to come first."""
        return self.status not in _UNFINISHED and max(self.at, self.end or self.at) <= before


class _Fields(msgspec.Struct, frozen=True):
    sid: str
    status: str = ""
    date_created: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    call_sid: str | None = None
    parent_call_sid: str | None = None
    duration: str | None = None
    direction: str | None = None
    sender: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class _Listed(msgspec.Struct, frozen=True):
    next_page_uri: str | None = None
    calls: tuple[msgspec.Raw, ...] = ()
    recordings: tuple[msgspec.Raw, ...] = ()


class Batch(msgspec.Struct, frozen=True):
    """Items to tell, oldest first, the place after them, and the whole day they are of."""

    items: tuple[Item, ...]
    place: Place
    behind: int
    day: tuple[Item, ...]


class Lists:
    """One account's lists. What ended is told `after` so long, so that its webhooks, which know more, come first."""

    def __init__(self, client: TwilioClient, page_size: int, after: timedelta) -> None:
        self._client = client
        self._after = after
        self._page_size = page_size

    def batches(self, source: Source, place: Place, stop: threading.Event) -> Iterator[Batch]:
        """What is new since `place`, in batches, day by day up to now. Raises `Retriable` or `Misconfigured`."""
        day = place.since.replace(hour=0, minute=0, second=0, microsecond=0)
        saved, held, times = place, datetime.max.replace(tzinfo=UTC), dict[str, datetime]()
        while not stop.is_set():
            items, now = self._day(source, day)
            following = day + timedelta(days=1)
            last = following > now
            times = {sid: at for sid, at in times.items() if at >= place.since} | {each.sid: each.at for each in items}
            before, oldest = now - self._after, max(place.since, now - _STUCK)
            waiting = [each.at for each in items if not each.due(before) and each.at >= oldest]
            held = min([held, now - _LATE, *waiting])
            fresh = [
                each for each in items if each.due(before) and each.at >= place.since and each.sid not in place.told
            ]
            for start in range(0, len(fresh), self._page_size):
                batch = tuple(fresh[start : start + self._page_size])
                place = _after(place, batch, min(held, batch[-1].at), times)
                saved = place
                yield Batch(batch, place, len(fresh) - start - len(batch), items)
            reached = _after(place, (), min(held, following), times)
            if last:  # what was not listed at all is gone
                reached = Place(reached.since, tuple(sid for sid in reached.told if sid in times))
                if reached != saved:
                    yield Batch((), reached, 0, items)
                return
            place = reached
            day = following

    def media(self, sid: str) -> str:
        """The address of a recording's file, without the ending that names its form."""
        return self._client.get_hostname(f"{_API}{self._base}/Recordings/{sid}")

    @property
    def _base(self) -> str:
        return f"/2010-04-01/Accounts/{self._client.account_sid}"

    def _day(self, source: Source, day: datetime) -> tuple[tuple[Item, ...], datetime]:
        """The items of a day by their time, and Twilio's own time."""
        path, field = _PATH[source]
        asked = {f"{field}>": _date(day), f"{field}<": _date(day + timedelta(days=1)), "PageSize": "1000"}
        answer = self._client.request("GET", f"{_API}{self._base}/{path}", params=asked)
        found: list[Item] = []
        gone: set[str] = set()
        while True:
            page = _listed(answer.text, path)
            found += _items(page.calls if source == "calls" else page.recordings, day)
            onward = page.next_page_uri or ""
            if not onward:
                break
            if onward in gone or not onward.startswith("/"):
                raise Retriable(f"{path} leads to {onward[:200]}, which is no further page: it is read again")
            gone.add(onward)
            answer = self._client.request("GET", f"{_API}{onward}")
        # A window may be of whole days, and of moments: both give this day, and some more.
        inside = {each.sid: each for each in found if day <= each.at < day + timedelta(days=1)}
        return tuple(sorted(inside.values(), key=lambda each: (each.at, bool(each.parent), each.sid))), server_time(
            answer
        )


def concerns(item: Item, numbers: Sequence[str], day: Sequence[Item]) -> bool:
    """Whether a call, or the one that it is a leg of, is with one of our `numbers`; every call when there are none."""
    calls = [item, *(each for each in day if item.parent and each.sid == item.parent)]
    return not numbers or any(end in numbers for call in calls for end in call.ends)


def unanswered(item: Item, day: Sequence[Item]) -> bool:
    """Whether an incoming call was put through to people, none of whom took it."""
    legs = (Leg(each.status, each.duration) for each in day if each.parent == item.sid)
    return item.direction == "inbound" and not any(leg.taken for leg in legs)


def _after(place: Place, batch: Sequence[Item], since: datetime, times: Mapping[str, datetime]) -> Place:
    """The place after a batch; it never goes back. Items whose day has not been read yet stay told."""
    since = max(place.since, since)
    told = {*place.told, *(each.sid for each in batch)}
    return Place(since, tuple(sorted(sid for sid in told if times.get(sid, since) >= since)))


def _listed(text: str, path: str) -> _Listed:
    try:
        return msgspec.json.decode(text, type=_Listed)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Retriable(f"{path} gave no list ({error}): it is asked again") from error


def _items(page: Sequence[msgspec.Raw], day: datetime) -> Iterator[Item]:
    at = day + timedelta(days=1, microseconds=-1)
    for body in map(bytes, page):
        try:
            found = msgspec.json.decode(body, type=_Fields)
        except (
            msgspec.MsgspecError,
            ValueError,
            RecursionError,
        ):  # the eye sets it aside; its time is about that of the item before it
            yield Item(body, at, event_id("unreadable", body.decode("utf-8", "replace")))
            continue
        at = moment(found.start_time or "") or moment(found.date_created or "") or at
        yield Item(body, at, found.sid, found.call_sid or "", found.parent_call_sid or "", found.status,
                   found.duration or "", found.direction or "", (found.sender or "", found.to or ""), moment(found.end_time or ""))  # fmt: skip


def _date(day: datetime) -> str:
    return day.strftime("%Y-%m-%d")
