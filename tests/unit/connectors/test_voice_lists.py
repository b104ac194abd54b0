"""The lists of calls and recordings: what no webhook told is found, and what one told is not told anew."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors.fakes._twilio.phone import Caller
from connectors.fakes.twilio import FakeTwilio
from connectors.voice import Voice, VoiceSettings
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import RawEvent
from tests.unit.connectors.voice_line import ANN, BOB, JO, NOW, OURS, line, read, settings, stand_in


class OneRound(threading.Event):
    """Ends a poller when it begins to wait."""

    def wait(self, timeout: float | None = None) -> bool:
        """No longer than not at all."""
        del timeout
        self.set()
        return True


def poll(twilio: FakeTwilio, source: str, position: Any = None, **more: Any) -> tuple[list[RawEvent], Any]:
    """What one round gives, and the place after it."""
    made = msgspec.convert(settings(api_url=twilio.url, **({"list_after_seconds": 0} | more)), VoiceSettings)
    voice = Voice("main", made, BlobStore("memory://voice"))
    pages = list(voice.receive(source, msgspec.json.encode(position) if position else None, OneRound()))
    return [raw for page in pages for raw in page.events], (pages[-1].position if pages else position)


def test_a_lost_webhook_is_no_lost_call() -> None:
    """Both tell the same message: webhook first, list first, or the list alone."""
    with line() as shop:
        shop.twilio.phone.ring(ANN, OURS)
        shop.twilio.phone.calls.add(BOB, OURS, "no-answer")
        events, _ = poll(shop.twilio, "calls")
        by_list = {read(raw).id: read(raw).subject for raw in events}
        by_webhook = {each.id for each in shop.messages() if each.kind == "message"}
    assert len(by_list) == 2
    assert by_webhook < set(by_list)


def test_a_voicemail_without_its_callback_is_found() -> None:
    """With its file and its caller, whom the list of recordings does not name."""
    with stand_in() as twilio:
        call = twilio.phone.calls.add(ANN, OURS, "completed", duration=30)
        made = twilio.phone.calls.record(call, b"hello", 7)
        (raw,), _ = poll(twilio, "recordings")
        message = read(raw)
    assert (message.kind, message.text) == ("message", f"Voicemail from {ANN}, 7 seconds.")
    assert (message.refs.own, message.refs.provider) == (made.sid, f"{OURS}|{ANN}")
    assert message.attachments[0].size == 5


def test_a_recording_of_a_call_that_is_gone_is_told() -> None:
    """Calls can be deleted; what was said is still there."""
    with stand_in() as twilio:
        call = twilio.phone.calls.add(ANN, OURS, "completed", duration=30)
        twilio.phone.calls.record(call, b"hello", 7)
        twilio.phone.calls.stored.clear()
        (raw,), _ = poll(twilio, "recordings")
        assert read(raw).refs.parents == (call.sid,)


def test_what_is_not_over_is_told_when_it_is() -> None:
    """The place waits for it, and what came after it is not told twice."""
    with stand_in() as twilio:
        twilio.phone.calls.add(BOB, OURS, "in-progress", created=datetime.now(UTC) - timedelta(hours=1))
        twilio.phone.calls.add(ANN, OURS, "busy")
        events, place = poll(twilio, "calls")
        assert [read(raw).sender.address for raw in events] == [ANN]
        twilio.phone.end(twilio.phone.calls.stored[0], "completed", 0)
        events, place = poll(twilio, "calls", place)
        assert [read(raw).sender.address for raw in events] == [BOB]
        assert poll(twilio, "calls", place)[0] == []


def test_webhooks_come_first() -> None:
    """What has only just ended is told by the list a little later, if it still must be."""
    with stand_in() as twilio:
        call = twilio.phone.calls.add(ANN, OURS, "busy", created=datetime.now(UTC) - timedelta(minutes=5))
        twilio.phone.end(call, "completed", 290)
        events, place = poll(twilio, "calls", list_after_seconds=60)
        assert events == []
        twilio.phone.end(call, "completed", 200)
        assert len(poll(twilio, "calls", place, list_after_seconds=60)[0]) == 1


def test_an_outage_of_days_is_caught_up_with_day_by_day() -> None:
    """Oldest first, over all pages of every day; nothing before the first start's days."""
    with stand_in() as twilio:
        now = datetime.now(UTC)
        for day in range(5, -1, -1):
            for minute in range(3):
                twilio.phone.calls.add(ANN, OURS, "busy", created=now - timedelta(days=day, minutes=minute))
        events, _ = poll(twilio, "calls", page_size=2, backfill_days=3)
    told = [msgspec.json.decode(raw.body) for raw in events]
    assert len({each["sid"] for each in told}) == len(told) in (9, 10, 11, 12)  # midnight is where it is
    times = [read(raw).sent_at or NOW for raw in events]
    assert times == sorted(times)


def test_legs_tell_whether_a_call_was_taken() -> None:
    """A call that was put through is completed either way."""
    with stand_in() as twilio:
        for taken in ("completed", "no-answer"):
            call = twilio.phone.calls.add(ANN, OURS, "completed", duration=30)
            length = 20 if taken == "completed" else 0
            twilio.phone.calls.add(ANN, JO, taken, duration=length, parent=call.sid, direction="outbound-dial")
        events, _ = poll(twilio, "calls", forward=[JO])
        parents = [read(raw) for raw in events if not read(raw).refs.parents]
    assert [each.kind for each in parents] == ["call", "message"]
    assert {read(raw).refs.provider for raw in events} == {f"{OURS}|{ANN}"}
    assert parents[1].fields["missed"] == "unanswered"


def test_the_calls_of_other_numbers_are_left_to_others() -> None:
    """An account of Twilio may be shared; the legs of a call go with it."""
    other = "+15005550002"
    with stand_in() as twilio:
        for to in (OURS, other):
            call = twilio.phone.calls.add(ANN, to, "completed", duration=9)
            twilio.phone.calls.add(ANN, JO, "busy", parent=call.sid, direction="outbound-dial")
            twilio.phone.calls.record(call, b"hello", 7)
        events, _ = poll(twilio, "calls", numbers=[OURS])
        assert len(events) == 2
        recorded, _ = poll(twilio, "recordings", numbers=[OURS])
        assert [read(raw).refs.provider for raw in recorded] == [f"{OURS}|{ANN}"]


def test_too_many_requests_are_heeded() -> None:
    """As long as Twilio says."""
    with stand_in() as twilio:
        twilio.account.fail(429, retry_after=7)
        with pytest.raises(Retriable, match="too many requests") as raised:
            poll(twilio, "calls")
    assert raised.value.retry_after == 7


def test_a_place_that_cannot_be_read_needs_a_person() -> None:
    """Which list, and the remedy."""
    with stand_in() as twilio, pytest.raises(Misconfigured, match=r"saved place in calls .* write a tombstone"):
        poll(twilio, "calls", {"since": 1})


def test_a_token_that_is_refused_is_reported() -> None:
    """While the other one still works."""
    with stand_in() as twilio:
        tokens = ["a-token-that-was-before-it", "an-auth-token-of-the-stand-in"]
        made = msgspec.convert(settings(api_url=twilio.url, auth_tokens=tokens), VoiceSettings)
        voice, stop = Voice("main", made, BlobStore("memory://voice")), threading.Event()
        assert voice.warnings() == ()
        pages = voice.receive("calls", None, stop)
        next(pages)
        (warning,) = voice.warnings()
    assert "Twilio refuses the first of channels.voice.main.auth_tokens: remove it" in warning


def test_a_transcript_after_the_list_told_the_voicemail_is_still_its_edit() -> None:
    """Whoever told the voicemail, the transcript is about it."""
    with line() as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(speaks=5, transcript="Call me."), late=True)
        (raw,), _ = poll(shop.twilio, "recordings")
        shop.twilio.phone.settle()
        (edit,) = [each for each in shop.messages() if each.kind == "edit"]
    assert edit.about == read(raw).id
