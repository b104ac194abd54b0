"""What is read of SMS and MMS: the traps of the channel, each by its name."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connectors._media import Fetched, noted
from connectors._twilio.parties import POOL
from connectors.fakes.twilio import ACCOUNT_SID
from connectors.sms import Sms
from normalizer.errors import Rejected
from normalizer.events import Contact, Message
from normalizer.ids import message_id
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.twilio_messages import CUSTOMER, OURS, callback, form, listed, one, raw, sid


def said(number: int = 1, **more: str) -> Message:
    """What is read of a webhook."""
    return one(Sms, raw(form(number, **more)))


def resource(**more: Any) -> Mapping[str, Any]:
    """A message as the list has it."""
    usual = {
        "sid": sid(1),
        "direction": "inbound",
        "status": "received",
        "body": "text 1",
        "from": CUSTOMER,
        "to": OURS,
    }
    facts = {"date_sent": "Fri, 24 May 2019 17:44:50 +0000", "num_media": "0", "num_segments": "1"}
    return {**usual, **facts, "account_sid": ACCOUNT_SID, "messaging_service_sid": None, "error_code": None, **more}


def test_a_message() -> None:
    """Who, to whom, what; a form has no time."""
    message = said()
    assert (message.sender, message.to) == (Contact("tel", CUSTOMER), (Contact("tel", OURS),))
    assert (message.kind, message.visible_text, message.sent_at) == ("message", "text 1", None)
    assert (message.refs.own, message.id) == (sid(1), message_id("sms", "main", sid(1)))


def test_webhook_and_list_give_one_id_and_one_conversation() -> None:
    """So that the second one is a duplicate; the list knows the time as well."""
    posted, found = said(), one(Sms, listed(resource()))
    assert (posted.id, posted.refs) == (found.id, found.refs)
    assert (posted.sender, posted.to, posted.text) == (found.sender, found.to, found.text)
    assert found.sent_at == datetime(2019, 5, 24, 17, 44, 50, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json"])
def test_a_form_is_known_by_its_look(kind: str) -> None:
    """A delivery that was kept in a file has lost its type."""
    assert one(Sms, msgspec.structs.replace(raw(form(1)), content_type=kind)) == said()


def test_an_event_stream_gives_the_same() -> None:
    """A CloudEvent, with names in camel case: https://www.twilio.com/docs/events/event-types/messaging/inbound-message."""
    data = {"messageSid": sid(1), "from": CUSTOMER, "to": OURS, "body": "text 1", "numMedia": 0, "numSegments": 1}
    event = {
        "specversion": "1.0",
        "type": "com.twilio.messaging.inbound-message.received",
        "id": "EZ1",
        "time": "2026-01-02T03:04:05.000Z",
        "data": {"eventName": "com.twilio.messaging.inbound-message.received", "accountSid": ACCOUNT_SID, **data},
    }
    message = one(Sms, listed(event))
    assert (message.id, message.text, message.kind) == (said().id, "text 1", "message")
    assert message.sent_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_event_streams_receipt_is_a_status() -> None:
    """The same stream tells what became of what we sent."""
    data = {"messageSid": sid(3), "from": OURS, "to": CUSTOMER, "messageStatus": "DELIVERED"}
    message = one(Sms, listed({"specversion": "1.0", "id": "EZ2", "data": data}))
    assert (message.kind, message.fields["status"], message.sender.address) == ("status", "delivered", CUSTOMER)


@pytest.mark.parametrize("status", ["queued", "sent", "delivered", "undelivered", "failed", "read"])
def test_status_callbacks_are_events_of_their_own(status: str) -> None:
    """About what we sent, of the customer whom we sent it to; each status has its own id, again and again the same."""
    message = one(Sms, raw(callback(3, status)))
    assert (message.kind, message.fields, message.refs.parents) == ("status", {"status": status}, (sid(3),))
    assert (message.sender.address, message.to[0].address) == (CUSTOMER, OURS)
    assert message.id == message_id("sms", "main", f"{sid(3)};{status}")


def test_a_failure_has_its_error_code() -> None:
    """Bounces of a carrier: 30003 is an unreachable phone."""
    message = one(Sms, raw(callback(3, "undelivered", ErrorCode="30003", ErrorMessage="Unreachable")))
    assert message.fields == {"status": "undelivered", "error": "30003", "detail": "Unreachable"}


def test_an_old_callback_has_only_sms_status() -> None:
    """SmsStatus, sometimes with the text that we sent."""
    told = {"SmsSid": sid(3), "SmsStatus": "failed", "To": CUSTOMER, "From": OURS, "ErrorCode": "30006"}
    for more in ({}, {"Body": "what we sent"}):
        assert one(Sms, raw(told | more)).fields == {"status": "failed", "error": "30006"}


def test_a_message_at_the_fallback_address_is_a_message() -> None:
    """It has an ErrorCode, which says why the first address failed, and is no receipt for that."""
    assert said(ErrorCode="11200", ErrorUrl="https://hooks.example.com/sms/main").kind == "message"


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(
            (word, "stop")
            for word in ("STOP", "stopall", "Unsubscribe", "CANCEL", "end", "QUIT", "ARRET", "Arrêt", " stop. ")
        ),
        *((word, "start") for word in ("START", "yes", "UNSTOP")),
        *((word, "help") for word in ("HELP", "info", "Aide")),
    ],
)
def test_stop_start_and_help_are_events_and_no_tickets(word: str, meaning: str) -> None:
    """Twilio's words and those of other countries, when they are all that is said."""
    message = said(Body=word)
    assert (message.kind, message.fields["consent"], message.text) == ("consent", meaning, word)


@pytest.mark.parametrize(
    "body", ["Please stop the order", "yes, tomorrow", "I need help", "", "stop it", "Quit smoking?"]
)
def test_a_word_among_others_is_a_message(body: str) -> None:
    """Somebody writes to us."""
    assert said(Body=body).kind == "message"


def test_opt_out_type_goes_before_words() -> None:
    """Twilio knows the words that were set there (Advanced Opt-Out)."""
    message = said(Body="BYE", OptOutType="STOP")
    assert (message.kind, message.fields["consent"]) == ("consent", "stop")


def test_a_picture_with_the_word_help_is_a_message() -> None:
    """Whoever sends a file asks somebody."""
    assert said(Body="help", NumMedia="1", MediaUrl0="https://api.twilio.com/x").kind == "message"


def test_an_empty_body_with_files_is_a_message() -> None:
    """An MMS of pictures alone."""
    files = noted([Fetched("u", content_type="image/png", sha256="a" * 64, size=3)])
    message = one(Sms, raw(form(1, Body="", NumMedia="1"), **files))
    assert (message.text, [each.content_type for each in message.attachments]) == ("", ["image/png"])
    assert message.degradations == ()


def test_a_file_that_could_not_be_had_is_told() -> None:
    """The message is there all the same."""
    message = one(Sms, raw(form(1, Body="", NumMedia="1"), **noted([Fetched("u", error="ReadError")])))
    assert (message.kind, message.degradations) == ("message", ("media-missing:ReadError",))


def test_a_message_of_nothing_is_not_dropped() -> None:
    """Neither text nor file."""
    message = said(Body=" ")
    assert (message.text, message.degradations) == ("[empty message]", ("empty",))


def test_more_than_ten_files_are_told() -> None:
    """Ten is the most that there can be today."""
    assert "too-many-files" in said(NumMedia="11").degradations


def test_a_nul_character_is_taken_out() -> None:
    """No ticket store takes it."""
    message = said(Body="a\x00b")
    assert (message.text, message.degradations) == ("ab", ("control-characters",))


def test_broken_encodings_are_told() -> None:
    """A byte that is no UTF-8."""
    message = one(Sms, msgspec.structs.replace(raw({}), body=b"MessageSid=SM1&From=%2B1&To=%2B2&Body=a%ffb"))
    assert (message.text, message.degradations) == ("a\ufffdb", ("bad-encoding",))


def test_half_an_emoji_is_no_reason_to_lose_a_message() -> None:
    """A lone surrogate in JSON, which is no Unicode."""
    body = msgspec.json.encode(resource()).replace(b"text 1", b"a\\ud83d")
    message = one(Sms, msgspec.structs.replace(listed({}), body=body))
    assert (message.text, message.degradations) == ("a\ufffd", ("bad-encoding",))


def test_parts_that_a_carrier_did_not_join_are_messages_of_their_own() -> None:
    """In whatever order they come they are of one conversation; nothing is put together by guessing."""
    second, first = said(2, Body="(2/2) is late"), said(1, Body="(1/2) My parcel")
    assert first.id != second.id
    assert first.refs.provider == second.refs.provider


def test_segments_are_one_message() -> None:
    """Twilio joins the parts; how many there were is kept."""
    assert said(Body="x" * 500, NumSegments="4").fields["segments"] == "4"


def test_an_alphanumeric_sender_cannot_be_answered() -> None:
    """A name, which anybody may have set."""
    message = said(From="MyBank")
    assert message.sender == Contact("tel", "mybank", "MyBank")
    assert (message.fields["sender"], message.degradations) == ("name", ("sender-cannot-be-answered:name",))


def test_a_short_code_stays_what_it_is() -> None:
    """Five digits are no number of any country."""
    message = said(From="12345", To="67890")
    assert (message.sender.address, message.to[0].address, message.fields["sender"]) == ("12345", "67890", "short-code")
    assert message.degradations == ()


def test_withheld_senders_are_not_one_customer() -> None:
    """Two people who hide have nothing in common."""
    first, second = said(1, From=""), said(2, From="anonymous")
    assert first.sender != second.sender
    assert (first.refs.provider, second.refs.provider) == ("", "")
    assert first.degradations == ("sender-cannot-be-answered:withheld",)


def test_numbers_are_e164_however_they_are_written() -> None:
    """One person is one customer."""
    assert said(From="+49 1511 2345678").refs.provider == said().refs.provider


def test_a_messaging_service_with_several_numbers_is_one_conversation() -> None:
    """Where the configuration says which numbers belong to it; else each number is one of its own."""
    service = "MG" + "7" * 32
    first, second = (one(Sms, raw(form(1, To=to), **{POOL: service})) for to in (OURS, "+15005550007"))
    assert first.refs.provider == second.refs.provider
    assert said(To=OURS).refs.provider != said(To="+15005550007").refs.provider
    assert said(MessagingServiceSid=service).fields["messaging_service"] == service


def test_rcs_is_read_as_a_number() -> None:
    """The same person's richer messages; the network is told."""
    message = said(From=f"rcs:{CUSTOMER}")
    assert (message.sender.address, message.fields["network"]) == (CUSTOMER, "rcs")


def test_what_our_side_said_elsewhere_is_an_echo() -> None:
    """In the customer's conversation, and from us."""
    message = one(Sms, listed(resource(direction="outbound-api", status="delivered", **{"from": OURS, "to": CUSTOMER})))
    assert (message.kind, message.sender.address, message.to[0].address) == ("echo", OURS, CUSTOMER)
    assert message.refs.provider == said().refs.provider


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"Body": "hi"}', b"\xff", b'{"data": 7, "specversion": "1.0"}'])
def test_what_has_no_sid_is_rejected(body: bytes) -> None:
    """With a reason that can be counted."""
    with pytest.raises(Rejected, match="discard it"):
        Sms.read(msgspec.structs.replace(raw({}), body=body, content_type="application/json"))
    with pytest.raises(Rejected, match="discard it"):
        Sms.read(msgspec.structs.replace(raw({}), body=body))


@needs_corpora
def test_equal_texts_with_different_sids_are_never_merged() -> None:
    """2,238 real SMS, many of which say the same."""
    with (CORPORA / "sms_spam" / "spam.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["Message"] for row in csv.DictReader(file)]
    messages = [said(number, Body=text) for number, text in enumerate(texts, 1)]
    assert len({message.id for message in messages}) == len(texts) == 2238
    assert [message.text for message in messages] == texts
    assert len(set(texts)) < len(texts)
