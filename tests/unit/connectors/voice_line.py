"""A telephone line: the stand-in of Twilio, and an account of the channel voice whose doors it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors._blobs import BlobStore
from connectors._guard import Limits
from connectors._http import HttpServer, application
from connectors._twilio.signature import FORM
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from connectors.voice import Voice, VoiceSettings
from normalizer.errors import Retriable
from normalizer.events import Message, Origin, RawEvent
from normalizer.wire import raw_headers, read_raw
from tests.unit.streams.line import Line as Board

OURS, ANN, BOB, JO = "+15005550006", "+14155550101", "+4930123456", "+15005550009"
PUBLIC = "https://hooks.shop.example"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CALL = "CA" + "1" * 32
LEG = "CA" + "7" * 32
RECORDING = "RE" + "2" * 32
TRANSCRIPTION = "TR" + "3" * 32


_RUNNING = ExitStack()


class Line:
    """A line and what came of it."""

    def __init__(self, twilio: FakeTwilio, settings: VoiceSettings) -> None:
        self.twilio = twilio
        self.blobs = BlobStore("memory://voice")
        self.voice = Voice("main", settings, self.blobs)
        self.events: list[RawEvent] = []
        self.down = False

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """Keep the events, as Kafka does, or refuse them while `down`."""
        if self.down:
            raise Retriable("the broker is away", retry_after=7)
        self.events.extend(events)

    def messages(self) -> list[Message]:
        """Everything that was told, after its way through Kafka; of several with one id the first, as threading does."""
        found: dict[str, Message] = {}
        for raw in self.events:
            key = None if raw.key is None else raw.key.encode()
            for message in Voice.read(read_raw(raw.body, raw_headers(raw), key=key)):
                found.setdefault(message.id, message)
        return list(found.values())

    def waking(self) -> list[str]:
        """The subjects of what asks somebody to act."""
        return [each.subject for each in self.messages() if each.kind == "message"]


def settings(**more: Any) -> dict[str, Any]:
    """Settings as they stand in a configuration file."""
    return {"account_sid": ACCOUNT_SID, "auth_tokens": [AUTH_TOKEN], "public_url": PUBLIC} | more


class _Doors:
    """The doors that are open now."""

    open: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.open(scope, receive, send)


@cache
def _servers() -> tuple[FakeTwilio, _Doors, int]:
    """One of each for all tests, since a server takes a while to end; they end with the process."""
    doors = _Doors()
    server = _RUNNING.enter_context(HttpServer([Mount("/", doors)]).in_thread())
    return _RUNNING.enter_context(FakeTwilio()), doors, server.port


@contextmanager
def stand_in() -> Iterator[FakeTwilio]:
    """The stand-in of Twilio, without anything that was told before."""
    twilio, _, _ = _servers()
    calls, phone = twilio.phone.calls, twilio.phone
    for each in (calls.stored, calls.recordings, calls.transcriptions, phone.lines, phone.colleagues, phone.heard):
        each.clear()
    twilio.webhooks.attempts.clear()
    twilio.account.asked.clear()
    yield twilio


@contextmanager
def line(**more: Any) -> Iterator[Line]:
    """A line of ours, whose doors are behind a proxy at `PUBLIC`."""
    twilio, doors, port = _servers()
    with stand_in():
        made = Line(twilio, msgspec.convert(settings(api_url=twilio.url, **more), VoiceSettings))
        doors.open = application(made.voice.routes(made.accept), Limits(), tuple)
        twilio.webhooks.behind[PUBLIC] = f"http://127.0.0.1:{port}"
        twilio.line(OURS, f"{PUBLIC}/voice/main", status_callback=f"{PUBLIC}/voice/main/status")
        yield made


def told(door: str = "status", attributes: Mapping[str, str] | None = None, **parameters: str) -> RawEvent:
    """The raw event of a webhook, of a call from Ann to us unless told otherwise."""
    usual = {"CallSid": CALL, "From": ANN, "To": OURS, "Direction": "inbound", "AccountSid": ACCOUNT_SID}
    body = urlencode({name: text for name, text in (usual | parameters).items() if text}).encode()
    return RawEvent(
        channel="voice",
        account="main",
        source_id=f"{door};1",
        body=body,
        content_type=FORM,
        received_at=NOW,
        key=CALL,
        attributes={"door": door, **(attributes or {})},
    )


def recorded(**parameters: str) -> RawEvent:
    """The callback of a recording, which does not name the caller."""
    usual = {"RecordingSid": RECORDING, "RecordingStatus": "completed", "RecordingDuration": "23",
             "RecordingSource": "RecordVerb", "From": "", "To": "", "Direction": ""}  # fmt: skip
    return told("recording", {"thread": f"{OURS}|{ANN}"}, **(usual | parameters))


def transcribed(**parameters: str) -> RawEvent:
    """The callback of a transcription."""
    usual = {"TranscriptionSid": TRANSCRIPTION, "TranscriptionStatus": "completed", "CallStatus": "completed",
             "TranscriptionText": "My order is late.", "RecordingSid": RECORDING}  # fmt: skip
    return told("transcription", {"thread": f"{OURS}|{ANN}"}, **(usual | parameters))


def read(raw: RawEvent) -> Message:
    """The one message of a raw event."""
    (message,) = Voice.read(raw)
    return message


def placed(*messages: Message) -> Board:
    """The messages after threading and routing, each from a raw record of its own."""
    board = Board()
    for offset, message in enumerate(messages):
        board.feed(msgspec.structs.replace(message, origin=Origin("raw.voice", 0, offset)))
    return board
