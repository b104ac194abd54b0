"""A visitor chats on a shop's page: over a real socket, with a lost line, an agent's answer, and a look at it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

_PATH = "/webchat/demo"
_PROFILE = {"name": "Mika Lind", "email": "mika@lind.example"}


class Visit:
    """A browser tab, told by its frames. The site's server holds the secret and brings the agent's words."""

    def __init__(self) -> None:
        self._secret = secrets.token_hex(32)
        settings = {"secrets": [self._secret], "title": "Chat with the shop", "ask": ["name", "email"]}
        self.accounts: Accounts = {"webchat": {"demo": settings}}
        self._token = ""
        self._session = ""
        self._newest = 0

    async def play(self, door: str, cluster: Cluster) -> None:
        """Ask, lose the line, come back and find the answer, read it, and thank."""
        del cluster
        try:
            await self._chat(door)
        except (WebSocketException, TimeoutError) as error:
            raise ConnectionError(f"the line to {door}{_PATH} is lost ({error})") from error

    async def _chat(self, door: str) -> None:
        async with self._tab(door) as tab:
            await self._say(tab, "Hi! The blue kettle that came today does not switch on.")
            await tab.send('{"type":"typing"}')
            await self._say(tab, "Is there a reset, or shall I send it back?")
        await self._answer(door, "Sorry about that! Hold the button for ten seconds, please.")
        async with self._tab(door) as tab:  # the answer came while the line was lost
            await self._told(tab, {"type": "read", "id": "answer-1", "at": time.time() * 1000})
            await self._say(tab, "That worked, thank you!")

    @contextlib.asynccontextmanager
    async def _tab(self, door: str) -> AsyncIterator[ClientConnection]:
        async with connect(f"ws{door.removeprefix('http')}{_PATH}/socket", origin=Origin(door), proxy=None) as tab:
            welcome = await self._told(tab, {"type": "hello", "token": self._token, "after": self._newest})
            self._token, self._session = welcome["token"], welcome["session"]
            yield tab

    async def _say(self, tab: ClientConnection, text: str) -> None:
        own = str(uuid.uuid4())
        said = await self._told(
            tab, {"type": "message", "id": own, "text": text, "at": time.time() * 1000, "profile": _PROFILE}
        )
        self._newest = said["n"]

    async def _told(self, tab: ClientConnection, frame: dict[str, Any]) -> dict[str, Any]:
        """The edge's answer to a frame; until it has come nothing was taken."""
        await tab.send(msgspec.json.encode(frame).decode())
        async with asyncio.timeout(30):
            while True:
                answer: dict[str, Any] = msgspec.json.decode(await tab.recv())
                if answer["type"] == "refused":
                    raise ConnectionError(f"the chat refused a frame: {answer['detail']}")
                if answer["type"] == "welcome" or answer.get("id") == frame.get("id", ""):
                    return answer

    async def _answer(self, door: str, text: str) -> None:
        body = msgspec.json.encode({"session": self._session, "id": "answer-1", "text": text, "name": "Tom"})
        now = str(int(time.time()))
        digest = hmac.digest(self._secret.encode(), b".".join([b"answer-1", now.encode(), body]), "sha256")
        headers = {
            "webhook-id": "answer-1",
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{door}{_PATH}/answers", content=body, headers=headers)).raise_for_status()


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """It needs no server of its own."""
    yield Visit()
