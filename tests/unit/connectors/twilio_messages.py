"""Webhooks of Twilio as its own package signs them, and a phone that writes to a stand-in of Twilio."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from connectors._blobs import BlobStore
from connectors._twilio.messaging import Messaging
from connectors._twilio.settings import MessagingSettings
from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from connectors.sms import Sms
from normalizer.events import Message, RawEvent
from tests.conformance.poller import Source

SECRET = "s3cr3t-of-the-tests"
PUBLIC = "https://hooks.example.com"
OURS, CUSTOMER = "+15005550006", "+4915112345678"
FORM = "application/x-www-form-urlencoded"


def settings(**more: Any) -> dict[str, Any]:
    """As in a configuration file."""
    return {"account_sid": ACCOUNT_SID, "auth_tokens": [SECRET], "public_url": PUBLIC, **more}


def sid(number: int) -> str:
    """A message's."""
    return f"SM{number:032x}"


def form(number: int = 1, **more: str) -> dict[str, str]:
    """The parameters of a message: https://www.twilio.com/docs/messaging/guides/webhook-request."""
    name = sid(number)
    usual = {
        "MessageSid": name,
        "SmsSid": name,
        "SmsMessageSid": name,
        "AccountSid": ACCOUNT_SID,
        "SmsStatus": "received",
    }
    usual |= {"From": CUSTOMER, "To": OURS, "Body": f"text {number}", "NumMedia": "0", "NumSegments": "1"}
    return usual | {"ApiVersion": "2010-04-01", **more}


def callback(number: int, status: str, **more: str) -> dict[str, str]:
    """The parameters of a status callback: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status."""
    name = sid(number)
    usual = {
        "SmsSid": name,
        "SmsStatus": status,
        "MessageStatus": status,
        "MessageSid": name,
        "AccountSid": ACCOUNT_SID,
    }
    return usual | {"To": CUSTOMER, "From": OURS, "ApiVersion": "2010-04-01", **more}


def raw(told: Mapping[str, str], channel: str = "sms", **attributes: str) -> RawEvent:
    """A webhook as it lies on the topic."""
    return RawEvent(
        channel=channel,
        account="main",
        source_id=told.get("MessageSid", "none"),
        body=urlencode(told).encode(),
        content_type=FORM,
        received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        attributes=attributes,
    )


def listed(resource: Mapping[str, Any], channel: str = "sms") -> RawEvent:
    """A message of the API's list as it lies on the topic."""
    body = msgspec.json.encode(resource)
    return msgspec.structs.replace(raw({}, channel), body=body, content_type="application/json", source_id="listed")


def one(connector: type[Messaging], event: RawEvent) -> Message:
    """The one message of a raw event."""
    (message,) = connector.read(event)
    return message


def posted(path: str, told: Mapping[str, str], *, key: str = SECRET, query: str = "") -> httpx.Request:
    """A signed webhook."""
    address = path + (f"?{query}" if query else "")
    signature = RequestValidator(key).compute_signature(PUBLIC + address, told)
    return httpx.Request(
        "POST", f"http://edge.test{address}", data=dict(told), headers={"X-Twilio-Signature": signature}
    )


class Phone(Source):
    """A customer who writes to a number of a stand-in."""

    name = "messages"

    def __init__(
        self, twilio: FakeTwilio, folder: Path, kind: type[Messaging] = Sms, prefix: str = "", **more: Any
    ) -> None:
        self.twilio = twilio
        self.folder = folder
        self.kind = kind
        self.prefix = prefix
        self.more = more

    def put(self, number: int) -> list[str]:
        """Messages whose webhooks were lost."""
        return [self._write(f"word {index}") for index in range(number)]

    def put_bad(self) -> None:
        """A message without a Sid, without a time."""
        self.twilio.messages.receive(f"{self.prefix}{CUSTOMER}", f"{self.prefix}{OURS}", quiet=True).sid = ""

    def told(self, raw: RawEvent) -> str:
        """The Sid."""
        return str(msgspec.json.decode(raw.body).get("sid", ""))

    def poller(self) -> Messaging:
        """With small pages."""
        given = settings(api_url=self.twilio.url, page_size=4, poll_seconds=0.02, list_after_seconds=0) | self.more
        made = msgspec.convert(given, MessagingSettings)
        return self.kind("main", made, BlobStore((self.folder / "blobs").as_uri()))

    def _write(self, body: str) -> str:
        return self.twilio.messages.receive(f"{self.prefix}{CUSTOMER}", f"{self.prefix}{OURS}", body, quiet=True).sid
