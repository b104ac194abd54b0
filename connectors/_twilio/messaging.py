"""SMS and WhatsApp at Twilio are one thing with two kinds of addresses: webhooks for now, the list for the rest."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors._arrival import arrived
from connectors._base import Accept, Blobs, Page, Receiver
from connectors._media import Fetched, noted
from connectors._recount import Listed, Recounted
from connectors._twilio.client import TwilioClient
from connectors._twilio.door import check_public_url, signed_body, signing_keys, twiml
from connectors._twilio.files import Files, has_files
from connectors._twilio.listing import JSON, Item, Listing
from connectors._twilio.parameters import Told, callback_status, deliveries, parameters, sid
from connectors._twilio.parties import POOL, network_of, parties, party
from connectors._twilio.place import Place
from connectors._twilio.settings import MessagingSettings
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import RawEvent
from normalizer.ids import message_id

_EVERYTHING = "messages"
_REMEMBERED = 10_000


class Messaging(Receiver[MessagingSettings], Recounted[MessagingSettings]):
    """The doors and the list of one account for the addresses of one `network` ("" for telephone numbers)."""

    settings_type: ClassVar[type[msgspec.Struct]] = MessagingSettings
    network: ClassVar[str]

    def __init__(self, account: str, settings: MessagingSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        where = f"channels.{self.channel}.{account}"
        check_public_url(settings.public_url, where)
        self._keys = signing_keys(settings.auth_tokens, settings.webhook_keys, where)
        self._pools = _pools(settings, where)
        self._files = Files(settings.account_sid, settings.auth_tokens, settings.api_url, blobs)
        self._clients: dict[str, TwilioClient] = {}
        self._taken: OrderedDict[str, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account!r}, {self.settings!r})"

    def warnings(self) -> Sequence[str]:
        """That the first auth token is refused and the other one is in use."""
        if not any(client.refused for client in list(self._clients.values())):
            return ()
        name = f"channels.{self.channel}.{self.account}.auth_tokens"
        return (f"Twilio refuses {name}[0] and takes {name}[1]: put the current one first and leave out the other",)

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The door for messages, their fallback, status callbacks and event streams."""
        client = self._client("")
        return [Route(f"/{self.channel}/{self.account}", partial(self._door, accept, client), methods=["POST"])]

    def sources(self) -> Sequence[str]:
        """Each number, or the whole account."""
        return self.settings.numbers or (_EVERYTHING,)

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Pages of the list, for ever: from `since` at first, then from the overlap on, every `poll_seconds`."""
        address = "" if source == _EVERYTHING else self._address(source)
        client = self._client(source)
        after = timedelta(seconds=self.settings.list_after_seconds)
        listing = Listing(client, address, self.settings.page_size, after=after, echoes=self.settings.echoes)
        overlap = timedelta(hours=self.settings.overlap_hours) + after  # what is left to webhooks is not done yet
        listing.first_look()
        told = position is not None
        place = kept = self._saved(position, source) if position else Place(self._beginning(listing.now - overlap))
        while not stop.is_set():
            for items, place in listing.walk(place, overlap, self._wanted):  # noqa: B020 - a walk begins where the last one ended
                if items or place.worth_saving(kept):
                    kept, told = place, True
                    new = [item for item in items if item.name not in self._taken]
                    yield Page(tuple(self._listed(item, client) for item in new), place)
                if stop.is_set():
                    return
            if not told:
                kept, told = place, True
                yield Page((), place, 0)
            stop.wait(self.settings.poll_seconds)

    def recount(
        self, source: str, since: datetime, known: Callable[[str], bool], stop: threading.Event
    ) -> Iterator[Listed]:
        """The list from that day on, without what is left to webhooks. Files of known messages are not fetched."""
        client, after = self._client(source), timedelta(seconds=self.settings.list_after_seconds)
        address = "" if source == _EVERYTHING else self._address(source)
        listing = Listing(client, address, self.settings.page_size, after=after, echoes=self.settings.echoes)
        listing.first_look()
        for items, _ in listing.walk(Place(since), after, self._wanted):
            if stop.is_set():
                return
            unknown = [item for item in items if not known(message_id(self.channel, self.account, item.name))]
            yield Listed(len(items), tuple(self._listed(item, client) for item in unknown))

    async def _door(self, accept: Accept, client: TwilioClient, request: Request) -> Response:
        body = await signed_body(request, self._keys, self.settings.public_url)
        content_type = request.headers.get("content-type", "")[:300]
        bodies = deliveries(content_type, body)
        events = await asyncio.gather(*(self._posted(client, content_type, each) for each in bodies))
        await accept(events)
        for raw in events:  # Kafka has them: the list need not bring them again
            self._taken[raw.source_id] = None
        while len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        return twiml()

    async def _posted(self, client: TwilioClient, content_type: str, body: bytes) -> RawEvent:
        try:
            told = parameters(content_type, body)
        except Rejected:
            told = {}  # the eye says what is wrong with it
        status = callback_status(told)
        name = sid(told) or f"unnamed;{hashlib.sha256(body).hexdigest()}"
        files: tuple[Fetched, ...] = ()
        if has_files(told) and not status:
            files = await asyncio.to_thread(self._files.of, told, client, self.settings.file_seconds)
        return self._raw(told, f"{name};{status}" if status else name, body, content_type, noted(files))

    def _listed(self, item: Item, client: TwilioClient) -> RawEvent:
        return self._raw(item.told, f"{item.name};listed", item.body, JSON, noted(self._files.of(item.told, client)))

    def _raw(self, told: Told, source_id: str, body: bytes, content_type: str, attributes: dict[str, str]) -> RawEvent:
        pool = self._pools.get(parties(told).ours.address, "") if self._pools else ""
        return RawEvent(
            channel=self.channel,
            account=self.account,
            source_id=source_id,
            body=body,
            content_type=content_type,
            received_at=arrived(),
            key=parties(told, pool).thread or None,
            attributes={**attributes, POOL: pool} if pool else attributes,
        )

    def _client(self, source: str) -> TwilioClient:
        """The client of a source, or of the door ("")."""
        settings = self.settings
        client = TwilioClient(settings.account_sid, settings.auth_tokens, settings.api_url)
        self._clients[source] = client
        return client

    def _wanted(self, told: Told) -> bool:
        """Whether it belongs to this channel: WhatsApp has its own, everything else is read here."""
        networks = {network_of(told.get("from", "")), network_of(told.get("to", ""))}
        return ("whatsapp" in networks) == (self.network == "whatsapp")

    def _address(self, number: str) -> str:
        return number if not self.network or network_of(number) else f"{self.network}:{number}"

    def _beginning(self, usual: datetime) -> datetime:
        day = self.settings.since
        return usual if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)

    def _saved(self, position: bytes, source: str) -> Place:
        try:
            return msgspec.json.decode(position, type=Place)
        except (msgspec.MsgspecError, ValueError) as error:
            raise Misconfigured(
                f"{self.channel} account {self.account}: the saved place in {source} cannot be read ({error}): "
                "write a tombstone over its cursor to read the list anew"
            ) from error


def _pools(settings: MessagingSettings, where: str) -> dict[str, str]:
    """The messaging service of each number that belongs to one."""
    found: dict[str, str] = {}
    for service, numbers in settings.pools.items():
        for number in numbers:
            address = party(number).address
            if found.setdefault(address, service) != service:
                raise Misconfigured(f"{where}.pools has {number} in two messaging services: leave it in one")
    return found
