"""The peer: raw → normalized in stock Faust, as its documentation shows it, with the same readers. `peer.py BROKERS NAMESPACE`.

Default transport, an agent over events, a table that remembers ids, `topic.send` awaited, errors caught and logged. Only
the session timeout is ours, so that a death is noticed as soon; and what cannot be read is skipped, so that no
exception leaves the agent.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import faust
from yarl import URL

from bench.chaos.tape import PEER_OUTPUT
from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from normalizer.events import RAW, Origin
from normalizer.wire import encode, read_raw
from ops import channels

GROUP = "peer"


def app(cluster: Cluster) -> faust.App:
    """The whole of it."""
    made = faust.App(
        cluster.named(GROUP),
        broker=[URL(f"kafka://{broker}") for broker in cluster.brokers.split(",")],
        store="memory://",
        topic_partitions=cluster.partitions,
        topic_replication_factor=cluster.replication,
        broker_session_timeout=12.0,
        broker_heartbeat_interval=3.0,
        web_enabled=False,
        autodiscover=False,
    )
    readers = {cluster.named(RAW + name): channels.channel(name).read for name in channels.names()}
    raw = made.topic(*readers, key_serializer="raw", value_serializer="raw")
    normalized = made.topic(cluster.named(PEER_OUTPUT), key_serializer="raw", value_serializer="raw")
    seen = made.Table("seen", partitions=cluster.partitions)

    @made.agent(raw, name=cluster.named("peer"))
    async def normalize(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            origin = Origin(cluster.bare(message.topic), message.partition, message.offset)
            try:
                found = readers[message.topic](read_raw(event.value, message.headers, key=event.key, origin=origin))
            except SwitchboardError as error:
                logging.warning("skipped %s: %s", origin, error)
                continue
            for said in found:
                if said.id not in seen:
                    seen[said.id] = True
                    await normalized.send(key=said.channel.encode(), value=encode(said))

    return made


if __name__ == "__main__":
    brokers, namespace, replication = sys.argv[1:]
    sys.argv[1:] = ["worker", "--loglevel=info", "--without-web"]
    app(Cluster(brokers=brokers, namespace=namespace, replication=int(replication))).main()
