"""The HTTP server of the edge, over real loopback connections."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._bearer import Bearer
from connectors._guard import Problem
from connectors._http import HttpServer
from normalizer.errors import Misconfigured
from tests.unit.connectors.http_doors import DOORS, serving, talk

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-operator"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A client of a server with the limits that production has."""
    with serving() as found:
        yield found


def test_healthy(client: httpx.Client) -> None:
    """A process that is well says so."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ({}, {"status": "failing"}),
        ({"Authorization": f"Bearer {TOKEN}x"}, {"status": "failing"}),
        ({"Authorization": f"Basic {TOKEN}"}, {"status": "failing"}),
        ({"Authorization": f"Bearer {TOKEN}"}, {"status": "failing", "reasons": ["mail/support: the broker is away"]}),
    ],
)
def test_unhealthy_gives_its_reasons_to_the_operator(head: dict[str, str], told: dict[str, object]) -> None:
    """Everybody gets a status that a load balancer understands; reasons name accounts, and need the token."""
    problems = ["mail/support: the broker is away"]
    with HttpServer([], problems=lambda: problems, bearer=Bearer(TOKEN)).in_thread() as server:
        answer = httpx.get(f"{server.url}/healthz", headers=head, trust_env=False)
    assert (answer.status_code, answer.json()) == (503, told)


def test_without_a_token_nobody_is_told_reasons() -> None:
    """Not even who sends an empty one."""
    with HttpServer([], problems=lambda: ["the broker is away"]).in_thread() as server:
        answer = httpx.get(f"{server.url}/healthz", headers={"Authorization": "Bearer"}, trust_env=False)
    assert (answer.status_code, answer.json()) == (503, {"status": "failing"})


def test_a_monitor_token_that_can_be_guessed_is_refused() -> None:
    """With the setting, and without the token; nor is it in a repr."""
    with pytest.raises(Misconfigured, match=r"http\.monitor_token has 6 bytes: use at least 16 random ones"):
        Bearer("secret")
    assert TOKEN not in repr(Bearer(TOKEN))


def test_answers_do_not_wait_for_an_acknowledgement(client: httpx.Client) -> None:
    """A second request on a connection is not held back by Nagle's algorithm (40 ms on Linux)."""
    took = []
    for _ in range(20):
        began = time.monotonic()
        client.post("/whole", content=b"x")
        took.append(time.monotonic() - began)
    assert min(took[1:]) < 0.035


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
    assert answer.headers["connection"] == "close"
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
