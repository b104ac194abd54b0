"""Some doors on a server that runs in a thread, and a client that speaks raw bytes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors._guard import DEFAULT_LIMITS, Limits, read_body
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


def talk(client: httpx.Client, *parts: bytes) -> bytes:
    """What the server answers to raw bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0), timeout=20) as peer:
        for part in parts:
            peer.sendall(part)
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
    return answer
