"""The doors of one account's chat: the socket, the same by plain HTTP, files, answers, and the widget itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from connectors._guard import Problem, described, problem, read_body
from connectors._rate import Rate
from connectors._signature import verify
from connectors._webchat.desk import Desk, identified
from connectors._webchat.frames import FRAME_BYTES, Answer, Hello, decode, decode_frame, encode
from connectors._webchat.page import Page
from connectors._webchat.rooms import Listener, Seats
from connectors._webchat.tokens import Visitor
from normalizer.errors import SwitchboardError

_HELLO_SECONDS = 10.0
_POLLS_PER_MINUTE = 60
_FLOOD_PER_MINUTE = 600  # frames of one socket, good or bad; who sends more is cut off
_HEADERS = ["Authorization", "Content-Type", "X-Filename"]


class Doors:
    """Routes over a desk. `origins` are the sites that may use them beside the edge's own pages; `keys` sign answers."""

    def __init__(
        self, desk: Desk, page: Page, seats: Seats, *, keys: Sequence[bytes], origins: Sequence[str],
        trusted_proxies: Sequence[str],
    ) -> None:  # fmt: skip
        self._desk = desk
        self._page = page
        self._seats = seats
        self._keys = keys
        self._origins = frozenset(origins)
        self._trusted = list(trusted_proxies)
        self._polls = Rate(_POLLS_PER_MINUTE)

    def routes(self, path: str) -> Sequence[BaseRoute]:
        """The doors below `path`."""
        proxied = [Middleware(ProxyHeadersMiddleware, trusted_hosts=self._trusted)] if self._trusted else []
        around = [
            *proxied,
            Middleware(
                CORSMiddleware,
                allow_origins=sorted(self._origins),
                allow_methods=["GET", "POST"],
                allow_headers=_HEADERS,
                expose_headers=["Retry-After"],
                max_age=7200,
            ),
        ]

        def door(name: str, endpoint: Any, method: str) -> Route:
            return Route(f"{path}/{name}", endpoint, methods=[method, "OPTIONS"], middleware=around)

        return [
            WebSocketRoute(f"{path}/socket", self._socket, middleware=proxied),
            door("hello", self._hello, "POST"),
            door("frames", self._frames, "POST"),
            door("news", self._news, "GET"),
            door("files", self._files, "POST"),
            Route(f"{path}/answers", self._answers, methods=["POST"]),
            Route(f"{path}/widget.js", self._widget),
            Route(f"{path}/", self._demo),
        ]

    async def _hello(self, request: Request) -> Response:
        self._check_origin(request)
        frame = decode(await read_body(request, FRAME_BYTES), Hello)
        _, welcome = self._desk.hello(frame, _address(request))
        return _json(welcome)

    async def _frames(self, request: Request) -> Response:
        self._check_origin(request)
        visitor = self._visitor(request)
        body = await read_body(request, FRAME_BYTES)
        return _json(await self._desk.frame(visitor, decode_frame(body), body, self._facts(request, visitor)))

    async def _news(self, request: Request) -> Response:
        visitor = self._visitor(request)
        after = request.query_params.get("after", "")
        if not (after.isascii() and after.isdigit() and len(after) < 16):
            raise Problem(400, "bad-after", "after is no number: send that of the newest entry, or 0")
        if wait := self._polls.wait(visitor.session, time.monotonic()):
            raise Problem(429, "too-many", "this chat asks too often: wait", {"Retry-After": str(int(wait) + 1)})
        return _json({"news": self._desk.rooms.room(visitor.session).news(int(after))})

    async def _files(self, request: Request) -> Response:
        self._check_origin(request)
        visitor = self._visitor(request)
        content = await read_body(request, self._desk.terms.max_file_bytes)
        name = " ".join(unquote(request.headers.get("x-filename", ""), errors="replace").split())
        kind = request.headers.get("content-type", "").partition(";")[0].strip() or "application/octet-stream"
        name = name.replace("\\", "/").rpartition("/")[2][:200] or "file"
        token = await self._desk.upload(visitor, content, name, kind[:100], _address(request))
        return _json({"file": token, "name": name, "size": len(content)}, 201)

    async def _answers(self, request: Request) -> Response:
        body = await read_body(request, FRAME_BYTES)
        verify(self._keys, request.headers, body, time.time())
        return _json(await self._desk.answer(decode(body, Answer), body), 202)

    async def _widget(self, request: Request) -> Response:
        return self._page.widget(request.headers.get("if-none-match", ""))

    async def _demo(self, request: Request) -> Response:
        del request
        return self._page.demo()

    async def _socket(self, socket: WebSocket) -> None:
        try:
            self._check_origin(socket)
            seat = self._seats.take(_address(socket))
        except Problem as refused:
            await socket.send_denial_response(problem(Request({"type": "http"}), refused))
            return
        try:
            await socket.accept()
            await self._serve(socket)
        except WebSocketDisconnect:
            pass
        finally:
            self._seats.give_back(seat)

    async def _serve(self, socket: WebSocket) -> None:
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                frame = decode(await _text(socket), Hello)
            visitor, welcome = self._desk.hello(frame, _address(socket))
        except TimeoutError:
            await socket.close(1008, "no hello")
            return
        except Problem as refused:
            await socket.send_text(encode(_refusal(refused, "")))
            await socket.close(1008, refused.reason)
            return
        listener = Listener()
        room = self._desk.rooms.room(visitor.session)
        listener.push(encode(welcome))
        room.listeners.add(listener)  # no await since the welcome was made: nothing is missed and nothing comes twice
        writer = asyncio.create_task(_write(socket, listener))
        try:
            await self._read(socket, visitor, listener)
        finally:
            room.listeners.discard(listener)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await writer

    async def _read(self, socket: WebSocket, visitor: Visitor, listener: Listener) -> None:
        flood = Rate(_FLOOD_PER_MINUTE)
        facts = self._facts(socket, visitor)
        while True:
            text = await _text(socket)
            if flood.wait("", time.monotonic()):
                await socket.close(1008, "too many frames")
                return
            listener.newest = ""
            reply = encode(await self._reply(visitor, text, facts))
            if reply != listener.newest:  # else the room has told it this very moment, as to all tabs
                listener.push(reply)

    async def _reply(self, visitor: Visitor, text: str, facts: dict[str, str]) -> Any:
        own = ""
        try:
            frame = decode_frame(text)
            own = getattr(frame, "id", "")
            return await self._desk.frame(visitor, frame, text.encode(), facts)
        except (SwitchboardError, HTTPException) as error:
            return _refusal(error, own)

    def _visitor(self, request: Request) -> Visitor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._desk.tokens.visitor(token if scheme.lower() == "bearer" else "")

    def _check_origin(self, connection: HTTPConnection) -> None:
        """Browsers say on whose page a script runs; the edge's own pages and the configured sites may come in."""
        origin = connection.headers.get("origin", "")
        own = [f"{scheme}://{connection.headers.get('host', '')}" for scheme in ("http", "https")]
        if origin not in own and origin not in self._origins:
            raise Problem(
                403, "foreign-origin", f"{origin[:100] or 'no origin'} may not use this chat: add it to origins"
            )

    def _facts(self, connection: HTTPConnection, visitor: Visitor) -> dict[str, str]:
        return {
            "by": "visitor",
            "remoteaddress": _address(connection)[:100],
            "useragent": connection.headers.get("user-agent", "")[:300],
            **identified(visitor),
        }


async def _write(socket: WebSocket, listener: Listener) -> None:
    while (frame := await listener.next()) is not None:
        await socket.send_text(frame)
    await socket.close(1013, "too slow")


async def _text(socket: WebSocket) -> str:
    """The next text frame; one of bytes is none of ours and is read as an empty one."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    return message.get("text") or ""


def _refusal(error: Exception, own: str) -> dict[str, Any]:
    """A refusal as a frame. With `retry_after`, in seconds, the browser keeps what it sent and sends it again."""
    found = described(error)
    told: dict[str, Any] = {
        "type": "refused", "id": own, "status": found.status_code, "reason": found.reason, "detail": found.detail
    }  # fmt: skip
    if wait := (found.headers or {}).get("Retry-After"):
        told["retry_after"] = int(wait)
    return told


def _address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, {"Cache-Control": "no-store"}, "application/json")
