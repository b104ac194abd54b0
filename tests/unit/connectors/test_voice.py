"""The channel voice keeps what every connector, every door and every poller keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from connectors._blobs import BlobStore
from connectors._twilio.signature import FORM
from connectors.fakes.twilio import AUTH_TOKEN, FakeTwilio
from connectors.voice import Voice, VoiceSettings
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import Source
from tests.conformance.receiver import ReceiverContract
from tests.conformance.recount import RecountContract
from tests.unit.connectors.voice_line import ANN, OURS, PUBLIC, read, recorded, settings, stand_in, told, transcribed


class TestVoiceReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[Voice]] = Voice

    def settings(self) -> dict[str, Any]:
        """With two tokens and a shared key."""
        return settings(auth_tokens=[self.secret, self.secret + "-before"], webhook_keys=[self.secret])

    def samples(self) -> Sequence[RawEvent]:
        """One of each door, and of each list."""
        listed = {"sid": "CA" + "9" * 32, "from": ANN, "to": OURS, "status": "completed", "direction": "inbound",
                  "duration": "0", "start_time": "Sun, 22 Nov 2026 12:00:00 +0000"}  # fmt: skip
        item = msgspec.structs.replace(told(), body=msgspec.json.encode(listed), content_type="application/json")
        return [
            told("incoming", CallStatus="ringing"),
            told("status", CallStatus="no-answer", Timestamp="Sun, 22 Nov 2026 11:59:58 +0000"),
            told("dial", DialCallStatus="busy", CallStatus="in-progress"),
            told("queue", QueueResult="hangup", QueueSid="QU1", CallStatus="completed"),
            told("gather", Digits="1", CallStatus="in-progress"),
            told("record", RecordingSid="RE1", Digits="hangup", CallStatus="in-progress"),
            recorded(),
            transcribed(),
            item,
        ]


class TestVoiceDoors(ReceiverContract):
    """The hand that is called."""

    connector: ClassVar[type[Voice]] = Voice

    def settings(self) -> dict[str, Any]:
        """One token."""
        return settings()

    def request(self, number: int) -> httpx.Request:
        """A call that comes in."""
        return self._signed(number, AUTH_TOKEN)

    def forged(self) -> httpx.Request:
        """One that was signed with a guess."""
        return self._signed(1, "a guess of the token")

    def _signed(self, number: int, token: str) -> httpx.Request:
        form = {"CallSid": f"CA{number:032x}", "From": ANN, "To": OURS, "CallStatus": "ringing", "Direction": "inbound"}
        signature = RequestValidator(token).compute_signature(f"{PUBLIC}/voice/main", form)
        headers = {"content-type": FORM, "x-twilio-signature": signature}
        return httpx.Request("POST", "http://edge.test/voice/main", content=urlencode(form), headers=headers)


class CallList(Source):
    """The list of calls of a stand-in of Twilio."""

    name = "calls"

    def __init__(self, twilio: FakeTwilio) -> None:
        self.twilio = twilio
        self.blobs = BlobStore("memory://voice")

    def put(self, number: int) -> list[str]:
        """Calls that nobody took."""
        return [self.twilio.phone.calls.add(ANN, OURS, "no-answer").sid for _ in range(number)]

    def put_bad(self) -> None:
        """A call without an id."""
        self.twilio.phone.calls.add(ANN, OURS, "busy").sid = None  # type: ignore[assignment]  # what it is about

    def told(self, raw: RawEvent) -> str:
        """The id of a call."""
        return str(msgspec.json.decode(raw.body)["sid"] or "")

    def poller(self) -> Voice:
        """With small pages, asked often."""
        made = settings(api_url=self.twilio.url, page_size=4, poll_seconds=0.01, list_after_seconds=0)
        return Voice("main", msgspec.convert(made, VoiceSettings), self.blobs)


class TestVoicePolls(RecountContract):
    """The hand that asks."""

    connector: ClassVar[type[Voice]] = Voice

    @pytest.fixture
    def source(self) -> Iterator[Source]:
        """A stand-in of this test's own."""
        with stand_in() as twilio:
            yield CallList(twilio)


def test_the_time_of_a_status_is_twilios_own() -> None:
    """In UTC, from either side."""
    message = read(told(CallStatus="no-answer", Timestamp="Sun, 22 Nov 2026 12:59:58 +0100"))
    assert message.sent_at is not None
    assert message.sent_at == message.received_at - timedelta(seconds=2)
