"""Posts of Meta, written by hand, and what becomes of them behind a served door."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from connectors._blobs import BlobStore
from connectors._edge import accepting
from connectors._http import HttpServer
from connectors._memory import MemoryKafka
from connectors._meta.receiver import MetaReceiver
from connectors._status import Status
from connectors.fakes.meta import FakeMeta
from connectors.instagram import Instagram
from connectors.messenger import Messenger
from connectors.whatsapp import WhatsApp
from normalizer.events import Message, RawEvent

Json = dict[str, Any]
SECRET = "0123456789abcdef0123456789abcdef"
RECEIVED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KINDS: dict[str, type[MetaReceiver[Any]]] = {"whatsapp": WhatsApp, "messenger": Messenger, "instagram": Instagram}
OBJECTS = {"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}
ANN = {"profile": {"name": "Ann"}, "wa_id": "4915112345678", "user_id": "DE.1349"}


def whatsapp(**told: Any) -> Json:
    """A post of one change of a WhatsApp number; `told` are lists of its value."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": [ANN]} | told
    return {"object": OBJECTS["whatsapp"], "entry": [{"id": "102", "changes": [{"field": "messages", "value": value}]}]}


def said(kind: str, content: Any, **more: Any) -> Json:
    """One message of Ann's on WhatsApp."""
    return {"from": "4915112345678", "id": "wamid.1", "timestamp": "1767323045", "type": kind, kind: content} | more


def direct(told: Json, kind: str = "messaging", channel: str = "messenger") -> Json:
    """A post of one event between the person 77 and the page 55."""
    event = {"sender": {"id": "77"}, "recipient": {"id": "55"}, "timestamp": 1767323045123} | told
    return {"object": OBJECTS[channel], "entry": [{"id": "55", "time": 1767323046000, kind: [event]}]}


def change(field: str, value: Json, channel: str = "messenger") -> Json:
    """A post of one change of the page 55."""
    entry = {"id": "55", "time": 1767323046, "changes": [{"field": field, "value": value}]}
    return {"object": OBJECTS[channel], "entry": [entry]}


def raw(post: Json | bytes, channel: str = "whatsapp", **more: Any) -> RawEvent:
    """The raw event of a post."""
    body = post if isinstance(post, bytes) else json.dumps(post).encode()
    facts: Json = {"channel": channel, "account": "main", "source_id": "1", "content_type": "application/json"}
    return RawEvent(body=body, received_at=RECEIVED, **(facts | more))


def read(post: Json | bytes, channel: str = "whatsapp") -> tuple[Message, ...]:
    """The messages of a post."""
    return KINDS[channel].read(raw(post, channel))


def one(post: Json, channel: str = "whatsapp") -> Message:
    """The only message of a post."""
    (message,) = read(post, channel)
    return message


def signed(channel: str, body: bytes, secret: str = SECRET) -> httpx.Request:
    """A post as Meta sends it."""
    digest = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={digest}"}
    return httpx.Request("POST", f"http://edge.test/{channel}/main", content=body, headers=headers)


class Door(msgspec.Struct):
    """A served account, its Kafka and its blobs."""

    url: str
    kafka: MemoryKafka
    blobs: BlobStore
    receiver: MetaReceiver[Any]

    def messages(self) -> list[Message]:
        """Everything that was published, read."""
        return [message for event in self.kafka.events for message in self.receiver.read(event)]

    def post(self, body: bytes, **headers: str) -> httpx.Response:
        """Post a body with these headers."""
        return httpx.post(self.url, content=body, headers=headers, trust_env=False)


@contextmanager
def serving(channel: str, folder: Path, settings: Json, kind: type[MetaReceiver[Any]] | None = None) -> Iterator[Door]:
    """An account behind a real server; `kind` is a receiver that differs from the channel's."""
    kafka, blobs = MemoryKafka(), BlobStore(folder.as_uri())
    kind = kind or KINDS[channel]
    receiver = kind("main", msgspec.convert(settings, kind.settings_type), blobs)
    with HttpServer(receiver.routes(accepting(receiver, kafka, Status("main")))).in_thread() as server:
        yield Door(f"http://127.0.0.1:{server.port}/{channel}/main", kafka, blobs, receiver)


class Served(NamedTuple):
    """A stand-in of Meta and a door that is registered there."""

    meta: FakeMeta
    door: Door

    def fresh(self) -> Served:
        """The same, with an empty Kafka."""
        self.door.kafka.events.clear()
        return self


@contextmanager
def subscribed(channel: str, folder: Path, **settings: Any) -> Iterator[Served]:
    """An account that is registered at a stand-in of Meta."""
    with FakeMeta() as meta, serving(channel, folder, meta.settings | settings) as door:
        meta.subscribe(OBJECTS[channel], door.url)
        yield Served(meta, door)
