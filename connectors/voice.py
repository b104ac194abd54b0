"""Phone calls, by Twilio: missed calls, voicemails and requests to be called back, by webhooks and, for repair, by lists.

``POST /voice/ACCOUNT`` answers a call that comes in with TwiML; the doors below it take what becomes of the call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
from starlette.routing import BaseRoute

from connectors._arrival import arrived
from connectors._base import Accept, Blobs, Page, Receiver
from connectors._media import noted
from connectors._recount import Listed, Recounted
from connectors._twilio.client import TwilioClient
from connectors._voice import callers
from connectors._voice.asked import Asked
from connectors._voice.doors import Doors
from connectors._voice.lookups import Lookups
from connectors._voice.polling import Batch, Item, Lists, Place, Source, concerns, unanswered
from connectors._voice.reading import read
from connectors._voice.recordings import Recordings
from connectors._voice.settings import VoiceSettings as VoiceSettings
from connectors._voice.settings import check
from connectors._voice.told import ASKED, JSON, THREAD, UNANSWERED, UNATTENDED, Told, listed
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Message, RawEvent


class Voice(Receiver[VoiceSettings], Recounted[VoiceSettings]):
    """One account of Twilio. Its sources are the lists of its calls and of its recordings.

    Delivery: at least once. A webhook is answered after the broker has it, and what no webhook told is found in the
    lists; both give the end of a call, and a voicemail, the same id. The raw record of a webhook is its body; of a list, one
    item of it. Only keys that were typed beyond a menu's one are replaced by ``redacted`` before anything is kept, since
    they may be a card's number; then the attribute ``redacted`` says so.
    """

    channel = "voice"
    settings_type = VoiceSettings

    def __init__(self, account: str, settings: VoiceSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        check(account, settings)
        self._recordings = Recordings(settings, blobs)
        self._lookups = Lookups(settings)
        self._asked = Asked()
        self._doors = Doors(account, settings, self._recordings, self._lookups, self._asked)
        self._second_token = False

    def __repr__(self) -> str:
        return f"Voice({self.account!r}, {self.settings!r})"

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The door for calls, and those for what becomes of them."""
        return self._doors.routes(accept)

    def sources(self) -> Sequence[str]:
        """``calls`` and ``recordings``."""
        return ("calls", "recordings")

    def warnings(self) -> Sequence[str]:
        """When Twilio does not take the first auth token any more."""
        if not self._second_token:
            return ()
        return (
            f"Twilio refuses the first of channels.voice.{self.account}.auth_tokens: remove it, the second is in use",
        )

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """What has ended and was not told from here, every `poll_seconds`."""
        client = TwilioClient(self.settings.account_sid, self.settings.auth_tokens, self.settings.api_url)
        lists = Lists(client, self.settings.page_size, timedelta(seconds=self.settings.list_after_seconds))
        place = self._place(position, source)
        while not stop.is_set():
            for batch in lists.batches(cast("Source", source), place, stop):
                found = (self._raw(source, item, batch, lists) for item in batch.items)
                events = tuple(raw for raw in found if raw is not None)
                place = batch.place
                self._second_token = client.refused
                yield Page(events, place, batch.behind)
            stop.wait(self.settings.poll_seconds)

    def recount(
        self, source: str, since: datetime, known: Callable[[str], bool], stop: threading.Event
    ) -> Iterator[Listed]:
        """A list from that day on, without what is left to webhooks."""
        del known  # what an item is known as depends on what is looked up for it
        client = TwilioClient(self.settings.account_sid, self.settings.auth_tokens, self.settings.api_url)
        lists = Lists(client, self.settings.page_size, timedelta(seconds=self.settings.list_after_seconds))
        for batch in lists.batches(cast("Source", source), Place(since), stop):
            found = (self._raw(source, item, batch, lists) for item in batch.items)
            events = tuple(raw for raw in found if raw is not None)
            yield Listed(len(events), events)

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The message of a webhook or of an item."""
        return read(raw)

    def _place(self, position: bytes | None, source: str) -> Place:
        if position is None:
            return Place(datetime.now(UTC) - timedelta(days=self.settings.backfill_days))
        try:
            return msgspec.json.decode(position, type=Place)
        except msgspec.MsgspecError as error:
            raise Misconfigured(
                f"voice account {self.account}: the saved place in {source} cannot be read ({error}): "
                "write a tombstone over its cursor to read the list anew"
            ) from error

    def _raw(self, source: str, item: Item, batch: Batch, lists: Lists) -> RawEvent | None:
        """The raw event of an item; None for one of another number's."""
        facts = {UNATTENDED: "yes"} if self.settings.unattended else {}
        if source == "recordings":
            call = self._lookups.call(item.call)
            if not self._is_ours(call):
                return None
            facts |= self._of_recording(item, call, lists)
        elif not concerns(item, self.settings.numbers, batch.day):
            return None
        else:
            facts |= {ASKED: self._asked.of(item.sid), THREAD: self._of_leg(item, batch)}
            facts |= {UNANSWERED: "yes"} if self.settings.forward and unanswered(item, batch.day) else {}
        return RawEvent(
            channel=self.channel,
            account=self.account,
            source_id=f"{source};{item.sid}",
            body=item.body,
            content_type=JSON,
            received_at=arrived(),
            key=item.parent or item.call or item.sid,
            attributes={key: text for key, text in facts.items() if text},
        )

    def _of_leg(self, item: Item, batch: Batch) -> str:
        """The conversation of the call that an item is a leg of; "" for a call itself."""
        parent = next((each for each in batch.day if item.parent and each.sid == item.parent), None)
        if parent is None:
            return self._lookups.thread(item.parent)
        try:
            return callers.call(listed(parent.body)).thread
        except Rejected:
            return ""  # the eye says why, of the call itself

    def _is_ours(self, call: Told) -> bool:
        numbers = self.settings.numbers
        return not (call and numbers) or not {call.get("From"), call.get("To")}.isdisjoint(numbers)

    def _of_recording(self, item: Item, call: Told, lists: Lists) -> dict[str, str]:
        """Its file, and the conversation of its call: the list of recordings does not name the caller."""
        try:
            files = self._recordings.fetch(listed(item.body), lists.media(item.sid))
        except Rejected:
            return {}  # the eye says why
        return {THREAD: callers.call(call).thread, **noted(files)}
