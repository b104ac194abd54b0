"""WhatsApp through Twilio from the vendor's wire to the ticket store, on real Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from normalizer.cluster import Cluster
from tests.servers.whole import whole

pytestmark = pytest.mark.engine

PUBLIC = "https://hooks.example.com"
SHOP, OMAR = "whatsapp:+15005550009", "whatsapp:+447700900123"


def test_a_chat_is_one_ticket(cluster: Cluster, tmp_path: Path) -> None:
    """Words, a place, a reaction to the words; the name comes along, and the list repeats nothing."""
    with FakeTwilio() as twilio:
        settings = {
            "account_sid": ACCOUNT_SID,
            "auth_tokens": [AUTH_TOKEN],
            "public_url": PUBLIC,
            "numbers": [SHOP],
            "poll_seconds": 0.5,
            "list_after_seconds": 3,
            "api_url": twilio.url,
        }
        with whole(cluster, tmp_path, {"whatsapp_twilio": {"shop": settings}}) as world:
            twilio.webhooks.behind[PUBLIC] = world.door
            twilio.number(SHOP, f"{PUBLIC}/whatsapp_twilio/shop#rc=3&rp=all")
            name = {"ProfileName": "Omar", "WaId": "447700900123", "MessageType": "text"}
            asked = twilio.messages.receive(OMAR, SHOP, "Can you deliver here?", extra=name)
            place = {"MessageType": "location", "Latitude": "51.5", "Longitude": "-0.1", "Label": "Here"}
            twilio.messages.receive(OMAR, SHOP, extra=name | place)
            thumb = {"MessageType": "reaction", "OriginalRepliedMessageSid": asked.sid}
            twilio.messages.receive(OMAR, SHOP, "👍", extra=name | thumb)
            world.wait(lambda: sum(len(history.messages) for history in world.tickets()) == 3)
            account = world.settled(3)["whatsapp_twilio"]
            (history,) = world.tickets()
    assert {attempt.status for attempt in twilio.webhooks.attempts} == {200}
    assert (history.ticket.customer.address, history.ticket.customer.name) == ("+447700900123", "Omar")
    messages = [stored.message for stored in history.messages]
    assert sorted((each.kind, each.text) for each in messages) == [
        ("message", "Can you deliver here?"),
        ("message", "[location] Here (51.5, -0.1)"),
        ("reaction", "👍"),
    ]
    (reaction,) = [each for each in messages if each.kind == "reaction"]
    assert reaction.about == next(each.id for each in messages if each.refs.own == asked.sid)
    assert account.adds_up
