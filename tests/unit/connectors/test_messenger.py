"""Messenger keeps what every connector and every door keeps; each direct event is read; its traps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import httpx
import pytest

from connectors.messenger import Messenger
from normalizer.events import Contact, RawEvent, ThreadRefs
from normalizer.ids import message_id
from tests.conformance.connector import ConnectorContract
from tests.conformance.receiver import ReceiverContract
from tests.unit.connectors.meta_posts import change, direct, one, raw, read, signed

SECRET = "a secret of the tests"
FIRST = message_id("messenger", "main", "m_1")
CUSTOMER, PAGE = Contact("meta", "55:77"), Contact("meta", "55")


def message(**said: Any) -> dict[str, Any]:
    """A message of the person 77."""
    return direct({"message": {"mid": "m_1"} | said})


class TestMessengerReads(ConnectorContract):
    """The eye."""

    connector = Messenger
    secret: ClassVar[str] = SECRET

    def settings(self) -> dict[str, Any]:
        """With a token."""
        return {"app_secrets": [SECRET], "verify_token": SECRET, "access_token": SECRET}

    def samples(self) -> Sequence[RawEvent]:
        """A message, a comment, an entry of several."""
        comment = {
            "item": "comment",
            "verb": "add",
            "comment_id": "9",
            "post_id": "8",
            "from": {"id": "7"},
            "message": "x",
        }
        several = message(text="hi")
        several["entry"][0]["standby"] = direct({"postback": {"payload": "P"}})["entry"][0]["messaging"]
        return [
            raw(message(text="hi"), "messenger", attributes={"profilename": "Ann"}, key="55:77"),
            raw(change("feed", comment), "messenger"),
            raw(several, "messenger"),
        ]


class TestMessengerDoor(ReceiverContract):
    """The hand."""

    connector = Messenger

    def settings(self) -> dict[str, Any]:
        """Without a token."""
        return {"app_secrets": [SECRET], "verify_token": "x"}

    def request(self, number: int) -> httpx.Request:
        """A message with an id of its own."""
        return signed("messenger", json.dumps(message(mid=f"m_{number}", text="hi")).encode(), SECRET)

    def forged(self) -> httpx.Request:
        """A post that is signed with a guess."""
        return signed("messenger", b"{}", "a guess of the secret")


def test_a_text_is_a_message() -> None:
    """Who, to which page, in which conversation; page-scoped."""
    found = one(message(text="hi", reply_to={"mid": "m_0"}, quick_reply={"payload": "YES"}), "messenger")
    assert (found.id, found.kind, found.text) == (FIRST, "message", "hi")
    assert (found.sender, found.to) == (CUSTOMER, (PAGE,))
    assert found.refs == ThreadRefs("m_1", ("m_0",), "55:77")
    assert found.fields == {"payload": "YES"}
    assert str(found.sent_at) == "2026-01-02 03:04:05.123000+00:00"


def test_the_name_is_what_the_hand_found() -> None:
    """An attribute of the raw event, so that a replay gives the same."""
    (found,) = Messenger.read(raw(message(text="hi"), "messenger", attributes={"profilename": "Ann"}))
    assert found.sender == Contact("meta", "55:77", "Ann")


def test_echo_of_own_replies_from_other_tools() -> None:
    """Ours, to the customer, in the same conversation; with the app that wrote it."""
    told = {"mid": "m_2", "text": "We look", "is_echo": True, "app_id": 31415}
    post = direct({"sender": {"id": "55"}, "recipient": {"id": "77"}, "message": told})
    found = one(post, "messenger")
    assert (found.kind, found.sender, found.to) == ("echo", PAGE, (CUSTOMER,))
    assert (found.refs.provider, found.fields) == ("55:77", {"app": "31415"})


def test_what_our_side_takes_back_is_the_customers_conversation_all_the_same() -> None:
    """A deletion of ours names whom it was said to; one of the customer's is his own."""
    told = {"mid": "m_2", "is_echo": True, "is_deleted": True}
    ours = one(direct({"sender": {"id": "55"}, "recipient": {"id": "77"}, "message": told}), "messenger")
    assert (ours.kind, ours.outgoing, ours.sender, ours.to) == ("deletion", True, PAGE, (CUSTOMER,))
    assert one(message(is_deleted=True), "messenger").outgoing is False


@pytest.mark.parametrize(
    "told", [{"pass_thread_control": {"new_owner_app_id": 1}}, {"take_thread_control": {}}, {"app_roles": {"1": ["x"]}}]
)
def test_hand_over_protocol(told: dict[str, Any]) -> None:
    """What apps say to each other is nobody's message; what a customer says meanwhile, in standby, is one."""
    assert read(json.dumps(direct(told)).encode(), "messenger") == ()
    found = one(direct({"message": {"mid": "m_1", "text": "hi"}}, "standby"), "messenger")
    assert (found.kind, found.text, found.fields) == ("message", "hi", {"standby": "true"})
    assert found.id == FIRST  # the same as when it comes again in messaging


def test_postback_get_started_quick_reply_ice_breaker() -> None:
    """A button that is pressed is a message: the first that a customer "says"."""
    referral = {"ref": "ad-7", "source": "ADS", "ad_id": "6", "ads_context_data": {"ad_title": "Cups"}}
    told = {"mid": "m_3", "title": "Get Started", "payload": "GET_STARTED", "referral": referral}
    found = one(direct({"postback": told}), "messenger")
    assert (found.kind, found.text, found.refs.own) == ("message", "Get Started", "m_3")
    assert (
        found.fields.items() >= {"payload": "GET_STARTED", "ref": "ad-7", "ad_id": "6", "ad_headline": "Cups"}.items()
    )
    bare = one(direct({"postback": {"payload": "START"}}), "messenger")
    assert (bare.text, bare.refs.own) == ("[START]", "55:77;postback;START;1767323045123")


def test_referral_from_ad() -> None:
    """Somebody came by a link; what he said first brings it too."""
    alone = one(direct({"referral": {"ref": "r", "source": "SHORTLINK", "type": "OPEN_THREAD"}}), "messenger")
    assert (alone.text, alone.fields["ref"]) == ("[referral] SHORTLINK r", "r")
    along = one(message(text="hi", referral={"ref": "r", "product": {"id": "p"}}), "messenger")
    assert along.fields == {"ref": "r", "product": "p"}


@pytest.mark.parametrize(
    ("told", "status", "parents"),
    [
        ({"read": {"watermark": 1767323045000}}, "read", ()),
        ({"read": {"mid": "m_0"}}, "read", ("m_0",)),
        ({"delivery": {"mids": ["m_0", "m_9"], "watermark": 1767323045000}}, "delivered", ("m_0", "m_9")),
    ],
)
def test_read_and_delivery_events(told: dict[str, Any], status: str, parents: tuple[str, ...]) -> None:
    """What the customer has seen of ours, by watermark or by ids."""
    found = one(direct(told), "messenger")
    assert (found.kind, found.fields["status"], found.refs.parents) == ("status", status, parents)
    assert found.sender == CUSTOMER


def test_reactions() -> None:
    """About a message; taken back again it is one more event."""
    told = {"mid": "m_1", "action": "react", "reaction": "love", "emoji": "❤"}
    put = one(direct({"reaction": told}), "messenger")
    gone = one(direct({"reaction": told | {"action": "unreact"}}), "messenger")
    assert (put.kind, put.text, put.fields, put.about) == ("reaction", "❤", {"reaction": "love"}, FIRST)
    assert (gone.text, gone.fields, gone.about) == ("", {"reaction": "removed"}, FIRST)
    assert put.id != gone.id


def test_edited() -> None:
    """Each version is an event about the first."""
    first, second = (
        one(direct({"message_edit": {"mid": "m_1", "text": f"v{version}", "num_edit": version}}), "messenger")
        for version in (1, 2)
    )
    assert (first.kind, first.text, first.about, first.refs.own) == ("edit", "v1", FIRST, "m_1;edit;1")
    assert first.id != second.id


def test_unsend_is_a_deletion() -> None:
    """Without a word of what was there."""
    found = one(message(is_deleted=True, text="secret"), "messenger")
    assert (found.kind, found.text, found.about, found.refs.own) == ("deletion", "", FIRST, "m_1;deletion")


@pytest.mark.parametrize(
    ("attachment", "text", "fields", "notes"),
    [
        ({"type": "image", "payload": {"url": "https://x.fbcdn.net/1"}}, "[image]", {}, ()),
        ({"type": "image", "payload": {"url": "u", "sticker_id": 369}}, "[sticker]", {"sticker": "369"}, ()),
        ({"type": "location", "title": "Home", "payload": {"coordinates": {"lat": 1, "long": 2}}}, "[location] Home, 1, 2", {}, ()),
        ({"type": "fallback", "title": "T", "url": "https://e.example"}, "[fallback] T https://e.example", {}, ()),
        ({"type": "reel", "payload": {"url": "https://fb/1", "title": "R"}}, "[reel] R https://fb/1", {}, ()),
        ({"type": "template", "payload": {"template_type": "generic", "elements": [{"title": "Cup", "subtitle": "5 €"}]}}, "[template]\nCup 5 €", {}, ()),
        ({"type": "hologram", "payload": {}}, "[hologram]", {}, ("unsupported:hologram",)),
    ],
)  # fmt: skip
def test_share_reel_sticker_and_what_is_unsupported(
    attachment: dict[str, Any], text: str, fields: dict[str, str], notes: tuple[str, ...]
) -> None:
    """Everything that is attached says what it is."""
    found = one(message(attachments=[attachment]), "messenger")
    assert (found.kind, found.text) == ("message", text)
    assert fields.items() <= found.fields.items()
    assert found.degradations == notes


def test_is_unsupported_is_kept() -> None:
    """A message that even Meta's API cannot show, one with nothing in it, and an event of a type of tomorrow."""
    assert one(message(is_unsupported=True), "messenger").degradations == ("unsupported:message",)
    assert one(message(), "messenger").text == "[message]"
    assert one(message(poll={"q": 1}), "messenger").text == "[poll]"
    new = one(direct({"hologram": {"depth": 3}}), "messenger")
    assert (new.text, new.degradations, new.sender) == ("[hologram]", ("unsupported:hologram",), CUSTOMER)


def test_more_attachments_than_15_are_kept() -> None:
    """Up to any number that Meta sends."""
    image = {"type": "image", "payload": {"url": "u"}}
    assert one(message(attachments=[image] * 30), "messenger").text.count("[image]") == 30
    assert one(message(attachments=[image] * 101), "messenger").degradations == ("attachments-cut",)


def test_optin_is_a_consent() -> None:
    """Notifications that somebody asked for, and stopped."""
    told = {"type": "notification_messages", "title": "News", "payload": "P"}
    start = one(direct({"optin": told}), "messenger")
    stop = one(direct({"optin": told | {"notification_messages_status": "STOP_NOTIFICATIONS"}}), "messenger")
    assert (start.kind, start.fields["consent"], stop.fields["consent"]) == ("consent", "start", "stop")
    checkbox = one(direct({"sender": {}, "optin": {"ref": "r", "user_ref": "u-1"}}), "messenger")
    assert checkbox.sender == Contact("meta", "55:u-1")


def test_page_scoped_ids() -> None:
    """The same number under another page is another person and another conversation."""
    other = direct({"recipient": {"id": "66"}, "message": {"mid": "m_9", "text": "hi"}})
    assert one(other, "messenger").refs.provider == "66:77"


def test_test_payloads() -> None:
    """The console's "Test" button sends a change with a message in it, of the entry 0."""
    value = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824"}
    post = change("messages", value | {"message": {"mid": "random_mid", "text": "random_text"}})
    post["entry"][0]["id"] = "0"
    found = one(post, "messenger")
    assert (found.text, found.refs.provider, found.fields) == ("random_text", "23245:12334", {"test": "true"})
