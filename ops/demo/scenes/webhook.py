"""Two systems post to us: LINE, a batch at a time and signed in its own way, and a shop with signed CloudEvents."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

SECRET = "demo-secret-of-a-webhook"  # noqa: S105 - of a door on the loopback that ends with the demo
PAUSE_SECONDS = 0.5

_LINE = {
    "items": "events",
    "id": "message.id || webhookEventId",
    "thread": "source.userId",
    "parents": "unsend.messageId",
    "sender": {"chat": "source.userId"},
    "text": "message.text",
    "sent_at": "timestamp",
    "kind": "message.type || type",
    "kinds": {"unsend": "deletion", "follow": "nothing"},
}


class Systems:
    """Both, as customers of ours have them."""

    def __init__(self) -> None:
        line = {"header": "X-Line-Signature", "encoding": "base64"}
        self.accounts: Accounts = {
            "webhook": {
                "line": {"secrets": [SECRET], "signature": line, "mapping": _LINE},
                "shop": {"secrets": [SECRET]},
            }
        }

    async def play(self, door: str, cluster: Cluster) -> None:
        """Post, retry a post, take a message back."""
        del cluster
        run = uuid4().hex[:8]
        async with httpx.AsyncClient(base_url=door, trust_env=False) as client:
            hello = _said(run, "1", "Hello! Do you deliver on Saturdays?")
            typo = _said(run, "2", "And to Osloo?")
            await _line(client, {"type": "follow", "source": hello["source"], "webhookEventId": f"{run}f"}, hello, typo)
            await asyncio.sleep(PAUSE_SECONDS)
            await _line(
                client, {**_said(run, "2", ""), "type": "unsend", "message": {}, "unsend": {"messageId": f"{run}2"}}
            )
            await asyncio.sleep(PAUSE_SECONDS)
            order = {
                "specversion": "1.0",
                "id": run,
                "source": "https://shop.example/orders",
                "type": "example.shop.complaint",
                "time": datetime.now(UTC).isoformat(),
                "data": {
                    "email": "mika@harbour.example",
                    "name": "Mika Laine",
                    "subject": "Order 1042 arrived broken",
                    "text": "Two of the six glasses are broken. Please send new ones before Friday, it is urgent.",
                    "thread": f"order 1042 {run}",
                },
            }
            for _ in range(2):  # the shop never heard the first answer
                await _shop(client, order)


def _said(run: str, number: str, text: str) -> dict[str, Any]:
    return {
        "type": "message",
        "timestamp": int(time.time() * 1000),
        "source": {"type": "user", "userId": f"U{run}"},
        "webhookEventId": f"{run}e{number}",
        "message": {"id": f"{run}{number}", "type": "text", "text": text},
    }


async def _line(client: httpx.AsyncClient, *events: dict[str, Any]) -> None:
    body = msgspec.json.encode({"destination": "Udemo", "events": events})
    head = {"X-Line-Signature": base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()}
    await _post(client, "line", body, {"Content-Type": "application/json", **head})


async def _shop(client: httpx.AsyncClient, event: dict[str, Any]) -> None:
    body = msgspec.json.encode(event)
    delivery, timestamp = event["id"], str(int(time.time()))
    digest = hmac.digest(SECRET.encode(), f"{delivery}.{timestamp}.".encode() + body, "sha256")
    head = {
        "Content-Type": "application/cloudevents+json",
        "webhook-id": delivery,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    await _post(client, "shop", body, head)


async def _post(client: httpx.AsyncClient, account: str, body: bytes, head: dict[str, str]) -> None:
    answer = await client.post(f"/webhook/{account}", content=body, headers=head)
    answer.raise_for_status()


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """It needs no server of its own."""
    yield Systems()
