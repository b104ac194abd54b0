"""WhatsApp through Twilio keeps what every connector keeps, and what only WhatsApp has is kept too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from connectors.whatsapp_twilio import WhatsAppTwilio
from normalizer.events import Contact, Message, RawEvent
from normalizer.ids import message_id
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import Source
from tests.conformance.receiver import ReceiverContract
from tests.conformance.recount import RecountContract
from tests.unit.connectors.twilio_messages import (
    CUSTOMER,
    OURS,
    SECRET,
    Phone,
    callback,
    form,
    listed,
    one,
    posted,
    raw,
    settings,
    sid,
)

CHANNEL = "whatsapp_twilio"


def chat(number: int = 1, **more: str) -> dict[str, str]:
    """The parameters of a WhatsApp message."""
    usual = {"From": f"whatsapp:{CUSTOMER}", "To": f"whatsapp:{OURS}", "ProfileName": "Ann", "WaId": CUSTOMER[1:]}
    return form(number, **(usual | {"MessageType": "text"} | more))


def said(number: int = 1, **more: str) -> Message:
    """What is read of a message."""
    return one(WhatsAppTwilio, raw(chat(number, **more), CHANNEL))


@pytest.fixture(scope="module")
def twilio() -> Iterator[FakeTwilio]:
    """One for all, since a server takes a while to end."""
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as running:
        yield running


class TestWhatsAppReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[WhatsAppTwilio]] = WhatsAppTwilio
    secret: ClassVar[str] = SECRET

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        return settings()

    def samples(self) -> Sequence[RawEvent]:
        """A message, a place, a reaction, a receipt, one of the list."""
        whats = {"From": f"whatsapp:{OURS}", "To": f"whatsapp:{CUSTOMER}"}
        resource = {"sid": sid(5), "direction": "inbound", "body": "hi", "from": whats["To"], "to": whats["From"]}
        return [
            raw(chat(1), CHANNEL),
            raw(chat(2, Body="", MessageType="location", Latitude="48.1", Longitude="11.5"), CHANNEL),
            raw(chat(3, Body="👍", MessageType="reaction", OriginalRepliedMessageSid=sid(1)), CHANNEL),
            raw(callback(4, "read", **whats), CHANNEL),
            listed(resource, CHANNEL),
        ]


class TestWhatsAppIsPosted(ReceiverContract):
    """The door."""

    connector: ClassVar[type[WhatsAppTwilio]] = WhatsAppTwilio

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        return settings()

    def request(self, number: int) -> httpx.Request:
        """A message."""
        return posted(f"/{CHANNEL}/main", chat(number))

    def forged(self) -> httpx.Request | None:
        """Signed with another token."""
        return posted(f"/{CHANNEL}/main", chat(1), key="another token")


class TestWhatsAppIsListed(RecountContract):
    """The list of one number."""

    connector: ClassVar[type[WhatsAppTwilio]] = WhatsAppTwilio

    @pytest.fixture
    def source(self, twilio: FakeTwilio, tmp_path: Path) -> Source:
        """A phone, and a stand-in that it writes to; there are SMS for the same number, which are not ours."""
        twilio.messages.stored.clear()
        for _ in range(3):
            twilio.messages.receive(CUSTOMER, OURS, "an SMS", quiet=True)
        phone = Phone(twilio, tmp_path, WhatsAppTwilio, "whatsapp:", numbers=[OURS])
        phone.name = OURS
        return phone


def test_the_customer_is_the_person_behind_the_number() -> None:
    """Name and number; the same person's SMS are the same customer's. WhatsApp vouches for the number."""
    message = said(Body="Hello")
    assert message.sender == Contact("tel", CUSTOMER, "Ann")
    assert message.to == (Contact("tel", OURS),)
    assert (message.visible_text, message.trust, message.fields["wa_id"]) == ("Hello", "verified", CUSTOMER[1:])


def test_the_profile_name_may_be_in_the_channel_metadata() -> None:
    """Where newer webhooks have it; what cannot be read there is no name."""
    metadata = '{"type":"whatsapp","data":{"context":{"ProfileName":"Bo","WaId":"1"}}}'
    assert said(ProfileName="", ChannelMetadata=metadata).sender.name == "Bo"
    assert said(ProfileName="", ChannelMetadata="{").sender.name == ""


def test_a_changed_profile_name_is_the_same_conversation() -> None:
    """Numbers, not names, hold a conversation together."""
    assert said(ProfileName="Ann").refs.provider == said(ProfileName="Ann K.").refs.provider


def test_mexico_1_is_one_person() -> None:
    """WhatsApp still writes the 1 of mobile numbers."""
    old, new = said(From="whatsapp:+5215512345678"), said(From="whatsapp:+525512345678")
    assert (old.sender.address, old.refs.provider) == (new.sender.address, new.refs.provider)


def test_an_id_instead_of_a_phone_number_is_no_number() -> None:
    """A person whose number is hidden (business-scoped user id)."""
    assert said(From="whatsapp:US.13491208655302741918").sender.scheme == "other"


def test_a_location_is_text_and_fields() -> None:
    """Latitude, Longitude, Address and Label."""
    message = said(
        Body="", MessageType="location", Latitude="48.1", Longitude="11.5", Address="Marienplatz 1", Label="Shop"
    )
    assert message.visible_text == "[location] Shop, Marienplatz 1 (48.1, 11.5)"
    assert (message.fields["latitude"], message.fields["longitude"]) == ("48.1", "11.5")
    assert message.degradations == ()


def test_a_reply_names_what_it_answers() -> None:
    """OriginalRepliedMessageSid."""
    message = said(OriginalRepliedMessageSid=sid(9), OriginalRepliedMessageSender=f"whatsapp:{OURS}")
    assert (message.kind, message.refs.parents) == ("message", (sid(9),))


def test_a_reaction_is_about_its_message() -> None:
    """It wakes nobody. One that names nothing is an ordinary message."""
    reaction = said(Body="👍", MessageType="reaction", OriginalRepliedMessageSid=sid(9))
    assert (reaction.kind, reaction.text, reaction.refs.parents) == ("reaction", "👍", (sid(9),))
    assert reaction.about == message_id(CHANNEL, "main", sid(9))
    assert said(Body="👍", MessageType="reaction").kind == "message"


def test_buttons_and_lists_are_what_the_customer_chose() -> None:
    """With the payload, which a program gave them."""
    button = said(Body="Yes", ButtonText="Yes", ButtonPayload="confirm-7", MessageType="button")
    assert (button.kind, button.text, button.fields["button_payload"]) == ("message", "Yes", "confirm-7")
    chosen = said(Body="", ListId="7", ListTitle="Returns", MessageType="interactive")
    assert (chosen.text, chosen.fields["list_id"]) == ("Returns", "7")


def test_a_click_on_an_advertisement_is_told() -> None:
    """ReferralXxx parameters."""
    message = said(ReferralHeadline="20 % off", ReferralSourceType="ad", ReferralSourceId="12", ReferralNumMedia="0")
    told = {name: text for name, text in message.fields.items() if name.startswith("referral")}
    assert told == {"referral_headline": "20 % off", "referral_sourcetype": "ad", "referral_sourceid": "12"}


@pytest.mark.parametrize("kind", ["sticker", "order", "unsupported", "system"])
def test_an_unknown_type_is_a_placeholder_and_never_dropped(kind: str) -> None:
    """Whatever WhatsApp invents next."""
    message = said(Body="", MessageType=kind)
    assert (message.visible_text, message.degradations) == (f"[{kind}]", (f"unsupported:{kind}",))


@pytest.mark.parametrize(
    ("body", "kind"), [("STOP", "consent"), ("yes", "message"), ("Help", "message"), ("End", "message")]
)
def test_yes_and_help_are_words_of_a_chat(body: str, kind: str) -> None:
    """No carrier acts on them here; the customer answers or asks."""
    assert said(Body=body).kind == kind


def test_a_read_receipt_is_a_status() -> None:
    """With the customer whom we wrote to, and the message that was read."""
    whats = {"From": f"whatsapp:{OURS}", "To": f"whatsapp:{CUSTOMER}"}
    status = one(WhatsAppTwilio, raw(callback(4, "read", EventType="READ", **whats), CHANNEL))
    assert (status.kind, status.fields["status"], status.sender.address) == ("status", "read", CUSTOMER)
    assert status.refs.parents == (sid(4),)
