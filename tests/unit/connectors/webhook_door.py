"""A webhook that is served in memory, and posts as vendors sign them."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from connectors._blobs import BlobStore
from connectors._edge import accepting
from connectors._guard import Limits
from connectors._http import application
from connectors._memory import MemoryKafka
from connectors._status import Status
from connectors.webhook import Webhook, WebhookSettings
from normalizer.events import Message, RawEvent
from normalizer.wire import raw_headers, read_raw

SECRET = "0123456789abcdef0123456789abcdef"
PAGE = Path(__file__).parents[3] / "docs" / "channels" / "webhook.md"


def settings_of(page: Path, account: str) -> dict[str, Any]:
    """The settings of an account as the documentation shows them, with our secret."""
    for block in page.read_text("utf-8").split("```toml\n")[1:]:
        channels = tomllib.loads(block.partition("```")[0])["channels"]
        for found in channels.values():
            if account in found:
                return {**found[account], **({"secrets": [SECRET]} if "secrets" in found[account] else {})}
    raise KeyError(account)


def standard(body: bytes, delivery: str, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.digest(secret.encode(), f"{delivery}.{timestamp}.".encode() + body, "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


class Door:
    """A door, the Kafka behind it, and what the eye makes of what is there."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        found = msgspec.convert({"secrets": [SECRET], **settings}, WebhookSettings)
        self.kafka = MemoryKafka()
        self.blobs = BlobStore(folder.as_uri())
        self.webhook = made = Webhook("shop", found, self.blobs)
        routes = made.routes(accepting(made, self.kafka, Status("shop")))
        self._app = httpx.ASGITransport(application(routes, Limits(), tuple))

    def send(
        self, method: str, body: bytes = b"", headers: Mapping[str, str] | None = None, query: str = ""
    ) -> httpx.Response:
        """Any request."""

        async def sent() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._app, base_url="http://edge.test") as client:
                return await client.request(method, f"/webhook/shop{query}", content=body, headers=headers)

        return asyncio.run(sent())

    def post(self, value: Any, delivery: str = "d1", **headers: str) -> httpx.Response:
        """A signed post of bytes, or of any value as JSON."""
        body = value if isinstance(value, bytes) else msgspec.json.encode(value)
        return self.send("POST", body, standard(body, delivery) | {k.replace("_", "-"): v for k, v in headers.items()})

    def records(self) -> list[RawEvent]:
        """What Kafka has, after its way through the wire."""
        return [
            read_raw(raw.body, raw_headers(raw), key=None if raw.key is None else raw.key.encode())
            for raw in self.kafka.events
        ]

    def messages(self) -> list[Message]:
        """What the eye reads; every record must be readable."""
        return [message for raw in self.records() for message in Webhook.read(raw)]
