"""Slack from the vendor's wire to the ticket store, on real Kafka: sockets, the door and history at once, and an outage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.fakes.slack import APP_TOKEN, BOT_TOKEN, BOT_USER, SIGNING_SECRET, FakeSlack
from normalizer.cluster import Cluster
from tests.servers.whole import Whole, whole

pytestmark = pytest.mark.engine


def settings(slack: FakeSlack) -> dict[str, Any]:
    """All three ways."""
    return {
        "api_url": slack.api_url,
        "app_token": APP_TOKEN,
        "bot_token": BOT_TOKEN,
        "signing_secrets": [SIGNING_SECRET],
        "history_seconds": 0.5,
        "since": "2020-01-01",
    }


def told(world: Whole) -> dict[str, list[tuple[str, str]]]:
    """Kind and text of everything in each conversation, by the words that opened it."""
    found = [[(each.message.kind, each.message.text) for each in history.messages] for history in world.tickets()]
    return {messages[0][1]: sorted(messages) for messages in found}


def test_what_is_said_in_slack_is_in_the_store_once(cluster: Cluster, tmp_path: Path) -> None:
    """By socket, by the door, by both and by none: one ticket for each conversation, each message once, the ledger adds up."""
    with FakeSlack() as slack:
        slack.user("U1", "Ann Lee")
        slack.user("U9", "Ben Okafor", team="T9")
        slack.channel("C1", "support")
        slack.channel("D9", user="U9")
        missed = slack.say("C1", "U1", "The export fails", heard=False)
        with whole(cluster, tmp_path, {"slack": {"main": settings(slack)}}) as world:
            assert slack.connected()
            world.wait(lambda: told(world) == {"The export fails": [("message", "The export fails")]})
            slack.say("C1", "U9", f"Same here <@{BOT_USER}>", thread_ts=missed)
            slack.say("C1", BOT_USER, "We look into it.", thread_ts=missed, parent_user_id="U1")
            slack.react("C1", missed, "U9", "eyes")
            direct = slack.say("D9", "U9", "A word in private", files=[slack.file("a.log", b"log")])
            world.wait(lambda: len(slack.outbox.acknowledged) == 5)
            slack.refresh()
            assert slack.subscribe(f"{world.door}/slack/main")
            slack.edit("D9", direct, "A word among us")
            slack.say("C1", "U9", "missed by all", thread_ts=missed, heard=False)
            expected = {
                "The export fails": [
                    ("echo", "We look into it."),
                    ("message", "Same here @Helper"),
                    ("message", "The export fails"),
                    ("message", "missed by all"),
                    ("reaction", ":eyes:"),
                ],
                "A word in private": [("edit", "A word among us"), ("message", "A word in private")],
            }
            world.wait(lambda: told(world) == expected)
            account = world.settled(11)["slack"]
            tickets = {history.messages[0].message.text: history for history in world.tickets()}
    assert account.adds_up
    assert account.duplicate >= 4  # the mention, and what the history repeats
    assert (slack.outbox.lost, slack.outbox.waiting) == ([], 0)
    assert {text: history.ticket.customer.address for text, history in tickets.items()} == {
        "The export fails": "T0HOME:U1",
        "A word in private": "T9:U9",
    }
    assert [file.name for file in tickets["A word in private"].messages[0].message.attachments] == ["a.log"]
