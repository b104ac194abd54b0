"""The telephone behind a stand-in of Twilio: people who call, listen, press keys and speak, and what is told of it.

It does what the TwiML says that a number's address answers (https://www.twilio.com/docs/voice/twiml): ``<Say>``,
``<Gather>``, ``<Record>``, ``<Dial>`` and ``<Hangup>``; callbacks of recordings and transcriptions come after the call.
"""

from __future__ import annotations

import email.utils
import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal
from xml.etree import ElementTree

import msgspec
from starlette.routing import BaseRoute

from connectors.fakes._twilio.account import Account
from connectors.fakes._twilio.calls import Call, Calls, Recording
from connectors.fakes._twilio.webhooks import Attempt, Webhooks

_MOST_DOCUMENTS = 20
_BRIDGED = "completed"


class Line(msgspec.Struct, frozen=True):
    """A number of ours: where its calls are answered, and where their end is told."""

    voice_url: str
    status_callback: str = ""


class Caller(msgspec.Struct, frozen=True):
    """What a caller does: hangs up at once (`leaves`), presses a key at the first menu, or leaves a voicemail of so many seconds.

    `transcript` is what Twilio makes of the voicemail, "" when it fails. `extra` are more parameters of every webhook.
    """

    presses: str = ""
    speaks: int = 0
    audio: bytes = b"ID3 a voicemail"
    transcript: str = ""
    listens: int = 5
    leaves: bool = False
    extra: Mapping[str, str] = {}


class Phone:
    """Numbers in `lines`, people who call them, and `colleagues` who take calls that are put through, or do not."""

    def __init__(self, account: Account, webhooks: Webhooks) -> None:
        self.calls = Calls(account)
        self.lines: dict[str, Line] = {}
        self.colleagues: dict[str, Literal["completed", "busy", "no-answer", "failed", "canceled"]] = {}
        self.heard: list[str] = []
        self._account, self._webhooks = account, webhooks
        self._later: list[tuple[str, list[tuple[str, str]]]] = []

    def routes(self) -> Sequence[BaseRoute]:
        """The resources of calls."""
        return self.calls.routes()

    def ring(self, sender: str, to: str, caller: Caller = Caller(), *, late: bool = False) -> Call:  # noqa: B008 - frozen
        """One whole call. `late` keeps back what is told of its recordings, until `settle`."""
        seconds = caller.listens + caller.speaks
        began = self._account.clock() - timedelta(seconds=seconds)
        call = self.calls.add(sender, to, "ringing", created=began, name=caller.extra.get("CallerName", ""))
        line = self.lines[to]
        answer = self._tell(line.voice_url, call, caller)
        if answer.status // 100 == 2:
            call.status = "in-progress"
            self._follow(answer.text, call, caller)
        self.end(call, "completed" if answer.status // 100 == 2 else "failed", seconds)
        if line.status_callback:
            self._tell(line.status_callback, call, caller, self._progress(call, 0))
        if not late:
            self.settle()
        return call

    def end(self, call: Call, status: str, seconds: int) -> None:
        """Let a call be over, without telling."""
        call.status, call.duration = status, seconds
        call.ended = call.created + timedelta(seconds=seconds)

    def tell_end(self, url: str, call: Call) -> Attempt:
        """Tell the end of a call (again)."""
        return self._tell(url, call, Caller(), self._progress(call, 0))

    def tell_recording(self, url: str, call: Call, made: Recording) -> None:
        """Tell of a recording that another flow made."""
        self._await_recording(url, call, made)
        self.settle()

    def later(self, name: str, value: str) -> None:
        """Change what will be told of recordings."""
        self._later = [(url, [*((n, v) for n, v in told if n != name), (name, value)]) for url, told in self._later]

    def settle(self) -> None:
        """Tell what is due of recordings and transcriptions."""
        due, self._later = self._later, []
        for url, told in due:
            self._webhooks.post(url, told)

    def _follow(self, document: str, call: Call, caller: Caller) -> None:
        """Go through a document, and whatever its actions answer."""
        for _ in range(_MOST_DOCUMENTS):
            onward = self._through(document, call, caller)
            if onward is None or onward.status // 100 != 2 or not onward.text:
                return
            document = onward.text

    def _through(self, document: str, call: Call, caller: Caller) -> Attempt | None:
        for verb in ElementTree.fromstring(document):  # noqa: S314 - what our own doors answered
            self.heard += [each.text or "" for each in verb.iter("Say")]
            if verb.tag == "Hangup" or caller.leaves:
                return None
            if verb.tag == "Gather" and caller.presses:
                return self._tell(verb.attrib["action"], call, caller, {"Digits": caller.presses, "msg": "Gather End"})
            if verb.tag == "Record" and caller.speaks:
                return self._record(verb, call, caller)
            if verb.tag == "Dial":
                return self._dial(verb, call, caller)
        return None

    def _record(self, verb: ElementTree.Element, call: Call, caller: Caller) -> Attempt:
        made = self.calls.record(call, caller.audio, caller.speaks)
        facts = {"RecordingUrl": self.calls.media_url(made), "RecordingSid": made.sid}
        self._await_recording(verb.attrib.get("recordingStatusCallback", ""), call, made)
        if "transcribeCallback" in verb.attrib:
            text = self.calls.transcribe(made, caller.transcript, "completed" if caller.transcript else "failed")
            told = {"TranscriptionSid": text.sid, "TranscriptionStatus": text.status, "TranscriptionType": "fast",
                    "TranscriptionText": text.text, **facts}  # fmt: skip
            self._later.append((verb.attrib["transcribeCallback"], self._parameters(call, caller, told)))
        told = {**facts, "RecordingDuration": str(made.duration), "Digits": "hangup"}
        return self._tell(verb.attrib["action"], call, caller, told)

    def _await_recording(self, url: str, call: Call, made: Recording) -> None:
        """The callback of a recording does not name the caller (https://www.twilio.com/docs/voice/twiml/record)."""
        told = {
            "AccountSid": self._account.sid, "CallSid": call.sid, "RecordingSid": made.sid,
            "RecordingUrl": self.calls.media_url(made), "RecordingStatus": made.status,
            "RecordingDuration": str(made.duration), "RecordingChannels": str(made.channels),
            "RecordingStartTime": email.utils.format_datetime(made.created), "RecordingSource": made.source,
            "ErrorCode": "0",
        }  # fmt: skip
        if url:
            self._later.append((url, list(told.items())))

    def _dial(self, verb: ElementTree.Element, call: Call, caller: Caller) -> Attempt:
        """Everybody rings; whoever takes it first has it, and the others are canceled."""
        taken, told = "", {"DialCallStatus": "no-answer", "DialBridged": "false"}
        for number in verb.iter("Number"):
            to = (number.text or "").strip()
            leg = self.calls.add(call.sender, to, "initiated", direction="outbound-dial", parent=call.sid)
            status = "canceled" if taken else self.colleagues.get(to, "no-answer")
            taken = taken or (leg.sid if status == _BRIDGED else "")
            self.end(leg, status, 30 if status == _BRIDGED else 0)
            told |= {"DialCallSid": leg.sid} if not taken or taken == leg.sid else {}
            told |= {"DialCallStatus": status} if not taken or taken == leg.sid else {}
            self._leg(number.attrib.get("statusCallback", ""), leg, caller)
        told |= {"DialBridged": "true", "DialCallDuration": "30"} if taken else {}
        return self._tell(verb.attrib["action"], call, caller, told)

    def _leg(self, url: str, leg: Call, caller: Caller) -> None:
        answered = ["in-progress"] if leg.status == _BRIDGED else []
        for sequence, status in zip(itertools.count(), ["initiated", "ringing", *answered, leg.status], strict=False):
            if url:
                state = msgspec.structs.replace(leg, status=status)
                self._tell(url, state, caller, self._progress(state, sequence))

    def _progress(self, call: Call, sequence: int) -> dict[str, str]:
        told = {
            "Timestamp": email.utils.format_datetime(self._account.clock()),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(sequence),
        }
        ended = call.status in ("completed", "busy", "no-answer", "failed", "canceled")
        return told | ({"CallDuration": str(call.duration or 0), "Duration": "1"} if ended else {})

    def _tell(self, url: str, call: Call, caller: Caller, more: Mapping[str, str] | None = None) -> Attempt:
        return self._webhooks.post(url, self._parameters(call, caller, more or {}))

    def _parameters(self, call: Call, caller: Caller, more: Mapping[str, str]) -> list[tuple[str, str]]:
        """What is posted: https://www.twilio.com/docs/voice/twiml#request-parameters."""
        found = {
            "AccountSid": self._account.sid, "ApiVersion": "2010-04-01", "CallSid": call.sid, "CallStatus": call.status,
            "Direction": call.direction, "From": call.sender, "Caller": call.sender, "To": call.to, "Called": call.to,
        }  # fmt: skip
        parent = {"ParentCallSid": call.parent} if call.parent else {}
        return list({**found, **parent, **caller.extra, **more}.items())
