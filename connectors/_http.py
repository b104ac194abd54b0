"""The HTTP server of the edge: all push doors of a process on one port.

uvicorn with the httptools parser serves a Starlette app; what uvicorn leaves open to slow or greedy clients
is closed here (`_Protocol`, before the headers are read) and in `connectors._guard` (after). No banner is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from connectors._bearer import Bearer
from connectors._guard import DEFAULT_LIMITS, Guard, Limits, Problem, headers_too_large, problem
from connectors._tls import LOOK_SECONDS, Certificate
from normalizer.errors import Misconfigured, SwitchboardError

Problems = Callable[[], Sequence[str]]
"""Says what is wrong with the process now, a sentence each; nothing when it is well."""

_NOBODY = Bearer()


def application(routes: Sequence[BaseRoute], limits: Limits, problems: Problems, bearer: Bearer = _NOBODY) -> Starlette:
    """The ASGI app: the doors, ``/healthz`` (200 or 503; the reasons for `bearer` alone), the guard, and problem documents."""

    async def healthz(request: Request) -> Response:
        reasons = list(problems())
        told: dict[str, object] = {"status": "failing" if reasons else "ok"}
        if bearer.knows(request):
            told["reasons"] = reasons
        return JSONResponse(told, status_code=503 if reasons else 200)

    handled = (HTTPException, SwitchboardError, ClientDisconnect, Exception)
    return Starlette(
        routes=[*routes, Route("/healthz", healthz)],
        middleware=[Middleware(Guard, limits=limits)],
        exception_handlers=dict.fromkeys(handled, problem),
    )


class HttpServer:
    """Routes on a port. The port is bound at once, so that a taken one is an error at the start.

    Raises `Misconfigured` when host and port cannot be had. Port 0 takes a free one: see `port`. With a `certificate`
    only TLS is spoken. `bearer` says who may see what is wrong.
    """

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: Limits = DEFAULT_LIMITS,
        problems: Problems = tuple,
        bearer: Bearer = _NOBODY,
        certificate: Certificate | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._socket = bind(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._certificate = certificate
        self._look_seconds = look_seconds
        self._server = _Server(_Config(application(routes, limits, problems, bearer), limits, certificate))

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"{'https' if self._certificate else 'http'}://{self.host}:{self.port}"

    async def run(self) -> None:
        """Serve on the running loop until `stop`; then take no more connections and finish what is in flight."""
        renewing = asyncio.create_task(self._certificate.keep(self._look_seconds)) if self._certificate else None
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            if renewing:
                renewing.cancel()

    def stop(self) -> None:
        """Ask `run` to end soon. May be called from any thread, and more than once."""
        self._server.should_exit = True

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[HttpServer]:
        """Serve in a thread with a loop of its own, for as long as the context lasts."""
        thread = threading.Thread(target=lambda: asyncio.run(self.run()), name=f"http-{self.port}", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join()


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises `Misconfigured` when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Misconfigured(
                f"port {port} on {host} is taken by another process: stop that process, or set another port "
                "([http] port of the configuration; for `switchboard exporter` its option --port)"
            ) from error
        raise Misconfigured(
            f"the HTTP server cannot listen on {host}, port {port} ({error.strerror}): "
            "set an address of this machine and a port that this user may open"
        ) from error


class _Config(uvicorn.Config):
    def __init__(self, app: Starlette, limits: Limits, certificate: Certificate | None) -> None:
        super().__init__(
            app,
            http=_Protocol,
            ssl_context_factory=(lambda *_: certificate.context) if certificate else None,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Which proxies are trusted is a setting of the door; uvicorn would trust the loopback by itself.
            proxy_headers=False,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=limits.drain_seconds,
            ws_max_size=limits.frame,
            ws_per_message_deflate=False,  # its buffers cost more, times thousands of sockets, than it saves
        )
        self.limits = limits


class _Server(uvicorn.Server):
    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]  # wider, as it is used
        """Leave signals to the process that owns the server."""
        return contextlib.nullcontext()


class _Protocol(HttpToolsProtocol):
    """A connection that must finish its headers in time and in bounds, for each of its requests."""

    _timer: asyncio.TimerHandle | None = None
    _in_headers = False
    _partial = 0

    @property
    def _limits(self) -> Limits:
        return cast("_Config", self.config).limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent
        super().connection_made(transport)
        # asyncio does it only for sockets that name their protocol; without it an answer waits 40 ms for an ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Also covers what a client still sends after it has been answered: it is read for so long, no longer.
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._arm()
        before = self._in_headers
        super().data_received(data)
        # Only what lies wholly within headers counts; exact sizes are checked once they are complete.
        self._partial = self._partial + len(data) if before and self._in_headers else 0
        if self._partial > self._limits.headers and not self.transport.is_closing():
            self._refuse(headers_too_large(self._limits))

    def on_message_begin(self) -> None:
        self._in_headers = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_headers:  # a trailer must not become a header
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._disarm()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "not-http", f"{msg.rstrip('.')}: send HTTP/1.1", {"Connection": "close"}))

    def _arm(self) -> None:
        self._timer = self.loop.call_later(self._limits.header_seconds, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._in_headers:
            detail = f"the headers did not arrive within {self._limits.header_seconds:g} seconds: send them at once"
            self._refuse(Problem(408, "too-slow", detail, {"Connection": "close"}))
        self.transport.close()

    def _refuse(self, refusal: Problem) -> None:
        response = problem(Request({"type": "http"}), refusal)
        lines = [name + b": " + value + b"\r\n" for name, value in response.raw_headers]
        self.transport.write(b"".join([STATUS_LINE[response.status_code], *lines, b"\r\n", bytes(response.body)]))
        self.transport.close()
