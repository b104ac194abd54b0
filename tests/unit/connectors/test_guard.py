"""Slow and greedy clients, over real loopback connections."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._guard import Limits
from tests.unit.connectors.http_doors import serving, talk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a server with the limits that production has."""
    with serving() as found:
        yield found


@pytest.mark.parametrize("chunked", [True, False])
def test_body_within_the_doors_limit(client: httpx.Client, chunked: bool) -> None:
    """A body of exactly the limit passes; one byte more is 413, announced or not."""

    def post(size: int) -> httpx.Response:
        body = b"x" * size
        return client.post("/size", content=iter([body[:700], body[700:]]) if chunked else body)

    assert post(1_000).json() == {"size": 1_000}
    refused = post(1_001)
    assert (refused.status_code, refused.json()["reason"]) == (413, "too-large")
    assert "larger than 1000 bytes" in refused.json()["detail"]


def test_body_within_the_servers_limit() -> None:
    """A door that forgets its limit still has the server's, counted while the body streams in."""
    with serving(Limits(body=5_000)) as client:
        assert client.post("/whole", content=iter([b"x" * 2_500] * 2)).status_code == 200
        assert client.post("/whole", content=iter([b"x" * 2_500] * 3)).status_code == 413


def test_memory_of_all_bodies_is_bounded() -> None:
    """When the bodies in flight fill the memory that is set aside, more are asked to wait, and room comes back."""
    with serving(Limits(memory=3_000)) as client:
        assert client.post("/whole", content=b"x" * 4_000).status_code == 503
        assert client.post("/whole", content=b"x" * 2_000).status_code == 200
        assert client.post("/whole", content=b"x" * 2_000).status_code == 200


def test_requests_at_a_time_are_bounded() -> None:
    """A server that is full asks to come back and does not queue for ever."""
    entered, leave = threading.Event(), threading.Event()

    async def waiting(_: Request) -> Response:
        entered.set()
        await asyncio.to_thread(leave.wait)
        return Response("done")

    with serving(Limits(requests=1), [Route("/", waiting)]) as client:
        first = threading.Thread(target=client.get, args=("/",))
        first.start()
        entered.wait()
        answer = client.get("/")
        leave.set()
        first.join()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_slow_headers_are_408() -> None:
    """A client that opens a connection and dawdles does not keep it (slowloris)."""
    with serving(Limits(header_seconds=0.3)) as client:
        assert talk(client, b"GET / HTTP/1.1\r\nHost: x\r\n").startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert talk(client) == b""


def test_slow_body_is_408() -> None:
    """A body must arrive in time."""
    with serving(Limits(body_seconds=0.3)) as client:
        answer = talk(client, b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"did not arrive within 0.3 seconds" in answer


def test_refused_client_that_keeps_sending_is_cut_off() -> None:
    """After a 413 the rest of a body is read for a while, so that the answer is seen, and then no longer."""
    with (
        serving(Limits(header_seconds=0.3)) as client,
        socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=20) as peer,
    ):
        peer.sendall(b"POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 413")
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            send_without_end(peer)


def send_without_end(peer: socket.socket) -> None:
    """Send until the other side does not want it any more."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        peer.sendall(b"x" * 1_000)


@pytest.mark.parametrize(
    "parts",
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + b"c" * 40_000 + b"\r\nConnection: close\r\n\r\n",),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: ", *[b"c" * 65_536] * 12),
    ],
)
def test_large_headers_are_431(client: httpx.Client, parts: tuple[bytes, ...]) -> None:
    """Headers are bounded, those that never end too."""
    try:
        assert talk(client, *parts).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    except ConnectionError:
        assert len(parts) > 1  # cut off while still sending
