"""Acceptances of the web form on real Kafka: each 202 is a record that the broker has acknowledged.

    python -m bench.webform_door

One broker, one process for the door; 1, 16 and 64 connections, each with one post in flight.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import uuid
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from bench.http_load import measure, post
from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._http import HttpServer
from connectors.webform import WebForm, WebFormSettings
from normalizer.cluster import Cluster
from ops.engine.kafka import Engine
from ops.topics import declare

SECONDS = 5.0


def _serve(brokers: str, folder: str, port: Connection) -> None:
    settings = WebFormSettings(posts_per_minute=10_000_000)
    edge, _ = edge_on(Cluster(brokers=brokers), [WebForm("bench", settings, BlobStore(Path(folder).as_uri()))])
    server = HttpServer(edge.routes())
    port.send(server.port)
    asyncio.run(server.run())


def _post() -> bytes:
    body = {"email": "ann@example.org", "message": "x" * 500, "submission_id": uuid.uuid4().hex}
    return post("/webform/bench", msgspec.json.encode(body))


def main() -> None:
    """Measure and print a table."""
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
        declare(Cluster(brokers=engine.brokers), ["webform"])
        receiver, sender = spawn.Pipe(duplex=False)
        process = spawn.Process(target=_serve, args=(engine.brokers, f"{folder}/blobs", sender), daemon=True)
        process.start()
        port = receiver.recv()
        print(f"{'connections':>11}{'accepted':>10}{'per s':>8}{'per CPU-s':>10}{'p50 ms':>8}{'p99 ms':>8}")
        for connections in (1, 16, 64):
            run = measure(process.pid or 0, port, _post, connections=connections, seconds=SECONDS)
            columns = f"{run.answers:>10}{run.per_second:>8}{run.per_cpu_second:>10}{run.p50:>8}{run.p99:>8}"
            print(f"{connections:>11}{columns}")
        process.terminate()
        process.join()


if __name__ == "__main__":
    main()
