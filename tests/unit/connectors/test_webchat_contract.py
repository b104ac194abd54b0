"""The web chat keeps what every connector and every door keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from connectors._signature import keys
from connectors._webchat.tokens import Tokens, Visitor
from connectors.webchat import WebChat
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.receiver import ReceiverContract
from tests.unit.connectors.webchat_door import signed

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-of-the-tests, long enough"
SESSION = "0123456789abcdef" * 2


def sample(frame: dict[str, Any], **attributes: str) -> RawEvent:
    """A raw event as the desk makes it."""
    return RawEvent(
        channel="webchat",
        account="main",
        source_id=f"{SESSION};{frame['id']}",
        body=msgspec.json.encode(frame),
        content_type="application/json",
        received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        key=SESSION,
        attributes={"by": "visitor", "remoteaddress": "192.0.2.1", **attributes},
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


class TestWebChatReads(ConnectorContract):
    """The eye."""

    connector = WebChat
    secret = SECRET

    def settings(self) -> dict[str, Any]:
        """One secret."""
        return {"secrets": [self.secret]}

    def samples(self) -> Sequence[RawEvent]:
        """Words, words of somebody who is known, a file, a receipt, an answer."""
        said = {"type": "message", "id": "7a0f-0001", "text": "Hello", "at": 1767323040000}
        media = json.dumps([{"url": "", "name": "a.png", "content_type": "image/png", "sha256": "ab" * 32, "size": 3}])
        return [
            sample(said),
            sample({**said, "profile": {"name": "Ann", "email": "ann@example.org"}}, page="https://shop.example/cart"),
            sample(said, user="42", email="ann@example.org", name="Ann"),
            sample({**said, "text": "", "files": ["x"]}, media=media),
            sample({"type": "read", "id": "a-1", "at": 1767323040000}),
            sample({"session": SESSION, "id": "a-1", "text": "Hi", "name": "Tom"}, by="agent"),
        ]


class _Doors(ReceiverContract):
    connector = WebChat

    def settings(self) -> dict[str, Any]:
        """One secret."""
        return {"secrets": [SECRET]}


class TestFrameDoor(_Doors):
    """A visitor's messages by plain HTTP."""

    def request(self, number: int) -> httpx.Request:
        """A message of a session."""
        return self._said(number, SECRET)

    def forged(self) -> httpx.Request:
        """A session that somebody else signed."""
        return self._said(1, "a guess that is as long as a secret")

    def _said(self, number: int, secret: str) -> httpx.Request:
        visitor = Visitor(session=SESSION, active=0, expires=4_000_000_000)
        token = Tokens(keys([secret], "here"), "main", "here").seal(visitor)
        frame = {"type": "message", "id": f"message-{number}", "text": f"number {number}"}
        headers = {"Authorization": f"Bearer {token}", "Origin": "http://edge.test"}
        return httpx.Request("POST", "http://edge.test/webchat/main/frames", json=frame, headers=headers)


class TestAnswerDoor(_Doors):
    """Agents' answers."""

    def request(self, number: int) -> httpx.Request:
        """An answer that is signed now."""
        return self._answer(number, SECRET)

    def forged(self) -> httpx.Request:
        """An answer that is signed with a guess."""
        return self._answer(1, "a guess of the secret")

    def _answer(self, number: int, secret: str) -> httpx.Request:
        body = msgspec.json.encode({"session": SESSION, "id": f"answer-{number}", "text": "Hi"})
        headers = signed(body, secret=secret, delivery=f"delivery-{number}")
        return httpx.Request("POST", "http://edge.test/webchat/main/answers", content=body, headers=headers)
