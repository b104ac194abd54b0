"""The hand for posts and direct messages: chains of pages, newest first, from what is new down to what is known."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import msgspec

from connectors._arrival import arrived
from connectors._base import Page
from connectors._x import snowflake
from connectors._x.api import Answer
from connectors._x.budget import page_pause, poll_pause
from connectors._x.files import Files
from connectors._x.items import Item, next_token, split
from connectors._x.keys import thread
from connectors._x.known import Known
from connectors._x.place import Gap, Place, Seen, advanced, completed, missing, remembered
from connectors._x.problems import Refused
from connectors._x.reading import GAP_TYPE
from connectors._x.settings import XSettings
from normalizer.errors import Retriable
from normalizer.events import RawEvent


class Endpoint(msgspec.Struct, frozen=True):
    """Where a source is read, with its limits.

    `cap` is the most items that it ever gives, `days` how far back it goes, `fewest` the smallest page; `ids` is whether it
    takes since_id and until_id, `token` the parameter for the next page.
    """

    ask: Callable[..., Answer]
    cap: int = 0
    days: int = 0
    fewest: int = 1
    ids: bool = True
    token: str = "pagination_token"  # noqa: S105 - the name of a parameter


class Walk:
    """One source of one account."""

    def __init__(
        self, scope: tuple[str, str, str], settings: XSettings, endpoint: Endpoint, known: Known, files: Files
    ) -> None:
        self._channel, self._account, self._source = scope
        self._settings, self._endpoint, self._known, self._files = settings, endpoint, known, files
        self._who = f"X account {self._account} (user {settings.user_id}), {self._source}"

    def pages(self, place: Place, stop: threading.Event, *, now: bool) -> Iterator[Page]:
        """From a place, for ever. `now` is whether that is the beginning of this very moment: it is saved at once, or a
        crash before the first page would let the next start begin later."""
        self._known.add(place.recent)
        self._known.gap(self._source, place.gap)
        if now:
            yield Page((), place)
        while not stop.is_set():
            try:
                answer = self._endpoint.ask(**self._where(place))
            except Refused as refused:
                place = self._without(place, refused)
                continue
            page, done = self._page(place, answer)
            self._known.gap(self._source, page.position.gap)
            yield page  # one without news is a look all the same
            place = page.position
            self._known.add(place.recent)
            stop.wait(poll_pause(answer.budgets, self._settings.poll_seconds) if done else page_pause(answer.budgets))

    def _where(self, place: Place) -> dict[str, str | int]:
        where: dict[str, str | int] = {"max_results": max(self._endpoint.fewest, self._settings.page_size)}
        if self._endpoint.ids and place.floor and not place.blind:
            where["since_id"] = str(place.floor)
        if place.until:
            where["until_id"] = place.until
        if place.token:
            where[self._endpoint.token] = place.token
        return where

    def _without(self, place: Place, refused: Refused) -> Place:
        """The place from which the chain goes on without what X has refused; nothing is skipped by it.

        A since_id that is too old is left out, and known posts are told by their ids. A token that has expired is
        replaced by until_id, where the endpoint has it; else the chain starts anew.
        """
        if place.token and refused.names & {"pagination_token", "next_token"}:
            return self._below(place)
        if "since_id" in refused.names and self._endpoint.ids and not place.blind:
            return msgspec.structs.replace(self._below(place), blind=True)
        if "until_id" in refused.names and place.until:
            return msgspec.structs.replace(place, until="", token="")
        raise refused

    def _below(self, place: Place) -> Place:
        return msgspec.structs.replace(place, token="", until=place.oldest if self._endpoint.ids else "")

    def _page(self, place: Place, answer: Answer) -> tuple[Page, bool]:
        """What an answer brings, and whether its chain ends with it."""
        items = split(answer.body)
        fresh = _fresh(place, items)
        events = [self._raw(item, files) for item, files in zip(fresh, self._files.attributes(fresh), strict=True)]
        seen = tuple(_seen(item, raw) for item, raw in zip(fresh, events, strict=True))
        events.reverse()  # oldest first, as people speak
        since, token = snowflake.number(place.since), next_token(answer.body)
        joined = any(0 < each.number <= since for each in items)
        after = advanced(place, [each.name for each in items], token, joined)
        after = msgspec.structs.replace(after, recent=remembered(place.recent + seen, place.since, answer.now))
        if token and not any(0 < each.number <= place.floor for each in items):
            return Page(tuple(events), self._onward(place, after)), False
        gap = missing(after, answer.now, self._endpoint.cap, self._endpoint.days)
        if gap is not None:
            events.insert(0, self._gap_event(gap))
        return Page(tuple(events), completed(after, answer.now, gap)), True

    def _onward(self, before: Place, after: Place) -> Place:
        """A token that leads to itself is left, once there are posts below which to go on."""
        if after.token != before.token:
            return after
        below = self._below(after)
        if below.until == before.until:
            raise Retriable(f"{self._who}: X gives the same page again and again: this is tried again later")
        return below

    def _raw(self, item: Item, files: dict[str, str]) -> RawEvent:
        told = {"source": self._source, "user": self._settings.user_id, "id": item.name}
        if item.older:
            told["edits"] = self._known.first(item.older)
        return self._event(item.name, item.body, thread(item.data, self._settings.user_id), told | files)

    def _gap_event(self, gap: Gap) -> RawEvent:
        body = json.dumps({"source": self._source, **msgspec.to_builtins(gap)}).encode()
        raw = self._event(f"gap;{gap.after}", body, "", {"source": self._source, "user": self._settings.user_id})
        return msgspec.structs.replace(raw, content_type=GAP_TYPE)

    def _event(self, name: str, body: bytes, key: str, told: dict[str, str]) -> RawEvent:
        return RawEvent(
            channel=self._channel,
            account=self._account,
            source_id=f"{self._source};{name}",
            body=body,
            content_type="application/json",
            received_at=arrived(),
            key=key or None,
            attributes=told,
        )


def _seen(item: Item, raw: RawEvent) -> Seen:
    """What is remembered of an item: its thread too, when it is a post whose edits and deletion are to be told."""
    return Seen(item.name, raw.key or "" if item.watched and not raw.attributes.get("edits") else "")


def _fresh(place: Place, items: list[Item]) -> list[Item]:
    """Those that Kafka does not have, each once."""
    had = {each.name for each in place.recent}
    found = {item.name: item for item in items if item.name not in had and not 0 < item.number <= place.floor}
    return list(found.values())
