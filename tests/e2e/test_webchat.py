"""The chat from the socket to the ticket store: one conversation for each session, whoever speaks in it."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from normalizer.cluster import Cluster
from normalizer.events import Signal
from normalizer.wire import decode
from tests.servers.whole import whole
from tests.unit.connectors.webchat_door import SECRET, SITE, Tab, identity, signed

pytestmark = pytest.mark.engine


def test_conversations_end_in_the_store(cluster: Cluster, tmp_path: Path) -> None:
    """A visitor who logs in half-way, an agent, a resend, a receipt; and another visitor who is not mixed up with him."""
    accounts = {"webchat": {"shop": {"secrets": [SECRET], "origins": [SITE]}}}
    with whole(cluster, tmp_path, accounts) as world:
        path = f"{world.door}/webchat/shop"
        url = f"{path.replace('http', 'ws', 1)}/socket"
        with connect(url, origin=Origin(SITE), proxy=None) as socket:
            tab = Tab(socket)
            tab.say("My kettle does not switch on.", "message-1")
            tab.say("My kettle does not switch on.", "message-1")
            session = tab.welcome["session"]
        ann = identity("42", email="ann@example.org", name="Ann")
        with connect(url, origin=Origin(SITE), proxy=None) as socket:
            tab = Tab(socket, token=tab.token, identity=ann, continues=True)
            body = msgspec.json.encode({"session": session, "id": "answer-1", "text": "Press it longer."})
            assert httpx.post(f"{path}/answers", content=body, headers=signed(body), trust_env=False).is_success
            tab.send(type="read", id="answer-1")
            tab.say("That worked.", "message-2")
        with connect(url, origin=Origin(SITE), proxy=None) as socket:
            Tab(socket).say("Do you have cups?")
        ledger = world.settled(6)
        world.wait(lambda: len(world.tickets()) == 2)
        kettle, cups = world.tickets()
        signals = [decode(Signal, record.value, record.headers) for record in world.records(Signal.topic)]
    assert [item.message.text for item in kettle.messages] == [
        "My kettle does not switch on.", "Press it longer.", "That worked."
    ]  # fmt: skip
    assert [item.message.text for item in cups.messages] == ["Do you have cups?"]
    assert [(signal.message.kind, signal.message.refs.parents) for signal in signals] == [("status", ("answer-1",))]
    assert (ledger["webchat"].accepted, ledger["webchat"].adds_up) == (6, True)
