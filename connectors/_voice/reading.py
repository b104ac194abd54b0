"""The eye: what each thing that Twilio tells of a call means to the people at the board.

Somebody must act on a missed call, a voicemail and a request to be called back: these are messages. All else is progress
(`call`), what our side did (`echo`), or the text of a voicemail that was told before (`edit`), and wakes nobody.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from connectors._media import attachments
from connectors._twilio.parameters import moment
from connectors._voice import callers
from connectors._voice.told import (
    ASKED,
    CALLBACK,
    DOOR,
    ENDED,
    THREAD,
    UNANSWERED,
    UNATTENDED,
    Told,
    answered,
    name,
    number,
    told,
)
from normalizer.events import Kind, Message, RawEvent, ThreadRefs
from normalizer.ids import message_id

_WHY = {
    "busy": "the line was busy",
    "no-answer": "nobody answered",
    "canceled": "the caller hung up before anybody answered",
    "failed": "the call failed",
    "zero-seconds": "the call ended at once",
    "unanswered": "nobody answered",
    "unattended": "the caller left no message",
    "queue-abandoned": "the caller gave up waiting in the queue",
    "queue-failed": "the queue did not take the call",
}
# https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action
_QUEUE = {
    "hangup": "queue-abandoned",
    "queue-full": "queue-failed",
    "error": "queue-failed",
    "system-error": "queue-failed",
}
_FACTS = {
    "Direction": "direction",
    "ForwardedFrom": "forwarded_from",
    "StirVerstat": "stir_verstat",
    "FromCountry": "country",
    "CallStatus": "call_status",
    "DialCallStatus": "dial_status",
    "QueueResult": "queue_result",
    "ConferenceSid": "conference",
    "ErrorCode": "error",
}


class _Said(msgspec.Struct, frozen=True):
    """What a message says beyond who, when and where."""

    kind: Kind
    subject: str
    text: str
    fields: dict[str, str] = {}
    degradations: tuple[str, ...] = ()


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The message of a raw event; () for what is about no call. Raises `Rejected` for what cannot be read."""
    found = told(raw)
    if not (found.get("CallSid") or found.get("RecordingSid")):
        return ()  # a conference begins or ends: its calls are told of by themselves
    call = callers.call(found, raw.attributes.get(THREAD, ""))
    said = _said(found, call, raw)
    files, missing = attachments(raw)
    kind: Kind = "echo" if call.outgoing and said.kind == "call" else said.kind
    ours = () if call.ours is None else (call.ours,)
    sent = moment(found.get("Timestamp", "")) or moment(found.get("RecordingStartTime", ""))
    recording, own = found.get("RecordingSid", ""), name(found, raw.attributes.get(DOOR, ""))
    message = Message(
        id=message_id(raw.channel, raw.account, own),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=ours[0] if kind == "echo" and ours else call.customer,
        to=(call.customer,) if kind == "echo" and ours else ours,
        received_at=raw.received_at,
        sent_at=sent,
        origin=raw.origin,
        kind=kind,
        subject=said.subject,
        text=said.text,
        visible_text=said.text,
        attachments=files,
        refs=_refs(found, call, own),
        fields={"call": found.get("CallSid", ""), **_facts(found), **said.fields},
        degradations=(*said.degradations, *missing, *_doubts(found)),
        trust=cast("Any", callers.trust(found)),
        about=message_id(raw.channel, raw.account, recording) if kind == "edit" else "",
    )
    return (message,)


def _said(found: Told, call: callers.Call, raw: RawEvent) -> _Said:
    if "QueueResult" in found:
        return _ended(found, call, _QUEUE.get(found["QueueResult"], ""), "Call left the queue")
    if "DialCallStatus" in found:
        return _ended(found, call, "" if answered(found) else "unanswered", "Call was answered")
    if found.get("TranscriptionSid"):
        return _transcription(found)
    if "RecordingStatus" in found:
        return _recording(found, call, raw.attributes.get(ASKED) == "voicemail")
    if raw.attributes.get(DOOR) == "record":
        return _Said("call", "Call", "A message was recorded; its file comes later.")
    if raw.attributes.get(DOOR) == "gather":
        return _menu(found, call, raw)
    status = found.get("CallStatus", "")
    if status in ENDED:
        return _ended(found, call, _missed(found, raw), f"Call {status}")
    if status:
        return _Said("call", "Call", f"Call {status}")
    what = found.get("StatusCallbackEvent") or "event"
    return _Said("call", "Call", f"[{what}]"[:100], {}, () if found.get("ConferenceSid") else ("unsupported:event",))


def _missed(found: Told, raw: RawEvent) -> str:
    """Why an incoming call counts as missed, "" when it does not. A leg's end is its parent's business."""
    status, known = found["CallStatus"], raw.attributes
    if found.get("ParentCallSid") or known.get(ASKED):
        return ""
    if status != "completed":
        return status
    if "0" in (found.get("CallDuration"), found.get("Duration")) and number(found.get("CallDuration", "0")) == 0:
        return "zero-seconds"
    return UNANSWERED if known.get(UNANSWERED) else UNATTENDED if known.get(UNATTENDED) else ""


def _ended(found: Told, call: callers.Call, missed: str, otherwise: str) -> _Said:
    length = number(found.get("CallDuration") or found.get("DialCallDuration", ""))
    fields = {"duration": str(length)} if length >= 0 else {}
    if not missed or call.outgoing:
        text = _WHY[missed] if missed else otherwise
        return _Said("call", "Call", f"{text}, {length} seconds" if length > 0 else text, fields)
    text = f"Missed call from {_who(call)}: {_WHY[missed]}."
    return _Said("message", "Missed call", text, {**fields, "missed": missed})


def _menu(found: Told, call: callers.Call, raw: RawEvent) -> _Said:
    if found.get("Digits") != CALLBACK:
        return _Said("call", "Call", "A key was pressed that the menu does not have.")
    fields = {"callback_number": call.number, "requested_at": raw.received_at.isoformat()}
    doubts = () if call.number else ("no-callback-number",)
    return _Said("message", "Callback requested", f"{_who(call)} asks to be called back.", fields, doubts)


def _recording(found: Told, call: callers.Call, spoken: bool) -> _Said:
    """A voicemail, unless Twilio says that it is the record of a conversation, or that nothing was said.

    `spoken`: the call went on after something was said, and its end wakes nobody, so that a recording that is lost must.
    """
    status, length = found["RecordingStatus"], number(found.get("RecordingDuration", ""))
    fields = {"recording": found.get("RecordingSid", ""), "recording_status": status}
    fields |= {"duration": str(length)} if length >= 0 else {}
    fields |= {
        key: found[field][:50]
        for field, key in (("RecordingChannels", "channels"), ("RecordingSource", "source"))
        if found.get(field)
    }
    doubts = ("encrypted-recording",) if found.get("EncryptionType") or found.get("EncryptionPublicKeySid") else ()
    if found.get("RecordingSource", "RecordVerb") != "RecordVerb":
        return _Said("call", "Recording", f"Recording of a call: {status}", fields, doubts)
    empty = status == "absent" or (status == "completed" and length == 0)
    if status == "failed" or (empty and spoken):
        text = f"{_who(call)} left a voicemail that could not be recorded."
        return _Said("message", "Voicemail", text, fields, ("recording-failed",))
    if status != "completed" or length == 0:
        return _Said("call", "Voicemail", f"Voicemail without words: {status}", fields, doubts)
    lasting = f", {length} seconds" if length > 0 else ""
    return _Said("message", "Voicemail", f"Voicemail from {_who(call)}{lasting}.", fields, doubts)


def _transcription(found: Told) -> _Said:
    """The words of a voicemail, or of a call while it goes on (https://www.twilio.com/docs/voice/twiml/transcription)."""
    fields = {"transcription": found["TranscriptionSid"]}
    if language := found.get("LanguageCode"):
        fields["language"] = language[:20]
    if "TranscriptionEvent" in found:
        fields["final"] = found.get("Final", "")[:5]
        return _Said("call", "Call", _heard(found) or f"[{found['TranscriptionEvent']}]"[:100], fields)
    text = found.get("TranscriptionText", "").strip()
    if found.get("TranscriptionStatus") == "completed" and text and found.get("RecordingSid"):
        return _Said("edit", "Voicemail", text, fields)
    return _Said(
        "call", "Voicemail", "No transcription could be made: listen to the voicemail.", fields, ("no-transcription",)
    )


def _heard(found: Told) -> str:
    try:
        heard = msgspec.json.decode(found.get("TranscriptionData", ""), type=dict[str, object])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    said = heard.get("transcript")
    return said if isinstance(said, str) else ""


def _refs(found: Told, call: callers.Call, own: str) -> ThreadRefs:
    """A call's own id is its Sid, so that its recordings and other legs find its conversation."""
    above: tuple[str, ...] = (found.get("CallSid", ""),)
    sid, parent, recording = found.get("CallSid", ""), found.get("ParentCallSid", ""), found.get("RecordingSid", "")
    if found.get("TranscriptionSid"):
        own, above = found["TranscriptionSid"], (sid, recording)
    elif recording and "RecordingStatus" in found:
        own, above = recording, (sid, found.get("ConferenceSid", ""))
    elif call.thread or parent:
        own, above = sid, (parent,)
    # else it is about a call, and does not say whose
    return ThreadRefs(own=own, parents=tuple(each for each in above if each), provider=call.thread)


def _facts(found: Told) -> dict[str, str]:
    return {key: found[field][:200] for field, key in _FACTS.items() if found.get(field) not in (None, "", "0")}


def _doubts(found: Told) -> tuple[str, ...]:
    return ("caller-not-verified",) if found.get("StirVerstat", "").startswith("TN-Validation-Failed") else ()


def _who(call: callers.Call) -> str:
    return call.customer.name or call.number or "an unknown caller"
