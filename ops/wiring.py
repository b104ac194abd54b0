"""Where the rooms meet: from a configuration to connectors, stages and sinks that can run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors._base import Connector
from connectors._blobs import BlobStore
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops import channels
from ops.config import Config
from ops.topics import declare
from streams._stage import Processor, topics_of
from streams.deliver import Deliver
from streams.ledger import Ledger
from streams.normalize import Normalize
from streams.route import Route
from streams.thread import Thread


def blobs(config: Config) -> BlobStore:
    """The blob store of a configuration."""
    return BlobStore(config.blobs.url)


def connectors(config: Config, only: str = "") -> list[Connector[Any]]:
    """The configured accounts, or those of one channel, or one of them (``channel:account``)."""
    return list(config.connectors(blobs(config), only))


def stages(config: Config) -> list[Processor]:
    """Every stage, in the order of the data's way."""
    readers = {name: channels.channel(name).read for name in channels.names()}
    found: list[Processor] = [
        Normalize(readers, blobs(config)),
        Thread(config.threads, config.state.dedupe),
        Route(config.rules, config.tickets, config.state.dedupe),
        *(Deliver(sink, name) for name, sink in config.destinations()),
        Ledger(),
    ]
    for each in found:
        each.breaker = config.breaker
    return found


def stage(config: Config, name: str) -> Processor:
    """One stage by its name. Raises `Misconfigured` with the names that there are."""
    found = {each.name: each for each in stages(config)}
    if name not in found:
        raise Misconfigured(f"there is no stage {name!r}: known are {', '.join(found)}")
    return found[name]


def declare_topics(config: Config, where: Cluster) -> list[str]:
    """Make the topics that are missing; returns the names of the new ones."""
    return declare(where, channels.names(), stage_topics(stages(config)))


def stage_topics(found: Sequence[Processor]) -> list[Any]:
    """The topics that stages need for themselves."""
    return [topic for each in found for topic in topics_of(each)]
