"""What Twilio tells of a call, in one vocabulary: that of its webhooks, also for what its lists give.

Parameters: https://www.twilio.com/docs/voice/twiml#twilios-request-to-your-application and, for callbacks,
https://www.twilio.com/docs/voice/api/call-resource#statuscallback, …/twiml/record, …/twiml/dial, …/twiml/enqueue.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from normalizer.errors import Rejected
from normalizer.events import RawEvent

JSON = "application/json"

# Attributes: facts that the hand knows and the body does not say.
DOOR = "door"
"""Which door it came through."""
THREAD = "thread"
"""The conversation that our TwiML wrote into the callback's address."""
UNATTENDED = "unattended"
"""No person takes calls in this flow, so that a call that ended was not answered."""
ASKED = "asked"
"""What has come of this call already, as far as this process knows: a voicemail, a request."""
UNANSWERED = "unanswered"
"""None of the people whom the call was put through to took it."""

ENDED = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
CALLBACK = "1"
"""The key for being called back."""

_MOST_FIELDS = 1000  # as many as a signature is checked over
_LONGEST = 1_000  # characters of a value
_WORDS = 20_000
_WORDY = ("TranscriptionText", "TranscriptionData")
_CALL = {
    "sid": "CallSid", "parent_call_sid": "ParentCallSid", "from": "From", "to": "To", "status": "CallStatus",
    "direction": "Direction", "duration": "CallDuration", "caller_name": "CallerName", "forwarded_from": "ForwardedFrom",
    "end_time": "Timestamp",
}  # fmt: skip
_RECORDING = {
    "sid": "RecordingSid", "call_sid": "CallSid", "conference_sid": "ConferenceSid", "status": "RecordingStatus",
    "duration": "RecordingDuration", "channels": "RecordingChannels", "source": "RecordingSource",
    "start_time": "RecordingStartTime", "error_code": "ErrorCode",
}  # fmt: skip

Told = Mapping[str, str]


def told(raw: RawEvent) -> Told:
    """The parameters of a raw event. Raises `Rejected` for what is not about a call."""
    found = listed(raw.body) if raw.content_type == JSON else parameters(raw.body)
    if not any(found.get(name) for name in ("CallSid", "RecordingSid", "ConferenceSid", "TranscriptionSid")):
        raise Rejected("not-a-call", f"{raw.source_id} names no call: point only voice webhooks of Twilio at this door")
    return found


def parameters(body: bytes) -> dict[str, str]:
    """The fields of a form; the first of each name, bounded."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Rejected(
            "not-a-form", f"a webhook cannot be read ({error}): it is not from Twilio as documented"
        ) from error
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, _bounded(value, _WORDS if name in _WORDY else _LONGEST))
    return found


def listed(body: bytes) -> dict[str, str]:
    """An item of the list of calls or of recordings, in the words of webhooks."""
    try:
        item = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected("not-json", f"an item of a list cannot be read ({error}): redrive it from the source") from error
    sid = item.get("sid")
    names = _RECORDING if isinstance(sid, str) and sid.startswith("RE") else _CALL
    plain = {names[key]: _plain(value) for key, value in item.items() if key in names}
    return {name: _bounded(text, _LONGEST) for name, text in plain.items() if text is not None}


def _plain(value: object) -> str | None:
    """Texts and small numbers as texts: Twilio writes counts as either."""
    if isinstance(value, int) and abs(value) < 10**9:
        return str(value)
    return value if isinstance(value, str) else None


def _bounded(text: str, most: int) -> str:
    return text.replace("\0", "")[:most]


def name(told: Told, door: str) -> str:
    """The id of what is told, the same whoever tells it: a webhook, its repetition, a list.

    The end of a call has one name, whatever it ended with, since each call ends once.
    """
    call = told.get("CallSid", "")
    if "QueueResult" in told:
        return f"{call};queue;{told.get('QueueSid', '')}"
    if "DialCallStatus" in told:
        return f"{call};dial;{told.get('DialCallSid', '')}"
    if told.get("TranscriptionSid"):
        return f"{told['TranscriptionSid']};{told.get('SequenceNumber') or told.get('TranscriptionStatus', '')}"
    if "RecordingStatus" in told:
        status = told["RecordingStatus"]
        return told.get("RecordingSid", "") + ("" if status == "completed" else f";{status}")
    if door == "record":
        return f"{call};record;{told.get('RecordingSid', '')}"
    if door == "gather":
        return f"{call};callback" if told.get("Digits") == CALLBACK else f"{call};gather;{told.get('Digits', '')}"
    if told.get("ConferenceSid"):
        event = told.get("StatusCallbackEvent", "")
        return f"{told['ConferenceSid']};{event};{told.get('SequenceNumber', '')};{call}"
    status = told.get("CallStatus", "")
    return f"{call};{'ended' if status in ENDED else status}"


def number(text: str) -> int:
    """A count of seconds or channels; -1 when it is none (Twilio sends -1 itself for "not known")."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def answered(told: Told) -> bool:
    """Whether somebody took a call that was put through: ``DialBridged`` says so, where Twilio sends it."""
    bridged = told.get("DialBridged", "").lower()
    return bridged == "true" or (bridged != "false" and told.get("DialCallStatus") in ("completed", "answered"))
