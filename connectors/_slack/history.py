"""History: what was said in the conversations of the bot while nobody listened, read by ts and not by anybody's marks.

Source: https://docs.slack.dev/reference/methods/conversations.history and …/conversations.replies. A history comes newest
first, and replies are not in it. So a walk goes back to the cursor, is held until it is there, and is published oldest first.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from connectors._base import Page
from connectors._slack import ts
from connectors._slack.api import Api, Refused, Unreachable
from connectors._slack.deliveries import Deliveries
from connectors._slack.settings import SlackSettings
from connectors._slack.value import Json, items, mapping, text
from normalizer.errors import Misconfigured, Retriable

_FILE_SECONDS = 10.0
_HELD = 2_000  # messages of a walk in memory; of a longer one the oldest are published, and then it is walked again
_MARGIN = timedelta(minutes=10)  # our clock may be so much ahead of Slack's
_GONE = {
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "thread_not_found",
    "method_not_supported_for_channel_type",
}


class Place(msgspec.Struct, frozen=True):
    """How far each conversation was read, by its id; one that is not among them is read from `unknown` on.

    `closed` are archived ones that were read to their end, which is looked for again once they are opened.
    """

    unknown: str
    channels: dict[str, str] = {}
    closed: tuple[str, ...] = ()


class Walk(msgspec.Struct):
    """What was found on the way back: `new` messages, newest first; `edits` of known ones; `threads` with new replies.

    It had not begun at `began`, by any clock. `head` is the newest time on the first page and `latest` that on any. Where not
    all could be held, all is up to `limit`.
    """

    began: str
    new: deque[Json]
    edits: list[Json]
    threads: list[str]
    head: str = ""
    latest: str = ""
    limit: str = ""


class History:
    """The history of one account."""

    def __init__(self, settings: SlackSettings, who: str, deliveries: Deliveries) -> None:
        self._settings = settings
        self._who = who
        self._api = Api(settings, who, token=settings.bot_token)
        self._deliveries = deliveries

    def pages(self, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Round after round through all conversations. One that cannot be read now stops no other."""
        place = self._place(position)
        while not stop.is_set():
            began = _surely_past()
            try:
                self._asked("auth.test", stop)  # a token that is refused is a person's business, and at once
                found = self._conversations(stop)
            except Refused as refused:
                raise Retriable(f"{self._who}: Slack answered with {refused}: this is tried again") from None
            archived = {text(each.get("id")) for each in found if each.get("is_archived")}
            # One that is not in the list any more was left; if the bot comes back, it is as new.
            kept = {text(each.get("id")): place.channels.get(text(each.get("id")), place.unknown) for each in found}
            place = Place(place.unknown, kept, tuple(sorted(archived.intersection(place.closed))))
            failed: Retriable | None = None
            for each in found:
                if each["id"] in place.closed:
                    continue
                try:
                    for page in self._conversation(each, place, stop):
                        place = page.position
                        yield page
                except Unreachable:
                    raise
                except Retriable as error:
                    failed = failed or error
                if stop.is_set():
                    return
            if failed is not None:
                raise failed
            place = Place(ts.newest(place.unknown, began), place.channels, tuple(sorted(archived)))
            yield Page((), place, 0)
            stop.wait(self._settings.history_seconds)

    def round(self, since: datetime, stop: threading.Event) -> Iterator[Page]:
        """One round through all conversations, from a moment on."""
        start = Place(ts.of(since))
        for page in self.pages(msgspec.json.encode(start), stop):
            yield page
            if page.position.unknown != start.unknown:  # it moves at the end of a round
                return

    def _place(self, position: bytes | None) -> Place:
        if position is None:
            since = self._settings.since
            if since is not None:
                return Place(ts.of(datetime(since.year, since.month, since.day, tzinfo=UTC)))
            return Place(ts.of(datetime.now(UTC).replace(microsecond=0)))  # a ts counts on within its second
        try:
            return msgspec.json.decode(position, type=Place)
        except msgspec.MsgspecError as error:
            raise Misconfigured(
                f"{self._who}: the saved place in its history cannot be read ({error}): "
                "write a tombstone over its cursor to begin anew"
            ) from error

    def _conversations(self, stop: threading.Event) -> list[Json]:
        found: list[Json] = []
        cursor = ""
        while True:
            answer = self._asked(
                "users.conversations", stop, types=",".join(self._settings.conversations), limit=200, cursor=cursor
            )
            found += [each for each in items(answer.get("channels")) if text(each.get("id"))]
            cursor = _next(answer)
            if not cursor:
                return found

    def _conversation(self, channel: Json, place: Place, stop: threading.Event) -> Iterator[Page]:
        """The pages of one conversation, oldest first, until nothing is left of its history."""
        name = text(channel.get("id"))
        while not stop.is_set():
            cursor = place.channels[name]
            try:
                walk = self._walk(name, cursor, stop)
                replies = (each for root in walk.threads for each in self._replies(name, root, cursor, stop))
                said = _oldest(walk, replies)
            except Refused as refused:
                if refused.error in _GONE:  # removed, or renamed into another id, since the list was made
                    return
                raise Retriable(f"{self._who}: {name} cannot be read ({refused.error}): this is tried again") from None
            yield from self._published(channel, place, walk, said)
            place = _moved(place, name, _head(walk, cursor))
            if not walk.limit:
                return

    def _published(self, channel: Json, place: Place, walk: Walk, said: list[Json]) -> Iterator[Page]:
        """Everything of a walk, oldest first."""
        name = text(channel.get("id"))
        head = _head(walk, place.channels[name])
        # Edits first: from then on the cursor may follow the messages.
        wanted = [(each, True) for each in walk.edits] + [(each, False) for each in said]
        for start in range(0, len(wanted), self._settings.page_size):
            page = wanted[start : start + self._settings.page_size]
            events = tuple(self._deliveries.remembered(channel, each, _FILE_SECONDS, edit=edit) for each, edit in page)
            done = ts.newest(place.channels[name], *(text(each.get("ts")) for each, edit in page if not edit))
            place = _moved(place, name, min(done, head, key=ts.order))
            if (behind := len(wanted) - start - len(page)) > 0:
                yield Page(events, place, behind)
            else:
                yield Page(events, _moved(place, name, head), 0)
        if not wanted and head != place.channels[name]:
            yield Page((), _moved(place, name, head), 0)

    def _walk(self, channel: str, cursor: str, stop: threading.Event) -> Walk:
        """Back to the cursor, and further to messages that may have new replies or edits."""
        window = ts.of(datetime.now(UTC) - timedelta(days=self._settings.thread_days))
        oldest = min(cursor, window, key=ts.order) if self._settings.thread_days else cursor
        walk, page = Walk(_surely_past(), deque(maxlen=_HELD), [], []), ""
        while True:
            answer = self._asked(
                "conversations.history",
                stop,
                channel=channel,
                oldest=oldest,
                limit=self._settings.page_size,
                cursor=page,
            )
            messages = items(answer.get("messages"))
            walk.latest = ts.newest(walk.latest, *(time for each in messages for time in _times(each)))
            walk.head = walk.head if page else walk.latest
            for each in messages:
                _sorted_in(walk, each, cursor)
            page = _next(answer)
            if not page:
                return walk

    def _replies(self, channel: str, root: str, cursor: str, stop: threading.Event) -> Iterator[Json]:
        page = ""
        while True:
            answer = self._asked(
                "conversations.replies",
                stop,
                channel=channel,
                ts=root,
                oldest=cursor,
                limit=self._settings.page_size,
                cursor=page,
            )
            for each in items(answer.get("messages")):  # the root is always the first of them
                if text(each.get("ts")) != root and _after(text(each.get("ts")), cursor):
                    yield each
            page = _next(answer)
            if not page:
                return

    def _asked(self, method: str, stop: threading.Event, **params: object) -> Json:
        return self._api.patiently(method, stop, **params)


def _surely_past() -> str:
    return ts.of(datetime.now(UTC) - _MARGIN)


def _sorted_in(walk: Walk, message: Json, cursor: str) -> None:
    if _after(text(message.get("ts")), cursor):
        full = len(walk.new) == _HELD
        walk.new.append(message)
        walk.limit = text(walk.new[0].get("ts")) if full else ""
    elif _after(text(mapping(message.get("edited")).get("ts")), cursor):
        walk.edits.append(message)
    if _after(text(message.get("latest_reply")), cursor):
        walk.threads.append(text(message.get("ts")))


def _oldest(walk: Walk, replies: Iterator[Json]) -> list[Json]:
    """The messages of a walk and of its threads, oldest first; if there are too many, so many as are held."""
    held: list[Json] = list(walk.new)
    for each in replies:
        held.append(each)
        if len(held) >= 2 * _HELD:
            held = _cut(walk, held)
    return _cut(walk, held)


def _cut(walk: Walk, held: list[Json]) -> list[Json]:
    said = {text(each.get("ts")): each for each in held}  # a broadcast reply is in the history and in its thread
    ordered = [said[each] for each in sorted(said, key=ts.order)]
    if len(ordered) > _HELD:
        last = text(ordered[_HELD - 1].get("ts"))
        walk.limit = min(walk.limit or last, last, key=ts.order)
    return ordered[:_HELD]


def _times(message: Json) -> list[str]:
    """When it was written, last answered, last edited."""
    return [text(message.get("ts")), text(message.get("latest_reply")), text(mapping(message.get("edited")).get("ts"))]


def _head(walk: Walk, cursor: str) -> str:
    """Up to where everything is published.

    The first page was read at one moment, so nothing earlier than its newest is still to come. On a later page
    there may be something newer than the first could show, unless it is from before the walk.
    """
    if walk.limit:
        return ts.newest(cursor, walk.limit)
    return ts.newest(cursor, walk.head, min(walk.latest, walk.began, key=ts.order))


def _after(one: str, other: str) -> bool:
    return ts.order(one) > ts.order(other)


def _next(answer: Json) -> str:
    return text(mapping(answer.get("response_metadata")).get("next_cursor"))


def _moved(place: Place, channel: str, head: str) -> Place:
    return msgspec.structs.replace(place, channels={**place.channels, channel: head})
