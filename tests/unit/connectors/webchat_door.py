"""A chat that is served on the loopback, a browser's side of it in Python, and the site's own server."""

from __future__ import annotations

import base64
import hmac
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import jwt
import msgspec
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from connectors._blobs import BlobStore
from connectors._http import HttpServer
from connectors._memory import MemoryKafka
from connectors.webchat import WebChat, WebChatSettings
from normalizer.events import Message
from normalizer.wire import raw_headers, read_raw

SECRET = "a secret of 32 bytes for the tests"
SITE = "https://shop.example"


def settings(**more: Any) -> WebChatSettings:
    """Settings of a chat for `SITE`."""
    return WebChatSettings(**{"secrets": (SECRET,), "origins": (SITE,), "address_per_minute": 100_000, **more})


def identity(sub: str, *, secret: str = SECRET, seconds: float = 300, **claims: Any) -> str:
    """What the site's server signs for a customer who is logged in."""
    return jwt.encode({"sub": sub, "exp": time.time() + seconds, **claims}, secret, algorithm="HS256")


def signed(body: bytes, *, secret: str = SECRET, delivery: str = "msg_1") -> dict[str, str]:
    """The headers of a post by the site's server (Standard Webhooks)."""
    now = str(int(time.time()))
    digest = hmac.digest(secret.encode(), b".".join([delivery.encode(), now.encode(), body]), "sha256")
    return {
        "webhook-id": delivery,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


class Tab:
    """One tab: a socket that has said hello."""

    def __init__(self, socket: ClientConnection, **hello: Any) -> None:
        self.socket = socket
        self.send(type="hello", **hello)
        self.welcome = self.next()

    @property
    def token(self) -> str:
        """The session's token."""
        return str(self.welcome["token"])

    def send(self, **frame: Any) -> None:
        """Send a frame."""
        self.socket.send(msgspec.json.encode(frame).decode())

    def next(self) -> dict[str, Any]:
        """The next frame from the edge."""
        frame: dict[str, Any] = msgspec.json.decode(self.socket.recv(timeout=10))
        return frame

    def say(self, text: str, own: str = "", **more: Any) -> dict[str, Any]:
        """Say something, and give the edge's answer to it: ``said`` or ``refused``."""
        own = own or str(uuid.uuid4())
        self.send(type="message", id=own, text=text, **more)
        while (frame := self.next()).get("id") != own:
            pass
        return frame

    def until_closed(self) -> None:
        """Read until the edge closes the socket, which is raised."""
        while True:
            self.next()

    def heard(self) -> list[str]:
        """The texts of all entries that came by now, each once, in their order."""
        self.send(type="ping")
        texts: dict[int, str] = {}
        while (frame := self.next())["type"] != "pong":
            if frame["type"] == "said":
                texts[frame["n"]] = frame["text"]
        return list(texts.values())


class Door:
    """A running chat, its broker and its blobs."""

    def __init__(self, found: WebChatSettings) -> None:
        self.kafka = MemoryKafka()
        self.blobs = BlobStore("memory://webchat")
        self.chat = WebChat("shop", found, self.blobs)
        self.url = ""
        self.stop: Callable[[], None] = lambda: None
        self.client = httpx.Client(timeout=20, trust_env=False, headers={"Origin": SITE})

    @contextmanager
    def tab(self, *, origin: str = SITE, **hello: Any) -> Iterator[Tab]:
        """A tab on the site."""
        with connect(f"{self.url.replace('http', 'ws', 1)}/socket", origin=Origin(origin), proxy=None) as socket:
            yield Tab(socket, **hello)

    def hello(self, **hello: Any) -> dict[str, Any]:
        """A hello by plain HTTP."""
        answer = self.client.post(f"{self.url}/hello", json={"type": "hello", **hello})
        found: dict[str, Any] = answer.json()
        return found

    def post(self, token: str, **frame: Any) -> httpx.Response:
        """A frame by plain HTTP."""
        return self.client.post(f"{self.url}/frames", json=frame, headers={"Authorization": f"Bearer {token}"})

    def answer(self, session: str, text: str, own: str = "a-1", **more: Any) -> httpx.Response:
        """An agent's answer, by the site's server."""
        body = msgspec.json.encode({"session": session, "text": text, "id": own, **more})
        return self.client.post(f"{self.url}/answers", content=body, headers=signed(body))

    def messages(self) -> list[Message]:
        """What all records became, after their way through Kafka."""
        raws = [read_raw(raw.body, raw_headers(raw), key=(raw.key or "").encode()) for raw in self.kafka.events]
        return [message for raw in raws for message in WebChat.read(raw)]


@contextmanager
def serving(found: WebChatSettings | None = None) -> Iterator[Door]:
    """A chat that is served."""
    door = Door(found or settings())
    with HttpServer(door.chat.routes(door.kafka.accept)).in_thread() as server, door.client:
        door.stop = server.stop
        door.url = f"http://127.0.0.1:{server.port}/webchat/shop"
        yield door
