"""What a door costs in two HTTP frameworks: it reads a JSON post of 600 bytes and answers 202 with an id.

    python -m bench.http_frameworks

Every server runs in a process of its own. Each is measured three times, in turns; the middle run is printed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec
import uvicorn
from aiohttp import web
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.http_load import Figures, measure, post
from connectors._http import HttpServer

ROUNDS, SECONDS, CONNECTIONS = 3, 2.0, 16
POST = post("/door", msgspec.json.encode({"email": "ann@example.org", "message": "x" * 550}))


async def _starlette_door(request: Request) -> Response:
    return JSONResponse({"id": str(len(msgspec.json.decode(await request.body())))}, 202)


async def _aiohttp_door(request: web.Request) -> web.Response:
    return web.json_response({"id": str(len(msgspec.json.decode(await request.read())))}, status=202)


_ROUTES = [Route("/door", _starlette_door, methods=["POST"])]


def _starlette(port: int) -> None:
    app = Starlette(routes=_ROUTES)
    config = uvicorn.Config(
        app, port=port, http="httptools", loop="asyncio", lifespan="off", log_config=None, access_log=False
    )
    asyncio.run(uvicorn.Server(config).serve())


def _guarded(port: int) -> None:
    asyncio.run(HttpServer(_ROUTES, port=port).run())


def _aiohttp(port: int) -> None:
    app = web.Application()
    app.router.add_post("/door", _aiohttp_door)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


SERVERS: dict[str, Callable[[int], None]] = {
    "starlette + uvicorn (httptools)": _starlette,
    "the same, with our limits": _guarded,
    "aiohttp.web": _aiohttp,
}


def _measured(serve: Callable[[int], None]) -> Figures:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    process.start()
    try:
        _await_listening(port)
        return measure(process.pid or 0, port, lambda: POST, connections=CONNECTIONS, seconds=SECONDS)
    finally:
        process.terminate()
        process.join()


def _await_listening(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def main() -> None:
    """Measure all and print a table."""
    found: dict[str, list[Figures]] = {name: [] for name in SERVERS}
    for _ in range(ROUNDS):
        for name, serve in SERVERS.items():
            found[name].append(_measured(serve))
    print(f"{'server':34}{'per CPU-s':>10}{'per s':>9}{'p50 ms':>8}{'p99 ms':>8}")
    for name, runs in found.items():
        middle: Any = sorted(runs, key=lambda run: run.per_cpu_second)[ROUNDS // 2]
        print(f"{name:34}{middle.per_cpu_second:>10}{middle.per_second:>9}{middle.p50:>8}{middle.p99:>8}")


if __name__ == "__main__":
    main()
