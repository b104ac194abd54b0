"""What every HTTP door needs in front of it: bounded bodies, bounded time, bounded memory, clear refusals.

Refusals are problem documents (RFC 9457, ``application/problem+json``) with an added ``reason``, a short slug.
The access log has the path and never the query, since queries carry tokens.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from normalizer.errors import Misconfigured, Rejected, Retriable

log = logging.getLogger("switchboard.http")
access = logging.getLogger("switchboard.access")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one server gives to its clients: bytes, seconds, and how many at a time."""

    body: int = 25 * 1024 * 1024
    headers: int = 32 * 1024
    frame: int = 64 * 1024
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: int = 5
    drain_seconds: int = 15
    requests: int = 1_000
    memory: int = 256 * 1024 * 1024


DEFAULT_LIMITS = Limits()


class Problem(HTTPException):
    """A refusal with a status, a slug and a sentence. `headers` go out with it."""

    def __init__(self, status: int, reason: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.reason = reason


def problem(_: Request, error: Exception) -> Response:
    """The response that tells a client of an error, as `described`."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody is there to read it
    found = described(error)
    body = {"status": found.status_code, "reason": found.reason, "detail": found.detail}
    return Response(msgspec.json.encode(body), found.status_code, found.headers, "application/problem+json")


def described(error: Exception) -> Problem:
    """Any error as clients may see it, without the names of what is behind the door.

    `Retriable` and `Misconfigured` are 503 with Retry-After, since nothing was taken; `Rejected` is 422.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, Rejected):
        return Problem(422, error.reason, str(error))
    if isinstance(error, Retriable | Misconfigured):
        log.error("a request was refused: %s", error)
        hint = error.retry_after if isinstance(error, Retriable) else 60.0
        wait = math.ceil(max(1.0, hint or 5.0))
        detail = f"the message was not taken, because a part behind this door is away: send it again in {wait} seconds"
        return Problem(503, "unavailable", detail, {"Retry-After": str(wait)})
    if isinstance(error, HTTPException):
        detail = {
            404: "there is nothing at this address: check the url",
            405: "this address does not take this method: see the Allow header",
        }.get(error.status_code, error.detail)
        return Problem(error.status_code, "http", detail, dict(error.headers or {}))
    detail = "this request met a fault of ours, which is in the log: send it again later"
    return Problem(500, "internal", detail, {"Connection": "close"})  # uvicorn ends a connection after a fault


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body, as it came. Raises `Problem` 413 as soon as it is over `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too-large", f"the body is larger than {limit} bytes, the most that is taken here: send less")


class Guard:
    """ASGI middleware that keeps `limits` for all doors behind it, and writes the access log."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._requests = 0
        self._memory = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 408, 413, 431 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._requests += 1
        try:
            await self._serve(scope, receive, noting)
        finally:
            self._requests -= 1
            client = (scope.get("client") or ("-",))[0]
            path = scope.get("raw_path", b"").decode("latin-1")
            took = (time.monotonic() - began) * 1000
            access.info("%s %s %s %d %.1f ms", client, scope["method"], path, status, took)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: Exception | None = None
        if sum(len(name) + len(value) for name, value in scope["headers"]) > self._limits.headers:
            refusal = headers_too_large(self._limits)
        elif packed := [
            value for name, value in scope["headers"] if name == b"content-encoding" and value != b"identity"
        ]:
            refusal = _packed(packed[0])
        elif self._requests > self._limits.requests:
            refusal = Retriable(f"{self._limits.requests} requests are being served at once")
        if refusal is not None:
            await problem(Request(scope), refusal)(scope, receive, send)
            return
        held = 0
        complete = False
        deadline = asyncio.get_running_loop().time() + self._limits.body_seconds

        async def bounded() -> Message:
            nonlocal held, complete
            if complete:  # from here on a door only waits for the client to leave
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise self._too_slow() from None
            held += len(message.get("body", b""))
            self._memory += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if held > self._limits.body:
                raise _too_large(self._limits.body)
            if self._memory > self._limits.memory:
                raise Retriable(f"{self._memory} bytes of bodies are held at once")
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._memory -= held

    def _too_slow(self) -> Problem:
        detail = f"the body did not arrive within {self._limits.body_seconds:g} seconds: send it again, faster"
        return Problem(408, "too-slow", detail, {"Connection": "close"})


def _packed(encoding: bytes) -> Problem:
    """No vendor packs its posts, and what is never unpacked is no bomb."""
    detail = f"the body is packed ({encoding[:20].decode('latin-1')}), and nothing is unpacked here: send it as it is"
    return Problem(415, "packed-body", detail)


def headers_too_large(limits: Limits) -> Problem:
    """The refusal of a request whose headers are over the limit."""
    detail = f"the headers are larger than {limits.headers} bytes, the most that is taken here: send fewer cookies"
    return Problem(431, "headers-too-large", detail, {"Connection": "close"})
