"""X on real Kafka: from X's wire to the ticket store, with what X gives no more in sight."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.fakes.x import SECRETS, USER_ID, FakeX
from normalizer.cluster import Cluster
from normalizer.ids import message_id
from tests.servers.whole import Whole, whole

pytestmark = pytest.mark.engine

DAY = 86_400
ENDPOINTS = ("mentions", "search", "dm_events", "tweets")


def said(world: Whole) -> dict[str, list[tuple[str, str]]]:
    """What is in each ticket, by the first words of its talk."""
    talks = [[(each.message.kind, each.message.visible_text) for each in talk.messages] for talk in world.tickets()]
    return {talk[0][1]: sorted(talk) for talk in talks}


def test_posts_and_direct_messages_end_in_the_store(cluster: Cluster, tmp_path: Path) -> None:
    """Customers of one public thread stay apart; an edit, an echo and a deletion wake nobody; two sources are one message."""
    with FakeX(limits=dict.fromkeys(ENDPOINTS, 100_000)) as fake:
        settings = {
            "user_id": USER_ID,
            "api_url": fake.url,
            "sources": ["mentions", "replies", "dms", "lookup"],
            "since": datetime.now(UTC),
            "poll_seconds": 0.2,
            "lookup_hours": 0.001,
            **{name: secret for name, secret in SECRETS.items() if name != "user_token"},
        }
        ours = fake.post("acme", "We are open again")
        asked = fake.post("ann", "@acme where is my order?", reply_to=ours)
        spam = fake.post("bob", "@acme buy followers", reply_to=ours)
        fake.message("ann", "It is order 7", photo=b"\x89PNG")
        with whole(cluster, tmp_path, {"x": {"acme": settings}}) as world:
            world.wait(lambda: len(world.tickets()) == 3)
            fake.edit(asked, "@acme where is my order 7?")
            fake.message("acme", "It left today", to="ann")
            fake.delete(spam)
            # Mentions and replies bring the three posts each, the edit among them; two direct messages; one deletion.
            account = world.settled(6 + 2 + 1)["x"]
            assert said(world) == {
                "@acme where is my order?": [
                    ("edit", "@acme where is my order 7?"),
                    ("message", "@acme where is my order?"),
                ],
                "": [("deletion", ""), ("message", "")],  # the store does not keep what was withdrawn
                "It is order 7": [("echo", "It left today"), ("message", "It is order 7")],
            }
            people = {talk.ticket.customer.address: talk.ticket.customer_id for talk in world.tickets()}
            assert len(people) == 2
            assert (account.routed, account.duplicate, account.dead_lettered, account.adds_up) == (3, 3, 0, True)
            (file,) = [file for talk in world.tickets() for each in talk.messages for file in each.message.attachments]
            assert file.size == len(b"\x89PNG")
            (gone,) = [
                each.message for talk in world.tickets() for each in talk.messages if each.message.kind == "deletion"
            ]
            assert gone.about == message_id("x", "acme", spam)


def test_what_x_gives_no_more_is_counted_as_a_known_gap(cluster: Cluster, tmp_path: Path) -> None:
    """After more mentions than X keeps: all that it has arrive, and the ledger names the gap."""
    with FakeX(limits=dict.fromkeys(ENDPOINTS, 100_000)) as fake:
        for n in range(810):
            fake.post("ann", f"@acme {n}", ago=DAY - n)
        settings = {
            "user_id": USER_ID,
            "api_url": fake.url,
            "sources": ["mentions"],
            "since": datetime.fromtimestamp(0, UTC),
            "bearer_token": SECRETS["bearer_token"],
        }
        with whole(cluster, tmp_path, {"x": {"acme": settings}}) as world:
            account = world.settled(801)["x"]
            assert account.dead_lettered == 1
            assert [name for name in account.reasons if "known-gap" in name] != []
            assert (account.accepted, account.adds_up) == (801, True)
