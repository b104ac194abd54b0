"""The web form keeps what every connector and every door keeps."""

import base64
import hmac
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connectors._webform.reading import RECORD, Record
from connectors._webform.submission import File
from connectors.webform import WebForm
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.receiver import ReceiverContract

pytestmark = pytest.mark.slow

FILE = File("attachments", "photo.jpg", "image/jpeg", 3, "ab" * 32)


def sample(content_type: str, body: bytes, **more: Any) -> RawEvent:
    """A raw event as the door makes it."""
    return RawEvent(
        channel="webform",
        account="main",
        source_id="0f8a4c55.9d1e",
        body=body,
        content_type=content_type,
        received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        attributes={"remoteaddress": "192.0.2.1", "useragent": "a browser"},
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        **more,
    )


class TestWebFormReads(ConnectorContract):
    """The eye."""

    connector = WebForm

    def settings(self) -> dict[str, Any]:
        """A form for servers, which has a secret."""
        return {"secrets": [self.secret]}

    def samples(self) -> Sequence[RawEvent]:
        """One of each media type."""
        fields = (("email", "ann@example.org"), ("message", "hi"), ("order", "7"))
        return [
            sample("application/json", b'{"email": "ann@example.org", "message": "hi", "order": 7}'),
            sample("application/x-www-form-urlencoded", b"email=ann%40example.org&message=hi&order=7"),
            sample(RECORD, Record(fields, (FILE,)).encode(), dataref="cd" * 32),
        ]


class _Doors(ReceiverContract):
    connector = WebForm
    secret: ClassVar[str] = "a secret of the tests"

    def body(self, number: int) -> bytes:
        """A post, different for each number."""
        return msgspec.json.encode({"email": "ann@example.org", "message": f"order {number}"})


class TestSignedDoor(_Doors):
    """The door of a form for servers."""

    def settings(self) -> dict[str, Any]:
        """One secret."""
        return {"secrets": [self.secret]}

    def request(self, number: int) -> httpx.Request:
        """A post that is signed now, under an id of its own."""
        return self._signed(number, self.secret)

    def forged(self) -> httpx.Request:
        """A post that is signed with a guess."""
        return self._signed(1, "a guess of the secret")

    def _signed(self, number: int, secret: str) -> httpx.Request:
        body, delivery, now = self.body(number), f"delivery-{number}", str(int(time.time()))
        digest = hmac.digest(secret.encode(), b".".join([delivery.encode(), now.encode(), body]), "sha256")
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery,
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        return httpx.Request("POST", "http://edge.test/webform/main", content=body, headers=headers)


class TestPublicDoor(_Doors):
    """The door of a form on a web page."""

    def settings(self) -> dict[str, Any]:
        """As it comes."""
        return {}

    def request(self, number: int) -> httpx.Request:
        """A post with the key that the page gave it."""
        headers = {"content-type": "application/json", "idempotency-key": f"page-key-{number}"}
        return httpx.Request("POST", "http://edge.test/webform/main", content=self.body(number), headers=headers)

    def forged(self) -> None:
        """Nobody signs here."""
