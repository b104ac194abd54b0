"""How a local Kafka node is set up: a pure function from ports and folders to the text of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ops.engine import java

LARGEST_RECORD = 2 * 1024 * 1024  # bytes; a little above the 1 MiB that clients send, and what they fetch


class Ports(msgspec.Struct, frozen=True):
    """Where the nodes listen: for clients, and for each other's votes."""

    clients: tuple[int, ...]
    votes: tuple[int, ...]

    @property
    def brokers(self) -> str:
        """Where clients begin: ``host:port[,host:port…]``."""
        return ",".join(f"{java.LOOPBACK}:{port}" for port in self.clients)


def properties(node: int, ports: Ports, folder: Path, more: Mapping[str, object] | None = None) -> str:
    """The configuration of node number `node`, counted from 1 (https://kafka.apache.org/documentation/#configuration).

    `more` takes the place of what stands here; its ``listeners`` stand beside ours, and are where clients find them.
    """
    nodes = len(ports.clients)
    copies = min(nodes, 3)
    settings = {
        "node.id": node,
        "process.roles": "broker,controller",
        "controller.quorum.voters": ",".join(f"{i}@{java.LOOPBACK}:{port}" for i, port in enumerate(ports.votes, 1)),
        "listeners": f"PLAINTEXT://{java.LOOPBACK}:{ports.clients[node - 1]},"
        f"CONTROLLER://{java.LOOPBACK}:{ports.votes[node - 1]}",
        "advertised.listeners": f"PLAINTEXT://{java.LOOPBACK}:{ports.clients[node - 1]}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": folder / "data",
        # Topics are declared, never made by a typing mistake; nothing waits for members that may come later.
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "message.max.bytes": LARGEST_RECORD,
        "replica.fetch.max.bytes": LARGEST_RECORD,
        # After kill -9 a node must outwait its own old session before it is let in again (9 s by default).
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        "default.replication.factor": copies,
        "min.insync.replicas": max(1, copies - 1),
        # Sizes of a laptop: internal topics of a few partitions, a cleaner that fits into the heap.
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    }
    for internal in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        settings |= {f"{internal}.num.partitions": 4, f"{internal}.replication.factor": copies}
    for internal in ("transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{internal}.min.isr"] = max(1, copies - 1)
    added = dict(more or {})
    if listeners := added.pop("listeners", ""):
        settings |= {name: f"{settings[name]},{listeners}" for name in ("listeners", "advertised.listeners")}
    return "".join(f"{name}={value}\n" for name, value in (settings | added).items())
