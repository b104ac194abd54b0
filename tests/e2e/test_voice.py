"""Phone calls from the vendor's wire to the ticket store, on real Kafka: called again, put through, lost and listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors._blobs import BlobStore
from connectors.fakes._twilio.phone import Caller
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from normalizer.cluster import Cluster
from sinks._tickets import History
from tests.servers.whole import whole

pytestmark = pytest.mark.engine

PUBLIC = "https://hooks.example.com"
SHOP, JO = "+15005550006", "+15005550009"
ANN, BOB, CARA = "+14155550101", "+4930123456", "+447700900123"


def test_the_many_events_of_calls_are_one_ticket_for_each_customer(cluster: Cluster, tmp_path: Path) -> None:
    """Five calls of Ann are one; who was answered waits for nobody; a call that no webhook told is there."""
    with FakeTwilio() as twilio:
        settings = {
            "account_sid": ACCOUNT_SID,
            "auth_tokens": [AUTH_TOKEN],
            "public_url": PUBLIC,
            "forward": [JO],
            "poll_seconds": 0.5,
            "list_after_seconds": 1,
            "api_url": twilio.url,
        }
        with whole(cluster, tmp_path, {"voice": {"shop": settings}}) as world:
            twilio.webhooks.behind[PUBLIC] = world.door
            twilio.line(SHOP, f"{PUBLIC}/voice/shop", status_callback=f"{PUBLIC}/voice/shop/status")
            for _ in range(4):
                twilio.phone.ring(ANN, SHOP)
            twilio.phone.ring(ANN, SHOP, Caller(presses="1"))
            twilio.phone.ring("anonymous", SHOP, Caller(speaks=6, audio=b"a voicemail", transcript="It is urgent."))
            twilio.phone.colleagues[JO] = "completed"
            twilio.phone.ring(BOB, SHOP)
            twilio.phone.calls.add(CARA, SHOP, "no-answer")
            world.wait(lambda: _waking(world.tickets()).get(CARA) == ["Missed call"])
            world.wait(lambda: world.ledger()["voice"].duplicate >= 14)  # the list tells all calls and legs once more
            account = world.settled(50)["voice"]
            found = world.tickets()
    waking = _waking(found)
    assert {attempt.status for attempt in twilio.webhooks.attempts} <= {200, 204}
    assert len(found) == 4
    assert sorted(waking[ANN]) == ["Callback requested", *["Missed call"] * 5]
    assert waking[BOB] == []
    assert account.adds_up
    (hidden,) = [each for each in found if each.ticket.customer.name == "Unknown caller"]
    (voicemail,) = [
        each.message for each in hidden.messages if each.message.subject == "Voicemail" and each.message.attachments
    ]
    assert BlobStore((tmp_path / "blobs").as_uri()).get(voicemail.attachments[0].sha256) == b"a voicemail"
    assert [each.message.text for each in hidden.messages if each.message.kind == "edit"] == ["It is urgent."]


def _waking(found: list[History]) -> dict[str, list[str]]:
    """The subjects of what asks somebody to act, by customer."""
    return {
        each.ticket.customer.address: [told.message.subject for told in each.messages if told.message.kind == "message"]
        for each in found
    }
