"""A system's posts, from its wire over real Kafka to the ticket store."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from normalizer.cluster import Cluster
from tests.servers.whole import whole
from tests.unit.connectors.webhook_door import SECRET, standard

pytestmark = pytest.mark.engine


def test_a_batch_ends_in_the_store(cluster: Cluster, tmp_path: Path) -> None:
    """Posted twice: each customer has one conversation, in order; an item that nobody can read is set aside alone."""
    events = [
        {"specversion": "1.0", "id": str(n), "source": "/shop", "type": "t", "data": {"sender": f"u{n % 2}", "thread": f"t{n % 2}", "text": f"number {n}"}}
        for n in range(6)
    ]  # fmt: skip
    body = json.dumps([*events, "no object"]).encode()
    with whole(cluster, tmp_path, {"webhook": {"shop": {"secrets": [SECRET]}}}) as world:
        with httpx.Client(base_url=world.door, trust_env=False) as client:
            head = {"content-type": "application/cloudevents-batch+json"}
            answers = [
                client.post("/webhook/shop", content=body, headers=standard(body, "d1") | head) for _ in range(2)
            ]
            refused = client.post("/webhook/shop", content=body, headers=standard(body, "d1", "x" * 32))
        account = world.settled(14)["webhook"]
        tickets = {history.ticket.customer.address: history for history in world.tickets()}
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json() == answers[1].json()
        assert refused.status_code == 401
        assert (account.accepted, account.adds_up) == (14, True)
        assert set(tickets) == {"u0", "u1"}
        assert [each.message.text for each in tickets["u0"].messages] == ["number 0", "number 2", "number 4"]
