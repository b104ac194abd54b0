"""Calls, recordings and transcriptions at a stand-in of Twilio, as its API gives them.

https://www.twilio.com/docs/voice/api/call-resource, https://www.twilio.com/docs/voice/api/recording and
https://www.twilio.com/docs/voice/api/recording-transcription.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.fakes._twilio.account import Account, refusal, rfc2822
from connectors.fakes._twilio.listing import page, window

_API = "2010-04-01"


class Recording(msgspec.Struct):
    """A recording. Its file is there after `late` requests have been told that it is not."""

    sid: str
    call: str
    created: datetime
    content: bytes
    duration: int
    channels: int = 1
    source: str = "RecordVerb"
    status: str = "completed"
    late: int = 0


class Transcription(msgspec.Struct):
    """What a recording says, as far as it could be written down."""

    sid: str
    recording: str
    created: datetime
    status: str
    text: str
    duration: int


class Call(msgspec.Struct):
    """A call, or one leg of it."""

    sid: str
    sender: str
    to: str
    status: str
    direction: str
    created: datetime
    ended: datetime | None = None
    duration: int | None = None
    parent: str = ""
    name: str = ""


class Calls:
    """What an account has of calls."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.stored: list[Call] = []
        self.recordings: list[Recording] = []
        self.transcriptions: list[Transcription] = []

    def routes(self) -> Sequence[BaseRoute]:
        """The resources."""
        base, guarded = self.account.base.replace(self.account.sid, "{account}"), self.account.guarded
        return [
            Route(f"{base}/Calls.json", guarded(self._calls), methods=["GET"]),
            Route(f"{base}/Calls/{{sid}}.json", guarded(self._call), methods=["GET"]),
            Route(f"{base}/Recordings.json", guarded(self._recordings), methods=["GET"]),
            Route(f"{base}/Recordings/{{name}}", guarded(self._recording), methods=["GET"]),
            Route(f"{base}/Transcriptions.json", guarded(self._transcriptions), methods=["GET"]),
        ]

    def add(self, sender: str, to: str, status: str, **more: Any) -> Call:
        """A call of which nobody is told."""
        created = more.pop("created", None) or self.account.clock()
        made = Call(self.account.new_sid("CA"), sender, to, status, more.pop("direction", "inbound"), created, **more)
        with self.account.lock:
            self.stored.append(made)
        return made

    def record(self, call: Call, content: bytes, duration: int, **more: Any) -> Recording:
        """A recording of a call, of which nobody is told."""
        made = Recording(self.account.new_sid("RE"), call.sid, self.account.clock(), content, duration, **more)
        with self.account.lock:
            self.recordings.append(made)
        return made

    def transcribe(self, recording: Recording, text: str, status: str = "completed") -> Transcription:
        """What a recording says, of which nobody is told."""
        sid, now = self.account.new_sid("TR"), self.account.clock()
        made = Transcription(sid, recording.sid, now, status, text, recording.duration)
        with self.account.lock:
            self.transcriptions.append(made)
        return made

    def media_url(self, recording: Recording) -> str:
        """The address of a recording as webhooks have it, without the ending that names its form."""
        return f"{self.account.url}{self.account.base}/Recordings/{recording.sid}"

    async def _calls(self, request: Request) -> Response:
        asked = request.query_params
        inside = window(asked, "StartTime")
        found = [
            each
            for each in self.stored
            if asked.get("From", each.sender) == each.sender
            and asked.get("To", each.to) == each.to
            and asked.get("Status", each.status) == each.status
            and asked.get("ParentCallSid", each.parent) == each.parent
            and (inside is None or inside(each.created.date()))
        ]
        found.sort(key=lambda each: (each.created, each.sid), reverse=True)
        return JSONResponse(page(request, "calls", [self.resource(each) for each in found]))

    async def _call(self, request: Request) -> Response:
        sid = request.path_params["sid"]
        found = next((each for each in self.stored if each.sid == sid), None)
        return JSONResponse(self.resource(found)) if found else _unknown(request)

    async def _recordings(self, request: Request) -> Response:
        asked = request.query_params
        inside = window(asked, "DateCreated")
        found = [
            each
            for each in self.recordings
            if asked.get("CallSid", each.call) == each.call and (inside is None or inside(each.created.date()))
        ]
        found.sort(key=lambda each: (each.created, each.sid), reverse=True)
        return JSONResponse(page(request, "recordings", [self.recording_resource(each) for each in found]))

    async def _recording(self, request: Request) -> Response:
        sid, _, form = request.path_params["name"].partition(".")
        found = next((each for each in self.recordings if each.sid == sid), None)
        if found is None:
            return _unknown(request)
        if form == "json":
            return JSONResponse(self.recording_resource(found))
        if found.late > 0:
            found.late -= 1
            return _unknown(request)
        return Response(found.content, media_type="audio/mpeg" if form == "mp3" else "audio/x-wav")

    async def _transcriptions(self, request: Request) -> Response:
        found = sorted(self.transcriptions, key=lambda each: (each.created, each.sid), reverse=True)
        return JSONResponse(page(request, "transcriptions", [self.transcription_resource(each) for each in found]))

    def resource(self, call: Call) -> dict[str, Any]:
        """A call as the API gives it."""
        uri = f"{self.account.base}/Calls/{call.sid}"
        return {
            "account_sid": self.account.sid,
            "answered_by": None,
            "api_version": _API,
            "caller_name": call.name or None,
            "date_created": rfc2822(call.created),
            "date_updated": rfc2822(call.ended or call.created),
            "direction": call.direction,
            "duration": None if call.duration is None else str(call.duration),
            "end_time": rfc2822(call.ended),
            "forwarded_from": None,
            "from": call.sender,
            "from_formatted": call.sender,
            "group_sid": None,
            "parent_call_sid": call.parent or None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": call.sid,
            "start_time": rfc2822(call.created),
            "status": call.status,
            "subresource_uris": {"recordings": f"{uri}/Recordings.json", "notifications": f"{uri}/Notifications.json"},
            "to": call.to,
            "to_formatted": call.to,
            "trunk_sid": None,
            "uri": f"{uri}.json",
        }

    def recording_resource(self, recording: Recording) -> dict[str, Any]:
        """A recording as the API gives it."""
        uri = f"{self.account.base}/Recordings/{recording.sid}"
        return {
            "account_sid": self.account.sid,
            "api_version": _API,
            "call_sid": recording.call,
            "channels": recording.channels,
            "conference_sid": None,
            "date_created": rfc2822(recording.created),
            "date_updated": rfc2822(recording.created),
            "duration": str(recording.duration),
            "encryption_details": None,
            "error_code": None,
            "media_url": self.media_url(recording),
            "price": None,
            "price_unit": "USD",
            "sid": recording.sid,
            "source": recording.source,
            "start_time": rfc2822(recording.created),
            "status": recording.status,
            "subresource_uris": {"transcriptions": f"{uri}/Transcriptions.json"},
            "uri": f"{uri}.json",
        }

    def transcription_resource(self, made: Transcription) -> dict[str, Any]:
        """A transcription as the API gives it."""
        return {
            "account_sid": self.account.sid,
            "api_version": _API,
            "date_created": rfc2822(made.created),
            "date_updated": rfc2822(made.created),
            "duration": str(made.duration),
            "price": None,
            "price_unit": "USD",
            "recording_sid": made.recording,
            "sid": made.sid,
            "status": made.status,
            "transcription_text": made.text,
            "type": "fast",
            "uri": f"{self.account.base}/Transcriptions/{made.sid}.json",
        }


def _unknown(request: Request) -> Response:
    return refusal(404, 20404, f"The requested resource {request.url.path} was not found")
