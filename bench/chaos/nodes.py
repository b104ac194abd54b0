"""Three Kafka nodes whose clients reach them through links; the nodes reach each other directly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psutil
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # kafka-python ships no types

from bench.chaos.links import Link
from ops.engine import java
from ops.engine.jars import Lock, install
from ops.engine.kafka import Engine
from ops.engine.properties import Ports
from ops.engine.whereabouts import saved_ports


class Nodes(Engine):
    """An engine of as many nodes as there are links. `through` is where clients begin."""

    def __init__(self, folder: Path, links: Sequence[Link]) -> None:
        super().__init__(folder, port=0, nodes=len(links))
        self._links = links

    @property
    def through(self) -> str:
        """The brokers as clients know them: by the links."""
        return ",".join(f"127.0.0.1:{link.port}" for link in self._links)

    def pause(self, node: int) -> None:
        """SIGSTOP of one node, counted from 1."""
        self._process(node).suspend()

    def resume(self, node: int) -> None:
        """SIGCONT."""
        self._process(node).resume()

    def launch(self, node: int) -> None:
        """Start a killed node and do not wait: of three, two must be there before one is ready."""
        self._launch(node, install(Lock.load("kafka"), self.jars))

    def await_back(self, node: int) -> None:
        """Wait until a launched node is back in the cluster."""
        ports = saved_ports(self.folder)
        assert ports is not None
        self._await(ports, (node,))

    def stop(self) -> None:
        """Stop all, also those that are paused."""
        for daemon in self._daemons:
            if process := daemon.process():
                process.resume()
        super().stop()

    def _process(self, node: int) -> psutil.Process:
        process = self._daemons[node - 1].process()
        assert process is not None, f"node {node} does not run"
        return process

    def _write_properties(self, node: int, ports: Ports) -> None:
        super()._write_properties(node, ports)
        link, (inner,) = self._links[node - 1], java.free_ports(1)
        link.target = ports.clients[node - 1]
        own, votes = f"127.0.0.1:{inner}", f"127.0.0.1:{ports.votes[node - 1]}"
        more = {  # the last of two lines with the same name stands
            "listeners": f"PLAINTEXT://127.0.0.1:{link.target},INNER://{own},CONTROLLER://{votes}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{link.port},INNER://{own}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,INNER:PLAINTEXT",
            "inter.broker.listener.name": "INNER",
        }
        with (self._daemons[node - 1].folder / "server.properties").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in more.items())


def leads(brokers: str, topic: str) -> dict[int, int]:
    """The leader (a node's number) of each partition of a topic."""
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    try:
        (found,) = admin.describe_topics([topic])
        return {each["partition_index"]: each["leader_id"] for each in found["partitions"]}
    finally:
        admin.close()
