"""A thousand people chat at once, on real Kafka; then the edge restarts and all of them come back together."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._http import HttpServer
from connectors.webchat import WebChat, WebChatSettings
from normalizer.cluster import Cluster
from normalizer.wire import read_raw
from ops.topics import declare
from tests.servers.topic import records
from tests.unit.connectors.webchat_door import SECRET, SITE

pytestmark = pytest.mark.engine

SESSIONS = 1_000
MESSAGES = 2  # of each: one before the restart, one after it


@pytest.fixture
def many_files() -> Iterator[None]:
    """Both ends of every socket are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_000) if hard > 0 else 10_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Person:
    """One session. `waits` are the seconds from a message to its tick."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.token = ""
        self.acknowledged: list[str] = []
        self.waits: list[float] = []

    async def open(self, url: str) -> ClientConnection:
        """Connect, as often as it takes, and say hello."""
        socket = await connect(
            url, origin=Origin(SITE), proxy=None, compression=None, ping_interval=None, open_timeout=60
        )
        welcome = await self._told(socket, {"type": "hello", "token": self.token}, "welcome")
        self.token = welcome["token"]
        return socket

    async def say(self, socket: ClientConnection, number: int) -> None:
        """Say something, and wait for its tick."""
        own = f"message-{self.number}-{number}"
        began = time.monotonic()
        said = await self._told(socket, {"type": "message", "id": own, "text": f"number {number}"}, "said", own)
        self.waits.append(time.monotonic() - began)
        self.acknowledged.append(said["id"])

    async def _told(self, socket: ClientConnection, frame: dict[str, Any], kind: str, own: str = "") -> dict[str, Any]:
        await socket.send(msgspec.json.encode(frame).decode())
        while True:
            answer: dict[str, Any] = msgspec.json.decode(await socket.recv())
            assert answer["type"] != "refused", answer
            if answer["type"] == kind and (not own or answer["id"] == own):
                return answer


async def chat(people: list[Person], url: str, numbers: range) -> list[ClientConnection]:
    """All connect, and once everybody is there, say so many messages each. Their sockets stay open."""
    sockets = await asyncio.gather(*(person.open(url) for person in people))

    async def talk(person: Person, socket: ClientConnection) -> None:
        for number in numbers:
            await person.say(socket, number)

    await asyncio.gather(*map(talk, people, sockets))
    return sockets


async def close_code(socket: ClientConnection) -> int:
    """Why the edge closed the socket, once it has."""
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return int(closed.rcvd.code) if closed.rcvd else 0


@pytest.mark.usefixtures("many_files")
def test_a_thousand_sessions_and_a_reconnect_storm(cluster: Cluster, tmp_path: Path) -> None:
    """Every message is ticked and in Kafka, once by its id, over a restart of the edge that drops all sockets at once."""
    declare(cluster, ["webchat"])
    people = [Person(number) for number in range(SESSIONS)]
    settings = WebChatSettings(
        secrets=(SECRET,), origins=(SITE,), address_per_minute=100_000, connections_per_address=SESSIONS
    )
    edge, publisher = edge_on(cluster, [WebChat("shop", settings, BlobStore(tmp_path.as_uri()))])

    async def scene() -> None:
        with HttpServer(edge.routes()).in_thread() as server:
            port = server.port
            url = f"ws://127.0.0.1:{port}/webchat/shop/socket"
            sockets = await chat(people, url, range(1))
            await asyncio.to_thread(server.stop)
            assert set(await asyncio.gather(*map(close_code, sockets))) == {1012}  # service restart
        with HttpServer(edge.routes(), port=port).in_thread():
            sockets = await chat(people, url, range(MESSAGES))  # the first one again, and a new one
            await asyncio.gather(*(each.close() for each in sockets))

    began = time.monotonic()
    asyncio.run(scene())
    took = time.monotonic() - began
    publisher.close()
    waits = sorted(wait for person in people for wait in person.waits)
    print(
        f"{SESSIONS} sessions: {len(waits)} ticks in {took:.1f} s, median {waits[len(waits) // 2]:.3f} s, p99 {waits[len(waits) * 99 // 100]:.3f} s"
    )
    raws = (read_raw(each.value, each.headers, key=each.key) for each in records(cluster, "raw.webchat"))
    found = [message for raw in raws for message in WebChat.read(raw)]
    wanted = {f"message-{n}-{m}" for n in range(SESSIONS) for m in range(MESSAGES)}
    assert (
        {message.refs.own for message in found} == {own for person in people for own in person.acknowledged} == wanted
    )
    assert len({message.id for message in found}) == SESSIONS * MESSAGES
    assert len({message.refs.provider for message in found}) == SESSIONS
