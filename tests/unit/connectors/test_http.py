"""The HTTP server of the edge, over real loopback connections."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors._guard import DEFAULT_LIMITS, Limits, Problem, read_body
from connectors._http import HttpServer
from normalizer.errors import Misconfigured, Rejected, Retriable


async def echo_size(request: Request) -> Response:
    """A door that reads at most 1,000 bytes."""
    return JSONResponse({"size": len(await read_body(request, 1_000))})


async def whole(request: Request) -> Response:
    """A door that reads whatever the server lets through."""
    return JSONResponse({"size": len(await request.body())})


async def failing(request: Request) -> Response:
    """A door that meets each kind of trouble."""
    raise {
        "retriable": Retriable("the broker is away", retry_after=2.4),
        "misconfigured": Misconfigured("the broker refuses our password: set another"),
        "rejected": Rejected("no-message", "the message is empty: write something"),
        "fault": ZeroDivisionError("a secret detail"),
    }[request.path_params["kind"]]


DOORS: list[BaseRoute] = [
    Route("/size", echo_size, methods=["POST"]),
    Route("/whole", whole, methods=["POST"]),
    Route("/failing/{kind}", failing),
]


@contextmanager
def serving(limits: Limits = DEFAULT_LIMITS, doors: list[BaseRoute] | None = None) -> Iterator[httpx.Client]:
    """A client of a server that runs in a thread."""
    with (
        HttpServer(doors or DOORS, limits=limits).in_thread() as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=20, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a server with the limits that production has."""
    with serving() as found:
        yield found


def talk(client: httpx.Client, *parts: bytes) -> bytes:
    """What the server answers to raw bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=20) as peer:
        for part in parts:
            peer.sendall(part)
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
    return answer


def test_healthy(client: httpx.Client) -> None:
    """A process that is well says so."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "reasons": []})


def test_unhealthy_gives_its_reasons() -> None:
    """Health is a list of reasons, with a status that a load balancer understands."""
    with HttpServer([], problems=lambda: ["the broker is away"]).in_thread() as server:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/healthz", trust_env=False)
    assert (answer.status_code, answer.json()) == (503, {"status": "failing", "reasons": ["the broker is away"]})


def test_no_banner(client: httpx.Client) -> None:
    """Strangers are not told what serves them."""
    assert "server" not in client.get("/healthz").headers


def test_retriable_is_503_with_retry_after(client: httpx.Client) -> None:
    """What cannot be taken now is refused with the seconds to wait, and without inner names."""
    answer = client.get("/failing/retriable")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "status": 503,
        "reason": "unavailable",
        "detail": "the message was not taken, because a part behind this door is away: send it again in 3 seconds",
    }


def test_misconfigured_is_503_and_in_our_log(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """What only a person of ours can repair is told to him in the log, and the client comes back later."""
    answer = client.get("/failing/misconfigured")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "password" not in answer.text
    assert "a request was refused: the broker refuses our password: set another" in caplog.text


def test_rejected_is_422_with_its_sentence(client: httpx.Client) -> None:
    """What cannot be processed is refused with the reason."""
    answer = client.get("/failing/rejected")
    expected = {"status": 422, "reason": "no-message", "detail": "the message is empty: write something"}
    assert (answer.status_code, answer.json()) == (422, expected)


def test_fault_tells_nothing_of_the_inside(client: httpx.Client) -> None:
    """A fault of ours is a plain 500."""
    answer = client.get("/failing/fault")
    assert (answer.status_code, answer.json()["reason"]) == (500, "internal")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nothing", 404, "there is nothing at this address: check the url"),
        ("GET", "/size", 405, "this address does not take this method: see the Allow header"),
    ],
)
def test_routing_errors_are_problem_documents(
    client: httpx.Client, method: str, path: str, status: int, detail: str
) -> None:
    """A wrong address or method is answered like every other refusal."""
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)


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
    except ConnectionResetError:
        assert len(parts) > 1  # cut off while still sending


def test_trailers_are_not_headers() -> None:
    """A trailer of a chunked body cannot pass for a header that was checked before."""
    seen: list[list[str]] = []

    async def door(request: Request) -> Response:
        await request.body()
        seen.append(request.headers.keys())
        return Response("done")

    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with serving(doors=[Route("/", door, methods=["POST"])]) as client:
        talk(client, chunked, b"3\r\nabc\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
    assert seen == [["host", "transfer-encoding", "connection"]]


def test_what_is_not_http_is_400(client: httpx.Client) -> None:
    """Garbage is answered once, with a problem document, and the connection closed."""
    answer = talk(client, b"EHLO there\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b'"reason":"not-http"' in answer


def test_access_log_has_no_query(caplog: pytest.LogCaptureFixture) -> None:
    """Tokens in a query never reach the log."""
    caplog.set_level(logging.INFO, logger="switchboard.access")
    with serving() as client:
        client.get("/healthz?token=hunter2")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "switchboard.access"]
    assert line.startswith("127.0.0.1 GET /healthz 200 ")
    assert "hunter2" not in caplog.text


def test_taken_port_is_named() -> None:
    """A port that another process has is an error at the start, with the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Misconfigured, match=rf"port {port} on 127\.0\.0\.1 is taken .* set another port"):
            HttpServer([], port=port)


def test_foreign_address_is_named() -> None:
    """An address that is not of this machine is an error at the start."""
    with pytest.raises(Misconfigured, match=r"cannot listen on 192\.0\.2\.1, port .* set an address of this machine"):
        HttpServer([], host="192.0.2.1")


def test_stopping_finishes_what_is_in_flight() -> None:
    """A stop takes no new connections and still answers the requests that are being served."""
    entered, leave = threading.Event(), threading.Event()
    answers: list[str] = []

    async def waiting(_: Request) -> Response:
        entered.set()
        await asyncio.to_thread(leave.wait)
        return Response("done")

    server = HttpServer([Route("/", waiting)])
    url = f"http://127.0.0.1:{server.port}/"
    client = threading.Thread(target=lambda: answers.append(httpx.get(url, trust_env=False, timeout=20).text))
    with server.in_thread():
        client.start()
        entered.wait()
        server.stop()
        _wait_until_refused(server.port)
        leave.set()
    client.join()
    assert answers == ["done"]


def _wait_until_refused(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.02)
    raise AssertionError("the server still takes connections")


def test_runs_inside_a_loop() -> None:
    """The edge may serve on a loop of its own."""

    async def scenario() -> int:
        server = HttpServer(DOORS)
        running = asyncio.create_task(server.run())
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{server.port}/healthz")
        server.stop()
        await running
        return answer.status_code

    assert asyncio.run(scenario()) == 200


def test_problem_carries_its_headers() -> None:
    """What a door says in headers reaches the client."""

    async def door(_: Request) -> Response:
        raise Problem(429, "too-many", "come back in 7 seconds", {"Retry-After": "7"})

    with serving(doors=[Route("/", door)]) as client:
        answer = client.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json() == {"status": 429, "reason": "too-many", "detail": "come back in 7 seconds"}
