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
from bench.part import Wanted, broker, main, say
from bench.report import Column, Figure, Machine, Report, Row, Table, figure, share, this_machine
from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._http import HttpServer
from normalizer.cluster import Cluster
from ops.channels import channel
from ops.topics import declare

SECONDS, CONNECTIONS = 4.0, 32
UNITS = ("", "", "ms", "ms", "%")
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


def measure_doors(brokers: str, folder: str, runs: int, seconds: float) -> dict[str, list[Figures]]:
    """Every door and the bare one, in turns."""
    declare(Cluster(brokers=brokers), sorted({door.channel for door in DOORS} | {"webform"}))
    found: dict[str, list[Figures]] = {BARE: [], **{door.what: [] for door in DOORS}}
    for turn in range(runs):
        found[BARE].append(_run(_serve_bare, (brokers,), DOORS[0].post, seconds))
        for door in DOORS:
            found[door.what].append(_run(_serve, (door, brokers, folder), door.post, seconds))
            say(f"run {turn + 1} of {runs}, {door.what}: {found[door.what][-1].per_second:,.0f} accepted per second")
    return found


def report(found: dict[str, list[Figures]], machine: Machine, runs: int, seconds: float) -> Report:
    """Acceptances, milliseconds from post to 2xx, and the share of the bare door in CPU time."""
    how = (
        f"Posts accepted over {CONNECTIONS} connections, {seconds:g} s each, each 2xx a record that the broker has "
        "acknowledged. Client, door and broker share the machine."
    )
    names = (
        "accepted per second", "per CPU-second of the door", "p50", "p99", "of the bare one, per CPU-second",
    )  # fmt: skip
    columns = tuple(Column(name, unit) for name, unit in zip(names, UNITS, strict=True))
    rows = tuple(Row(what, _cells(taken, found[BARE])) for what, taken in found.items())
    return Report(machine, "Doors", runs, (Table(how, columns, rows, drawn=1),))


def _cells(taken: list[Figures], bare: list[Figures]) -> tuple[Figure, ...]:
    return (
        figure([each.per_second for each in taken]),
        figure([each.per_cpu_second for each in taken]),
        figure([each.p50 for each in taken], 1),
        figure([each.p99 for each in taken], 1),
        share([each.per_cpu_second for each in taken], [each.per_cpu_second for each in bare]),
    )


def measure_all(wanted: Wanted) -> Report:
    """All doors on a broker of their own."""
    machine, seconds = this_machine(), max(0.5, SECONDS * wanted.scale)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, broker() as brokers:
        return report(measure_doors(brokers, f"{folder}/blobs", wanted.runs, seconds), machine, wanted.runs, seconds)


if __name__ == "__main__":
    main("doors", measure_all)
