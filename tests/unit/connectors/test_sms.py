"""SMS keep what every connector, every receiver and every poller keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from connectors.sms import Sms
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import Source
from tests.conformance.receiver import ReceiverContract
from tests.conformance.recount import RecountContract
from tests.unit.connectors.twilio_messages import SECRET, Phone, callback, form, listed, posted, raw, settings, sid


@pytest.fixture(scope="module")
def twilio() -> Iterator[FakeTwilio]:
    """One for all, since a server takes a while to end."""
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as running:
        yield running


class TestSmsReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[Sms]] = Sms
    secret: ClassVar[str] = SECRET

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        return settings()

    def samples(self) -> Sequence[RawEvent]:
        """A message, one with files, a receipt, a consent, and two of the list."""
        resource = {
            "sid": sid(5),
            "direction": "inbound",
            "body": "hi",
            "from": "+1500",
            "to": "+1501",
            "status": "received",
        }
        return [
            raw(form(1)),
            raw(form(2, Body="", NumMedia="1", MediaUrl0="https://api.twilio.com/x", MediaContentType0="image/png")),
            raw(callback(3, "delivered")),
            raw(form(4, Body="STOP", OptOutType="STOP")),
            listed(resource),
            listed(resource | {"direction": "outbound-api", "status": "sent"}),
        ]


class TestSmsIsPosted(ReceiverContract):
    """The door."""

    connector: ClassVar[type[Sms]] = Sms

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        return settings()

    def request(self, number: int) -> httpx.Request:
        """A message."""
        return posted("/sms/main", form(number))

    def forged(self) -> httpx.Request | None:
        """Signed with another token."""
        return posted("/sms/main", form(1), key="another token")


class TestSmsIsListed(RecountContract):
    """The list."""

    connector: ClassVar[type[Sms]] = Sms

    @pytest.fixture
    def source(self, twilio: FakeTwilio, tmp_path: Path) -> Source:
        """A phone, and a stand-in that it writes to."""
        twilio.messages.stored.clear()
        return Phone(twilio, tmp_path)
