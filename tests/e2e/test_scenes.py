"""Every scene of the demo goes the whole way: from the vendor's wire through real Kafka to the ticket store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from normalizer.cluster import Cluster
from ops import channels
from ops.config import Config
from ops.demo.stage import prepared, scenes
from tests.servers.whole import whole

pytestmark = pytest.mark.engine


def test_every_channel_has_a_scene() -> None:
    """`make up` shows them all."""
    with prepared(Config()) as demo:
        assert set(demo.config.channel_names) == set(channels.names())


@pytest.mark.parametrize("name", scenes())
def test_a_scene_ends_in_the_store(name: str, cluster: Cluster, tmp_path: Path) -> None:
    """Each of its channels has tickets in the end, and the ledger adds up."""
    with prepared(Config(), [name]) as demo, whole(cluster, tmp_path, demo.config.channels) as world:
        asyncio.run(demo.scenes[name].play(world.door, cluster))
        found = set(demo.scenes[name].accounts)
        world.wait(lambda: {history.ticket.channel for history in world.tickets()} >= found)
        world.settled(1)
        assert all(account.adds_up for account in world.ledger().values())
