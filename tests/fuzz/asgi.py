"""One request, or one socket, straight into an ASGI application: what a client library would refuse to send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.types import ASGIApp, Message

Headers = Sequence[tuple[bytes, bytes]]


def _scope(kind: str, method: str, path: str, query: bytes, headers: Headers) -> dict[str, Any]:
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"edge.test"), *headers],
        "client": ("192.0.2.7", 4711),
        "server": ("edge.test", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }


async def request(app: ASGIApp, method: str, path: str, body: bytes, headers: Headers, query: bytes = b"") -> int:
    """The status of the answer. An exception that leaves the application is the caller's."""
    told: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    status: list[int] = []

    async def receive() -> Message:
        return told.pop() if told else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    await app(_scope("http", method, path, query, headers), receive, send)
    return status[0]


async def socket(app: ASGIApp, path: str, frames: Sequence[str], headers: Headers) -> int:
    """How many frames were answered by a socket that is sent all of these, and then closed."""
    told: list[Message] = [{"type": "websocket.disconnect", "code": 1005}]
    told += [{"type": "websocket.receive", "text": frame} for frame in reversed(frames)]
    told.append({"type": "websocket.connect"})
    answers = 0

    async def receive() -> Message:
        return told.pop() if told else {"type": "websocket.disconnect", "code": 1005}

    async def send(message: Message) -> None:
        nonlocal answers
        answers += message["type"] == "websocket.send"

    scope = _scope("websocket", "GET", path, b"", headers)
    await app({name: value for name, value in scope.items() if name != "method"}, receive, send)
    return answers
