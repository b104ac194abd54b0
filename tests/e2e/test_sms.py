"""SMS from the vendor's wire to the ticket store, on real Kafka: posted, lost and listed, posted twice, and no words at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors._blobs import BlobStore
from connectors._twilio.client import TwilioClient
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from normalizer.cluster import Cluster
from tests.servers.whole import whole

pytestmark = pytest.mark.engine

PUBLIC = "https://hooks.example.com"
SHOP, ANN, OMAR = "+15005550006", "+4915112345678", "+447700900123"


def test_webhook_and_list_bring_every_message_to_its_ticket_once(cluster: Cluster, tmp_path: Path) -> None:
    """One ticket for each customer, with what our side said elsewhere; receipts and STOP are signals; the ledger adds up."""
    with FakeTwilio() as twilio:
        settings = {
            "account_sid": ACCOUNT_SID,
            "auth_tokens": [AUTH_TOKEN],
            "public_url": PUBLIC,
            "poll_seconds": 0.5,
            "list_after_seconds": 3,
            "api_url": twilio.url,
        }
        with whole(cluster, tmp_path, {"sms": {"shop": settings}}) as world:
            twilio.webhooks.behind[PUBLIC] = world.door
            twilio.number(SHOP, f"{PUBLIC}/sms/shop#rc=3&rp=all")
            asked = twilio.messages.receive(ANN, SHOP, "Where is my parcel?")
            twilio.messages.receive(ANN, SHOP, "", media=[(b"a photo", "image/png")], late=1)
            twilio.messages.receive(OMAR, SHOP, "Where is my parcel?", quiet=True)
            twilio.messages.post(asked)
            client = TwilioClient(ACCOUNT_SID, (AUTH_TOKEN,), twilio.url)
            said = client.messages.create(to=ANN, from_=SHOP, body="Tomorrow", status_callback=f"{PUBLIC}/sms/shop")
            twilio.messages.progress(said.sid, "delivered")
            twilio.messages.receive(OMAR, SHOP, "STOP", extra={"OptOutType": "STOP"})
            world.wait(lambda: sum(len(history.messages) for history in world.tickets()) == 4)
            account = world.settled(6)["sms"]
            by_customer = {history.ticket.customer.address: history for history in world.tickets()}
            signals = world.records("signals")
    assert {attempt.status for attempt in twilio.webhooks.attempts} == {200}
    assert set(by_customer) == {ANN, OMAR}
    messages = [stored.message for stored in by_customer[ANN].messages]
    assert sorted((each.kind, each.text) for each in messages) == [
        ("echo", "Tomorrow"),
        ("message", ""),
        ("message", "Where is my parcel?"),
    ]
    (photo,) = [file for each in messages for file in each.attachments]
    assert BlobStore((tmp_path / "blobs").as_uri()).get(photo.sha256) == b"a photo"
    assert [stored.message.text for stored in by_customer[OMAR].messages] == ["Where is my parcel?"]
    assert len(signals) == 2
    assert account.adds_up
    assert account.duplicate >= 1
