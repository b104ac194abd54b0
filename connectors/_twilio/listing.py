"""The list of messages, read to its end: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources.

It is newest first, and asked for by days in GMT. Each walk begins at the day up to which everything is done, so that what the
list shows late, and what was sent while we were away, is found; Sids tell what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from connectors._twilio.client import TwilioClient, server_time
from connectors._twilio.parameters import Told, decoded, is_ours, parameters, sent_at, sid
from connectors._twilio.place import Place, days, end_of
from normalizer.errors import Rejected, Retriable

API = "https://api.twilio.com"
JSON = "application/json"
_STILL_COMING = timedelta(minutes=10)  # a message in parts or with files is listed before all of it is there
_NOT_SAID_YET = ("accepted", "queued", "scheduled", "sending", "canceled")


class Item(msgspec.Struct, frozen=True):
    """A message in a list: its own JSON, what it says, its name (Sid, or a digest when it has none), and when it was sent."""

    body: bytes
    told: Told
    name: str
    at: datetime


class _Listed(msgspec.Struct, frozen=True):
    messages: list[msgspec.Raw]
    next_page_uri: str | None = None


class Listing:
    """The messages of an account, or to and from one address of it (`address`; "" for all), once they are `after` old."""

    def __init__(self, client: TwilioClient, address: str, page_size: int, *, after: timedelta, echoes: bool) -> None:
        self._client = client
        self._address = address
        self._page_size = page_size
        self._after = after
        self._echoes = echoes
        self.now = datetime.now(UTC)
        """Twilio's time, as its last answer had it: a clock of ours that is wrong hides nothing."""

    def first_look(self) -> None:
        """Learn Twilio's time. Raises what a call raises, and so tells of credentials that are refused."""
        self._ask({"PageSize": 1})

    def walk(
        self, place: Place, overlap: timedelta, wanted: Callable[[Told], bool]
    ) -> Iterator[tuple[Sequence[Item], Place]]:
        """For each page, the messages that are not done yet, oldest first, and the place after them.

        The place moves past a day only after all of it was listed, and never nearer to now than `overlap`.
        """
        settled, found = self.now - overlap, place
        for day, last in days(place.since, self.now):
            for query in self._queries(day, last=last):
                for page in self._pages(query):
                    items = [_item(bytes(raw), day) for raw in reversed(page)]
                    fresh = [item for item in items if self._is_due(item, found) and wanted(item.told)]
                    found = found.with_seen([(item.name, item.at) for item in fresh])
                    yield fresh, found.bounded()
            found = found.walked(settled if last else min(settled, end_of(day)))
            yield (), found

    def _is_due(self, item: Item, place: Place) -> bool:
        status = item.told.get("status", "").lower()
        if place.done(item.name, item.at) or timedelta() <= self.now - item.at < self._after:
            return False
        if is_ours(item.told):
            return self._echoes and status not in _NOT_SAID_YET
        return status != "receiving" or self.now - item.at > _STILL_COMING

    def _queries(self, day: date, *, last: bool) -> Iterator[dict[str, Any]]:
        when = {"DateSent>" if last else "DateSent": day.isoformat(), "PageSize": self._page_size}
        if not self._address:
            yield when
            return
        yield {"To": self._address, **when}
        if self._echoes:
            yield {"From": self._address, **when}

    def _pages(self, query: dict[str, Any]) -> Iterator[list[msgspec.Raw]]:
        """Every page. A list that leads to a page of its own once more would have no end."""
        answer, gone = self._ask(query), set[str]()
        while True:
            try:
                listed = decoded(answer.text, _Listed)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise Retriable(f"Twilio's list of messages cannot be read ({error}): it is asked for again") from error
            yield listed.messages
            onward = listed.next_page_uri
            if not onward:
                return
            if onward in gone or not onward.startswith("/"):
                raise Retriable(
                    f"Twilio's list of messages leads to {onward[:200]}, which is no further page: it is read again"
                )
            gone.add(onward)
            answer = self._get(API + onward)

    def _ask(self, query: dict[str, Any]) -> Any:
        return self._get(f"{API}/2010-04-01/Accounts/{self._client.account_sid}/Messages.json", query)

    def _get(self, uri: str, query: dict[str, Any] | None = None) -> Any:
        answer = self._client.request("GET", uri, query)
        self.now = server_time(answer)
        return answer


def _item(body: bytes, day: date) -> Item:
    try:
        told = parameters(JSON, body)
    except Rejected:
        told = {}
    name = sid(told) or f"unnamed;{hashlib.sha256(body).hexdigest()}"
    return Item(body, told, name, sent_at(told) or end_of(day))
