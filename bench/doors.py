"""``make bench``: acceptances of the push channels' doors on real Kafka; each 2xx is a record that the broker has.

    python -m bench.doors

One broker, one process for the door, `CONNECTIONS` keep-alive connections with one post in flight each. The yardstick is a bare
Starlette route under uvicorn that gives the body to a kafka-python producer (acks=all) and waits for the broker: no
signature, no reading, no limits. Runs take turns, so that what the machine does meanwhile meets all of them.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from kafka import KafkaProducer  # type: ignore[import-untyped]  # it ships no types
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.door_posts import DOORS, Door
from bench.http_load import Figures, measure
from bench.report import RESULTS, Acceptance, Doors, figure, this_machine
from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._http import HttpServer
from normalizer.cluster import Cluster
from ops.channels import channel
from ops.engine.kafka import Engine
from ops.topics import declare

RESULT = RESULTS / "doors.json"
RUNS, SECONDS, CONNECTIONS = 3, 4.0, 32
BARE = "bare Starlette route that only produces"


def _serve(door: Door, brokers: str, folder: str, port: Connection) -> None:
    """A door of ours, until the process is ended."""
    kind = channel(door.channel)
    settings = msgspec.convert(door.settings, kind.settings_type)
    edge, _ = edge_on(Cluster(brokers=brokers), [kind("bench", settings, BlobStore(Path(folder).as_uri()))])
    server = HttpServer(edge.routes())
    port.send(server.port)
    asyncio.run(server.run())


def _serve_bare(brokers: str, port: Connection) -> None:
    """The yardstick, until the process is ended."""
    producer = KafkaProducer(bootstrap_servers=brokers, acks="all", linger_ms=0)

    async def take(request: Request) -> Response:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        sent = producer.send("raw.webform", await request.body())
        sent.add_callback(lambda _: loop.call_soon_threadsafe(done.set_result, None))
        sent.add_errback(lambda error: loop.call_soon_threadsafe(done.set_exception, error))
        await done
        return Response(status_code=202)

    app = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    port.send(listening.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", access_log=False, log_level="error"))
    asyncio.run(server.serve(sockets=[listening]))


def _run(target: Callable[..., None], arguments: tuple[Any, ...], make: Callable[[], bytes], seconds: float) -> Figures:
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=target, args=(*arguments, sender), daemon=True)
    process.start()
    sender.close()  # a process that dies before it serves is an error here, and no long wait
    try:
        return measure(process.pid or 0, receiver.recv(), make, connections=CONNECTIONS, seconds=seconds)
    finally:
        process.terminate()
        process.join()


def measured(brokers: str, folder: str, runs: int, seconds: float) -> Doors:
    """Every door and the bare one, in turns."""
    machine = this_machine()
    declare(Cluster(brokers=brokers), sorted({door.channel for door in DOORS} | {"webform"}))
    found: dict[str, list[Figures]] = {BARE: [], **{door.what: [] for door in DOORS}}
    for _ in range(runs):
        found[BARE].append(_run(_serve_bare, (brokers,), DOORS[0].post, seconds))
        for door in DOORS:
            found[door.what].append(_run(_serve, (door, brokers, folder), door.post, seconds))
    rows = tuple(_row(what, taken, found[BARE]) for what, taken in found.items())
    return Doors(machine, CONNECTIONS, runs, seconds, rows)


def _row(what: str, taken: list[Figures], bare: list[Figures]) -> Acceptance:
    return Acceptance(
        what,
        figure([each.per_second for each in taken]),
        figure([each.per_cpu_second for each in taken]),
        figure([each.p50 for each in taken], 1),
        figure([each.p99 for each in taken], 1),
        figure([one.per_cpu_second / other.per_cpu_second for one, other in zip(taken, bare, strict=True)], 2),
    )


def main() -> None:
    """Measure, keep the figures and print them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
        found = measured(engine.brokers, f"{folder}/blobs", RUNS, SECONDS)
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    for row in found.rows:
        print(
            f"{row.what:42}{row.per_second.median:8.0f}/s{row.per_cpu_second.median:8.0f}/CPU-s p99 {row.p99.median} ms"
        )


if __name__ == "__main__":
    main()
