"""Whole calls at the doors: what callers hear, and what is told of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connectors.fakes._twilio.phone import Caller
from connectors.voice import Voice, VoiceSettings
from normalizer.errors import Misconfigured
from tests.unit.connectors.voice_line import ANN, CALL, JO, OURS, PUBLIC, line, settings

pytestmark = pytest.mark.slow

GREETING, MENU = "Thank you for calling.", "To be called back, press 1."


def test_a_voicemail_is_told_once_with_its_file() -> None:
    """The recording is fetched with the account's credentials; Twilio may not have it at once."""
    with line() as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(speaks=9, audio=b"hello", transcript="My order is late."), late=True)
        shop.twilio.phone.calls.recordings[0].late = 1
        shop.twilio.phone.settle()
        assert shop.waking() == ["Voicemail"]
        (voicemail,) = [each for each in shop.messages() if each.kind == "message"]
        assert shop.blobs.get(voicemail.attachments[0].sha256) == b"hello"
        assert voicemail.attachments[0].content_type == "audio/mpeg"
        assert [each.text for each in shop.messages() if each.kind == "edit"] == ["My order is late."]


def test_a_recording_that_cannot_be_had_is_told_all_the_same() -> None:
    """With a mark that its file is missing."""
    with line(max_media_bytes=3) as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(speaks=9))
        (voicemail,) = [each for each in shop.messages() if each.kind == "message"]
        assert (voicemail.attachments, voicemail.degradations) == ((), ("media-missing:too-large",))


def test_a_multi_channel_recording_comes_with_both_channels() -> None:
    """They are asked for by their number."""
    with line() as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(speaks=9), late=True)
        shop.twilio.phone.later("RecordingChannels", "2")
        shop.twilio.phone.settle()
        (asked,) = [each for each in shop.twilio.account.asked if each.path.endswith(".mp3")]
        assert asked.query == (("RequestedChannels", "2"),)


def test_a_requested_callback_is_told_once() -> None:
    """The caller hears that it was taken; the end of the call says nothing more."""
    with line() as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(presses="1"))
        assert shop.waking() == ["Callback requested"]
        assert shop.twilio.phone.heard == [GREETING, MENU, "Thank you. We will call you back."]


def test_a_wrong_key_leads_to_the_voicemail() -> None:
    """And asks nobody to act by itself."""
    with line() as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(presses="9"))
        assert MENU not in shop.twilio.phone.heard[2:]
        assert shop.waking() == ["Missed call"]


def test_a_withheld_number_is_not_offered_a_callback() -> None:
    """There is nobody to call back."""
    with line() as shop:
        shop.twilio.phone.ring("anonymous", OURS)
        assert MENU not in shop.twilio.phone.heard
        assert shop.waking() == ["Missed call"]


def test_callers_are_spoken_to_in_the_accounts_language() -> None:
    """And what Twilio cannot write down is not asked for."""
    with line(language="de-DE", greeting="Guten Tag.", forward=[]) as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(speaks=3))
        document = shop.twilio.webhooks.attempts[0].text
        assert '<Say language="de-DE">Guten Tag.</Say>' in document
        assert "transcribe" not in document


@pytest.mark.parametrize(("off", "gone"), [("callback", "<Gather"), ("voicemail", "<Record")])
def test_what_is_not_wanted_is_not_offered(off: str, gone: str) -> None:
    """Each part of the menu can be left out."""
    with line(**{off: False}) as shop:
        shop.twilio.phone.ring(ANN, OURS)
        assert gone not in shop.twilio.webhooks.attempts[0].text


def test_a_call_that_a_colleague_takes_wakes_nobody() -> None:
    """All its legs, and its end, are progress."""
    with line(forward=[JO]) as shop:
        shop.twilio.phone.colleagues[JO] = "completed"
        shop.twilio.phone.ring(ANN, OURS)
        assert shop.waking() == []
        assert {each.refs.provider for each in shop.messages()} == {f"{OURS}|{ANN}"}


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed"])
def test_a_call_that_no_colleague_takes_is_missed_once(status: Any) -> None:
    """The caller is offered what the machine offers."""
    with line(forward=[JO]) as shop:
        shop.twilio.phone.colleagues[JO] = status
        shop.twilio.phone.ring(ANN, OURS)
        assert shop.waking() == ["Missed call"]
        assert MENU in shop.twilio.phone.heard


def test_who_hangs_up_before_it_rings_is_missed_too() -> None:
    """There is no leg and no action: then Twilio is asked what became of the call."""
    with line(forward=[JO]) as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(leaves=True))
        assert shop.waking() == ["Missed call"]


def test_another_process_may_take_the_next_webhook() -> None:
    """What it cannot know of a call that was taken, it asks for."""
    with line(forward=[JO]) as shop:
        shop.twilio.phone.colleagues[JO] = "completed"
        shop.twilio.phone.ring(ANN, OURS)
        calls = [*shop.twilio.phone.calls.stored]
        with line(forward=[JO]) as other:
            other.twilio.phone.calls.stored += calls
            other.twilio.phone.tell_end(f"{PUBLIC}/voice/main/status", calls[0])
            assert other.waking() == []


def test_a_recording_of_another_flow_finds_its_caller() -> None:
    """Its callback names a call, and Twilio knows whose that is."""
    with line(answered_elsewhere=True) as shop:
        call = shop.twilio.phone.calls.add(ANN, OURS, "completed", duration=30)
        made = shop.twilio.phone.calls.record(call, b"hello", 5)
        shop.twilio.phone.tell_recording(f"{PUBLIC}/voice/main/recording", call, made)
        (voicemail,) = shop.messages()
        assert (voicemail.sender.address, voicemail.refs.provider) == (ANN, f"{OURS}|{ANN}")


def test_nothing_is_forgotten_while_the_broker_is_away() -> None:
    """The caller's request is refused, and so does not spare the call that ends from being told."""
    with line() as shop:
        shop.down = True
        form = [("CallSid", CALL), ("From", ANN), ("To", OURS), ("Direction", "inbound"), ("CallStatus", "in-progress")]
        refused = shop.twilio.webhooks.post(f"{PUBLIC}/voice/main/gather", [*form, ("Digits", "1")])
        shop.down = False
        shop.twilio.webhooks.post(f"{PUBLIC}/voice/main/status", [*form[:4], ("CallStatus", "completed")])
        assert refused.status == 503
        assert shop.waking() == ["Missed call"]


def test_card_numbers_that_are_typed_are_never_kept() -> None:
    """Keys beyond the menu's one are gone before anything is stored, and the record says so."""
    with line() as shop:
        form = [
            ("CallSid", CALL),
            ("From", ANN),
            ("Digits", "4111111111111111"),
            ("To", OURS),
            ("CallStatus", "ringing"),
        ]
        for door in ("gather", "status", "record"):
            shop.twilio.webhooks.post(f"{PUBLIC}/voice/main/{door}", form)
        for raw in shop.events:
            assert b"4111" not in msgspec.json.encode(raw)
            assert b"Digits=redacted&To" in raw.body
            assert raw.attributes["redacted"] == "Digits"
        assert "4111" not in repr(shop.messages())


def test_the_keys_that_end_a_recording_are_kept() -> None:
    """``hangup``, ``#`` and ``*`` are nobody's card."""
    with line() as shop:
        for key in ("hangup", "#", "*", "5"):
            shop.twilio.webhooks.post(f"{PUBLIC}/voice/main/record", [("CallSid", CALL), ("Digits", key)])
        assert not any("redacted" in raw.attributes for raw in shop.events)


def test_the_address_of_a_callback_is_signed() -> None:
    """Nobody else can write a conversation into it."""
    with line() as shop:
        ours = shop.twilio.webhooks.behind[PUBLIC]
        shop.twilio.webhooks.behind["https://forged.example"] = f"{ours}/voice/main/status?thread=of-somebody-else&x="
        answer = shop.twilio.webhooks.post("https://forged.example", [("CallSid", CALL)])
        assert answer.status == 403
        assert "bad-signature" in answer.text
        assert shop.events == []


def test_two_tokens_are_valid_while_they_are_rotated() -> None:
    """For what Twilio signs, and for what it is asked."""
    with line(auth_tokens=["the-token-that-was-before-it", "an-auth-token-of-the-stand-in"]) as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(speaks=4))
        assert [len(each.attachments) for each in shop.messages() if each.kind == "message"] == [1]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"menu": "Press any key."}, r"channels\.voice\.main\.menu does not name the key 1: say it, or set callback"),
        ({"numbers": ["0800 123"]}, r"has the number '0800 123': write it as \+15005550006"),
        ({"public_url": "hooks.example.com"}, r"channels\.voice\.main\.public_url is no address: write https://HOST"),
    ],
)
def test_settings_that_cannot_work_are_refused(more: dict[str, Any], said: str) -> None:
    """At the start, with the remedy."""
    with line() as shop, pytest.raises(Misconfigured, match=said):
        Voice("main", msgspec.convert(settings(**more), VoiceSettings), shop.blobs)


def test_an_account_is_part_of_a_url() -> None:
    """And must be fit for that."""
    with line() as shop, pytest.raises(Misconfigured, match=r"channels\.voice\.a/b: an account is part of a url"):
        Voice("a/b", shop.voice.settings, shop.blobs)
