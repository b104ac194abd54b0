"""What goes wrong with phone calls elsewhere, and what becomes of it here: one test for each trap."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from connectors.voice import Voice
from normalizer import ids
from normalizer.errors import Rejected
from normalizer.events import Message
from normalizer.identity import contact, customer
from tests.unit.connectors.voice_line import (
    ANN,
    BOB,
    CALL,
    JO,
    LEG,
    NOW,
    OURS,
    RECORDING,
    TRANSCRIPTION,
    placed,
    read,
    recorded,
    told,
    transcribed,
)


def voicemail_call() -> list[Message]:
    """Everything that is told of one call that ended with a voicemail."""
    return [
        read(told("incoming", CallStatus="ringing")),
        read(told("record", RecordingSid=RECORDING, CallStatus="in-progress", Digits="hangup")),
        read(told("status", {"asked": "voicemail", "unattended": "yes"}, CallStatus="completed", CallDuration="31")),
        read(recorded()),
        read(transcribed()),
    ]


def test_many_events_of_one_call_are_one_ticket_in_any_order() -> None:
    """A call is told of by five callbacks; whichever comes first, the board is the same and one thing wakes."""
    boards = []
    for order in itertools.islice(itertools.permutations(voicemail_call()), 0, None, 13):
        line = placed(*order)
        assert len(line.board()) == 1
        assert [event.message.subject for event in line.routed if event.message and not event.suppressed] == [
            "Voicemail"
        ]
        boards.append(line.board())
    assert all(board == boards[0] for board in boards)


def test_the_same_event_told_twice_is_one_message() -> None:
    """A webhook that is sent again, and the item of the list, have the id of the first."""
    ended = told(CallStatus="completed", CallDuration="12")
    item = {"sid": CALL, "from": ANN, "to": OURS, "status": "completed", "direction": "inbound", "duration": "12"}
    listed = msgspec.structs.replace(
        ended, body=msgspec.json.encode(item), content_type="application/json", attributes={}
    )
    assert read(ended).id == read(listed).id
    voicemail = {"sid": RECORDING, "call_sid": CALL, "status": "completed", "duration": "23", "source": "RecordVerb"}
    again = msgspec.structs.replace(listed, body=msgspec.json.encode(voicemail), attributes={"thread": f"{OURS}|{ANN}"})
    first, second = read(recorded()), read(again)
    assert (first.id, first.kind, first.text, first.refs) == (second.id, second.kind, second.text, second.refs)


def test_a_recording_minutes_later_finds_its_call() -> None:
    """By the conversation in its callback's address; and without one, as of another flow, by the call's id."""
    call = read(told("incoming", CallStatus="ringing"))
    bare = read(msgspec.structs.replace(recorded(), attributes={"door": "recording"}))
    assert bare.refs.provider == ""
    for late in (read(recorded()), bare):
        assert len(placed(call, late).board()) == 1


def test_a_failed_transcription_wakes_nobody_and_hides_nothing() -> None:
    """It is no edit, so that what the voicemail says of itself stays."""
    failed = read(transcribed(TranscriptionStatus="failed", TranscriptionText="(blank)"))
    assert (failed.kind, failed.about, failed.degradations) == ("call", "", ("no-transcription",))


def test_a_transcription_updates_its_voicemail_and_wakes_nobody() -> None:
    """Its words are the voicemail's: the ticket has them, and is not another one."""
    voicemail, words = read(recorded()), read(transcribed())
    assert (words.kind, words.about, words.text) == ("edit", voicemail.id, "My order is late.")
    line = placed(voicemail, words)
    assert [event.suppressed for event in line.routed] == ["", "edit"]
    assert len(line.board()) == 1


def test_a_transcription_that_never_comes_leaves_the_voicemail() -> None:
    """With its file, its length, and whose it is."""
    voicemail = read(recorded())
    assert (voicemail.kind, voicemail.subject) == ("message", "Voicemail")
    assert voicemail.text == f"Voicemail from {ANN}, 23 seconds."
    assert voicemail.sender == contact("tel", ANN)


def test_partial_transcripts_are_revisions_of_their_own() -> None:
    """Of a call that is written down while it goes on; none wakes anybody, none is taken for another."""
    parts = [
        read(
            told(
                "status",
                From="",
                To="",
                Direction="",
                TranscriptionSid=TRANSCRIPTION,
                TranscriptionEvent="transcription-content",
                SequenceNumber=number,
                TranscriptionData=f'{{"transcript": "{text}", "confidence": 0.9}}',
                Final=final,
                LanguageCode="en-US",
                Timestamp="2026-11-22T11:59:59.123Z",
            )
        )
        for number, text, final in (("2", "my", "false"), ("3", "my order", "true"))
    ]
    assert [part.text for part in parts] == ["my", "my order"]
    assert {part.kind for part in parts} == {"call"}
    assert len({part.id for part in parts}) == 2
    assert parts[1].fields["final"] == "true"
    assert len(placed(read(told("incoming", CallStatus="ringing")), *parts).board()) == 1


def test_transferred_legs_are_in_their_callers_ticket() -> None:
    """Legs have other numbers: of ours, the callback's address says whose call they are; of others', the parent's id."""
    call = read(told("incoming", CallStatus="ringing"))
    ours = {"thread": f"{OURS}|{ANN}"}
    for attributes in (ours, {}):
        legs = [
            read(told("status", attributes, CallSid=LEG, ParentCallSid=CALL, To=JO, From=OURS, Direction="outbound-dial",
                      CallStatus=status))
            for status in ("initiated", "ringing", "no-answer")
        ]  # fmt: skip
        assert {leg.kind for leg in legs} == {"call"}
        assert len(placed(call, *legs).board()) == 1


def test_a_conference_is_in_its_callers_ticket() -> None:
    """By the call that takes part; its beginning and end are about no call."""
    call = read(told("incoming", CallStatus="ringing"))
    joined = read(
        told("status", ConferenceSid="CF1", StatusCallbackEvent="participant-join", From="", To="", Direction="")
    )
    assert (joined.kind, len(placed(call, joined).board())) == ("call", 1)
    begun = told("status", CallSid="", ConferenceSid="CF1", StatusCallbackEvent="conference-start", From="", To="")
    assert Voice.read(begun) == ()


@pytest.mark.parametrize("status", ["no-answer", "busy", "canceled", "failed"])
def test_a_call_that_nobody_took_is_a_missed_call(status: str) -> None:
    """Also for a flow in which people take calls."""
    message = read(told(CallStatus=status))
    assert (message.kind, message.subject, message.fields["missed"]) == ("message", "Missed call", status)


def test_a_call_of_zero_seconds_is_a_missed_call() -> None:
    """Though Twilio calls it completed."""
    assert read(told(CallStatus="completed", CallDuration="0")).fields["missed"] == "zero-seconds"


def test_an_answered_call_that_ended_needs_nobody() -> None:
    """Put through and taken, or ended well in a flow of others."""
    assert read(told("dial", DialCallStatus="completed", DialBridged="true", DialCallDuration="40")).kind == "call"
    assert read(told("dial", DialCallStatus="completed", DialBridged="false")).kind == "message"
    assert read(told(CallStatus="completed", CallDuration="40")).kind == "call"


def test_a_call_abandoned_in_the_queue_is_a_missed_call() -> None:
    """One that was taken out of the queue is not; one that the queue refused is."""
    results = {"hangup": "queue-abandoned", "queue-full": "queue-failed", "error": "queue-failed"}
    for result, missed in results.items():
        assert read(told("queue", QueueResult=result, QueueSid="QU1")).fields["missed"] == missed
    for result in ("bridged", "leave", "redirected"):
        assert read(told("queue", QueueResult=result, QueueSid="QU1")).kind == "call"


def test_a_caller_who_says_nothing_to_the_machine_is_a_missed_call() -> None:
    """Where no person takes calls, every call asks for one; unless the caller left what already asks."""
    attributes = {"unattended": "yes"}
    assert read(told("status", attributes, CallStatus="completed", CallDuration="4")).fields["missed"] == "unattended"
    left = attributes | {"asked": "callback"}
    assert read(told("status", left, CallStatus="completed", CallDuration="4")).kind == "call"


def test_a_voicemail_that_was_lost_asks_for_somebody() -> None:
    """Something was said, and the end of the call woke nobody: then the missing recording must."""
    lost = recorded(RecordingStatus="absent", RecordingDuration="0")
    assert read(lost).kind == "call"
    spoken = msgspec.structs.replace(lost, attributes={**lost.attributes, "asked": "voicemail"})
    assert (read(spoken).kind, read(spoken).degradations) == ("message", ("recording-failed",))
    assert read(recorded(RecordingStatus="failed")).kind == "message"


def test_the_callback_clock_starts_with_the_key() -> None:
    """The request has the number and the time; how urgent that is, is for rules."""
    message = read(told("gather", Digits="1", CallStatus="in-progress"))
    assert (message.kind, message.subject) == ("message", "Callback requested")
    assert (message.fields["callback_number"], message.fields["requested_at"]) == (ANN, NOW.isoformat())
    again = read(told("gather", Digits="1", CallStatus="completed"))
    assert message.id == again.id
    assert read(told("gather", Digits="7")).kind == "call"


def test_a_callback_without_a_number_says_so() -> None:
    """Whoever withholds the number cannot be called back."""
    assert "no-callback-number" in read(told("gather", From="anonymous", Digits="1")).degradations


def test_a_multi_channel_recording_of_a_call_is_no_voicemail() -> None:
    """Conversations are recorded with a channel for each side; they are kept and wake nobody."""
    for source in ("DialVerb", "Conference", "OutboundAPI", "StartCallRecordingAPI", "Trunking"):
        message = read(recorded(RecordingSource=source, RecordingChannels="2"))
        assert (message.kind, message.fields["channels"], message.fields["source"]) == ("call", "2", source)


def test_an_encrypted_recording_says_so() -> None:
    """Its file cannot be played."""
    assert "encrypted-recording" in read(recorded(EncryptionType="rsa-aes")).degradations


def test_a_call_during_an_open_chat_is_the_same_customer() -> None:
    """The conversation is another; whoever writes from the number that calls is one person."""
    message = read(told("incoming", From="+49 (0)30 123456", CallStatus="ringing"))
    assert customer(message.sender) == ids.customer_id("tel", BOB)


def test_our_call_to_a_customer_is_in_his_conversation() -> None:
    """Said by our side: it wakes nobody, and the customer is the customer."""
    missed = read(told(CallStatus="no-answer"))
    back = read(told(CallSid=LEG, From=OURS, To=ANN, Direction="outbound-api", CallStatus="busy"))
    assert (back.kind, back.sender.address, back.to[0].address) == ("echo", OURS, ANN)
    assert len(placed(back, missed).board()) == 1


def test_an_event_that_nobody_knows_is_kept() -> None:
    """With its name, and a mark that it was not understood."""
    message = read(told("status", StatusCallbackEvent="stream-started"))
    assert (message.text, message.degradations) == ("[stream-started]", ("unsupported:event",))


def test_what_is_about_no_call_is_rejected() -> None:
    """With what to do."""
    with pytest.raises(Rejected, match=r"names no call: point only voice webhooks of Twilio at this door"):
        read(told(CallSid="", MessageSid="SM1"))
    many = msgspec.structs.replace(told(), body=b"&".join(b"a%d=1" % n for n in range(1100)))
    with pytest.raises(Rejected, match="not from Twilio as documented"):
        read(many)


def test_values_without_bounds_are_bounded() -> None:
    """Nothing that stands in a delivery makes a message large, or stops the reader."""
    long = "9" * 50_000
    message = read(told(CallStatus="ringing", From=long, To=long, ForwardedFrom=long, StirVerstat=long))
    assert len(msgspec.json.encode(message)) < 10_000
    item = f'{{"sid": "{CALL}", "from": {long[:300]}, "duration": {long[:300]}, "status": "busy"}}'.encode()
    raw = msgspec.structs.replace(told(), body=item, content_type="application/json")
    assert read(raw).kind == "message"
    data = f'{{"transcript": [{long[:5000]}]}}'
    heard = read(
        told(TranscriptionSid=TRANSCRIPTION, TranscriptionEvent="transcription-content", TranscriptionData=data)
    )
    assert heard.text == "[transcription-content]"
