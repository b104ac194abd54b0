"""WhatsApp keeps what every connector and every door keeps; each type of message is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
import pytest

from connectors.whatsapp import WhatsApp
from normalizer.events import Contact, RawEvent, ThreadRefs
from normalizer.ids import message_id
from tests.conformance.connector import ConnectorContract
from tests.conformance.receiver import ReceiverContract
from tests.unit.connectors.meta_posts import ANN, one, raw, read, said, signed, whatsapp

SECRET = "a secret of the tests"
FULL = whatsapp(
    messages=[said("text", {"body": "hi"}), said("image", {"id": "9", "mime_type": "image/jpeg"}, id="wamid.2")],
    statuses=[{"id": "wamid.0", "status": "read", "timestamp": "1767323045", "recipient_id": "4915112345678"}],
)


class TestWhatsAppReads(ConnectorContract):
    """The eye."""

    connector = WhatsApp
    secret: ClassVar[str] = SECRET

    def settings(self) -> dict[str, Any]:
        """With a token."""
        return {"app_secrets": [SECRET], "verify_token": SECRET, "access_token": SECRET}

    def samples(self) -> Sequence[RawEvent]:
        """As the door makes them, and a whole post."""
        media = '[{"url":"https://lookaside.fbsbx.com/1","sha256":"' + "ab" * 32 + '","size":3}]'
        image = whatsapp(messages=[said("image", {"id": "9"})])
        return [
            raw(whatsapp(messages=[said("text", {"body": "hi"})]), key="106:+49"),
            raw(image, attributes={"media": media}),
            raw(FULL),
        ]


class TestWhatsAppDoor(ReceiverContract):
    """The hand."""

    connector = WhatsApp

    def settings(self) -> dict[str, Any]:
        """Without a token."""
        return {"app_secrets": [SECRET], "verify_token": "x"}

    def request(self, number: int) -> httpx.Request:
        """A message with an id of its own."""
        return signed("whatsapp", self.body(number), SECRET)

    def forged(self) -> httpx.Request:
        """A post that is signed with a guess."""
        return signed("whatsapp", self.body(1), "a guess of the secret")

    def body(self, number: int) -> bytes:
        """A post, different for each number."""
        return json.dumps(whatsapp(messages=[said("text", {"body": "hi"}, id=f"wamid.{number}")])).encode()


def test_a_text_is_a_message() -> None:
    """Who, to whom, when, in which conversation."""
    message = one(whatsapp(messages=[said("text", {"body": "Hello\r\nthere"})]))
    assert message.id == message_id("whatsapp", "main", "wamid.1")
    assert message.sender == Contact("tel", "+4915112345678", "Ann")
    assert message.to == (Contact("tel", "+15550783881"),)
    assert message.text == message.visible_text == "Hello\nthere"
    assert message.refs == ThreadRefs("wamid.1", (), "106540352242922:+4915112345678")
    assert message.fields == {"wa_id": "4915112345678", "phone_number_id": "106540352242922", "user_id": "DE.1349"}
    assert message.degradations == ()


@pytest.mark.parametrize(
    ("kind", "content", "text", "fields"),
    [
        ("image", {"id": "9", "caption": "look"}, "look", {"media": "9"}),
        ("audio", {"id": "9", "voice": True}, "[audio]", {"media": "9", "voice": "true"}),
        ("video", {"id": "9"}, "[video]", {"media": "9"}),
        ("document", {"id": "9", "filename": "a.pdf"}, "[document: a.pdf]", {"media": "9"}),
        ("sticker", {"id": "9", "animated": True}, "[sticker]", {"media": "9"}),
        (
            "location",
            {"latitude": 1.5, "longitude": -2, "name": "Shop", "address": "Main St"},
            "[location] Shop, Main St (1.5, -2)",
            {"latitude": "1.5", "longitude": "-2"},
        ),
        (
            "contacts",
            [
                {
                    "name": {"first_name": "Bo", "last_name": "Li"},
                    "phones": [{"phone": "+1 2"}],
                    "emails": [{"email": "b@x.example"}],
                    "org": {"company": "Cups"},
                    "addresses": [{"city": "Rome", "country": "Italy"}],
                }
            ],
            "[contact] Bo Li, Cups, +1 2, b@x.example, Rome, Italy",
            {},
        ),
        ("request_welcome", None, "[conversation opened]", {}),
        ("button", {"text": "Yes", "payload": "YES"}, "Yes", {"payload": "YES"}),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "b", "title": "Ok"}}, "Ok", {"payload": "b"}),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "l", "title": "A", "description": "B"}},
            "A\nB",
            {"payload": "l"},
        ),
        (
            "interactive",
            {
                "type": "nfm_reply",
                "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"size":"L","x":[1]}'},
            },
            "[flow] Sent\nsize: L\nx: [1]",
            {"size": "L", "x": "[1]"},
        ),
        (
            "order",
            {
                "catalog_id": "c",
                "product_items": [{"product_retailer_id": "cup", "quantity": 2, "item_price": 5, "currency": "EUR"}],
            },
            "[order]\n2 x cup at 5 EUR",
            {"catalog": "c"},
        ),
    ],
)
def test_every_type_says_something(kind: str, content: Any, text: str, fields: dict[str, str]) -> None:
    """In words, and as fields."""
    message = one(whatsapp(messages=[said(kind, content)]))
    assert (message.kind, message.text, message.degradations) == ("message", text, ())
    assert fields.items() <= message.fields.items()


def test_an_answer_names_what_it_answers() -> None:
    """``context.id``; and a forward and an asked product are facts."""
    context = {"from": "1555", "id": "wamid.0", "forwarded": True, "referred_product": {"product_retailer_id": "cup"}}
    message = one(whatsapp(messages=[said("text", {"body": "yes"}, context=context)]))
    assert message.refs.parents == ("wamid.0",)
    assert message.fields.items() >= {"forwarded": "true", "product": "cup"}.items()


def test_a_reaction_is_about_a_message_and_can_be_removed() -> None:
    """An empty emoji takes it back."""
    put = one(whatsapp(messages=[said("reaction", {"message_id": "wamid.0", "emoji": "👍"})]))
    gone = one(whatsapp(messages=[said("reaction", {"message_id": "wamid.0", "emoji": ""}, id="wamid.2")]))
    assert (put.kind, put.text, put.about) == ("reaction", "👍", message_id("whatsapp", "main", "wamid.0"))
    assert (gone.kind, gone.text, gone.fields["reaction"], gone.about) == ("reaction", "", "removed", put.about)


def test_edited_and_revoked_messages() -> None:
    """Each an event of its own about the first, even when Meta gives it the same id."""
    inner = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "better"}}}
    edit = one(whatsapp(messages=[said("edit", inner)]))
    gone = one(whatsapp(messages=[said("revoke", {"original_message_id": "wamid.1"}, id="wamid.3")]))
    first = message_id("whatsapp", "main", "wamid.1")
    assert (edit.kind, edit.text, edit.about, edit.refs.parents) == ("edit", "better", first, ("wamid.1",))
    assert (gone.kind, gone.text, gone.about) == ("deletion", "", first)
    assert len({first, edit.id, gone.id}) == 3


@pytest.mark.parametrize("status", ["sent", "delivered", "read", "failed", "played"])
def test_a_status_is_a_signal(status: str) -> None:
    """What became of what we sent, by its id; each status once."""
    errors = [{"code": 131047, "title": "Re-engagement", "error_data": {"details": "24 hours have passed"}}]
    told = {"id": "wamid.0", "status": status, "timestamp": "1767323045", "recipient_id": "4915112345678"}
    message = one(whatsapp(statuses=[told | ({"errors": errors} if status == "failed" else {})]))
    assert (message.kind, message.fields["status"], message.refs.parents) == ("status", status, ("wamid.0",))
    assert message.fields.get("error") == ("131047 24 hours have passed" if status == "failed" else None)
    assert message.sender == Contact("tel", "+4915112345678", "Ann")
    assert message.id == message_id("whatsapp", "main", f"wamid.0;{status};4915112345678")


def test_system_tells_of_a_new_number() -> None:
    """It stands in the conversation of the old one, and wakes nobody."""
    system = {"type": "user_changed_number", "body": "Ann changed her number", "wa_id": "4917699999999"}
    message = one(whatsapp(messages=[said("system", system)]))
    assert (message.kind, message.text) == ("auto_reply", "Ann changed her number")
    assert (message.fields["system"], message.fields["new_number"]) == ("user_changed_number", "4917699999999")


def test_marketing_that_is_stopped_is_a_consent() -> None:
    """``user_preferences``, in the words of a consent."""
    told = {"wa_id": "4915112345678", "category": "marketing_messages", "value": "stop", "timestamp": 1767323045}
    message = one(whatsapp(user_preferences=[told]))
    assert (message.kind, message.fields) == ("consent", {"consent": "stop", "category": "marketing_messages"})


def test_a_call_over_whatsapp_is_a_call() -> None:
    """Each event of it is one more of the same conversation."""
    told = {"id": "wacid.1", "from": "4915112345678", "direction": "USER_INITIATED", "timestamp": "1767323045"}
    rings, ends = (one(whatsapp(calls=[told | {"event": event}])) for event in ("connect", "terminate"))
    assert (rings.kind, rings.text, rings.fields["call"]) == ("call", "[call: connect]", "wacid.1")
    assert rings.refs.provider == ends.refs.provider == "106540352242922:+4915112345678"
    assert rings.id != ends.id


def test_the_status_of_a_call_is_of_the_call() -> None:
    """It stands among the statuses of messages."""
    told = {
        "id": "wacid.1",
        "type": "call",
        "status": "RINGING",
        "timestamp": "1767323045",
        "recipient_id": "4915112345678",
    }
    message = one(whatsapp(statuses=[told]))
    assert (message.kind, message.text, message.sender.address) == ("call", "[call: ringing]", "+4915112345678")


def test_what_our_own_side_says_in_the_app_is_an_echo() -> None:
    """To the customer, in his conversation."""
    told = {"from": "15550783881", "to": "4915112345678", "id": "wamid.5", "timestamp": "1767323045", "type": "text"}
    message = one(whatsapp(message_echoes=[told | {"text": {"body": "We look into it"}}]))
    assert (message.kind, message.text, message.sender.address) == ("echo", "We look into it", "+15550783881")
    assert message.to == (Contact("tel", "+4915112345678", "Ann"),)
    assert message.refs.provider == "106540352242922:+4915112345678"


@pytest.mark.parametrize(("kind", "expected"), [("edit", "edit"), ("revoke", "deletion")])
def test_what_our_own_side_changes_in_the_app_is_outgoing(kind: str, expected: str) -> None:
    """An edit and a deletion of ours are no words of the customer's, whose conversation they are in."""
    told = {"from": "15550783881", "to": "4915112345678", "id": "wamid.6", "timestamp": "1767323045", "type": kind}
    message = one(whatsapp(message_echoes=[told | {kind: {"original_message_id": "wamid.5"}}]))
    assert (message.kind, message.outgoing) == (expected, True)
    assert message.to == (Contact("tel", "+4915112345678", "Ann"),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_template_status_update", {"event": "REJECTED", "message_template_id": 1}),
        ("message_template_quality_update", {"new_quality_score": "YELLOW"}),
        ("account_update", {"event": "DISABLED_UPDATE"}),
        ("history", {"messaging_product": "whatsapp", "history": [{"threads": []}]}),
        ("messages", {"messaging_product": "whatsapp", "errors": [{"code": 131052}]}),
    ],
)
def test_what_is_no_customers_gives_nothing(field: str, value: dict[str, Any]) -> None:
    """Templates, our own account, the history of another app."""
    post = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}],
    }
    assert read(json.dumps(post).encode()) == ()


def test_times_are_the_vendors_own() -> None:
    """Aware UTC; what is no time is noted."""
    assert one(whatsapp(messages=[said("text", {"body": "x"})])).sent_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for wrong in ("", "soon", "0", "99999999999999999999", None, [1]):
        message = one(whatsapp(messages=[said("text", {"body": "x"}, timestamp=wrong)]))
        assert (message.sent_at, message.degradations) == (None, ("no-date",))


def test_profile_names_may_be_missing() -> None:
    """Then the number is who it is."""
    assert one(whatsapp(messages=[said("text", {"body": "x"})], contacts=[])).sender == Contact("tel", "+4915112345678")
    other = ANN | {"wa_id": "1", "user_id": "2"}
    both = one(whatsapp(messages=[said("text", {"body": "x"})], contacts=[other, ANN]))
    assert both.sender.name == "Ann"
